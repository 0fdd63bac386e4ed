"""The key changes: each theme with its lead, what came, its effects, defaults, caveat and history."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.report.change_facts import ChangeFacts, switched, telling_switches
from kb.report.desk import Desk, section
from kb.report.period_sections import PeriodSections, figures
from kb.report.quotes import help_of
from kb.report.say import Value, codes, count, listing, say, word
from kb.report.sentences import (
    brief_point,
    caveats,
    label,
    named_title,
    quoted,
    reference,
    sentence,
    size_of,
    strong_caveats,
    switch,
)
from kb.report.theme_history import Before, history_prose
from kb.report.themes import MOST, Theme, second_name
from kb.report.titles import capital, headline, shortened, vague, visible
from kb.report.types import Prose, Section, WritingTask
from kb.types import ChangeRecord

MEMBERS = 5
TITLE_LETTERS = 78
ALSO, ALSO_LETTERS = 2, 56
QUOTE_LETTERS = 160


def themes_section(shared: PeriodSections, told: int = 2, full: int = MOST) -> Section:
    """The themes, `told` changes of each; those after the first `full` in short."""
    lang = shared.lang
    entries: list[dict[str, object]] = []
    methods: set[str] = set()
    for position, theme in enumerate(shared.themes, 1):
        entry = theme_entry(shared, theme, told if position <= full else 0)
        method = entry["method"]
        methods.add(str(method))
        entries.append({"number": position, "anchor": theme_anchor(theme), **entry})
    method = next((name for name in sorted(methods) if name != "rules"), "rules")
    return section("themes", word("section.themes", lang), {"themes": entries}, method=method)


def theme_anchor(theme: Theme) -> str:
    """Stands on the leading change, so that it does not move with the order."""
    return f"theme-{label(theme.lead).lstrip('#')}"


def theme_entry(shared: PeriodSections, theme: Theme, most: int) -> dict[str, object]:
    """A theme with `most` of its changes told; with none, its lead and its caveat only."""
    desk, lang = shared.desk, shared.lang
    told = theme.members[: max(most, 1)]
    points = [theme_point(desk, told[0]), *(theme_other(desk, record) for record in told[1:])]
    default, history = Prose(), Prose()
    if most:
        if also := theme_also(theme, most, lang):
            points.append(also)
        default = theme_flags(desk, theme, min(most, 2))
        history = history_prose(desk, shared.histories.get(theme.key, Before()))
    effects = [
        say("theme.effect", lang, ref=reference(record), quote=quoted(text, lang))
        for record in theme.members[:6]
        for text in desk.facts(record).effects[:1]
    ][: max(most - 1, 1)]
    lead = theme_lead(desk, theme)
    entry: dict[str, object] = {
        "name": theme.name_in(lang),
        "title": theme_title(theme, lang),
        "lead": lead,
        "points": points,
        "effects": effects,
        "default": default,
        "caveat": theme_caveat(desk, theme, [*points, default]),
        "history": history,
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


def bare_title(theme: Theme, letters: int, lang: str) -> Prose:
    """The leading title without the theme's name before it."""
    title = headline(theme.lead.change)
    area, mark, rest = title.partition(": ")
    if not mark or area.lower() != theme.name.lower() or vague(theme.lead.change.title):
        return named_title(theme.lead, letters, lang)
    rest = capital(rest) if re.match(r"[a-z]+ ", rest) else rest
    return Prose.of(shortened(rest, letters), "title")


def theme_title(theme: Theme, lang: str) -> Prose:
    """The theme's name, and a second one where it says little; the lead says what happened."""
    name = theme.name_in(lang)
    if theme.key.startswith("series:"):
        return Prose.of(shortened(name, TITLE_LETTERS), "title")
    second = second_name(theme) if not any(sign.isupper() for sign in theme.name[1:]) else None
    if second and second.lower() not in theme.name.lower():
        said = f"{name} {second}"
        told = said.lower() in theme.lead.change.title.lower()
        name = said if told else f"{name}{word('list.comma', lang)}{second}"
    return Prose.of(capital(name) if name.isascii() else name, "title")


