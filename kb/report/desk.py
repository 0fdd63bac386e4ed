"""What every section of a report is written from: the request, the reader, the history, the writer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kb.report.change_facts import ChangeFacts, change_facts, standing_of
from kb.report.history import History
from kb.report.request import ReportRequest
from kb.report.sentences import label
from kb.report.types import (
    Prose,
    Reference,
    ReportReader,
    Section,
    Writer,
    WritingTask,
    Written,
    walk_prose,
)
from kb.types import ChangeRecord, Observer

_NO_NAME = ("__", "test")  # of a language's own, or of a test that stands inside the source
_TEST = re.compile(
    r"\s*(?:async )?(?:def (?P<python>test_\w{3,})|func (?P<go>Test[A-Z]\w+)\("
    r"|(?:it|test)\(\s*['\"`](?P<said>[^'\"`]{6,70})['\"`])"
)


@dataclass(slots=True)
class Desk:
    """One report in the making."""

    reader: ReportReader
    request: ReportRequest
    history: History
    observer: Observer
    writer: Writer | None = None
    records: dict[str, ChangeRecord] = field(default_factory=dict)  # of the period
    sections_by_model: list[str] = field(default_factory=list)
    _written: dict[tuple[str, str], Written | None] = field(default_factory=dict)
    _facts: dict[str, ChangeFacts] = field(default_factory=dict)

    @property
    def lang(self) -> str:
        return self.request.lang

    def facts(self, record: ChangeRecord) -> ChangeFacts:
        """Facts of a change; where its diff names no definition, the ones whose bodies it edits."""
        held = self._facts.get(record.id)
        if held is None:
            held = change_facts(record)
            self._facts[record.id] = held
        return held

    def deep_facts(self, record: ChangeRecord) -> ChangeFacts:
        """As `facts`, and what only the stored patch tells: bodies edited, new messages and tests."""
        facts = self.facts(record)
        if facts.touched is None:
            edited, messages, tests = patch_facts(self.reader, record)
            facts = replace(
                facts,
                touched=tuple(edited),
                messages=messages,
                tests=tests,
                standing={**edited, **facts.standing},
            )
            self._facts[record.id] = facts
        return facts

    def write(self, task: WritingTask) -> Written | None:
        """The model's text for a part, or None: the rules' text stands."""
        key = (task.part, task.name)
        if key not in self._written:
            written = self.writer.write(task) if self.writer else None
            if written and not any(text.strip() for text in written.texts):
                written = None
            if written:
                self.sections_by_model.append(":".join(filter(None, key)))
            self._written[key] = written
        return self._written[key]

    def prose(self, text: str, records: Iterable[ChangeRecord]) -> Prose:
        """A model's verified text; its references become ours."""
        return Prose.parse(text, {label(record): record.id for record in records})


Names = tuple[str, ...]


def patch_facts(
    reader: ReportReader, record: ChangeRecord
) -> tuple[dict[str, Names], Names, Names]:
    """Definitions whose bodies were edited, with their files; error texts and tests that are new."""
    from kb.analysis.facts import facts_of

    if not any(file.role == "source" for file in record.change.files):
        return {}, (), ()
    full = reader.record(record.id, patches=True)
    files = tuple(
        replace(file, role=known.role)
        for file, known in zip(full.change.files, record.change.files, strict=False)
    )
    found = facts_of(replace(full.change, files=files))
    edited = standing_of(
        symbol
        for symbol in found.symbols.touched
        if len(symbol.name) > 2 and not symbol.name.lower().startswith(_NO_NAME)
    )
    tests = [
        match[match.lastgroup or 0]
        for view in found.views
        if view.role == "test"
        for text, _ in view.lines("+")
        if (match := _TEST.match(text))
    ]
    messages = dict.fromkeys(text for text, _, _ in found.surface.messages)
    return edited, tuple(messages), tuple(dict.fromkeys(tests))


def section(
    name: str,
    title: str,
    body: Mapping[str, object],
    *,
    anchor: str | None = None,
    method: str = "rules",
) -> Section:
    references = tuple(dict.fromkeys(ref for prose in walk_prose(body) for ref in prose.references))
    return Section(name, title, anchor or name, body, references, method)


def references_of(
    desk: Desk, sections: Sequence[Section], more: Iterable[str] = ()
) -> dict[str, Reference]:
    """Every change that the report names, resolved; earlier ones are marked as history."""
    wanted = list(dict.fromkeys([*(ref for part in sections for ref in part.references), *more]))
    outside = [change_id for change_id in wanted if change_id not in desk.records]
    records = dict(desk.records)
    records.update({record.id: record for record in desk.history.known(outside)})
    desk.history.account_for([change_id for change_id in outside if change_id in records])
    return {
        change_id: _reference(records[change_id], change_id in desk.records)
        for change_id in wanted
        if change_id in records
    }


def _reference(record: ChangeRecord, in_period: bool) -> Reference:
    change = record.change
    return Reference(
        id=record.id,
        label=label(record),
        title=change.title,
        author=change.author,
        merged_at=change.merged_at,
        url=change.url,
        importance=record.analysis.importance,
        in_period=in_period,
    )
