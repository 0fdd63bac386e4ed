"""What every screen is given: the knowledge base, the reader's language and zone, and the links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from ui.messages import message
from ui.presenters import local_time, named, word
from ui.web import state

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase
    from kb.types import ChangeRecord

SCREENS = ("search", "change", "report", "browse", "ask", "sources")


@dataclass(frozen=True)
class View:
    knowledge: KnowledgeBase
    lang: str
    tz: str
    now: datetime
    page: str
    pages: Mapping[str, Any]  # name -> st.Page
    chosen: Mapping[str, str] = field(default_factory=dict)  # lang, tz: only if the reader chose

    @property
    def theme(self) -> str:
        """`dark` or `light`, as the browser draws the page."""
        return "dark" if st.context.theme.type == "dark" else "light"

    def say(self, key: str, **values: object) -> str:
        return message("web", key, self.lang, **values)

    def word(self, kind: str, identifier: str) -> str:
        return word(kind, identifier, self.lang)

    def named(self, name: str, value: object) -> str:
        return named(name, value, self.lang)

    def time(self, moment: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
        return local_time(moment, self.tz, form)

    def link(self, label: str, page: str, container: Any = None, **params: object) -> None:
        """A link inside the application; what the reader chose goes along."""
        (container or st).page_link(
            self.pages[page],
            label=label,
            query_params=state.params_of({**params, **self.chosen}),
        )

    def address(self, page: str, **params: object) -> str:
        """Where `link` leads, for a link in HTML; relative, so that it holds behind a proxy's path."""
        query = urlencode(state.params_of({**params, **self.chosen}), doseq=True)
        return f"./{'' if page == 'search' else page}?{query}"

    def go(self, page: str, **params: object) -> None:
        st.switch_page(self.pages[page], query_params=state.params_of({**params, **self.chosen}))

    def leave(self, values: Mapping[str, object]) -> None:
        """Write the page's state into the address."""
        state.leave(self.page, {**values, **self.chosen})

    def open_change(self, record: ChangeRecord, label: str, container: Any = None) -> None:
        self.link(label, "change", container, id=record.id)
