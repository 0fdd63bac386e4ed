"""Cold commands, end to end, and small increments, over a whole knowledge base (KB_BENCH_HOME).

Prints medians of alternating runs in seconds, beside what must hold. `git log --grep` on the same
clone is the yardstick of a search from the shell.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

RUNS = 7
QUERY = "server hangs after half an hour with context parallel"


def seconds(command: Sequence[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def medians(tasks: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Each task once a round, so that a slow minute of the machine hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(RUNS):
        for name, task in tasks.items():
            taken[name].append(task())
    return {name: statistics.median(values) for name, values in taken.items()}


def cold(home: Path, clone: Path | None) -> None:
    kb = str(Path(sys.executable).parent / "kb")
    environment = os.environ | {"KB_HOME": str(home)}
    commands = {
        "kb --help": ([kb, "--help"], "must 0.15"),
        "kb search --mode lexical": ([kb, "search", QUERY, "--mode", "lexical"], "must 0.15"),
        "kb search": ([kb, "search", QUERY], "must 0.5, goal 0.25"),
        "kb search --since": (
            [kb, "search", QUERY, "--since", "2026-01-01"],
            "a filter: at most 1.1",
        ),
        "kb search --module --risk": (
            [kb, "search", QUERY, "--risk", "core-path", "--level", "high"],
            "a filter: at most 1.1",
        ),
        "python -c pass": ([sys.executable, "-c", "pass"], ""),
    }
    if clone is not None:
        grep = ["git", "-C", str(clone), "log", "--grep", "context parallel", "-i", "-n", "10"]
        commands["git log --grep"] = (grep, "")
    found = medians(
        {name: (lambda c=c: seconds(c, environment)) for name, (c, _) in commands.items()}
    )
    for name, (_, bound) in commands.items():
        ratio = found[name] / found["kb search"]
        print(f"{name:<28} {found[name]:6.3f} s   {ratio:5.2f} of kb search   {bound}")


def increments(home: Path, clone: Path, repo: str) -> None:
    """Nothing new, one and ten new changes, each on a copy of the whole knowledge base."""
    kb = str(Path(sys.executable).parent / "kb")
    with tempfile.TemporaryDirectory() as folder:
        copy, growing = Path(folder) / "home", Path(folder) / "clone"
        shutil.copytree(home, copy)
        git("clone", "-q", "--bare", "--shared", str(clone), str(growing))
        branch = git("-C", str(growing), "symbolic-ref", "HEAD")
        tip = git("-C", str(growing), "rev-parse", "HEAD")
        environment = os.environ | {"KB_HOME": str(copy)}
        ingest = [kb, "ingest", str(growing), "--repo", repo, "--quiet"]
        seconds(ingest, environment)
        nothing = statistics.median(seconds(ingest, environment) for _ in range(RUNS))
        print(f"{'ingest, nothing new':<28} {nothing:6.3f} s   must 0.3")
        for count, bound in ((1, "must 5"), (10, "must 3, goal 1.5")):
            taken = []
            for _ in range(3):
                # As it was before they were merged: published without them, the tip before theirs.
                before = drop_newest(copy, repo, count)
                git("-C", str(growing), "update-ref", branch, before)
                seconds(ingest, environment)
                git("-C", str(growing), "update-ref", branch, tip)
                taken.append(seconds(ingest, environment))
            print(f"{f'ingest, {count} new':<28} {statistics.median(taken):6.3f} s   {bound}")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def drop_newest(home: Path, repo: str, count: int) -> str:
    """Makes the newest changes unknown again; returns the commit of the newest that stays."""
    with sqlite3.connect(home / "archive.sqlite3") as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(
            "DELETE FROM changes WHERE rowid IN"
            " (SELECT rowid FROM changes WHERE repo = ? ORDER BY merged_at DESC LIMIT ?)",
            (repo, count),
        )
        (sha,) = connection.execute(
            "SELECT sha FROM changes WHERE repo = ? ORDER BY merged_at DESC LIMIT 1", (repo,)
        ).fetchone()
    connection.close()
    return str(sha)


def main() -> int:
    home, clone = os.environ.get("KB_BENCH_HOME"), os.environ.get("KB_BENCH_CLONE")
    if not home:
        print("left out: KB_BENCH_HOME names no knowledge base")
        return 0
    cold(Path(home), Path(clone) if clone else None)
    if clone and (repo := os.environ.get("KB_BENCH_REPO")):
        increments(Path(home), Path(clone), repo)
    return 0


if __name__ == "__main__":
    sys.exit(main())
