"""Links, markup and mentions: a sentence of a model holds none of them."""

from __future__ import annotations

import re

from kb.verify.reference_forms import CODE

_LINK = re.compile(
    r"[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:javascript|data|vbscript|mailto|file):\S|\]\(|\]\s+\((?!#)|!\[|\]:\s*\S"
    r"|(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|ai|cn|co|app|xyz|info|me|gg|ly|top|site|ru)\b(?![(._])",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"</?[a-z!][^>]*>|<!--|<[a-z][\w-]*\s+[\w-]+\s*=|\|[^|]*\||^\s*\||\{\{|\{%|\$\$", re.IGNORECASE
)
_MIXED_SCRIPT = re.compile(
    r"[A-Za-z][\u0370-\u03bb\u03bd-\u04ff]|[\u0370-\u03bb\u03bd-\u04ff][A-Za-z]"
)
_MENTION = re.compile(r"(?<![\w`/@.])@[A-Za-z0-9][\w-]*")


def foreign_markup(text: str) -> tuple[str, str] | None:
    """(why, what) of the first link, markup, mention or word of two scripts; code may hold markup."""
    if link := _LINK.search(text):
        return "link", link[0]
    outside_code = CODE.sub(lambda code: "\0" * len(code[0]), text)
    for pattern in (_MARKUP, _MENTION, _MIXED_SCRIPT):
        if found := pattern.search(outside_code):
            return "markup", found[0][:40]
    return None
