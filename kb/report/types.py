"""The report as data: prose in spans, sections, references, health. Renderers only lay it out.

Text of a repository stands in a report as it is, in spans; escaping is each renderer's work. So
no title can become markup, and the references of two languages can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from kb.report.request import ReportRequest
from kb.types import (
    ChangeProse,
    ChangeRecord,
    Filters,
    Hit,
    LineOrigin,
    Period,
    Query,
    Relation,
    SearchResult,
    SourceState,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence. `kind`: text (ours), quote, title, code, strong, ref, link.

    `target` is a change id for a ref and a URL for a link.
    """

    kind: str
    text: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A sentence or a paragraph."""

    spans: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return any(span.text for span in self.spans)

    def __add__(self, other: Prose) -> Prose:
        return Prose(self.spans + other.spans)

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(span.target for span in self.spans if span.kind == "ref")

    @property
    def plain(self) -> str:
        return "".join(span.text for span in self.spans)

    @classmethod
    def of(cls, text: str, kind: str = "text") -> Prose:
        return cls((Span(kind, text),)) if text else cls()

    @classmethod
    def join(cls, parts: Iterable[Prose], separator: str = "") -> Prose:
        spans: list[Span] = []
        for part in parts:
            if not part:
                continue
            if spans and separator:
                spans.append(Span("text", separator))
            spans.extend(part.spans)
        return cls(tuple(spans))

    @classmethod
    def parse(cls, text: str, references: Mapping[str, str]) -> Prose:
        """Text of a model: `references` maps "#123" or a short SHA to a change id; `code` is code."""
        spans: list[Span] = []
        for code, ref, plain in re.findall(
            r"`([^`\n]+)`|(#\d+|\b[0-9a-f]{7,40}\b)|([^`#0-9a-f]+|.)", text, re.S
        ):
            if code:
                spans.append(Span("code", code))
            elif ref and ref in references:
                spans.append(Span("ref", ref, references[ref]))
            else:
                spans.append(Span("text", ref or plain))
        return cls(_merged(spans))


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in spans:
        if merged and span.kind == "text" and merged[-1].kind == "text":
            merged[-1] = Span("text", merged[-1].text + span.text)
        else:
            merged.append(span)
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class Reference:
    """A change that the report names; `in_period` False means marked history."""

    id: str
    label: str  # "#123", or the first seven digits of the SHA
    title: str
    author: str
    merged_at: datetime
    url: str | None
    importance: float
    in_period: bool = True


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One retrieval of the composer: for what, with which words, what came, what was used."""

    purpose: str
    query: str
    engine: str | None
    hits: tuple[str, ...]
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """How the report came about; counts are of changes."""

    changes: int = 0
    by_rules: int = 0
    by_model: int = 0
    failed: int = 0
    seen_in_part: int = 0
    described: int = 0
    reviewed: int = 0
    model: str | None = None
    calls: int = 0
    tokens: int = 0
    model_ms: int = 0
    sentences_removed: int = 0
    removed: tuple[str, ...] = ()
    sections_by_model: tuple[str, ...] = ()
    indexed_until: datetime | None = None  # the newest change of the index
    updated_at: datetime | None = None  # the last look at the source
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """`body` holds what the section's template lays out (see templates/); JSON prints it as it is."""

    name: str
    title: str
    anchor: str
    body: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    method: str = "rules"  # rules, or the model's name


@dataclass(frozen=True, slots=True)
class Report:
    request: ReportRequest
    kind: str
    lang: str
    title: str
    headline: Prose
    repos: tuple[str, ...]
    period: Period | None
    filters: Filters
    made_at: datetime
    tz: str
    header: Mapping[str, Any]
    sections: tuple[Section, ...]
    references: Mapping[str, Reference]
    retrieved: tuple[Retrieved, ...] = ()
    health: Health = field(default_factory=Health)
    charts: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1

    def section(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.name == name), None)


