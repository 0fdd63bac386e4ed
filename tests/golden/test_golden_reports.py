"""The sample's reports as they are sent on, word by word: what changes in them is read in review.

GOLDEN=write renews the folder after a change that is meant.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.sources.jsonl import JsonlSource
from ingest.sync import sync
from kb.embedders.light import LightEmbedder
from kb.knowledge_base import KnowledgeBase
from kb.periods import period_from
from kb.report.renderers import render
from kb.report.request import ReportRequest
from kb.settings import Settings
from kb.store.archive import Archive
from kb.store.lock import writer_lock
from kb.types import SilentObserver

FOLDER = Path(__file__).parent / "sample"
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory, sample_path: Path):
    """Vectors by the light embedder: in bf16, as some machines have it, other changes are nearest."""
    settings = Settings(home=tmp_path_factory.mktemp("golden") / "home", tz="UTC")
    with writer_lock(settings.home), Archive.open(settings.home) as archive:
        sync(archive, JsonlSource(sample_path), settings, LightEmbedder(), SilentObserver())
    with KnowledgeBase.open(settings=settings) as opened:
        yield opened


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("kind", "words"), [("week", "2026-W44"), ("day", "2026-10-27")])
def test_a_report_reads_as_it_did(knowledge, kind: str, words: str, lang: str) -> None:
    request = ReportRequest(
        kind=kind,
        made_at=NOW,
        tz="UTC",
        period=period_from(kind, (words,), "UTC", NOW),
        lang=lang,
    )
    read_at = knowledge.sources()[0].updated_at
    text = render(knowledge.report(request), "md").replace(f"{read_at:%Y-%m-%d %H:%M}", "…")
    expected = FOLDER / f"{kind}.{lang}.md"
    if os.environ.get("GOLDEN") == "write":
        FOLDER.mkdir(exist_ok=True)
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
