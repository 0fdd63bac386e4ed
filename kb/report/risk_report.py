"""`kb risks`: the risks of any set of changes, each with evidence, precedent, and what to check."""

from __future__ import annotations

from collections.abc import Sequence

from kb.errors import UsageError
from kb.periods import label as period_label
from kb.report.desk import Desk, section
from kb.report.facts import load
from kb.report.frame import finish, scope_of
from kb.report.ledger import ledger_of
from kb.report.risk_precedents import precedent, precedent_prose
from kb.report.risk_suggestions import open_series, series_suggestion
from kb.report.risks import RiskGroup, all_risk_groups, others, refs, risk_text
from kb.report.say import listing, say, word
from kb.report.sentences import label, reference
from kb.report.titles import visible
from kb.report.types import Prose, Report, WritingTask
from kb.types import ChangeRecord

EVIDENCE, CHECKED = 4, 4


def compose_risks(desk: Desk) -> Report:
    lang = desk.lang
    records = risk_records(desk)
    desk.records = {record.id: record for record in records}
    title = say("title.risks", lang, label=_subject(desk, records)).plain
    if not records:
        return finish(desk, desk.request.period, [], (), Prose(), title=title)
    groups = all_risk_groups(records)
    items = risk_items(desk, groups, with_checks=True)
    if groups:
        task = WritingTask(
            "risks",
            "",
            lang,
            tuple({record.id: record for group in groups for record in group.top}.values()),
            history=tuple(desk.history.found.values()),
            draft=tuple(str(item["draft"]) for item in items),
            items=len(items),
            max_words=45,
        )
        written = desk.write(task)
        if written:
            cited = (*records, *desk.history.found.values())
            for item, text in zip(items, written.texts, strict=False):
                if text.strip():
                    item["text"] = desk.prose(text, cited)
    body = {
        "items": items,
        "labels": Prose(),
        "none": Prose() if items else say("risk.text.none", lang),
    }
    sections = [section("risks", word("section.risks", lang), body)]
    unfinished = open_series(records)[:3]
    if unfinished:
        gaps = {
            "items": [series_suggestion(record, lang) for record in unfinished],
            "none": Prose(),
        }
        sections.append(section("suggestions", word("section.suggestions", lang), gaps))
    sections.append(ledger_of(desk, records))
    return finish(desk, desk.request.period, sections, records, Prose(), title=title)


def risk_records(desk: Desk) -> tuple[ChangeRecord, ...]:
    """The changes asked for: listed, found by a topic, or of a period."""
    request = desk.request
    if request.change_ids:
        return tuple(desk.reader.records(request.change_ids))
    if request.topic:
        from kb.report.topic_report import topic_changes

        return tuple(topic_changes(desk, request.topic)[0])
    if request.period is None and not request.filters:
        raise UsageError(
            "risks of what?", 'kb risks week 2026-W22, kb risks 12 34, kb risks "words"'
        )
    return load(desk.reader, scope_of(request, request.period))


def _subject(desk: Desk, records: Sequence[ChangeRecord]) -> str:
    request = desk.request
    if request.change_ids:
        return ", ".join(label(record) for record in records)
    if request.topic:
        return visible(request.topic)
    return period_label(request.period) if request.period else ""


def risk_items(
    desk: Desk, groups: Sequence[RiskGroup], *, with_checks: bool = True
) -> list[dict[str, object]]:
    lang = desk.lang
    items: list[dict[str, object]] = []
    for group in groups:
        text = risk_text(desk, group, EVIDENCE)
        before = precedent_prose(desk, precedent(desk, group))
        items.append(
            {
                "kind": group.kind,
                "label": word(f"risk.name.{group.kind}", lang),
                "count": len(group.records),
                "text": text,
                "draft": text.plain,
                "precedent": before,
                "top": listing([reference(record) for record in group.top], lang, last=False),
                "others": others(group, text, lang),
                "rest": max(0, len(group.records) - len(group.top)),
                "anchor": f"risk-{group.kind}",
                "check": say(
                    f"risk.check.{group.kind}",
                    lang,
                    n=min(len(group.records), CHECKED),
                    refs=refs(group.records, lang, CHECKED),
                )
                if with_checks
                else Prose(),
            }
        )
    return items
