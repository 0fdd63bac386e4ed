"""Language and time zone: by the browser at first, by the reader's choice from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from ui.messages import LANGUAGES, message
from ui.web import state
from ui.web.errors import part

if TYPE_CHECKING:
    from ui.web.view import View

NAMES = {"en": "EN", "zh": "中文"}
LONG_NAMES = {"en": "English", "zh": "中文"}
COMMON_ZONES = (
    "UTC",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
)


def settle() -> None:
    """Take over what the address says of language and zone."""
    if lang := state.text("lang", "", LANGUAGES):
        st.session_state["chosen.lang"] = lang
    if _known(zone := state.text("tz")):
        st.session_state["chosen.tz"] = zone
    else:
        state.refuse("tz", zone)


def language() -> str:
    """The reader's choice, the address's, or the browser's: Chinese for `zh-*`, else English."""
    if (lang := state.text("lang")) in LANGUAGES:
        return lang
    if chosen := st.session_state.get("chosen.lang"):
        return str(chosen)
    return "zh" if str(st.context.locale or "").lower().startswith("zh") else "en"


def zone_name(default: str) -> str:
    """The reader's choice, else the browser's zone, else the settings'."""
    if chosen := st.session_state.get("chosen.tz"):
        return str(chosen)
    browser = st.context.timezone
    return str(browser) if browser and _known(str(browser)) else default


def language_switch(view: View, container: Any) -> None:
    container.segmented_control(
        message("web", "preferences.language", view.lang),
        LANGUAGES,
        format_func=NAMES.__getitem__,
        key=_current("pick.lang", view.lang),
        on_change=_choose,
        args=("lang",),
        required=True,
        label_visibility="collapsed",
    )


@part
def zone_switch(view: View) -> None:
    """The zone in words; its six hundred others are sent only to who asks for them."""
    if st.session_state.get("chosen.tz", view.tz) != view.tz:
        st.rerun(scope="app")
    name = view.say("preferences.zone")
    others = st.popover(
        view.named(name, view.tz), type="tertiary", key="zone", on_change="rerun", width="stretch"
    )
    if others.open:
        others.selectbox(
            name,
            list(dict.fromkeys([view.tz, *COMMON_ZONES, *_zones()])),
            key=_current("pick.tz", view.tz),
            on_change=_choose,
            args=("tz",),
        )


def _current(key: str, value: str) -> str:
    st.session_state[key] = value
    return key


def _choose(name: str) -> None:
    """Callback: remember the choice; the screen's `leave` puts it into the address."""
    chosen = st.session_state[f"pick.{name}"]
    if not chosen:
        return
    st.session_state[f"chosen.{name}"] = chosen
    st.query_params[name] = chosen
    state.written()


@st.cache_data(show_spinner=False)
def _zones() -> list[str]:
    return sorted(name for name in available_timezones() if "/" in name)


def _known(name: str) -> bool:
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False
