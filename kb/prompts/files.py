"""Loads prompt files, and fences the data that goes into them.

A prompt is `{lang}/{name}.toml` with a version; a changed text needs a new version, because cached
answers are keyed by it (a test compares the digest of each file with the one on record).
"""

from __future__ import annotations

import functools
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from kb.errors import UsageError
from kb.vocabulary import LANGUAGES

NAMES = ("change", "write", "rank", "answer")


@dataclass(frozen=True, slots=True)
class Prompt:
    """`texts` are the file's other entries: fields, examples, parts."""

    name: str
    lang: str
    version: str
    system: str
    user: str
    texts: Mapping[str, Any]

    def fill(self, **values: str) -> tuple[str, str]:
        """The system and the user message. Values are data: a `$` in them stays what it is."""
        return (
            Template(self.system).substitute(values).strip(),
            Template(self.user).substitute(values).strip(),
        )


@functools.cache
def prompt(name: str, lang: str) -> Prompt:
    """The prompt file; UsageError for a language that is none of ours."""
    if lang not in LANGUAGES:
        raise UsageError(f"unknown language {lang!r}", f"one of: {', '.join(LANGUAGES)}")
    path = Path(__file__).parent / lang / f"{name}.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Prompt(name, lang, table.pop("version"), table.pop("system"), table.pop("user"), table)


def new_fence() -> str:
    """A line that no repository can contain, because nobody knows it before this call."""
    return f"=== DATA {secrets.token_hex(8)} ==="
