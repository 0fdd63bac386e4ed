"""Embedding the same texts: ours against `SentenceTransformer.encode` with its defaults, alternating.

The texts are what an ingest embeds, read from KB_BENCH_HOME (else from data/sample). Chroma's default
embedding function downloads its model at its first use; where it cannot, that is said and left out.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kb.analysis.digest import passages
from kb.embedders import BFLOAT16_INCREMENT, embedder_for
from kb.embedders.model_files import bundled_folder
from kb.settings import Settings
from kb.store.archive import Archive
from kb.types import Filters

TEXTS = int(os.environ.get("KB_BENCH_TEXTS", "600"))
RUNS = 3


def texts_of(home: Path) -> list[str]:
    with Archive.open(home, readonly=True) as archive:
        records = archive.select(Filters(), limit=TEXTS)
    return [p.text for record in records for p in passages(record.change, record.digest)][:TEXTS]


def sample_home(folder: str) -> Path:
    from ingest.sources.jsonl import JsonlSource
    from ingest.sync import ingest

    home = Path(folder) / "home"
    ingest(JsonlSource(Path("data/sample/changes.jsonl")), Settings(home=home))
    return home


def main() -> int:
    from sentence_transformers import SentenceTransformer

    with tempfile.TemporaryDirectory() as folder:
        named = os.environ.get("KB_BENCH_HOME")
        home = Path(named) if named else sample_home(folder)
        texts = texts_of(home)
        settings = Settings(home=Path(folder) / "empty")
        ours = embedder_for(settings, BFLOAT16_INCREMENT + 1)  # as a first ingest has it
    theirs = SentenceTransformer(str(bundled_folder()), device="cpu")
    tasks: dict[str, Callable[[], object]] = {
        "ours": lambda: ours.encode(texts),
        "SentenceTransformer.encode": lambda: theirs.encode(texts),
    }
    try:
        from chromadb.utils.embedding_functions import DefaultEmbeddingFunction

        chroma = DefaultEmbeddingFunction()
        chroma(texts[:1])
        tasks["Chroma's default"] = lambda: chroma(texts)
    except Exception as error:  # noqa: BLE001 - whatever keeps its download from working
        print(f"left out: Chroma's default embedding function ({type(error).__name__})")
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(RUNS):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            taken[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in taken.items()}
    for name, value in medians.items():
        print(
            f"{name:<28} {value:6.2f} s  {len(texts) / value:6.1f} texts a second"
            f"   ours / this = {medians['ours'] / value:.2f}"
        )
    a = ours.encode(texts)
    b = theirs.encode(texts, normalize_embeddings=True)
    print(f"lowest cosine {float(np.min(np.sum(a * b, axis=1))):.6f}   must 0.9998")
    return 0


if __name__ == "__main__":
    sys.exit(main())
