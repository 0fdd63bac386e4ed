"""Holds a finished report against the archive: every reference, every figure, every quoted name.

It reads the report's JSON, so it judges what was published and not what a writer meant. A figure is
supported where it stands in a change that its sentence cites; it is counted (by code) where it is a
plain number that the document's own data holds; everything else is unsupported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kb.errors import KBError, UsageError
from kb.phrases import phrase
from kb.report.titles import visible
from kb.text.figures import figures, stands
from kb.text.sentences import plain_digits, sentences
from kb.types import ChangeRecord
from kb.verify import Evidence, Rules, evidence_of, judged_figures, stands_in

QUOTED = ("quote", "title")  # words of the repository inside a sentence of ours
COUNTED = ("health", "terms")  # all figures in them are code's own
MOST_SHOWN = 50


class EvidenceReader(Protocol):
    def record(self, change_id: str, patches: bool = False) -> ChangeRecord: ...


@dataclass(frozen=True, slots=True)
class Unsupported:
    section: str
    kind: str  # reference, figure, name
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Tally:
    checked: int = 0
    supported: int = 0

    @property
    def share(self) -> float:
        return round(self.supported / self.checked, 4) if self.checked else 1.0


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Shares of what was checked; `counted` figures are code's own and are in no share."""

    claims: Tally
    references: Tally
    figures: Tally
    names: Tally
    counted: int
    unsupported: tuple[Unsupported, ...] = ()

    @property
    def supported(self) -> bool:
        return not self.unsupported

    def as_json(self) -> dict[str, Any]:
        tallies = {
            name: {**asdict(tally), "share": tally.share}
            for name in ("claims", "references", "figures", "names")
            for tally in [getattr(self, name)]
        }
        return {
            **tallies,
            "counted": self.counted,
            "supported": self.supported,
            "unsupported": [asdict(item) for item in self.unsupported],
        }


