"""One change: what it did, why it matters, what may go wrong, and what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

import pandas as pd
import streamlit as st

from kb.analysis.term_text import term_text
from kb.errors import KBError, NotFound
from kb.report.say import unseen
from kb.text.description import split_trailers
from kb.types import ChangeRecord, FileChange, ReviewThread, Risk
from ui.presenters import commit_url, digest_text, reference, short_title
from ui.web import charts, ledger, state
from ui.web.cards import change_line, facts, outward
from ui.web.description import safe_address, safe_line, safe_markdown
from ui.web.errors import show
from ui.web.text import clean, escape, plain
from ui.web.view import View

MOST_FILES = 1000
FIRST_RISKS = 3  # of one kind; the others are folded
_ADDRESS = re.compile(r"\s*<[^<>]*@[^<>]*>")


def draw(view: View) -> None:
    asked = state.text("id")
    view.leave({"id": asked})
    if not asked:
        _ask(view)
        return
    record = _found(view, asked)
    if record is None:
        return
    view.leave({"id": record.id})
    _head(view, record)
    _importance(view, record)
    left, right = st.container(key="facing").columns([3, 2], gap="large")
    with left:
        _description(view, record)
        _risks(view, record)
        _reviews(view, record)
    with right:
        _modules(view, record)
        _related(view, record)
    _files(view, record)
    _digest(view, record)
    _replaced(view, record)
    _neighbours(view, record)


def _ask(view: View) -> None:
    st.subheader(view.say("change.which"), anchor=False)
    st.markdown(view.say("change.how"))
    wanted = st.text_input(
        view.say("change.box"), key="wanted", placeholder="#123, owner/name#123, SHA"
    )
    if wanted:
        view.go("change", id=wanted.strip())


def _found(view: View, asked: str) -> ChangeRecord | None:
    """The record; a choice where the reference means several; help where it means none."""
    try:
        ids = view.knowledge.resolve(asked)
        if len(ids) == 1 or asked in ids:
            return view.knowledge.record(asked if asked in ids else ids[0])
    except NotFound:
        st.subheader(view.say("missing.title", asked=escape(asked)), anchor=False)
        st.markdown(view.say("missing.text"))
        view.link(view.say("missing.search", asked=escape(asked)), "search", q=asked)
        view.link(view.say("missing.sources"), "sources")
        return None
    st.subheader(view.say("several.title", asked=escape(asked)), anchor=False)
    for change_id in ids[:20]:
        record = view.knowledge.record(change_id)
        view.open_change(record, change_line(record))
    return None


def _head(view: View, record: ChangeRecord) -> None:
    change = record.change
    st.title(safe_line(change.title) or escape(reference(change)), anchor=False)
    facts(view, record)
    row = st.container(horizontal=True, vertical_alignment="center", key="change-actions")
    view.link(view.say("change.risks"), "report", row, kind="risks", id=record.id)
    view.link(view.say("change.report"), "report", row, kind="change", id=record.id)
    view.link(view.say("card.similar"), "search", row, like=record.id)
    links = _outward_link(change.url)
    if (commit := commit_url(change)) and commit != change.url:
        links.append(f"[{change.sha[:8]} ↗]({commit})")
    else:
        links.append(f"`{change.sha[:12]}`")
    row.markdown(" · ".join(links))
    if change.labels:
        st.markdown(" ".join(f":gray-badge[{escape(label)}]" for label in change.labels))
    if change.linked_issues:
        st.caption(
            view.say("change.issues", issues=", ".join(_issue(x) for x in change.linked_issues))
        )


def _issue(issue: str) -> str:
    address = safe_address(issue)
    return f"[{escape(issue.split('//', 1)[-1])}]({address})" if address else escape(issue)


def _importance(view: View, record: ChangeRecord) -> None:
    """Why it matters: the figure, what it is made of, and the other scale."""
    analysis = record.analysis
    left, right = st.columns([1, 3], gap="large")
    with left:
        st.metric(
            view.say("change.importance"),
            f"{analysis.importance:.1f}",
            help=view.say("change.importance_help"),
        )
        level = view.word("level", analysis.level)
        st.markdown(view.named(f"**{view.say('change.level')}**", level))
        if analysis.level_reason:
            st.caption(_reason(view, analysis.level_reason))
        if analysis.override_note is not None:
            st.info(view.say("change.override", note=escape(analysis.override_note)))
    with right:
        st.markdown(f"**{view.say('change.terms')}**")
        told = [(clean(term_text(term, view.lang)), term.points) for term in analysis.terms]
        weighty = sorted((pair for pair in told if pair[1]), key=lambda pair: -abs(pair[1]))
        if weighty:
            chart = charts.terms(
                weighty, view.say("chart.term"), view.say("chart.points"), view.theme
            )
            st.vega_lite_chart(
                chart,
                height=chart["height"],
                alt=view.say("change.terms"),
            )
        else:
            st.caption(view.say("change.no_terms"))
        if silent := [text for text, points in told if not points]:
            st.caption(" · ".join(escape(text) for text in silent))


def _reason(view: View, key: str) -> str:
    from kb.phrases import phrase

    try:
        return escape(phrase(key, view.lang))
    except (KeyError, IndexError, FileNotFoundError):
        return ""


def _modules(view: View, record: ChangeRecord) -> None:
    """Impact by module: how many lines of which files fall into each."""
    st.subheader(view.say("change.modules"), anchor=False)
    rows = _impact(record)
    if not rows:
        st.caption(view.say("change.no_modules"))
        return
    st.dataframe(
        pd.DataFrame(rows, columns=["module", "files", "lines"]),
        hide_index=True, height=ledger.whole(len(rows)),
        column_config={
            "module": st.column_config.TextColumn(view.say("chart.module"), width=180),
            "files": st.column_config.NumberColumn(view.say("column.files"), width=55),
            "lines": st.column_config.ProgressColumn(
                view.say("chart.lines"), min_value=0, max_value=max(lines for *_, lines in rows) or 1,
                format="%d", width=110,
            ),
        },
    )  # fmt: skip


def _impact(record: ChangeRecord) -> list[tuple[str, int, int]]:
    """(folder, files, changed lines), most lines first; folders are what the modules are made of."""
    counts: dict[str, tuple[int, int]] = {}
    for file in record.change.files:
        folder = "/".join(file.path.split("/")[:-1][:4]) or "."
        files, lines = counts.get(folder, (0, 0))
        counts[folder] = (files + 1, lines + file.additions + file.deletions)
    ordered = sorted(counts.items(), key=lambda item: -item[1][1])
    return [(clean(folder), files, lines) for folder, (files, lines) in ordered[:12]]


def _description(view: View, record: ChangeRecord) -> None:
    st.subheader(view.say("change.description"), anchor=False)
    body, trailers = split_trailers(record.change.body.strip())
    if body:
        with st.container(border=True, height=420 if len(body) > 1800 else "content"):
            st.markdown(safe_markdown(body), anchors=False)
    else:
        st.caption(view.say("change.no_description"))
    if trailers:
        st.caption("  \n".join(escape(line) for line in _gathered(trailers)))
    if record.digest.metrics:
        st.markdown(f"**{view.say('change.metrics')}**")
        st.markdown("\n".join(f"- {safe_line(plain(line))}" for line in record.digest.metrics[:8]))


def _outward_link(url: str | None) -> list[str]:
    """A link with its host's name; none for what is no web address."""
    return [f"[{escape(link[1])} ↗]({link[0]})"] if (link := outward(url)) else []


