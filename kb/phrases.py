"""Sentences by language: each room ships `phrases/{en,zh}.toml` beside its code; keys are `room.table.name`."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from kb.errors import UsageError
from kb.vocabulary import LANGUAGES


@functools.cache
def phrases(room: str, lang: str) -> Mapping[str, str]:
    """Every phrase of one room, flattened to dotted keys without the room's name."""
    if lang not in LANGUAGES:
        raise UsageError(f"unknown language {lang!r}", f"one of: {', '.join(LANGUAGES)}")
    return read(Path(__file__).parent / room / "phrases" / f"{lang}.toml")


def phrase(key: str, lang: str, **values: object) -> str:
    """The phrase `room.name` in `lang` with its `{fields}` filled; KeyError for an unknown key."""
    room, _, name = key.partition(".")
    template = phrases(room, lang)[name]
    return template.format(**values) if values else template


def read(path: Path) -> dict[str, str]:
    """The phrases of a file by dotted key.

    Our files are TOML of tables and strings of one line, which are JSON's strings as well: read as
    such they spare every cold command tomllib, whose import takes 5 ms. A test compares the two.
    """
    found: dict[str, str] = {}
    table = ""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("["):
            table = line.strip("[]") + "."
        elif line and not line.startswith("#"):
            key, _, text = line.partition(" = ")
            found[table + key.strip('"')] = json.loads(text)
    return found
