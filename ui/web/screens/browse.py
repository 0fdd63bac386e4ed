"""Browse: activity, modules, importance, types and risks, authors; every mark narrows the ledger.

A click or a brush becomes a filter, so what is seen stands in the address, shows as a chip that
can be taken away, and holds for every chart and the table below.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import streamlit as st

from kb.store.statistics import Statistics, statistics
from kb.types import Filters
from kb.vocabulary import LEVELS
from ui.web import charts, ledger, state
from ui.web import filters as filter_panel
from ui.web.errors import part
from ui.web.knowledge import state_of
from ui.web.markup import rendered
from ui.web.text import clean
from ui.web.view import View

ROWS = 300
MODULES = 28  # smaller boxes have no room for a name
AUTHORS = 15
WEEKLY = ("type", "risk", "level")
ORDERS = ("newest", "importance")


def draw(view: View) -> None:
    st.title(view.say("page.browse"), anchor=False)
    filters = filter_panel.panel(view, st.sidebar)
    filter_panel.chips(view, filters)
    found = _statistics(view, filters)
    _figures(view, found)
    _activity(view, filters)
    if not found.changes:
        _part(view, filters)
        st.info(view.say("nothing.title"))
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _modules(view, found)
    with right:
        _importance(view, found)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _weeks(view, filters, found)
    with right:
        _authors(view, found)
    _ledger(view, filters, found.changes)


def _part(view: View, filters: Filters) -> None:
    """At the head of what is drawn alone: the whole page where a mark in it became a filter, else
    the address with what was chosen here."""
    if filter_panel.current(view.tz) != filters:
        st.rerun(scope="app")
    field = state.value("by", state.text("by", WEEKLY[0], WEEKLY))
    order = state.value("order", state.text("order", ORDERS[0], ORDERS))
    view.leave(
        {
            **filter_panel.address(filters, view.tz),
            "by": field if field != WEEKLY[0] else None,
            "order": order if order != ORDERS[0] else None,
        }
    )


def _statistics(view: View, filters: Filters) -> Statistics:
    return _counted(state_of(view.knowledge), view.knowledge, filters, view.tz)


@st.cache_data(show_spinner=False, max_entries=60)
def _counted(mark: str, _knowledge: Any, filters: Filters, tz: str) -> Statistics:
    del mark
    return statistics(_knowledge.archive, filters, tz)


def _labels(view: View) -> dict[str, str]:
    names = ("changes", "importance", "day", "week", "month", "day_of", "week_of", "month_of")
    return {name: view.say(f"chart.{name}") for name in names}


def _figures(view: View, found: Statistics) -> None:
    row = st.container(horizontal=True, key="figures")
    total = found.changes or 1
    weighted = sum((low + 0.25) * count for low, count in found.importance.items()) / total
    row.metric(view.say("browse.changes"), f"{found.changes:,}", border=True)
    row.metric(
        view.say("browse.high"), f"{found.totals.get('level', {}).get('high', 0):,}", border=True
    )
    row.metric(view.say("browse.authors"), f"{len(found.totals.get('author', {})):,}", border=True)
    row.metric(view.say("browse.mean"), f"{weighted:.1f}" if found.changes else "–", border=True)


def _key(name: str) -> str:
    """A chart's key; a new one after its selection was turned into a filter, so that it is empty."""
    return f"{name}-{st.session_state.get('_round', 0)}"


def _next_round() -> None:
    st.session_state["_round"] = st.session_state.get("_round", 0) + 1


# --- activity ------------------------------------------------------------------------------------


def _activity(view: View, filters: Filters) -> None:
    """The whole history with a brush; the brush is the date filter."""
    days = _statistics(view, replace(filters, since=None, until=None)).days
    if not days:
        return
    st.subheader(view.say("browse.activity"), anchor=False)
    held = (state.value("since"), state.value("until"))
    if st.session_state.get("_brushed", "none") != held:  # set elsewhere: draw the brush anew
        st.session_state["_brush_round"] = st.session_state.get("_brush_round", 0) + 1
        st.session_state["_brush_start"] = (
            (held[0] or min(days), (held[1] or max(days))) if any(held) else None
        )
        st.session_state["_brushed"] = held
    unit = charts.bucketed(days)[1]
    key = f"activity-{st.session_state['_brush_round']}"
    chart = charts.activity(days, _labels(view), st.session_state["_brush_start"], view.theme)
    st.vega_lite_chart(
        chart,
        height=chart["height"],
        key=key,
        on_select=lambda: _brush(key, unit),
        selection_mode="range",
        alt=view.say("browse.activity"),
    )
    st.caption(view.say("browse.brush"))


def _brush(key: str, unit: str) -> None:
    """Callback: the bars under the brush, as the first and the last day that they hold."""
    chosen = st.session_state[key].selection.get("range", {})
    starts = sorted(name for names in chosen.values() for name in names)
    since = until = None
    if starts:
        since = date.fromisoformat(str(starts[0]))
        until = charts.last_day(date.fromisoformat(str(starts[-1])), unit)
    state.put("since", since)
    state.put("until", until)
    st.session_state["_brushed"] = (since, until)


