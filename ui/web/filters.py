"""The filters beside a list: every field with its counts, the same words as on the command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import streamlit as st

from kb.periods import local, midnight
from kb.types import Filters
from kb.vocabulary import CHANGE_TYPES, LEVELS, RISK_KINDS
from ui.web import state
from ui.web.knowledge import Facets, facets
from ui.web.text import clean, escape
from ui.web.view import View

# the address's name -> (the field of Filters, the facet's name, the room of its words)
CHOICES: dict[str, tuple[str, str, str | None]] = {
    "repo": ("repos", "repo", None),
    "type": ("types", "type", "type"),
    "level": ("levels", "level", "level"),
    "risk": ("risks", "risk", "risk"),
    "module": ("modules", "module", None),
    "author": ("authors", "author", None),
    "label": ("labels", "label", None),
}
FIXED = {"type": CHANGE_TYPES, "level": LEVELS, "risk": RISK_KINDS}
NAMES = (*CHOICES, "path", "min", "since", "until")
_ALIASES = {"repo": "repos", "type": "types", "level": "levels", "risk": "risks"}
MOST = 50  # values offered of one field; the rest is reached by typing `author:` in the query


def from_address(tz: str) -> Filters:
    """The filters that the address holds (for screens without the panel, and before it is drawn)."""
    chosen = {field: tuple(_given(name)) for name, (field, _, _) in CHOICES.items()}
    return _filters(
        chosen,
        state.texts("path"),
        state.decimal("min", 0, 0, 10),
        state.day("since"),
        state.day("until"),
        tz,
    )


def current(tz: str) -> Filters:
    """What the widgets hold; before their first drawing, what the address holds."""
    chosen = {
        field: tuple(state.value(name, _given(name))) for name, (field, _, _) in CHOICES.items()
    }
    paths = state.value("path", " ".join(state.texts("path"))).split()
    return _filters(
        chosen,
        paths,
        state.value("min", state.decimal("min", 0, 0, 10)),
        state.value("since", state.day("since")),
        state.value("until", state.day("until")),
        tz,
    )


def _given(name: str) -> list[str]:
    """What the address says of a field; of one whose values are fixed, only those."""
    return state.texts(name, FIXED.get(name))


def _filters(
    chosen: dict[str, tuple[str, ...]],
    paths: list[str],
    minimum: float,
    since: date | None,
    until: date | None,
    tz: str,
) -> Filters:
    return Filters(
        **chosen,
        paths=tuple(paths),
        min_importance=minimum or None,
        since=midnight(since, tz) if since else None,
        until=midnight(until + timedelta(days=1), tz) if until else None,  # the last day counts
    )


def address(filters: Filters, tz: str) -> dict[str, object]:
    """Filters as the address writes them; `until` is the last day that is shown."""
    values: dict[str, object] = {
        name: getattr(filters, field) for name, (field, _, _) in CHOICES.items()
    }
    values["path"] = filters.paths
    values["min"] = filters.min_importance
    values["since"] = local(filters.since, tz).date() if filters.since else None
    values["until"] = (
        local(filters.until - timedelta(microseconds=1), tz).date() if filters.until else None
    )
    return values


def panel(view: View, container: Any) -> Filters:
    """Draw the filters; return what they now say.

    Everything is counted before anything is drawn: what is sent in one go is laid out in one go.
    """
    filters = current(view.tz)
    left = facets(view.knowledge, filters)
    counts = {name: _counts(view, name, filters, left) for name in CHOICES}
    with container:
        heading = st.container(horizontal=True, vertical_alignment="center")
        heading.markdown(f"**{view.say('filters.title')}**", width="stretch")
        if filters:
            heading.button(view.say("filters.clear"), key="clear", type="tertiary", on_click=clear)
        for name in CHOICES:
            _choice(view, name, filters, counts[name])
        for name in ("since", "until"):  # beside each other they would be cut
            st.date_input(
                view.say(f"filters.{name}"),
                key=state.seed(name, state.day(name)),
                format="YYYY-MM-DD",
                value=None,
                min_value=state.FIRST_DAY,
                max_value=state.LAST_DAY,
            )
        st.number_input(
            view.say("filters.min"),
            0.0,
            10.0,
            step=0.5,
            format="%.1f",
            key=state.seed("min", state.decimal("min", 0, 0, 10)),
        )
        st.text_input(
            view.say("filters.path"),
            key=state.seed("path", " ".join(state.texts("path"))),
            placeholder="src/**/cache*.py",
        )
    return current(view.tz)


def _counts(view: View, name: str, filters: Filters, left: Facets) -> dict[str, int]:
    """What the other filters leave: a field's own choice must not hide its other values."""
    field, facet, _ = CHOICES[name]
    if getattr(filters, field):
        cleared: dict[str, Any] = {field: ()}
        left = facets(view.knowledge, replace(filters, **cleared))
    return dict(left.get(facet) or left.get(_ALIASES.get(name, name)) or ())


