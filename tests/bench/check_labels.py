"""Are our types right? Compares them with 100 types given by hand (labels.tsv), in three repositories.

    KB_MIRRORS=/folder/of/clones python tests/bench/check_labels.py [--list]

The folder holds clones (bare or not) as OWNER+NAME/repo, OWNER+NAME, OWNER/NAME or NAME. Exit status
0: at least 0.9 right; 1: fewer; 2: clones are missing, and which.
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


def main(arguments: list[str]) -> int:
    folder = os.environ.get("KB_MIRRORS")
    if not folder:
        print("check_labels: KB_MIRRORS is not set: it names the folder of clones", file=sys.stderr)
        return 2
    rows = [
        line.split("\t")
        for line in LABELS.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    clones = {repo: find_clone(Path(folder), repo) for repo, _, _ in rows}
    missing = sorted(repo for repo, clone in clones.items() if clone is None)
    if missing:
        print(
            f"check_labels: NOT CHECKED, no clone of {', '.join(missing)} in {folder}",
            file=sys.stderr,
        )
        return 2
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for repo, sha, wanted in rows:
        clone = clones[repo]
        assert clone is not None
        change = read_change(clone, repo, sha)
        found = analyse(change).types
        total[repo] += 1
        right[repo] += found[0] in wanted.split(",")
        if found[0] not in wanted.split(",") or "--list" in arguments:
            mark = "ok  " if found[0] in wanted.split(",") else "MISS"
            print(f"{mark} {repo} {sha[:10]} {wanted} <> {','.join(found)}: {change.title[:80]}")
    for repo, count in total.items():
        print(f"{repo}: {right[repo]} of {count}")
    share = sum(right.values()) / sum(total.values())
    print(f"types right: {share:.2f} of {sum(total.values())} (goal {GOAL})")
    return 0 if share >= GOAL else 1


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
