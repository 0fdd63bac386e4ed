"""The pipeline: what is new is fetched, prepared and stored, embedded, and shown in steps.

    source -> new changes, newest first -> prepare -> archive -> vectors -> generation

Every transaction leaves a store that the next run completes: new is a set difference, a change
counts when it is stored, a vector when it is stored, and readers see what CURRENT publishes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.embedding import Backlog
from ingest.sources.interface import Bounds, Known, Outline
from kb.errors import LimitReached, SourceError, StoreError, UsageError
from kb.store import manifest
from kb.store.archive import Archive
from kb.store.lock import writer_lock
from kb.store.vectors import KINDS
from kb.types import Filters, SilentObserver, SourceState

if TYPE_CHECKING:
    from ingest.run import Run
    from ingest.sources.interface import Enricher, Identity, Source
    from kb.embedders.interface import Embedder
    from kb.settings import Settings
    from kb.types import Observer


@dataclass(frozen=True, slots=True)
class IngestResult:
    """CONTRACT.md, `ingest --json`; `notes` are for stderr."""

    repo: str
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    failed: int = 0
    took_ms: float = 0.0
    notes: tuple[str, ...] = ()


def ingest(
    source: Source,
    settings: Settings,
    observer: Observer | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    enricher: Enricher | None = None,
) -> IngestResult:
    """Brings one source into the knowledge base of `settings.home`; one writer at a time.

    Nothing is written before the source has shown that it can be read."""
    if since is not None and until is not None and since >= until:
        raise UsageError(
            f"--since {since.isoformat()} is not before --until {until.isoformat()}",
            "periods are half open: [since, until)",
        )
    source.identify()
    source.tip()
    with writer_lock(settings.home), Archive.open(settings.home) as archive:
        return sync(
            archive, source, settings, None, observer or SilentObserver(), since, until, enricher
        )


def sync(
    archive: Archive,
    source: Source,
    settings: Settings,
    embedder: Embedder | None,
    observer: Observer,
    since: datetime | None = None,
    until: datetime | None = None,
    enricher: Enricher | None = None,
) -> IngestResult:
    """One run, under the writer's lock. `embedder`: instead of the one that the settings name."""
    started = time.monotonic()
    identity, state = _stored(archive, source)
    bounds, tip = Bounds(_effective_since(state, since), until), source.tip()
    with Backlog(archive, settings, observer, embedder) as backlog:
        _same_embedder(archive, backlog)
        if enricher is None and not _may_be_new(state, bounds, tip):
            _publish_rest(archive, backlog, lambda: None, changed=False)
            unchanged = archive.count(Filters(repos=(identity.name,)))
            return IngestResult(identity.name, unchanged=unchanged, took_ms=_since_ms(started))
        from ingest.run import Run

        for note in identity.notes:
            observer.note(note)
        complete = _complete(state)
        sources = [stored for stored in archive.sources() if stored.name == identity.name]
        related = all(map(_complete, sources))
        if complete and enricher is None:
            backlog.expect_to_publish()
        state = replace(_begin(archive, identity, state, bounds, enricher), last_error=None)
        known = _known(archive, identity, state, alone=complete and len(sources) == 1)
        reading = source.read(known, bounds, observer)
        run = Run(archive, state, settings, observer, backlog, reading, known)
        limit = _read(run, enricher, bounds)
        run.judge_again(whole=not complete)
        stale = run.mark(identity)

        def settle() -> None:
            run.link(whole=not complete, related=related)
            _finish(archive, run.state, bounds, reading.tip or tip, failed=run.failed)

        _publish_rest(archive, backlog, settle, changed=bool(run.touched))
        if limit is not None:
            raise limit
        return IngestResult(
            identity.name,
            run.new,
            run.updated,
            max(0, reading.unchanged - run.described),
            stale,
            run.failed,
            _since_ms(started),
            identity.notes + reading.notes,
        )


def _read(run: Run, enricher: Enricher | None, bounds: Bounds) -> LimitReached | None:
    """Stores changes, then details. A limit ends it early; what came before is good."""
    try:
        run.store_changes()
        if enricher is not None:
            if run.touched:  # a host may make us wait: the clone's changes are shown before
                run.show()
            told = len(run.touched)
            run.store_details(enricher, bounds)
            run.described = len(run.touched) - told
    except LimitReached as exc:
        run.stop(exc)
        return exc
    return None


def _since_ms(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)


def _same_embedder(archive: Archive, backlog: Backlog) -> None:
    """Raises IndexMismatch where the index is of another embedder: `kb reindex` is asked for,
    since it embeds everything again. A damaged generation is made anew by this run."""
    generation = manifest.current(archive.home)
    try:
        found = manifest.read(archive.home, generation) if generation else None
    except StoreError:
        return
    if found is not None:
        manifest.check(found, backlog.identity)


