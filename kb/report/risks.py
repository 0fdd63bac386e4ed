"""Risk observations of a set of changes: kinds, evidence, precedents, what to check, what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.report.change_facts import short_path, switched
from kb.report.desk import Desk
from kb.report.facts import module_of, platforms_of, weightiest
from kb.report.quotes import sentences as sentences_of
from kb.report.say import codes, count, known, listing, say, word, words_of
from kb.report.sentences import (
    code,
    named_title,
    quoted,
    reference,
    reverted,
    size,
    title_of,
)
from kb.report.themes import mass
from kb.report.titles import headline, read_title, shortened, visible
from kb.report.types import Prose
from kb.types import ChangeRecord, Risk

MOST, TOP = 6, 5
NAMED = 4  # names of a suggestion
OBJECTION_WORDS = 25
PRECEDENT_LETTERS = 60
# How much a kind weighs against the others: what broke or may break users first.
_WEIGHTS = {
    "security": 1.8,
    "revert": 1.7,
    "relaxed-threshold": 1.6,
    "unresolved-review": 1.5,
    "compatibility": 1.4,
    "missing-tests": 1.3,
    "large": 1.0,
    "core-path": 1.0,
    "experimental": 0.9,
    "configuration": 0.8,
    "dependency": 0.8,
    "hardware": 0.6,
}


# What broke or may break somebody stands before what is only large, central or new.
_FIRST = frozenset(
    (
        "security",
        "revert",
        "relaxed-threshold",
        "unresolved-review",
        "compatibility",
        "missing-tests",
        "dependency",
    )
)


# Kinds of which one piece of evidence of each of three changes says more than two of one.
_ONE_EACH = frozenset(("relaxed-threshold", "dependency"))
# Kinds whose evidence names the thing itself: the same name met before says that it is unsteady.
_NAMING = frozenset(("relaxed-threshold", "compatibility", "dependency"))


@dataclass(frozen=True, slots=True)
class RiskGroup:
    kind: str
    records: tuple[ChangeRecord, ...]  # the weightiest first

    @property
    def top(self) -> tuple[ChangeRecord, ...]:
        return self.records[:TOP]


def risk_groups(records: Sequence[ChangeRecord], most: int = MOST) -> tuple[RiskGroup, ...]:
    """The kinds of risk that weigh most in these changes; bots' changes count for dependencies only."""
    groups = []
    for kind, weight in _WEIGHTS.items():
        members = weightiest(
            record
            for record in records
            if any(risk.kind == kind and _limits(record, risk) for risk in record.analysis.risks)
            and (not record.analysis.bot or kind == "dependency")
        )
        if members:
            score = weight * sum(mass(record) for record in members[:TOP])
            groups.append((kind not in _FIRST, -score, RiskGroup(kind, tuple(members))))
    groups.sort(key=lambda item: (*item[:2], item[2].kind))
    return tuple(group for _, _, group in groups[:most])


def _limits(record: ChangeRecord, risk: Risk) -> bool:
    """That a change holds on one platform only is no limit where the repository is for that platform."""
    if risk.kind != "hardware":
        return True
    return not platforms_of(risk.evidence) & platforms_of(record.change.repo)


def all_risk_groups(records: Sequence[ChangeRecord]) -> tuple[RiskGroup, ...]:
    return risk_groups(records, len(_WEIGHTS))


def refs(records: Sequence[ChangeRecord], lang: str, limit: int = TOP) -> Prose:
    parts = [reference(record) for record in records[:limit]]
    if len(records) > limit:
        parts.append(say("list.more", lang, n=len(records) - limit))
    return listing(parts, lang)


def evidence(desk: Desk, record: ChangeRecord, kind: str, limit: int = 2) -> Prose:
    """What stands in the change for this risk, as code."""
    found = [risk for risk in record.analysis.risks if risk.kind == kind and risk.evidence.strip()]
    if kind == "dependency":
        found.sort(key=lambda risk: not _far(risk.evidence))
    return codes([shown_evidence(risk) for risk in found], desk.lang, limit)


def _far(moved: str) -> bool:
    """From one version to another whose first two numbers differ."""
    before, arrow, after = moved.partition(" -> ")
    first = (re.search(r"\d+(?:\.\d+)?", text.rpartition(" ")[2]) for text in (before, after))
    versions = [found[0] for found in first if found]
    return bool(arrow) and len(versions) == 2 and versions[0] != versions[1]


