"""One ingest from the GitHub-shaped server into an archive, in a process that may be killed.

python github_run.py HOME URL [CLONE]
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from stand_ins import HashEmbedder, UnbuiltChroma

from ingest.sources.git_log import GitSource
from ingest.sources.github import Github, GithubEnricher, GithubSource
from ingest.sync import IngestResult, sync
from kb.settings import Settings
from kb.store import chroma_builder
from kb.store.archive import Archive
from kb.store.lock import writer_lock
from kb.types import Observer, SilentObserver


def run(
    home: Path, url: str, clone: Path | None = None, observer: Observer | None = None
) -> IngestResult:
    """`kb ingest` without a model and without Chroma's child processes."""
    github = Github("acme/relay", url)
    source = GithubSource(github) if clone is None else GitSource(clone, repo="acme/relay")
    enricher = None if clone is None else GithubEnricher(github)
    with (
        patch.object(chroma_builder, "ChromaBuilder", UnbuiltChroma),
        writer_lock(home),
        Archive.open(home) as archive,
    ):
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
