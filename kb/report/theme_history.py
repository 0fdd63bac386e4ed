"""What came before a theme: the last change in its area, and the reverts of the quarter."""

from __future__ import annotations

from dataclasses import dataclass

from kb.periods import local
from kb.report.desk import Desk
from kb.report.history import query_of, related
from kb.report.risk_precedents import nth
from kb.report.risks import refs
from kb.report.say import say, word
from kb.report.sentences import code, reference, title_of
from kb.report.theme_terms import AROUND, terms_of
from kb.report.themes import Theme
from kb.report.types import Prose
from kb.types import ChangeRecord


@dataclass(frozen=True, slots=True)
class Before:
    """What history says of a theme, in no language."""

    last: ChangeRecord | None = None
    module: str = ""
    reverts: tuple[ChangeRecord, ...] = ()
    taken_back: int = 0  # reverts of the period itself

    @property
    def records(self) -> tuple[ChangeRecord, ...]:
        return tuple(record for record in (self.last, *self.reverts[:3]) if record)


def theme_history(desk: Desk, theme: Theme) -> Before:
    """What came before in this area: the last changes and the reverts of the quarter."""
    hits = desk.history.search(f"theme:{theme.name}", query_of(theme.members, theme.name))
    earlier = [
        record
        for record in related(hits, theme.lead, theme.key.split())
        if record.id not in desk.records
        and (record.analysis.types[0] not in AROUND or theme.lead.analysis.types[0] in AROUND)
        and same_thing(record, theme)
    ]
    module = theme.lead.analysis.modules[0] if theme.lead.analysis.modules else ""
    taken = sum(record.analysis.types[0] == "revert" for record in theme.members)
    reverts = tuple(desk.history.reverts_in(module)) if taken else ()
    desk.history.use_listing(reverts[:3])
    if not earlier:
        return Before(module=module, reverts=reverts, taken_back=taken)
    last = max(earlier, key=lambda record: (record.change.merged_at, record.id))
    desk.history.use([last], f"theme:{theme.name}")
    return Before(last, module, reverts, taken)


def same_thing(earlier: ChangeRecord, theme: Theme) -> bool:
    """Its title names two things that one of the theme's first changes names too.

    One word in common is an area, not a history.
    """
    told = _stems(earlier)
    return any(len(told & _stems(record)) >= 2 for record in theme.members[:3])


def _stems(record: ChangeRecord) -> set[str]:
    return {key[:6] for key, _, _ in terms_of(record.change.title) if " " not in key}


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
