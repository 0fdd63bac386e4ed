"""Symbols, flags, files and people that a sentence names, against the changes that it cites."""

from __future__ import annotations

import re

from kb.text.figures import figures
from kb.text.sentences import clean, plain_digits
from kb.verify.evidence import Evidence
from kb.verify.reference_forms import CODE, without_references

_BY_NAME = re.compile(
    r"\b(?:by|thanks\s+to|from)\s+(?P<en>[A-Z][\w'.-]+(?:\s+[A-Z][\w'.-]+){0,3})"
    r"|(?:由|作者(?:是|为)?)\s*(?P<zh>[A-Z][\w'.-]+(?:\s+[A-Z][\w'.-]+){0,3})"
)
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_FLAG = re.compile(r"(?<!-)--[A-Za-z][\w-]*\w(?![\w-])|(?<![\w-])-[A-Za-z][\w-]*\w(?![\w-])")
_FILE = re.compile(
    r"(?<![\w@])(?:[\w.*{},@+-]+/)+[\w.*{}+-]+\.[A-Za-z]\w{0,7}\b|(?<![\w@/])(?:[\w.*+-]+/){2,}[\w.*-]*"
    r"|(?<![\w/])[\w-]+\.(?:pyi?|rs|go|c|cc|cpp|cu|cuh|h|hpp|java|kt|js|jsx|tsx?|mjs|vue|svelte|toml|ya?ml|json|md|rst|sh|"
    r"txt|cfg|ini|lock|proto|cmake|rb|swift|sql|html|css|ipynb|jsonl|xml|gradle)\b"
)
_STRONG = re.compile(
    rf"(?<![\w.-])(?:{_WORD}(?:(?:\.|::){_WORD})+(?:\(\))?|{_WORD}\(\)|(?=\w*[A-Za-z])_*[A-Za-z0-9]+(?:_[A-Za-z0-9]*)+)(?![\w])"
)
_WEAK = re.compile(
    r"(?<![\w.-])(?:[A-Za-z]+[a-z][A-Z]\w*(?:-\w+)*|[A-Z]{2,}[a-z]+[A-Z]\w*|(?=[A-Za-z0-9.+-]*\d)(?=[A-Za-z0-9.+-]*[A-Za-z])[A-Za-z0-9]+(?:[-.+][A-Za-z0-9]+)*)(?![\w])"
)
_FREE_NAMES = frozenset(("github", "i.e", "e.g"))


def foreign_name(text: str, cited: tuple[Evidence, ...], shown: tuple[Evidence, ...]) -> str | None:
    """The first symbol, flag or file that stands in no evidence of the cited changes."""
    bare = without_references(text)
    for name in _strong_names(bare):
        if not any(_holds(item, name) for item in cited):
            return name
    for match in _BY_NAME.finditer(CODE.sub(" ", bare)):
        author = (match["en"] or match["zh"]).rstrip(".'")
        if not any(_stands_whole(item.folded, author.casefold()) for item in cited or shown):
            return author
    for match in _WEAK.finditer(CODE.sub(" ", bare)):
        name = match[0].rstrip(".-+")
        if name.casefold() in _FREE_NAMES or _is_figure(name):
            continue
        # Hump words and H100-like names may be products: without a citation, anything shown will do.
        if not any(_holds(item, name) for item in cited or shown):
            return name
    return None


def stands_in(evidence: Evidence, name: str) -> bool:
    """Whether a symbol, flag, file or quoted code stands in what is known of one change."""
    return _holds(evidence, plain_digits(clean(name)).strip())


def _strong_names(text: str) -> list[str]:
    names = [code.strip() for code in CODE.findall(text)]
    rest = CODE.sub(" ", text)
    for pattern in (_FLAG, _FILE, _STRONG):
        for match in pattern.finditer(rest):
            if match[0].casefold().rstrip(".") not in _FREE_NAMES and re.search(
                "[A-Za-z]", match[0]
            ):
                names.append(match[0])
        rest = pattern.sub(" ", rest)
    return [name for name in names if name]


def _holds(evidence: Evidence, name: str) -> bool:
    folded = name.replace("⟦", "[").replace("⟧", "]").casefold()
    if _stands_whole(evidence.folded, folded):
        return True
    if "/" in folded or "*" in folded:
        start = re.split(r"[*{]", folded)[0].rstrip("/")
        return (
            bool(start)
            and "/" in folded
            and _stands_whole(evidence.folded, start)
            and _is_path(folded)
        )
    if folded.startswith("-") and " " not in folded:
        return False
    parts = [part for part in re.split(r"[^\w]+", folded) if part]
    if len(parts) < 2:
        return folded.endswith("()") and bool(parts) and _stands_whole(evidence.folded, parts[0])
    names = [
        part
        for part in parts
        if not part.isalpha() or (len(parts) > 1 and not _plain_compound(name))
    ]
    return bool(names) and all(_stands_whole(evidence.folded, part) for part in names)


def _is_figure(name: str) -> bool:
    found = figures(name)
    return len(found) == 1 and found[0].text == name


def _plain_compound(name: str) -> bool:
    """H100-based: only the part with a digit or a hump is a name."""
    return "-" in name and not re.search(r"[_.:()\[\]=\s]", name)


def _is_path(name: str) -> bool:
    """A glob or folder: what is left of the first star must be all there is, but for an ending."""
    return bool(re.fullmatch(r"[\w./@+-]*?/?(?:\*+|\{[^}]*\})?(?:[\w.*]*)/?", name)) and (
        "*" in name or "{" in name or name.endswith("/")
    )


def _stands_whole(text: str, name: str) -> bool:
    """Whether `name` stands in `text` with no letter, digit or underscore touching it."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        touched_before = _is_word(before) and _is_word(name[0])
        touched_before |= before == "-" and (name[0] == "-" or "." in name or "/" in name)
        touched_after = _is_word(after) and _is_word(name[-1])
        touched_after |= after == "-" and name[0] == "-"
        if not (touched_before or touched_after):
            return True
        start = text.find(name, start + 1)
    return False


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())
