"""What the words of a title and the shape of a diff say of the type, as named pieces of evidence.

`type_weights.tsv` holds how much each piece speaks for each type: a linear model, fitted on titles of
other repositories with their prefixes taken away, so that it works where nobody writes prefixes.
Only words that occur in several repositories have a weight.
"""

from __future__ import annotations

import math
import re
from functools import cache
from importlib.resources import files

from kb.analysis.facts import Facts
from kb.analysis.titles import Title

KINDS = (
    "feature",
    "bugfix",
    "performance",
    "refactor",
    "docs",
    "ci-config",
    "test",
    "dependency",
)

# Characters. Git's subject is the whole first paragraph, and one word of 20,000 took 10 s to read.
TITLE_READ = 1000

_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
_IDENTIFIER = re.compile(
    r"`[^`]*`|\b\w*[a-z][A-Z]\w*\b|\b\w+_\w+\b|\b\w+\(\)|[\w-]*(?:\.\w+)+|--[\w-]+"
)
_ENDING = re.compile(r"(?<=\w{3})(ing|ies|ied|ed|es|s)$")
_GUARD = re.compile(
    r"\s*(if\b|else\b|elif\b|\}\s*else|try\b|except\b|catch\b|finally\b|return\b|continue\b|break\b|assert\b|&&|\|\||and\b|or\b|match\b|case\b|default\b|raise\b|throw\b)"
)
_BODY = (
    ("b:fixes", re.compile(r"\b(fix(es|ed)?|close[sd]?|resolve[sd]?)\s*:?\s*(https?://\S*/|\w+/\w+)?#?\d+", re.IGNORECASE)),
    ("b:bug", re.compile(r"\b(bug|crash|panic|regression|incorrect|wrong|broken|fails?|error|leak|race|deadlock|hang)\w*\b", re.IGNORECASE)),
    ("b:faster", re.compile(r"\b(faster|speed-?up|throughput|latency|benchmark|allocs?/op|ns/op|performance)\b", re.IGNORECASE)),
    ("b:add", re.compile(r"\b(this (pr|change|patch|commit) (adds|introduces|implements)|new (feature|option|flag|api|method))\b", re.IGNORECASE)),
    ("b:nochange", re.compile(r"\b(no functional change|no behavio\w+ change|refactor\w*|cleanup|clean up|dead code)\b", re.IGNORECASE)),
)  # fmt: skip


def evidence(facts: Facts) -> list[str]:
    """Names of what speaks for a type; words are "w:", the first word "^", the shape "d:", the body "b:"."""
    return [*title_evidence(facts.title), *body_evidence(facts.change.body), *diff_evidence(facts)]


def stem(word: str) -> str:
    word = word.lower()
    return _ENDING.sub("", word) if len(word) > 4 else word


def title_evidence(title: Title) -> list[str]:
    text = title.text[:TITLE_READ]
    bare = _IDENTIFIER.sub(" ", text)
    terms = [stem(word) for word in _WORD.findall(bare)][:24]
    found = [f"w:{word}" for word in dict.fromkeys(terms)]
    start = re.match(r"\W*([A-Za-z][\w'-]*)", text)
    if start:
        first = stem(start[1]) if not _IDENTIFIER.match(text.lstrip()) else "_"
        found.append(f"^{first}")
        if len(terms) > 1 and terms[0] == first:
            found.append(f"^{first} {terms[1]}")
    if _IDENTIFIER.search(text):
        found.append("w:_")
    found.append(f"t:{title.type}")  # what the words say by rule
    return found


def body_evidence(body: str) -> list[str]:
    if not body:
        return []
    text = body[:3000]
    return [name for name, pattern in _BODY if pattern.search(text)]


def diff_evidence(facts: Facts) -> list[str]:
    size, surface = facts.size, facts.surface
    added, removed = size.source_added, size.source_removed
    found = [f"d:added{_bin(added)}", f"d:removed{_bin(removed)}"]
    if added + removed:
        ratio = removed / (added + removed)
        found.append(f"d:ratio{int(ratio * 5)}")
    lines = facts.lines_by_role
    total = sum(lines.values()) or 1
    for role in ("test", "docs", "ci", "build", "dependency", "bench", "data", "generated"):
        if facts.files_by_role.get(role):
            share = lines.get(role, 0) / total
            found.append(f"d:{role}{1 if share < 0.3 else 2 if share < 0.7 else 3}")
    if size.source_files == 1:
        found.append("d:one_file")
    elif size.source_files >= 6:
        found.append("d:many_files")
    if facts.comment_lines:
        found.append(
            f"d:comments{1 if facts.comment_lines < 0.3 * total else 2 if facts.comment_lines < 0.7 * total else 3}"
        )
    if facts.inline_tests:
        found.append("d:inline_tests")
    for name, present in (
        (
            "d:new_file",
            any(view.role == "source" and view.file.status == "added" for view in facts.views),
        ),
        (
            "d:renamed",
            any(view.role == "source" and view.file.status == "renamed" for view in facts.views),
        ),
        (
            "d:deleted",
            any(view.role == "source" and view.file.status == "deleted" for view in facts.views),
        ),
        ("d:public_added", surface.added),
        ("d:public_removed", surface.removed),
        ("d:public_changed", surface.changed),
        ("d:private_added", len(facts.symbols.added) > len(surface.added)),
        ("d:moved", facts.symbols.moved),
        ("d:options", [flag for flag in surface.flags if not flag.removed]),
        ("d:defaults", surface.defaults),
        ("d:messages", surface.messages),
        ("d:deprecation", surface.deprecations),
        ("d:doc_lines", surface.doc_lines >= 3),
        ("d:imports_only", facts.imports_only),
        ("d:mechanical", facts.mechanical >= 0.5),
    ):
        if present:
            found.append(name)
    if surface.changelog:
        found.append(
            f"d:changelog:{surface.changelog}" if surface.changelog != "entry" else "d:changelog"
        )
    code = [text for lines_of in facts.code.values() for text, _ in lines_of.added]
    if code and len(code) <= 60:
        share = sum(1 for text in code if _GUARD.match(text)) / len(code)
        found.append(f"d:guards{0 if share < 0.1 else 1 if share < 0.3 else 2}")
    return found


def _bin(count: int) -> int:
    return min(9, round(math.log2(1 + count)))


@cache
def _weights() -> dict[str, tuple[float, ...]]:
    table: dict[str, tuple[float, ...]] = {}
    text = files("kb.analysis").joinpath("type_weights.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and line[0] != "#":
            name, *values = line.split("\t")
            table[name] = tuple(float(value) for value in values)
    return table


def votes(pieces: list[str]) -> dict[str, float]:
    """The sum of the weights of what was found, for each type."""
    table = _weights()
    sums = list(table["bias"])
    for piece in pieces:
        if values := table.get(piece):
            for index, value in enumerate(values):
                sums[index] += value
    return dict(zip(KINDS, sums, strict=True))
