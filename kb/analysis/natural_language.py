"""The sentences of a diff: comments, docstrings, help texts, log and error messages, documents.

A clone of squash merges holds no descriptions, so these lines say what a change does in words.
Patterns instead of parsers: a hunk is no complete program, and every language needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kb.types import FileChange

PROSE_SUFFIXES = (".md", ".mdx", ".rst", ".txt", ".adoc", ".org")
LONGEST_LINE = 2000  # longer ones are data
MOST_LINES = 400  # of one change; what follows repeats itself
WRAPPED = 40  # letters of a line that may go on in the next one
BREAK = " …"  # ends a line that went on in one which is not told

_COMMENT = re.compile(
    r"^\s*(?:#+(?!!)|//+[/!]?|/\*+|\*+(?=\s)|--(?=\s)|;;+|<!--|%(?=\s)|\"{3}|'{3})\s*(.*)$"
)
_TRAILING_COMMENT = re.compile(r"\s(?:#|//)\s+(\S.*)$")
_STRING = re.compile(r"\"((?:[^\"\\]|\\.){8,})\"|'((?:[^'\\]|\\.){8,})'|`((?:[^`\\]|\\.){8,})`")
_WORD = re.compile(r"[A-Za-z]{2,}|[\u4e00-\u9fff]{2,}")
_CODE_SIGNS = re.compile(r"[{}()\[\]=<>;|&^%$@\\]")
_BOLD = re.compile(r"(?<![\w*])\*\*(\w[^*]{0,200})\*\*(?![\w*])")
_MARKUP = re.compile(r"^[\s>#*+\-|=~:.\d)]+|[\s|*\"']+$|\*/\s*$|-->\s*$")
_LICENSE = re.compile(
    r"copyright|spdx|licensed? under|apache license|without warrant|noqa|type: ignore|pylint|eslint"
    r"|you may not use this file|obtain a copy of|required by applicable law|under the license|governing permissions"
    r"|permission is hereby granted|redistribution and use|(?:provided|distributed) .{0,12}[\"']as is",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|%[-+ 0-9.]*[sdrfxgi]")
_ESCAPE = re.compile(r"\\[nrt\"']")


def natural_language(files: Iterable[FileChange], limit: int = MOST_LINES) -> tuple[str, ...]:
    """Lines that read as language, added ones before removed ones, source before tests and docs."""
    return tuple(signed_language(files, limit))


def signed_language(files: Iterable[FileChange], limit: int = MOST_LINES) -> dict[str, str]:
    """The same lines, each with its sign: what only a removed line says the change no longer says."""
    seen: dict[str, str] = {}
    ordered = sorted(files, key=_weight)
    for sign in "+-":
        for file in ordered:
            last = -1
            for number, line in _of_file(file, sign):
                if line in seen:
                    continue
                if seen and number - last > 1:
                    _break(seen, line)
                seen[line] = sign
                last = number
                if len(seen) >= limit:
                    return seen
    return seen


def continues(line: str, following: str) -> bool:
    """Whether a line of language reads as if it went on in the one that is told after it."""
    return (
        len(line) >= WRAPPED
        and not line.endswith((".", "!", "?", ":", "。", BREAK))
        and bool(re.match(r"[a-z`(]", following))
    )


def _break(seen: dict[str, str], following: str) -> None:
    """Ends the last line with a sign where the following one only seems to go on with it."""
    line = next(reversed(seen))
    if continues(line, following):
        seen[line + BREAK] = seen.pop(line)


def _weight(file: FileChange) -> int:
    order = ("source", "build", "bench", "docs", "ci", "test", "agent")
    return order.index(file.role) if file.role in order else (0 if not file.role else len(order))


def _of_file(file: FileChange, sign: str) -> Iterator[tuple[int, str]]:
    """The lines of a file with their places in its patch."""
    if not file.patch:
        return
    prose = file.path.lower().endswith(PROSE_SUFFIXES)
    in_docstring = False
    for number, raw in enumerate(file.patch.split("\n")):
        if raw.startswith("@@"):
            in_docstring = False
            continue
        inside = in_docstring
        # A docstring opens on a context or changed line; three quotes toggle, six on a line do not.
        if ('"""' in raw or "'''" in raw) and (raw.count('"""') + raw.count("'''")) % 2:
            in_docstring = not in_docstring
        if raw[:1] != sign or len(raw) > LONGEST_LINE:
            continue
        for line in _sentences(raw[1:], whole=prose or inside):
            yield number, line


def _sentences(line: str, *, whole: bool) -> Iterator[str]:
    """The language of one changed line, without markup."""
    comment = _COMMENT.match(line)
    if comment or whole:
        texts = [comment[1] if comment and not whole else line]
    else:
        quoted = '"' in line or "'" in line or "`" in line
        texts = ["".join(groups) for groups in _STRING.findall(line)] if quoted else []
        if "#" in line or "//" in line:
            bare = _STRING.sub('""', line) if texts else line
            if trailing := _TRAILING_COMMENT.search(bare):
                texts.append(trailing[1])
    for text in texts:
        text = _without_markup(_BOLD.sub(r"\1", _ESCAPE.sub(" ", text)))
        if _reads_as_language(text):
            yield " ".join(text.split())


def _without_markup(text: str) -> str:
    """A line without the marks around it; backticks at its ends stay where they are pairs."""
    bare = _MARKUP.sub("", _MARKUP.sub("", text))
    return bare.strip("` ") if bare.count("`") % 2 else bare


def _reads_as_language(text: str) -> bool:
    words = _WORD.findall(text)
    if len(words) < 2 and not (words and words[0][0] >= "\u4e00"):
        return False
    bare = _PLACEHOLDER.sub("", text)
    if " " not in bare.strip() and not any(word[0] >= "\u4e00" for word in words):
        return False
    if len(_CODE_SIGNS.findall(bare)) > max(2, len(bare) // 12):
        return False
    letters = sum(map(len, words))
    return letters >= 0.45 * len(bare.replace(" ", "")) and not _LICENSE.search(text)
