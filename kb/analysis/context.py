"""What a repository's recent history says: core paths, package roots, runs of related changes, bots."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kb.analysis.path_roles import path_role
from kb.analysis.word_sets import words

CORE_SHARE = 0.01  # of the source files changed in the window
CORE_WINDOW = timedelta(days=180)
RUN_WINDOW = timedelta(days=10)  # on each side of a change
RUN_LENGTH = 3  # changes of one author that share a rare title word
RARE_SHARE = 0.02  # a title word is rare below this share of titles


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A cheap row of a repository's history: no diff is needed for it."""

    id: str
    author: str
    title: str
    merged_at: datetime
    paths: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RepoContext:
    """`runs`: change id -> the shared word of its author's run. `roots`: folders where packages begin."""

    core_paths: frozenset[str] = frozenset()
    runs: Mapping[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    automated: frozenset[str] = frozenset()  # authors whose changes are all alike and never source


NO_CONTEXT = RepoContext()


Row = tuple[str, str, str, datetime, Sequence[str | Sequence[object]]]


def build_context(rows: Iterable[HistoryRow | Row]) -> RepoContext:
    """From (id, author, title, merged_at, files) rows in any order; files are paths or (path, +, -)."""
    history = sorted((_row(row) for row in rows), key=lambda row: row.merged_at)
    if not history:
        return NO_CONTEXT
    return RepoContext(
        core_paths=_core_paths(history),
        runs=_runs(history),
        roots=_roots(history),
        automated=_automated(history),
    )


def _row(row: HistoryRow | Row) -> HistoryRow:
    if isinstance(row, HistoryRow):
        return row
    identity, author, title, merged_at, files = row
    paths = tuple(file if isinstance(file, str) else str(file[0]) for file in files)
    return HistoryRow(identity, author, title, merged_at, paths)


def _core_paths(history: Sequence[HistoryRow]) -> frozenset[str]:
    newest = history[-1].merged_at
    counts: Counter[str] = Counter()
    for row in reversed(history):
        if newest - row.merged_at > CORE_WINDOW:
            break
        if len(row.paths) <= 200:
            counts.update({path for path in row.paths if path_role(path) == "source"})
    if not counts:
        return frozenset()
    keep = max(3, round(len(counts) * CORE_SHARE))
    return frozenset(path for path, count in counts.most_common(keep) if count >= 3)


_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,}")
_COMMON = words(
    "the and for with from fix add use update support remove test tests docs doc bump feat chore refactor "
    "bugfix feature model when not into new improve make error build release version ci release into"
)


def title_words(title: str) -> frozenset[str]:
    """The words of a title that may name a line of work."""
    return frozenset(word.lower() for word in _WORD.findall(title)) - _COMMON


def _runs(history: Sequence[HistoryRow]) -> dict[str, str]:
    """Authors' runs: RUN_LENGTH changes or more near each other that share a rare word."""
    frequency: Counter[str] = Counter()
    for row in history:
        frequency.update(title_words(row.title))
    limit = max(3, RARE_SHARE * len(history))
    by_author: dict[tuple[str, str], list[HistoryRow]] = defaultdict(list)
    for row in history:
        for word in title_words(row.title):
            if frequency[word] <= limit:
                by_author[row.author, word].append(row)
    runs: dict[str, str] = {}
    for (_, word), rows in by_author.items():
        if len(rows) < RUN_LENGTH:
            continue
        start = 0
        for index, row in enumerate(rows):
            while row.merged_at - rows[start].merged_at > 2 * RUN_WINDOW:
                start += 1
            if index - start + 1 >= RUN_LENGTH:
                for member in rows[start : index + 1]:
                    held = runs.get(member.id)
                    if held is None or (frequency[word], word) < (frequency[held], held):
                        runs[member.id] = word
    return runs


_ROOT_PARENTS = words("packages crates apps libs modules plugins services")
_ROOT_NAMES = words("src lib python source sources")


def _roots(history: Sequence[HistoryRow]) -> tuple[str, ...]:
    """Folders with a package marker in their name or that hold nearly all source files."""
    counts: Counter[str] = Counter()
    total = 0
    for row in history[-4000:]:
        for path in row.paths[:200]:
            if path_role(path) != "source":
                continue
            total += 1
            parts = path.split("/")[:-1]
            for depth in range(1, min(4, len(parts)) + 1):
                counts["/".join(parts[:depth])] += 1
    roots = []
    for folder, count in counts.items():
        if count < 0.02 * total:
            continue
        parts = folder.split("/")
        parent = parts[-2] if len(parts) > 1 else ""
        if (
            parts[-1] in _ROOT_NAMES
            or parent in _ROOT_PARENTS
            or parent in _ROOT_NAMES
            or count >= 0.6 * total
        ):
            roots.append(folder)
    return tuple(sorted(roots, key=lambda folder: (-folder.count("/"), folder)))


_DIGITS = re.compile(r"[0-9a-f]{7,}|\d+")


def _automated(history: Sequence[HistoryRow]) -> frozenset[str]:
    shapes: dict[str, Counter[str]] = defaultdict(Counter)
    source: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for row in history:
        totals[row.author] += 1
        shapes[row.author][_DIGITS.sub("0", row.title.lower())[:24]] += 1
        source[row.author] += any(path_role(path) == "source" for path in row.paths)
    return frozenset(
        author
        for author, count in totals.items()
        if count >= 5
        and source[author] <= 0.1 * count
        and shapes[author].most_common(1)[0][1] >= 0.8 * count
    )