def read_report(file: Path) -> dict[str, Any]:
    """The report's JSON; UsageError for a file that holds none."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageError(
            f"cannot read {file}: {exc.strerror}", "kb report --format json -o FILE.json"
        ) from exc
    except ValueError as exc:
        raise UsageError(f"{file} is no JSON", "kb report --format json -o FILE.json") from exc
    if not isinstance(document, dict) or "sections" not in document:
        raise UsageError(f"{file} is no report", "kb report --format json -o FILE.json")
    return document


def evaluate_report(document: Mapping[str, Any], reader: EvidenceReader) -> Faithfulness:
    """Checks every sentence of every section."""
    judge = _Judge(document, reader)
    listed = document.get("references", {})
    inside = tuple(key for key, item in listed.items() if item.get("in_period"))
    judge.prose("headline", document.get("headline"), inside)
    for section in document["sections"]:
        judge.walk(str(section.get("name", "")), section.get("body"), ())
    if judge.lost:
        raise UsageError(
            "none of the report's changes is in this knowledge base",
            "--home FOLDER, or kb ingest the repository first",
        )
    return judge.result()


def faithfulness_text(found: Faithfulness, lang: str = "en") -> str:
    """A line a share, then what is unsupported."""
    lines = [
        phrase(
            f"qa.faithfulness.{name}",
            lang,
            checked=tally.checked,
            supported=tally.supported,
            share=f"{tally.share:.3f}",
        )
        for name in ("claims", "references", "figures", "names")
        for tally in [getattr(found, name)]
    ]
    lines.append(phrase("qa.faithfulness.counted", lang, count=found.counted))
    for item in found.unsupported[:MOST_SHOWN]:
        lines.append(f"- {item.section}: {item.kind} {item.what!r}: {item.text[:160]}")
    return "\n".join(lines)


@dataclass
class _Judge:
    document: Mapping[str, Any]
    reader: EvidenceReader
    counts: dict[str, int] = field(default_factory=dict)
    unsupported: list[Unsupported] = field(default_factory=list)
    _evidence: dict[str, Evidence | None] = field(default_factory=dict)
    _records: dict[str, ChangeRecord] = field(default_factory=dict)
    _sums: frozenset[str] | None = None
    _numbers: frozenset[str] = frozenset()
    _strings: frozenset[str] = frozenset()
    _labels: frozenset[str] | None = None

    def __post_init__(self) -> None:
        self._numbers = frozenset(_numbers_of(self.document))
        self._strings = frozenset(_strings_of(self.document))

    def walk(self, section: str, value: Any, near: tuple[str, ...]) -> None:
        """`near`: the changes that the enclosing rows are about, the innermost first."""
        if isinstance(value, Mapping):
            if _is_prose(value):
                self.prose(section, value, near)
                return
            own = value.get("id")
            about = tuple(dict.fromkeys((*_references_in(value), *near)))
            if isinstance(own, str) and own in self.document.get("references", {}):
                about = tuple(dict.fromkeys((own, *about)))
            for item in value.values():
                self.walk(section, item, about)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self.walk(section, item, near)

    def prose(self, section: str, value: Any, near: tuple[str, ...]) -> None:
        if not _is_prose(value) or not value["text"].strip():
            return
        wrong = len(self.unsupported)
        spans = [(span[0], span[1], span[2] if len(span) > 2 else "") for span in value["spans"]]
        cited = tuple(dict.fromkeys(target for kind, _, target in spans if kind == "ref"))
        for kind, label, target in spans:
            if kind == "ref":
                self._count(
                    "references", self._known(target, label), section, "reference", label, value
                )
        about = [item for key in cited or near if (item := self._of(key)) is not None]
        around = [item for key in (*cited, *near) if (item := self._of(key)) is not None]
        for kind, text, _ in spans:
            if kind in QUOTED:
                self._quoted(section, text, around, value)
            elif kind == "code":
                holds = text.strip() in self._strings or any(_code_in(i, text) for i in around)
                holds = holds or (not cited and text.strip() in self._all_labels())
                self._count("names", holds, section, "name", text, value)
        if section not in COUNTED:
            self._own_words(section, spans, about, value)
        self._count_claim(wrong)

    @property
    def lost(self) -> bool:
        return bool(self._evidence) and not any(self._evidence.values())

    def result(self) -> Faithfulness:
        def tally(name: str) -> Tally:
            return Tally(self.counts.get(name, 0), self.counts.get(f"{name} supported", 0))

        return Faithfulness(
            tally("claims"),
            tally("references"),
            tally("figures"),
            tally("names"),
            self.counts.get("counted", 0),
            tuple(self.unsupported),
        )

    def _own_words(
        self,
        section: str,
        spans: Sequence[tuple[str, str, str]],
        about: Sequence[Evidence],
        value: Mapping[str, Any],
    ) -> None:
        """Figures outside quotes: those of a cited change, or counts of ours."""
        counts = {
            found[1] or found[2]
            for kind, text, _ in spans
            if kind == "text" and (found := _COUNT.match(text))
        }
        text = "".join(
            f" {_MASK * max(1, len(text))} " if kind in (*QUOTED, "code", "link") else text
            for kind, text, _ in spans
        )
        for sentence in sentences(text):
            for figure, holds in judged_figures(sentence, about, Rules()):
                held = holds or any(
                    stands(found, item.figures, item.folded)
                    for found in figures(figure)
                    for item in about
                    if not any(label in sentence for label in (other.label for other in about))
                )
                if not held and (self._is_count(figure) or figure in counts):
                    self.counts["counted"] = self.counts.get("counted", 0) + 1
                else:
                    self._count("figures", held, section, "figure", figure, value)

    def _quoted(
        self, section: str, text: str, around: Sequence[Evidence], value: Mapping[str, Any]
    ) -> None:
        for figure in figures(text.rstrip(" …")):
            held = any(stands(figure, item.figures, item.folded) for item in around)
            held = held or any(
                plain_digits(text).casefold().rstrip(" …") in i.folded for i in around
            )
            held = held or (
                figure.start + len(figure.text) >= len(text.rstrip(" …")) and "…" in text
            )
            self._count("figures", held, section, "figure", figure.text, value)

    def _is_count(self, figure: str) -> bool:
        """A plain number that the document's data holds or sums up to, or days between changes."""
        alternatives = [pair for found in figures(figure) for pair in found.alternatives]
        return any(
            unit == "day" or (unit in ("", "date") and number in self._numbers | self._totals())
            for number, unit in alternatives
        )

    def _totals(self) -> frozenset[str]:
        """Lines, files and the mean importance of the period, with and without the bots'."""
        if self._sums is None:
            analyses = [record.analysis for record in self._inside()]
            groups = [analyses, [item for item in analyses if not item.bot]]
            self._sums = frozenset(
                str(sum(getattr(item.size, name) for item in chosen))
                for chosen in groups
                for name in ("source_added", "source_removed", "additions", "deletions", "files")
            ) | frozenset(
                str(round(sum(item.importance for item in chosen) / len(chosen), 1))
                for chosen in groups
                if chosen
            )
        return self._sums

    def _all_labels(self) -> frozenset[str]:
        """What the period's changes are labelled; the report counts them and cites no change."""
        if self._labels is None:
            self._labels = frozenset(
                visible(label) for record in self._inside() for label in record.change.labels
            )
        return self._labels

    def _inside(self) -> list[ChangeRecord]:
        """The changes of the period that the archive holds."""
        listed: Mapping[str, Any] = self.document.get("references", {})
        inside = [key for key, item in listed.items() if item["in_period"] and self._of(key)]
        return [self._records[key] for key in inside]

    def _count(
        self, name: str, holds: bool, section: str, kind: str, what: str, value: Mapping[str, Any]
    ) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        if holds:
            self.counts[f"{name} supported"] = self.counts.get(f"{name} supported", 0) + 1
        else:
            self.unsupported.append(Unsupported(section, kind, what, str(value["text"])))

    def _count_claim(self, wrong_before: int) -> None:
        self.counts["claims"] = self.counts.get("claims", 0) + 1
        if len(self.unsupported) == wrong_before:
            self.counts["claims supported"] = self.counts.get("claims supported", 0) + 1

    def _known(self, change_id: str, label: str) -> bool:
        """It is listed, it resolves, and its label is its own."""
        item = self._of(change_id)
        if item is None or change_id not in self.document.get("references", {}):
            return False
        return label in (item.label, f"{item.repo}{item.label}", item.sha[: len(label)])

    def _of(self, change_id: str) -> Evidence | None:
        if change_id not in self._evidence:
            try:
                record = self.reader.record(change_id, patches=True)
                self._evidence[change_id] = evidence_of(record)
                self._records[change_id] = record
            except KBError:
                self._evidence[change_id] = None
        return self._evidence[change_id]


