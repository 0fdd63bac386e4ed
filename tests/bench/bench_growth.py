"""How time, memory and disk grow with the number of changes (KB_BENCH_HOME, KB_EVAL_FILE).

Knowledge bases of 1,000, 5,000 and 15,000 changes are made from the newest ones of KB_BENCH_HOME;
with KB_BENCH_100K set also one of 100,000, in which the history stands several times under other
names. Words, vectors and generation are made as by an ingest; nothing is read or embedded again.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np

from kb.evaluation import read_queries
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from kb.store import generations, manifest, vectors
from kb.store.archive import Archive
from kb.types import ChangeRecord, Filters

SIZES = (1_000, 5_000, 15_000)
LARGE = 100_000
BATCH = 500
RUNS = 5
QUERY = "server hangs after half an hour with context parallel"
COLD_LIMIT = {LARGE: 1.0}
RESIDENT = """
import resource, sys, time
from pathlib import Path
from kb.evaluation import read_queries
from kb.knowledge_base import KnowledgeBase
texts = [query.query for query in read_queries(Path(sys.argv[2]))]
with KnowledgeBase.open(Path(sys.argv[1]), resident=True) as knowledge_base:
    for text in texts[:20]:
        knowledge_base.search(text)
    for text in texts[20:]:
        started = time.perf_counter()
        knowledge_base.search(text)
        print((time.perf_counter() - started) * 1000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def copies(source: Archive) -> Iterator[tuple[ChangeRecord, ChangeRecord]]:
    """(record, the same under a name of its own), newest first, again and again."""
    for turn in count():
        for record in source.iter_records(Filters()):
            change = record.change
            if turn:
                repo = f"copy-{turn}/{change.repo.rpartition('/')[2]}"
                change = replace(change, id=change.id.replace(change.repo, repo, 1), repo=repo)
            yield record, replace(record, change=change)


def vectors_of(source: Archive, rowids: Sequence[int]) -> list[tuple[int, str, int, bytes]]:
    marks = ",".join("?" * len(rowids))
    return source.connection.execute(
        f"SELECT change, kind, chunk, vector FROM vectors WHERE change IN ({marks})", rowids
    ).fetchall()


def build(source: Archive, home: Path, size: int) -> float:
    """Makes a knowledge base of `size` changes; returns seconds."""
    started = time.perf_counter()
    found = manifest.read(source.home, source.generation())
    pairs = copies(source)
    with Archive.open(home) as archive:
        for _ in range(0, size, BATCH):
            batch = list(islice(pairs, min(BATCH, size)))
            archive.put_changes([made for _, made in batch])
            before = source.rowids([record.id for record, _ in batch])
            after = archive.rowids([made.id for _, made in batch], pending=True)
            place = {before[record.id]: after[made.id] for record, made in batch}
            archive.put_vectors(
                (
                    (place[rowid], kind, chunk, np.frombuffer(vector, vectors.STORED))
                    for rowid, kind, chunk, vector in vectors_of(source, list(place))
                ),
                embedder=found.embedder,
                dimension=found.dimension,
                done=[(rowid, kind) for rowid in place.values() for kind in vectors.KINDS],
            )
        generations.publish(archive, embedder=found.embedder, dimension=found.dimension)
    return time.perf_counter() - started


def size_of(folder: Path) -> float:
    """MiB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def cold(home: Path, *arguments: str) -> float:
    kb = str(Path(sys.executable).parent / "kb")
    taken = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(
            [kb, "--home", str(home), "search", QUERY, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def row(source: Archive, size: int, file: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        seconds = build(source, home, size)
        with KnowledgeBase.open(settings=Settings(home=home)) as knowledge_base:
            assert knowledge_base.count(Filters()) == size
        generation = home / "generations" / str(manifest.current(home))
        chroma = size_of(generation / "chroma")
        hybrid, lexical = cold(home), cold(home, "--mode", "lexical")
        printed = subprocess.run(
            [sys.executable, "-c", RESIDENT, str(home), str(file)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        *taken, memory = map(float, printed)
        p95 = statistics.quantiles(taken, n=20)[-1]
        most = COLD_LIMIT.get(size, 0.5)
        print(
            f"{size:>7} | {seconds:6.0f} s | archive {size_of(home) - size_of(generation):6.0f} MiB"
            f" | matrices {size_of(generation) - chroma:5.0f} MiB | Chroma {chroma:5.0f} MiB"
            f" | cold {hybrid:.2f} s (at most {most}), lexical {lexical:.2f} s"
            f" | resident median {statistics.median(taken):.0f} ms, p95 {p95:.0f} ms, {memory:.0f} MiB",
            flush=True,
        )
        return hybrid <= most


def main() -> int:
    home, file = os.environ.get("KB_BENCH_HOME"), os.environ.get("KB_EVAL_FILE")
    if not home or not file:
        print("left out: set KB_BENCH_HOME and KB_EVAL_FILE")
        return 0
    assert read_queries(Path(file))
    print("changes | built in (words, vectors, Chroma) | disk | search")
    sizes = [*SIZES, LARGE] if os.environ.get("KB_BENCH_100K") else SIZES
    with Archive.open(Path(home), readonly=True) as source:
        held = [row(source, size, Path(file)) for size in sizes]
    print(f"peak memory of this process: {peak():.0f} MiB")
    return 0 if all(held) else 1


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
