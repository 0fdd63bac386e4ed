"""Composes a report: loads the changes, gathers the facts, has the sections written, keeps the result.

A chat model (`writer`) improves prose only; without one every section is written by the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kb.report.desk import Desk
from kb.report.facts import ModuleTrend, gather, load
from kb.report.frame import finish, period_of, scope_key, scope_of
from kb.report.history import History
from kb.report.period_report import PeriodSections
from kb.report.request import ReportRequest
from kb.report.say import say
from kb.report.types import Prose, Report, ReportReader, Section, Writer
from kb.types import Observer

WEEKLY_WORDS = 1500  # without the ledger (REPORTS.md, Length)
WEEKLY_LETTERS = 3000  # Chinese characters


def compose(
    reader: ReportReader, request: ReportRequest, writer: Writer | None, observer: Observer
) -> Report:
    """The report that `request` asks for; it is kept through `reader.put_report`."""
    from kb.report import change_report, daily, risk_report, topic_report

    observer.phase("report")
    composers: dict[str, Callable[[Desk], Report]] = {
        "day": daily.compose_day,
        "change": change_report.compose_change,
        "topic": topic_report.compose_topic,
        "risks": risk_report.compose_risks,
    }
    period = request.period
    until = period.since if period else request.as_of
    desk = Desk(reader, request, History(reader, request.filters, until), observer, writer)
    report = composers.get(request.kind, compose_period)(desk)
    _keep(reader, report)
    return report


def compose_period(desk: Desk) -> Report:
    """A week, a month or a range; a brief one takes the same facts."""
    from kb.report import period_report as parts
    from kb.report.brief import brief_section
    from kb.report.followed import followed_section

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
    shared = parts.prepare(desk, facts)
    if request.brief:
        sections = [brief_section(shared)]
    else:
        sections = _within_length(shared, followed_section(desk, period))
    charts: dict[str, object] = {
        "modules": [_chart_row(row) for row in facts.modules[:12]],
        "levels": dict(facts.levels),
    }
    return finish(desk, period, sections, records, headline_of(shared), facts=facts, charts=charts)


def _within_length(shared: PeriodSections, followed: Section | None) -> list[Section]:
    """All sections in the most detail that the length allows."""
    sections: list[Section] = []
    for detail in (2, 1, 0):
        sections = _sections(shared, followed, detail)
        if (
            measured_words(sections) <= WEEKLY_WORDS
            and measured_letters(sections) <= WEEKLY_LETTERS
        ):
            break
    return sections


def _sections(shared: PeriodSections, followed: Section | None, detail: int) -> list[Section]:
    from kb.report import period_report as parts

    builders: list[tuple[str, Callable[[], Section | None]]] = [
        ("summary", lambda: parts.summary_section(shared)),
        ("themes", lambda: parts.themes_section(shared, detail)),
        ("fixes", lambda: parts.fixes_section(shared, 1 + detail)),
        ("trends", lambda: parts.trends_section(shared, 6 + 2 * detail)),
        ("risks", lambda: parts.risks_section(shared, max(1, detail))),
        ("key-prs", lambda: parts.key_section(shared)),
        ("suggestions", lambda: parts.suggestions_section(shared, 4 + (detail > 0))),
        ("followed", lambda: followed),
        ("ledger", lambda: parts.ledger_section(shared)),
    ]
    made = [build() for name, build in builders if shared.desk.request.wants(name)]
    return [part for part in made if part is not None]


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
    names = [Prose.of(theme.name, "title") for theme in shared.themes[:2]]
    if len(names) < 2:
        return names[0] if names else Prose()
    return say("header.headline", shared.lang, first=names[0], second=names[1])


def _keep(reader: ReportReader, report: Report) -> None:
    from kb.report.renderers.json_document import to_json

    if report.sections and not report.request.brief:
        reader.put_report(
            report.kind, report.lang, report.period, to_json(report), scope_key(report.request)
        )
