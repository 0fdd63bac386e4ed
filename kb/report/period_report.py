"""The sections of a week, month or range beside summary and themes: fixes, trends, risks, key PRs,
suggestions, ledger."""

from __future__ import annotations

from collections import Counter

from kb.report.desk import section
from kb.report.facts import ModuleTrend
from kb.report.ledger import ledger_of, whole_list
from kb.report.period_sections import PeriodSections, figures
from kb.report.risk_precedents import precedent, precedent_prose
from kb.report.risk_suggestions import open_series, series_suggestion, suggestion
from kb.report.risks import others, risk_text
from kb.report.say import counted, listing, say, word
from kb.report.sentences import named_title, point, reference
from kb.report.symptoms import SYMPTOMS
from kb.report.theme_entries import MEMBERS, theme_anchor
from kb.report.titles import vague, visible
from kb.report.types import Prose, Section, WritingTask
from kb.types import ChangeRecord

TREND_ROWS, TREND_TYPES, TREND_LETTERS = 10, 2, 50
FEWEST_OF_ROW = 2  # changes from which a module that did not move is a row
# What so many of a module's changes, and such a share of them, have in common says what moved it.
FEWEST_IN_COMMON, SHARE_IN_COMMON = 3, 0.4
FIXES_OF_SYMPTOM = 3
ROW_LETTERS, FIX_LETTERS = 60, 66


def fixes_by_symptom(shared: PeriodSections) -> dict[str, list[ChangeRecord]]:
    groups: dict[str, list[ChangeRecord]] = {}
    for record in shared.facts.people:
        if record.analysis.types[0] in ("bugfix", "security"):
            groups.setdefault(shared.desk.facts(record).symptom, []).append(record)
    return groups


def fixes_section(shared: PeriodSections, most: int = FIXES_OF_SYMPTOM) -> Section:
    lang = shared.lang
    groups = fixes_by_symptom(shared)
    body = []
    for name in SYMPTOMS:
        members = groups.get(name, [])
        if not members:
            continue
        members = sorted(members, key=lambda record: vague(record.change.title))
        shown = members[:most]
        items = [
            say(
                "fixes.item",
                lang,
                title=named_title(record, FIX_LETTERS, lang),
                ref=reference(record),
            )
            for record in shown
        ]
        rest = members[most:]
        body.append(
            {
                "symptom": name,
                "label": word(f"fixes.{name}", lang),
                "count": len(members),
                "items": items,
                "rest": len(rest),
                "anchor": f"symptom-{name}",
                "members": [record.id for record in members],
            }
        )
    return section(
        "fixes",
        word("section.fixes", lang),
        {
            "groups": body,
            "count": sum(len(group) for group in groups.values()),
            "none": Prose() if body else say("fixes.none", lang),
        },
    )