def _choice(view: View, name: str, filters: Filters, values: dict[str, int]) -> None:
    field, _, room = CHOICES[name]
    chosen = tuple(getattr(filters, field))
    if name == "level":
        values = {level: values[level] for level in LEVELS if level in values}
    options = list(values)[:MOST]
    options += [value for value in state.value(name, _given(name)) if value not in options]
    if not options or (name in ("repo", "label") and len(options) < 2 and not chosen):
        state.seed(name, [value for value in _given(name) if value in options])
        return

    def label(value: str) -> str:
        shown = view.word(room, value) if room else clean(value)
        return f"{shown} ({values.get(value, 0):,})"

    st.multiselect(
        view.say(f"filters.{name}"),
        options,
        format_func=label,
        key=state.seed(name, _given(name)),
        placeholder=view.say("filters.any"),
    )


def clear() -> None:
    """Callback: no filters."""
    for name in CHOICES:
        state.put(name, [])
    state.put("path", "")
    state.put("min", 0.0)
    state.put("since", None)
    state.put("until", None)


def chips(view: View, filters: Filters) -> None:
    """Every condition as a button that takes it away."""
    row = st.container(horizontal=True, gap="small")
    for name, (field, _, room) in CHOICES.items():
        for value in getattr(filters, field):
            shown = view.word(room, value) if room else value
            row.button(
                _chip(view, name, shown),
                key=f"chip.{name}.{value}",
                on_click=_remove,
                args=(name, value),
                help=view.say("filters.remove"),
            )
    for name, shown in _single(view, filters):
        row.button(
            _chip(view, name, shown),
            key=f"chip.{name}",
            on_click=_remove,
            args=(name, None),
            help=view.say("filters.remove"),
        )


def _chip(view: View, name: str, shown: str) -> str:
    return view.named(view.say(f"filters.{name}"), f"{escape(shown)} ×")


def told(view: View, filters: Filters) -> list[tuple[str, str]]:
    """Every condition in the reader's words: the field's name, and its value."""
    several = [
        (name, view.word(room, value) if room else value)
        for name, (field, _, room) in CHOICES.items()
        for value in getattr(filters, field)
    ]
    return [
        (view.say(f"filters.{name}"), shown) for name, shown in several + _single(view, filters)
    ]


def _single(view: View, filters: Filters) -> list[tuple[str, str]]:
    values = address(filters, view.tz)
    found = [(name, str(values[name])) for name in ("since", "until") if values[name]]
    if filters.min_importance:
        found.append(("min", f"{filters.min_importance:g}"))
    if filters.paths:
        found.append(("path", " ".join(filters.paths)))
    return found


def _remove(name: str, value: str | None) -> None:
    if value is not None:
        state.put(name, [kept for kept in state.value(name, []) if kept != value])
    else:
        state.put(name, {"min": 0.0, "path": ""}.get(name))
