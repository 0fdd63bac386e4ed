"""`make bench`: every benchmark in turn, each as ratios measured in one run.

What a part needs is read from the environment; a part that lacks it says so and is left out.

    KB_BENCH_CLONE    a git clone to read, ingest and compare on
    KB_BENCH_REPO     its owner/name
    KB_BENCH_HOME     a knowledge base of the whole clone, for search and cold starts
    KB_BENCH_COMMITS  how many of the newest changes the ingest is compared on (default 1000)
    KB_BENCH_100K     set: how things grow is shown up to 100,000 changes (a quarter of an hour more)
    KB_EVAL_FILE      questions with known answers over KB_BENCH_HOME
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    folder = Path(__file__).resolve().parent
    failed = []
    for script in sorted([*folder.glob("bench_*.py"), *folder.glob("check_*.py")]):
        print(f"\n== {script.stem}", flush=True)
        if subprocess.run([sys.executable, str(script)], cwd=folder.parent.parent).returncode:
            failed.append(script.stem)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
