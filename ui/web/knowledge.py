"""The knowledge base that the page reads: opened once a process, opened again after an ingest."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings, load_settings
from kb.types import Filters


def settings() -> Settings:
    """The settings of this page: `--home` and `--config` after `--`, else the environment's."""
    home, config = _argument("--home"), _argument("--config")
    return load_settings(home=Path(home) if home else None, config=Path(config) if config else None)


def open_knowledge() -> KnowledgeBase:
    """The shared reader of the generation that is published now."""
    return _opened(str(settings().home), str(_argument("--config") or "")).knowledge


def state_of(knowledge: KnowledgeBase) -> str:
    """A key for what is remembered of a home: an ingest and `kb analyze` change it; a question or
    a report that is kept does not."""
    return f"{knowledge.settings.home} {knowledge.state}"


def published(home: Path) -> str:
    try:
        return (home / "CURRENT").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@dataclass(frozen=True)
class _Opened:
    knowledge: KnowledgeBase
    published: str  # what CURRENT said when it was opened


def _still_current(opened: _Opened) -> bool:
    return opened.published == published(opened.knowledge.settings.home)


@st.cache_resource(show_spinner=False, validate=_still_current, max_entries=2)
def _opened(home: str, config: str) -> _Opened:
    del home, config  # the cache's key; the settings hold more than the two
    found = settings()
    mark = published(found.home)
    knowledge = KnowledgeBase.open(settings=found, resident=True)
    threading.Thread(target=_warm, args=(knowledge,), daemon=True).start()
    return _Opened(knowledge, mark)


@st.cache_resource(show_spinner=False, validate=_still_current, max_entries=4)
def _reader(home: str, config: str, tz: str, model: str | None) -> _Opened:
    del home, config
    found = settings()
    own = replace(found, tz=tz, chat=replace(found.chat, model=model))
    mark = published(found.home)
    return _Opened(KnowledgeBase.open(settings=own, resident=True), mark)


def reader_for(tz: str, model: str | None) -> KnowledgeBase:
    """A reader whose `last week` is that of a zone, and which writes with a model or with none."""
    return _reader(str(settings().home), str(_argument("--config") or ""), tz, model).knowledge


def _warm(knowledge: KnowledgeBase) -> None:
    """Load index and embedder before the first question; what fails here fails there, visibly."""
    with suppress(Exception):
        knowledge.warm()


Facets = dict[str, list[tuple[str, int]]]


@st.cache_data(show_spinner=False, max_entries=300)
def _facets(mark: str, _knowledge: KnowledgeBase, filters: Filters) -> Facets:
    del mark
    return {name: list(counts) for name, counts in _knowledge.facets(filters).items()}


def facets(knowledge: KnowledgeBase, filters: Filters) -> Facets:
    """Counts of every field's values among what the filters leave."""
    return _facets(state_of(knowledge), knowledge, filters)


def now() -> datetime:
    return datetime.now(UTC)


def _argument(name: str, arguments: Sequence[str] | None = None) -> str | None:
    found = list(sys.argv[1:] if arguments is None else arguments)
    if name in found[:-1]:
        return found[found.index(name) + 1]
    return os.environ.get("KB_CONFIG") if name == "--config" else None
