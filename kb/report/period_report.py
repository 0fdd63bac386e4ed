"""The sections of a week, month or range beside summary and themes: fixes, trends, risks, key PRs,
suggestions, ledger."""

from __future__ import annotations

from kb.report.desk import section
from kb.report.facts import ModuleTrend
from kb.report.ledger import ledger_of, whole_list
from kb.report.period_sections import PeriodSections, figures
from kb.report.risks import (
    open_series,
    precedent,
    precedent_prose,
    risk_text,
    series_suggestion,
    suggestion,
)
from kb.report.say import counted, listing, say, word
from kb.report.sentences import point, reference
from kb.report.symptoms import SYMPTOMS
from kb.report.theme_entries import MEMBERS, TITLE_LETTERS, theme_anchor
from kb.report.titles import headline, shortened, visible
from kb.report.types import Prose, Section, WritingTask
from kb.types import ChangeRecord

TREND_ROWS, TREND_TYPES = 10, 2
FIXES_OF_SYMPTOM = 3
ROW_LETTERS = 66


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
        # "Bugfix" tells nobody what was mended
        members = sorted(members, key=lambda record: len(headline(record.change).split()) < 3)
        shown = members[:most]
        items = [
            say(
                "fixes.item",
                lang,
                title=Prose.of(shortened(headline(record.change), TITLE_LETTERS), "title"),
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
        {"groups": body, "count": sum(len(g) for g in groups.values())},
    )


def trends_section(shared: PeriodSections, most: int = TREND_ROWS) -> Section:
    lang = shared.lang
    product = [trend for trend in shared.facts.modules if trend.product]
    around = [trend for trend in shared.facts.modules if not trend.product]
    room = max(1, most // 4) if product else most
    shown = [*product[: most - min(room, len(around))], *around[:room]]
    rows = [trend_row(trend, lang) for trend in shown]
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


def trend_row(trend: ModuleTrend, lang: str) -> dict[str, object]:
    named = [counted(name, number, lang) for name, number in trend.types[:TREND_TYPES]]
    types = listing(named, lang, last=False)
    text = say("trends.sentence_bare", lang, types=types)
    if trend.top:
        lead = trend.top[0]
        title = Prose.of(shortened(headline(lead.change), 60), "title")
        text = say("trends.sentence", lang, types=types, title=title, ref=reference(lead))
    return {
        "module": trend.module,
        "changes": trend.changes,
        "previous": trend.previous,
        "mean": trend.mean,
        "history": list(trend.history),
        "arrow": trend.arrow,
        "sentence": text,
    }


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
                "title": Prose.of(shortened(headline(record.change), ROW_LETTERS), "title"),
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
