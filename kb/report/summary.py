"""The executive summary: one paragraph of counts, what weighs most, and what moved."""

from __future__ import annotations

from kb.report.change_facts import switched
from kb.report.desk import section
from kb.report.facts import KEY_IMPORTANCE, Facts
from kb.report.period_sections import PeriodSections, figures
from kb.report.risks import refs
from kb.report.say import Value, clauses, count, counted, listing, say, word
from kb.report.sentences import code, reference, size_of
from kb.report.types import Prose, Section, WritingTask

AREAS = 6
TYPES = 4


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


def summary_prose(shared: PeriodSections) -> Prose:
    facts, lang = shared.facts, shared.lang
    space = word("space", lang)
    copies = len(facts.records) - len(facts.distinct)
    repeated = say("summary.copies", lang, n=copies) if copies else Prose()
    parts = [
        brief_counts(shared),
        repeated,
        _types(facts, lang),
        _weight(shared),
        _moved(facts, lang),
    ]
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
    merged: dict[str, Value] = {"n": len(facts.records), "changes": changes}
    if facts.authors:
        text = say("summary.counts", lang, authors=count("author", facts.authors, lang), **merged)
    else:
        text = say("summary.counts_bots", lang, **merged)
    if facts.previous is not None and facts.mean_of_four is not None:
        text += say(
            "summary.against_mean", lang, previous=facts.previous, mean=_number(facts.mean_of_four)
        )
    elif facts.previous is not None:
        text += say("summary.against", lang, previous=facts.previous)
    if facts.mean is None:
        return text + Prose.of(word("stop", lang))
    rated: dict[str, Value] = {"least": str(KEY_IMPORTANCE), "mean": f"{facts.mean:.1f}"}
    if facts.key:
        return text + say("summary.key", lang, n=facts.key, **rated)
    if shared.desk.request.brief:
        return text + say("summary.no_key_brief", lang, **rated)
    rows = min(shared.desk.request.top_k, len(facts.people))
    return text + say("summary.no_key", lang, n=rows, **rated)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _types(facts: Facts, lang: str) -> Prose:
    named = [counted(name, number, lang) for name, number in facts.types.items()]
    if len(named) > TYPES + 1:
        rest = sum(list(facts.types.values())[TYPES:])
        named = [*named[:TYPES], say("list.more", lang, n=rest)]
    shown = listing(named, lang)
    lines = size_of(facts.distinct, lang)
    return _capital(say("summary.types", lang, types=shown, size=lines))


def _capital(text: Prose) -> Prose:
    from kb.report.sentences import sentence

    return sentence(text, "en") if text.plain[:1].isascii() else text


def _weight(shared: PeriodSections) -> Prose:
    lang, areas = shared.lang, []
    for theme in shared.themes[:AREAS]:
        values = {"name": Prose.of(theme.name_in(lang), "title"), "ref": reference(theme.lead)}
        if len(theme.members) == 1:
            areas.append(say("summary.area_one", lang, **values))
        else:
            areas.append(say("summary.area", lang, n=len(theme.members), **values))
    return say("summary.weight", lang, areas=listing(areas, lang)) if areas else Prose()


def _moved(facts: Facts, lang: str) -> Prose:
    """Modules that left their usual count, both ways."""

    def named(arrow: str, key: str) -> Prose:
        trends = [trend for trend in facts.modules if trend.arrow == arrow]
        trends.sort(
            key=lambda trend: (
                not trend.product,
                -abs(trend.changes - (trend.usual or 0)),
                trend.module,
            )
        )
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
    lines = sorted((record.analysis.size.source_added for record in facts.distinct), reverse=True)
    total, held, number = sum(lines), 0, 0
    while total and held <= total / 2:
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
