"""Which commits are changes, which belong to one, and what they are called: CONTRACT.md as a function.

A pull request merge M claims M^1..M. That set is found by painting down from both parents in
topological order, as git does for `M^1..M`, and stops where only M^1's side is left: the cost is the
distance to the merge base, not the length of the history. Merges are looked at oldest first, so
what an inner merge claims is gone when the outer one looks.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

# A number has at most nine digits, as in `kb show`: twenty fit into no column of the archive.
PR_MERGE = re.compile(r"Merge pull request #([0-9]{1,9}) from\b")
PR_NUMBER = re.compile(r"\(#([0-9]{1,9})\)\s*$")


class GraphCommit(NamedTuple):
    """A commit without its diff."""

    sha: str
    parents: tuple[str, ...]
    committed: int  # epoch seconds
    author: str
    title: str
    body: str


class PlannedChange(NamedTuple):
    """A change by identity; its diff is the one against the first parent of `sha`."""

    id: str
    number: int | None
    sha: str
    title: str
    body: str
    author: str
    committed: int
    commits: tuple[GraphCommit, ...]  # claimed, oldest first; empty where the change is one commit


def plan_changes(commits: Sequence[GraphCommit], repo: str) -> list[PlannedChange]:
    """Every change that `commits` make, newest first.

    `commits` come children before parents and otherwise newest first (git's --date-order).
    """
    claims = _claims(commits)
    claimed = {commit.sha for own in claims.values() for commit in own}
    by_sha = {commit.sha: commit for commit in commits}
    owned: set[int] = set()
    changes: list[PlannedChange] = []
    for commit in reversed(commits):  # oldest first: the first commit to carry N owns #N
        if commit.sha in claims:
            change = _merged(commit, claims[commit.sha], by_sha)
        elif commit.sha in claimed or len(commit.parents) > 1:
            continue
        else:
            change = _single(commit)
        owns = change.number is not None and change.number not in owned
        if change.number is not None:
            owned.add(change.number)
        name = f"{repo}#{change.number}" if owns else f"{repo}@{change.sha}"
        changes.append(change._replace(id=name))
    changes.reverse()
    changes.sort(key=lambda change: change.committed, reverse=True)  # stable: git's order in ties
    return changes


def plan_more(
    commits: Sequence[GraphCommit], tip: str, seen: str, repo: str, planned: Collection[str]
) -> list[PlannedChange] | None:
    """The changes of `commits`, which `tip` reaches and `seen` does not; `planned`: the ids of what
    `seen` reaches.

    None where that may be another plan by now: the first parents of `tip` do not lead to `seen`, a
    merge beside their line may claim older commits, a merge is of a branch that was seen, or a
    number is there already and the older of the two commits owns it.
    """
    parents = {commit.sha: commit.parents for commit in commits}
    line, at = {seen}, tip
    while at != seen:
        if not parents.get(at):
            return None
        line.add(at)
        at = parents[at][0]
    for commit in commits:
        if len(commit.parents) > 1 and PR_MERGE.match(commit.title):
            first, second = commit.parents[:2]
            if first not in line or second not in parents:
                return None
    root = GraphCommit(seen, (), 0, "", "", "")  # claims are counted from here
    found = [change for change in plan_changes([*commits, root], repo) if change.sha != seen]
    numbered = (f"{repo}#{change.number}" for change in found if change.number is not None)
    return None if any(name in planned for name in numbered) else found


def _merged(
    commit: GraphCommit, own: tuple[GraphCommit, ...], by_sha: dict[str, GraphCommit]
) -> PlannedChange:
    match = PR_MERGE.match(commit.title)
    assert match
    title, _, body = commit.body.lstrip("\n").partition("\n")
    branch = by_sha.get(commit.parents[1]) if len(commit.parents) > 1 else None
    return PlannedChange(
        "",
        int(match[1]),
        commit.sha,
        title.strip() or commit.title,
        body.strip("\n"),
        (branch or commit).author,
        commit.committed,
        own,
    )


def _single(commit: GraphCommit) -> PlannedChange:
    match = PR_NUMBER.search(commit.title)
    number = int(match[1]) if match else None
    return PlannedChange(
        "", number, commit.sha, commit.title, commit.body, commit.author, commit.committed, ()
    )


def _claims(commits: Sequence[GraphCommit]) -> dict[str, tuple[GraphCommit, ...]]:
    """sha of each pull request merge -> the commits that it claims, oldest first."""
    position = {commit.sha: place for place, commit in enumerate(commits)}
    parents = [
        tuple(position[parent] for parent in commit.parents if parent in position)
        for commit in commits
    ]
    merges = [place for place, commit in enumerate(commits) if PR_MERGE.match(commit.title)]
    taken = set(merges)
    claims: dict[str, tuple[GraphCommit, ...]] = {}
    for place in reversed(merges):
        own: list[int] = []
        if len(commits[place].parents) > 1 and commits[place].parents[0] in position:
            first, *others = parents[place]
            own = [found for found in _only(others, first, parents) if found not in taken]
            taken.update(own)
        claims[commits[place].sha] = tuple(commits[found] for found in sorted(own, reverse=True))
    return claims


def _only(starts: Iterable[int], excluded: int, parents: Sequence[tuple[int, ...]]) -> list[int]:
    """Places reachable from `starts` and not from `excluded`; a parent's place is after its child's."""
    paint = {excluded: False}  # place -> still only on the starts' side
    queue = [excluded]
    interesting = 0
    for start in starts:
        if start not in paint:
            paint[start] = True
            interesting += 1
            queue.append(start)
    heapq.heapify(queue)
    found: list[int] = []
    while interesting:
        place = heapq.heappop(queue)
        only = paint[place]
        if only:
            interesting -= 1
            found.append(place)
        for parent in parents[place]:
            before = paint.get(parent)
            if before is None:
                paint[parent] = only
                interesting += only
                heapq.heappush(queue, parent)
            elif before and not only:
                paint[parent] = False
                interesting -= 1
    return found
