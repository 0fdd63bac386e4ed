"""The nouns of RepoKB: plain frozen values that every room shares; imports nothing of ours.

A noun is imported when it is first asked for: making a frozen dataclass takes about a millisecond,
and no command needs them all.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kb.types.analysis import Analysis, Relation, Risk, Series, Size, Term
    from kb.types.answer import Answer, ChangeProse, Citation
    from kb.types.change import Change, Comment, Commit, FileChange, PullRequest, ReviewThread
    from kb.types.digest import Digest, Flag, Passage, Symbol
    from kb.types.observer import Observer, SilentObserver
    from kb.types.period import Period
    from kb.types.query import Filters, Query
    from kb.types.record import ChangeRecord
    from kb.types.result import Hit, LineOrigin, SearchResult
    from kb.types.source import SourceState

__all__ = [
    "Analysis",
    "Answer",
    "Change",
    "ChangeProse",
    "ChangeRecord",
    "Citation",
    "Comment",
    "Commit",
    "Digest",
    "FileChange",
    "Filters",
    "Flag",
    "Hit",
    "LineOrigin",
    "Observer",
    "Passage",
    "Period",
    "PullRequest",
    "Query",
    "Relation",
    "ReviewThread",
    "Risk",
    "SearchResult",
    "Series",
    "SilentObserver",
    "Size",
    "SourceState",
    "Symbol",
    "Term",
]

_HOMES = {
    "analysis": ("Analysis", "Relation", "Risk", "Series", "Size", "Term"),
    "answer": ("Answer", "ChangeProse", "Citation"),
    "change": ("Change", "Comment", "Commit", "FileChange", "PullRequest", "ReviewThread"),
    "digest": ("Digest", "Flag", "Passage", "Symbol"),
    "observer": ("Observer", "SilentObserver"),
    "period": ("Period",),
    "query": ("Filters", "Query"),
    "record": ("ChangeRecord",),
    "result": ("Hit", "LineOrigin", "SearchResult"),
    "source": ("SourceState",),
}
_MODULE_OF = {name: f"kb.types.{module}" for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)
