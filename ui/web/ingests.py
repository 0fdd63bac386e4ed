"""Starting an ingest as its own process, and seeing how far it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kb.errors import Locked, UsageError
from ui.web.ingest_runner import LOG, STATE

FOLDER = "web-ingest"
_BAR = re.compile(r"(?P<what>.*?):\s+(?P<percent>\d+)%\|.*?\|\s*(?P<rest>.*)")


@dataclass(frozen=True)
class Ingest:
    """The ingest that this home's pages started last."""

    command: tuple[str, ...]
    started: float
    progress: str
    running: bool
    code: int | None  # None: running, or its process ended without a word
    log: tuple[str, ...]  # the last lines

    @property
    def share(self) -> float:
        bar = _BAR.match(self.progress)
        return int(bar["percent"]) / 100 if bar else 0.0

    @property
    def words(self) -> str:
        bar = _BAR.match(self.progress)
        return f"{bar['what']} · {bar['rest']}" if bar else self.progress


def allowed() -> bool:
    """A page that others use too can be told not to index anything (KB_WEB_INGEST=off)."""
    return os.environ.get("KB_WEB_INGEST", "on") != "off"


def last(home: Path) -> Ingest | None:
    folder = home / FOLDER
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    try:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()[-200:]
    except OSError:
        lines = []
    running = state["code"] is None and _alive(int(state["pid"]))
    return Ingest(
        tuple(state["command"]), float(state["started"]), str(state["progress"]), running,
        state["code"], tuple(lines),
    )  # fmt: skip


def start(home: Path, config: Path | None, arguments: list[str]) -> None:
    """Run `kb ARGUMENTS` detached. Locked if one that a page started still runs."""
    known = last(home)
    if known is not None and known.running:
        raise Locked("an ingest is running already", "wait until it has finished")
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STATE).unlink(missing_ok=True)
    command = [sys.executable, "-P", "-m", "ui.cli.main", "--home", str(home)]
    if config is not None:
        command += ["--config", str(config)]
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "ui.web.ingest_runner", str(folder), "--", *command, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    for _ in range(50):  # until the runner has said that it lives
        if (folder / STATE).exists() or process.poll() is not None:
            break
        time.sleep(0.1)


def arguments_for(location: str, repo: str, since: str) -> list[str]:
    """`ingest` with what the form says; nothing typed can become another option."""
    location, repo = location.strip(), repo.strip()
    if not location:
        raise UsageError("a folder or github:owner/name is needed")
    for value in (location, repo, since):
        if value.startswith("-") or "\n" in value or "\0" in value:
            raise UsageError(f"not a place to read from: {value!r}")
    chosen = ["ingest"]
    if repo:
        chosen += ["--repo", repo]
    if since:
        chosen += ["--since", since]
    return [*chosen, "--", location]


def _alive(pid: int) -> bool:
    """Whether the runner still runs; a process number may belong to another one by now."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        ended = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    zombie = ended.rpartition(")")[2].split()[:1] == ["Z"]
    return b"ingest_runner" in words and not zombie
