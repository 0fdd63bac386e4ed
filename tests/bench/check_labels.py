"""Are our types and levels right? Compares them with labels given by hand.

    KB_MIRRORS=/folder/of/clones python tests/bench/check_labels.py [--list] [FILE]

FILE is labels.tsv (100 types in three repositories) where none is named; labels_levels.tsv has types and
levels in more. The folder holds clones (bare or not) as OWNER+NAME/repo, OWNER+NAME, OWNER/NAME or NAME.
Exit status 0: at least 0.9 of the types are right, and 0.8 of the levels where they are labelled; 1: fewer;
2: clones are missing, and which.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from kb.analysis.judge import analyse
from kb.patch import file_patches
from kb.types import Change, FileChange

LABELS = Path(__file__).with_name("labels.tsv")
GOAL = 0.9
LEVEL_GOAL = 0.8


def main(arguments: list[str]) -> int:
    folder = os.environ.get("KB_MIRRORS")
    if not folder:
        print("check_labels: KB_MIRRORS is not set: it names the folder of clones", file=sys.stderr)
        return 2
    named = [argument for argument in arguments if not argument.startswith("-")]
    labels = LABELS.parent / named[0] if named else LABELS
    rows = [
        line.split("\t")
        for line in labels.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    clones = {row[0]: find_clone(Path(folder), row[0]) for row in rows}
    missing = sorted(repo for repo, clone in clones.items() if clone is None)
    if missing:
        print(
            f"check_labels: NOT CHECKED, no clone of {', '.join(missing)} in {folder}",
            file=sys.stderr,
        )
        return 2
    total = Counter(row[0] for row in rows)
    right: Counter[str] = Counter()
    level_right: Counter[str] = Counter()
    for repo, sha, wanted, *level in rows:
        clone = clones[repo]
        assert clone is not None
        change = read_change(clone, repo, sha)
        found = analyse(change)
        fits = found.types[0] in wanted.split(",")
        level_fits = not level or found.level == level[0]
        right[repo] += fits
        level_right[repo] += level_fits
        if not (fits and level_fits) or "--list" in arguments:
            mark = "ok  " if fits and level_fits else "MISS"
            said = " ".join([",".join(found.types), *([found.level] if level else [])])
            print(
                f"{mark} {repo} {sha[:10]} {' '.join([wanted, *level])} <> {said}: {change.title[:80]}"
            )
    with_levels = any(len(row) > 3 for row in rows)
    for repo, count in total.items():
        levels = f", levels {level_right[repo]}" if with_levels else ""
        print(f"{repo}: types {right[repo]}{levels} of {count}")
    share = right.total() / len(rows)
    print(f"types right: {share:.2f} of {len(rows)} (goal {GOAL})")
    if not with_levels:
        return 0 if share >= GOAL else 1
    level_share = level_right.total() / len(rows)
    print(f"levels right: {level_share:.2f} of {len(rows)} (goal {LEVEL_GOAL})")
    return 0 if share >= GOAL and level_share >= LEVEL_GOAL else 1


def find_clone(folder: Path, repo: str) -> Path | None:
    owner, name = repo.split("/")
    for candidate in (
        folder / f"{owner}+{name}" / "repo",
        folder / f"{owner}+{name}",
        folder / owner / name,
        folder / name,
    ):
        for place in (candidate, candidate / ".git"):
            if (place / "HEAD").is_file():
                return place
    return None


def read_change(clone: Path, repo: str, sha: str) -> Change:
    """One commit as a change: a merge of a pull request against its first parent, titled by its body."""
    text = subprocess.run(
        ["git", f"--git-dir={clone}", "-c", "core.quotepath=false", "show", "-m", "--first-parent", "-M", "-p", "--no-ext-diff", "--no-textconv",
         "--no-color", "--format=%an%x00%ct%x00%B%x00", sha],
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8", "replace")  # fmt: skip
    author, seconds, message, diff = text.split("\0", 3)
    title, _, body = message.strip().partition("\n")
    if title.startswith("Merge pull request #"):
        title, _, body = body.strip().partition("\n")
    files = tuple(
        FileChange(
            file.path,
            file.status,
            file.additions,
            file.deletions,
            file.previous_path,
            file.binary,
            file.patch,
        )
        for file in (file_patches(diff) if "diff --" in diff else ())
    )
    return Change(
        id=f"{repo}@{sha}", repo=repo, number=None, sha=sha, title=title, body=body.strip(), author=author,
        merged_at=datetime.fromtimestamp(int(seconds), UTC), files=files,
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
