"""Upkeep from the archive alone: what a new version reads otherwise is read again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from stand_ins import HashEmbedder

from ingest.sources.jsonl import JsonlSource
from ingest.sync import ingest, sync
from kb.analysis.digest import digest
from kb.knowledge_base import KnowledgeBase
from kb.maintenance import analyze
from kb.settings import Settings
from kb.store import chroma_index, manifest
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


def test_analyze_reads_again_what_a_file_is(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with Archive.open(tmp_path) as archive:
        sync(archive, JsonlSource(SAMPLE), settings, HashEmbedder(), SilentObserver())
        record = next(iter(archive.iter_records(Filters(), limit=1, patches=True)))
        files = tuple(replace(file, role="docs") for file in record.change.files)
        older = replace(record.change, files=files, fingerprint="of an old version")
        archive.put_changes([replace(record, change=older, digest=digest(older))])
    analyze(settings, None, SilentObserver())
    with Archive.open(tmp_path) as archive:
        read = archive.record(record.id)
        assert read is not None
        assert [file.role for file in read.change.files] == [
            file.role for file in record.change.files
        ]
        assert read.digest == record.digest


def test_doctor_sees_that_chroma_lacks_vectors(writable_home: Path) -> None:
    def index() -> tuple[bool, str]:
        with KnowledgeBase.open(settings=Settings(home=writable_home)) as knowledge_base:
            (found,) = [check for check in knowledge_base.doctor() if check.name == "index"]
            return found.ok, found.hint

    assert index() == (True, "")
    folder = manifest.folder(writable_home, manifest.current(writable_home))
    client = chroma_index.open_client(folder / "chroma")
    diffs = chroma_index.collection(client, "diff")
    diffs.delete(ids=diffs.get(limit=1)["ids"])
    client.close()
    assert index() == (False, "kb reindex")


def test_changes_that_read_alike_are_no_disagreement(sample_path: Path, tmp_path: Path) -> None:
    first, *lines = sample_path.read_text("utf-8").splitlines()
    alike = [json.dumps(json.loads(line) | {"title": "Update release notes"}) for line in lines]
    source = tmp_path / "alike.jsonl"
    source.write_text("\n".join([first, *alike, ""]), "utf-8")
    settings = Settings(home=tmp_path / "home")
    ingest(JsonlSource(source), settings)
    with KnowledgeBase.open(settings=settings) as knowledge_base:
        (found,) = [check for check in knowledge_base.doctor() if check.name == "index"]
    assert (found.ok, found.hint) == (True, "")


def test_a_home_on_a_full_disk_is_read_without_chroma_which_writes(
    writable_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def engine() -> str:
        with KnowledgeBase(Settings(home=writable_home), resident=True) as knowledge_base:
            return knowledge_base.search("lost jobs").engine

    assert engine() == "chroma"
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    assert engine() == "exact"
