"""Composes a report: loads the changes, gathers the facts, has the sections written, keeps the result.

A chat model (`writer`) improves prose only; without one every section is written by the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kb.errors import UsageError
from kb.report.desk import Desk
from kb.report.facts import ModuleTrend, gather, load
from kb.report.frame import finish, period_of, scope_key, scope_of
from kb.report.history import History
from kb.report.period_sections import PeriodSections
from kb.report.request import SECTIONS, ReportRequest
from kb.report.say import say
from kb.report.titles import capital
from kb.report.types import Prose, Report, ReportReader, Section, Writer
from kb.types import Observer

WEEKLY_WORDS = 1470  # of 1,500 (REPORTS.md, Length): headings and table heads are not measured


def compose(
    reader: ReportReader, request: ReportRequest, writer: Writer | None, observer: Observer
) -> Report:
    """The report that `request` asks for; it is kept through `reader.put_report`."""
    from kb.report import change_report, daily, risk_report, topic_report
    from kb.report.as_of import AsOfReader

    if request.brief and request.kind not in ("day", "week", "month", "range"):
        raise UsageError("only the report of a period can be brief", "kb report week --brief")
    observer.phase("report")
    composers: dict[str, Callable[[Desk], Report]] = {
        "day": daily.compose_day,
        "change": change_report.compose_change,
        "topic": topic_report.compose_topic,
        "risks": risk_report.compose_risks,
    }
    if request.as_of is not None:
        reader = AsOfReader(reader, request.as_of)
    period = request.period
    until = period.since if period else request.as_of
    desk = Desk(reader, request, History(reader, request.filters, until), observer, writer)
    made = compose_period if request.brief else composers.get(request.kind, compose_period)
    report = made(desk)
    _keep(reader, report)
    return report


def compose_period(desk: Desk) -> Report:
    """A week, a month or a range; a brief one (of a day too) takes the same facts."""
    from kb.report.brief import brief_section
    from kb.report.followed import followed_section
    from kb.report.period_sections import prepare

    request = desk.request
    period = period_of(desk)
    filters = scope_of(request, period)
    records = load(desk.reader, filters)
    desk.records = {record.id: record for record in records}
    if not records:
        return finish(desk, period, [], (), Prose())
    facts = gather(desk.reader, records, filters, period)
    if desk.writer:
        desk.writer.prepare(facts.people, desk.lang)
    shared = prepare(desk, facts)
    if request.brief:
        sections = [brief_section(shared)]
    else:
        sections = _within_length(shared, followed_section(desk, period))
    charts: dict[str, object] = {
        "modules": [_chart_row(row) for row in facts.modules[:12]],
        "levels": dict(facts.levels),
    }
    return finish(desk, period, sections, records, headline_of(shared), facts=facts, charts=charts)


# (themes, those told in full, changes told of each, examples a risk, fixes a symptom, modules):
# the most that fits is taken. A further theme in short is worth more than another row of modules.
DETAIL = (
    (8, 8, 3, 2, 3, 10),
    (8, 8, 2, 2, 3, 10),
    (8, 8, 2, 2, 2, 8),
    (8, 8, 1, 2, 2, 8),
    (8, 8, 1, 2, 1, 7),
    (8, 6, 1, 2, 1, 7),
    (8, 5, 1, 2, 1, 6),
    (8, 4, 1, 2, 1, 6),
    (8, 4, 1, 1, 1, 5),
    (8, 3, 1, 1, 1, 5),
    (8, 3, 1, 1, 1, 4),
    (7, 3, 1, 1, 1, 4),
    (6, 3, 1, 1, 1, 4),
    (5, 3, 1, 1, 1, 4),
    (5, 3, 1, 1, 1, 2),
)


def _within_length(shared: PeriodSections, followed: Section | None) -> list[Section]:
    """All sections in the most detail that the length allows; what does not change is made once."""
    from kb.report import period_report as parts
    from kb.report.summary import summary_section
    from kb.report.theme_entries import themes_section

    wants = shared.desk.request.wants
    fixed: dict[str, Section | None] = {
        "summary": summary_section(shared) if wants("summary") else None,
        "key-prs": parts.key_section(shared) if wants("key-prs") else None,
        "suggestions": parts.suggestions_section(shared) if wants("suggestions") else None,
        "followed": followed if wants("followed") else None,
    }
    themes, full, told, examples, fixes, modules = _fitting(shared, followed)
    shared.themes = shared.themes[:themes]
    made = dict(fixed)
    made["themes"] = themes_section(shared, told, full) if wants("themes") else None
    made["fixes"] = parts.fixes_section(shared, fixes) if wants("fixes") else None
    made["trends"] = parts.trends_section(shared, modules) if wants("trends") else None
    made["risks"] = parts.risks_section(shared, examples) if wants("risks") else None
    made["ledger"] = parts.ledger_section(shared) if wants("ledger") else None
    ordered = [made.get(name) for name in SECTIONS]
    return [part for part in ordered if part is not None]


def _fitting(
    shared: PeriodSections, followed: Section | None
) -> tuple[int, int, int, int, int, int]:
    """The most detail that fits, measured on the rules' English: both languages take the same."""
    from kb.report import period_report as parts
    from kb.report.followed import followed_section
    from kb.report.summary import summary_section
    from kb.report.theme_entries import themes_section

    desk = replace(
        shared.desk, request=replace(shared.desk.request, lang="en"), writer=None, _written={}
    )
    ruler = replace(shared, desk=desk)
    fixed = [
        summary_section(ruler),
        parts.key_section(ruler),
        parts.suggestions_section(ruler),
    ]
    if followed is not None:
        fixed.append(followed_section(desk, period_of(desk)) or followed)
    words = measured_words(fixed)
    for themes, full, told, examples, fixes, modules in DETAIL:
        ruler.themes = shared.themes[:themes]
        varying = [
            themes_section(ruler, told, full),
            parts.fixes_section(ruler, fixes),
            parts.trends_section(ruler, modules),
            parts.risks_section(ruler, examples),
        ]
        if words + measured_words(varying) <= WEEKLY_WORDS:
            return themes, full, told, examples, fixes, modules
    return DETAIL[-1]


def measured_words(sections: Sequence[Section]) -> int:
    """Words of everything but the ledger and the health."""
    from kb.report.renderers.markdown import plain_text
    from kb.report.say import words_of

    return sum(
        words_of(plain_text(part)) for part in sections if part.name not in ("ledger", "health")
    )


def measured_letters(sections: Sequence[Section]) -> int:
    """Chinese characters of everything but the ledger and the health."""
    from kb.report.renderers.markdown import plain_text

    texts = (plain_text(part) for part in sections if part.name not in ("ledger", "health"))
    return sum("㐀" <= sign <= "鿿" for text in texts for sign in text)


def _chart_row(trend: ModuleTrend) -> dict[str, object]:
    return {"module": trend.module, "values": [*trend.history, trend.changes]}


def headline_of(shared: PeriodSections) -> Prose:
    """The two leading themes."""
    texts = list(dict.fromkeys(theme.name_in(shared.lang) for theme in shared.themes))[:2]
    if texts and texts[0].isascii():
        texts[0] = capital(texts[0])
    names = [Prose.of(text, "title") for text in texts]
    if len(names) < 2:
        return names[0] if names else Prose()
    return say("header.headline", shared.lang, first=names[0], second=names[1])


def _keep(reader: ReportReader, report: Report) -> None:
    from kb.report.renderers.json_document import to_json

    if report.sections and not report.request.brief:
        reader.put_report(
            report.kind, report.lang, report.period, to_json(report), scope_key(report.request)
        )
