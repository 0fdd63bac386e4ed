"""Every choice of a reader stands in the address, so that a link shows what they saw.

A widget's value lives in Streamlit's session under `w.<name>`; the address holds the same under
`<name>`. `arrive` notices an address that we did not write ourselves (a link, the back button)
and lets the widgets start from it; `leave` writes what they now hold. Streamlit's own
`bind="query-params"` replaces the history entry, which would take the back button away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

PREFIX = "w."
_SEEN = "_address"
Params = dict[str, list[str]]


def arrive(page: str) -> None:
    """Forget the widgets' values where the address was changed by somebody else than `leave`."""
    address = _address(page)
    if st.session_state.get(_SEEN) != address:
        for key in [key for key in st.session_state if str(key).startswith(PREFIX)]:
            del st.session_state[key]
        st.session_state[_SEEN] = address


def leave(page: str, values: Mapping[str, object]) -> None:
    """Write the page's state into the address; empty values and None are left out."""
    params = params_of(values)
    if params != _params():
        st.query_params.from_dict(params)
    st.session_state[_SEEN] = (page, tuple(sorted((k, tuple(v)) for k, v in params.items())))


def written() -> None:
    """The address was changed by us (a callback): the widgets keep their values."""
    page, _ = st.session_state.get(_SEEN, ("", ()))
    st.session_state[_SEEN] = _address(page)


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
    return value if allowed is None or value in allowed else default


def texts(name: str) -> list[str]:
    return [value for value in st.query_params.get_all(name) if value]


def number(name: str, default: int, low: int, high: int) -> int:
    try:
        return min(high, max(low, int(st.query_params.get(name, default))))
    except ValueError:
        return default


def decimal(name: str, default: float, low: float, high: float) -> float:
    try:
        value = float(st.query_params.get(name, default))
    except ValueError:
        return default
    return min(high, max(low, value)) if value == value else default


def day(name: str) -> date | None:
    try:
        return date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return None


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
