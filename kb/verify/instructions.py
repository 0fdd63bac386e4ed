"""Lines of a change that address a model instead of a reader, and what repeats them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.text.sentences import clean

_INJECTION = re.compile(
    r"ignore\s+(?:all\s+|any\s+|the\s+|your\s+|these\s+)*(?:previous|prior|above|earlier|preceding)"
    r"|disregard\s+(?:all|any|the|your|previous|prior)|forget\s+(?:all|everything|your|previous)"
    r"|\b(?:system|assistant|developer)\s*(?:prompt|message|override)?\s*[:：>]|<\|?\s*/?\s*(?:system|im_start|inst)"
    r"|you\s+(?:are\s+now|must\s+(?:now\s+)?(?:answer|say|write|output|reply|state|report))"
    r"|(?:instructions?|note)\s+(?:to|for)\s+(?:the\s+)?(?:ai|llm|model|assistant|reviewer\s+model)"
    r"|忽略(?:以上|之前|前面|上述|先前|所有)|无视(?:以上|之前|前面|上述)|系统(?:提示|消息|指令)\s*[:：]|你现在是",
    re.IGNORECASE,
)


def instructions_in(text: str) -> tuple[str, ...]:
    """Lines that address a model instead of a reader."""
    lines = (line.strip().casefold() for line in clean(text).split("\n"))
    return tuple(line for line in lines if _INJECTION.search(line))


def echoed(text: str, instructions: Iterable[str]) -> str | None:
    """The instruction whose words this sentence repeats."""
    folded = " ".join(re.findall(r"[\w#%]+", text.casefold()))
    words = folded.split()
    for line in instructions:
        said = " ".join(re.findall(r"[\w#%]+", line))
        if len(folded) >= 4 and f" {folded} " in f" {said} ":
            return line
        runs = (" ".join(words[i : i + 4]) for i in range(len(words) - 3))
        if any(f" {run} " in f" {said} " for run in runs):
            return line
        squeezed = re.sub(r"\s", "", folded)
        if any("\u3400" <= c <= "\u9fff" for c in squeezed) and any(
            squeezed[i : i + 8] in said for i in range(max(1, len(squeezed) - 7))
        ):
            return line
    return None
