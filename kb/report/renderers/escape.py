"""Text of a repository made inert in Markdown: no markup, no link, no mention, no hidden sign."""

from __future__ import annotations

import re

from kb.report.titles import invisible_removed, visible
from kb.text.tokenizer import ZERO_WIDTH

_MARKUP = re.compile(r"[\\`*\[\]<>|~]")
# `[diffusion]` at the head of a title is no link unless an address, a label or a definition follows;
# it stays as git has it. `[x]` would be a task, `[^1]` a note, `![a]` an image.
_TAG = re.compile(r"(?<!!)\[(?![xX ]\])(\w[\w ./+-]*)\](?![(\[:])")
_TAG_OPEN, _TAG_CLOSE = "\x02", "\x03"  # control characters: no text holds them any more
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_MENTION = re.compile(r"@(?=[A-Za-z0-9])")
# GitHub links #12, GH-12, owner/name#12 and hashes by themselves; that is our work, not the title's.
# The number in brackets at the end of a title is the change's own, and stays as git has it.
_ISSUE = re.compile(r"#(?=\d)(?!\d+\)\Z)|(?<=\bGH)-(?=\d)", re.IGNORECASE)
_HASH = re.compile(r"\b([0-9a-f]{6})([0-9a-f]{1,34})\b")
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(?=:)|\b(www)(?=\.)")
_LINE_START = re.compile(
    r"^(\s*)(#(?=#{0,5}(?:\s|\Z))|>|[+-](?=\s|\Z)|[=-](?=[=-]*\s*\Z)|\d{1,9}(?=[.)](?:\s|\Z)))"
)
_EMOJI_CODE = re.compile(r":(?=[a-z0-9_+-]*[a-z][a-z0-9_+-]*:)")


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def escape(text: str) -> Markdown:
    """Plain text for the inside of a Markdown line."""
    text = re.sub(r"[^\S ]", " ", invisible_removed(text))
    text = _TAG.sub(_TAG_OPEN + r"\1" + _TAG_CLOSE, text)
    text = _MARKUP.sub(lambda found: "\\" + found[0], text)
    text = text.replace(_TAG_OPEN, "[").replace(_TAG_CLOSE, "]")
    text = _UNDERSCORE.sub(r"\\_", text)
    text = _ENTITY.sub("&amp;", text)
    text = _MENTION.sub("@" + ZERO_WIDTH, text)
    text = _ISSUE.sub(lambda found: found[0] + ZERO_WIDTH, text)
    text = _HASH.sub(_broken_hash, text)
    text = _AUTOLINK.sub(lambda found: found[0] + ZERO_WIDTH, text)
    text = _EMOJI_CODE.sub(":" + ZERO_WIDTH, text)
    return Markdown(text)


def _broken_hash(found: re.Match[str]) -> str:
    whole = found[0]
    if not any(sign.isdigit() for sign in whole) or not any(sign.isalpha() for sign in whole):
        return whole
    return found[1] + ZERO_WIDTH + found[2]


def escape_line(text: str) -> Markdown:
    """As `escape`, and safe at the beginning of a line."""
    return at_line_start(escape(text))


def at_line_start(text: Markdown) -> Markdown:
    """Markdown that does not begin a heading, a list, a quote or a rule."""
    return Markdown(_LINE_START.sub(_guarded, text))


def _guarded(found: re.Match[str]) -> str:
    if found[2].isdigit():
        return f"{found[1]}{found[2]}{ZERO_WIDTH}"
    return f"{found[1]}\\{found[2]}"


def code_span(text: str, *, table: bool = False) -> Markdown:
    """A code span whose fence is longer than any run of backticks inside."""
    text = visible(re.sub(r"\s+", " ", text))
    if not text:
        return Markdown("")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    if table:
        text = text.replace("|", "\\|")
    return Markdown(f"{fence}{pad}{text}{pad}{fence}")


def link(text: Markdown, url: str) -> Markdown:
    """A link of ours; anything but https and an anchor stays text."""
    if not re.match(r"(https://[^\s<>()\"'`]+|#[\w.-]+)\Z", url):
        return text
    return Markdown(f"[{text}]({url})")
