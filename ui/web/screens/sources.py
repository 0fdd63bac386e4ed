"""Sources: what is indexed, how fresh it is, what went wrong; start and follow an ingest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from kb.errors import KBError
from kb.types import SourceState
from ui.messages import error_text
from ui.web import ingests
from ui.web.errors import followed, show
from ui.web.text import clean, escape
from ui.web.view import View


def draw(view: View) -> None:
    view.leave({})
    st.title(view.say("page.sources"), anchor=False)
    _current(view)
    sources = view.knowledge.sources()
    if not sources:
        st.info(view.say("sources.none"))
    for source in sources:
        _source(view, source)
    if ingests.allowed():
        _start(view, opened=not sources)
    _health(view)


def _source(view: View, source: SourceState) -> None:
    coverage = view.knowledge.coverage(source.name)
    with st.container(border=True):
        head = st.container(horizontal=True, vertical_alignment="center")
        head.markdown(
            f"**{escape(source.name)}** :gray-badge[{escape(source.kind)}]", width="stretch"
        )
        if ingests.allowed() and head.button(
            view.say("sources.update"), key=f"update-{source.name}-{source.kind}-{source.branch}"
        ):
            _run(view, _again(source))
        row = st.container(horizontal=True)
        row.metric(view.say("browse.changes"), f"{coverage.changes:,}")
        if coverage.since and coverage.until:
            row.metric(
                view.say("sources.reach"),
                f"{view.time(coverage.since, '%Y-%m-%d')} – {view.time(coverage.until, '%Y-%m-%d')}",
            )
        if source.updated_at:
            row.metric(view.say("sources.updated"), _ago(view, source.updated_at))
        if coverage.pending:
            row.metric(view.say("sources.pending"), f"{coverage.pending:,}")
        st.caption(
            f"`{clean(source.location).replace('`', '')}`"
            + (f" · {escape(source.branch)}" if source.branch else "")
            + (f" · {escape(source.tip[:10])}" if source.tip else "")
        )
        if source.last_error:
            st.warning(escape(error_text(source.last_error, view.lang)))


def _again(source: SourceState) -> list[str]:
    """The same ingest once more: it reads only what is new."""
    arguments = ["ingest", "--repo", source.name]
    if source.branch and source.kind == "git":
        arguments.append(f"--branch={source.branch}")
    return [*arguments, "--", source.location]


def _ago(view: View, moment: datetime) -> str:
    age = datetime.now(UTC) - moment
    for unit, span in (
        ("days", timedelta(days=1)),
        ("hours", timedelta(hours=1)),
        ("minutes", timedelta(minutes=1)),
    ):
        if age >= span:
            return view.say(f"ago.{unit}", count=int(age / span))
    return view.say("ago.now")


def _start(view: View, *, opened: bool) -> None:
    with st.expander(view.say("sources.first" if opened else "sources.add"), expanded=opened):
        st.markdown(view.say("sources.how"))
        with st.form("ingest", border=False):
            location = st.text_input(
                view.say("sources.location"), placeholder="/home/me/project  ·  github:owner/name"
            )
            left, right = st.columns(2)
            repo = left.text_input(view.say("sources.name"), placeholder="owner/name")
            since = right.text_input(view.say("sources.since"), placeholder="2025-01-01")
            if st.form_submit_button(view.say("sources.start"), type="primary"):
                try:
                    arguments = ingests.arguments_for(location, repo, since)
                except KBError as error:
                    show(error, view.lang)
                else:
                    _run(view, arguments)


def _run(view: View, arguments: list[str]) -> None:
    settings = view.knowledge.settings
    try:
        ingests.start(settings.home, settings.config, arguments)
    except KBError as error:
        show(error, view.lang)
    except OSError as error:
        st.error(escape(str(error)))
    else:
        st.rerun()


def _current(view: View) -> None:
    """The ingest that runs, drawn again every second; the one that ran last, folded."""
    home = view.knowledge.settings.home
    known = ingests.last(home)
    if known is None:
        return
    if not known.running:
        if known.code not in (0, None):
            st.error(view.say("sources.failed", code=known.code))
        elif known.code is None:
            st.warning(view.say("sources.vanished"))
        with st.expander(view.say("sources.last"), expanded=known.code not in (0, None)):
            st.code("\n".join(known.log[-40:]) or "–", language=None, wrap_lines=True)
        return

    with st.container(border=True):
        _follow(view)


@followed(every=1.0)
def _follow(view: View) -> None:
    known = ingests.last(view.knowledge.settings.home)
    if known is None or not known.running:
        st.rerun(scope="app")
    took = int(datetime.now(UTC).timestamp() - known.started)
    st.progress(
        known.share, text=f"{view.say('sources.running')} · {escape(known.words)} · {took} s"
    )
    if known.log:
        st.code("\n".join(known.log[-8:]), language=None, wrap_lines=True)


def _health(view: View) -> None:
    st.subheader(view.say("health.title"), anchor=False)
    status = view.knowledge.status()
    settings = view.knowledge.settings
    lines = [
        (view.say("health.home"), f"`{clean(str(status.home)).replace('`', '')}`"),
        (view.say("health.generation"), str(status.generation)),
        (view.say("health.embedder"), escape(status.embedder or "–")),
        (view.say("health.engine"), escape(status.engine.capitalize())),
        (view.say("health.chat"), escape(settings.chat.model or view.say("report.rules"))),
        (
            view.say("health.usage"),
            escape(", ".join(f"{k} {v:,}" for k, v in status.chat.items()) or "–"),
        ),
    ]
    st.markdown("  \n".join(view.named(name, value) for name, value in lines))
    if st.button(view.say("health.check"), key="check"):
        with st.spinner(view.say("health.checking")):
            _checks(view)


def _checks(view: View) -> None:
    """Every check as it ends."""
    for check in view.knowledge.doctor():
        name = escape(view.word("check", check.name))
        detail = escape(error_text(check.detail, view.lang))
        line = f"{'✓' if check.ok else '✗'} **{name}** {detail}"
        if check.hint and not check.ok:
            line += f"  \n{escape(error_text(check.hint, view.lang))}"
        st.markdown(line)
