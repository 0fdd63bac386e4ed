"""The report of a week, a month or any range: every section from the same facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.periods import local
from kb.report.change_facts import ChangeFacts, switched
from kb.report.desk import Desk, section
from kb.report.facts import (
    KEY_IMPORTANCE,
    Facts,
    ModuleTrend,
    bot_groups,
    ledger_groups,
    weightiest,
)
from kb.report.history import query_of, related
from kb.report.risks import (
    Precedent,
    RiskGroup,
    all_risk_groups,
    nth,
    open_series,
    precedent,
    precedent_prose,
    refs,
    risk_groups,
    risk_text,
    series_suggestion,
    suggestion,
)
from kb.report.say import Value, clauses, codes, count, counted, listing, say, word
from kb.report.sentences import (
    brief_point,
    caveats,
    code,
    label,
    point,
    quoted,
    reference,
    switch,
    title_of,
)
from kb.report.symptoms import SYMPTOMS
from kb.report.themes import Theme, find_themes, second_name
from kb.report.titles import headline, shortened, visible
from kb.report.types import Prose, Section, WritingTask
from kb.types import ChangeRecord

AREAS = 4
AREA_LETTERS = 48
TYPES = 4
MEMBERS = 5
TREND_ROWS = 10
FIXES_OF_SYMPTOM = 3
TITLE_LETTERS = 78
ALSO, ALSO_LETTERS = 2, 56


@dataclass(slots=True)
class PeriodSections:
    """What the sections of one period share."""

    desk: Desk
    facts: Facts
    themes: tuple[Theme, ...]
    risks: tuple[RiskGroup, ...]
    histories: dict[str, Before] = field(default_factory=dict)
    precedents: dict[str, Precedent] = field(default_factory=dict)

    @property
    def lang(self) -> str:
        return self.desk.lang


def themes_of(desk: Desk, facts: Facts) -> tuple[Theme, ...]:
    """Themes with vectors where the reader has them: only the weightier changes are asked for."""
    candidates = [record.id for record in facts.people[:400]]
    return find_themes(facts.people, desk.reader.vectors(candidates))


def prepare(desk: Desk, facts: Facts) -> PeriodSections:
    themes = themes_of(desk, facts)
    shared = PeriodSections(desk, facts, themes, risk_groups(facts.records))
    for theme in themes:
        shared.histories[theme.key] = theme_history(desk, theme)
    return shared


# --- executive summary ------------------------------------------------------------------------


def summary_section(shared: PeriodSections) -> Section:
    desk, lang = shared.desk, shared.lang
    draft = summary_prose(shared)
    task = WritingTask(
        part="summary",
        name="",
        lang=lang,
        evidence=tuple(shared.facts.people[:50]),
        facts=figures(shared),
        draft=(draft.plain,),
        max_words=160,
    )
    written = desk.write(task)
    text, method = draft, "rules"
    if written:
        text, method = desk.prose(written.texts[0], desk.records.values()), written.method
    return section("summary", word("section.summary", lang), {"paragraphs": [text]}, method=method)


def figures(shared: PeriodSections) -> dict[str, str]:
    """Figures of the period that code counted; a sentence may use them without a reference."""
    facts = shared.facts
    found = {
        "changes": str(len(facts.records)),
        "authors": str(facts.authors),
        "key": str(facts.key),
        "mean importance": str(facts.mean),
        "source lines added": str(facts.source_added),
        "source lines removed": str(facts.source_removed),
        "changes in the period before": "–" if facts.previous is None else str(facts.previous),
    }
    found |= {f"type {name}": str(number) for name, number in facts.types.items()}
    found |= {f"module {trend.module}": str(trend.changes) for trend in facts.modules[:10]}
    found |= {f"risk {group.kind}": str(len(group.records)) for group in shared.risks}
    return found


def summary_prose(shared: PeriodSections) -> Prose:
    facts, lang = shared.facts, shared.lang
    space = word("space", lang)
    parts = [brief_counts(shared), _types(facts, lang), _weight(shared), _moved(facts, lang)]
    if facts.platforms:
        named = [
            say("summary.platform", lang, name=name, n=number)
            for name, number in facts.platforms[:5]
        ]
        parts.append(say("summary.platforms", lang, platforms=listing(named, lang)))
    parts += [_switches(shared), _reverts(shared), _closing(facts, lang)]
    return Prose.join(parts, space)


def brief_counts(shared: PeriodSections) -> Prose:
    facts, lang = shared.facts, shared.lang
    changes = counted("change", len(facts.records), lang)
    text = say(
        "summary.counts",
        lang,
        n=len(facts.records),
        changes=changes,
        authors=count("author", facts.authors, lang),
    )
    if facts.previous is not None and facts.mean_of_four is not None:
        text += say(
            "summary.against_mean", lang, previous=facts.previous, mean=_number(facts.mean_of_four)
        )
    elif facts.previous is not None:
        text += say("summary.against", lang, previous=facts.previous)
    if facts.mean is None:
        return text + Prose.of(word("stop", lang))
    if facts.key:
        return text + say("summary.key", lang, n=facts.key, mean=f"{facts.mean:.1f}")
    rows = min(shared.desk.request.top_k, len(facts.people))
    return text + say("summary.no_key", lang, n=rows, mean=f"{facts.mean:.1f}")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _types(facts: Facts, lang: str) -> Prose:
    named = [counted(name, number, lang) for name, number in facts.types.items()]
    if len(named) > TYPES + 1:
        rest = sum(list(facts.types.values())[TYPES:])
        named = [*named[:TYPES], say("list.more", lang, n=rest)]
    shown = listing(named, lang)
    lines = say("size.source", lang, added=facts.source_added, removed=facts.source_removed)
    return _capital(say("summary.types", lang, types=shown, size=lines))


def _capital(text: Prose) -> Prose:
    from kb.report.sentences import sentence

    return sentence(text, "en") if text.plain[:1].isascii() else text


def _weight(shared: PeriodSections) -> Prose:
    lang, areas = shared.lang, []
    for theme in shared.themes[:AREAS]:
        name = Prose.of(theme.name, "title")
        title = Prose.of(shortened(bare_title(theme), AREA_LETTERS), "title")
        values = {"name": name, "ref": reference(theme.lead), "title": title}
        if len(theme.members) == 1:
            areas.append(say("summary.area_one", lang, **values))
        else:
            areas.append(say("summary.area", lang, n=len(theme.members), **values))
    return say("summary.weight", lang, areas=listing(areas, lang)) if areas else Prose()


def _moved(facts: Facts, lang: str) -> Prose:
    """Modules that left their usual count, both ways."""

    def named(arrow: str, key: str) -> Prose:
        trends = [trend for trend in facts.modules if trend.arrow == arrow]
        trends.sort(key=lambda trend: (-abs(trend.changes - (trend.usual or 0)), trend.module))
        parts = [
            say(
                "summary.module_count",
                lang,
                module=code(trend.module),
                n=trend.changes,
                usual=_number(trend.usual or 0),
            )
            for trend in trends[:2]
        ]
        return say(key, lang, modules=listing(parts, lang)) if parts else Prose()

    moved = clauses([named("↑", "summary.moved_up"), named("↓", "summary.moved_down")], lang)
    return say("summary.moved", lang, moved=moved) if moved else Prose()


def _switches(shared: PeriodSections) -> Prose:
    lang = shared.lang
    new = [flag for record in shared.facts.people for flag in shared.desk.facts(record).switches]
    gone = [flag for record in shared.facts.people for flag in shared.desk.facts(record).dropped]
    if not new:
        return Prose()
    kinds = [(kind, sum(flag.kind == kind for flag in new)) for kind in ("flag", "env", "config")]
    named = listing([counted(kind, number, lang) for kind, number in kinds if number], lang)
    off = sum(switched(flag) == "off" for flag in new)
    return say(
        "summary.switches",
        lang,
        switches=named,
        off=say("summary.switches_off", lang, n=len(new), off=off) if off else "",
        gone=say("summary.switches_gone", lang, n=len(gone)) if gone else "",
    )


def _reverts(shared: PeriodSections) -> Prose:
    lang = shared.lang
    group = next((group for group in shared.risks if group.kind == "revert"), None)
    if group is None:
        return Prose()
    number = count("change", len(group.records), lang)
    return say("summary.reverts", lang, n=number, refs=refs(group.records, lang, 4))


def _closing(facts: Facts, lang: str) -> Prose:
    """How the period is to be called, from its own proportions."""
    parts: list[Prose] = []
    lines = sorted((record.analysis.size.source_added for record in facts.records), reverse=True)
    total, held, number = sum(lines), 0, 0
    while total and held < total / 2:
        held += lines[number]
        number += 1
    if total and len(lines) > 1 and number <= max(1, len(lines) // 5):
        parts.append(say("summary.closing_share", lang, n=number, m=len(lines)))
    features, fixes = facts.types.get("feature", 0), facts.types.get("bugfix", 0)
    if features + fixes >= 5:
        key = "closing_even"
        if features > 1.2 * fixes:
            key = "closing_features"
        elif fixes > 1.2 * features:
            key = "closing_fixes"
        parts.append(say(f"summary.{key}", lang, features=features, fixes=fixes))
    if facts.source_changes >= 5:
        parts.append(say("summary.closing_tests", lang, n=facts.tested, m=facts.source_changes))
    return say("summary.closing", lang, parts=clauses(parts, lang)) if parts else Prose()


# --- key changes ------------------------------------------------------------------------------


def themes_section(shared: PeriodSections, told: int = 2) -> Section:
    lang = shared.lang
    entries: list[dict[str, object]] = []
    methods: set[str] = set()
    for position, theme in enumerate(shared.themes, 1):
        entry = theme_entry(shared, theme, told)
        method = entry["method"]
        methods.add(str(method))
        entries.append({"number": position, "anchor": theme_anchor(theme), **entry})
    method = next((name for name in sorted(methods) if name != "rules"), "rules")
    return section("themes", word("section.themes", lang), {"themes": entries}, method=method)


def theme_anchor(theme: Theme) -> str:
    """Stands on the leading change, so that it does not move with the order."""
    return f"theme-{label(theme.lead).lstrip('#')}"


def theme_entry(shared: PeriodSections, theme: Theme, most: int) -> dict[str, object]:
    desk, lang = shared.desk, shared.lang
    told = list(theme.members[:most])
    points = [theme_point(desk, record) for record in told]
    if also := theme_also(theme, most, lang):
        points.append(also)
    effects = [
        say("theme.effect", lang, ref=reference(record), quote=quoted(text, lang))
        for record in theme.members[:6]
        for text in desk.facts(record).effects[:1]
    ][: max(most - 1, 1)]
    lead = theme_lead(desk, theme)
    entry: dict[str, object] = {
        "name": theme.name,
        "title": theme_title(theme),
        "lead": lead,
        "points": points,
        "effects": effects,
        "default": theme_flags(desk, theme, min(most, 2)),
        "caveat": theme_caveat(desk, theme, told),
        "history": history_prose(desk, shared.histories.get(theme.key, Before())),
        "authors": people(theme),
        "members": listing(
            [reference(record) for record in theme.members[:MEMBERS]], lang, last=False
        ),
        "rest": max(0, len(theme.members) - MEMBERS),
        "list": f"list-{theme_anchor(theme)}",
        "count": len(theme.members),
        "method": "rules",
    }
    draft = " ".join([lead.plain, *(text.plain for text in points)])
    written = desk.write(
        WritingTask(
            part="theme",
            name=theme.name,
            lang=lang,
            evidence=theme.members[:12],
            history=shared.histories.get(theme.key, Before()).records,
            facts=figures(shared),
            draft=(draft,),
        )
    )
    if written:
        cited = (*theme.members, *desk.history.found.values())
        entry |= {
            "lead": desk.prose(written.texts[0], cited),
            "points": [],
            "method": written.method,
        }
    return entry


def bare_title(theme: Theme) -> str:
    """The leading title without the theme's name before it."""
    title = headline(theme.lead.change)
    area, mark, rest = title.partition(": ")
    return rest if mark and area.lower() == theme.name.lower() else title


