"""Search: one box, filters with counts, results with the matched words, more on demand."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from kb.knowledge_base import KnowledgeBase
from kb.types import ChangeRecord, Filters, Hit, Query, SearchResult
from kb.vocabulary import MODES
from ui.web import filters as filter_panel
from ui.web import ledger, state
from ui.web.cards import cards, change_line
from ui.web.errors import part
from ui.web.knowledge import published, state_of
from ui.web.screens import welcome
from ui.web.text import escape
from ui.web.view import View

STEP = 10
MOST = 200
SORTS = ("relevance", "newest", "importance")
SORTED_POOL = 60  # hits that a sort by date or importance looks at: further down is noise
LAYOUTS = ("cards", "table")


@dataclass(frozen=True)
class Listing:
    """What the screen shows: hits of a search, or records of a filter."""

    records: tuple[ChangeRecord, ...]
    hits: dict[str, Hit]
    result: SearchResult | None
    total: int | None  # None: a search ranks everything, there is no total
    more: bool


def draw(view: View) -> None:
    filters = filter_panel.panel(view, st.sidebar)
    _found(view, filters, published(view.knowledge.settings.home))


@part
def _found(view: View, filters: Filters, mark: str) -> None:
    """The box and what it finds. Drawn alone when only they change, so that a question does not
    wait for the filters' widgets, which no question changes."""
    if (
        filter_panel.current(view.tz) != filters  # a chip took one away
        or published(view.knowledge.settings.home) != mark  # an ingest has published
    ):
        st.rerun(scope="app")
    like = state.text("like")
    text = _box(view)
    mode, sort, layout = _controls(view)
    asked = (text, filters)
    if asked != state.value("asked", asked):
        state.put("shown", STEP)
    state.put("asked", asked)
    shown = state.value("shown") or state.number("n", STEP, STEP, MOST)
    state.put("shown", shown)
    if text:
        like = ""
    view.leave(
        {
            "q": text,
            "like": like,
            "mode": mode if mode != "hybrid" else None,
            "sort": sort if sort != "relevance" else None,
            "view": layout if layout != "cards" else None,
            "n": shown if shown != STEP else None,
            **filter_panel.address(filters, view.tz),
        }
    )
    if not text and not like and not filters:
        welcome.draw(view)
        return
    listing = _listing(view, text, like, filters, mode, sort, shown)
    if listing.result and listing.result.query.empty:
        st.info(view.say("nothing.empty"))
        return
    _head(view, listing, text, like, filters)
    if not listing.records:
        asked_for = listing.result.query.filters if listing.result else filters
        welcome.nothing(view, text, asked_for)
        return
    if layout == "table":
        ledger.table(view, listing.records, key="found")
    else:
        cards(view, listing.records, listing.hits)
    if listing.more:
        st.button(view.say("search.more"), key="more", on_click=_more, width="stretch")


def _box(view: View) -> str:
    typed = st.text_input(
        view.say("search.box"),
        key=state.seed("q", state.text("q")),
        type="search",
        icon="",
        placeholder=view.say("search.placeholder"),
        label_visibility="collapsed",
        max_chars=2000,
    )
    return (typed or "").strip()


def _controls(view: View) -> tuple[str, str, str]:
    row = st.container(horizontal=True, vertical_alignment="center", key="search-controls")
    mode = row.segmented_control(
        view.say("search.mode"),
        MODES,
        key=state.seed("mode", state.text("mode", "hybrid", MODES)),
        format_func=lambda name: view.word("mode", name),
        label_visibility="collapsed",
        required=True,
    )
    sort = row.segmented_control(
        view.say("search.sort"),
        SORTS,
        key=state.seed("sort", state.text("sort", "relevance", SORTS)),
        format_func=lambda name: view.say(f"sort.{name}"),
        label_visibility="collapsed",
        required=True,
    )
    layout = row.segmented_control(
        view.say("search.layout"),
        LAYOUTS,
        key=state.seed("view", state.text("view", "cards", LAYOUTS)),
        format_func=lambda name: view.say(f"layout.{name}"),
        label_visibility="collapsed",
        required=True,
    )
    return mode or "hybrid", sort or "relevance", layout or "cards"


