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
from typing import Any

from kb.analysis.titles import parse_title
from kb.report.facts import KEY_IMPORTANCE, weightiest
from kb.report.theme_terms import (
    AROUND,
    IN_PATH,
    TermIndex,
    bare,
    is_proper_name,
    key_of,
    mass,
    terms_of,
)
from kb.report.titles import read_title
from kb.text.glossary import in_chinese
from kb.types import ChangeRecord

MOST, FEWEST = 8, 5
WHOLE_SHARE = 0.7  # of the titles that write a name: a word beside it is part of it
HEAVIEST = 3  # changes of a period that no report may leave out of its themes
NAMED = 2  # times that titles write a word with a capital in mid-sentence: it is a name
NEAR = 0.62  # cosine above which a change without a theme joins the one of its neighbour
SINGLE = 8.8  # a change of this importance is a theme of its own where nothing joins it
QUIET = 4.5  # importance from which a change is told alone where a period has few themes
# By how many points (raw, which has no ceiling) a theme's heaviest change leads before one that names
# the theme in its title: where it stands in the theme's folder, and where only its neighbours do.
LEAD_SLACK, NEIGHBOUR_SLACK = 0.7, 2.0


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
        if lang != "zh" or any(is_proper_name(word) for word in self.name.split()):
            return self.name
        return self._spelled_as_a_name() or in_chinese(self.name) or self.name

    def _spelled_as_a_name(self) -> str:
        """The name as titles write it where a word has no capital of itself: in mid-sentence and as a
        conventional commit's scope, `fix(Form): ...`; "" where it is mostly a common word."""
        word = re.compile(rf"(?:(?<=[a-z,] )|(?<=\w\()){re.escape(self.name)}\b", re.IGNORECASE)
        found = Counter(
            said for record in self.members for said in word.findall(record.change.title)
        )
        said, number = max(found.items(), key=lambda item: item[1], default=("", 0))
        return said if said[:1].isupper() and number >= NAMED else ""


def find_themes(
    records: Sequence[ChangeRecord], vectors: Mapping[str, Any] | None = None, most: int = MOST
) -> tuple[Theme, ...]:
    """The period's themes, the heaviest first; a change is in one theme at most."""
    changes = list(
        weightiest(
            record for record in records if not record.analysis.bot and not _is_release(record)
        )
    )[:1500]
    if not changes:
        return ()
    index = TermIndex(changes)
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
    return tuple(_with_heaviest(strong or built[:1], changes)[:most])


def _is_release(record: ChangeRecord) -> bool:
    """By its files too: a new version of a model is titled like one ("Box 2.5")."""
    return record.analysis.types[0] == "ci-config" and parse_title(record.change.title).release


def _with_heaviest(themes: list[Theme], changes: Sequence[ChangeRecord]) -> list[Theme]:
    """Themes of the heaviest key changes stand among the first, however much others gather in sum."""
    heaviest = {
        record.id for record in changes[:HEAVIEST] if record.analysis.importance >= KEY_IMPORTANCE
    }
    holding = [theme for theme in themes if heaviest & {record.id for record in theme.members}]
    late = [theme for theme in themes[FEWEST:] if theme in holding]
    give_way = [theme for theme in themes[:FEWEST] if theme not in holding][-len(late) :]
    first = [theme for theme in themes[:FEWEST] if not late or theme not in give_way] + late
    return first + [theme for theme in themes if theme not in first]


def _singles(changes: Sequence[ChangeRecord], told: set[str], index: TermIndex) -> list[Theme]:
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


def _shared_home(
    key: str, index: TermIndex, taken: Mapping[str, int], free: Sequence[ChangeRecord]
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
    index: TermIndex,
) -> None:
    """A key change that no theme took leads one of its own, with what else touched its module."""
    for record in changes:
        if record.analysis.importance < SINGLE:
            return
        if record.id in taken:
            continue
        module = next(iter(record.analysis.modules), "")
        name = module.rpartition("/")[2]
        named = bool(name) and not bare(key_of(name)) and key_of(name) not in index.roots
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
            # A title that says nothing is named by its module, whole where its folder's name says nothing.
            name = index.best_term(record) or (name if named else module if "/" in module else "")
        if not name:
            continue
        for member in members:
            taken[member.id] = len(themes)
        themes.append([f"lead:{record.id}", name, members])


def _theme(key: str, name: str, members: Sequence[ChangeRecord], index: TermIndex) -> Theme:
    ordered = _led(weightiest({record.id: record for record in members}.values()), key, index)
    if not is_proper_name(name):
        name = _common_tag(ordered, index) or name
    name = _whole_name(name, ordered)
    score = sum(sorted((mass(record) for record in ordered), reverse=True)[:6])
    score += 0.25 * math.log1p(len(ordered))
    return Theme(key, name, tuple(ordered), score)


def _whole_name(name: str, members: Sequence[ChangeRecord]) -> str:
    """The name with the proper name that stands beside it in nearly all titles: "CuTe DSL", no "DSL"."""
    found: Counter[str] = Counter()
    held = 0
    for record in members:
        words = read_title(record.change.title).text.split()
        places = [place for place, word in enumerate(words) if word.lower() == name.lower()]
        held += bool(places)
        for place in places[:1]:
            before, after = words[place - 1 : place], words[place + 1 : place + 2]
            found.update(f"{word} {words[place]}" for word in before if is_proper_name(word))
            found.update(f"{words[place]} {word}" for word in after if is_proper_name(word))
    whole, number = max(found.items(), key=lambda item: item[1], default=(name, 0))
    return whole if number >= NAMED and number >= WHOLE_SHARE * held else name


def _led(members: list[ChangeRecord], key: str, index: TermIndex) -> list[ChangeRecord]:
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


def _common_tag(members: Sequence[ChangeRecord], index: TermIndex) -> str | None:
    """The area that more than half of the titles name."""
    tags = Counter(tag for record in members for tag in read_title(record.change.title).tags[:1])
    for tag, number in tags.most_common(1):
        if 2 * number > len(members) and not bare(key_of(tag)) and key_of(tag) not in index.roots:
            return tag
    return None


def second_name(theme: Theme) -> str | None:
    """Another term of the theme that several members or its lead carry; completes a bare name."""
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for position, record in enumerate(theme.members):
        for key, written, weight in terms_of(record.change.title):
            if set(key.split()) & set(theme.key.split()) or not is_proper_name(written):
                continue
            counts[key] += weight * (2 if position == 0 else 1)  # type: ignore[assignment]
            spelled.setdefault(key, written)
    for key, weight in counts.most_common(1):
        if weight >= 2:
            return spelled[key]
    return None