def theme_title(theme: Theme) -> Prose:
    """The theme's name, and a second one where it says little; the lead says what happened."""
    name = theme.name
    if theme.key.startswith("series:"):
        return Prose.of(shortened(name, TITLE_LETTERS), "title")
    second = second_name(theme) if not any(sign.isupper() for sign in name[1:]) else None
    if second and second.lower() not in name.lower():
        said = f"{name} {second}"
        name = said if said.lower() in theme.lead.change.title.lower() else f"{name}, {second}"
    return Prose.of(name[:1].upper() + name[1:] if name.isascii() else name, "title")


def theme_lead(desk: Desk, theme: Theme) -> Prose:
    """What happened, by the leading change's title; then how much it is."""
    lang = desk.lang
    added = sum(record.analysis.size.source_added for record in theme.members)
    removed = sum(record.analysis.size.source_removed for record in theme.members)
    values: dict[str, Value] = {
        "title": Prose.of(shortened(bare_title(theme), TITLE_LETTERS), "title"),
        "ref": reference(theme.lead),
        "size": say("size.source", lang, added=added, removed=removed),
    }
    if len(theme.members) == 1:
        return say("theme.lead_one", lang, author=visible(theme.lead.change.author), **values)
    return say(
        "theme.lead_many",
        lang,
        changes=count("change", len(theme.members), lang),
        authors=count("author", len({record.change.author for record in theme.members}), lang),
        **values,
    )


