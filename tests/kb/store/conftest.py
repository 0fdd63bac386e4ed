"""Changes made by hand, and an archive of them that is published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kb.store import generations
from kb.store.archive import Archive
from kb.types import (
    Analysis,
    Change,
    ChangeRecord,
    Comment,
    Commit,
    Digest,
    FileChange,
    Flag,
    PullRequest,
    ReviewThread,
    Risk,
    Series,
    Size,
    Symbol,
    Term,
)

EMBEDDER = "all-MiniLM-L6-v2@53aa51172d14"
DIMENSION = 384
START = datetime(2026, 1, 1, tzinfo=UTC)


def make_record(number: int, **changes: object) -> ChangeRecord:
    """A change as an ingest stores it; every field that can hold something holds it."""
    sha = f"{number:07x}" + "ab" * 16 + "c"
    change = Change(
        id=f"acme/engine#{number}",
        repo="acme/engine",
        number=number,
        sha=sha,
        title=f"Fix the cache of part {number} (#{number})",
        body=f"The cache of part {number} was never cleared.\n\nIt grew by 3 MB an hour. 修复缓存泄漏",
        author="Ann Lee" if number % 2 else "Bo-Chen",
        merged_at=START + timedelta(days=number),
        url=f"https://github.com/acme/engine/pull/{number}",
        labels=("bug", "Cache"),
        files=(
            FileChange("src/engine/cache.py", "modified", 3, 1, patch="@@ -1 +1,3 @@\n-a\n+b\n"),
            FileChange("docs/cache.md", "renamed", previous_path="docs/old.md"),
            FileChange("logo.png", "added", binary=True, seen=False, reason="binary"),
        ),
        commits=(Commit(f"{number:07x}" + "12" * 16 + "3", "part one", "Ann Lee"),),
        reviews=(ReviewThread("src/engine/cache.py", False, (Comment("bo", "Why not LRU?"),)),),
        linked_issues=("acme/engine#900",),
        aliases=(f"acme/engine@{sha}",),
        pull_request=PullRequest("Fix the cache", "annlee", START + timedelta(days=number)),
        described=True,
        fingerprint=f"first-{number}",
    )
    digest = Digest(
        text="1 source file",
        symbols_added=(Symbol("clear_cache", "function", "src/engine/cache.py", 4),),
        flags=(Flag("--cache-size", "flag", "src/engine/cache.py", 9, default="8"),),
        files_by_role={"source": ("src/engine/cache.py",), "docs": ("docs/cache.md",)},
        comments=("Clears what nobody asked for.",),
        description=f"The cache of part {number} was never cleared. 修复缓存泄漏",
        metrics=("It grew by 3 MB an hour.",),
        not_seen=(("logo.png", "binary"),),
    )
    analysis = Analysis(
        types=("bugfix",) if number % 3 else ("feature", "docs"),
        importance=float(number % 10),
        raw=number / 10,
        level=("high", "medium", "low")[number % 3],
        terms=(Term("added_source", 1.5, {"lines": "3"}),),
        modules=("cache", "engine"),
        risks=(Risk("missing-tests", "no test", path="src/engine/cache.py", line=4),),
        size=Size(source_added=3, source_removed=1, source_files=1, files=3, additions=3),
        bot=number % 5 == 0,
        series=Series("part", "Parts", number, 9),
        analysed_at=START,
    )
    return ChangeRecord(replace(change, **changes), digest, analysis)  # type: ignore[arg-type]


def unit_rows(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def put_random_vectors(archive: Archive, kinds: tuple[str, ...] = ("title",), seed: int = 0) -> int:
    missing = archive.missing_vectors(kinds, embedder=EMBEDDER)
    rows = unit_rows(len(missing) * len(kinds), seed)
    pairs = [(item.rowid, kind) for item in missing for kind in item.kinds]
    return archive.put_vectors(
        ((rowid, kind, 0, row) for (rowid, kind), row in zip(pairs, rows, strict=False)),
        embedder=EMBEDDER,
        dimension=DIMENSION,
        done=pairs,
    )


def publish(archive: Archive) -> None:
    generations.publish(archive, embedder=EMBEDDER, dimension=DIMENSION)


@pytest.fixture
def made() -> SimpleNamespace:
    """What tests make: changes, vectors, generations."""
    return SimpleNamespace(
        embedder=EMBEDDER,
        dimension=DIMENSION,
        start=START,
        record=make_record,
        rows=unit_rows,
        vectors=put_random_vectors,
        publish=publish,
    )


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def shown(archive: Archive) -> Archive:
    """Changes 1 to 12, shown without any vector: the pointer is written by hand."""
    from kb.store import manifest

    archive.put_changes([make_record(number) for number in range(1, 13)])
    manifest.swap(archive.home, 1)
    return archive
