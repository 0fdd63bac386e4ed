"""Splits prose in English and Chinese into sentences, without cutting versions, code or abbreviations."""

from __future__ import annotations

import html
import re
import unicodedata

_ABBREVIATIONS = frozenset(
    (
        "e.g",
        "i.e",
        "eg",
        "ie",
        "vs",
        "cf",
        "fig",
        "no",
        "approx",
        "resp",
        "dr",
        "mr",
        "mrs",
        "ms",
        "st",
        "sec",
        "vol",
        "al",
        "incl",
        "excl",
        "max",
        "min",
        "avg",
        "ca",
        "a.k.a",
        "w.r.t",
        "u.s",
    )
)
_UNUSUAL = re.compile(r"[^\x20-\x7e\n\t\u4e00-\u9fff]")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_CLOSERS = "\"'”’)]）】」』*_"
_BULLET = re.compile(r"^\s*(?:[-*+•·]\s+|\d{1,2}[.)]\s+|[（(]?\d{1,2}[）)]\s*)")
_CITATIONS = re.compile(
    r"(?:\s*(?:\[\d+(?:\s*[,，、]\s*\d+)*\]|【\d+】|[(（](?:PRs?\s*)?[#＃]\d+(?:[\s,，、]+[#＃]\d+)*[)）]))+\.?(?=\s|$)"
)
_ONLY_REFERENCES = re.compile(
    r"^[\s(（\[【]*(?:(?:PRs?\s*|see\s+|参见|见)?(?:[\w.-]+/[\w.-]+)?[#＃]\d+|[\[【]\d+(?:\s*[,，、]\s*\d+)*[\]】]?|\d+)"
    r"(?:[\s,，、;；()（）\[\]【】和与及&]|and|(?:PRs?\s*)?(?:[\w.-]+/[\w.-]+)?[#＃]\d+|\d+(?=[\]】,，、]))*"
    r"[.。\s)）\]】]*$",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """Plain text: entities decoded; control, zero-width and direction marks removed.

    A mark hidden inside a number would otherwise let it pass the checks under another face.
    """
    decoded = html.unescape(html.unescape(text)) if "&" in text else text
    return _UNUSUAL.sub(_visible, decoded.replace("\r\n", "\n").replace("\r", "\n"))


def _visible(match: re.Match[str]) -> str:
    return "" if unicodedata.category(match[0]) in ("Cc", "Cf", "Cs", "Co") else match[0]


def plain_digits(text: str) -> str:
    """NFKC, and every decimal digit of any script as 0-9: what the checks look at."""
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKC", text)
    return _OTHER_DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), folded)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of `text` in order; a fragment that holds only references joins the one before it."""
    found: list[str] = []
    for block in _blocks(clean(text)):
        for sentence in _split(block):
            if found and _ONLY_REFERENCES.match(sentence):
                found[-1] = f"{found[-1]} {sentence}"
            else:
                found.append(sentence)
    return tuple(found)


def _blocks(text: str) -> list[str]:
    """Lines that belong together: wrapped lines joined, list items and paragraphs apart."""
    blocks: list[str] = []
    open_block = False
    for line in text.split("\n"):
        stripped = line.strip()
        if not stripped:
            open_block = False
        elif open_block and not _BULLET.match(line) and blocks[-1][-1] not in ".!?。！？；:：|":
            blocks[-1] = f"{blocks[-1]} {stripped}"
        else:
            blocks.append(_BULLET.sub("", line).strip() or stripped)
            open_block = True
    return blocks


def _split(block: str) -> list[str]:
    parts: list[str] = []
    start = 0
    in_code = False
    index = 0
    while index < len(block):
        character = block[index]
        if character == "`":
            in_code = not in_code and "`" in block[index + 1 :]
        elif (not in_code and character in "。！？；") or _ends_here(block, index, in_code):
            end = index + 1
            while end < len(block) and block[end] in "。！？!?." + _CLOSERS:
                end += 1
            if block[index - 1 : index] not in (")", "]", "）", "】"):
                following = _CITATIONS.match(block, end)  # "... by 70%. [1] The next one"
                end = following.end() if following else end
            parts.append(block[start:end].strip())
            start = index = end
            continue
        index += 1
    parts.append(block[start:].strip())
    return [part for part in parts if part]


def _ends_here(block: str, index: int, in_code: bool) -> bool:
    """Whether the ASCII mark at `index` ends a sentence."""
    if in_code or block[index] not in ".!?":
        return False
    after = block[index + 1 :].lstrip(_CLOSERS + ".!?")
    if not after:
        return True
    if not after[0].isspace():
        return _is_cjk(after[0]) and not block[index - 1 : index].isdigit()
    rest = after.lstrip()
    if not rest or block[index - 1 : index] in (")", "]", "）", "】"):
        return True  # what ends with its citation is a sentence, whatever follows
    if rest[0].islower():
        return False
    if block[index] != ".":
        return True
    word = re.split(r"[\s(（\[\"“]", block[:index])[-1].lower()
    return not (word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()))


def _is_cjk(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"
