"""The second half of an ingest: vectors for what has none yet, newest first, published in steps.

The backlog is a set difference (passages without a vector of this embedder), so a run that was
killed goes on where it was. Titles of recent changes come first: they are short, and they make a
search by meaning work within the first minute; then everything of the recent ones; then the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from kb.embedders import SMALL_INCREMENT
from kb.errors import StoreError
from kb.store.vectors import KINDS

if TYPE_CHECKING:
    from types import TracebackType

    from kb.embedders.interface import Embedder
    from kb.settings import Settings
    from kb.store.archive import Archive
    from kb.store.chroma_builder import ChromaBuilder
    from kb.store.vectors import Missing
    from kb.types import Observer

RECENT = timedelta(days=90)  # searchable first
# A batch is sorted by length inside; it is also what a kill can lose. 512 texts take 4-35 s.
TEXTS_A_BATCH = 512
CHANGES_A_LOOK = 256  # records loaded at once
FIRST_STEP_S = 60.0  # between two publications; each step may be half as long again


@dataclass(frozen=True, slots=True)
class _Text:
    rowid: int
    kind: str
    chunk: int
    text: str


@dataclass
class _Batch:
    texts: list[_Text] = field(default_factory=list)
    done: list[tuple[int, str]] = field(default_factory=list)  # (rowid, kind) that these complete
    changes: int = 0


@dataclass
class Backlog:
    """What is left to embed, and with what."""

    archive: Archive
    settings: Settings
    observer: Observer
    given: Embedder | None = None  # by the caller, instead of the settings'
    _embedder: Embedder | None = None
    _texts: int = 0  # the most that were asked for at once
    _builder: ChromaBuilder | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._builder is not None:
            self._builder.close()

    def expect_to_publish(self) -> None:
        """Starts the process that will build Chroma's index: it gets ready meanwhile."""
        from kb.store.generations import expect_to_publish

        self._builder = expect_to_publish(
            self.archive.home, self.identity, self.settings.chroma_url
        )

    @property
    def identity(self) -> str:
        from kb.embedders import identity_for

        return self.given.identity() if self.given else identity_for(self.settings)

    def missing(self, kinds: Sequence[str] = KINDS, since: datetime | None = None) -> list[Missing]:
        return self.archive.missing_vectors(kinds, embedder=self.identity, since=since)

    def embedder(self, texts: int) -> Embedder:
        """What is quickest for so many texts; what was started for more stays."""
        from kb.embedders import embedder_for, runtime_for

        if self.given is not None:
            return self.given
        wanted, texts = self.settings.embedder, max(texts, self._texts)
        if self._embedder is None or (
            runtime_for(wanted, texts) != runtime_for(wanted, self._texts)
        ):
            self._embedder = embedder_for(self.settings, texts)
        self._texts = texts
        return self._embedder

    def publish(self, meanwhile: Callable[[], None] | None = None) -> None:
        from kb.store.generations import publish

        self.observer.phase("publish")
        builder, self._builder = self._builder, None
        publish(
            self.archive,
            embedder=self.identity,
            dimension=self.embedder(0).dimension,
            chroma_url=self.settings.chroma_url,
            builder=builder,
            meanwhile=meanwhile,
        )

    def shown(self) -> bool:
        """Whether readers see every vector that is stored; not so after a kill before `publish`."""
        from kb.store import manifest

        stored = self.archive.vectors_stored(self.identity)
        generation = manifest.current(self.archive.home)
        if not generation:
            return not stored[0]
        try:
            found = manifest.read(self.archive.home, generation)
        except StoreError:
            return False
        return (sum(found.vectors.values()), found.last_serial) == stored

    def embed(
        self,
        kinds: Sequence[str],
        since: datetime | None = None,
        *,
        phase: str = "texts",
        missing: Sequence[Missing] | None = None,
    ) -> int:
        """Embeds these kinds of changes since a moment; publishes long work in steps. `missing`:
        where it was asked for already."""
        if missing is None:
            missing = self.missing(kinds, since)
        if not missing:
            return 0
        batches: Iterable[_Batch] = _batches(self.archive, missing)
        if len(missing) <= SMALL_INCREMENT:
            batches = list(batches)
            self.embedder(sum(len(batch.texts) for batch in batches))
        else:  # a text a kind at least
            self.embedder(sum(len(item.kinds) for item in missing))
        self.observer.phase(phase, len(missing))
        count, left, step_s, stepped = 0, len(missing), FIRST_STEP_S, time.monotonic()
        for batch in batches:
            count += self._store(batch)
            left -= batch.changes
            self.observer.advance(batch.changes)
            if left and time.monotonic() - stepped > step_s:
                self.publish()
                self.observer.phase(phase, left)
                step_s, stepped = step_s * 1.5, time.monotonic()
        return count

    def _store(self, batch: _Batch) -> int:
        embedder = self.embedder(len(batch.texts))
        texts = batch.texts
        vectors = embedder.encode([text.text for text in texts]) if texts else ()
        return self.archive.put_vectors(
            (
                (text.rowid, text.kind, text.chunk, vector)
                for text, vector in zip(texts, vectors, strict=True)
            ),
            embedder=self.identity,
            dimension=embedder.dimension,
            done=batch.done,
        )


def _batches(archive: Archive, missing: Sequence[Missing]) -> Iterator[_Batch]:
    """Texts to embed and what they complete, newest first."""
    from kb.analysis.digest import passages

    batch = _Batch()
    for start in range(0, len(missing), CHANGES_A_LOOK):
        look = missing[start : start + CHANGES_A_LOOK]
        records = archive.by_rowids([item.rowid for item in look])
        for item in look:
            if (record := records.get(item.rowid)) is None:
                continue
            batch.texts += [
                _Text(item.rowid, passage.kind, passage.chunk, passage.text)
                for passage in passages(record.change, record.digest)
                if passage.kind in item.kinds
            ]
            batch.done += [(item.rowid, kind) for kind in item.kinds]
            batch.changes += 1
            if len(batch.texts) >= TEXTS_A_BATCH:
                yield batch
                batch = _Batch()
    if batch.done:
        yield batch
