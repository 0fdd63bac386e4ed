"""The numbers of a period: counts, modules against earlier periods, the ledger's groups."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from kb.periods import previous
from kb.report.types import ReportReader
from kb.types import ChangeRecord, Digest, Filters, Period
from kb.vocabulary import LEVELS

KEY_IMPORTANCE = 8.5
EARLIER_PERIODS = 4
# A module moved when it is off its usual count by a quarter and by two changes.
MOVED_SHARE, MOVED_COUNT = 0.25, 2
# Above this many changes only the weightiest keep their digests: a year must fit.
FULL_RECORDS = 2500
NO_MODULE = ""

# Hardware, systems and accelerators of any project, as titles name them.
_PLATFORMS = {
    name: re.compile(rf"(?<![A-Za-z]){words}(?![A-Za-z])", re.IGNORECASE)
    for name, words in {
        "AMD": r"(?:AMD|ROCm|HIP|MI3\d\dX?|gfx\d+)",
        "NPU": r"(?:NPU|Ascend|CANN)",
        "XPU": r"(?:XPU|Intel[ -]GPU)",
        "NVIDIA": r"(?:CUDA|Blackwell|Hopper|[BH][123]00|GB[23]00|SM\d{2,3})",
        "MUSA": r"(?:MUSA|Moore ?Threads)",
        "TPU": r"TPU",
        "Apple": r"(?:Apple[ -]Silicon|MPS|MLX|Metal|macOS|Darwin|iOS)",
        "Windows": r"(?:Windows|Win32|MSVC)",
        "Linux": r"(?:Linux|musl|glibc)",
        "Android": r"Android",
        "Arm": r"(?:ARM64|AArch64|ARM|NEON)",
        "RISC-V": r"RISC-?V",
        "WebAssembly": r"(?:WASM|WebAssembly|WASI)",
        "FreeBSD": r"(?:FreeBSD|OpenBSD|NetBSD|illumos)",
        "CPU": r"(?:CPU|AVX\d*|AMX|x86)",
    }.items()
}


@dataclass(frozen=True, slots=True)
class ModuleTrend:
    """`previous` and `mean` are None where that time is not wholly indexed."""

    module: str
    changes: int
    previous: int | None
    mean: float | None
    history: tuple[int | None, ...]  # oldest first, without this period
    top: tuple[ChangeRecord, ...]
    types: tuple[tuple[str, int], ...]
    added: int  # source lines

    @property
    def product(self) -> bool:
        """Most of its changes are to the product, not to docs, tests, CI or requirements."""
        around = sum(
            number
            for name, number in self.types
            if name in ("docs", "test", "ci-config", "dependency")
        )
        return around * 2 <= sum(number for _, number in self.types)

    @property
    def usual(self) -> float | None:
        return self.mean if self.mean is not None else self.previous

    @property
    def arrow(self) -> str:
        usual = self.usual
        if usual is None:
            return "–"
        step = max(MOVED_COUNT, MOVED_SHARE * usual)
        if self.changes >= usual + step:
            return "↑"
        return "↓" if self.changes <= usual - step else "→"


@dataclass(frozen=True, slots=True)
class Facts:
    records: tuple[ChangeRecord, ...]  # newest first, bots too
    distinct: tuple[ChangeRecord, ...]  # without those that were picked for another branch
    people: tuple[ChangeRecord, ...]  # of these without bots, by importance
    types: Mapping[str, int]
    levels: Mapping[str, int]
    platforms: tuple[tuple[str, int], ...]
    labels: tuple[tuple[str, int], ...]
    authors: int
    mean: float | None
    key: int  # at KEY_IMPORTANCE or above
    source_added: int
    source_removed: int
    modules: tuple[ModuleTrend, ...]
    previous: int | None
    mean_of_four: float | None
    totals: tuple[int | None, ...]  # of the earlier periods, oldest first
    source_changes: int  # with ten source lines or more
    tested: int  # of these, with a test touched
    described: int
    reviewed: int
    seen_in_part: int

    @property
    def bots(self) -> tuple[ChangeRecord, ...]:
        return tuple(record for record in self.records if record.analysis.bot)


def weightiest(records: Iterable[ChangeRecord]) -> list[ChangeRecord]:
    return sorted(
        records, key=lambda record: (-record.analysis.importance, -record.analysis.raw, record.id)
    )


def module_of(record: ChangeRecord) -> str:
    """The module that the ledger files a change under: its first."""
    return record.analysis.modules[0] if record.analysis.modules else NO_MODULE


def slim(record: ChangeRecord) -> ChangeRecord:
    """A record without what only a detailed text needs."""
    digest = record.digest
    kept = Digest(text="", flags=digest.flags[:4], not_seen=digest.not_seen[:1])
    change = replace(record.change, body="", reviews=(), commits=(), files=record.change.files[:3])
    return replace(record, change=change, digest=kept)


def load(reader: ReportReader, filters: Filters, page: int = 500) -> tuple[ChangeRecord, ...]:
    """Every change of the filters, newest first; of very many, only the weightiest in full."""
    kept: list[ChangeRecord] = []
    offset = 0
    while True:
        records = reader.select(filters, order="newest", limit=page, offset=offset)
        kept.extend(records)
        if len(records) < page:
            break
        offset += page
        if len(kept) > FULL_RECORDS:
            kept = _thinned(kept)
    return tuple(kept)


def _thinned(records: Sequence[ChangeRecord]) -> list[ChangeRecord]:
    full = {record.id for record in weightiest(records)[:400]}
    return [
        record if record.id in full or not record.digest.text else slim(record)
        for record in records
    ]


def gather(
    reader: ReportReader, records: tuple[ChangeRecord, ...], filters: Filters, period: Period
) -> Facts:
    distinct = _distinct(records)
    people = tuple(weightiest(record for record in distinct if not record.analysis.bot))
    copied = len(distinct) < len(records)
    earlier = _earlier(reader, filters, period, _repos(records, filters), copied)
    types = Counter(record.analysis.types[0] for record in distinct)
    source = [record for record in people if record.analysis.size.source_added >= 10]
    importances = [record.analysis.importance for record in people]
    totals = tuple(counts["*"] if counts is not None else None for counts in earlier)
    return Facts(
        records=records,
        distinct=distinct,
        people=people,
        types=dict(types.most_common()),
        levels={
            level: sum(record.analysis.level == level for record in records) for level in LEVELS
        },
        platforms=_platforms(distinct),
        labels=tuple(
            Counter(label for record in distinct for label in record.change.labels).most_common(12)
        ),
        authors=len({record.change.author for record in people}),
        mean=round(sum(importances) / len(importances), 1) if importances else None,
        key=sum(value >= KEY_IMPORTANCE for value in importances),
        source_added=sum(record.analysis.size.source_added for record in distinct),
        source_removed=sum(record.analysis.size.source_removed for record in distinct),
        modules=_modules(distinct, earlier),
        previous=totals[-1],
        mean_of_four=_mean(totals),
        totals=totals,
        source_changes=len(source),
        tested=sum(record.analysis.size.test_lines > 0 for record in source),
        described=sum(record.change.described for record in records),
        reviewed=sum(bool(record.change.reviews) for record in records),
        seen_in_part=sum(bool(record.digest.not_seen) for record in records),
    )


_NUMBERED = re.compile(r"\(#(\d+)\)\s*$")


def _distinct(records: Iterable[ChangeRecord]) -> tuple[ChangeRecord, ...]:
    """The records without copies: one author's title with its number again, over the same files.

    A branch that is merged back brings the fixes once more that were picked for it.
    """
    first: dict[tuple[str, str, str], ChangeRecord] = {}
    kept = []
    for record in sorted(records, key=lambda record: "#" not in record.id):
        change = record.change
        key = (change.repo, change.author, change.title)
        if not _NUMBERED.search(change.title) or key not in first:
            first[key] = record
            kept.append(record.id)
        elif {file.path for file in change.files}.isdisjoint(
            file.path for file in first[key].change.files
        ):
            kept.append(record.id)
    wanted = frozenset(kept)
    return tuple(record for record in records if record.id in wanted)


def _repos(records: Sequence[ChangeRecord], filters: Filters) -> tuple[str, ...]:
    return filters.repos or tuple(dict.fromkeys(record.change.repo for record in records))


def _earlier(
    reader: ReportReader, filters: Filters, period: Period, repos: Sequence[str], copied: bool
) -> list[Mapping[str, int] | None]:
    """Changes by module of the four periods before, oldest first; None where not wholly indexed.

    Where this period holds copies the earlier ones are read for theirs: like is set against like.
    """
    found: list[Mapping[str, int] | None] = []
    for steps in range(EARLIER_PERIODS, 0, -1):
        before = previous(period, steps)
        if not repos or not all(covered(reader, repo, before) for repo in repos):
            found.append(None)
            continue
        bounded = replace(filters, since=before.since, until=before.until)
        counts: Counter[str]
        if copied:
            told = _distinct(load(reader, bounded))
            counts = Counter(module for record in told for module in record.analysis.modules)
        else:
            counts = Counter(dict(reader.facets(bounded).get("module", ())))
        counts["*"] = reader.count(bounded)
        found.append(counts)
    return found


def covered(reader: ReportReader, repo: str, period: Period) -> bool:
    """Whether all of the period lies inside what was ingested."""
    coverage = reader.coverage(repo)
    since = coverage.since
    return since is not None and since <= period.since


def _mean(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 1) if len(known) == EARLIER_PERIODS else None


def _modules(
    records: Sequence[ChangeRecord], earlier: Sequence[Mapping[str, int] | None]
) -> tuple[ModuleTrend, ...]:
    by_module: dict[str, list[ChangeRecord]] = defaultdict(list)
    for record in records:
        for module in record.analysis.modules:
            by_module[module].append(record)
    trends = []
    for module, members in by_module.items():
        history = tuple(counts.get(module, 0) if counts is not None else None for counts in earlier)
        trends.append(
            ModuleTrend(
                module=module,
                changes=len(members),
                previous=history[-1],
                mean=_mean(history),
                history=history,
                top=tuple(weightiest(r for r in members if not r.analysis.bot)[:3]),
                types=tuple(Counter(record.analysis.types[0] for record in members).most_common(3)),
                added=sum(record.analysis.size.source_added for record in members),
            )
        )
    return tuple(sorted(trends, key=lambda trend: (-trend.changes, trend.module)))


@lru_cache(maxsize=16384)
def platforms_of(text: str) -> frozenset[str]:
    """Hardware, systems and accelerators that a text names."""
    return frozenset(name for name, words in _PLATFORMS.items() if words.search(text))


def _platforms(records: Sequence[ChangeRecord]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for record in records:
        text = " ".join((record.change.title, *record.change.labels))
        # A repository that names its platform says nothing by it in its titles.
        counts.update(platforms_of(text) - platforms_of(record.change.repo))
    return tuple((name, number) for name, number in counts.most_common(6) if number > 1)


def ledger_groups(records: Sequence[ChangeRecord]) -> list[tuple[str, list[ChangeRecord]]]:
    """Every change once, under its first module, larger groups first; bots apart (see `bot_groups`)."""
    groups: dict[str, list[ChangeRecord]] = defaultdict(list)
    for record in records:
        if not record.analysis.bot:
            groups[module_of(record)].append(record)
    return sorted(groups.items(), key=lambda item: (item[0] == NO_MODULE, -len(item[1]), item[0]))


def bot_groups(records: Sequence[ChangeRecord]) -> list[tuple[str, list[ChangeRecord]]]:
    groups: dict[str, list[ChangeRecord]] = defaultdict(list)
    for record in records:
        if record.analysis.bot:
            groups[record.change.author].append(record)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


def newest(records: Iterable[ChangeRecord]) -> datetime | None:
    return max((record.change.merged_at for record in records), default=None)
