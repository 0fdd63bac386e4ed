"""Which of the shown changes the references of a sentence mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kb.verify.evidence import Evidence
from kb.verify.reference_forms import CODE, REFERENCE

_NUMBERED = ("number", "worded", "counted", "bang", "path")
_SEPARATOR = re.compile(r"^(?:[\s,，、;；/&+()（）]|and|和|与|及|以及|PRs?|PR)*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """`subject`: the change that every sentence is about and so cites (a per-change field)."""

    subject: str | None = None
    must_cite: bool = False  # answers: a sentence without a reference goes
    repo: str | None = None  # what a bare #12 means where several repositories were shown


@dataclass(frozen=True, eq=False)
class Shown:
    evidence: tuple[Evidence, ...]
    rules: Rules
    _by_number: dict[int, list[Evidence]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.evidence:
            if item.number is not None:
                self._by_number.setdefault(item.number, []).append(item)

    @cached_property
    def by_id(self) -> Mapping[str, Evidence]:
        return {item.id: item for item in self.evidence}

    def numbered(self, number: int, repo: str | None) -> list[Evidence]:
        found = self._by_number.get(number, [])
        if repo:
            return [item for item in found if item.repo.casefold() == repo.casefold()]
        preferred = [item for item in found if item.repo == self.rules.repo]
        return preferred if preferred and len(found) > 1 else found

    def indexed(self, index: int) -> list[Evidence]:
        return [item for item in self.evidence if item.index == index]

    def hashed(self, sha: str) -> list[Evidence]:
        return [item for item in self.evidence if item.sha.startswith(sha.lower())]


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring references, read as one citation."""

    start: int
    end: int
    cites: tuple[Evidence, ...]


def groups_of(text: str, shown: Shown) -> list[Group] | tuple[str, str]:
    """The citations of a sentence, or (why, detail) where one does not resolve."""
    groups: list[Group] = []
    for match in REFERENCE.finditer(text):
        cites: list[Evidence] = []
        for found in _resolve(match, shown):
            if len(found) != 1:
                return ("ambiguous" if found else "reference"), match[0]
            cites.extend(found)
        last = groups[-1] if groups else None
        if last and _SEPARATOR.match(text[last.end : match.start()]):
            groups[-1] = Group(last.start, match.end(), (*last.cites, *cites))
        else:
            groups.append(Group(match.start(), match.end(), tuple(cites)))
    return groups


def relabelled(sentence: str, shown: Shown) -> str:
    """References in the one form that renderers link: PR 12, o/r#12 and a long SHA become labels."""

    def label(match: re.Match[str]) -> str:
        found = [items[0].label for items in _resolve(match, shown) if len(items) == 1]
        return "".join(found) if found and found[0][0] == "[" else ", ".join(found) or match[0]

    return REFERENCE.sub(label, sentence.replace("＃", "#"))


def readable(text: str, shown: Shown) -> str:
    """`items[0]` in code cites nothing; a SHA that begins with seven digits is no number."""

    def lengthened(match: re.Match[str]) -> str:
        found = shown.hashed(match[0])
        if len(found) != 1:
            return match[0]
        letter = re.search(r"[a-f]", found[0].sha)
        return found[0].sha[: max(len(match[0]), letter.end() if letter else 0)]

    text = CODE.sub(lambda code: code[0].replace("[", "⟦").replace("]", "⟧"), text)
    return re.sub(r"(?<![\w#./-])\d{7,40}(?![\w.%-])", lengthened, text)


def _resolve(match: re.Match[str], shown: Shown) -> list[list[Evidence]]:
    """For each number that one reference holds, the shown changes that it may mean."""
    number = next((match[name] for name in _NUMBERED if match[name]), None)
    if number:
        return [shown.numbered(int(number), match["repo"])]
    if indices := match["index"] or match["index2"]:
        return [shown.indexed(int(n)) for n in re.split(r"\D+", indices) if n]
    return [shown.hashed(match["sha"])]
