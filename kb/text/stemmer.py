"""English word stems: Porter's algorithm (1980), so that "hangs", "hanging" and "hang" meet."""

from __future__ import annotations

import re
from functools import lru_cache

_CONSONANT = "[^aeiou]"
_VOWEL = "[aeiouy]"
_C = _CONSONANT + "[^aeiouy]*"
_V = _VOWEL + "[aeiou]*"
_MEASURE_OVER_0 = re.compile(f"^({_C})?{_V}{_C}")
_MEASURE_IS_1 = re.compile(f"^({_C})?{_V}{_C}({_V})?$")
_MEASURE_OVER_1 = re.compile(f"^({_C})?{_V}{_C}{_V}{_C}")
_HAS_VOWEL = re.compile(f"^({_C})?{_VOWEL}")
_SHORT_END = re.compile(f"^{_C}{_VOWEL}[^aeiouwxy]$")
_DOUBLE_END = re.compile(r"([^aeiouylsz])\1$")

_STEP_2 = {
    "ational": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "izer": "ize",
    "bli": "ble",
    "alli": "al",
    "entli": "ent",
    "eli": "e",
    "ousli": "ous",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "iveness": "ive",
    "fulness": "ful",
    "ousness": "ous",
    "aliti": "al",
    "iviti": "ive",
    "biliti": "ble",
    "logi": "log",
}
_STEP_3 = {
    "icate": "ic",
    "ative": "",
    "alize": "al",
    "iciti": "ic",
    "ical": "ic",
    "ful": "",
    "ness": "",
}
_STEP_4 = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ion",
    "ism", "ate", "iti", "ous", "ive", "ize", "al", "er", "ic", "ou",
)  # fmt: skip
_SUFFIX_2 = re.compile(f"^(.+?)({'|'.join(sorted(_STEP_2, key=len, reverse=True))})$")
_SUFFIX_3 = re.compile(f"^(.+?)({'|'.join(sorted(_STEP_3, key=len, reverse=True))})$")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of one lower-case ASCII word; words of three letters or fewer stay as they are."""
    if len(word) <= 3:
        return word
    if word[0] == "y":
        return "y" + _stem_rest("Y" + word[1:])[1:]
    return _stem_rest(word)


def _stem_rest(word: str) -> str:
    word = _plurals(word)
    word = _past_and_gerund(word)
    if word.endswith("y") and _HAS_VOWEL.match(word[:-1]):
        word = word[:-1] + "i"
    for pattern, table in ((_SUFFIX_2, _STEP_2), (_SUFFIX_3, _STEP_3)):
        found = pattern.match(word)
        if found and _MEASURE_OVER_0.match(found[1]):
            word = found[1] + table[found[2]]
    word = _long_endings(word)
    if word.endswith("e"):
        base = word[:-1]
        if _MEASURE_OVER_1.match(base) or (
            _MEASURE_IS_1.match(base) and not _SHORT_END.match(base)
        ):
            word = base
    if word.endswith("ll") and _MEASURE_OVER_1.match(word):
        word = word[:-1]
    return word


def _plurals(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _past_and_gerund(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _MEASURE_OVER_0.match(word[:-3]) else word
    for ending in ("ed", "ing"):
        base = word.removesuffix(ending)
        if base == word or not _HAS_VOWEL.match(base):
            continue
        if base.endswith(("at", "bl", "iz")):
            return base + "e"
        if _DOUBLE_END.search(base):
            return base if len(base) == 3 else base[:-1]  # added is add, not ad
        if _MEASURE_IS_1.match(base) and _SHORT_END.match(base):
            return base + "e"
        return base
    return word


def _long_endings(word: str) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            base = word[: -len(ending)]
            if ending == "ion" and not base.endswith(("s", "t")):
                return word
            return base if _MEASURE_OVER_1.match(base) else word
    return word
