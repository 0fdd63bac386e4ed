"""What a sentence is held against: what one change says of itself, and its changed lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kb.text.figures import known_figures
from kb.text.sentences import clean, plain_digits
from kb.types import ChangeRecord
from kb.verify.instructions import instructions_in
from kb.verify.reference_forms import REFERENCE


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a model was shown of one change. `prose` and `code` are what its sentences may repeat."""

    id: str  # owner/name#12 or owner/name@sha
    repo: str
    number: int | None
    sha: str
    prose: str  # title, description, review threads, digest: figures count here
    code: str = ""  # added and removed lines: names and literal figures
    index: int | None = None  # [n] in an answer
    aliases: tuple[str, ...] = ()
    context: str = ""  # unchanged lines around the changed ones: names only, no figures

    @property
    def label(self) -> str:
        """How a text refers to it: `[n]` in an answer, else `#12`, or seven digits of the SHA."""
        if self.index is not None:
            return f"[{self.index}]"
        return f"#{self.number}" if self.number is not None else self.sha[:7]

    @cached_property
    def folded(self) -> str:
        return plain_digits(
            clean(f"{self.id}\n{self.prose}\n{self.code}\n{self.context}")
        ).casefold()

    @cached_property
    def line(self) -> str:
        """`folded` on one line: words that a change wraps still stand side by side."""
        return " ".join(self.folded.split())

    @cached_property
    def figures(self) -> frozenset[tuple[str, str]]:
        told = plain_digits(f"{self.prose}\n{self.code}")
        # [0] may be an index into an array there; #12 is never a figure.
        return known_figures(REFERENCE.sub(lambda m: m[0] if m["index"] else " ", told))

    @cached_property
    def instructions(self) -> tuple[str, ...]:
        """Lines that address a model instead of a reader."""
        return instructions_in(self.prose + "\n" + self.code)


def patch_lines(patch: str) -> tuple[list[str], list[str]]:
    """The changed lines of hunks, and what stands around them (with the hunks' section names)."""
    changed: list[str] = []
    around: list[str] = []
    for line in patch.splitlines():
        if line.startswith("@@"):
            around.append(line.rpartition("@@")[2])
        else:
            (changed if line[:1] in ("+", "-") else around).append(line[1:])
    return changed, around


def evidence_of(
    record: ChangeRecord,
    patches: Mapping[str, str] | None = None,
    *,
    index: int | None = None,
    extra: str = "",
) -> Evidence:
    """The evidence of one stored change: what it says of itself, and its changed lines."""
    change, digest = record.change, record.digest
    threads = [
        f"{thread.path or ''} {comment.author}: {comment.text}"
        for thread in change.reviews
        for comment in thread.comments
    ]
    prose = [change.title, change.body, digest.text, *digest.comments, *digest.metrics, *threads]
    prose += [
        change.author,
        " ".join(change.labels),
        *change.linked_issues,
        *(c.title for c in change.commits),
    ]
    prose += [f"{risk.evidence} {risk.path or ''}" for risk in record.analysis.risks]
    prose += [" ".join(record.analysis.modules), extra]
    symbols = (*digest.symbols_added, *digest.symbols_removed, *digest.symbols_changed)
    code = [f"{symbol.name} {symbol.signature} {symbol.previous_signature}" for symbol in symbols]
    code += [f"{flag.name} {flag.default or ''} {flag.help}" for flag in digest.flags]
    code += [f"{file.path} {file.previous_path or ''}" for file in change.files]
    context: list[str] = []
    for path, patch in (patches or {file.path: file.patch or "" for file in change.files}).items():
        code.append(path)
        changed, around = patch_lines(patch)
        code += changed
        context += around
    owns_number = change.id.endswith(f"#{change.number}")  # else #N is another change's
    return Evidence(
        change.id,
        change.repo,
        change.number if owns_number else None,
        change.sha,
        "\n".join(prose),
        "\n".join(code),
        index,
        change.aliases,
        "\n".join(context),
    )
