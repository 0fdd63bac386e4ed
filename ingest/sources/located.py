"""From what a user names to a source: a path, a file of changes, or a repository on GitHub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.sources.git_log import GitSource
from kb.errors import SourceError, UsageError

if TYPE_CHECKING:
    from ingest.sources.interface import Enricher, Source
    from kb.settings import Settings
    from kb.types import FileChange, Observer, SourceState

NAME = re.compile(r"(?P<prefix>github:)?(?P<name>[A-Za-z0-9][\w.-]*/[\w.-]+)")


def located(
    source: str,
    settings: Settings,
    *,
    repo: str | None = None,
    branch: str | None = None,
    github: str | None = None,
    observer: Observer,
) -> tuple[Source, Enricher | None]:
    """The source that `source` names, and the host that describes its changes, if any.

    Raises UsageError or SourceError with a hint where it names nothing.
    """
    path = Path(source).expanduser()
    if path.is_file():
        from ingest.sources.jsonl import JsonlSource

        if branch or github:
            raise UsageError(f"{source} is a file of changes: it has no branch and no GitHub part")
        return JsonlSource(path, repo=repo), None
    if path.exists():
        clone = GitSource(path, branch=branch, repo=repo or github, keep=_trimmed)
        return clone, enricher_for(github, settings, observer) if github else None
    if found := NAME.fullmatch(source):
        from ingest.sources.github import own_clone, source_for

        if found["prefix"]:
            return source_for(found["name"], settings, observer), None
        return own_clone(found["name"], settings, branch=branch, observer=observer)
    raise SourceError(
        f"no such folder or repository: {source}", "kb ingest PATH, or kb ingest owner/name"
    )


def again(
    state: SourceState, settings: Settings, *, fetch: bool, observer: Observer
) -> tuple[Source, Enricher | None]:
    """A stored source, ready to be read once more; a clone is fetched first where `fetch` says so."""
    if state.kind == "jsonl":
        from ingest.sources.jsonl import JsonlSource

        return JsonlSource(Path(state.location), repo=state.name), None
    if state.kind == "github":
        from ingest.sources.github import source_for

        return source_for(state.name, settings, observer), None
    if fetch and _is_own_clone(state, settings):
        from ingest.sources.github import own_clone

        return own_clone(state.name, settings, branch=state.branch, observer=observer)
    clone = GitSource(Path(state.location), branch=state.branch, keep=_trimmed)
    if fetch:
        from ingest.sources.git_fetch import fetch as git_fetch

        for note in git_fetch(clone.repository):
            observer.note(note)
    github = state.cursor.get("github")
    return clone, enricher_for(str(github), settings, observer) if github else None


def _trimmed(files: tuple[FileChange, ...]) -> tuple[FileChange, ...]:
    """What is kept of a diff; its rules are read when there is one."""
    from ingest.trim import trim_files

    return trim_files(files)


def _is_own_clone(state: SourceState, settings: Settings) -> bool:
    """A clone that we made under the knowledge base is fetched with the token that it was made with."""
    from ingest.sources.github_clone import clone_folder

    return Path(state.location) == clone_folder(settings.home, state.name)


def enricher_for(github: str, settings: Settings, observer: Observer) -> Enricher:
    from ingest.sources.github import enricher_for as github_enricher

    return github_enricher(github, settings, observer)
