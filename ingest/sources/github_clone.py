"""A bare clone of our own under the knowledge base: where `kb ingest owner/name` takes diffs from.

The key goes to git by its environment, for this one address: it stands in no argument, no file of the
clone and no message.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.sources.github_hosts import Endpoint, Token, hide
from kb.errors import SourceError
from kb.types import Observer

LIMIT_S = 3_600.0


def clone_folder(home: Path, name: str) -> Path:
    """Where the clone of `owner/name` lies."""
    owner, _, repository = name.partition("/")
    return home / "clones" / owner / f"{repository}.git"


def cloned(
    name: str, endpoint: Endpoint, token: Token | None, home: Path, observer: Observer
) -> Path:
    """The clone, made or brought up to date. Raises SourceError with git's own words."""
    folder = clone_folder(home, name)
    environment = _environment(os.environ, endpoint, token)
    if (folder / "HEAD").is_file():
        observer.phase("fetch")
        command = [
            "git",
            f"--git-dir={folder}",
            "fetch",
            "--quiet",
            "--prune",
            "--no-auto-maintenance",
        ]
        _run([*command, "origin", "+refs/heads/*:refs/heads/*"], name, environment, token)
        return folder
    observer.phase("clone")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    folder.parent.mkdir(parents=True, exist_ok=True)
    address = f"{endpoint.web}/{name}.git"
    try:
        _run(
            [
                "git",
                "clone",
                "--quiet",
                "--bare",
                "--single-branch",
                "--no-tags",
                "--",
                address,
                str(part),
            ],
            name,
            environment,
            token,
        )
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _run(
    command: Sequence[str], name: str, environment: Mapping[str, str], token: Token | None
) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError as exc:
        raise SourceError("git is not installed", "apt-get install git") from exc
    except subprocess.TimeoutExpired as exc:
        raise SourceError(f"git took longer than {LIMIT_S:.0f} s for {name}", "try again") from exc
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = hide(lines[-1], token)[:200] if lines else f"exit status {done.returncode}"
        if "could not read Username" in why or "not found" in why.lower():
            why = "there is none, or it is private"
        raise SourceError(
            f"no clone of {name}: {why}",
            "check the name; a private repository needs GITHUB_TOKEN"
            if token is None
            else f"kb ingest github:{name} (by the API alone)",
        )


def _environment(
    environ: Mapping[str, str], endpoint: Endpoint, token: Token | None
) -> dict[str, str]:
    """The user's, without a prompt, and with the key for this host where there is one."""
    found = {**environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "LC_ALL": "C"}
    settings = [("protocol.ext.allow", "never"), ("core.hooksPath", os.devnull)]
    if token is not None:
        pair = base64.b64encode(f"x-access-token:{token.value}".encode()).decode()
        settings.append((f"http.{endpoint.web}/.extraHeader", f"Authorization: Basic {pair}"))
    count = int(environ.get("GIT_CONFIG_COUNT") or 0)
    for index, (key, value) in enumerate(settings, count):
        found[f"GIT_CONFIG_KEY_{index}"], found[f"GIT_CONFIG_VALUE_{index}"] = key, value
    found["GIT_CONFIG_COUNT"] = str(count + len(settings))
    return found
