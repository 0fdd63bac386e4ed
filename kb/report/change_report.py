"""The report of one change: all fields, its importance term by term, its files, what stands near it."""

from __future__ import annotations

from kb.analysis.term_text import term_text
from kb.periods import local
from kb.phrases import phrase
from kb.report.daily import entry
from kb.report.desk import Desk, section
from kb.report.frame import finish
from kb.report.insights import advice, insights, latent_risks, scope, verdict
from kb.report.say import say, unseen, word
from kb.report.sentences import label, quoted, reference, title_of
from kb.report.titles import headline, visible
from kb.report.types import Prose, Report, Section
from kb.types import ChangeRecord

NEAREST = 6
FILES = 60


def compose_change(desk: Desk) -> Report:
    request = desk.request
    assert request.change_id is not None
    record = desk.reader.record(request.change_id)
    desk.records = {record.id: record}
    if desk.writer:
        desk.writer.prepare([record], desk.lang)
    sections = [
        analysis_section(desk, record),
        terms_section(record, desk.lang),
        files_section(record, desk.lang),
        related_section(desk, record),
    ]
    title = say("title.change", desk.lang, label=label(record)).plain
    return finish(
        desk, None, sections, (record,), Prose.of(headline(record.change), "title"), title=title
    )


def analysis_section(desk: Desk, record: ChangeRecord) -> Section:
    """Every field, whatever the level: who asks for one change wants all of it."""
    lang = desk.lang
    facts = desk.deep_facts(record)
    fields = entry(desk, record)
    if record.analysis.level != "high":
        fields.setdefault("scope", scope(facts, lang))
        fields.setdefault("advice", advice(facts, lang))
        fields.setdefault("verdict", verdict(facts, lang))
        fields["insights"] = [
            {"dimension": word(f"daily.insight_{name}", lang), "statements": statements}
            for name, statements in insights(facts, lang)
        ]
        fields["risks"] = [text for _, text in latent_risks(facts, lang)]
    fields["time"] = f"{local(record.change.merged_at, desk.request.tz):%Y-%m-%d %H:%M:%S}"
    fields["author"] = visible(record.change.author)
    fields["labels"] = [visible(name) for name in record.change.labels]
    fields["caveat"] = quoted(facts.caveat.text, lang) if facts.caveat else Prose()
    return section("analysis", word("section.analysis", lang), {"entry": fields})


def terms_section(record: ChangeRecord, lang: str) -> Section:
    rows = [
        {
            "points": f"{term.points:+.2f}",
            "text": Prose.of(term_text(term, lang)),
        }
        for term in sorted(record.analysis.terms, key=lambda term: -abs(term.points))
    ]
    body = {
        "rows": rows,
        "raw": f"{record.analysis.raw:.2f}",
        "importance": record.analysis.importance,
        "reason": Prose.of(phrase(record.analysis.level_reason, lang))
        if record.analysis.level_reason
        else Prose(),
    }
    return section("terms", word("label.terms", lang), body)


def files_section(record: ChangeRecord, lang: str) -> Section:
    files = sorted(
        record.change.files, key=lambda file: (-(file.additions + file.deletions), file.path)
    )
    rows = [
        {
            "path": file.path,
            "status": file.status,
            "role": file.role,
            "additions": file.additions,
            "deletions": file.deletions,
            "seen": word("change.seen", lang)
            if file.seen
            else say("change.not_seen", lang, reason=unseen(file.reason or "", lang)).plain,
        }
        for file in files
    ]
    return section(
        "files",
        word("label.files", lang),
        {"rows": rows[:FILES], "count": len(rows), "rest": max(0, len(rows) - FILES)},
    )


def related_section(desk: Desk, record: ChangeRecord) -> Section:
    """Series, reverts and follow-ups both ways, whose code a repair replaced, then the nearest."""
    lang, analysis = desk.lang, record.analysis
    items: list[dict[str, object]] = []
    named: set[str] = {record.id}
    for key, ids in (
        ("reverts", analysis.reverts),
        ("reverted_by", analysis.reverted_by),
        ("follows", analysis.follows),
        ("followed_by", analysis.followed_by),
        ("series", _siblings(desk, record)),
    ):
        for other in desk.history.known(tuple(ids)):
            if other.id not in named:
                named.add(other.id)
                items.append(_item(desk, f"change.kind_{key}", other))
    items += _replaced(desk, record, named)
    hits = [hit.record for hit in desk.reader.similar(record.id, NEAREST + len(named))]
    near = [other for other in hits if other.id not in named and not other.analysis.bot][:NEAREST]
    desk.history.record_listing("similar", record.id, hits)
    desk.history.use(near)
    items += [_item(desk, "change.kind_near", other) for other in near]
    body = {"items": items, "none": Prose() if items else say("change.no_related", lang)}
    return section("related", word("label.related", lang), body)


def _replaced(desk: Desk, record: ChangeRecord, named: set[str]) -> list[dict[str, object]]:
    """The changes that brought the code which a repair replaced."""
    origins = [item for item in desk.reader.line_origins(record.id) if item.record.id not in named]
    if not origins:
        return []
    records = [item.record for item in origins]
    named.update(other.id for other in records)
    desk.history.record_listing("replaced", record.id, records)
    desk.history.use(records)
    return [
        _item(desk, "change.kind_replaced", item.record, lines=item.lines, of=item.of)
        for item in origins
    ]


def _siblings(desk: Desk, record: ChangeRecord) -> list[str]:
    """The parts of the change's series that were merged about when it was."""
    series, merged = record.analysis.series, record.change.merged_at
    if series is None:
        return []
    relations = desk.reader.relations((series.key,))
    ids = [relation.source for relation in relations if relation.kind == "series"]
    parts = [part for part in desk.history.known(ids) if part.id != record.id]
    parts.sort(key=lambda part: abs(part.change.merged_at - merged))
    return [part.id for part in parts[:NEAREST]]


def _item(desk: Desk, key: str, other: ChangeRecord, **counts: int) -> dict[str, object]:
    day = f"{local(other.change.merged_at, desk.request.tz):%Y-%m-%d}"
    text = say(
        "change.item_lines" if counts else "change.item",
        desk.lang,
        ref=reference(other),
        title=title_of(other),
        date=day,
        **counts,
    )
    return {"relation": word(key, desk.lang), "text": text}
