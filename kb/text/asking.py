"""What a question is about, without the words that make it a question.

"When did we start compiling the activation kernels at run time, and why?" is about compiling the
activation kernels at run time; the other words match whatever else says start, or change, or we.
Chinese needs none of it: the glossary renders the terms alone.
"""

from __future__ import annotations

import re
from functools import cache

_FIRST_WORDS = """
please hi hey hello so ok okay can could would will tell show give find list remind explain i i'm do
does did is are was were has have which what when why who how where the all any in by since from for
"""
_FIRST = frozenset(_FIRST_WORDS.split())
_CHANGE = (
    r"(?:(?:merged|recent|latest)\s+)?(?:changes?|commits?|prs?|pull\s+requests?|patch(?:es)?)"
)
_WE = r"(?:we|i|you|they|it|one|there|anyone|someone|somebody)"
_AUXILIARY = r"(?:did|do|does|is|are|was|were|has|have|had|can|could|should|will|would)"


def matter(text: str) -> str:
    """The text without its question words; as it is where that would leave nothing."""
    first = text.lstrip().partition(" ")[0].casefold().rstrip(",")
    if first not in _FIRST:
        return text
    lead, tail = _patterns()
    asked = " ".join(text.split()).rstrip(" ?!.")  # a run of blanks could be read in many ways
    left = tail.sub("", lead.sub("", asked, count=1)).strip()
    return left if re.search(r"\w{2}", left) else text


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    lead = rf"""
        (?:(?:please|hi|hey|hello|so|ok|okay)\b[,\s]*)*
        (?:(?:can|could|would|will)\s+{_WE}\s+(?:please\s+)?)?
        (?:(?:tell|show|give|find|list|remind|explain)\s+
            (?:(?:me|us)\s+(?:how\s+)?|(?=(?:(?:all|any|the)\s+)?{_CHANGE}\b))
          |i(?:'m|\s+am)\s+looking\s+for\s+
          |i\s+(?:want|need|would\s+like)\s+(?:to\s+(?:know|see|find|understand)\s+)?
          |{_AUXILIARY}\s+{_WE}\s+(?:know|remember)\s+(?:if\s+|whether\s+)?)?
        (?:(?:all|any|the)\s+(?={_CHANGE}\b))?
        (?:(?:in|by|since|from|for)\s+(?=(?:which|what|when|whom)\b))?
        (?:(?:(?:which|what|the|any)\s+)?{_CHANGE}\s+
            (?:(?:{_AUXILIARY}|it|that|which|where|about|for|of|made|makes?|so)\s+)*
          |(?:when|why|how|where)\s+{_AUXILIARY}\s+(?:{_WE}\s+)?(?:that\s+)?
            (?:(?:first|start(?:ed)?|begin|began)\s+(?:to\s+)?)?
          |whom?\s+(?:(?:has|have|had|is|was|did)\s+)?
          |what\s+reason\s+{_AUXILIARY}\s+(?:{_WE}\s+)?
          |{_AUXILIARY}\s+{_WE}\s+(?:(?:ever|already)\s+)?
            (?:an?\s+{_CHANGE}\s+(?:(?:that|which|to|for|about)\s+)?)?)?
        """
    tail = r"(?:(?: ?, ?| )(?:and|or) (?:why|when|how|who|by whom|what for|where)\b){1,4}$"
    return re.compile(lead, re.IGNORECASE | re.VERBOSE), re.compile(tail, re.IGNORECASE)
