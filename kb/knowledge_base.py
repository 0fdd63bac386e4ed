"""The facade: one object over a home folder; every surface asks it and nothing below it.

It is also the composition root: the only place that brings archive, indexes, embedder, retriever,
composer and chat model together. Opening it reads nothing; parts are made when first needed.
"""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from kb.errors import NotFound, StoreError, UsageError
from kb.settings import Settings, load_settings
from kb.types import Filters, SilentObserver

if TYPE_CHECKING:
    from kb.chat.client import Chat
    from kb.embedders.interface import Embedder
    from kb.maintenance import Analyzed, Check
    from kb.report.request import ReportRequest
    from kb.report.types import Report
    from kb.store.archive import Archive, Coverage, QuestionEntry, ReportEntry
    from kb.store.vector_index import VectorIndex
    from kb.store.word_scores import WordScores
    from kb.types import (
        Answer,
        Change,
        ChangeRecord,
        Hit,
        LineOrigin,
        Observer,
        Period,
        Query,
        Relation,
        SearchResult,
        SourceState,
    )

Read = TypeVar("Read")


class Status(NamedTuple):
    """The state of a knowledge base; `engine` answers the next dense search."""

    home: Path
    repos: tuple[Coverage, ...]
    embedder: str | None
    generation: int
    engine: str
    chat: Mapping[str, int] = MappingProxyType({})  # calls and tokens of kept answers


