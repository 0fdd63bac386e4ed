"""What search shows before anything is asked, and when nothing was found."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.types import ChangeRecord, Filters
from ui.web.cards import cards
from ui.web.text import clean, escape
from ui.web.view import SCREENS, View

EXAMPLES = 6


def draw(view: View) -> None:
    """Examples from the reader's own repository; how to index one where there is none."""
    recent = view.knowledge.select(Filters(), order="newest", limit=150, include_bots=False)
    if not recent:
        empty(view)
        return
    st.subheader(view.say("welcome.title"), anchor=False)
    _counts(view)
    st.markdown(f"**{view.say('welcome.try')}**")
    row = st.container(horizontal=True, key="examples")
    for example in examples(view, recent):
        view.link(escape(example), "search", row, q=example)
    weighty = sorted(recent, key=lambda record: record.analysis.raw, reverse=True)[:4]
    st.markdown(f"**{view.say('welcome.recent')}**")
    cards(view, weighty)


def _counts(view: View) -> None:
    sources = view.knowledge.sources()
    covered = [(source.name, view.knowledge.coverage(source.name)) for source in sources]
    lines = [
        view.say(
            "welcome.indexed",
            repo=escape(name),
            count=f"{coverage.changes:,}",
            since=view.time(coverage.since, "%Y-%m-%d"),
            until=view.time(coverage.until, "%Y-%m-%d"),
        )
        for name, coverage in covered
        if coverage.since and coverage.until
    ]
    st.caption("  \n".join(lines))


def examples(view: View, records: Sequence[ChangeRecord]) -> list[str]:
    """Questions that this repository answers, made of its own titles, modules and risks."""
    weighty = sorted(records, key=lambda record: record.analysis.raw, reverse=True)
    found = [_words(record.change.title) for record in weighty[:3]]
    fields = [
        (name, record.analysis.types[0])
        for record in weighty
        for name in record.analysis.modules
        if " " not in name
    ]
    if fields:
        found.append("module:{} type:{}".format(*fields[0]))
    if records:
        heavy = min(7, int(weighty[0].analysis.importance) - 1)
        since = view.time(records[-1].change.merged_at, "%Y-%m-%d")
        found.append(f"importance:>{max(0, heavy)} since:{since}")
    kinds = [risk.kind for record in weighty for risk in record.analysis.risks]
    if kinds:
        found.append(f"risk:{kinds[0]}")
    if records:
        reference = next((r.change.number for r in weighty if r.change.number), None)
        if reference:
            found.append(f"#{reference}")
    return list(dict.fromkeys(entry for entry in found if entry))[:EXAMPLES]


def _words(title: str) -> str:
    """A title without its marks and number, cut to a question's length."""
    text = clean(title).split("(#")[0]
    while text.startswith("[") and "]" in text:
        text = text.split("]", 1)[1].strip()
    head, colon, rest = text.partition(":")
    if colon and len(head) < 24 and rest.strip():
        text = rest.strip()
    return " ".join(text.split()[:7])[:60].rstrip(".,;:")


def empty(view: View) -> None:
    """Nothing is indexed: the next step."""
    st.subheader(view.say("empty.title"), anchor=False)
    st.markdown(view.say("empty.text"))
    st.code("kb ingest PATH --repo owner/name\nkb ingest github:owner/name", language=None)
    view.link(view.say("empty.sources"), "sources", st.container(key="examples"))


def nowhere(view: View) -> None:
    """The address names no page: where to go instead."""
    st.subheader(view.say("nowhere.title"), anchor=False)
    st.markdown(view.say("nowhere.text"))
    row = st.container(key="examples", horizontal=True)
    for name in SCREENS:
        if name != "change":
            view.link(view.say(f"page.{name}"), name, row)


def nothing(view: View, text: str, filters: Filters) -> None:
    """Nothing was found: what to change."""
    st.info(view.say("nothing.title"))
    advice = [view.say("nothing.words")] if text else []
    if filters:
        advice.append(view.say("nothing.filters"))
    st.markdown("\n".join(f"- {line}" for line in advice))