# --- what is stored of the source --------------------------------------------------------------


def _stored(archive: Archive, source: Source) -> tuple[Identity, SourceState | None]:
    """Who the source is, and its state after the last run. The same place keeps its name."""
    sources = archive.sources()
    here = [state for state in sources if state.location == source.location]
    identity = source.identify(here[0].name if here else None)
    several = identity.kind == "jsonl"  # one file may hold several repositories
    if here and not several and identity.name not in {state.name for state in here}:
        raise SourceError(
            f"{source.location} is stored as {here[0].name}, not as {identity.name}",
            f"leave --repo out, or kb forget {here[0].name} first",
        )
    alike = {state.name for state in sources if state.name.lower() == identity.name.lower()}
    if alike and identity.name not in alike:  # a host does not tell the two apart, nor do filters
        raise SourceError(
            f"{identity.name} is stored as {min(alike)}", "give the name as it is stored"
        )
    for state in sources:
        same = (state.name, state.kind, state.branch) == (
            identity.name,
            identity.kind,
            identity.branch,
        )
        if same:
            return identity, state
    return identity, None


def _effective_since(state: SourceState | None, since: datetime | None) -> datetime | None:
    """A stored bound stays unless an earlier one is asked for; the first run sets it."""
    if state is None:
        return since
    if since is None or state.since is None:
        return state.since
    return min(since, state.since)


def _complete(state: SourceState | None) -> bool:
    return state is not None and bool(state.cursor.get("complete"))


def _may_be_new(state: SourceState | None, bounds: Bounds, tip: str | None) -> bool:
    if state is None or tip is None or not _complete(state):
        return True
    return state.tip != tip or state.since != bounds.since


def _begin(
    archive: Archive,
    identity: Identity,
    state: SourceState | None,
    bounds: Bounds,
    enricher: Enricher | None,
) -> SourceState:
    """Bound and host are kept before anything is read, so that a run after a kill knows them; and
    until it ends a run is not complete: the next one relates what a killed one had only stored."""
    cursor: dict[str, Any] = dict(state.cursor if state else {}) | {"complete": False}
    if enricher is not None:
        cursor["github"] = enricher.location.removeprefix("github:")
    begun = SourceState(
        name=identity.name,
        kind=identity.kind,
        location=identity.location,
        branch=identity.branch,
        since=bounds.since,
        tip=state.tip if state else None,
        has_links=identity.url is not None,
        updated_at=state.updated_at if state else None,
        cursor=cursor,
        url=identity.url,
    )
    if begun != state:
        archive.put_source(begun)
    return begun


def _known(archive: Archive, identity: Identity, state: SourceState, *, alone: bool) -> Known:
    """`alone`: all that is stored of the repository is what the last run of this source read."""
    repo = identity.name
    details, failed = archive.details(repo), frozenset(archive.failures(repo))
    alone = alone and not details and not failed
    return Known(
        repo=repo,
        fingerprints=archive.fingerprints(repo),
        shas=archive.shas(repo),
        stands=partial(archive.stands, repo, identity.branch or identity.location),
        details=details,
        failed=failed,
        cursor=state.cursor.get("source", {}),
        outlines=partial(_outlines, archive, identity) if alone else None,
    )


def _outlines(archive: Archive, identity: Identity) -> list[Outline]:
    return [
        Outline(row.id, row.number, row.sha, row.title, None, row.author, row.merged_at)
        for row in archive.outlines(identity.name, identity.branch or identity.location)
    ]


def _finish(
    archive: Archive, state: SourceState, bounds: Bounds, tip: str | None, *, failed: int
) -> None:
    """A run with --until has not seen the tip: it is no complete one, and later runs look again."""
    now = datetime.now(UTC)
    seen = now if bounds.until is None else min(now, bounds.until)
    archive.put_source(
        replace(
            state,
            tip=tip,
            updated_at=max(seen, state.updated_at) if state.updated_at else seen,
            cursor=dict(state.cursor) | {"complete": bounds.until is None and failed == 0},
        )
    )


# --- showing ---------------------------------------------------------------------------------------


def _publish_rest(
    archive: Archive, backlog: Backlog, settle: Callable[[], None], *, changed: bool
) -> None:
    """Words of all at once, then titles, then whatever vectors are missing, newest first.

    `settle` relates the changes and ends the run's state, before the last of them are shown."""
    missing = backlog.missing()
    if not missing and not archive.has_pending() and not changed:
        settle()
        if not backlog.shown():
            backlog.publish()
        return
    from ingest.run import LONG

    if len(missing) < LONG:
        backlog.embed(KINDS, missing=missing)
        backlog.publish(meanwhile=settle)
        return
    settle()
    backlog.embed(("title",), phase="titles")
    backlog.publish()
    # Newest first, so what is recent is complete long before the rest.
    if backlog.embed(KINDS):
        backlog.publish()