def theme_lead(desk: Desk, theme: Theme) -> Prose:
    """What happened, by the leading change's title; then how much it is."""
    lang = desk.lang
    values: dict[str, Value] = {
        "title": bare_title(theme, TITLE_LETTERS, lang),
        "ref": reference(theme.lead),
        "size": size_of(theme.members, lang),
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
    """What the leading change brings, in the names of its diff and a sentence of its own."""
    lang = desk.lang
    facts = desk.deep_facts(record)
    text = brief_point(facts, lang)
    said = say("theme.item", lang, ref=reference(record), what=text)
    quote = theme_quote(facts)
    if quote and quote not in text.plain:
        said += Prose.of(word("clause", lang)) + quoted(quote, lang)
    return _closed(said, lang)


def theme_other(desk: Desk, record: ChangeRecord) -> Prose:
    """Another change of a theme: its title, and why in its own words where they say so."""
    lang = desk.lang
    title = named_title(record, TITLE_LETTERS, lang)
    quote = theme_quote(desk.facts(record))
    if not quote:
        return sentence(say("fixes.item", lang, title=title, ref=reference(record)), lang)
    return say("theme.other", lang, title=title, ref=reference(record), quote=quoted(quote, lang))


def _closed(clause: Prose, lang: str) -> Prose:
    """A line's end: a full stop, unless a quoted sentence ends it with its own."""
    return clause if clause.plain.endswith((".”", "!”", "。”")) else sentence(clause, lang)


def theme_quote(facts: ChangeFacts) -> str:
    """A sentence of the change's own of a length to be read in passing; "" where it has none.

    A measured effect and a flag's help stand in lines of their own.
    """
    quote = facts.quote
    if quote is None or facts.effects or quote.origin == "help" or len(quote.text) >= QUOTE_LETTERS:
        return ""
    return quote.text


def theme_also(theme: Theme, told: int, lang: str) -> Prose:
    """The next changes of a theme by their titles: a theme is more than its first change."""
    parts = [
        say(
            "fixes.item",
            lang,
            title=named_title(record, ALSO_LETTERS, lang),
            ref=reference(record),
        )
        for record in theme.members[told : told + ALSO]
    ]
    if not parts:
        return Prose()
    return say("theme.also", lang, items=Prose.join(parts, word("list.semicolon", lang)))


def theme_flags(desk: Desk, theme: Theme, limit: int) -> Prose:
    lang = desk.lang
    found = [
        (record, flag)
        for record in theme.members[:12]
        for flag in telling_switches(desk.facts(record))[:2]
    ][:limit]
    parts = []
    for record, flag in found:
        said = switch(flag, lang, reference(record))
        if help_text := help_of(flag):
            said += say("theme.flag_help", lang, quote=quoted(help_text, lang))
        parts.append(said)
    separator = word("list.semicolon", lang)
    return say("theme.flags", lang, flags=Prose.join(parts, separator)) if parts else Prose()


def theme_caveat(desk: Desk, theme: Theme, told: Sequence[Prose]) -> Prose:
    """The strongest reservations: any of the lead's, those of others that were stated or came true.

    What the lines before (`told`) say is not said again.
    """
    lang, parts = desk.lang, []
    before = " ".join(text.plain for text in told)
    for position, record in enumerate(theme.members[:MEMBERS]):
        facts = desk.facts(record)
        stated = facts.caveat.text if facts.caveat else ""
        off = _off_texts(facts, lang)
        found = [
            text
            for text in (strong_caveats if position else caveats)(facts, lang)
            if text.plain not in off and not (stated and stated in text.plain and stated in before)
        ]
        if found:
            parts.append(say("theme.caveat_item", lang, ref=reference(record), caveat=found[0]))
    return (
        say("theme.caveat", lang, caveats=Prose.join(parts[:2], word("list.semicolon", lang)))
        if parts
        else Prose()
    )


def _off_texts(facts: ChangeFacts, lang: str) -> set[str]:
    """What the line of switches says already."""
    off = [flag.name for flag in facts.switches if switched(flag) == "off"]
    return {say("caveat.off", lang, flags=codes(off, lang, 2)).plain} if off else set()


def people(theme: Theme) -> list[str]:
    return list(dict.fromkeys(visible(record.change.author) for record in theme.members))
