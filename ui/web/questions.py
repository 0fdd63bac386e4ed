"""Questions and their answers, kept in the archive; shown again without being asked again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kb.errors import KBError, StoreError
from kb.types import Answer, Citation

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase


def keep(knowledge: KnowledgeBase, answer: Answer) -> int | None:
    """The kept question's number; None where the home cannot be written."""
    from kb.store.archive import Archive

    with suppress(StoreError, KBError), Archive.open(knowledge.settings.home) as archive:
        return archive.put_question(answer.question, document(answer))
    return None


def document(answer: Answer) -> dict[str, Any]:
    return {
        "question": answer.question,
        "text": answer.text,
        "abstained": answer.abstained,
        "method": answer.method,
        "notes": list(answer.notes),
        "removed": list(answer.removed),
        "citations": [
            {
                "index": citation.index,
                "id": citation.change_id,
                "title": citation.title,
                "url": citation.url,
                "passage": citation.passage,
            }
            for citation in answer.citations
        ],
    }


def restored(question: str, kept: Mapping[str, Any]) -> Answer:
    """A kept answer; one that another surface kept with fewer words still opens."""
    return Answer(
        question=str(kept.get("question") or question),
        text=str(kept.get("text", "")),
        citations=tuple(
            Citation(
                index=int(entry.get("index", place)),
                change_id=str(entry.get("id") or entry.get("change_id") or ""),
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
