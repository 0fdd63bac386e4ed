"""Reports: choose, make, watch, read as printed, download; risks of any set of changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

from kb.errors import KBError, NotFound, UsageError
from kb.periods import between, label, local, midnight, period_from
from kb.report.request import DEFAULT_TOP_K, SECTIONS, ReportRequest
from kb.types import Filters
from kb.vocabulary import LANGUAGES
from ui.web import filters as filter_panel
from ui.web import jobs, ledger, reporting, state
from ui.web.errors import followed, show
from ui.web.knowledge import state_of
from ui.web.preferences import LONG_NAMES
from ui.web.text import clean, escape
from ui.web.view import View

if TYPE_CHECKING:
    from kb.store.kept import ReportEntry

KINDS = ("day", "week", "month", "range", "topic", "risks", "change")
PERIODS = ("day", "week", "month", "range")
RULES = "none"
FIELD = 200  # pixels
MOST_READ, MOST_LISTED = 200, 30  # of the reports made before


@dataclass(frozen=True)
class Choice:
    """What the form says."""

    kind: str
    on: date
    since: date
    until: date  # the last day, as people say it
    lang: str
    top: int
    sections: tuple[str, ...]
    brief: bool
    model: str
    topic: str
    ids: tuple[str, ...]
    filters: Any


def draw(view: View) -> None:
    st.title(view.say("page.report"), anchor=False)
    saved = state.number("saved", 0, 0, 10**9)
    choice, pressed = _form(view)
    address = _address(view, choice)
    if pressed:
        saved = 0
        st.session_state["report.job"] = _start(view, choice, anew=True)
        st.session_state["report.of"] = address
    elif choice.ids and not saved and st.session_state.get("report.of") != address:
        # A link "risks of these" asks for the report itself; opened anew, for the same one.
        st.session_state["report.job"] = _start(view, choice, anew=False)
        st.session_state["report.of"] = address
    job = jobs.jobs().get(st.session_state.get("report.job") or "")
    if saved and not (job and job.finished and job.result and job.result.saved == saved):
        view.leave({**address, "saved": saved})
        _kept(view, saved)
    elif job is not None and st.session_state.get("report.of") is not None:
        made = job.finished and job.result and not job.cancelled.is_set()
        shown = job.result.saved if made else None
        view.leave({**address, "saved": shown})
        _watched(view, job)
    else:
        view.leave(address)
    _past(view)


# --- the form ------------------------------------------------------------------------------------


def _form(view: View) -> tuple[Choice, bool]:
    today = local(view.now, view.tz).date()
    newest = _newest(view, today)
    ids = tuple(state.texts("id"))
    kinds = [kind for kind in KINDS if kind != "change" or ids]
    default = "risks" if ids else "week"
    filters = filter_panel.panel(view, st.sidebar.expander(view.say("report.filters")))
    with st.container(border=True, key="report-form"):
        kind = (
            st.segmented_control(
                view.say("report.kind"),
                kinds,
                key=state.seed("kind", state.text("kind", default, kinds)),
                format_func=lambda name: view.say(f"kind.{name}"),
                required=True,
            )
            or default
        )
        on, since, until, topic = newest, newest - timedelta(days=6), newest, ""
        # Wraps where columns would cut their words.
        row = st.container(horizontal=True, vertical_alignment="bottom", key="report-row")
        if kind in ("day", "week", "month"):
            start = state.day("on") or (newest - timedelta(days=7) if kind == "week" else newest)
            on = (
                row.date_input(
                    view.say(f"report.on_{kind}"),
                    format="YYYY-MM-DD",
                    key=state.seed("on", start),
                    width=FIELD,
                )
                or start
            )
        elif kind == "range":
            since = (
                row.date_input(
                    view.say("filters.since"),
                    format="YYYY-MM-DD",
                    width=FIELD,
                    key=state.seed("from", state.day("from") or since),
                )
                or since
            )
            until = (
                row.date_input(
                    view.say("report.last_day"),
                    format="YYYY-MM-DD",
                    width=FIELD,
                    key=state.seed("to", state.day("to") or until),
                )
                or until
            )
        elif kind == "topic" or (kind == "risks" and not ids):
            topic = row.text_input(
                view.say("report.topic"),
                key=state.seed("topic", state.text("topic")),
                placeholder=view.say("report.topic_hint"),
            )
        else:
            row.markdown(view.say("report.of", count=len(ids)), width=FIELD)
        lang = row.selectbox(
            view.say("preferences.language"),
            LANGUAGES,
            format_func=LONG_NAMES.__getitem__,
            key=state.seed("rl", state.text("rl", view.lang, LANGUAGES)),
            width=130,
        )
        pressed = row.button(
            view.say("report.make"),
            type="primary",
            key="make",
            disabled=kind == "topic" and not topic,
        )
        if kind in ("week", "month"):
            st.caption(_days(view, kind, on))
        filter_panel.chips(view, filters)
        with st.expander(view.say("report.more")):
            top, sections, brief, model = _details(view, kind)
    return Choice(
        kind, on, since, until, lang, top, sections, brief, model, topic, ids, filters
    ), pressed


def _days(view: View, kind: str, on: date) -> str:
    """Which week or month a day stands for: its name, its first and its last day."""
    period = period_from(kind, (on.isoformat(),), view.tz, view.now)
    first = local(period.since, view.tz).date()
    last = local(period.until - timedelta(microseconds=1), view.tz).date()
    return f"{label(period)} · {first} – {last}"


def _details(view: View, kind: str) -> tuple[int, tuple[str, ...], bool, str]:
    first, second, third = st.columns([1, 1, 2], vertical_alignment="bottom")
    top = first.number_input(
        view.say("report.top"),
        1,
        200,
        key=state.seed("top", state.number("top", DEFAULT_TOP_K, 1, 200)),
    )
    brief = kind in PERIODS and second.toggle(
        view.say("report.brief"), key=state.seed("brief", state.text("brief") == "1")
    )
    configured = view.knowledge.settings.chat.model
    models = [RULES, *([configured] if configured and configured != RULES else [])]
    model = third.selectbox(
        view.say("report.model"),
        models,
        key=state.seed("model", state.text("model", models[-1], models)),
        format_func=lambda name: view.say("report.rules") if name == RULES else clean(name),
        help=view.say("report.model_help"),
    )
    sections: list[str] = []
    if kind in PERIODS:
        sections = st.multiselect(
            view.say("report.sections"),
            SECTIONS,
            key=state.seed("s", state.texts("s", SECTIONS)),
            format_func=lambda name: view.say(f"section.{name}"),
            placeholder=view.say("report.all"),
        )
    return int(top), tuple(sections), brief, model or RULES


def _newest(view: View, today: date) -> date:
    """The day of the newest change: a report of an empty week helps nobody."""
    found = view.knowledge.select(Filters(), order="newest", limit=1)
    return min(today, local(found[0].change.merged_at, view.tz).date()) if found else today


def _address(view: View, choice: Choice) -> dict[str, object]:
    return {
        "kind": choice.kind if choice.kind != ("risks" if choice.ids else "week") else None,
        "on": choice.on if choice.kind in ("day", "week", "month") else None,
        "from": choice.since if choice.kind == "range" else None,
        "to": choice.until if choice.kind == "range" else None,
        "topic": choice.topic,
        "id": choice.ids,
        "rl": choice.lang if choice.lang != view.lang else None,
        "top": choice.top if choice.top != DEFAULT_TOP_K else None,
        "s": choice.sections,
        "brief": choice.brief,
        "model": choice.model if choice.model == RULES and view.knowledge.settings.chat.model else None,
        **filter_panel.address(choice.filters, view.tz),
    }  # fmt: skip


# --- making --------------------------------------------------------------------------------------


def _start(view: View, choice: Choice, *, anew: bool) -> str | None:
    try:
        request = _request(view, choice)
    except NotFound:
        asked = ", ".join(choice.ids)
        st.error(view.say("missing.title", asked=escape(asked)))
        st.markdown(view.say("missing.text"))
        return None
    except KBError as error:
        show(error, view.lang)
        return None
    settings = view.knowledge.settings
    model = None if choice.model == RULES else choice.model
    wanted = (state_of(view.knowledge), replace(request, made_at=midnight(date.min, "UTC")), model)
    known = None if anew else jobs.of(wanted)
    job = known or jobs.start(
        view.say(f"kind.{choice.kind}"),
        lambda observer: reporting.make(settings, request, model, observer),
        wanted,
    )
    return job.id


def _request(view: View, choice: Choice) -> ReportRequest:
    period = None
    if choice.kind in ("day", "week", "month"):
        period = period_from(choice.kind, (choice.on.isoformat(),), view.tz, view.now)
    elif choice.kind == "range":
        if choice.until < choice.since:
            raise UsageError(view.say("report.backwards", since=choice.since, until=choice.until))
        period = between(
            midnight(choice.since, view.tz),
            midnight(choice.until + timedelta(days=1), view.tz),
            view.tz,
        )
    ids = tuple(view.knowledge.resolve(entry)[0] for entry in choice.ids)
    if choice.kind == "risks" and not ids and not choice.topic and not choice.filters:
        raise UsageError(view.say("report.risks_of_what"))
    return ReportRequest(
        kind=choice.kind,
        made_at=view.now,
        tz=view.tz,
        period=period,
        filters=choice.filters,
        lang=choice.lang,
        top_k=choice.top,
        sections=choice.sections or None,
        brief=choice.brief,
        change_id=ids[0] if choice.kind == "change" and ids else None,
        change_ids=ids if choice.kind == "risks" else (),
        topic=choice.topic or None,
    )


def _watched(view: View, job: jobs.Job) -> None:
    if job.cancelled.is_set():  # at once: a model's answer under way is waited for by nobody
        st.info(view.say("report.cancelled"))
    elif not job.finished:
        _progress(view, job)
    elif job.error is not None:
        show(job.error, view.lang)
    else:
        _show(view, job.result)


@followed(every=0.5)
def _progress(view: View, job: jobs.Job) -> None:
    """Live while the thread works; the page around it stays."""
    if job.finished:
        st.rerun(scope="app")
    took = int((view.now.__class__.now(view.now.tzinfo) - job.started).total_seconds())
    count = f" {job.done:,}/{job.total:,}" if job.total else ""
    st.progress(job.share, text=f"{_phase(view, job.phase)}{count} · {took} s")
    if st.button(view.say("report.cancel"), key=f"cancel-{job.id}"):
        job.cancelled.set()
        st.rerun(scope="app")
    for note in job.notes[-3:]:
        st.caption(escape(note))


def _phase(view: View, name: str) -> str:
    try:
        return view.say(f"phase.{name}")
    except KeyError:
        return escape(name) or view.say("report.working")


# --- showing -------------------------------------------------------------------------------------


def _show(view: View, made: reporting.Made) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", key="report-downloads")
    row.markdown(f"**{escape(made.title)}**", width="stretch")
    for form, mime in reporting.FORMATS.items():
        row.download_button(
            form.upper(),
            data=_content(made, form),
            file_name=f"{made.name}.{form}",
            mime=mime,
            key=f"download-{form}",
            on_click="ignore",
        )
    reporting.framed(made.html)
    records = view.knowledge.records(list(made.references))
    if records:
        with st.expander(view.say("report.based_on", count=len(records))):
            ledger.table(view, records, key="based-on")


def _content(made: reporting.Made, form: str) -> Any:
    return lambda: made.render(form)


def _kept(view: View, saved: int) -> None:
    """A report that was made before, from what was kept of it."""
    try:
        found = reporting.kept(view.knowledge, saved)
    except KBError as error:
        show(error, view.lang)
        return
    _show(view, found)


def _past(view: View) -> None:
    """Reports made before; of those made of the same again and again, the newest."""
    alike: dict[tuple[object, ...], ReportEntry] = {}
    for entry in view.knowledge.reports(MOST_READ):
        alike.setdefault((entry.kind, entry.lang, entry.scope, entry.period, entry.title), entry)
    entries = list(alike.values())[:MOST_LISTED]
    if not entries:
        return
    st.subheader(view.say("report.past"), anchor=False)
    for entry in entries:
        view.link(
            f"{escape(entry.title or entry.kind)} · {LONG_NAMES.get(entry.lang, entry.lang)} · "
            f":gray[{view.time(entry.made_at)}]",
            "report",
            saved=entry.id,
        )
