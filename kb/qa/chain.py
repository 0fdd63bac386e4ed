"""The answer of a chat model: retrieve, prompt, structured output or stream, verify."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from kb.chat.budget import estimated_tokens
from kb.chat.client import Ask, Chat
from kb.chat.faults import Fault, Faulted
from kb.chat.schema import texts
from kb.phrases import phrase
from kb.prompts.files import new_fence, prompt
from kb.qa.answerer import QuestionReader, abstained, cite
from kb.qa.asked import content_words
from kb.qa.passages import best_passage, shorten
from kb.text.sentences import sentences
from kb.text.tokenizer import tokens
from kb.types import Answer, ChangeRecord, Hit
from kb.verify import Evidence, Removed, Rules, Verified, evidence_of, verify_sentences

if TYPE_CHECKING:
    from pydantic import BaseModel

PATCH_LINES = 40  # changed lines of one change that hold words of the question
NOTHING = "NOTHING"
RULES = Rules(must_cite=True)
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NotWritten:
    """Why the quotes answer instead."""

    note: str
    removed: tuple[str, ...] = ()


@functools.cache
def answer_schema() -> type[BaseModel]:
    from pydantic import BeforeValidator, create_model

    kind = Annotated[list[str], BeforeValidator(texts)]
    model: type[BaseModel] = create_model("Answered", answered=(bool, ...), sentences=(kind, ...))
    return model


def written(
    reader: QuestionReader,
    question: str,
    hits: Sequence[Hit],
    chat: Chat,
    *,
    lang: str,
    on_text: Callable[[str], None] | None = None,
) -> Answer | NotWritten:
    """The verified answer, an abstention, or the reason for neither. Raises ChatError where the
    model cannot be opened at all.
    """
    evidence, shown = evidence_of_hits(reader, question, hits, chat.settings.context_tokens // 2)
    asked_as = functools.partial(
        ask_for, question, shown, lang, about=tuple(dict.fromkeys(item.repo for item in evidence))
    )
    verified: Verified | Fault | None
    if on_text is None:
        verified = _asked(chat, asked_as(streamed=False), evidence)
    else:
        ask = asked_as(streamed=True)
        emitted: list[str] = []

        def emit(text: str) -> None:
            emitted.append(text)
            on_text(text)

        verified = _streamed(chat, ask, evidence, emit)
        if isinstance(verified, Fault) and not emitted and chat.stopped is None:
            # A stream has no second try; a plain call has, and other ways of asking too.
            verified = _asked(chat, asked_as(streamed=False), evidence)
    if isinstance(verified, Fault):
        return NotWritten(_failed(verified, lang))
    if verified is None:
        note = phrase("qa.model_abstained", lang)
        return replace(abstained(question, hits, lang), method=chat.name, notes=(note,))
    removed = tuple(f"{gone.text} ({gone.why}: {gone.detail})" for gone in verified.removed)
    if not verified.enough:
        total = len(verified.kept) + len(verified.removed)
        note = phrase("qa.removed_most", lang, removed=len(verified.removed), total=total)
        return NotWritten(note, removed)
    return _answer(question, verified, hits, evidence, chat, removed)


def _asked(chat: Chat, ask: Ask, evidence: Sequence[Evidence]) -> Verified | Fault | None:
    reply = chat.ask(ask)
    if reply.value is None:
        return reply.fault
    said: Any = reply.value
    if not said.answered or _says_nothing(" ".join(said.sentences)):
        return None
    listed = "\n".join(f"- {text}" for text in said.sentences)
    return verify_sentences(listed, evidence, RULES)


def ask_for(
    question: str,
    shown: str,
    lang: str,
    *,
    streamed: bool,
    fence: str | None = None,
    about: tuple[str, ...] = (),
) -> Ask:
    page = prompt("answer", lang)
    system, user = page.fill(
        fence=fence or new_fence(),
        language=str(page.texts["language"]),
        question=" ".join(question.split())[:1000],
        evidence=shown,
        form=str(page.texts["form_text" if streamed else "form_json"]),
    )
    return Ask(
        "answer", system, user, answer_schema(), page.version, f"{lang}\0{question}\0{shown}", about
    )


def evidence_of_hits(
    reader: QuestionReader, question: str, hits: Sequence[Hit], room: int
) -> tuple[tuple[Evidence, ...], str]:
    """Numbered changes in the order of the retriever, and the text that shows them in `room` tokens."""
    words = frozenset(content_words(question))
    blocks: list[str] = []
    evidence: list[Evidence] = []
    left = room
    for index, hit in enumerate(hits, start=1):
        record = hit.record
        lines = telling_lines(reader.patches(record.id), words)
        block = _block(index, hit, lines)
        share = max(left // (len(hits) - index + 1), 64)
        block = _fitted(block, share)
        left -= estimated_tokens(block)
        blocks.append(block)
        evidence.append(_evidence(record, index, block))
    return tuple(evidence), "\n\n".join(blocks)


def _evidence(record: ChangeRecord, index: int, block: str) -> Evidence:
    known = evidence_of(record, {})
    return Evidence(known.id, known.repo, known.number, known.sha, block, "", index)


def _block(index: int, hit: Hit, lines: Sequence[str]) -> str:
    change, digest = hit.record.change, hit.record.digest
    parts = [f"[{index}] {change.title}", f"by {change.author}, {change.merged_at:%Y-%m-%d}"]
    parts += [f"measured: {metric}" for metric in digest.metrics[:4]]
    if digest.description:
        parts.append(digest.description)
    if hit.passage and hit.passage not in "\n".join(parts):
        parts.append(hit.passage)
    parts += [
        f"review: {comment.author}: {' '.join(comment.text.split())}"
        for thread in hit.record.change.reviews
        for comment in thread.comments
    ]
    return "\n".join([*parts, *lines, digest.text])


def telling_lines(patches: dict[str, str], words: frozenset[str]) -> list[str]:
    """Changed lines that hold words of the question, under the file that they stand in."""
    found: list[str] = []
    for path, patch in patches.items():
        lines = [
            line
            for line in patch.splitlines()
            if line[:1] in ("+", "-") and words & set(tokens(line[1:]))
        ]
        if lines:
            found += [f"{path}:", *lines[:8]]
        if len(found) >= PATCH_LINES:
            break
    return found[:PATCH_LINES]


def _fitted(block: str, room: int) -> str:
    if estimated_tokens(block) <= room:
        return block
    kept: list[str] = []
    for line in block.split("\n"):
        line_room = room - estimated_tokens("\n".join(kept))
        if line_room < 12:
            break
        kept.append(line if estimated_tokens(line) <= line_room else shorten(line, line_room * 2))
    return "\n".join(kept)


def _streamed(
    chat: Chat,
    ask: Ask,
    evidence: Sequence[Evidence],
    on_text: Callable[[str], None],
) -> Verified | Fault | None:
    """Each sentence is checked when it is complete, and only then shown. None: NOTHING was said."""
    kept: list[Any] = []
    removed: list[Removed] = []
    whole = ""
    settled = 0

    def settle(parts: Sequence[str]) -> None:
        verified = verify_sentences("\n".join(f"- {part}" for part in parts), evidence, RULES)
        removed.extend(verified.removed)
        for sentence in verified.kept:
            spaced = not kept or kept[-1].text[-1:] in "。！？；"
            on_text(sentence.text if spaced else f" {sentence.text}")
            kept.append(sentence)

    try:
        for piece in chat.stream(ask):
            whole = _THINKING.sub("", whole + piece)
            if "<think>" in whole:
                continue
            complete = sentences(whole)[
                :-2
            ]  # the last is not whole, the one before may get its [n]
            if complete and _says_nothing(complete[0]):
                return None
            settle(complete[settled:])
            settled = max(settled, len(complete))
    except Faulted as faulted:
        return faulted.fault
    if _says_nothing(whole) and not kept:
        return None
    settle(sentences(whole)[settled:])
    return Verified(tuple(kept), tuple(removed))


def _says_nothing(text: str) -> bool:
    return text.strip(" .。\"'`*").upper() == NOTHING or not text.strip()


def _failed(fault: Fault | None, lang: str) -> str:
    return phrase("qa.model_failed", lang, why=str(fault) if fault else "")


def _answer(
    question: str,
    verified: Verified,
    hits: Sequence[Hit],
    evidence: Sequence[Evidence],
    chat: Chat,
    removed: tuple[str, ...],
) -> Answer:
    index_of = {item.id: position for position, item in enumerate(evidence)}
    citations = tuple(
        cite(position + 1, hits[position], best_passage(question, hits[position]))
        for position in sorted(index_of[change_id] for change_id in verified.cites)
    )
    return Answer(question, verified.text, citations, False, chat.name, removed=removed)
