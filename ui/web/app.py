"""The web page: `streamlit run` starts here. One frame around six screens."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import streamlit as st

if str(Path(__file__).parents[2]) not in sys.path:  # a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).parents[2]))

from ui.web import state
from ui.web.errors import told
from ui.web.icon import icon
from ui.web.knowledge import now, open_knowledge, settings
from ui.web.preferences import language, language_switch, settle, zone_name, zone_switch
from ui.web.screens import ask, browse, change, report, search, sources, welcome
from ui.web.text import escape
from ui.web.view import SCREENS, View

DRAW: dict[str, Callable[[View], None]] = {
    "search": search.draw,
    "change": change.draw,
    "report": report.draw,
    "browse": browse.draw,
    "ask": ask.draw,
    "sources": sources.draw,
    "nowhere": welcome.nowhere,
}
STYLE = Path(__file__).with_name("style.css")
NAVIGATION = Path(__file__).with_name("navigation.html")


def main(only: str | None = None) -> None:
    """Draw the page that the address names; `only` draws one screen without navigation (tests)."""
    st.set_page_config(page_title="RepoKB", page_icon=icon(), layout="wide")
    st.html(STYLE)
    pages = _pages()
    known = [*pages.items(), *_elsewhere(pages)]
    page = st.navigation([each for _, each in known], position="hidden") if only is None else None
    name = only or next(name for name, each in known if each == page)
    with told(name, language()):
        _frame(name, pages)


def _pages() -> dict[str, Any]:
    lang = language()
    from ui.messages import message

    return {
        name: st.Page(
            _nothing(name),
            title=message("web", f"page.{name}", lang),
            url_path="" if name == "search" else name,
            default=name == "search",
        )
        for name in SCREENS
    }


def _elsewhere(pages: dict[str, Any]) -> list[tuple[str, Any]]:
    """The page of an address that is none of ours, where Streamlit would say so in English and over
    the page; and of the first page by its name."""
    path = unquote(urlsplit(st.context.url or "").path).rstrip("/").rpartition("/")[2]
    if path in [page.url_path for page in pages.values()]:
        return []
    name = path if path in pages else "nowhere"
    return [(name, st.Page(_nothing(path), title="RepoKB", url_path=path))]


def _nothing(name: str) -> Callable[[], None]:
    """A page must be callable and differ by name; `_frame` draws, so that errors are caught once."""

    def page() -> None:
        return None

    page.__name__ = name
    return page


def _frame(name: str, pages: dict[str, Any]) -> None:
    state.arrive(name)
    settle()
    if not _allowed():
        return
    view = View(
        knowledge=open_knowledge(),
        lang=language(),
        tz=zone_name(settings().tz),
        now=now(),
        page=name,
        pages=pages,
        chosen={
            key: st.session_state[f"chosen.{key}"]
            for key in ("lang", "tz")
            if st.session_state.get(f"chosen.{key}")
        },
    )
    top = st.sidebar.container()
    head = st.container()
    with told(name, view.lang):
        if view.knowledge.exists or name in ("sources", "nowhere"):
            DRAW[name](view)
        else:
            welcome.empty(view)
    if refused := state.refused():
        said = " · ".join(f"{name}={value}" for name, value in refused.items())
        head.warning(view.say("address.refused", said=escape(said)))
    # Last, and so together with what took its time: the browser lays out all of it once.
    with top:
        _navigation(view)
    with st.sidebar:
        st.divider()
        zone_switch(view)
        st.html(NAVIGATION, unsafe_allow_javascript=True)  # a constant of ours; nothing else may


def login_configured() -> bool:
    """Whether the secrets (`KB_WEB_SECRETS`) hold `[auth]`, as `st.login` wants it."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def _allowed() -> bool:
    """With a login (OIDC) configured, only who is logged in sees anything."""
    if not login_configured() or st.user.get("is_logged_in"):
        return True
    from ui.messages import message

    st.title("RepoKB", anchor=False)
    st.markdown(message("web", "login.text", language()))
    st.button(message("web", "login.button", language()), on_click=st.login, type="primary")
    return False


def _navigation(view: View) -> None:
    brand = st.container(horizontal=True, vertical_alignment="center", key="brand")
    brand.markdown("**RepoKB**", width="stretch")
    language_switch(view, brand)
    with st.container(key="navigation", gap="small"):
        for name in SCREENS:
            if name != "change":
                view.link(view.say(f"page.{name}"), name)


if __name__ == "__main__":
    main()
