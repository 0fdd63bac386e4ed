"""Themes of a period: changes that belong together, named with words of their own.

A theme starts from the term (a tag, a title word or a module) that gathers the most importance not
yet told, takes the other terms that share its changes, then the series and near neighbours (by
vector) of its members. Nothing is named from a list: what nobody wrote in a title is no name.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kb.analysis.titles import parse_title
from kb.report.facts import KEY_IMPORTANCE, weightiest
from kb.report.titles import PLAIN_WORDS, read_title
from kb.text.glossary import in_chinese
from kb.types import ChangeRecord

MOST, FEWEST = 8, 5
AROUND = frozenset(("docs", "ci-config", "test", "dependency"))
NEAR = 0.62  # cosine above which a change without a theme joins the one of its neighbour
SINGLE = 8.8  # a change of this importance is a theme of its own where nothing joins it
_TERM = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[._+-][A-Za-z0-9]+)*\+*|\d+[A-Za-z][A-Za-z0-9.-]*|[㐀-鿿]{2,8}"
)


# A capital that only begins a sentence makes no name.
_AFTER_AREA = re.compile(r"^([\w./+-]{1,40}: )([A-Z])(?=[a-z]+ )")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:rc\d+|post\d+)?")
QUIET = 4.5  # importance from which a change is told alone where a period has few themes
# By how many points (raw, which has no ceiling) a theme's heaviest change leads before one that names
# the theme in its title: where it stands in the theme's folder, and where only its neighbours do.
LEAD_SLACK, NEIGHBOUR_SLACK = 0.7, 2.0
TITLED = 10  # paths that weigh as much as one title in how a term is spelled
IN_PATH = 0.45  # weight of a term that stands in the paths only
ROOT, ROOT_FOLDERS = 0.25, 3  # a package's root: share of the source changes, folders below it


@dataclass(frozen=True, slots=True)
class Theme:
    """`name` in words of its changes; `members` the weightiest first."""

    key: str
    name: str
    members: tuple[ChangeRecord, ...]
    score: float

    @property
    def lead(self) -> ChangeRecord:
        return self.members[0]

    def name_in(self, lang: str) -> str:
        """What its changes call it; in Chinese by the glossary, but a proper name stays as it is."""
        if lang != "zh" or any(_named(word) for word in self.name.split()):
            return self.name
        return in_chinese(self.name) or self.name


@lru_cache(maxsize=16384)
def terms_of(title: str) -> tuple[tuple[str, str, float], ...]:
    """(key, as written, weight) of a title's terms: tags weigh most, pairs of words more than one."""
    read = read_title(title)
    found: dict[str, tuple[str, float]] = {}
    for tag in read.tags:
        key = _key(tag)
        if not _bare(key) and len(key) > 1:
            found[key] = (tag, 1.3)
    previous: tuple[str, int] | None = None
    text = _AFTER_AREA.sub(lambda found: found[1] + found[2].lower(), read.text)
    for match in _TERM.finditer(text):
        written = match[0].strip(".-_")
        key = _key(written)
        plain = _bare(key) or len(key) < 2 or written.isdigit()
        if not plain:
            found.setdefault(key, (written, 1.1 if _named(written) else 0.8))
            if previous and text[previous[1] : match.start()].strip() in ("", "-"):
                pair = f"{previous[0]} {written}"
                found.setdefault(_key(pair), (pair, 1.25))
        previous = None if plain else (written, match.end())
    return tuple((key, written, weight) for key, (written, weight) in found.items())


def _key(term: str) -> str:
    key = re.sub(r"[\s_-]+", " ", term.lower()).strip()
    return (
        key[:-1]
        if len(key) > 4 and key.endswith("s") and not key.endswith(("ss", "us", "is"))
        else key
    )


def _bare(key: str) -> bool:
    """A word of every repository, or a version: alone it says of no theme what it is about."""
    return key in PLAIN_WORDS or f"{key}s" in PLAIN_WORDS or _VERSION.fullmatch(key) is not None


def _named(word: str) -> bool:
    """A proper name: capitals inside, digits, or all capitals."""
    return bool(re.search(r"[A-Z].*[A-Z]|\d|[a-z][A-Z]", word))


def mass(record: ChangeRecord) -> float:
    """What a change adds to a theme: little below the middle of the scale."""
    low = 0.35 if record.analysis.types[0] in AROUND else 1.0
    return float(max(record.analysis.importance - 3.5, 0.2) ** 1.5 * low)


