"""What the history says of a risk: the same risk that came true before, reverts of the same area."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kb.report.desk import Desk
from kb.report.facts import module_of
from kb.report.risks import RiskGroup, refs
from kb.report.say import listing, say, word
from kb.report.sentences import code, reference, sentence
from kb.report.titles import headline, shortened
from kb.report.types import Prose
from kb.types import ChangeRecord

PRECEDENT_LETTERS = 60
# Kinds whose evidence names the thing itself: the same name met before says that it is unsteady.
_NAMING = frozenset(("relaxed-threshold", "compatibility", "dependency"))


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
        told = say(
            "risk.text.precedent_reverts",
            lang,
            nth=nth(before.number, lang),
            module=code(before.module),
            refs=refs(before.records, lang, 3),
        )
        return sentence(told, lang)
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
