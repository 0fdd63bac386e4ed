"""What a repository's recent history says: core paths, package roots, runs of related changes, bots."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from kb.analysis.path_roles import path_role
from kb.analysis.word_sets import words

CORE_SHARE = 0.01  # of the source files changed in the window
CORE_WINDOW = timedelta(days=180)
RUN_GAP = timedelta(days=10)  # between one change of a run and the next
RUN_LENGTH = 3  # changes of one author that share a rare title word
RARE_SHARE = 0.005  # a title word is rare below this share of titles
RARE_COUNT = 6  # ... or this count, in a short history


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
        runs={
            identity: word
            for identity, (word, _) in author_runs(
                [(row.id, row.author, row.title, row.merged_at) for row in history]
            ).items()
        },
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
    # Of paths that changed as often the first by name, so that runs agree.
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:keep]
    return frozenset(path for path, count in most if count >= 3)


_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,}")
# Words that many unrelated changes share.
_COMMON = words(
    "the and for with from fix add use update support remove test tests docs doc bump feat chore refactor bugfix feature model "
    "when not into new improve make error build release version clean cleanup minor move enable disable allow simplify refine "
    "rename experimental initial more misc change handle ensure avoid skip reduce optimize perf performance default config "
    "param params file files code type types name logic tiny small introduce implement instead only all some part missing "
    "wrong set get run unify split extract replace drop fixed adds added removes revert reland upgrade switch via per "
    "delete resolve clarify models tests testing nightly debug issue issues case cases check checks"
)


def title_words(title: str) -> frozenset[str]:
    """The words of a title that may name a line of work."""
    return frozenset(" ".join(_WORD.findall(title)).lower().split()) - _COMMON


# The word that begins a title's sentence, behind its tags and its area.
_BEGINS = re.compile(
    r"(?:\s*(?:\[[^\]]{0,60}\]|\([^)]{0,60}\)))*\s*(?:[\w./()+-]{1,40}!?:\s+)?([A-Za-z][a-z]+)\s+\S"
)
VERB_SHARE = 0.8  # of a word's titles that it begins: it is their verb, and names no line of work


def author_runs(
    rows: Sequence[tuple[str, str, str, datetime]],
) -> dict[str, tuple[str, str]]:
    """Runs of RUN_LENGTH or more changes of one author near each other that share a rare word.

    Rows are (id, author, title, merged_at), oldest first; the result is id -> (word, id of the first).
    """
    terms = {identity: title_words(title) for identity, _, title, _ in rows}
    frequency = Counter(chain.from_iterable(terms.values()))
    limit = max(RARE_COUNT, RARE_SHARE * len(rows))
    begun = Counter(found[1].lower() for _, _, title, _ in rows if (found := _BEGINS.match(title)))
    rare = frozenset(
        word
        for word, count in frequency.items()
        if RUN_LENGTH <= count <= limit and begun[word] < VERB_SHARE * count
    )
    groups: dict[tuple[str, str], list[tuple[str, datetime]]] = defaultdict(list)
    for identity, author, _, merged_at in rows:
        for word in terms[identity] & rare:
            groups[author, word].append((identity, merged_at))
    clusters: list[tuple[int, str, list[str]]] = []
    for (_, word), members in groups.items():
        if len(members) < RUN_LENGTH:
            continue
        for cluster in _clusters(members):
            if len(cluster) >= RUN_LENGTH:
                clusters.append((frequency[word], word, cluster))
    # The rarest word takes its changes first; a run that is left with too few is none.
    runs: dict[str, tuple[str, str]] = {}
    for _, word, cluster in sorted(clusters, key=lambda entry: (entry[0], entry[1], entry[2][0])):
        free = [identity for identity in cluster if identity not in runs]
        if len(free) >= RUN_LENGTH:
            for identity in free:
                runs[identity] = (word, free[0])
    return runs


def _clusters(members: Sequence[tuple[str, datetime]]) -> list[list[str]]:
    clusters: list[list[str]] = []
    last: datetime | None = None
    for identity, merged_at in members:
        if last is None or merged_at - last > RUN_GAP:
            clusters.append([])
        clusters[-1].append(identity)
        last = merged_at
    return clusters


_ROOT_PARENTS = words("packages crates apps libs modules plugins services")
_ROOT_NAMES = words("src lib python source sources")


def _roots(history: Sequence[HistoryRow]) -> tuple[str, ...]:
    """Folders with a package marker in their name or that hold nearly all source files."""
    touched = Counter(chain.from_iterable(row.paths[:200] for row in history[-4000:]))
    counts: Counter[str] = Counter()
    total = 0
    for path, times in touched.items():
        if path_role(path) != "source":
            continue
        total += times
        parts = path.split("/")[:-1]
        for depth in range(1, min(4, len(parts)) + 1):
            counts["/".join(parts[:depth])] += times
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