def theme_point(desk: Desk, record: ChangeRecord) -> Prose:
    lang = desk.lang
    facts = desk.deep_facts(record)
    text = brief_point(facts, lang)
    quote = facts.quote if not facts.effects else None
    said = say("theme.item", lang, ref=reference(record), title=title_of(record), what=text)
    if quote and len(quote.text) < 160 and quote.text not in text.plain:
        said += Prose.of(word("clause", lang)) + quoted(quote.text, lang)
    return said


def theme_also(theme: Theme, told: int, lang: str) -> Prose:
    """The next changes of a theme by their titles: a theme is more than its first change."""
    parts = [
        say(
            "fixes.item",
            lang,
            title=Prose.of(shortened(headline(record.change), ALSO_LETTERS), "title"),
            ref=reference(record),
        )
        for record in theme.members[told : told + ALSO]
    ]
    if not parts:
        return Prose()
    return say("theme.also", lang, items=Prose.join(parts, word("list.semicolon", lang)))


def theme_flags(desk: Desk, theme: Theme, limit: int) -> Prose:
    lang = desk.lang
    parts = [
        say("theme.flag", lang, switch=switch(flag, lang), ref=reference(record))
        for record in theme.members[:12]
        for flag in desk.facts(record).switches[:2]
    ]
    return say("theme.flags", lang, flags=listing(parts[:limit], lang)) if parts else Prose()


