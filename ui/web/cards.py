"""A change in a list: title, facts in one line, the passage that matched, why it was found."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.types import ChangeRecord, Hit
from ui.presenters import reference, risk_kinds
from ui.web.description import safe_address
from ui.web.text import clean, escape, excerpt, marked
from ui.web.view import View


def weight_colour(importance: float) -> str:
    return "red" if importance >= 8 else "orange" if importance >= 6.5 else "gray"


def title_label(record: ChangeRecord, words: Sequence[str] = ()) -> str:
    """The title as a link's label: bold, with the matched words marked."""
    title = clean(record.change.title) or reference(record.change)
    return f"**{marked(title, words)}**"


def facts(view: View, record: ChangeRecord, *, several: bool) -> str:
    """One line: reference, author, time, importance, type, modules, risks; Markdown of ours."""
    change, analysis = record.change, record.analysis
    name = (f"{change.repo} " if several else "") + reference(change)
    badges = [f":{weight_colour(analysis.importance)}-badge[**{analysis.importance:.1f}**]"]
    badges += [f":green-badge[{view.word('type', kind)}]" for kind in analysis.types]
    badges += [f":blue-badge[{escape(module)}]" for module in analysis.modules[:3]]
    badges += [f":violet-badge[{view.word('risk', kind)}]" for kind in risk_kinds(record)[:4]]
    if analysis.bot:
        badges.append(f":gray-badge[{view.say('card.bot')}]")
    words = [
        f"**{escape(name)}**",
        escape(change.author),
        view.time(change.merged_at),
        f":green[+{analysis.size.additions:,}] :red[−{analysis.size.deletions:,}]",
    ]
    return " · ".join(words) + "  \n" + " ".join(badges)


def card(view: View, record: ChangeRecord, *, several: bool, hit: Hit | None = None) -> None:
    """Draw one change; with a hit also its passage and the reasons."""
    words = hit.matched if hit else ()
    with st.container(
        border=True, key=f"card-{record.change.sha[:12]}-{record.change.number or 0}"
    ):
        view.open_change(record, title_label(record, words))
        told = facts(view, record, several=several)
        if hit is not None and hit.passage and clean(hit.passage) != clean(record.change.title):
            told += "\n\n" + _passage(view, hit)
        if foot := _foot(view, record, hit):
            told += "\n\n" + foot
        st.markdown(told)  # one element: each costs the browser more than its text
        view.link(view.say("card.similar"), "search", like=record.id)


def _passage(view: View, hit: Hit) -> str:
    kind = hit.passage_kind
    where = f":gray[{view.say('passage.' + kind)}:] " if kind in PASSAGES else ""
    return f"> {where}{marked(excerpt(hit.passage, hit.matched), hit.matched)}"


PASSAGES = ("title", "text", "diff", "symbols", "paths", "review")


def _foot(view: View, record: ChangeRecord, hit: Hit | None) -> str:
    words = []
    if hit is not None:
        words.append(why_found(view, hit))
        if hit.folded:
            words.append(view.say("card.folded", count=len(hit.folded)))
    if link := outward(record.change.url):
        words.append(link)
    return f":small[{' · '.join(words)}]" if words else ""


def why_found(view: View, hit: Hit) -> str:
    """The ranks in words: "by words #1, by meaning #3"."""
    ranks = [
        view.say(f"found.{name}", rank=rank)
        for name, rank in hit.ranks.items()
        if name in ("dense", "lexical", "exact")
    ]
    return view.say("found.by", how=", ".join(ranks)) if ranks else view.say("found.neighbour")


def outward(url: str | None) -> str:
    """A link out, named by its host; "" for what is no web address."""
    if not (address := safe_address(url or "")):
        return ""
    host = address.split("//", 1)[-1].split("/", 1)[0]
    return f"[{'GitHub' if host == 'github.com' else escape(host)} ↗]({address})"