def _gathered(trailers: Sequence[str]) -> list[str]:
    """A line a kind of trailer with everybody in it, without their mail addresses."""
    named: dict[str, list[str]] = {}
    for trailer in trailers:
        kind, _, value = trailer.partition(": ")
        named.setdefault(kind, []).append(_ADDRESS.sub("", value))
    return [f"{kind}: {', '.join(values)}".rstrip(": ") for kind, values in named.items()]


def _reviews(view: View, record: ChangeRecord) -> None:
    threads = record.change.reviews
    if not threads:
        return
    open_ones = sum(1 for thread in threads if not thread.resolved)
    st.subheader(view.say("change.reviews", count=len(threads), open=open_ones), anchor=False)
    for thread in sorted(threads, key=lambda thread: thread.resolved)[:40]:
        _thread(view, thread)


def _thread(view: View, thread: ReviewThread) -> None:
    mark = view.say("change.resolved" if thread.resolved else "change.unresolved")
    label = f"{mark} · {escape(thread.path or view.say('change.whole'))}"
    with st.expander(label, expanded=not thread.resolved):
        for comment in thread.comments[:30]:
            st.markdown(f"**{escape(comment.author)}**")
            st.markdown(safe_markdown(comment.text), anchors=False)
        for link in _outward_link(thread.url):
            st.markdown(link)


def _risks(view: View, record: ChangeRecord) -> None:
    st.subheader(view.say("change.risk_title"), anchor=False)
    if not record.analysis.risks:
        st.caption(view.say("change.no_risks"))
    for kind, risks in groupby(record.analysis.risks, key=lambda risk: risk.kind):
        told = [_risk(risk) for risk in risks]
        word = view.word("risk", kind)
        if len(told) == 1:
            st.markdown(f":violet-badge[{word}] {told[0]}")
            continue
        listed = [f"- {line}" for line in told]
        st.markdown("\n".join([f":violet-badge[{word}]", "", *listed[:FIRST_RISKS]]))
        if more := listed[FIRST_RISKS:]:
            with st.expander(view.say("change.more_risks", count=len(more), kind=word)):
                st.markdown("\n".join(more))


def _risk(risk: Risk) -> str:
    """The evidence and where it stands, unless it is the place itself; may be an item of a list."""
    link = f" [↗]({address})" if (address := safe_address(risk.url or "")) else ""
    where = ""
    if risk.path and not risk.evidence.startswith(risk.path):
        line = f":{risk.line}" if risk.line else ""
        where = f"  \n  `{clean(risk.path).replace('`', '')}{line}`"
    return f"{safe_line(risk.evidence)}{link}{where}"