# A definition that stays and takes other parameters: `name(+added, -dropped)`, `def name(a) -> name(a, b)`.
_ALTERED = re.compile(r"[\w.:<>~ ]+\((?:[+-].*\)$|.*\) -> )|[^(]+\(.* -> ")
_DEFAULT_MOVED = re.compile(r"[\w.-]+: .* -> ")
_SETTING = re.compile(r"(?:- )?(?:--\w|[A-Z][A-Z0-9]*_[A-Z0-9_]+\b)|[\w.-]+: .* -> ")


def shown_evidence(risk: Risk, longest: int = 60) -> str:
    """The evidence as a reader takes it: the path without its count, the name without its signature."""
    text = visible(risk.evidence)
    if risk.kind == "core-path":
        text = re.sub(r"\s*\(\d+\)$", "", text)
        text = short_path(text)
    elif risk.kind == "compatibility":
        text = re.sub(r"^- (?:\w+ )?(?=\S+$)", "", text)
        if _ALTERED.match(text):
            text = re.sub(
                r"^(?:async\s+)?(?:def|fn|func|pub|class|function)\s+", "", text
            ).partition("(")[0]
    elif risk.kind == "dependency":
        text = re.sub(r"^[+-]\s*", "", text)
    elif risk.kind == "hardware":
        text = re.sub(r"^_?is_(\w+?)(?:\(\))?$", lambda found: found[1].upper(), text)
    text = re.sub(r"\b([0-9a-f]{7})[0-9a-f]{33}\b", r"\1", text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def examples(desk: Desk, group: RiskGroup, limit: int = 2) -> Prose:
    """Evidence of the weightiest, each with its reference."""
    lang = desk.lang
    parts: list[Prose] = []
    records: Sequence[ChangeRecord] = group.records
    if group.kind == "compatibility":
        records = sorted(records, key=_distance)
    if group.kind in _ONE_EACH:
        limit += 1
    for record in records:
        if len(parts) == limit:
            break
        if group.kind == "revert":
            facts = desk.facts(record)
            parts.append(
                say(
                    "risk.text.revert_item", lang, ref=reference(record), what=reverted(facts, lang)
                )
            )
            continue
        if group.kind == "large":
            shown = say(
                "risk.text.large_item",
                lang,
                ref=reference(record),
                size=size(desk.facts(record), lang),
                files=count("file", len(record.change.files), lang),
            )
            parts.append(shown)
            continue
        if group.kind == "unresolved-review":
            parts.append(objection(record, lang))
            continue
        if group.kind == "compatibility":
            parts.extend(_incompatible(record, lang)[: limit - len(parts)])
            continue
        shown = evidence(desk, record, group.kind, 1 if group.kind in _ONE_EACH else 2)
        if shown:
            parts.append(say("risk.example", lang, evidence=shown, ref=reference(record)))
    return Prose.join(parts, word("list.semicolon", lang))


def _distance(record: ChangeRecord) -> int:
    """How far from a user: another default meets everybody, a setting that is gone many, a definition few."""
    found = [risk.evidence for risk in record.analysis.risks if risk.kind == "compatibility"]
    if any(_DEFAULT_MOVED.match(text) for text in found):
        return 0
    return 1 if any(_SETTING.match(text) for text in found) else 2


def _incompatible(record: ChangeRecord, lang: str) -> list[Prose]:
    """What of a change is gone, what has another default, what takes other parameters: the first that holds."""
    found = [risk for risk in record.analysis.risks if risk.kind == "compatibility"]
    moved = [risk for risk in found if _DEFAULT_MOVED.match(risk.evidence)]
    gone = [risk for risk in found if risk.evidence.startswith("- ")]
    gone.sort(key=lambda risk: not _SETTING.match(risk.evidence))
    altered = [risk for risk in found if _ALTERED.match(risk.evidence)]
    for how, risks in (("moved", moved), ("gone", gone), ("altered", altered), ("other", found)):
        titled = record.change.title[:40]
        if names := [
            t for risk in risks if (t := shown_evidence(risk)) and not t.startswith(titled)
        ]:
            shown = codes(names, lang, 2)
            return [say(f"risk.text.compat_{how}", lang, names=shown, ref=reference(record))]
    return []


def objection(record: ChangeRecord, lang: str) -> Prose:
    """What the reviewer objected to, in at most 25 of his words."""
    for thread in record.change.reviews:
        if thread.resolved or not thread.comments:
            continue
        comment = thread.comments[0]
        text = next(
            (s for s in sentences_of(comment.text) if 2 < words_of(s) <= OBJECTION_WORDS), ""
        )
        author = Prose.of(visible(comment.author))
        if text:
            link = thread.url or comment.url
            quote = quoted(text, lang)
            if link and link.startswith("https://"):
                from kb.report.types import Span

                author = Prose((Span("link", visible(comment.author), link),))
            return say(
                "risk.text.unresolved_item", lang, ref=reference(record), author=author, quote=quote
            )
        return say("risk.text.unresolved_bare", lang, ref=reference(record), author=author)
    return reference(record)


def risk_text(desk: Desk, group: RiskGroup, limit: int = 2) -> Prose:
    """One observation: how many, what it stands on."""
    lang, kind = desk.lang, group.kind
    number = count("change", len(group.records), lang)
    values: dict[str, Prose | str | int] = {"n": number}
    if kind == "missing-tests":
        modules = Counter(module_of(record) for record in group.records if module_of(record))
        named = [
            say("risk.modules", lang, module=code(name), n=amount)
            for name, amount in modules.most_common(3)
        ]
        largest = max(
            group.records, key=lambda record: (record.analysis.size.source_added, record.id)
        )
        source = [
            r
            for r in desk.records.values()
            if r.analysis.size.source_added >= 10 and not r.analysis.bot
        ]
        values |= {
            "source": len(source),
            "tested": sum(record.analysis.size.test_lines > 0 for record in source),
            "modules": listing(named, lang),
            "largest": reference(largest),
            "title": named_title(largest, PRECEDENT_LETTERS, lang),
            "size": size(desk.facts(largest), lang),
        }
        if not named:
            values["modules"] = word("label.no_module", lang)
    elif kind == "configuration":
        undocumented = sum(not documented(record) for record in group.records)
        values["examples"] = examples(desk, group, limit)
        if not undocumented:
            return say("risk.text.configuration_documented", lang, **values)
        values |= {"undocumented": undocumented, "total": len(group.records)}
    else:
        values["examples"] = examples(desk, group, limit) or refs(group.records, lang, 3)
    return say(f"risk.text.{kind}", lang, **values)


def documented(record: ChangeRecord) -> bool:
    return any(file.role == "docs" for file in record.change.files)


@dataclass(frozen=True, slots=True)
class Precedent:
    """What history says of a risk, in no language. `number` is which revert of the area this is."""

    records: tuple[ChangeRecord, ...] = ()
    module: str = ""
    number: int = 0
    answers: tuple[tuple[ChangeRecord, ...], ...] = ()  # of each record, what it led to


def precedent(desk: Desk, group: RiskGroup) -> Precedent:
    """The same risk in the same area before; empty where history says nothing of it."""
    lead = group.records[0]
    if group.kind == "revert":
        return _reverts_before(desk, group)
    filters = replace(desk.history.scope, risks=(group.kind,))
    if desk.history.until is None:
        filters = replace(filters, until=lead.change.merged_at)
    purpose = f"risk:{group.kind}"
    hits = desk.history.search(purpose, headline(lead.change), limit=8, filters=filters)
    near = [
        hit.record
        for hit in hits
        if hit.record.id not in desk.records and _same_area(hit.record, lead)
    ]
    # That others had the same risk says little; that it came true, or met the same name, says much.
    answered = [r for r in near if r.analysis.reverted_by or r.analysis.followed_by][:1]
    if group.kind in _NAMING:
        names = _evidence_names(lead, group.kind)
        same = [r for r in near if names & _evidence_names(r, group.kind)]
        if same:
            desk.history.use(same[:1], purpose)
            return Precedent(tuple(same[:1]))
    taken = tuple(answered)
    answers = tuple(
        tuple(desk.history.known((r.analysis.reverted_by or r.analysis.followed_by)[:2]))
        for r in taken
    )
    desk.history.use(taken, purpose)
    return Precedent(taken, answers=answers)


def _evidence_names(record: ChangeRecord, kind: str) -> set[str]:
    """Names and packages that the evidence of a risk holds."""
    texts = [risk.evidence for risk in record.analysis.risks if risk.kind == kind]
    return {name.lower() for text in texts for name in re.findall(r"[A-Za-z_][\w.-]{4,}", text)} - {
        "class",
        "function",
        "method",
        "constant",
        "false",
    }


def _reverts_before(desk: Desk, group: RiskGroup) -> Precedent:
    best: tuple[str, list[ChangeRecord]] | None = None
    for record in group.top:
        earlier = desk.history.reverts_in(module_of(record))
        if earlier and (best is None or len(earlier) > len(best[1])):
            best = (module_of(record), earlier)
    if best is None:
        return Precedent()
    module, earlier = best
    desk.history.use_listing(earlier[:3])
    now = sum(module_of(record) == module for record in group.records)
    return Precedent(tuple(earlier[:3]), module, len(earlier) + now)


def precedent_prose(desk: Desk, before: Precedent) -> Prose:
    lang = desk.lang
    if not before.records:
        return Prose()
    if before.number:
        return say(
            "risk.text.precedent_reverts",
            lang,
            nth=nth(before.number, lang),
            module=code(before.module),
            refs=refs(before.records, lang, 3),
        )
    parts = []
    for place, record in enumerate(before.records):
        title = Prose.of(shortened(headline(record.change), PRECEDENT_LETTERS), "title")
        values = {"ref": reference(record), "title": title}
        if before.answers:
            how = "reverted" if record.analysis.reverted_by else "followed"
            by = listing([reference(later) for later in before.answers[place]], lang)
            parts.append(
                say(
                    "risk.text.answered",
                    lang,
                    how=word(f"risk.text.answered_{how}", lang),
                    by=by,
                    **values,
                )
            )
        else:
            parts.append(say("risk.precedent_item", lang, **values))
    return say("risk.text.precedent", lang, refs=listing(parts, lang))


def _same_area(record: ChangeRecord, lead: ChangeRecord) -> bool:
    return bool(set(record.analysis.modules[:2]) & set(lead.analysis.modules[:2]))


def nth(number: int, lang: str) -> str:
    """`third revert`."""
    named = {1: "first", 2: "second", 3: "third"}
    if number in named:
        return word(f"risk.nth_{named[number]}", lang)
    return word("risk.nth_other", lang).replace("{n}", str(number))


def suggestion(desk: Desk, group: RiskGroup) -> Prose:
    """What follows from a risk: which changes, and what to do with them."""
    lang, kind = desk.lang, group.kind
    records = group.records
    if kind == "compatibility":
        records = tuple(sorted(records, key=_distance))
    top = records[:3]
    names = refs(top, lang, 3)
    key = f"suggest.{kind}"
    shown = codes(
        [
            text
            for record in top
            for risk in record.analysis.risks
            if risk.kind == kind
            and (text := shown_evidence(risk))
            and not text.endswith("…")
            and not record.change.title.startswith(text[:40])  # a title is no name
        ],
        lang,
        NAMED,
    )
    if kind == "missing-tests":
        modules = list(dict.fromkeys(module_of(record) for record in top if module_of(record)))
        lines = sum(record.analysis.size.source_added for record in top)
        where = codes(modules, lang, 3) if modules else Prose.of(word("label.no_module", lang))
        return say(
            key, lang, n=len(top), refs=names, lines=count("line", lines, lang), modules=where
        )
    if kind == "configuration":
        missing = [record for record in group.records if not documented(record)][:3]
        top = tuple(missing) or top
        flags = [flag.name for record in top for flag in desk.facts(record).switches[:2]]
        key = "suggest.configuration" if missing else "suggest.configuration_documented"
        return say(
            key,
            lang,
            n=len(set(flags) or top),
            examples=codes(flags, lang, 4) if flags else shown,
            refs=refs(top, lang, 3),
        )
    if kind == "experimental":
        flags = [
            flag.name
            for record in top
            for flag in desk.facts(record).switches
            if switched(flag) == "off"
        ]
        shown = (
            codes(flags, lang, 3)
            if flags
            else Prose.join([title_of(record) for record in top], word("list.comma", lang))
        )
        return say(key, lang, examples=shown, refs=names)
    if kind == "revert":
        shown = Prose.join(
            [reverted(desk.facts(record), lang) for record in top], word("list.semicolon", lang)
        )
    if kind == "large":
        largest = [desk.facts(record).main_file for record in top]
        shown = codes([short_path(file.path) for file in largest if file], lang, len(top))
    if kind == "unresolved-review" or not known(key, lang):
        return say(key, lang, refs=names)
    return say(key, lang, n=len(top), refs=names, examples=shown or names)


def open_series(records: Sequence[ChangeRecord]) -> list[ChangeRecord]:
    """The last part of each series that has not come to its end."""
    last: dict[str, ChangeRecord] = {}
    for record in weightiest(records):
        series = record.analysis.series
        if series and series.index and (not series.total or series.index < series.total):
            held = last.get(series.key)
            if held is None or (
                held.analysis.series and (held.analysis.series.index or 0) < series.index
            ):
                last[series.key] = record
    return weightiest(last.values())


def series_suggestion(record: ChangeRecord, lang: str) -> Prose:
    series = record.analysis.series
    assert series is not None
    assert series.index is not None
    name = quoted(read_title(series.name).text, lang)
    if series.total:
        return say(
            "suggest.series",
            lang,
            name=name,
            ref=reference(record),
            index=series.index,
            total=series.total,
        )
    return say("suggest.open_series", lang, name=name, ref=reference(record), index=series.index)
