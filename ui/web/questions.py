"""A kept question as the answer that it got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.types import Answer, Citation


def restored(question: str, kept: Mapping[str, Any]) -> Answer:
    """A kept answer; one that another surface kept with fewer words still opens."""
    return Answer(
        question=str(kept.get("question") or question),
        text=str(kept.get("text", "")),
        citations=tuple(
            Citation(
                index=int(entry.get("index", place)),
                change_id=str(entry.get("change_id", "")),
                title=str(entry.get("title", "")),
                url=entry.get("url"),
                passage=str(entry.get("passage", "")),
            )
            for place, entry in enumerate(kept.get("citations", ()), 1)
        ),
        abstained=bool(kept.get("abstained", False)),
        method=str(kept.get("method", "quotes")),
        removed=tuple(str(line) for line in kept.get("removed", ())),
        notes=tuple(str(line) for line in kept.get("notes", ())),
    )