def _code_in(item: Evidence, text: str) -> bool:
    """Quoted code, whole or as the beginning that an ellipsis leaves."""
    if text.rstrip().endswith("…"):
        return plain_digits(text).rstrip(" .…").casefold() in item.folded
    return stands_in(item, text)


# Code puts what it counts into a span of its own ("8 changes"); a model's prose comes in one piece.
_COUNT = re.compile(
    r"\s*[+−-]?(\d[\d,]*(?:\.\d+)?)(?:\s+[^\W\d]+){0,3}\s*$|\s*(\d+)\s*[\u4e00-\u9fff]{1,6}\s*$"
)
_MASK = "\u00b7"


def _is_prose(value: Any) -> bool:
    return isinstance(value, Mapping) and "spans" in value and "text" in value


def _references_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if _is_prose(value):
            yield from value.get("references", ())
        else:
            for item in value.values():
                yield from _references_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _references_in(item)


def _numbers_of(value: Any) -> Iterator[str]:
    """Every number of the document's data, dates and labels too, but not those inside its prose."""
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield from (
            number for found in figures(str(abs(value))) for number, _ in found.alternatives
        )
    elif isinstance(value, str):
        for found in figures(value[:80]):
            yield from (number for number, unit in found.alternatives if unit in ("", "date"))
        for dated in re.findall(r"\d{4}-\d{2}-\d{2}", value[:80]):
            yield from (str(int(part)) for part in dated.split("-"))
    elif isinstance(value, Mapping):
        if not _is_prose(value):
            for item in value.values():
                yield from _numbers_of(item)
    elif isinstance(value, (list, tuple)):
        yield str(len(value))
        for item in value:
            yield from _numbers_of(item)


def _strings_of(value: Any) -> Iterator[str]:
    """Modules, types and labels that stand as data in the document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        if not _is_prose(value):
            for item in value.values():
                yield from _strings_of(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings_of(item)
