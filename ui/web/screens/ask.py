"""Ask: an answer with citations that open the change; quotes where no model is set."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from kb.errors import KBError
from kb.types import Answer, ChangeRecord, Citation, Filters
from ui.presenters import reference, short_title
from ui.web import filters as filter_panel
from ui.web import questions, state
from ui.web.description import safe_markdown
from ui.web.errors import show
from ui.web.knowledge import reader_for
from ui.web.markup import rendered
from ui.web.text import clean, escape, stretches
from ui.web.view import View

RULES = "none"
MOST_RISKS = 4  # kinds told of a change


def draw(view: View) -> None:
    st.title(view.say("page.ask"), anchor=False)
    filters = filter_panel.panel(view, st.sidebar.expander(view.say("report.filters")))
    kept = state.number("kept", 0, 0, 10**9)
    with st.form("ask", border=False):
        row = st.columns([5, 1], vertical_alignment="bottom")
        question = row[0].text_input(
            view.say("ask.box"),
            key=state.seed("q", state.text("q")),
            max_chars=2000,
            placeholder=view.say("ask.placeholder"),
            label_visibility="collapsed",
        )
        pressed = row[1].form_submit_button(view.say("ask.button"), type="primary", width="stretch")
    filter_panel.chips(view, filters)
    question = (question or "").strip()
    model = _model(view)
    address = {
        "q": question,
        "model": RULES if model is None and view.knowledge.settings.chat.model else None,
        **filter_panel.address(filters, view.tz),
    }
    asked = (question, model, filters, view.lang)
    if question and (pressed or (not kept and st.session_state.get("ask.of") != asked)):
        answer = _answer(view, question, filters, model)
        if answer is None:
            view.leave(address)
            _earlier(view)
            return
        newest = view.knowledge.questions(1)
        kept = newest[0].id if newest and newest[0].text == question else 0
        st.session_state["ask.of"], st.session_state["ask.answer"] = asked, (kept, answer)
    held = st.session_state.get("ask.answer")
    if held and question and (kept == held[0] or not kept):
        view.leave({**address, "kept": held[0]})
        _show(view, held[1])
    elif kept:
        view.leave({**address, "kept": kept})
        _kept(view, kept)
    else:
        view.leave(address)
        st.markdown(view.say("ask.what"))
        if _configured(view) is None:
            st.caption(view.say("ask.quotes"))
        _examples(view)
    _earlier(view)


def _configured(view: View) -> str | None:
    """The settings' chat model; None where none is set."""
    model = view.knowledge.settings.chat.model
    return model if model and model != RULES else None


def _model(view: View) -> str | None:
    configured = _configured(view)
    if configured is None:
        return None
    models = [configured, RULES]
    chosen = st.segmented_control(
        view.say("report.model"),
        models,
        key=state.seed("model", state.text("model", configured, models)),
        format_func=lambda name: view.say("ask.no_model") if name == RULES else clean(name),
        label_visibility="collapsed",
        required=True,
    )
    return None if chosen == RULES else configured


def _answer(view: View, question: str, filters: Filters, model: str | None) -> Answer | None:
    """Ask in the reader's zone and language; what a model writes appears as it comes."""
    place = st.empty()
    heard: list[str] = []

    def on_text(piece: str) -> None:
        heard.append(piece)
        place.markdown(safe_markdown("".join(heard)))

    try:
        with st.spinner(view.say("ask.working")):
            answer = reader_for(view.tz, model).ask(
                question, filters=filters, now=view.now, lang=view.lang, on_text=on_text
            )
    except KBError as error:
        show(error, view.lang)
        return None
    place.empty()
    return answer


def _show(view: View, answer: Answer) -> None:
    """What a model wrote or repairs showed, and what it stands on. Quotes stand beside their changes,
    not twice."""
    if answer.abstained or answer.method == "quotes":
        framed = [line for line in answer.text.splitlines() if line and not line.startswith("- ")]
        if answer.abstained and framed:
            st.info(escape(framed.pop(0)))
        heading = escape(framed[0]) if framed else view.say("ask.citations")
    else:
        heading = view.say("ask.citations")
        cited = {each.index: view.address("change", id=each.change_id) for each in answer.citations}
        with st.container(border=True, key="answer"):
            st.markdown(safe_markdown(answer.text, cited), anchors=False)
            if answer.method != "traced":
                st.caption(_written(view, answer))
    if answer.citations:
        st.markdown(f"**{heading}**")
        found = view.knowledge.records([each.change_id for each in answer.citations])
        records = {record.id: record for record in found}
        told = [_cited(view, each, records.get(each.change_id)) for each in answer.citations]
        st.html(rendered("citations", citations=told))
    for note in answer.notes:
        st.caption(escape(note))


def _written(view: View, answer: Answer) -> str:
    how = view.say("ask.by_model", model=escape(answer.method))
    if answer.removed:
        how += " · " + view.say("ask.removed", count=len(answer.removed))
    return how


def _cited(view: View, citation: Citation, record: ChangeRecord | None) -> dict[str, object]:
    """A citation; who made the change, when, and its risks, where it is still indexed."""
    title, passage = clean(citation.title), clean(citation.passage)
    facts: tuple[str, ...] = ()
    if record is not None:
        change = record.change
        risks = dict.fromkeys(view.word("risk", risk.kind) for risk in record.analysis.risks)
        facts = (
            reference(change),
            change.author,
            view.time(change.merged_at, "%Y-%m-%d"),
            *list(risks)[:MOST_RISKS],
        )
    return {
        "index": citation.index,
        "title": stretches(short_title(title), ()),
        "address": view.address("change", id=citation.change_id),
        "passage": stretches(passage[:400], ()) if passage != title else (),
        "facts": " · ".join(clean(fact) for fact in facts),
    }


def _kept(view: View, number: int) -> None:
    for entry in view.knowledge.questions(500):
        if entry.id == number:
            st.subheader(escape(entry.text), anchor=False)
            _show(view, questions.restored(entry.text, entry.answer))
            return
    st.info(view.say("ask.gone"))


def _examples(view: View) -> None:
    recent = view.knowledge.select(Filters(), order="newest", limit=100, include_bots=False)
    weighty = sorted(recent, key=lambda record: record.analysis.raw, reverse=True)
    modules = [name for record in weighty for name in record.analysis.modules]
    texts = []
    if modules:
        texts.append(view.say("ask.example_module", module=clean(modules[0])))
    if recent and view.now - recent[0].change.merged_at < timedelta(days=7):
        texts.append(view.say("ask.example_recent"))
    row = st.container(horizontal=True, key="examples")
    for text in texts:
        view.link(escape(text), "ask", row, q=text)


def _earlier(view: View) -> None:
    entries = view.knowledge.questions(20)
    if not entries:
        return
    st.subheader(view.say("ask.earlier"), anchor=False)
    once = {entry.text: entry for entry in reversed(entries)}  # the newest answer of a question
    for entry in sorted(once.values(), key=lambda entry: entry.id, reverse=True):
        view.link(
            f"{escape(entry.text)} · :gray[{view.time(entry.asked_at)}]", "ask", kept=entry.id
        )
