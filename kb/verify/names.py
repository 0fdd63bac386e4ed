"""Symbols, flags, files and people that a sentence names, against the changes that it cites."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.text.figures import figures
from kb.text.sentences import clean, plain_digits
from kb.verify.evidence import Evidence
from kb.verify.reference_forms import CODE, without_references

_BY_NAME = re.compile(
    r"\b(?:[Bb]y|[Tt]hanks\s+to|[Ff]rom)\s+(?P<en>[A-Z][\w'.-]+(?:\s+[A-Z][\w'.-]+){0,3})"
    r"|\b(?:[Ww]ritten|[Aa]uthored|[Cc]ontributed|[Ss]ubmitted|[Rr]eviewed|[Aa]pproved)\s+by\s+(?P<login>[\w-]+)"
    r"|\b[Tt]hanks\s+to\s+(?P<thanked>[\w-]*[\d-][\w-]*)|\b[Aa]uthor\s*[:：]\s*(?P<author>[\w-]+)"
    r"|\b(?!It|This|That|They|We|He|She|Both|Who)(?P<wrote>[A-Z][\w-]+)\s+(?:wrote|authored|contributed|submitted)\b"
    r"|(?:由|感谢|作者(?:是|为)?)\s*(?P<zh>[A-Z][\w'.-]+(?:\s+[A-Z][\w'.-]+){0,3})"
    r"|由\s*(?P<zh_login>[a-z][\w-]*)\s*(?:编写|提交|贡献|开发|实现)"
)
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_FLAG = re.compile(r"(?<!-)--[A-Za-z][\w-]*\w(?![\w-])|(?<![\w-])-[A-Za-z](?:[\w-]*\w)?(?![\w-])")
_DASHED = re.compile(r"(?<!\S)[–—](?=[A-Za-z])")  # a word processor's `--`
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]\w*\}?|%[A-Z_]\w+%")
_EXTRA = re.compile(r"(?<![\w.-])[A-Za-z][\w.-]*\[[A-Za-z][\w,-]*\]")
_FILE = re.compile(
    r"(?<![\w@])(?:[\w.*{},@+-]+/)+[\w.*{}+-]+\.[A-Za-z]\w{0,7}\b|(?<![\w@/])(?:[\w.*+-]+/){2,}[\w.*-]*"
    r"|(?<![\w/])[\w-]+\.(?:pyi?|rs|go|c|cc|cpp|cu|cuh|h|hpp|java|kt|js|jsx|tsx?|mjs|vue|svelte|toml|ya?ml|json|md|rst|sh|"
    r"txt|cfg|ini|lock|proto|cmake|rb|swift|sql|html|css|ipynb|jsonl|xml|gradle)\b"
    r"|(?<![\w./:])/[A-Za-z][\w.*{}-]*(?:/[\w.*{}-]+)*|(?<![\w./])\.[a-z][\w-]*(?:\.[\w-]+)*"
    r"|\b(?:Make|Docker|Jenkins|Gem|Pip|Proc|Rake|Just|Vagrant|Earth|Brew)file\b"
)
_STRONG = re.compile(
    rf"(?<![\w.-])(?:{_WORD}(?:(?:\.|::){_WORD})+(?:\(\))?|{_WORD}\(\)|(?=\w*[A-Za-z])_*[A-Za-z0-9]+(?:_[A-Za-z0-9]*)+)(?![\w])"
)
_WEAK = re.compile(
    r"(?<![\w.-])(?:[A-Za-z]*[a-z][A-Z]\w*(?:-\w+)*|[A-Z]{2,}[a-z]+[A-Z]\w*|[A-Z]{2,}[a-rt-z]\w*|[A-Z]{6,}"
    r"|(?=[A-Za-z0-9.+-]*\d)(?=[A-Za-z0-9.+-]*[A-Za-z])[A-Za-z0-9]+(?:[-.+][A-Za-z0-9]+)*)(?![\w])"
)
_CALLED = re.compile(r"\b(?:named|called)\s+(?P<name>[A-Za-z_]\w*)")
# Kubernetes, Scheduler: a capital inside a sentence, or beside Chinese, is a name.
_PROPER = re.compile(r"(?<![\w.@/#-])[A-Z][a-z]{2,}(?![\w-])")
_BEGINS = re.compile(r"(?:^|[.!?:;。！？：；(（\[\"“‘'|>•*-])\s*$")
_CJK = re.compile(r"\s*[\u3400-\u9fff]")
_QUOTED = re.compile(r"[\"“](?P<said>[\x20-\x7e]{2,120}?)[\"”]")
_FREE_NAMES = frozenset(("github", "i.e", "e.g"))


def foreign_name(text: str, cited: tuple[Evidence, ...], shown: tuple[Evidence, ...]) -> str | None:
    """The first symbol, flag or file that stands in no evidence of the cited changes."""
    bare = _DASHED.sub("--", without_references(text))
    for name in _strong_names(bare):
        if not any(_holds(item, name) for item in cited):
            return name
    plain = CODE.sub(" ", bare)
    for name in (*_people(plain), *_quotations(plain), *_proper_names(plain)):
        if not any(_stands_whole(item.line, name.casefold()) for item in cited or shown):
            return name
    for match in _WEAK.finditer(plain):
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
    names += [match["name"] for match in _CALLED.finditer(rest)]
    for pattern in (_FLAG, _VARIABLE, _EXTRA, _FILE, _STRONG):
        for match in pattern.finditer(rest):
            name = match[0].rstrip(".").strip("${}%")
            if name.casefold() not in _FREE_NAMES and re.search("[A-Za-z]", name):
                names.append(name)
        rest = pattern.sub(" ", rest)
    return [name for name in names if name]


def _people(text: str) -> Iterator[str]:
    """Who is said to have written something: authors come from code, and only those of the change."""
    for match in _BY_NAME.finditer(text):
        yield next(name for name in match.groups() if name).rstrip(".'")


def _quotations(text: str) -> Iterator[str]:
    """What stands in quotation marks as words of the change; "soft" may be the writer's own."""
    for match in _QUOTED.finditer(text):
        said = " ".join(match["said"].split()).strip(" .,;:!?…")
        if said[:1].isupper() or len(said.split()) > 2:
            yield said


def _proper_names(text: str) -> Iterator[str]:
    for match in _PROPER.finditer(text):
        begins = bool(_BEGINS.search(text[: match.start()]))
        if not begins or (_CJK.match(text, match.end()) and not text[: match.start()].strip()):
            yield match[0]


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
