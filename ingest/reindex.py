"""The indexes again from the archive alone: nothing is fetched, only missing vectors are made."""

from __future__ import annotations

from ingest.embedding import Backlog
from kb.settings import Settings
from kb.store.archive import Archive
from kb.store.generations import reindex as rebuild
from kb.store.lock import writer_lock
from kb.store.schema import must_exist
from kb.store.vectors import KINDS
from kb.types import Filters, Observer


def reindex(settings: Settings, observer: Observer) -> int:
    """Words, matrix and Chroma built anew with the settings' embedder; how many changes they hold."""
    must_exist(settings.home)
    with writer_lock(settings.home, "kb reindex"), Archive.open(settings.home) as archive:
        backlog = Backlog(archive, settings, observer)
        backlog.embed(KINDS)
        observer.phase("rebuild")
        rebuild(
            archive,
            embedder=backlog.identity,
            dimension=backlog.embedder(0).dimension,
            chroma_url=settings.chroma_url,
        )
        return archive.count(Filters())
