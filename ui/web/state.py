"""Every choice of a reader stands in the address, so that a link shows what they saw.

A widget's value lives in Streamlit's session under `w.<name>`; the address holds the same under
`<name>`. `arrive` notices an address that we did not write ourselves (a link, the back button)
and lets the widgets start from it; `leave` writes what they now hold. Streamlit's own
`bind="query-params"` replaces the history entry, which would take the back button away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from math import isnan, nan
from typing import Any

import streamlit as st

PREFIX = "w."
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2100, 1, 1)  # that a date field takes
_SEEN = "_address"
_REFUSED = "_refused"  # what of the address was not understood, and the address that was left then
Params = dict[str, list[str]]


def arrive(page: str) -> None:
    """Forget the widgets' values where the address was changed by somebody else than `leave`."""
    address = _address(page)
    if st.session_state.get(_SEEN) != address:
        for key in [key for key in st.session_state if str(key).startswith(PREFIX)]:
            del st.session_state[key]
        st.session_state[_SEEN] = address
        st.session_state[_REFUSED] = ({}, None)


def leave(page: str, values: Mapping[str, object]) -> None:
    """Write the page's state into the address; empty values and None are left out."""
    for name, given in _params().items():
        if name not in values:
            refuse(name, " ".join(given))
    params = params_of(values)
    if params != _params():
        st.query_params.from_dict(params)
    st.session_state[_SEEN] = (page, tuple(sorted((k, tuple(v)) for k, v in params.items())))


def written() -> None:
    """The address was changed by us (a callback): the widgets keep their values."""
    page, _ = st.session_state.get(_SEEN, ("", ()))
    st.session_state[_SEEN] = _address(page)


def refuse(name: str, value: str) -> None:
    """Remember what of the address means nothing, so that it is not left out in silence."""
    refused, _ = st.session_state.setdefault(_REFUSED, ({}, None))
    if value.strip():
        refused[name] = value


def refused() -> dict[str, str]:
    """What of the address was not understood; nothing any more once the reader has changed it."""
    found, left = st.session_state.get(_REFUSED, ({}, None))
    now = st.session_state.get(_SEEN)
    if left not in (None, now):
        found = {}
    st.session_state[_REFUSED] = (found, now)
    return dict(found)


def params_of(values: Mapping[str, object]) -> Params:
    """Values as query parameters: dates as ISO, sequences repeated."""
    params: Params = {}
    for name, value in values.items():
        if value is None or value == "" or value is False:
            continue
        if isinstance(value, Sequence) and not isinstance(value, str):
            if value:
                params[name] = [_text(entry) for entry in value]
        else:
            params[name] = [_text(value)]
    return params


def text(name: str, default: str = "", allowed: Sequence[str] | None = None) -> str:
    """The address's value of a name, or the default where it has none or one that is not allowed."""
    value = str(st.query_params.get(name, default))
    if allowed is None or value in allowed:
        return value
    if name in st.query_params:
        refuse(name, value)
    return default


def texts(name: str, allowed: Sequence[str] | None = None) -> list[str]:
    values = [value for value in st.query_params.get_all(name) if value]
    if allowed is not None and (strange := [value for value in values if value not in allowed]):
        refuse(name, " ".join(strange))
    return [value for value in values if allowed is None or value in allowed]


def number(name: str, default: int, low: int, high: int) -> int:
    try:
        return min(high, max(low, int(st.query_params.get(name, default))))
    except ValueError:
        refuse(name, st.query_params[name])
        return default


def decimal(name: str, default: float, low: float, high: float) -> float:
    try:
        value = float(st.query_params.get(name, default))
    except ValueError:
        value = nan
    if isnan(value):
        refuse(name, st.query_params[name])
        return default
    return min(high, max(low, value))


def day(name: str) -> date | None:
    typed = st.query_params.get(name, "")
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        found = None
    if found is None or not FIRST_DAY <= found <= LAST_DAY:
        refuse(name, typed)
        return None
    return found


def seed(name: str, value: Any) -> str:
    """The session key of a widget, holding `value` if the widget has none yet.

    The value is assigned again on every run: labels with counts change between runs, and a widget
    keeps its choice over that only when it is set from here.
    """
    key = PREFIX + name
    st.session_state[key] = st.session_state.get(key, value)
    return key


def value(name: str, default: Any = None) -> Any:
    """What a widget holds now (also before it is drawn in this run)."""
    return st.session_state.get(PREFIX + name, default)


def put(name: str, new: Any) -> None:
    """Set a widget's value; only before it is drawn, so from callbacks."""
    st.session_state[PREFIX + name] = new


def _text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:g}"
    return "1" if value is True else str(value)


def _params() -> Params:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _address(page: str) -> tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    return page, tuple(sorted((name, tuple(values)) for name, values in _params().items()))