# --- marks that become filters -------------------------------------------------------------------


def _modules(view: View, found: Statistics) -> None:
    st.subheader(view.say("browse.modules"), anchor=False)
    counts = sorted(found.totals["module"].items(), key=lambda item: (-item[1], item[0]))[:MODULES]
    if not counts:
        st.caption(view.say("browse.no_modules"))
        return
    names = [name for name, _ in counts]
    boxes = [(clean(name), count, found.module_importance[name]) for name, count in counts]
    key = _key("modules")
    st.echarts_chart(
        charts.treemap(boxes),
        height=300,
        key=key,
        on_select=lambda: _pick_module(key, names),
        alt=view.say("browse.modules"),
    )
    st.caption(view.say("browse.modules_hint"))


def _pick_module(key: str, names: list[str]) -> None:
    for _, index in _picked(key):
        # ECharts counts the invisible root of the tree as the first item.
        if 0 <= index - 1 < len(names):
            _add("module", names[index - 1])


def _picked(key: str) -> list[tuple[int, int]]:
    """The marks that were clicked: the series' place, the place in it."""
    return [
        (group["series_index"], index)
        for group in st.session_state[key].selection.get("selected", [])
        for index in group["data_indices"]
    ]


def _importance(view: View, found: Statistics) -> None:
    st.subheader(view.say("browse.importance"), anchor=False)
    key = _key("importance")
    st.echarts_chart(
        charts.distribution(found.importance, _labels(view), view.theme),
        height=300,
        key=key,
        on_select=lambda: _pick_importance(key),
        alt=view.say("browse.importance"),
    )
    st.caption(view.say("browse.importance_hint"))


def _pick_importance(key: str) -> None:
    for _, index in _picked(key):
        state.put("min", charts.HALVES[index])
        _next_round()


@part
def _weeks(view: View, filters: Filters, found: Statistics) -> None:
    _part(view, filters)
    st.subheader(view.say("browse.weeks"), anchor=False)
    field = (
        st.segmented_control(
            view.say("browse.by"),
            WEEKLY,
            key=state.seed("by", state.text("by", WEEKLY[0], WEEKLY)),
            format_func=lambda name: view.say(f"filters.{name}"),
            label_visibility="collapsed",
            required=True,
        )
        or WEEKLY[0]
    )
    counts = found.weeks.get(field, {})
    if counts:
        values = charts.by_weight(counts)
        words = {value: view.word(field, value) for value in values}
        colours = charts.LEVELS if field == "level" else None
        key = _key(f"weeks-{field}")
        st.echarts_chart(
            charts.over_weeks(
                counts,
                words,
                _labels(view),
                view.theme,
                colours,
            ),
            height=320,
            key=key,
            on_select=lambda: _pick_cell(key, field, charts.stretches(counts), values),
            alt=view.say("browse.weeks"),
        )
        # The chart's own legend pages or is cut; this one wraps at any width.
        named = zip(charts.stacked(values, colours), words.values(), strict=True)
        st.html(rendered("legend", entries=list(named)))
        st.caption(view.say("browse.weeks_hint"))
    else:
        st.caption(view.say("browse.none"))


def _pick_cell(key: str, field: str, bars: list[tuple[date, date]], values: list[str]) -> None:
    for value, bar in _picked(key):
        since, until = bars[bar]
        state.put("since", since)
        state.put("until", until)
        _add(field, values[value])


def _authors(view: View, found: Statistics) -> None:
    st.subheader(view.say("browse.author_title"), anchor=False)
    counts = sorted(found.totals["author"].items(), key=lambda item: (-item[1], item[0]))[:AUTHORS]
    if not counts:
        return
    names = [name for name, _ in counts]
    key = _key("authors")
    st.echarts_chart(
        charts.ranking([(clean(name) or "–", count) for name, count in counts], view.theme),
        height=24 * len(counts) + 8,
        key=key,
        on_select=lambda: _pick_author(key, names),
        alt=view.say("browse.author_title"),
    )


def _pick_author(key: str, names: list[str]) -> None:
    for _, index in _picked(key):
        _add("author", names[index])


def _add(name: str, value: str) -> None:
    if name == "level" and value not in LEVELS:
        return
    held = list(state.value(name, []))
    if value not in held:
        state.put(name, [*held, value])
    _next_round()


# --- the ledger ----------------------------------------------------------------------------------


@part
def _ledger(view: View, filters: Filters, total: int) -> None:
    _part(view, filters)
    st.subheader(view.say("browse.ledger"), anchor=False)
    order = (
        st.segmented_control(
            view.say("search.sort"),
            ORDERS,
            key=state.seed("order", state.text("order", ORDERS[0], ORDERS)),
            format_func=lambda name: view.say(f"sort.{name}"),
            label_visibility="collapsed",
            required=True,
        )
        or ORDERS[0]
    )
    records = view.knowledge.select(filters, order=order, limit=ROWS)
    if total > len(records):
        st.caption(view.say("browse.first", count=len(records), total=f"{total:,}"))
    ledger.table(
        view,
        records,
        key="ledger",
        everything=lambda: view.knowledge.select(filters, order=order),
    )
