"""Text of a repository as Streamlit Markdown that can only ever be read.

Streamlit renders more than Markdown: emoji shortcodes, `:material/...:` icons, `:red[...]`,
`$math$`, arrows and bare addresses are found in the text *after* parsing, where a backslash does
not help. So every ASCII punctuation mark is escaped, and what those finders look for is broken by
an invisible WORD JOINER.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kb.text.description import inline_text

JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Shortcodes, addresses, mail, and the arrows and signs that Streamlit turns into typography.
_FINDABLE = re.compile(r":(?=[\w+\-/])|(?<=[-<>=~])(?=[->=])|\bwww(?=\.)|(?<=\w)@(?=\w)", re.ASCII)
_SPACE = re.compile(r"\s+")
# A run of backticks closes one of its length, as in Markdown; tried once a run, so that a thousand cost nothing.
_CODE = re.compile(r"(?<!`)(`+)(?!`)([^`]+)\1(?!`)")
# In pairs, or what is left of one at the beginning of a line: `**kwargs` and `2**10` are code.
_BOLD = re.compile(r"(?<![\w*])\*\*(\w[^*\n]{0,200})\*\*(?![\w*])|(?<=\w)\*\*(?=[\s:|.,;)]|$)")


def clean(text: str) -> str:
    """Text on one line without control characters and direction overrides."""
    if text.isprintable():  # no control, format or private characters, no space but the plain one
        return " ".join(text.split())
    kept = (
        " " if char.isspace() else char
        for char in text
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co")
    )
    return _SPACE.sub(" ", "".join(kept)).strip()


def escape(text: str) -> str:
    """One line of plain text as Markdown that shows exactly this text."""
    broken = _FINDABLE.sub(lambda found: found.group() + JOINER, clean(text))
    return _PUNCTUATION.sub(r"\\\1", broken)


@dataclass(frozen=True)
class Stretch:
    """A piece of a text; with the others it is the whole text, but for the backticks around code."""

    text: str
    matched: bool
    code: bool = False  # it stood in backticks, which are no part of it


def stretches(text: str, words: Iterable[str]) -> tuple[Stretch, ...]:
    """A text cut where the words of a query, and code, begin and end."""
    pattern = _pattern(words)
    pieces: list[Stretch] = []
    for part, code in _parts(clean(text)):
        position = 0
        for found in pattern.finditer(part) if pattern else ():
            pieces.append(Stretch(part[position : found.start()], False, code))
            pieces.append(Stretch(found.group(), True, code))
            position = found.end()
        pieces.append(Stretch(part[position:], False, code))
    return tuple(piece for piece in pieces if piece.text)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text and the code of a line, each with whether it is code."""
    position = 0
    for found in _CODE.finditer(text):
        yield text[position : found.start()], False
        yield found[2].strip() or found[0], True
        position = found.end()
    yield text[position:], False


def plain(passage: str) -> str:
    """A passage of somebody's Markdown without the marks of its links and of what is bold."""
    return _BOLD.sub(r"\1", inline_text(passage))


def excerpt(text: str, words: Iterable[str], length: int = 320) -> str:
    """The stretch of a passage around the first matched word."""
    text = clean(text)
    if len(text) <= length:
        return text
    pattern = _pattern(words)
    found = pattern.search(text) if pattern else None
    start = max(0, found.start() - length // 3) if found else 0
    start = 0 if start < 40 else text.find(" ", start) + 1 or start
    piece = text[start : start + length]
    if start + length < len(text):
        piece = (piece.rsplit(" ", 1)[0] or piece) + " …"
    return ("… " if start else "") + piece


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    """Whole beginnings of words (`hang` marks `hangs`), and CJK anywhere."""
    known = sorted({word for word in words if word.strip()}, key=len, reverse=True)
    if not known:
        return None
    forms = [
        rf"(?<![A-Za-z0-9]){re.escape(word)}[a-z]{{0,3}}(?![A-Za-z0-9])"
        if word.isascii()
        else re.escape(word)
        for word in known
    ]
    return re.compile("|".join(forms), re.IGNORECASE)
