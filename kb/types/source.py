"""What is stored of a source between runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from kb.types.noun import noun


@noun
class SourceState:
    """What is stored of a source between runs."""

    name: str  # owner/name
    kind: str  # git, github, jsonl
    location: str  # path or github:owner/name
    branch: str | None = None
    since: datetime | None = None
    tip: str | None = None
    has_links: bool = True  # False: a local repository; reports print no links
    updated_at: datetime | None = None
    cursor: Mapping[str, Any] = field(default_factory=dict)
    last_error: str | None = None
    url: str | None = None  # https://github.com/owner/name
