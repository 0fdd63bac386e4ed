"""Changes are prepared in their order, on as many processes as there are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.sources.interface import Checkpoint
from ingest.workers import Preparation, prepare_one
from kb.analysis.context import NO_CONTEXT
from kb.settings import AnalysisSettings
from kb.types import Change, ChangeRecord, FileChange


def change(number: int) -> Change:
    patch = f"@@ -0,0 +1 @@\n+def f{number}(): pass"
    return Change(
        id=f"o/n#{number}",
        repo="o/n",
        number=number,
        sha=f"{number:040}",
        title=f"Change {number}",
        body="",
        author="Ada",
        merged_at=datetime(2026, 1, 1, tzinfo=UTC),
        files=(FileChange("src/a.py", "modified", 1, 0, patch=patch),),
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_order_and_checkpoints_are_kept(workers: int) -> None:
    mark = Checkpoint({"page": 1})
    items: list[object] = [change(1), mark, *(change(number) for number in range(2, 30))]
    preparation = Preparation(AnalysisSettings(), NO_CONTEXT, workers)
    try:
        found = list(preparation.map(items))
    finally:
        preparation.close()
    assert found.pop(1) == mark
    assert [pair[1].id for pair in found] == [f"o/n#{number}" for number in range(1, 30)]  # type: ignore[index]


def test_a_worker_that_dies_costs_no_change() -> None:
    preparation = Preparation(AnalysisSettings(), NO_CONTEXT, 1)
    try:
        preparation._workers[0].kill()
        ((_, record),) = preparation.map([change(1)])  # type: ignore[misc]
    finally:
        preparation.close()
    assert isinstance(record, ChangeRecord)


def test_a_change_that_cannot_be_digested_gives_a_reason() -> None:
    broken = change(1)
    object.__setattr__(broken, "files", (None,))
    found = prepare_one(broken, AnalysisSettings(), NO_CONTEXT)
    assert isinstance(found, str)
    assert found.startswith("AttributeError")
