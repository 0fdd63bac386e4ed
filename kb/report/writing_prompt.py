"""What a model is shown for a part of a period's report; fits any context by construction."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from kb.chat.budget import estimated_tokens
from kb.chat.client import Ask
from kb.chat.schema import text, texts
from kb.prompts.files import new_fence, prompt
from kb.report.change_prompt import fit
from kb.report.types import WritingTask
from kb.settings import ChatSettings
from kb.types import ChangeProse, ChangeRecord
from kb.verify import Evidence, evidence_of

if TYPE_CHECKING:
    from pydantic import BaseModel

LEAST_TOKENS = 48  # of one change; with less it says nothing, so fewer changes are shown
DRAFT_SHARE = 0.2
RANKED = 50  # the weightiest by rules hold 0.98 of what matters (ANALYSIS.md)


@functools.cache
def writing_schema() -> type[BaseModel]:
    from pydantic import BeforeValidator, create_model

    kind = Annotated[list[str], BeforeValidator(texts)]
    model: type[BaseModel] = create_model("Writing", texts=(kind, ...))
    return model


@functools.cache
def pair_schema() -> type[BaseModel]:
    """Both languages in one answer."""
    from pydantic import BeforeValidator, create_model

    kind = Annotated[list[str], BeforeValidator(texts)]
    model: type[BaseModel] = create_model("WritingPair", texts_en=(kind, ...), texts_zh=(kind, ...))
    return model


@functools.cache
def ranking_schema() -> type[BaseModel]:
    from pydantic import BeforeValidator, create_model

    row = create_model(
        "Ranked",
        ref=(Annotated[str, BeforeValidator(text)], ...),
        importance=(float, ...),
        reason=(Annotated[str, BeforeValidator(text)], ""),
    )
    rows: Any = list[row]  # type: ignore[valid-type]
    model: type[BaseModel] = create_model("Ranking", ranking=(rows, ...))
    return model


def evidence_for(
    records: Sequence[ChangeRecord], proses: Mapping[str, ChangeProse]
) -> tuple[Evidence, ...]:
    """What the sentences of a part are held against: each change with its own verified analysis."""

    def told(prose: ChangeProse | None) -> str:
        return "\n".join(_prose_text(prose, lang) for lang in prose.summary) if prose else ""

    return tuple(
        evidence_of(record, {}, extra=told(proses.get(record.id)))
        for record in {record.id: record for record in records}.values()
    )


def ask_to_write(
    task: WritingTask,
    proses: Mapping[str, ChangeProse],
    evidence: Sequence[Evidence],
    settings: ChatSettings,
    *,
    pair: bool = False,
    fence: str | None = None,
) -> Ask:
    """`pair`: one answer in both languages. Its key holds nothing that differs between the two
    reports (the draft, the name of a theme), so the second report finds the answer of the first.
    """
    page = prompt("write", "en" if pair else task.lang)
    part = str(page.texts["part"][task.part]).replace("$name", task.name)
    words = task.max_words * (2 if task.lang == "zh" and not pair else 1)
    values = {
        "fence": fence or new_fence(),
        "language": str(page.texts["language_pair" if pair else "language"]),
        "words": str(words),
        "part": part,
        "items": str(task.items),
        "example": str(page.texts["example_pair" if pair else "example"]),
        "fields": str(page.texts["fields_pair" if pair else "fields"]).replace(
            "$items", str(task.items)
        ),
    }
    room = _room(settings, "".join(page.fill(**values, evidence="")))
    draft = _draft(task, int(room * DRAFT_SHARE))
    shown = listed(
        (*task.evidence, *task.history),
        {item.id: item.label for item in evidence},
        proses,
        "en" if pair else task.lang,
        room - (int(room * DRAFT_SHARE) if pair else estimated_tokens(draft)),
        frozenset(record.id for record in task.history),
    )
    body = f"{shown}\n\n{draft}".strip()
    system, user = page.fill(**values, evidence=body)
    key = f"{task.part}:{task.name}" if task.name else task.part
    about = _repos(evidence)
    if pair:
        asked = f"pair\0{task.part}\0{task.items}\0{task.max_words}\0{shown}"
        return Ask(key, system, user, pair_schema(), page.version, asked, about)
    asked = f"{task.lang}\0{part}\0{body}"
    return Ask(key, system, user, writing_schema(), page.version, asked, about)


def ask_to_rank(
    records: Sequence[ChangeRecord],
    proses: Mapping[str, ChangeProse],
    evidence: Sequence[Evidence],
    settings: ChatSettings,
    lang: str,
    items: int,
) -> Ask:
    page = prompt("rank", lang)
    values = {"fence": new_fence(), "items": str(items), "language": str(page.texts["language"])}
    room = _room(settings, "".join(page.fill(**values, evidence="")))
    labels = {item.id: item.label for item in evidence}
    body = listed(records, labels, proses, lang, room)
    system, user = page.fill(**values, evidence=body)
    asked = f"{lang}\0{items}\0{body}"
    return Ask("rank", system, user, ranking_schema(), page.version, asked, _repos(evidence))


def _repos(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.repo for item in evidence))


def _room(settings: ChatSettings, frame: str) -> int:
    return max(settings.context_tokens - settings.max_tokens - estimated_tokens(frame) - 64, 512)


def _draft(task: WritingTask, room: int) -> str:
    if not task.draft:
        return ""
    lines = [f"{place}. {' '.join(draft.split())}" for place, draft in enumerate(task.draft, 1)]
    each = max(room // len(lines), 24)
    return "Draft (by rules):\n" + "\n".join(fit(line, each) for line in lines)


def listed(
    records: Sequence[ChangeRecord],
    labels: Mapping[str, str],
    proses: Mapping[str, ChangeProse],
    lang: str,
    room: int,
    history: frozenset[str] = frozenset(),
) -> str:
    """The changes, each with as much as its share of `room` tokens allows, the first ones first."""
    chosen = list({record.id: record for record in records}.values())[
        : max(1, room // LEAST_TOKENS)
    ]
    blocks = [
        _block(record, labels.get(record.id, ""), proses.get(record.id), lang, record.id in history)
        for record in chosen
    ]
    fitted: list[str] = []
    left = room
    for place, block in enumerate(blocks):
        share = left // (len(blocks) - place)
        text_fitted = fit(block, share)
        fitted.append(text_fitted)
        left -= estimated_tokens(text_fitted)
    return "\n\n".join(part for part in fitted if part)


def _block(
    record: ChangeRecord, label: str, prose: ChangeProse | None, lang: str, earlier: bool
) -> str:
    """One line a fact, the telling ones first: what does not fit falls off at the end."""
    analysis, digest = record.analysis, record.digest
    lines = [f"{label}{' (earlier change)' if earlier else ''} {record.change.title}"]
    lines.append(f"type: {', '.join(analysis.types)}; modules: {', '.join(analysis.modules[:4])}")
    if prose is not None:
        lines.append(_prose_text(prose, lang))
    lines += [f"measured: {metric}" for metric in digest.metrics[:4]]
    lines += [
        f"flag: {flag.name} (default {flag.default})" if flag.default else f"flag: {flag.name}"
        for flag in digest.flags[:4]
        if not flag.removed
    ]
    lines += [f"risk: {risk.kind}: {risk.evidence}" for risk in analysis.risks[:4]]
    if prose is None and digest.description:
        lines.append(digest.description)
    return "\n".join(line for line in lines if line.strip())


def _prose_text(prose: ChangeProse | None, lang: str) -> str:
    if prose is None:
        return ""
    told = lang if lang in prose.summary else next(iter(prose.summary), lang)
    parts = [
        prose.summary.get(told, ""),
        *prose.impact.get(told, ()),
        *prose.risks.get(told, ()),
        *prose.suggestions.get(told, ()),
        prose.verdict.get(told, ""),
        *prose.insights.get(told, {}).values(),
    ]
    return "\n".join(part for part in parts if part)