class KnowledgeBase:
    """Search, reading, reports and answers over what was ingested.

    `resident` processes (web page, MCP) ask Chroma; a cold command line takes the exact scan,
    except where it composes a report or an answer. One object may be used by several threads.
    """

    def __init__(self, settings: Settings, *, resident: bool = False) -> None:
        self.settings = settings
        self.resident = resident
        self._archive: Archive | None = None
        self._embedder: Embedder | None = None
        self._index: tuple[int, bool, VectorIndex] | None = None
        self._scores: WordScores | None = None
        self._lock = threading.RLock()

    @classmethod
    def open(
        cls, home: Path | None = None, settings: Settings | None = None, *, resident: bool = False
    ) -> Self:
        """`home` wins over the settings'; without either the defaults are read."""
        if settings is None:
            settings = load_settings(home=home)
        elif home is not None:
            settings = replace(settings, home=home)
        return cls(settings, resident=resident)

    def close(self) -> None:
        with self._lock:
            if self._index is not None:
                self._index[2].close()
            if self._archive is not None:
                self._archive.close()
            self._archive = self._index = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- parts -----------------------------------------------------------------------------

    @property
    def archive(self) -> Archive:
        """The archive, for reading. StoreError where nothing was ingested."""
        from kb.store.archive import Archive

        with self._lock:
            if self._archive is None:
                self._archive = Archive.open(self.settings.home, readonly=True)
            return self._archive

    @property
    def embedder(self) -> Embedder:
        """The embedder of questions; starts without torch where the model is the bundled one."""
        from kb.embedders import embedder_for

        with self._lock:
            if self._embedder is None:
                self._embedder = embedder_for(self.settings, resident=self.resident)
            return self._embedder

    def warm(self) -> None:
        """Loads index and embedder and reads what common words give, so that no question waits for
        it. For a process that stays: it takes seconds, and may run in a thread of its own."""
        if not self.exists:
            return
        self.search("warm 预热", limit=1)  # in both languages: glossary, patterns, index, embedder
        scores = self._word_scores()
        if scores is not None:
            scores.keep_common(self.archive)
        # What is loaded by now stays, and is not looked through for garbage again: that stopped a
        # search for 60 ms now and then. Streamlit does it after every run, for 150 ms, and nothing
        # reaches the browser meanwhile.
        gc.unfreeze()  # what another one left behind, opened for the generation before
        gc.collect()
        gc.freeze()

    # --- finding ---------------------------------------------------------------------------

    def search(
        self,
        query: Query | str,
        *,
        filters: Filters = Filters(),
        mode: str = "hybrid",
        limit: int = 10,
        lang: str | None = None,
    ) -> SearchResult:
        """Find changes. A string is parsed (`author:`, "phrase", -word); QueryError says what is wrong.

        `lang`: of the notes and reasons; of None the settings'."""
        if isinstance(query, str):
            query = self.parse(query, filters=filters, mode=mode, limit=limit)
        self.archive.must_hold(query.filters.repos)
        from kb.search.retriever import search, unpublished

        asked = query
        settings = replace(self.settings, lang=lang or self.settings.lang)

        def answer(published: bool) -> SearchResult:
            if not published:
                from kb.types import SearchResult

                notes = tuple(unpublished(self.archive, settings.lang)) if self.exists else ()
                return SearchResult(asked, asked.mode, None, (), 0.0, notes)
            return search(
                self.archive,
                self._open_index,
                lambda: self.embedder,
                asked,
                settings,
                self._word_scores(),
            )

        return self._read_steadily(answer)

    def parse(
        self,
        text: str,
        *,
        filters: Filters = Filters(),
        mode: str = "hybrid",
        limit: int = 10,
    ) -> Query:
        from kb.search.query_parser import parse_query

        now = datetime.now(UTC)
        return parse_query(text, self.settings.tz, now, limit=limit, mode=mode, filters=filters)

    def similar(self, change_id: str, limit: int = 8) -> list[Hit]:
        """The nearest neighbours of a change; empty where it has no vectors yet."""
        from kb.search.retriever import similar

        return self._read_steadily(
            lambda published: (
                similar(self.archive, self._open_index, change_id, limit) if published else []
            )
        )

    def line_origins(self, change_id: str, limit: int = 3) -> list[LineOrigin]:
        """The changes that brought the code which a repair replaced, most lines first; else none."""
        from kb.search.line_origins import line_origins

        return line_origins(self.archive, change_id, limit)

    # --- reading ---------------------------------------------------------------------------

    def resolve(self, reference: str, repo: str | None = None) -> list[str]:
        """The ids that a number, SHA, id, old id or link names. NotFound with a hint if none."""
        found = self.archive.resolve(reference, repo)
        if not found:
            raise NotFound(
                f"no change {reference!r}" + (f" in {repo}" if repo else ""),
                "kb search WORDS, or kb status for what is indexed",
            )
        return found

    def record(self, change_id: str, patches: bool = False) -> ChangeRecord:
        record = self.archive.record(change_id, patches=patches)
        if record is None:
            raise NotFound(f"no change {change_id!r}", "kb search WORDS")
        return record

    def records(self, change_ids: Sequence[str]) -> list[ChangeRecord]:
        """In the order asked for; what is not there is left out."""
        return self.archive.records(change_ids)

    def select(
        self,
        filters: Filters,
        *,
        order: str = "newest",
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
    ) -> list[ChangeRecord]:
        self.archive.must_hold(filters.repos)
        return self.archive.select(
            filters, order=order, limit=limit, offset=offset, include_bots=include_bots
        )

    @property
    def state(self) -> tuple[int, int]:
        """(generation, writes so far): while it is the same, every reading finds the same."""
        return self.archive.state()

    def count(self, filters: Filters) -> int:
        return self.archive.count(filters)

    def facets(self, filters: Filters) -> dict[str, list[tuple[str, int]]]:
        return self.archive.facets(filters)

    def patches(self, change_id: str) -> dict[str, str]:
        return self.archive.patches(change_id)

    def relations(self, ids: Sequence[str]) -> list[Relation]:
        return self.archive.relations(ids)

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Any]:
        """One normalised vector (float32) a change of its text, else of its title."""
        return {**self.archive.vectors(ids, "title"), **self.archive.vectors(ids, "text")}

    def sources(self) -> list[SourceState]:
        return self.archive.sources() if self.exists else []

    def coverage(self, repo: str) -> Coverage:
        return self.archive.coverage(repo)

    def export(self, filters: Filters) -> Iterator[Change]:
        """Every change with its patches, oldest first."""
        self.archive.must_hold(filters.repos)
        records = self.archive.iter_records(filters, order="oldest", patches=True)
        return (record.change for record in records)

    @property
    def exists(self) -> bool:
        """Whether anything was ingested into this home."""
        from kb.store.schema import exists

        return exists(self.settings.home)

    @property
    def writable(self) -> bool:
        """A home on a read-only or full disk, or of somebody else, is read without Chroma, which
        writes."""
        from kb.store.schema import has_room

        home = self.settings.home
        return not home.exists() or (os.access(home, os.W_OK) and has_room(home))

    def status(self) -> Status:
        from kb.store import manifest

        home = self.settings.home
        if not self.exists:
            return Status(home, (), None, 0, self._engine())
        with self.archive.reading() as generation:
            repos = tuple(self.archive.coverage(repo) for repo in self.archive.repos())
            used: dict[str, int] = {}
            for _, answers, sums in self.archive.answer_usage():
                used["answers"] = used.get("answers", 0) + answers
                for name, value in sums.items():
                    used[name] = used.get(name, 0) + value
        embedder = manifest.read(home, generation).embedder if generation else None
        return Status(home, repos, embedder, generation, self._engine(), used)

    # --- reports and answers ---------------------------------------------------------------

    def report(
        self,
        request: ReportRequest,
        *,
        observer: Observer | None = None,
        use_cache: bool = True,
    ) -> Report:
        """Compose a report by rules, or with the settings' chat model; it is kept in the archive.

        Raises ChatError only where the model was refused (no key, unknown model); a model that
        fails on a change leaves that change to the rules.
        """
        from kb.report.composer import compose

        observer = observer or SilentObserver()
        writer = None
        with self._resident() as reader, reader.chat(use_cache=use_cache) as chat:
            if chat is not None:
                from kb.report.writer import ModelWriter

                writer = ModelWriter(reader, chat, observer=observer)
            return compose(reader, request, writer, observer)

    def estimate(self, request: ReportRequest) -> str:
        """What the chat model would cost for a report, in words; nothing is sent."""
        from kb.report.writer import estimate

        return estimate(self, request)

    def reports(self, limit: int = 50) -> list[ReportEntry]:
        return self.archive.reports(limit)

    def saved_report(self, report_id: int) -> str:
        """The JSON of a kept report."""
        found = self.archive.report(report_id)
        if found is None:
            raise NotFound(f"no kept report {report_id}", "kb report")
        return found

    def last_report(self, kind: str, scope: str, ended_by: datetime) -> Mapping[str, Any] | None:
        found = self.archive.last_report(kind, scope, ended_by)
        return None if found is None else dict(json.loads(found[1]))

    def put_report(
        self, kind: str, lang: str, period: Period | None, document: str, scope: str = ""
    ) -> str:
        """Keep a report, listed by its repository and title; a read-only home keeps none and says so
        by an empty id."""
        from kb.store.archive import Archive

        try:
            with Archive.open(self.settings.home) as archive:
                told = json.loads(document)
                title = " · ".join(told[key] for key in ("repo", "title") if told.get(key))
                return str(
                    archive.put_report(kind, lang, period, document, scope=scope, title=title)
                )
        except StoreError:
            return ""

    def ask(
        self,
        question: str,
        *,
        filters: Filters = Filters(),
        now: datetime | None = None,
        lang: str | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Answer:
        """Answer with citations; without a chat model, with quotes that say that they are quotes.

        `lang` of None answers in the language of the question. UsageError where nothing is asked."""
        from kb.qa.answerer import answer

        if not question.strip():
            raise UsageError("nothing is asked", 'kb ask "why are the workers killed?"')
        with self._resident() as reader, reader.chat() as chat:
            found = answer(
                reader,
                question,
                filters,
                chat,
                now=now or datetime.now(UTC),
                tz=self.settings.tz,
                lang=lang,
                on_text=on_text,
            )
        self._keep_question(found)
        return found

    def questions(self, limit: int = 50) -> list[QuestionEntry]:
        return self.archive.questions(limit)

    # --- upkeep ----------------------------------------------------------------------------

    def analyze(self, repo: str | None = None, observer: Observer | None = None) -> Analyzed:
        """Judge every change again from the archive; nothing is fetched."""
        from kb.maintenance import analyze

        return analyze(self.settings, repo, observer or SilentObserver())

    def doctor(self, *, chat: bool = False) -> Iterator[Check]:
        """Every check of the installation and of this home, one after the other."""
        from kb.maintenance import doctor

        return doctor(self, chat=chat)

    def forget(self, repo: str) -> int:
        """Remove a repository entirely; returns how many changes it had."""
        from kb.maintenance import forget

        return forget(self.settings, repo)

    # --- inside ----------------------------------------------------------------------------

    def _engine(self) -> str:
        if self.settings.search.engine != "auto":
            return self.settings.search.engine
        chroma = self.resident and (self.settings.chroma_url or self.writable)
        return "chroma" if chroma else "exact"

    def _read_steadily(self, read: Callable[[bool], Read]) -> Read:
        """`read(whether anything is published)` in one view; once more where an ingest swapped
        generations and removed the one that was being opened."""
        from kb.store import manifest

        for last in (False, True):
            with self.archive.reading() as generation:
                try:
                    return read(bool(generation))
                except StoreError:
                    if last or manifest.current(self.settings.home) == generation:
                        raise
        raise AssertionError("unreachable")

    def _open_index(self) -> VectorIndex:
        """The vector index of the generation that is shown; reopened after a swap."""
        from kb.store.vector_index import open_index

        with self._lock, self.archive.reading() as generation:
            chroma = self._engine() == "chroma"
            if self._index is not None and self._index[:2] != (generation, chroma):
                self._index[2].close()
                self._index = None
            if self._index is None:
                index = open_index(self.settings, generation, self._engine())
                self._index = (generation, chroma, index)
            return self._index[2]

    def _word_scores(self) -> WordScores | None:
        """What a resident process keeps of the words; a single search asks FTS5."""
        if self.resident and self._scores is None:
            from kb.search.words import FIELD_WEIGHTS
            from kb.store.word_scores import WordScores

            self._scores = WordScores(FIELD_WEIGHTS)
        return self._scores

    @contextmanager
    def chat(self, *, use_cache: bool = True) -> Iterator[Chat | None]:
        """The settings' chat model with the archive as its cache; None where none is configured."""
        if self.settings.chat.model in (None, "none"):
            yield None
            return
        from kb.chat.client import open_chat
        from kb.store.archive import Archive

        with Archive.open(self.settings.home) as cache:
            yield open_chat(None, self.settings.chat, cache, use_cache=use_cache)

    def _keep_question(self, answer: Answer) -> None:
        """Earlier questions are listed on the page; a read-only home keeps none."""
        from kb.store.archive import Archive

        with suppress(StoreError), Archive.open(self.settings.home) as archive:
            kept = {name: value for name, value in asdict(answer).items() if name != "filters"}
            archive.put_question(answer.question, kept)

    @contextmanager
    def _resident(self) -> Iterator[KnowledgeBase]:
        """This knowledge base as a resident process has it: a report asks often."""
        if self.resident:
            yield self
        else:
            with KnowledgeBase(self.settings, resident=True) as resident:
                yield resident
