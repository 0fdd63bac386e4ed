"""Links across changes: series, reverts, follow-ups and fixes; always from the later to the earlier one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from kb.analysis.context import author_runs, title_words
from kb.types import Analysis, Relation, Series

SERIES_WINDOW = timedelta(days=150)
QUOTED_WITHIN = 3000  # so many changes later one is taken back or landed again


class RelationRow(NamedTuple):  # a fifth of a dataclass's time to make, of every change
    id: str
    number: int | None
    sha: str
    title: str
    body: str | None  # None: `body_of` tells, where it is asked for
    author: str
    merged_at: datetime


_DIGITS = r"\d{1,9}(?!\d)"  # of a change's number: Python refuses to read one of thousands
_MARK = re.compile(
    r"[\[(【]\s*(?:part\s+)?(?P<index>\d{1,2})\s*(?:/|of)\s*(?P<total>\d{1,2}|[nN])\s*[\])】]|\b[Pp]art\s+(?P<part>\d{1,2})(?:\s*(?:/|of)\s*(?P<of>\d{1,2}))?\b"
)
_REVERT_TITLE = re.compile(r"^\W*(?:\[[^\]]*\]\s*)*(?:revert\w*)\b[:\s]*", re.IGNORECASE)
_QUOTED = re.compile(r"^[^\"“「']*[\"“「](?P<title>.+)[\"”」]")
_REVERTS_COMMIT = re.compile(
    r"[Tt]his reverts commit ([0-9a-f]{7,40})|[Rr]everts? commit ([0-9a-f]{7,40})"
)
_REVERTS_NUMBER = re.compile(
    rf"\brevert(?:s|ed|ing)?\b[^#\n]{{0,60}}?(?:#|/pull/)({_DIGITS})", re.IGNORECASE
)
_TITLE_NUMBERS = re.compile(
    rf"#({_DIGITS})|/pull/({_DIGITS})|\bPRs?\s+(\d{{2,6}})(?:\s*(?:&|and|,)\s*(\d{{2,6}}))?",
    re.IGNORECASE,
)
_TITLE_SHA = re.compile(r"\b[0-9a-f]{7,40}\b")
_CUT = re.compile(r"(?:…|\.\.\.)\W{0,9}$")
CUT_LENGTH = 30  # so much of a cut title must agree
_NUMBER = re.compile(r"\(#(\d+)\)\s*$")
_FOLLOWS = re.compile(
    r"(?P<words>follow(?:s|ing)?[- ]?up(?:\s+(?:of|to|on|for|from))?|continu(?:es|ation of|ing)|builds? on(?: top of)?|based on|stacked on|depends on|"
    r"(?:split|extracted|spun) (?:out )?(?:of|from)|part of|successor of|complements?|re-?land(?:s|ing)?(?: of)?|re-?appl(?:y|ies|ied)|re-?submit(?:s)?|"
    r"cherry[- ]pick(?:ed|s)?(?: of| from)?|backport(?:s|ed)?(?: of| from)?|(?:added|missed|left over) (?:by|in)|後續|后续)"
    rf"(?P<gap>[^#\n]{{0,50}}?)(?:#|/pull/)(?P<number>{_DIGITS})",
    re.IGNORECASE,
)
_FIXES = re.compile(
    r"(?P<words>(?:(?:fix(?:es|ed)?|resolv(?:es|ed)|correct(?:s|ed)?)\s+(?:\w+\s+){0,6}?)?(?:regress\w*|broken|broke|breakage|introduced|caused|bugs?|failures?|crash)\s+"
    r"(?:by|from|in|of|since|after|due to)\b|fix(?:es|ed)?|close[sd]?|resolve[sd]?)(?P<gap>(?<=by|in|of|to)[^#\n]{0,30}?|(?<=from)[^#\n]{0,30}?|(?<=since|after)[^#\n]{0,30}?"
    r"|\s*:?\s*(?:issues?\s*|PR\s*)?(?:https?://\S+?)?)"
    rf"(?:#|/pull/|/issues/)(?P<number>{_DIGITS})",
    re.IGNORECASE,
)
_RELAND = re.compile(
    r"\b(?:re-?(?:land|apply|introduce|submit)|relanding|un-?revert|try again|second attempt)\b",
    re.IGNORECASE,
)
_RELAND_FIRST = re.compile(
    r"^\W*(\[[^\]]*\]\s*)*(re-?land|re-?apply|re-?introduce|re-?submit|relanding)\b[:\s]*",
    re.IGNORECASE,
)
_TITLE_TAG = re.compile(r"\[[^\]]{0,60}\]|【[^】]{0,60}】")
_TRAILER = re.compile(
    r"^\s*(?:co-authored-by|signed-off-by|reviewed-by)\b.*$", re.IGNORECASE | re.MULTILINE
)


def relations(
    rows: Iterable[RelationRow | tuple[object, ...]],
    stored: Iterable[Relation] = (),
    unchanged: Collection[str] = frozenset(),
    body_of: Callable[[str], str] = lambda _: "",
) -> list[Relation]:
    """Every link that titles and bodies of one repository's changes state, and authors' runs.

    Rows are (id, number, sha, title, body, author, merged_at) in any order. A series relation has the
    series' key as target and its marker as evidence. `stored`: what was found before, in any order,
    when the `unchanged` rows stood as they do now. A row speaks of earlier ones alone: it is read
    again only where a row before it is new, or speaks of it now.
    """
    history = sorted(
        (row if isinstance(row, RelationRow) else RelationRow(*row) for row in rows),  # type: ignore[arg-type]
        key=lambda row: (row.merged_at, row.number or 0),
    )
    reader = _Reader(history, body_of)
    first = next((at for at, row in enumerate(history) if row.id not in unchanged), len(history))
    if reader.displaced(first):
        first = 0
    stated: dict[int, list[Relation]] = defaultdict(list)
    for relation in stored:
        place = reader.order.get(relation.source, first)
        if relation.kind != "series" and place < first and relation.target in reader.order:
            stated[place].append(relation)
    for place in range(first, len(history)):
        stated[place] = reader.read(place)
    spoken_of = {
        reader.order[item.target] for at in range(first, len(history)) for item in stated[at]
    }
    for place in spoken_of:
        if place < first:
            stated[place] = reader.read(place)
    found = [relation for place in sorted(stated) for relation in stated[place]]
    found += _marked(history)
    found += _runs(history)
    return found


class _Reader:
    """What the title and the body of a row say of earlier rows."""

    def __init__(self, history: Sequence[RelationRow], body_of: Callable[[str], str]) -> None:
        self.history = history
        self.body_of = body_of
        self.order = {row.id: index for index, row in enumerate(history)}
        self.by_number: dict[int, RelationRow] = {}
        for row in history:
            if row.number is not None:
                self.by_number.setdefault(row.number, row)
        self.by_prefix = {row.sha[:7]: row for row in history}
        self._titled = 0
        self._by_title: dict[str, list[RelationRow]] = defaultdict(list)

    def displaced(self, first: int) -> bool:
        """Whether a row from `first` on has the short sha of an earlier one, and takes its place."""
        if len(self.by_prefix) == len(self.history):
            return False
        before = {row.sha[:7] for row in self.history[:first]}
        return any(row.sha[:7] in before for row in self.history[first:])

    def titled(self, place: int) -> Mapping[str, list[RelationRow]]:
        """The rows before a place by their title; only a revert or a reland asks for them."""
        if place < self._titled:
            self._by_title.clear()
            self._titled = 0
        for row in self.history[self._titled : place]:
            self._by_title[_plain(row.title)].append(row)
        self._titled = place
        return self._by_title

    def alike(self, title: str, place: int) -> RelationRow | None:
        """The one change before a place whose title has these words and more, or no others: a title
        is edited after a revert has quoted it, and a reland shortens it."""
        wanted = _words(title)
        if len(wanted) < 2:
            return None
        found = []
        for row in self.history[max(0, place - QUOTED_WITHIN) : place]:
            words = _words(row.title)
            alike = wanted <= words or (len(words) > 2 and words <= wanted)
            if alike and not _REVERT_TITLE.match(row.title):
                found.append(row)
        return found[0] if len(found) == 1 else None

    def read(self, place: int) -> list[Relation]:
        row = self.history[place]
        found: dict[tuple[str, str], Relation] = {}

        def link(kind: str, later: RelationRow, earlier: RelationRow | None, evidence: str) -> bool:
            if earlier is None or self.order[earlier.id] >= place:
                return False
            words = " ".join(evidence.split())[:120]
            found.setdefault((kind, earlier.id), Relation(kind, later.id, earlier.id, words))
            return True

        body = self.body_of(row.id) if row.body is None else row.body
        body = _TRAILER.sub("", body)[:6000] if body else ""
        text = f"{_unnumbered(row.title)}\n{body}"
        if _REVERT_TITLE.match(row.title):
            if not _link_revert(
                row, body, self.by_number, self.by_prefix, self.titled(place), link
            ) and (quoted := _QUOTED.match(_unnumbered(row.title))):
                link("reverts", row, self.alike(quoted["title"], place), row.title)
        elif "evert" in body and (match := _REVERTS_COMMIT.search(body)):
            sha = match[1] or match[2]
            target = self.by_prefix.get(sha[:7])
            if target is not None and target.sha.startswith(sha[: len(target.sha)]):
                link("reverts", row, target, match[0])
        if _REVERT_TITLE.match(row.title):
            text = body  # what a revert quotes is not its own word
        if "#" in text or "/pull/" in text:
            for match in _FIXES.finditer(text):
                link("fixes", row, self.by_number.get(int(match["number"])), match[0])
            for match in _FOLLOWS.finditer(text):
                link("follows", row, self.by_number.get(int(match["number"])), match[0])
        if _RELAND.search(row.title) and not _link_reland(row, self.titled(place), link):
            link("follows", row, self.alike(_RELAND.sub(" ", row.title), place), row.title)
        return list(found.values())


@lru_cache(QUOTED_WITHIN)
def _words(title: str) -> frozenset[str]:
    return title_words(_TITLE_TAG.sub(" ", _unnumbered(title)))


def _plain(title: str) -> str:
    text = _unnumbered(title.strip())
    return " ".join(text.lower().split())


def _unnumbered(title: str) -> str:
    """Without the number at its end, which is looked for from there: titles are many."""
    place = title.rfind("(#")
    numbered = place >= 0 and _NUMBER.match(title, place)
    return title[:place].rstrip() if numbered else title


Link = Callable[[str, RelationRow, RelationRow | None, str], bool]


def _link_revert(
    row: RelationRow,
    body: str,
    by_number: Mapping[int, RelationRow],
    by_prefix: Mapping[str, RelationRow],
    by_title: Mapping[str, list[RelationRow]],
    link: Link,
) -> bool:
    """By commit, by number, by quoted title, whichever resolves first; whether one did."""
    for match in _REVERTS_COMMIT.finditer(body):
        sha = match[1] or match[2]
        target = by_prefix.get(sha[:7])
        if (
            target is not None
            and target.sha.startswith(sha)
            and link("reverts", row, target, match[0])
        ):
            return True
    rest = _unnumbered(row.title)
    inner = [number for groups in _TITLE_NUMBERS.findall(rest) for number in groups if number]
    linked = False
    for number in inner:
        linked = link("reverts", row, by_number.get(int(number)), row.title) or linked
    if linked:
        return True
    for sha in _TITLE_SHA.findall(rest):
        target = by_prefix.get(sha[:7])
        if (
            target is not None
            and target.sha.startswith(sha)
            and link("reverts", row, target, row.title)
        ):
            return True
    for match in _REVERTS_NUMBER.finditer(body):
        if link("reverts", row, by_number.get(int(match[1])), match[0]):
            return True
    quoted = _QUOTED.match(rest)
    wanted = _plain(quoted["title"] if quoted else _REVERT_TITLE.sub("", rest).strip("\"'“”「」 "))
    candidates = by_title.get(wanted, [])
    if not candidates and _CUT.search(wanted) and len(wanted) > CUT_LENGTH:
        start = _CUT.sub("", wanted).rstrip()
        candidates = [
            entry for title, held in by_title.items() if title.startswith(start) for entry in held
        ]
    return bool(candidates) and link("reverts", row, candidates[-1], row.title)


def _link_reland(row: RelationRow, by_title: Mapping[str, list[RelationRow]], link: Link) -> bool:
    rest = _plain(_RELAND_FIRST.sub("", row.title)).strip("\"'“” ")
    for title in (rest, f'revert "{rest}"'):
        if candidates := by_title.get(title):
            return link("follows", row, candidates[-1], row.title)
    return False


@dataclass(slots=True)
class _Open:
    """A series that may go on: its key, when it was last seen, and the words of its parts."""

    key: str
    seen: datetime
    terms: set[str]


def _marked(history: Sequence[RelationRow]) -> list[Relation]:
    """Series by their markers ([n/N], (n/N), "part n") of one author, total and shared words."""
    held: dict[tuple[str, str], list[_Open]] = defaultdict(list)
    found: list[Relation] = []
    for row in history:
        match = _MARK.search(row.title)
        if match is None:
            continue
        total = (match["total"] or match["of"] or "").lower()
        terms = set(title_words(series_name(row.title)))
        candidates = [
            entry
            for entry in held[row.author, total]
            if row.merged_at - entry.seen <= SERIES_WINDOW and (entry.terms & terms or not terms)
        ]
        if candidates:
            entry = max(candidates, key=lambda entry: (len(entry.terms & terms), entry.seen))
            entry.seen = row.merged_at
            entry.terms |= terms
        else:
            entry = _Open(
                f"{_repo(row.id)}:series:{row.id.rsplit('/', 1)[-1]}", row.merged_at, terms
            )
            held[row.author, total].append(entry)
        found.append(Relation("series", row.id, entry.key, match[0]))
    return found


def series_name(title: str) -> str:
    """The title without its marker and number: what the series is about."""
    text = _unnumbered(title)
    text = _MARK.sub(" ", text)
    return " ".join(text.split()).strip(" :-,")


def _runs(history: Sequence[RelationRow]) -> list[Relation]:
    """One author's run of changes near each other that share a rare title word."""
    runs = author_runs(
        [(row.id, row.author, _unnumbered(row.title), row.merged_at) for row in history]
    )
    return [
        Relation(
            "series", identity, f"{_repo(identity)}:run:{word}:{first.rsplit('/', 1)[-1]}", word
        )
        for identity, (word, first) in sorted(runs.items())
    ]