def theme_caveat(desk: Desk, theme: Theme, told: Sequence[ChangeRecord]) -> Prose:
    """The strongest reservation of each change told; what the default line says is not said again."""
    lang, parts = desk.lang, []
    for record in told:
        facts = desk.facts(record)
        off = any(switched(flag) == "off" for flag in facts.switches)
        found = [
            text
            for text in caveats(facts, lang)
            if not (off and text.plain in _off_texts(facts, lang))
        ]
        if found:
            parts.append(say("theme.caveat_item", lang, ref=reference(record), caveat=found[0]))
    return (
        say("theme.caveat", lang, caveats=Prose.join(parts[:2], word("list.semicolon", lang)))
        if parts
        else Prose()
    )


def _off_texts(facts: ChangeFacts, lang: str) -> set[str]:
    off = [flag.name for flag in facts.switches if switched(flag) == "off"]
    return {say("caveat.off", lang, flags=codes(off, lang, 2)).plain}


def people(theme: Theme) -> list[str]:
    return list(dict.fromkeys(visible(record.change.author) for record in theme.members))


@dataclass(frozen=True, slots=True)
class Before:
    """What history says of a theme, in no language."""

    last: ChangeRecord | None = None
    others: tuple[ChangeRecord, ...] = ()
    module: str = ""
    reverts: tuple[ChangeRecord, ...] = ()
    taken_back: int = 0  # reverts of the period itself

    @property
    def records(self) -> tuple[ChangeRecord, ...]:
        return tuple(record for record in (self.last, *self.others, *self.reverts[:3]) if record)


