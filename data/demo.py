"""`make demo`: index this repository and the sample, show a search and two reports, say what is next.

Of this repository's week the brief: in whole it fills twenty screens, and nobody would see the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = "data/sample/changes.jsonl"
NEXT = """
Next (kb is .venv/bin/kb; `kb --help` lists everything):
  kb report week {week} -o week.html    that report as a page
  kb ingest PATH                          index another repository
  kb ui                                   open the web page (or: make ui)
  kb ingest PATH --github OWNER/NAME      add descriptions, labels and reviews (GITHUB_TOKEN)
  kb report --chat ollama:qwen3:8b        let a chat model write the prose
"""


def kb(*words: str) -> str:
    """Run one command as a user would; its answer, or the end of the demo."""
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli.main", *words], cwd=ROOT, stdout=subprocess.PIPE
    )
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout.decode()


def show(*words: str) -> None:
    shown = " ".join(f'"{word}"' if " " in word else word for word in words)
    print(f"\n$ kb {shown}\n", flush=True)
    print(kb(*words, "--quiet"), flush=True)


def last_day(repo: str) -> datetime:
    """Midnight (UTC) of the day of the newest indexed change."""
    repos = json.loads(kb("status", "--json"))["repos"]
    newest = next(row["until"] for row in repos if row["repo"] == repo)
    return datetime.fromisoformat(newest).replace(hour=0, minute=0, second=0)


def main() -> None:
    own = None
    has_history = (ROOT / ".git").exists() and not subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "-q", "--verify", "HEAD"], stdout=subprocess.DEVNULL
    ).returncode
    if has_history:
        own = json.loads(kb("ingest", ".", "--json"))["repo"]
    else:
        print("no .git here: the demo uses the sample alone")
    sample = json.loads(kb("ingest", SAMPLE, "--json"))["repo"]

    show("search", "worker hangs after half an hour", "--limit", "3", "--tz", "UTC")
    if own:
        until = last_day(own) + timedelta(days=1)
        since = until - timedelta(days=7)
        show(
            "report",
            "range",
            f"{since:%Y-%m-%d}",
            f"{until:%Y-%m-%d}",
            "--repo",
            own,
            "--tz",
            "UTC",
            "--brief",
        )
    week = last_day(sample).strftime("%G-W%V")
    show("report", "week", week, "--repo", sample, "--tz", "UTC")
    print(NEXT.format(week=week))


if __name__ == "__main__":
    main()