def _repo(identity: str) -> str:
    return identity.split("#")[0].split("@")[0]


def apply_relations(
    analysis: Analysis, relations: Sequence[Relation], change_id: str | None = None
) -> Analysis:
    """The analysis with the links of its change filled in; `relations` are those that touch the change."""
    identity = change_id or _common_id(relations)
    reverts = tuple(r.target for r in relations if r.kind == "reverts" and r.source == identity)
    reverted_by = tuple(r.source for r in relations if r.kind == "reverts" and r.target == identity)
    follows = tuple(
        dict.fromkeys(
            r.target for r in relations if r.kind in ("follows", "fixes") and r.source == identity
        )
    )
    followed_by = tuple(
        dict.fromkeys(
            r.source for r in relations if r.kind in ("follows", "fixes") and r.target == identity
        )
    )
    series = analysis.series
    marked = [r for r in relations if r.kind == "series" and r.source == identity]
    if marked:
        chosen = next((r for r in marked if ":series:" in r.target), marked[0])
        mark = _MARK.search(chosen.evidence)
        index = total = None
        if mark:
            index = int(mark["index"] or mark["part"])
            of = mark["total"] or mark["of"]
            total = int(of) if of and of.isdigit() else None
        series = Series(
            chosen.target,
            analysis.series.name if analysis.series else chosen.evidence,
            index,
            total,
        )
    return replace(
        analysis,
        reverts=reverts,
        reverted_by=reverted_by,
        follows=follows,
        followed_by=followed_by,
        series=series,
    )


def _common_id(relations: Sequence[Relation]) -> str:
    """The id that every relation touches, where the caller did not name it."""
    counts: Counter[str] = Counter()
    for relation in relations:
        counts[relation.source] += 1
        if relation.kind != "series":
            counts[relation.target] += 1
    return max(counts, key=lambda key: counts[key]) if counts else ""


def series_in_title(change_id: str, title: str) -> Series | None:
    """What the title alone says: its marker; the key is settled by `relations`."""
    match = _MARK.search(title)
    if match is None:
        return None
    of = match["total"] or match["of"]
    return Series(
        key=change_id,
        name=series_name(title),
        index=int(match["index"] or match["part"]),
        total=int(of) if of and of.isdigit() else None,
    )
