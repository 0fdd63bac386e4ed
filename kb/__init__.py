"""RepoKB: a search and report knowledge base over the history of a software repository.

    from kb import KnowledgeBase

    with KnowledgeBase.open() as knowledge:
        for hit in knowledge.search("crash with context parallel").hits:
            print(hit.record.change.title, hit.record.change.url)

Importing this package imports none of it yet: a name is loaded when it is first used, so that a
cold command pays only for what it needs (and never for torch, chromadb, langchain or streamlit).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kb.errors import (
        ChatError,
        IndexMismatch,
        KBError,
        LimitReached,
        Locked,
        NotFound,
        QueryError,
        SourceError,
        StoreError,
        UsageError,
    )
    from kb.knowledge_base import KnowledgeBase, Status
    from kb.settings import Settings, load_settings
    from kb.types import (
        Analysis,
        Answer,
        Change,
        ChangeRecord,
        Citation,
        Digest,
        FileChange,
        Filters,
        Hit,
        Period,
        Query,
        SearchResult,
    )

__all__ = [
    "Analysis",
    "Answer",
    "Change",
    "ChangeRecord",
    "ChatError",
    "Citation",
    "Digest",
    "FileChange",
    "Filters",
    "Hit",
    "IndexMismatch",
    "KBError",
    "KnowledgeBase",
    "LimitReached",
    "Locked",
    "NotFound",
    "Period",
    "Query",
    "QueryError",
    "SearchResult",
    "Settings",
    "SourceError",
    "Status",
    "StoreError",
    "UsageError",
    "load_settings",
]

_HOMES = {
    "kb.errors": (
        "ChatError",
        "IndexMismatch",
        "KBError",
        "LimitReached",
        "Locked",
        "NotFound",
        "QueryError",
        "SourceError",
        "StoreError",
        "UsageError",
    ),
    "kb.knowledge_base": ("KnowledgeBase", "Status"),
    "kb.settings": ("Settings", "load_settings"),
    "kb.types": (
        "Analysis",
        "Answer",
        "Change",
        "ChangeRecord",
        "Citation",
        "Digest",
        "FileChange",
        "Filters",
        "Hit",
        "Period",
        "Query",
        "SearchResult",
    ),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)
