"""Sentences by language: each room ships `phrases/{en,zh}.toml` beside its code; keys are `room.table.name`."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kb.errors import UsageError
from kb.vocabulary import LANGUAGES


@functools.cache
def phrases(room: str, lang: str) -> Mapping[str, str]:
    """Every phrase of one room, flattened to dotted keys without the room's name."""
    if lang not in LANGUAGES:
        raise UsageError(f"unknown language {lang!r}", f"one of: {', '.join(LANGUAGES)}")
    path = Path(__file__).parent / room / "phrases" / f"{lang}.toml"
    return dict(_flatten(tomllib.loads(path.read_text(encoding="utf-8"))))


def phrase(key: str, lang: str, **values: object) -> str:
    """The phrase `room.name` in `lang` with its `{fields}` filled; KeyError for an unknown key."""
    room, _, name = key.partition(".")
    template = phrases(room, lang)[name]
    return template.format(**values) if values else template


def _flatten(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            rows.extend(_flatten(value, f"{prefix}{key}."))
        else:
            rows.append((prefix + key, str(value)))
    return rows
