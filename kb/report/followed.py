"""What became of the risks that the last kept report of the same kind named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.report.desk import Desk, section
from kb.report.frame import scope_key
from kb.report.say import listing, say, word
from kb.report.sentences import named_title, reference
from kb.report.types import Prose, Section
from kb.types import ChangeRecord, Period

RISKS, REFS = 4, 2
TITLE_LETTERS = 60
# That a change is large, central or new stays so: nothing that comes later answers it.
UNANSWERABLE = frozenset(("core-path", "large", "hardware", "configuration", "security"))


def followed_section(desk: Desk, period: Period) -> Section | None:
    """None where no earlier report of this kind and scope was kept."""
    last = desk.reader.last_report(desk.request.kind, scope_key(desk.request), period.since)
    if last is None:
        return None
    lang = desk.lang
    named = _named(last)
    known = {
        record.id: record
        for record in desk.history.known([ref for _, refs in named for ref in refs])
    }
    answers = _answers(desk, tuple(known))
    items, open_items = [], 0
    unanswered: list[Prose] = []
    for kind, refs in named:
        answered, open_refs = [], []
        for record in (known[change_id] for change_id in refs if change_id in known):
            status, state = _status(desk, record, answers.get(record.id, []))
            if state == "open":
                open_refs.append(record)
            else:
                answered.append((record, status, state))
        open_items += len(open_refs)
        risk = word(f"risk.name.{kind}", lang)
        items += [
            {
                "kind": kind,
                "state": state,
                "text": say(
                    "followed.item",
                    lang,
                    risk=risk,
                    ref=reference(record),
                    title=named_title(record, TITLE_LETTERS, lang),
                    status=status,
                ),
            }
            for record, status, state in answered
        ]
        if open_refs:
            shown = listing([reference(record) for record in open_refs], lang)
            unanswered.append(say("followed.open_item", lang, risk=risk, refs=shown))
    if unanswered:
        # One line for all: that nothing happened is said once.
        text = say(
            "followed.open", lang, items=Prose.join(unanswered, word("list.semicolon", lang))
        )
        items.append({"kind": "open", "state": "open", "text": text})
    if not items:
        return None
    lead = say("followed.lead", lang, label=str(last["period"]["label"]))
    return section(
        "followed",
        word("section.followed", lang),
        {"lead": lead, "items": items, "open": open_items},
    )


def _named(last: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """(kind, leading changes) of the last report's risks."""
    for part in last.get("sections", ()):
        if part.get("name") == "risks":
            found = []
            for item in part.get("body", {}).get("items", ()):
                kind, refs = str(item.get("kind", "")), item.get("top", {}).get("references", ())
                if kind not in UNANSWERABLE:
                    found.append((kind, list(refs)[:REFS]))
            return found[:RISKS]
    return []


def _answers(desk: Desk, ids: tuple[str, ...]) -> dict[str, list[str]]:
    """Later changes that follow up, fix or take back one of these, up to the end of this period."""
    found: dict[str, list[str]] = {}
    for relation in desk.reader.relations(ids):
        if relation.target in ids and relation.kind in ("follows", "fixes"):
            found.setdefault(relation.target, []).append(relation.source)
    return found


def _status(desk: Desk, record: ChangeRecord, answers: list[str]) -> tuple[Prose, str]:
    lang = desk.lang
    until = desk.request.period.until if desk.request.period else None

    def before(records: list[ChangeRecord]) -> list[ChangeRecord]:
        return [later for later in records if until is None or later.change.merged_at < until]

    taken = before(desk.history.known(record.analysis.reverted_by))
    if taken:
        refs = listing([reference(later) for later in taken[:2]], lang)
        return say("followed.reverted", lang, refs=refs), "reverted"
    closing = before(desk.history.known(answers))
    if closing:
        refs = listing([reference(later) for later in closing[:3]], lang)
        return say("followed.closed", lang, refs=refs), "closed"
    return Prose(), "open"
