"""Readings of a model's values that are kinder than a schema: small models write lists as text."""

from __future__ import annotations

import re
from typing import Any

LONGEST = 1500  # characters of one text; more is a model that repeats itself


def text(value: Any) -> str:
    """One text; a list is joined, a table's values too."""
    if value is None:
        return ""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        value = " ".join(text(item) for item in value)
    return str(value).strip()[:LONGEST]


def lines(value: Any, most: int = 12) -> list[str]:
    """A list of texts; one text is split at its lines, a table gives `key: value`."""
    if value is None:
        return []
    if isinstance(value, dict):
        value = [f"{key}: {text(item)}" for key, item in value.items()]
    if isinstance(value, str):
        value = [re.sub(r"^\s*(?:[-*•]|\d+[.)])\s*", "", line) for line in value.split("\n")]
    if not isinstance(value, (list, tuple)):
        value = [value]
    found = [text(item) for item in value]
    return [item for item in found if item][:most]


def texts(value: Any, most: int = 24) -> list[str]:
    """Like `lines`, but empty items keep their place: they answer numbered questions."""
    if isinstance(value, (list, tuple)):
        return [text(item) for item in value][:most]
    return lines(value, most)
