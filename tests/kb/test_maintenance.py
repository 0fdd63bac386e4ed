"""Upkeep from the archive alone: what a new version reads otherwise is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stand_ins import HashEmbedder

from ingest.sources.jsonl import JsonlSource
from ingest.sync import sync
from kb.maintenance import analyze
from kb.settings import Settings
from kb.store.archive import Archive
from kb.types import Filters, SilentObserver

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "changes.jsonl"


def test_analyze_reads_digests_again_and_forgets_only_their_vectors(tmp_path: Path) -> None:
    settings, embedder = Settings(home=tmp_path), HashEmbedder()
    with Archive.open(tmp_path) as archive:
        sync(archive, JsonlSource(SAMPLE), settings, embedder, SilentObserver())
        record = next(iter(archive.iter_records(Filters(), limit=1)))
        older = replace(
            record, digest=replace(record.digest, comments=("Read by an old version.",))
        )
        archive.put_digests([older])
        embedder.encoded = 0
    outcome = analyze(settings, None, SilentObserver())
    assert (outcome.reread, outcome.levels_moved) == (1, 0)
    with Archive.open(tmp_path) as archive:
        read = archive.record(record.id)
        assert read is not None
        assert read.digest == record.digest
        missing = archive.missing_vectors(embedder=embedder.identity())
        assert [archive.by_rowids([item.rowid])[item.rowid].id for item in missing] == [record.id]
