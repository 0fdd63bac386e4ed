"""The words that people read on our surfaces, by room and language: `words.en.toml`, `web.zh.toml`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from kb.phrases import read

LANGUAGES = ("en", "zh")


@cache
def catalogue(room: str, lang: str) -> dict[str, str]:
    """Every message of a room, flattened to dotted keys."""
    return read(Path(__file__).parent / f"{room}.{lang}.toml")


def message(room: str, key: str, lang: str, **values: object) -> str:
    """The message of `key` with its {values} filled in; a missing key is a mistake of ours.

    Where `count` is one, the message `<key>_one` says it, if there is one.
    """
    messages = catalogue(room, lang)
    text = messages[key]
    if str(values.get("count")) == "1":  # a number, or one with its thousands marked
        text = messages.get(f"{key}_one", text)
    return text.format_map(values) if values else text


def error_text(text: str, lang: str) -> str:
    """An error's sentence or hint in a language; as it is where no translation is known.

    Errors are raised in English where they happen, some in another process that leaves only its
    words (an ingest), so what translates them is their wording.
    """
    for pattern, said in _wordings(lang):
        if found := pattern.fullmatch(text):
            return said.format(*found.groups())
    return text


@cache
def _wordings(lang: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The most particular wording first: the one that leaves the least to its values."""
    if lang not in LANGUAGES or lang == "en":
        return ()
    import tomllib

    path = Path(__file__).parent / f"errors.{lang}.toml"
    known = tomllib.loads(path.read_text(encoding="utf-8"))
    ordered = sorted(known, key=lambda wording: -len(wording.replace("{}", "")))
    return tuple(
        (re.compile("(.*)".join(map(re.escape, wording.split("{}"))), re.DOTALL), known[wording])
        for wording in ordered
    )
