"""Text of a repository as Streamlit Markdown that can only ever be read.

Streamlit renders more than Markdown: emoji shortcodes, `:material/...:` icons, `:red[...]`,
`$math$`, arrows and bare addresses are found in the text *after* parsing, where a backslash does
not help. So every ASCII punctuation mark is escaped, and what those finders look for is broken by
an invisible WORD JOINER.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Shortcodes, addresses, mail, and the arrows and signs that Streamlit turns into typography.
_FINDABLE = re.compile(r":(?=[\w+\-/])|(?<=[-<>=~])(?=[->=])|\bwww(?=\.)|(?<=\w)@(?=\w)", re.ASCII)
_SPACE = re.compile(r"\s+")


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
    return _escaped(clean(text))


def _escaped(text: str) -> str:
    broken = _FINDABLE.sub(lambda found: found.group() + JOINER, text)
    return _PUNCTUATION.sub(r"\\\1", broken)


def marked(text: str, words: Iterable[str]) -> str:
    """Escaped text with every occurrence of the words on a coloured ground."""
    text = clean(text)
    pattern = _pattern(words)
    if pattern is None:
        return _escaped(text)
    parts: list[str] = []
    position = 0
    for found in pattern.finditer(text):
        parts.append(_escaped(text[position : found.start()]))
        if parts[-1].endswith(":"):
            parts.append(JOINER)  # "::orange" would not be read as a directive
        parts.append(f":orange-background[{_escaped(found.group())}]")
        position = found.end()
    parts.append(_escaped(text[position:]))
    return "".join(parts)


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