def find_themes(
    records: Sequence[ChangeRecord], vectors: Mapping[str, Any] | None = None, most: int = MOST
) -> tuple[Theme, ...]:
    """The period's themes, the heaviest first; a change is in one theme at most."""
    changes = list(
        weightiest(
            record
            for record in records
            if not record.analysis.bot and not parse_title(record.change.title).release
        )
    )[:1500]
    if not changes:
        return ()
    index = _Index(changes)
    themes: list[list[Any]] = []  # [key, name, members]
    taken: dict[str, int] = {}
    for key in index.candidates(3 * most):
        free = [record for record in index.holders[key] if record.id not in taken]
        if not free:
            continue
        home = _shared_home(key, index, taken, free)
        if home is not None:
            for record in free:
                taken[record.id] = home
            themes[home][2].extend(free)
            continue
        if len(free) < 2 and free[0].analysis.importance < SINGLE:
            continue
        if 2 <= len(free) <= 3 and not index.distinctive(key) and not _one_area(free):
            continue
        if len(themes) >= 2 * most:
            break
        for record in free:
            taken[record.id] = len(themes)
        themes.append([key, index.written(key), list(free)])
    _join_series(changes, themes, taken)
    if vectors:
        _join_neighbours(changes, themes, taken, vectors)
    _lead_by_key_changes(changes, themes, taken, index)
    built = [_theme(key, name, members, index) for key, name, members in themes if members]
    built.sort(key=lambda theme: (-_key_mass(theme), -theme.score, theme.key))
    weight = sum(mass(record) for record in changes)
    strong = [
        theme
        for theme in built
        if theme.score >= 0.03 * weight or theme.lead.analysis.importance >= SINGLE
    ]
    if len(strong) < FEWEST:
        # Docs, CI and requirements fill no theme where there is anything else to tell.
        strong = [theme for theme in built if _of_product(theme)][:FEWEST]
        told = {record.id for theme in strong for record in theme.members}
        strong += _singles(changes, told, index)[: FEWEST - len(strong)]
    return tuple((strong or built[:1])[:most])


def _singles(changes: Sequence[ChangeRecord], told: set[str], index: _Index) -> list[Theme]:
    """The weightiest changes to the product that no theme tells, each one of its own: a quiet period."""
    alone = []
    for record in changes:
        if record.analysis.importance < QUIET:
            break
        name = index.best_term(record) or next(iter(record.analysis.modules), "").rpartition("/")[2]
        if record.id in told or not name or record.analysis.types[0] in (*AROUND, "revert"):
            continue
        alone.append(_theme(f"lead:{record.id}", name, [record], index))
    return alone


def _of_product(theme: Theme) -> bool:
    return any(record.analysis.types[0] not in AROUND for record in theme.members)


def _key_mass(theme: Theme) -> float:
    """What a theme's key changes weigh, the first of them most: they go before many small ones."""
    keys = [record for record in theme.members if record.analysis.importance >= KEY_IMPORTANCE]
    return sum(mass(record) * 0.8**place for place, record in enumerate(keys[:6]))


