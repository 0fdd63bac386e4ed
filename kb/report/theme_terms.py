"""The words that may name a theme: terms of titles and folders, and which changes hold them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

from kb.report.titles import PLAIN_WORDS, read_title
from kb.types import ChangeRecord

AROUND = frozenset(("docs", "ci-config", "test", "dependency"))
_TERM = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[._+-][A-Za-z0-9]+)*\+*|\d+[A-Za-z][A-Za-z0-9.-]*|[㐀-鿿]{2,8}"
)
# A capital that only begins a sentence makes no name.
_AFTER_AREA = re.compile(r"^([\w./+-]{1,40}: )([A-Z])(?=[a-z]+ )")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:rc\d+|post\d+)?")
TITLED = 10  # paths that weigh as much as one title in how a term is spelled
IN_PATH = 0.45  # weight of a term that stands in the paths only
FEW = 20  # changes of a period, of which a term may be in nearly all
EVERYWHERE = 0.4  # share of the titles that a theme's term is below
ROOT, ROOT_FOLDERS = 0.25, 3  # a package's root: share of the source changes, folders below it


@lru_cache(maxsize=16384)
def terms_of(title: str) -> tuple[tuple[str, str, float], ...]:
    """(key, as written, weight) of a title's terms: tags weigh most, pairs of words more than one."""
    read = read_title(title)
    found: dict[str, tuple[str, float]] = {}
    for tag in read.tags:
        key = key_of(tag)
        if not bare(key) and len(key) > 1:
            found[key] = (tag, 1.3)
    previous: tuple[str, int] | None = None
    text = _AFTER_AREA.sub(lambda found: found[1] + found[2].lower(), read.text)
    for match in _TERM.finditer(text):
        written = match[0].strip(".-_")
        key = key_of(written)
        plain = bare(key) or len(key) < 2 or written.isdigit()
        if not plain:
            found.setdefault(key, (written, 1.1 if is_proper_name(written) else 0.8))
            if previous and text[previous[1] : match.start()].strip() in ("", "-"):
                pair = f"{previous[0]} {written}"
                found.setdefault(key_of(pair), (pair, 1.25))
        previous = None if plain else (written, match.end())
    return tuple((key, written, weight) for key, (written, weight) in found.items())


def key_of(term: str) -> str:
    key = re.sub(r"[\s_-]+", " ", term.lower()).strip()
    return (
        key[:-1]
        if len(key) > 4 and key.endswith("s") and not key.endswith(("ss", "us", "is"))
        else key
    )


def bare(key: str) -> bool:
    """A word of every repository, or a version: alone it says of no theme what it is about."""
    return key in PLAIN_WORDS or f"{key}s" in PLAIN_WORDS or _VERSION.fullmatch(key) is not None


def is_proper_name(word: str) -> bool:
    """A proper name: capitals inside, digits, or all capitals."""
    return bool(re.search(r"[A-Z].*[A-Z]|\d|[a-z][A-Z]", word))


def mass(record: ChangeRecord) -> float:
    """What a change adds to a theme: little below the middle of the scale."""
    low = 0.35 if record.analysis.types[0] in AROUND else 1.0
    return float(max(record.analysis.importance - 3.5, 0.2) ** 1.5 * low)


class TermIndex:
    """Which changes hold which term, and how strongly: a tag more than a title word, that more than a path."""

    def __init__(self, changes: Sequence[ChangeRecord]) -> None:
        self.holders: dict[str, list[ChangeRecord]] = defaultdict(list)
        self.weights: dict[tuple[str, str], float] = {}
        self.spelled: dict[str, Counter[str]] = defaultdict(Counter)
        self.nouns: set[str] = set()  # terms that do more than begin a sentence, as a verb does
        self.size = len(changes)
        self.roots = roots = _roots(changes) | _everywhere(changes)
        for record in changes:
            terms = [term for term in terms_of(record.change.title) if term[0] not in roots]
            verb = _first_word(record.change.title)
            self.nouns.update(key for key, _, _ in terms if key != verb)
            self.nouns.update(_folders(record))
            seen = {key for key, _, _ in terms}
            for module in record.analysis.modules[:2]:
                for written in module.split("/"):
                    key = key_of(written)
                    if key not in seen and not bare(key) and key not in roots:
                        terms.append((key, written, IN_PATH))
                        seen.add(key)
            for key, written, weight in terms:
                self.holders[key].append(record)
                self.spelled[key][written] += TITLED if weight > IN_PATH else 1
                self.weights[key, record.id] = weight

    def written(self, key: str) -> str:
        def order(item: tuple[str, int]) -> tuple[bool, int, str]:
            return is_proper_name(item[0]) and item[1] >= TITLED, item[1], item[0]

        return max(self.spelled[key].items(), key=order)[0]

    def best_term(self, record: ChangeRecord) -> str:
        """The term of its title that says most; "" where the title has none.

        Its verb with the next word ("workaround circular") is the beginning of a sentence, no name.
        """
        begun = _first_word(record.change.title)
        terms = [
            term
            for term in terms_of(record.change.title)
            if term[0] not in self.roots and not (begun and term[0].startswith(f"{begun} "))
        ]
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
        rare = max(0.15, 1 - 2.2 * share) if self.size > FEW else 1.0
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
    return key_of(found[1]) if found else ""


def _folders(record: ChangeRecord) -> set[str]:
    return {key_of(part) for module in record.analysis.modules for part in module.split("/")}


def _roots(changes: Sequence[ChangeRecord]) -> frozenset[str]:
    """Words that name the repository and the folders that hold most of it: no theme's name."""
    found: Counter[str] = Counter()
    for record in changes:
        found.update(
            {
                key_of(part)
                for file in record.change.files[:40]
                for part in file.path.split("/")[:-1]
            }
        )
    common = {part for part, number in found.items() if number > 0.35 * len(changes)}
    names = {key_of(part) for record in changes for part in record.change.repo.split("/")}
    return frozenset(common | names | _package_roots(changes))


def _everywhere(changes: Sequence[ChangeRecord]) -> set[str]:
    """Terms of nearly half of the titles: a product of the repository, no theme of the period."""
    if len(changes) <= FEW:
        return set()
    held = Counter(key for record in changes for key, _, _ in terms_of(record.change.title))
    return {key for key, number in held.items() if number > EVERYWHERE * len(changes)}


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
        key_of(folder[-1])
        for folder, number in held.items()
        if number > ROOT * source and len(below[folder]) >= ROOT_FOLDERS
    }
