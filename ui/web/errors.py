"""An error on the page: a sentence and what to type, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import streamlit as st

from kb.errors import KBError
from ui.messages import error_text, message
from ui.web.text import escape

if TYPE_CHECKING:
    from ui.web.view import View

P = ParamSpec("P")
log = logging.getLogger("repo_kb.web")


def show(error: KBError, lang: str) -> None:
    """What happened, and below it what to do."""
    st.error(escape(error_text(error.message, lang)))
    if error.hint:
        st.caption(escape(error_text(error.hint, lang)))


@contextmanager
def told(name: str, lang: str) -> Iterator[None]:
    """Around everything that is drawn: the page once, and each part that is drawn again by itself."""
    try:
        yield
    except KBError as error:
        show(error, lang)
    except Exception as error:
        if type(error).__module__.startswith("streamlit"):
            raise  # rerun and stop are how Streamlit changes pages
        log.exception("the page %s failed", name)
        st.error(message("web", "error.unexpected", lang))


def part(
    draw: Callable[Concatenate[View, P], None],
) -> Callable[Concatenate[View, P], None]:
    """A fragment of the page: drawn again by itself, so its errors are told where it stands."""
    return _guarded(draw, None)


def followed(
    every: float,
) -> Callable[[Callable[Concatenate[View, P], None]], Callable[Concatenate[View, P], None]]:
    """A part that is drawn again every so many seconds too."""
    return lambda draw: _guarded(draw, every)


def _guarded(
    draw: Callable[Concatenate[View, P], None], every: float | None
) -> Callable[Concatenate[View, P], None]:
    @st.fragment(run_every=every)
    @wraps(draw)
    def guarded(view: View, /, *args: P.args, **kwargs: P.kwargs) -> None:
        with told(view.page, view.lang):
            draw(view, *args, **kwargs)

    return guarded
