"""The daily report: every commit of the day, by level, with the fields of its level."""

from __future__ import annotations

from collections.abc import Sequence

from kb.periods import label, local
from kb.report.desk import Desk, section
from kb.report.facts import load
from kb.report.frame import counts_line, finish, period_of, scope_of
from kb.report.insights import advice, insights, latent_risks, moved, scope, verdict
from kb.report.quotes import whole
from kb.report.say import codes, say, word
from kb.report.sentences import (
    label as reference_label,
)
from kb.report.sentences import (
    origin_of,
    quoted,
    reference,
    sentence,
    strong_caveats,
    switches,
    tests,
    what,
)
from kb.report.titles import visible
from kb.report.types import Prose, Report, Section
from kb.types import ChangeProse, ChangeRecord
from kb.vocabulary import LEVELS

MARKS = {"high": "🔴", "medium": "🟡", "low": "🟢"}
CONTENTS_LETTERS = 64


def compose_day(desk: Desk) -> Report:
    period = period_of(desk)
    filters = scope_of(desk.request, period)
    records = load(desk.reader, filters)
    desk.records = {record.id: record for record in records}
    if desk.writer:
        desk.writer.prepare([record for record in records if not record.analysis.bot], desk.lang)
    repos = list(dict.fromkeys(record.change.repo for record in records))
    sections = [
        repo_section(
            desk, repo, [record for record in records if record.change.repo == repo], position
        )
        for position, repo in enumerate(repos)
    ]
    charts: dict[str, object] = {
        "levels": {level: sum(r.analysis.level == level for r in records) for level in LEVELS}
    }
    title = say("title.day", desk.lang, label=label(period)).plain
    return finish(desk, period, sections, records, Prose(), title=title, charts=charts)


def repo_section(desk: Desk, repo: str, records: Sequence[ChangeRecord], position: int) -> Section:
    lang, tz = desk.lang, desk.request.tz
    rows = [
        {
            "id": record.id,
            "time": f"{local(record.change.merged_at, tz):%Y-%m-%d %H:%M:%S}",
            "author": visible(record.change.author),
            "title": Prose.of(visible(record.change.title), "title"),
        }
        for record in records
    ]
    groups = []
    for level in LEVELS:
        members = [record for record in records if record.analysis.level == level]
        if members:
            groups.append(
                {
                    "level": level,
                    "label": word(f"group.{level}", lang),
                    "count": len(members),
                    "anchor": f"repo-{position}-{level}",
                    "entries": [entry(desk, record) for record in members],
                }
            )
    body = {
        "repo": repo,
        "rows": rows,
        "statistics": counts_line(records, lang),
        "statistics_anchor": f"repo-{position}-statistics",
        "groups": groups,
    }
    return section(f"repo-{position}", repo, body, anchor=f"repo-{position}")


def entry(desk: Desk, record: ChangeRecord) -> dict[str, object]:
    """A commit with the fields that its level calls for."""
    lang, level = desk.lang, record.analysis.level
    facts = desk.deep_facts(record)
    written = desk.writer.change(record.id) if desk.writer and not record.analysis.bot else None
    change = record.change
    fields: dict[str, object] = {
        "id": record.id,
        "anchor": f"commit-{change.sha[:12]}",
        "title": Prose.of(visible(change.title), "title"),
        "sha": change.sha[:7],
        "commit_url": commit_url(record),
        "ref": reference(record) if reference_label(record).startswith("#") else Prose(),
        "level": level,
        "mark": MARKS[level],
        "level_name": word(f"level.{level}", lang),
        "importance": record.analysis.importance,
        "types": [word(f"type.{name}", lang) for name in record.analysis.types],
        "summary": summary(desk, record),
        "note": visible(record.analysis.override_note or ""),
        "method": written.model if written else "rules",
    }
    if written and written.summary.get(lang):
        fields["summary"] = [desk.prose(written.summary[lang], (record,))]
    if level == "low":
        return fields
    fields["scope"] = scope(facts, lang)
    fields["advice"] = advice(facts, lang)
    fields["verdict"] = verdict(facts, lang)
    if level == "high":
        fields["insights"] = [
            {"dimension": word(f"daily.insight_{name}", lang), "statements": statements}
            for name, statements in insights(facts, lang)
        ]
        fields["risks"] = [text for _, text in latent_risks(facts, lang)]
    if written:
        fields |= _by_model(desk, record, written, level)
    return fields


def _by_model(
    desk: Desk, record: ChangeRecord, written: ChangeProse, level: str
) -> dict[str, object]:
    """The model's verified prose, where it wrote any."""
    lang = desk.lang

    def told(text: str) -> Prose:
        return desk.prose(text, (record,))

    fields: dict[str, object] = {}
    if written.suggestions.get(lang):
        fields["advice"] = [told(text) for text in written.suggestions[lang]]
    if written.verdict.get(lang):
        fields["verdict"] = told(written.verdict[lang])
    if written.impact.get(lang):
        fields["impact"] = [told(text) for text in written.impact[lang]]
    if level == "high" and written.insights.get(lang):
        fields["insights"] = [
            {"dimension": word(f"daily.insight_{name}", lang), "statements": [told(text)]}
            for name, text in written.insights[lang].items()
            if text.strip()
        ]
    if level == "high" and written.risks.get(lang):
        fields["risks"] = [told(text) for text in written.risks[lang]]
    return fields


def summary(desk: Desk, record: ChangeRecord) -> list[Prose]:
    """What the change does, from its diff, and its own best sentence."""
    lang = desk.lang
    facts = desk.deep_facts(record)
    sentences = [sentence(what(facts, lang), lang)]
    if facts.switches:
        sentences.append(sentence(switches(facts, lang, 3), lang))
    # What the table of insights says of a high one, and nothing of a low one.
    met = moved(facts, lang) if record.analysis.level == "medium" else []
    gone = facts.removed if facts.type == "feature" and facts.added and not met else ()
    if facts.dropped or gone:
        names = [flag.name for flag in facts.dropped] or list(gone)
        sentences.append(
            sentence(say("insight.maintain_removes", lang, names=codes(names, lang, 3)), lang)
        )
    if facts.effects:
        sentences.append(sentence(quoted(facts.effects[0], lang), lang))
    quote = facts.quote
    if quote and (not facts.effects or quote.text != facts.effects[0]):
        sentences.append(sentence(origin_of(quote, lang), lang))
    sentences += [sentence(text, lang) for text in met]
    if message := next((text for text in facts.messages if whole(text)), ""):
        sentences.append(sentence(say("what.message", lang, text=quoted(message, lang)), lang))
    reserved = strong_caveats(facts, lang)
    if facts.caveat:  # the last of them, as the change's own words
        reserved[-1] = say("what.caveat", lang, quote=quoted(facts.caveat.text, lang))
    sentences += [sentence(text, lang) for text in reserved]
    test = tests(facts, lang)
    if test and record.analysis.level != "low":
        sentences.append(sentence(test, lang))
    return [text for text in sentences if text]


def commit_url(record: ChangeRecord) -> str | None:
    """The page of the commit; None for a repository without links."""
    change = record.change
    if not change.url:
        return None
    base, found, _ = change.url.partition(f"/{change.repo}")
    return f"{base}{found}/commit/{change.sha}" if found else None
