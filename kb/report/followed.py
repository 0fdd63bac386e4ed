"""What became of the risks that the last kept report of the same kind named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.report.desk import Desk, section
from kb.report.frame import scope_key
from kb.report.say import listing, say, word
from kb.report.sentences import reference, title_of
from kb.report.types import Prose, Section
from kb.types import ChangeRecord, Period

RISKS, REFS = 4, 2


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
    for kind, refs in named:
        for change_id in refs:
            record = known.get(change_id)
            if record is None:
                continue
            status, state = _status(desk, record, answers.get(change_id, []))
            open_items += state == "open"
            items.append(
                {
                    "kind": kind,
                    "state": state,
                    "text": say(
                        "followed.item",
                        lang,
                        risk=word(f"risk.name.{kind}", lang),
                        ref=reference(record),
                        title=title_of(record),
                        status=status,
                    ),
                }
            )
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
            for item in part.get("body", {}).get("items", ())[:RISKS]:
                refs = item.get("top", {}).get("references", ())
                found.append((str(item.get("kind", "")), list(refs)[:REFS]))
            return found
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
    return say("followed.open", lang), "open"
