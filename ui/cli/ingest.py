"""`kb ingest`: bring a source into the knowledge base."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.errors import UsageError
from ui.cli.click_parts import option
from ui.cli.options import Common, emit, emit_json, json_option, tz_option
from ui.cli.options import command as kb_command

if TYPE_CHECKING:
    from ingest.sync import IngestResult


@kb_command("ingest")
@click.argument("source", required=False)
@option("--repo", metavar="OWNER/NAME", help="The repository's name, if the clone does not say.")
@option("--branch", help="Branch or ref (default: HEAD).")
@option("--github", metavar="OWNER/NAME", help="Take descriptions, labels and reviews from here.")
@option("--github-url", metavar="URL", help="GitHub Enterprise.")
@option("--max-wait", type=click.FloatRange(0), help="Seconds to wait for a rate limit.")
@option("--since", metavar="TIME", help="Only what was merged at this time or later (kept).")
@option("--until", metavar="TIME", help="Only what was merged before this time (this run).")
@option("--all", "every", is_flag=True, help="Every source that is stored.")
@tz_option
@json_option
def command(
    common: Common,
    source: str | None,
    repo: str | None,
    branch: str | None,
    github: str | None,
    github_url: str | None,
    max_wait: float | None,
    since: str | None,
    until: str | None,
    every: bool,
    tz: str | None,
    as_json: bool,
) -> int:
    """Index SOURCE: a git clone, owner/name, github:owner/name, or a file of changes (.jsonl).

    What is new since the last run is read; an interrupted run goes on where it stopped.
    """
    if every == bool(source):  # an empty word is no folder
        raise UsageError("give one source, or --all", "kb ingest PATH, or kb ingest --all")
    if every:
        if any(word is not None for word in (repo, branch, github, github_url, since, until)):
            raise UsageError(
                "--all reads every source as it is stored", "kb ingest SOURCE with these options"
            )
        from ui.cli.update import update_all

        return update_all(common, fetch=False, as_json=as_json)
    from ingest.sources.located import located
    from ingest.sync import ingest
    from kb.periods import between, parse_time

    changes = {"tz": tz, "github.url": github_url, "github.max_wait": max_wait}
    settings = common.settings(changes)
    now = datetime.now(UTC)
    begin = None if since is None else parse_time(since, settings.tz, now)
    end = None if until is None else parse_time(until, settings.tz, now)
    if begin and end:
        between(begin, end, settings.tz)
    assert source is not None
    results = []
    with common.observer() as observer:
        for name in _names(source, repo):
            found, enricher = located(
                source, settings, repo=name, branch=branch, github=github, observer=observer
            )
            results.append(
                ingest(found, settings, observer, since=begin, until=end, enricher=enricher)
            )
            if not as_json:
                say(results[-1], as_json)
    if as_json and len(results) == 1:
        say(results[0], as_json)
    elif as_json:
        emit_json({"sources": [as_object(result) for result in results]})
    return 0


def _names(source: str, repo: str | None) -> Sequence[str | None]:
    """A file of changes may hold several repositories: all of them, where none is named."""
    path = Path(source).expanduser()
    if repo is not None or not path.is_file():
        return (repo,)
    from ingest.sources.jsonl import repositories

    names = repositories(path)
    return names if len(names) > 1 else (None,)


def say(result: IngestResult, as_json: bool) -> None:
    if as_json:
        emit_json(as_object(result))
        return
    emit(
        f"{result.repo}: {result.new} new, {result.updated} updated, {result.unchanged} unchanged"
        + (f", {result.stale} stale" if result.stale else "")
        + (f", {result.failed} failed (tried again next time)" if result.failed else "")
        + f" in {result.took_ms / 1000:.1f} s"
    )


def as_object(result: IngestResult) -> dict[str, object]:
    names = ("repo", "new", "updated", "unchanged", "stale", "failed", "took_ms")
    return {name: getattr(result, name) for name in names}
