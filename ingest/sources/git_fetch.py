"""`git fetch` before an update: what the remote has, without touching anybody's branches.

Unlike reading, fetching runs with the user's own configuration: credentials and proxies live there.
"""

from __future__ import annotations

import os
import subprocess

from ingest.sources.git_process import Repository
from kb.errors import SourceError

LIMIT_S = 900.0


def fetch(repository: Repository) -> tuple[str, ...]:
    """Fetch from `origin`; returns lines for stderr. A clone without a remote is left as it is.

    A bare clone has no branches of its own: its heads move forward (never back, so a rewritten
    branch is refused). In a clone with a work tree only the remote's branches move.
    Raises SourceError with git's own words where the fetch fails.
    """
    if not repository.answer("config", "--get", "remote.origin.url"):
        return ()
    refspecs = ["refs/heads/*:refs/heads/*"] if _is_bare(repository) else []
    command = [
        "git",
        f"--git-dir={repository.git_dir}",
        "fetch",
        "--quiet",
        "--no-auto-maintenance",
    ]
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            [*command, "origin", *refspecs],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as exc:
        raise SourceError(f"git fetch in {repository.folder} took too long", "try again") from exc
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = lines[-1] if lines else f"exit status {done.returncode}"
        raise SourceError(
            f"git fetch in {repository.folder} failed: {why}",
            "kb update --no-fetch   (indexes what is there)",
        )
    return () if refspecs else _behind(repository)


def _is_bare(repository: Repository) -> bool:
    configured = repository.answer("config", "--get", "remote.origin.fetch")
    return repository.bare and (configured is None or configured.startswith("refs/heads/"))


def _behind(repository: Repository) -> tuple[str, ...]:
    """A note where the checked-out branch lags behind what was fetched for it."""
    branch = repository.answer("symbolic-ref", "-q", "--short", "HEAD")
    upstream = branch and repository.answer(
        "rev-parse", "-q", "--abbrev-ref", "--end-of-options", f"{branch}@{{upstream}}"
    )
    if not upstream:
        return ()
    upstream = upstream.splitlines()[-1]  # some versions of git repeat --end-of-options first
    count = repository.answer("rev-list", "--count", "--end-of-options", f"{branch}..{upstream}")
    if not count or count == "0":
        return ()
    return (
        f"{branch} is behind {upstream} by {count}: git pull, "
        f"or kb ingest {repository.folder} --branch {upstream}",
    )