class _Index:
    """Which changes hold which term, and how strongly: a tag more than a title word, that more than a path."""

    def __init__(self, changes: Sequence[ChangeRecord]) -> None:
        self.holders: dict[str, list[ChangeRecord]] = defaultdict(list)
        self.weights: dict[tuple[str, str], float] = {}
        self.spelled: dict[str, Counter[str]] = defaultdict(Counter)
        self.nouns: set[str] = set()  # terms that do more than begin a sentence, as a verb does
        self.size = len(changes)
        self.roots = roots = _roots(changes)
        for record in changes:
            terms = [term for term in terms_of(record.change.title) if term[0] not in roots]
            verb = _first_word(record.change.title)
            self.nouns.update(key for key, _, _ in terms if key != verb)
            self.nouns.update(_folders(record))
            seen = {key for key, _, _ in terms}
            for module in record.analysis.modules[:2]:
                for written in module.split("/"):
                    key = _key(written)
                    if key not in seen and not _bare(key) and key not in roots:
                        terms.append((key, written, IN_PATH))
                        seen.add(key)
            for key, written, weight in terms:
                self.holders[key].append(record)
                self.spelled[key][written] += TITLED if weight > IN_PATH else 1
                self.weights[key, record.id] = weight

    def written(self, key: str) -> str:
        def order(item: tuple[str, int]) -> tuple[bool, int, str]:
            return _named(item[0]) and item[1] >= TITLED, item[1], item[0]

        return max(self.spelled[key].items(), key=order)[0]

    def best_term(self, record: ChangeRecord) -> str:
        """The term of its title that says most; "" where the title has none."""
        terms = [term for term in terms_of(record.change.title) if term[0] not in self.roots]
        return max(terms, key=lambda term: (term[0] in self.nouns, term[2]))[1] if terms else ""

    def titled(self, key: str) -> bool:
        """A good part of its changes say it in their titles; a folder or a verb alone names no theme."""
        if key not in self.nouns:
            return False
        titled = sum(self.weights[key, record.id] > IN_PATH for record in self.holders[key])
        return titled >= 0.25 * len(self.holders[key])

    def distinctive(self, key: str) -> bool:
        """A tag, a proper name or a pair of words; a common word alone joins what is apart."""
        return any(self.weights[key, record.id] >= 1 for record in self.holders[key])

    def value(self, key: str, taken: frozenset[str] = frozenset()) -> float:
        """Importance gathered, damped for one-offs and for words that stand in every other title."""
        holders = [record for record in self.holders[key] if record.id not in taken]
        if not holders or not self.titled(key):
            return 0.0
        share = len(self.holders[key]) / self.size
        rare = max(0.15, 1 - 2.2 * share) if self.size > 20 else 1.0
        repeated = min(1.0, 0.35 + 0.25 * len(holders))
        gathered = sum(self.weights[key, record.id] * mass(record) for record in holders)
        return float(rare * repeated * gathered**0.85)

    def candidates(self, limit: int) -> list[str]:
        """Terms by what they gather beyond the ones chosen before."""
        chosen: list[str] = []
        taken: set[str] = set()
        pool = {key: self.value(key) for key in self.holders}
        while pool and len(chosen) < limit:
            for key in sorted(pool, key=lambda key: (-pool[key], key))[:12]:
                pool[key] = self.value(key, frozenset(taken))
            best = max(pool, key=lambda key: (pool[key], key))
            if pool.pop(best) <= 0:
                continue
            chosen.append(best)
            taken |= {record.id for record in self.holders[best]}
        return chosen


def _first_word(title: str) -> str:
    """The word that begins a sentence, mostly its verb; "" where that is a name."""
    found = re.match(r"(?:[\w./+-]{1,40}: )?([A-Za-z][a-z]+) \S", read_title(title).text)
    return _key(found[1]) if found else ""


def _folders(record: ChangeRecord) -> set[str]:
    return {_key(part) for module in record.analysis.modules for part in module.split("/")}


def _roots(changes: Sequence[ChangeRecord]) -> frozenset[str]:
    """Words that name the repository and the folders that hold most of it: no theme's name."""
    found: Counter[str] = Counter()
    for record in changes:
        found.update(
            {_key(part) for file in record.change.files[:40] for part in file.path.split("/")[:-1]}
        )
    common = {part for part, number in found.items() if number > 0.35 * len(changes)}
    names = {_key(part) for record in changes for part in record.change.repo.split("/")}
    return frozenset(common | names | _package_roots(changes))


def _package_roots(changes: Sequence[ChangeRecord]) -> set[str]:
    """Folders that hold much of the source, and folders of it: a package's own name says nothing."""
    held: Counter[tuple[str, ...]] = Counter()
    below: dict[tuple[str, ...], set[str]] = defaultdict(set)
    source = 0
    for record in changes:
        paths = [
            file.path.split("/")[:-1] for file in record.change.files[:80] if file.role == "source"
        ]
        source += bool(paths)
        folders = set()
        for path in paths:
            for depth in range(1, min(len(path), 3) + 1):
                folder = tuple(path[:depth])
                folders.add(folder)
                if len(path) > depth:
                    below[folder].add(path[depth])
        held.update(folders)
    return {
        _key(folder[-1])
        for folder, number in held.items()
        if number > ROOT * source and len(below[folder]) >= ROOT_FOLDERS
    }


def _shared_home(
    key: str, index: _Index, taken: Mapping[str, int], free: Sequence[ChangeRecord]
) -> int | None:
    """The theme that already holds most changes of this term: it is another name of the same thing."""
    homes = Counter(taken[record.id] for record in index.holders[key] if record.id in taken)
    if not homes:
        return None
    home, held = homes.most_common(1)[0]
    return home if held >= 2 and held >= 2 * len(free) else None


def _one_area(records: Sequence[ChangeRecord]) -> bool:
    """They share a module."""
    modules = Counter(name for record in records for name in set(record.analysis.modules[:3]))
    return max(modules.values(), default=0) >= 2


