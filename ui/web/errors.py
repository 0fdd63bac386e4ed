"""An error on the page: a sentence and what to type, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from kb.errors import KBError
from ui.messages import message
from ui.web.text import escape

log = logging.getLogger("repo_kb.web")


@contextmanager
def told(name: str, lang: str) -> Iterator[None]:
    """Around everything that is drawn: the page once, and each part that is drawn again by itself."""
    try:
        yield
    except KBError as error:
        st.error(escape(error.message))
        if error.hint:
            st.markdown(escape(error.hint))
    except Exception as error:
        if type(error).__module__.startswith("streamlit"):
            raise  # rerun and stop are how Streamlit changes pages
        log.exception("the page %s failed", name)
        st.error(message("web", "error.unexpected", lang))