def _related(view: View, record: ChangeRecord) -> None:
    analysis = record.analysis
    groups = (
        ("reverts", analysis.reverts),
        ("reverted_by", analysis.reverted_by),
        ("follows", analysis.follows),
        ("followed_by", analysis.followed_by),
    )
    for name, ids in groups:
        if ids:
            st.markdown(f"**{view.say(f'change.{name}')}**")
            _links(view, ids, record.change.repo)
    if analysis.series is not None:
        series = analysis.series
        place = f"{series.index}/{series.total or '?'}" if series.index else ""
        said = view.say("change.series", name=escape(series.name), place=place).strip()
        st.markdown(f"**{said}**")  # bold ends at no space
        members = [item for item in _members(view, record) if item != record.id]
        _links(view, members, record.change.repo)
    if len(record.change.commits) > 1:
        with st.expander(view.say("change.commits", count=len(record.change.commits))):
            st.markdown(
                "\n".join(
                    f"- `{commit.sha[:8]}` {safe_line(short_title(commit.title))}"
                    f" · {escape(commit.author)}"
                    for commit in record.change.commits[:200]
                )
            )


def _members(view: View, record: ChangeRecord) -> list[str]:
    """The other changes of the series: what the relations say of its key."""
    assert record.analysis.series is not None
    key = record.analysis.series.key
    found = view.knowledge.relations([key])
    return [relation.source for relation in found if relation.kind == "series"]


def _links(view: View, ids: Sequence[str], beside: str) -> None:
    records = {record.id: record for record in view.knowledge.records(list(ids)[:20])}
    for change_id in ids[:20]:
        record = records.get(change_id)
        if record is None:
            st.caption(view.say("change.not_indexed", name=escape(change_id)))
        else:
            view.open_change(record, change_line(record, beside))


def _files(view: View, record: ChangeRecord) -> None:
    files = record.change.files
    unseen = [file for file in files if not file.seen]
    label = view.say("change.files", count=len(files))
    if unseen:
        label += " · " + view.say("change.unseen", count=len(unseen))
    st.subheader(label, anchor=False)
    rows = [
        {
            "path": clean(file.path),
            "role": view.word("role", file.role) if file.role else "",
            "status": view.say(f"status.{file.status}") if file.status in STATUSES else file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            **({"seen": "" if file.seen else _unseen(view, file)} if unseen else {}),
        }
        for file in files[:MOST_FILES]
    ]
    if not rows:
        st.caption(view.say("change.no_files"))
        return
    event = st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=min(420, ledger.whole(len(rows))),
        on_select="rerun", selection_mode="single-row", key=f"files-{record.change.sha[:12]}",
        column_config={
            "path": st.column_config.TextColumn(view.say("column.path"), width="large"),
            "role": st.column_config.TextColumn(view.say("column.role")),
            "status": st.column_config.TextColumn(view.say("column.status")),
            "additions": st.column_config.NumberColumn("+", width="small"),
            "deletions": st.column_config.NumberColumn("−", width="small"),
            "seen": st.column_config.TextColumn(view.say("column.seen")),
        },
    )  # fmt: skip
    st.caption(view.say("change.file_hint"))
    for index in event.selection.rows:
        patch = view.knowledge.patches(record.id).get(files[index].path)
        if patch:
            st.code(patch[:60_000], language="diff", height=420)
        else:
            st.caption(view.say("change.no_patch"))


def _unseen(view: View, file: FileChange) -> str:
    return view.say("change.not_seen", reason=unseen(file.reason or "?", view.lang))


STATUSES = ("added", "modified", "deleted", "renamed", "copied", "type-changed", "submodule")


def _digest(view: View, record: ChangeRecord) -> None:
    with st.expander(view.say("change.digest")):
        st.code(
            digest_text(record.digest.text[:20_000], view.lang) or "–",
            language=None,
            wrap_lines=True,
        )


def _replaced(view: View, record: ChangeRecord) -> None:
    """Of a repair: the changes that brought the lines which it replaced."""
    origins = view.knowledge.line_origins(record.id)
    if origins:
        st.subheader(view.say("change.replaced"), anchor=False)
        for origin in origins:
            share = view.say("change.replaced_lines", lines=origin.lines, of=origin.of)
            _another(view, origin.record, record, f"{share} · ")
            st.code(origin.line, language=None)


def _neighbours(view: View, record: ChangeRecord) -> None:
    try:
        hits = view.knowledge.similar(record.id, limit=6)
    except KBError as error:
        show(error, view.lang)
        return
    if hits:
        st.subheader(view.say("change.neighbours"), anchor=False)
        for hit in hits:
            _another(view, hit.record, record)


def _another(view: View, other: ChangeRecord, record: ChangeRecord, before: str = "") -> None:
    """A line that opens another change than the one that is shown."""
    date = view.time(other.change.merged_at, "%Y-%m-%d")
    view.open_change(other, f"{before}{change_line(other, record.change.repo)} · :gray[{date}]")
