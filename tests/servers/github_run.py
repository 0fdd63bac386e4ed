"""One ingest from the GitHub-shaped server into an archive, in a process that may be killed.

python github_run.py HOME URL [CLONE]
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from ingest.sources.git_log import GitSource
from ingest.sources.github import Github, GithubEnricher, GithubSource
from ingest.sync import IngestResult, sync
from kb.settings import Settings
from kb.store import generations
from kb.store.archive import Archive
from kb.store.lock import writer_lock
from kb.types import Observer, SilentObserver


class HashEmbedder:
    """Vectors from hashes: no model is loaded."""

    name, revision, dimension = "hash", "1", 16

    def identity(self) -> str:
        return "hash@1"

    def encode(self, texts: Sequence[str]) -> Any:
        rows = [np.frombuffer(hashlib.sha256(t.encode()).digest()[:16], np.uint8) for t in texts]
        found = np.array(rows, dtype=np.float32).reshape(-1, 16) - 127.5
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def encode_query(self, text: str) -> Any:
        return self.encode([text])[0]


def run(
    home: Path, url: str, clone: Path | None = None, observer: Observer | None = None
) -> IngestResult:
    """`kb ingest` without a model and without Chroma's child processes."""
    generations._chroma_process = lambda *_: nullcontext(lambda: None)  # type: ignore[assignment, attr-defined]
    github = Github("acme/relay", url)
    source = GithubSource(github) if clone is None else GitSource(clone, repo="acme/relay")
    enricher = None if clone is None else GithubEnricher(github)
    with writer_lock(home), Archive.open(home) as archive:
        return sync(
            archive,
            source,
            Settings(home=home),
            HashEmbedder(),
            observer or SilentObserver(),
            enricher=enricher,
        )


if __name__ == "__main__":
    home, url, *clone = sys.argv[1:]
    run(Path(home), url, Path(clone[0]) if clone else None)
