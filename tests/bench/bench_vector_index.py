"""Chroma against the exact scan: p50, p95 and recall at the size of a busy repository.

    python tests/bench/bench_vector_index.py [CHANGES] [QUESTIONS]

Three kinds of vectors a change, each question asks all three; rows lie near a surface of few
dimensions, as texts of one repository do. Prints one line a case; lower is better but for recall.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from kb.embedders import identity_for
from kb.settings import Settings
from kb.store import generations, manifest, vectors
from kb.store.archive import Archive
from kb.store.vector_index import VectorIndex, open_index

DIMENSION, INNER = 384, 48
KINDS = vectors.KINDS
LIMIT = 100


def rows_of(count: int, rng: np.random.Generator, surface: np.ndarray) -> np.ndarray:
    rows = rng.normal(size=(count, INNER)) @ surface + 0.3 * rng.normal(size=(count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def build(home: Path, changes: int) -> Settings:
    """An archive with vectors of changes that hold nothing else."""
    settings = Settings(home=home)
    rng = np.random.default_rng(1)
    surface = rng.normal(size=(INNER, DIMENSION))
    with Archive.open(home) as archive:
        with archive.writing() as connection:
            connection.execute("INSERT INTO authors (author, name, words) VALUES (1, 'a', ' a ')")
            connection.executemany(
                "INSERT INTO changes (id, repo, sha, author, merged_at, importance, raw, level,"
                " bot, generation, fingerprint) VALUES (?, 'a/b', ?, 1, ?, 5, 5, 'low', 0, 1, '')",
                ((f"a/b#{number}", f"{number:040x}", number * 3600) for number in range(changes)),
            )
        for kind in KINDS:
            rows = rows_of(changes, rng, surface)
            archive.put_vectors(
                ((rowid + 1, kind, 0, row) for rowid, row in enumerate(rows)),
                embedder=identity_for(settings),
                dimension=DIMENSION,
            )
        for step in ("first generation", "one with nothing new"):
            started = time.perf_counter()
            generations.publish(archive, embedder=identity_for(settings), dimension=DIMENSION)
            print(f"{step:38} {time.perf_counter() - started:8.2f} s")
    return settings


def measure(
    name: str, index: VectorIndex, oracle: VectorIndex, asked: np.ndarray, rowids: set[int] | None
) -> None:
    times, found, wanted = [], 0, 0
    index.search(asked[0], KINDS, LIMIT, rowids)
    for vector in asked:
        started = time.perf_counter()
        hits = index.search(vector, KINDS, LIMIT, rowids)
        times.append((time.perf_counter() - started) * 1000)
        expected = {hit[:2] for hit in oracle.search(vector, KINDS, LIMIT, rowids)}
        found += len(expected & {hit[:2] for hit in hits})
        wanted += len(expected)
    cuts = statistics.quantiles(times, n=20)
    print(f"{name:38} {cuts[9]:8.1f} ms {cuts[18]:8.1f} ms p95   recall {found / wanted:.4f}")


def main(changes: int = 15_471, questions: int = 60) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = build(Path(folder), changes)
        place = manifest.folder(settings.home, 2)
        size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
        print(f"{'a generation, per change':38} {size / changes / 1024:8.1f} KiB")
        rng = np.random.default_rng(2)
        matrix = np.load(place / "text.npy", mmap_mode="r")
        asked = matrix[rng.integers(changes, size=questions)] + 0.02 * rng.normal(
            size=(questions, DIMENSION)
        )
        asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
        opened: dict[str, VectorIndex] = {}
        for engine in ("exact", "chroma"):
            started = time.perf_counter()
            opened[engine] = open_index(settings, 2, engine)
            opened[engine].search(asked[0], KINDS, LIMIT)
            print(f"{engine + ': open and first question':38} {_ms(started):8.1f} ms")
        for share in (None, 0.5, 0.1, 0.02, 0.001):
            rowids = None
            if share is not None:
                chosen = rng.choice(changes, max(1, int(changes * share)), replace=False)
                rowids = {int(number) + 1 for number in chosen}
            for engine, index in opened.items():
                label = f"{engine}: {'no filter' if share is None else f'{share:.1%} allowed'}"
                measure(label, index, opened["exact"], asked, rowids)


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
