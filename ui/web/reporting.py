"""Reports as the page makes, keeps and shows them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from kb.report.request import ReportRequest
from kb.settings import Settings
from kb.types import Observer

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase
    from kb.report.types import Report

FORMATS = {
    "md": "text/markdown",
    "html": "text/html",
    "pdf": "application/pdf",
    "json": "application/json",
}
# Tells the page how tall the report is and which place in it a link leads to (navigation.html):
# on a phone the frame has no scrolling of its own.
MEASURE = """
const tell = () => parent.postMessage({ tall: document.documentElement.offsetHeight }, "*");
new ResizeObserver(tell).observe(document.documentElement);
addEventListener("click", (event) => {
  const name = event.target.closest("a[href^='#']")?.getAttribute("href").slice(1);
  const place = name && document.getElementById(decodeURIComponent(name));
  if (place) parent.postMessage({ place: place.getBoundingClientRect().top }, "*");
});
"""
# The frame may load nothing and run nothing but that script, whatever a report holds.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    f"script-src 'sha256-{base64.b64encode(hashlib.sha256(MEASURE.encode()).digest()).decode()}'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:\">"
)
_OUTWARD = re.compile(r'<a (?=[^>]*href="https?://)(?![^>]*target=)')


@dataclass(frozen=True)
class Made:
    """A finished report: what the page shows, and what it offers for download."""

    title: str
    name: str  # of the files, without ending
    html: str
    references: tuple[str, ...]  # change ids, in the report's order
    render: Callable[[str], str | bytes]
    saved: int | None = None


def make(settings: Settings, request: ReportRequest, model: str | None, observer: Observer) -> Made:
    """Compose a report with its own reader (a report must not hold up a search)."""
    from kb.knowledge_base import KnowledgeBase

    own = replace(
        settings,
        tz=request.tz,
        lang=request.lang,
        chat=replace(settings.chat, model=model),
    )
    with KnowledgeBase.open(settings=own, resident=True) as knowledge:
        report = knowledge.report(request, observer=observer)
        newest = knowledge.reports(1)
    saved = newest[0].id if newest and newest[0].title.endswith(report.title) else None
    return made(report, saved)


def made(report: Report, saved: int | None = None) -> Made:
    from kb.report.renderers import render

    return Made(
        title=report.title,
        name=file_name(report),
        html=str(render(report, "html")),
        references=tuple(report.references),
        render=lambda form: render(report, form),
        saved=saved,
    )


def kept(knowledge: KnowledgeBase, saved: int) -> Made:
    """A report as it was kept; NotFound if it was not."""
    from kb.report.renderers.json_document import from_json

    return made(from_json(knowledge.saved_report(saved)), saved)


def file_name(report: Report) -> str:
    """report-week-2026-W22-en: what a downloaded file is called."""
    from kb.periods import label

    parts = ["report", report.kind, label(report.period) if report.period else "", report.lang]
    return re.sub(r"[^A-Za-z0-9.-]+", "-", "-".join(part for part in parts if part))


def framed(html: str, height: int = 900) -> None:
    """The report as it will be printed, in a frame of no origin that can load nothing and run
    nothing of the report's."""
    guarded = _OUTWARD.sub('<a target="_blank" rel="noopener noreferrer" ', html)
    head = guarded.find("<head>")
    at = head + len("<head>") if head >= 0 else 0
    guarded = f"{guarded[:at]}{POLICY}<script>{MEASURE}</script>{guarded[at:]}"
    encoded = base64.b64encode(guarded.encode("utf-8")).decode("ascii")
    with st.container(key="report-paper"):
        st.iframe(f"data:text/html;charset=utf-8;base64,{encoded}", height=height)