def _join_series(
    changes: Sequence[ChangeRecord], themes: list[list[Any]], taken: dict[str, int]
) -> None:
    """A series, a follow-up and a revert stand with what they belong to."""
    by_series: dict[str, list[ChangeRecord]] = defaultdict(list)
    for record in changes:
        if record.analysis.series:
            by_series[record.analysis.series.key].append(record)
    present = {record.id: record for record in changes}
    groups = list(by_series.values())
    for record in changes:
        linked = [
            present[other]
            for other in (*record.analysis.follows, *record.analysis.reverts)
            if other in present
        ]
        if linked:
            groups.append([record, *linked])
    for members in groups:
        homes = Counter(taken[record.id] for record in members if record.id in taken)
        if not homes:
            if len(members) > 1 and sum(mass(record) for record in members) > 8:
                number = len(themes)
                series = members[0].analysis.series
                name = series.name if series else read_title(members[0].change.title).text
                themes.append([f"series:{members[0].id}", name, list(members)])
                taken.update({record.id: number for record in members})
            continue
        home = homes.most_common(1)[0][0]
        for record in members:
            if record.id not in taken:
                taken[record.id] = home
                themes[home][2].append(record)


def _join_neighbours(
    changes: Sequence[ChangeRecord],
    themes: list[list[Any]],
    taken: dict[str, int],
    vectors: Mapping[str, Any],
) -> None:
    """A change without a theme joins that of its nearest member."""
    import numpy as np

    placed = [record for record in changes if record.id in taken and record.id in vectors]
    loose = [record for record in changes if record.id not in taken and record.id in vectors]
    if not placed or not loose:
        return
    matrix = np.stack([vectors[record.id] for record in placed])
    scores = np.stack([vectors[record.id] for record in loose]) @ matrix.T
    for record, row in zip(loose, scores, strict=True):
        nearest = int(row.argmax())
        if row[nearest] >= NEAR:
            home = taken[placed[nearest].id]
            themes[home][2].append(record)
            taken[record.id] = home


def _lead_by_key_changes(
    changes: Sequence[ChangeRecord],
    themes: list[list[Any]],
    taken: dict[str, int],
    index: _Index,
) -> None:
    """A key change that no theme took leads one of its own, with what else touched its module."""
    for record in changes:
        if record.analysis.importance < SINGLE:
            return
        if record.id in taken:
            continue
        module = next(iter(record.analysis.modules), "")
        name = module.rpartition("/")[2]
        named = bool(name) and not _bare(_key(name)) and _key(name) not in index.roots
        members = [record]
        if named:
            members += [
                other
                for other in changes
                if other.id not in taken
                and other.id != record.id
                and other.analysis.modules[:1] == (module,)
            ]
        if len(members) == 1:
            name = index.best_term(record) or (name if named else "")
        if not name:
            continue
        for member in members:
            taken[member.id] = len(themes)
        themes.append([f"lead:{record.id}", name, members])


def _theme(key: str, name: str, members: Sequence[ChangeRecord], index: _Index) -> Theme:
    ordered = _led(weightiest({record.id: record for record in members}.values()), key, index)
    if not _named(name):
        name = _common_tag(ordered) or name
    score = sum(sorted((mass(record) for record in ordered), reverse=True)[:6])
    score += 0.25 * math.log1p(len(ordered))
    return Theme(key, name, tuple(ordered), score)


def _led(members: list[ChangeRecord], key: str, index: _Index) -> list[ChangeRecord]:
    """The weightiest first, led by one that says the theme's term in its title.

    A change that came in by its folder or as a neighbour may weigh more and be about something else.
    """
    named = [
        record
        for record in members
        if index.weights.get((key, record.id), 0) > IN_PATH or key in record.change.title.lower()
    ]
    if not named:
        return members
    slack = LEAD_SLACK if (key, members[0].id) in index.weights else NEIGHBOUR_SLACK
    if members[0].analysis.raw - named[0].analysis.raw > slack:
        return members
    return [named[0], *(record for record in members if record.id != named[0].id)]


def _common_tag(members: Sequence[ChangeRecord]) -> str | None:
    """The area that more than half of the titles name."""
    tags = Counter(tag for record in members for tag in read_title(record.change.title).tags[:1])
    for tag, number in tags.most_common(1):
        if 2 * number > len(members) and not _bare(_key(tag)):
            return tag
    return None


def second_name(theme: Theme) -> str | None:
    """Another term of the theme that several members or its lead carry; completes a bare name."""
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for position, record in enumerate(theme.members):
        for key, written, weight in terms_of(record.change.title):
            if set(key.split()) & set(theme.key.split()) or not _named(written):
                continue
            counts[key] += weight * (2 if position == 0 else 1)  # type: ignore[assignment]
            spelled.setdefault(key, written)
    for key, weight in counts.most_common(1):
        if weight >= 2:
            return spelled[key]
    return None