def theme_history(desk: Desk, theme: Theme) -> Before:
    """What came before in this area: the last changes and the reverts of the quarter."""
    hits = desk.history.search(f"theme:{theme.name}", query_of(theme.members, theme.name))
    earlier = [
        record
        for record in related(hits, theme.lead, theme.key.split())
        if record.id not in desk.records
    ]
    module = theme.lead.analysis.modules[0] if theme.lead.analysis.modules else ""
    taken = sum(record.analysis.types[0] == "revert" for record in theme.members)
    reverts = tuple(desk.history.reverts_in(module)) if taken else ()
    desk.history.use_listing(reverts[:3])
    if not earlier:
        return Before(module=module, reverts=reverts, taken_back=taken)
    last = max(earlier, key=lambda record: (record.change.merged_at, record.id))
    others = tuple(record for record in earlier if record.id != last.id)[:1]
    desk.history.use([last, *others], f"theme:{theme.name}")
    return Before(last, others, module, reverts, taken)


def history_prose(desk: Desk, before: Before) -> Prose:
    lang, text = desk.lang, Prose()
    if before.last is not None:
        day = f"{local(before.last.change.merged_at, desk.request.tz):%Y-%m-%d}"
        text = say(
            "theme.history_last",
            lang,
            ref=reference(before.last),
            title=title_of(before.last),
            date=day,
        )
        if before.others:
            named = listing([reference(record) for record in before.others], lang)
            text += say("theme.history_more", lang, refs=named)
    if before.reverts:
        key = "theme.history_reverts" if text else "theme.history_reverts_only"
        text += say(
            key,
            lang,
            nth=nth(len(before.reverts) + before.taken_back, lang),
            module=code(before.module),
            refs=refs(before.reverts[:3], lang, 3),
        )
    return text + Prose.of(word("stop", lang)) if text else text


# --- fixes, trends, risks ---------------------------------------------------------------------


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
    types = listing([counted(name, number, lang) for name, number in trend.types], lang, last=False)
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
                "title": Prose.of(shortened(headline(record.change), TITLE_LETTERS), "title"),
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


# --- ledger -----------------------------------------------------------------------------------


def ledger_section(shared: PeriodSections) -> Section:
    """The ledger, and behind it the whole lists that the sections above shorten."""
    desk, lang = shared.desk, shared.lang
    lists = [
        _list(f"list-{theme_anchor(theme)}", Prose.of(theme.name, "title"), theme.members, lang)
        for theme in shared.themes
        if len(theme.members) > MEMBERS
    ]
    groups = fixes_by_symptom(shared)
    lists += [
        _list(f"symptom-{name}", Prose.of(word(f"fixes.{name}", lang)), groups[name], lang)
        for name in SYMPTOMS
        if groups.get(name)
    ]
    return ledger_of(desk, shared.facts.records, lists)


def _list(
    anchor: str, name: Prose, records: Sequence[ChangeRecord], lang: str
) -> dict[str, object]:
    return {
        "anchor": anchor,
        "label": name,
        "count": len(records),
        "refs": listing([reference(record) for record in records], lang, last=False),
    }


def ledger_of(
    desk: Desk, records: Sequence[ChangeRecord], more: Sequence[dict[str, object]] = ()
) -> Section:
    lang, tz = desk.lang, desk.request.tz
    groups = []
    for module, members in ledger_groups(records):
        rows = [
            {
                "id": record.id,
                "ref": reference(record),
                "title": title_of(record),
                "author": visible(record.change.author),
                "type": word(f"type.{record.analysis.types[0]}", lang),
                "importance": record.analysis.importance,
                "date": f"{local(record.change.merged_at, tz):%m-%d}",
                "anchor": anchor_of(record),
            }
            for record in weightiest(members)
        ]
        groups.append(
            {"module": module or word("label.no_module", lang), "count": len(rows), "rows": rows}
        )
    bots = [
        {
            "author": visible(author),
            "count": len(members),
            "ids": [record.id for record in members],
            "refs": listing([reference(record) for record in members], lang, last=False),
        }
        for author, members in bot_groups(records)
    ]
    lists = [
        _list(
            f"risk-{group.kind}",
            Prose.of(word(f"risk.name.{group.kind}", lang)),
            group.records,
            lang,
        )
        for group in all_risk_groups(records)
    ]
    body = {
        "lead": say("ledger.lead", lang, total=count("change", len(records), lang)),
        "total": len(records),
        "groups": groups,
        "bots": bots,
        "lists": [*more, *lists],
    }
    return section("ledger", word("section.ledger", lang), body)


def anchor_of(record: ChangeRecord) -> str:
    return f"c-{label(record).lstrip('#')}"


def is_key(record: ChangeRecord) -> bool:
    return record.analysis.importance >= KEY_IMPORTANCE
