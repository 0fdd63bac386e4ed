"""Changes in a list: title, facts in one line, the passage that matched, why it was found.

A list is one element of HTML. As containers, links and Markdown, ten changes took the browser 170 of
the 500 ms between a filter and its results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st

from kb.types import ChangeRecord, Hit
from ui.presenters import reference, risk_kinds, short_title
from ui.web.description import safe_address, safe_line
from ui.web.markup import rendered
from ui.web.text import Stretch, clean, escape, excerpt, plain, stretches
from ui.web.view import View

PASSAGES = ("title", "text", "diff", "symbols", "paths", "review")
PROSE = ("text", "review")


@dataclass(frozen=True)
class Badge:
    colour: str  # a class of style.css
    text: str


@dataclass(frozen=True)
class Facts:
    name: str
    author: str
    time: str
    additions: str
    deletions: str
    badges: tuple[Badge, ...]


@dataclass(frozen=True)
class Card:
    address: str
    title: tuple[Stretch, ...]
    facts: Facts
    where: str  # what kind of text the passage is from; "" where no words name it
    passage: tuple[Stretch, ...]
    why: tuple[str, ...]
    outward: tuple[str, str] | None  # address and host
    similar: str


def cards(
    view: View, records: Sequence[ChangeRecord], hits: Mapping[str, Hit] | None = None
) -> None:
    """Draw the changes; those with a hit also with its passage and the reasons."""
    several = len({record.change.repo for record in records}) > 1
    drawn = [_card(view, record, (hits or {}).get(record.id), several) for record in records]
    st.html(rendered("cards", cards=drawn, similar=view.say("card.similar")))


def facts(view: View, record: ChangeRecord) -> None:
    """Draw the line of facts alone."""
    st.html(rendered("facts", facts=_facts(view, record, several=True)))


def _card(view: View, record: ChangeRecord, hit: Hit | None, several: bool) -> Card:
    words = hit.matched if hit else ()
    title = clean(record.change.title)
    passage = passage_of(hit) if hit else ""
    return Card(
        address=view.address("change", id=record.id),
        title=stretches(short_title(title) or reference(record.change), words),
        facts=_facts(view, record, several=several),
        where=view.named(view.say(f"passage.{hit.passage_kind}"), "")
        if hit and hit.passage_kind in PASSAGES
        else "",
        passage=stretches(excerpt(passage, words), words) if passage != title else (),
        why=_why(view, hit) if hit else (),
        outward=outward(record.change.url),
        similar=view.address("search", like=record.id),
    )


def _facts(view: View, record: ChangeRecord, *, several: bool) -> Facts:
    change, analysis = record.change, record.analysis
    badges = [Badge(_weight(analysis.importance), f"{analysis.importance:.1f}")]
    badges += [Badge("green", view.word("type", kind)) for kind in analysis.types]
    badges += [Badge("blue", clean(module)) for module in analysis.modules[:3]]
    badges += [Badge("violet", view.word("risk", kind)) for kind in risk_kinds(record)[:4]]
    if analysis.bot:
        badges.append(Badge("gray", view.say("card.bot")))
    return Facts(
        name=clean((f"{change.repo} " if several else "") + reference(change)),
        author=clean(change.author),
        time=view.time(change.merged_at),
        additions=f"+{analysis.size.additions:,}",
        deletions=f"−{analysis.size.deletions:,}",
        badges=tuple(badges),
    )


def _weight(importance: float) -> str:
    return "red" if importance >= 8 else "orange" if importance >= 6.5 else "gray"


def _why(view: View, hit: Hit) -> tuple[str, ...]:
    """The ranks in words: "by words #1, by meaning #3"."""
    ranks = [
        view.say(f"found.{name}", rank=rank)
        for name, rank in hit.ranks.items()
        if name in ("dense", "lexical", "exact")
    ]
    said = (
        view.say("found.by", how=view.say("found.between").join(ranks))
        if ranks
        else view.say("found.neighbour")
    )
    if not hit.folded:
        return (said,)
    return said, view.say("card.folded", count=len(hit.folded))


def passage_of(hit: Hit) -> str:
    """What matched, on one line; `names[0](box)` of a diff holds no marks of Markdown."""
    return clean(plain(hit.passage) if hit.passage_kind in PROSE else hit.passage)


def change_line(record: ChangeRecord, beside: str = "") -> str:
    """A change in a line of Markdown; in a list of the repository `beside` without the name of it."""
    change = record.change
    name = reference(change) if change.repo == beside else f"{change.repo} {reference(change)}"
    return f"{escape(name)} · {safe_line(short_title(change.title))}"


def outward(url: str | None) -> tuple[str, str] | None:
    """A web address and what its host is called; None for what is no web address."""
    if not (address := safe_address(url or "")):
        return None
    host = urlsplit(address).netloc
    return address, "GitHub" if host == "github.com" else clean(host)