def _more() -> None:
    state.put("shown", min(MOST, state.value("shown", STEP) + STEP))


def _listing(
    view: View, text: str, like: str, filters: Filters, mode: str, sort: str, shown: int
) -> Listing:
    knowledge = view.knowledge
    if like:
        near = knowledge.similar(like, limit=shown + 1)
        hits = {hit.record.id: hit for hit in near[:shown]}
        records = _sorted([hit.record for hit in near[:shown]], sort)
        return Listing(tuple(records), hits, None, None, len(near) > shown)
    if not text:
        order = "importance" if sort == "importance" else "newest"
        found = knowledge.select(filters, order=order, limit=shown + 1)
        return Listing(tuple(found[:shown]), {}, None, knowledge.count(filters), len(found) > shown)
    wanted = shown + 1 if sort == "relevance" else max(SORTED_POOL, shown + 1)
    result = _search(
        state_of(knowledge), knowledge, text, filters, mode, wanted, view.tz, view.lang
    )
    hits = {hit.record.id: hit for hit in result.hits}
    records = _sorted([hit.record for hit in result.hits], sort)
    more = len(records) > shown and shown < MOST
    return Listing(tuple(records[:shown]), hits, result, None, more)


@st.cache_data(show_spinner=False, max_entries=100)
def _search(
    mark: str,
    _knowledge: KnowledgeBase,
    text: str,
    filters: Filters,
    mode: str,
    limit: int,
    tz: str,
    lang: str,
) -> SearchResult:
    del mark, tz  # the cache's key: what is found, and the zone of dates inside the query
    return _knowledge.search(text, filters=filters, mode=mode, limit=limit, lang=lang)


def _sorted(records: list[ChangeRecord], sort: str) -> list[ChangeRecord]:
    if sort == "newest":
        return sorted(records, key=lambda record: record.change.merged_at, reverse=True)
    if sort == "importance":
        return sorted(records, key=lambda r: (r.analysis.importance, r.analysis.raw), reverse=True)
    return records


def _head(view: View, listing: Listing, text: str, like: str, filters: Filters) -> None:
    """What was understood, how many, how long it took, and what can be done with all of them."""
    if like:
        record = view.knowledge.record(like)
        view.open_change(
            record, view.say("search.like", title=change_line(record, record.change.repo))
        )
    filter_panel.chips(view, filters)
    result = listing.result
    row = st.container(horizontal=True, vertical_alignment="center", key="search-head")
    if result is not None:
        said = view.say(
            "search.took",
            count=len(listing.records),
            took=f"{result.took_ms:.0f}",
            mode=view.word("mode", result.mode),
        )
        if result.engine:
            said += " · " + result.engine.capitalize()
        understood = _understood(view, result.query, filters)
        row.caption(said + (" · " + understood if understood else ""), width="stretch")
    else:
        count = len(listing.records) if listing.total is None else listing.total
        row.caption(view.say("search.total", count=f"{count:,}"), width="stretch")
    if listing.records:
        view.link(
            view.say("search.risks"),
            "report",
            row,
            kind="risks",
            id=[record.id for record in listing.records[:50]],
        )
    for note in result.notes if result else ():
        st.caption(escape(note))


def _understood(view: View, query: Query, beside: Filters) -> str:
    """The fields inside the query, as they were read; what stands beside the box is a chip."""
    parts = [f":blue-badge[“{escape(phrase)}”]" for phrase in query.phrases]
    parts += [f":red-badge[−{escape(word)}]" for word in query.excluded]
    chips = set(filter_panel.told(view, beside))
    for field, value in filter_panel.told(view, query.filters):
        if (field, value) not in chips:
            parts.append(f":blue-badge[{view.named(escape(field), escape(value))}]")
    return " ".join(parts)