# --- who writes prose -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WritingTask:
    """One piece of prose that a writer may write instead of the rules.

    `part`: summary (one paragraph), theme (a lead of one theme, then its points), risks (one text
    an item), suggestions (one text an item). `evidence` are the only changes that may be cited, as
    `#N` or a SHA of seven digits; `history` are earlier changes, citable too. `facts` are the
    figures of the period that code counted ("changes": "279"); a sentence may use them without a
    reference. `draft` is what the rules wrote, one text an item, so that a model improves and does
    not start from nothing. `items` is how many texts are expected (1 for summary and theme).
    """

    part: str
    name: str  # what a theme or risk is called; "" otherwise
    lang: str
    evidence: tuple[ChangeRecord, ...]
    history: tuple[ChangeRecord, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    draft: tuple[str, ...] = ()
    items: int = 1
    max_words: int = 90


@dataclass(frozen=True, slots=True)
class Written:
    """Verified text, one an item; an empty text leaves that item to the rules."""

    texts: tuple[str, ...]
    method: str  # the model's name
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriterHealth:
    model: str
    by_model: int = 0
    failed: int = 0
    calls: int = 0
    tokens: int = 0
    took_ms: int = 0
    sentences_removed: int = 0
    removed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Writer(Protocol):
    """A chat model behind a verifier. Every method may return nothing: the rules then write."""

    @property
    def name(self) -> str: ...

    def prepare(self, records: Sequence[ChangeRecord], lang: str) -> None:
        """Analyse these changes (concurrently, from the cache where it holds them)."""

    def change(self, change_id: str) -> ChangeProse | None:
        """What the model wrote of a prepared change; None where it failed or was left to rules."""

    def rank(self, records: Sequence[ChangeRecord]) -> Sequence[tuple[str, float, str]] | None:
        """(id, importance, reason) of the weightiest; None keeps the rules' order."""

    def write(self, task: WritingTask) -> Written | None: ...

    def health(self) -> WriterHealth: ...


# --- what is read -----------------------------------------------------------------------------


class Covered(Protocol):
    """How far a repository is indexed (the facade's `Coverage`)."""

    @property
    def since(self) -> datetime | None: ...
    @property
    def until(self) -> datetime | None: ...
    @property
    def changes(self) -> int: ...
    @property
    def pending(self) -> int: ...


class ReportReader(Protocol):
    """What a composer reads; the facade satisfies it, tests bring their own."""

    def select(
        self,
        filters: Filters,
        *,
        order: str = "newest",
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
    ) -> Sequence[ChangeRecord]: ...

    def count(self, filters: Filters) -> int: ...

    def facets(self, filters: Filters) -> Mapping[str, Sequence[tuple[str, int]]]:
        """Counts of values by field; `module` is the one that reports read."""

    def record(self, change_id: str, patches: bool = False) -> ChangeRecord: ...

    def records(self, ids: Sequence[str]) -> Sequence[ChangeRecord]: ...

    def search(self, query: Query) -> SearchResult: ...

    def similar(self, change_id: str, limit: int = 8) -> Sequence[Hit]: ...

    def line_origins(self, change_id: str, limit: int = 3) -> Sequence[LineOrigin]: ...

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Any]:
        """One L2-normalised title-and-text vector an id (numpy float32); ids without are absent."""

    def relations(self, ids: Sequence[str]) -> Sequence[Relation]: ...

    def patches(self, change_id: str) -> Mapping[str, str]: ...

    def sources(self) -> Sequence[SourceState]: ...

    def coverage(self, repo: str) -> Covered: ...

    def last_report(self, kind: str, scope: str, ended_by: datetime) -> Mapping[str, Any] | None:
        """The JSON of the kept report of this kind and scope (see frame.scope_key) whose period
        is the last that had ended by then, in whatever language."""

    def put_report(
        self, kind: str, lang: str, period: Period | None, document: str, scope: str = ""
    ) -> str: ...


def walk_prose(value: Any) -> Iterator[Prose]:
    """Every Prose inside a section's body, in reading order."""
    if isinstance(value, Prose):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from walk_prose(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from walk_prose(item)