def trends_section(shared: PeriodSections, most: int = TREND_ROWS) -> Section:
    lang = shared.lang
    rows_of = [
        trend
        for trend in shared.facts.modules
        if trend.changes >= FEWEST_OF_ROW or trend.arrow != "→"
    ] or list(shared.facts.modules)
    product = [trend for trend in rows_of if trend.product]
    around = [trend for trend in rows_of if not trend.product]
    room = max(1, most // 4) if product else most
    shown = [*product[: most - min(room, len(around))], *around[:room]]
    led: set[str] = set()
    rows = [trend_row(shared, trend, led) for trend in shown]
    totals = {
        "changes": len(shared.facts.records),
        "previous": shared.facts.previous,
        "mean": shared.facts.mean_of_four,
        "history": list(shared.facts.totals),
    }
    return section(
        "trends",
        word("section.trends", lang),
        {"rows": rows, "totals": totals, "modules": len(shared.facts.modules)},
    )


def trend_row(shared: PeriodSections, trend: ModuleTrend, led: set[str]) -> dict[str, object]:
    """A module's numbers and what they stand on; `led` are the changes that rows before led with."""
    lang = shared.lang
    named = [counted(name, number, lang) for name, number in trend.types[:TREND_TYPES]]
    parts = [listing(named, lang, last=False), trend_reason(shared, trend)]
    lead = next((record for record in trend.top if record.id not in led), None)
    if lead is not None:
        led.add(lead.id)
        title = named_title(lead, TREND_LETTERS, lang)
        parts.append(say("trends.lead", lang, title=title, ref=reference(lead)))
    return {
        "module": trend.module,
        "changes": trend.changes,
        "previous": trend.previous,
        "mean": trend.mean,
        "history": list(trend.history),
        "arrow": trend.arrow,
        "sentence": Prose.join(parts, word("clause", lang)),
    }


def trend_reason(shared: PeriodSections, trend: ModuleTrend) -> Prose:
    """What a module's changes have in common: a theme, an author, no tests; empty where nothing does."""
    lang = shared.lang
    members = [record for record in shared.facts.people if trend.module in record.analysis.modules]
    ids = {record.id for record in members}
    most = max(FEWEST_IN_COMMON, len(members) * SHARE_IN_COMMON)
    for theme in shared.themes:
        inside = sum(record.id in ids for record in theme.members)
        if inside >= most and theme.name.lower() not in trend.module.lower():
            name = Prose.of(theme.name_in(lang), "title")
            return say("trends.of_theme", lang, n=inside, theme=name)
    authors = Counter(visible(record.change.author) for record in members)
    for author, number in authors.most_common(1):
        if number >= most:
            return say("trends.by_author", lang, n=number, author=author)
    bare = sum(any(risk.kind == "missing-tests" for risk in r.analysis.risks) for r in members)
    if bare >= most:
        return say("trends.untested", lang, n=bare)
    return Prose()


def risks_section(shared: PeriodSections, detail: int = 2) -> Section:
    desk, lang = shared.desk, shared.lang
    drafts = [risk_text(desk, group, detail) for group in shared.risks]
    written = (
        desk.write(
            WritingTask(
                part="risks",
                name="",
                lang=lang,
                evidence=tuple({r.id: r for group in shared.risks for r in group.top}.values()),
                facts=figures(shared),
                draft=tuple(text.plain for text in drafts),
                items=len(drafts),
                max_words=45,
            )
            if drafts
            else WritingTask("risks", "", lang, ())
        )
        if drafts
        else None
    )
    items = []
    for position, group in enumerate(shared.risks):
        text = drafts[position]
        if written and position < len(written.texts) and written.texts[position].strip():
            text = desk.prose(written.texts[position], desk.records.values())
        if group.kind not in shared.precedents:
            shared.precedents[group.kind] = precedent(desk, group)
        before = precedent_prose(desk, shared.precedents[group.kind])
        items.append(
            {
                "kind": group.kind,
                "label": word(f"risk.name.{group.kind}", lang),
                "count": len(group.records),
                "text": text,
                "precedent": before,
                "top": listing([reference(record) for record in group.top], lang, last=False),
                "others": others(group, text, lang),
                "rest": max(0, len(group.records) - len(group.top)),
                "anchor": f"risk-{group.kind}",
            }
        )
    labels = [
        say("risk.text.label", lang, name=Prose.of(visible(name), "code"), n=number)
        for name, number in shared.facts.labels
    ]
    body = {
        "items": items,
        "labels": say("risk.text.labels", lang, labels=listing(labels, lang, last=False))
        if labels
        else Prose(),
        "none": Prose() if items else say("risk.text.none", lang),
    }
    return section(
        "risks", word("section.risks", lang), body, method=written.method if written else "rules"
    )


def key_section(shared: PeriodSections) -> Section:
    desk, lang = shared.desk, shared.lang
    chosen = list(shared.facts.people)
    ranked = desk.writer.rank(chosen[:50]) if desk.writer else None
    reasons: dict[str, tuple[float, str]] = {}
    if ranked:
        reasons = {change_id: (importance, reason) for change_id, importance, reason in ranked}
        order = {change_id: place for place, (change_id, _, _) in enumerate(ranked)}
        chosen.sort(key=lambda record: order.get(record.id, len(order)))
    rows = []
    for position, record in enumerate(chosen[: desk.request.top_k], 1):
        facts = desk.deep_facts(record)
        written = desk.writer.change(record.id) if desk.writer else None
        text = point(facts, lang)
        if written and written.verdict.get(lang):
            text = desk.prose(written.verdict[lang], (record,))
        rows.append(
            {
                "rank": position,
                "id": record.id,
                "ref": reference(record),
                "title": named_title(record, ROW_LETTERS, lang),
                "author": visible(record.change.author),
                "module": record.analysis.modules[0] if record.analysis.modules else "",
                "importance": record.analysis.importance,
                "model_importance": reasons.get(record.id, (None, ""))[0],
                "point": text,
                "note": visible(record.analysis.override_note or ""),
            }
        )
    return section(
        "key-prs",
        word("section.key-prs", lang),
        {"k": len(rows), "asked": desk.request.top_k, "rows": rows},
    )


def suggestions_section(shared: PeriodSections, most: int = 4) -> Section:
    desk, lang = shared.desk, shared.lang
    items = [suggestion(desk, group) for group in shared.risks[: most - 1]]
    for record in open_series(shared.facts.people)[: most - len(items)]:
        items.append(series_suggestion(record, lang))
    evidence = tuple({r.id: r for group in shared.risks for r in group.top}.values())
    method = "rules"
    if items:
        task = WritingTask(
            "suggestions",
            "",
            lang,
            evidence,
            facts=figures(shared),
            draft=tuple(i.plain for i in items),
            items=len(items),
            max_words=40,
        )
        if written := desk.write(task):
            method = written.method
            items = [
                desk.prose(text, desk.records.values()) if text.strip() else draft
                for text, draft in zip([*written.texts, *[""] * len(items)], items, strict=False)
            ]
    body = {"items": items, "none": Prose() if items else say("suggest.none", lang)}
    return section("suggestions", word("section.suggestions", lang), body, method=method)


def ledger_section(shared: PeriodSections) -> Section:
    """The ledger, and behind it the whole lists that the sections above shorten."""
    desk, lang = shared.desk, shared.lang
    lists = [
        whole_list(
            f"list-{theme_anchor(theme)}",
            Prose.of(theme.name_in(lang), "title"),
            theme.members,
            lang,
        )
        for theme in shared.themes
        if len(theme.members) > MEMBERS
    ]
    groups = fixes_by_symptom(shared)
    lists += [
        whole_list(f"symptom-{name}", Prose.of(word(f"fixes.{name}", lang)), groups[name], lang)
        for name in SYMPTOMS
        if groups.get(name)
    ]
    return ledger_of(desk, shared.facts.records, lists)
