"""Analyses single changes with a chat model: asked by level, held against the change itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kb.chat.client import Ask, Chat, Reply
from kb.chat.faults import Fault
from kb.phrases import phrase
from kb.report.change_prompt import FIELDS, Shown, ask_for
from kb.text.figures import figures
from kb.text.sentences import plain_digits
from kb.types import ChangeProse, ChangeRecord
from kb.verify import (
    Evidence,
    Removed,
    Rules,
    Verified,
    evidence_of,
    patch_lines,
    verify_sentences,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

DIMENSIONS = {
    "architecture": ("architecture", "架构"),
    "performance": ("performance", "性能"),
    "security": ("security", "安全", "安全性"),
    "maintainability": ("maintainability", "可维护性", "维护性"),
    "compatibility": ("compatibility", "兼容性"),
    "tests": ("tests", "test", "testing", "测试"),
}
_DIMENSION_OF = {word: name for name, words in DIMENSIONS.items() for word in words}


@dataclass(frozen=True, slots=True)
class Analysed:
    """`prose` is None where the rules write: `fault` says why, or the checks left too little."""

    change_id: str
    prose: ChangeProse | None
    fault: Fault | None = None
    removed: tuple[Removed, ...] = ()
    cached: bool = False
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One change on its way to a model and back."""

    record: ChangeRecord
    ask: Ask
    shown: Shown
    evidence: Evidence


def case_of(
    record: ChangeRecord, patches: Mapping[str, str], langs: Sequence[str], chat: Chat
) -> Case:
    """The evidence is what is shown, not what is stored: a model cannot know the rest."""
    ask, shown = ask_for(record, patches, langs, chat.settings)
    prose, code, context = _shown_parts(shown.text, record)
    known = evidence_of(record, {})
    evidence = replace(known, prose=prose, code=code, context=context)
    return Case(record, ask, shown, evidence)


def _shown_parts(shown: str, record: ChangeRecord) -> tuple[str, str, str]:
    """The prose, the changed lines and the lines around them, of the text that is shown."""
    prose, *patches = re.split(r"^Patch of ", shown, flags=re.MULTILINE)
    code = [f"{file.path} {file.previous_path or ''}" for file in record.change.files]
    context: list[str] = []
    for patch in patches:
        changed, around = patch_lines(patch.partition("\n")[2])
        code += changed
        context += around
    return prose, "\n".join(code), "\n".join(context)


def analyse(
    record: ChangeRecord, patches: Mapping[str, str], langs: Sequence[str], chat: Chat
) -> Analysed:
    """One change, as `kb doctor --chat` and the per-change report want it."""
    case = case_of(record, patches, langs, chat)
    return analysed(case, chat.ask(case.ask), langs, chat.name)


@dataclass(frozen=True, slots=True)
class Trial:
    """What `kb doctor --chat` prints: what was kept of one change, and what the checks removed."""

    ok: bool
    detail: str
    hint: str = ""


def try_one(record: ChangeRecord, chat: Chat, lang: str) -> Trial:
    """Analyses one change. Raises ChatError where the model cannot be opened."""
    patches = {file.path: file.patch for file in record.change.files if file.patch}
    result = analyse(record, patches, (lang,), chat)
    usage = chat.usage
    cost = phrase(
        "chat.trial.cost",
        lang,
        calls=usage.calls,
        tokens=usage.tokens,
        seconds=f"{usage.took_ms / 1000:.1f}",
    )
    if result.fault is not None:
        failed = phrase("chat.trial.failed", lang, model=chat.name, fault=str(result.fault))
        return Trial(False, f"{failed}; {cost}", phrase(f"chat.hint.{result.fault.kind}", lang))
    lines = [
        phrase(
            "chat.trial.done",
            lang,
            model=chat.name,
            id=record.id,
            kept=result.kept,
            removed=len(result.removed),
        ),
        cost,
    ]
    if result.prose is not None:
        prose = result.prose
        said = [prose.summary[lang], *prose.impact[lang], *prose.insights[lang].values()]
        said += [*prose.risks[lang], *prose.suggestions[lang], prose.verdict[lang]]
        lines += [phrase("chat.trial.kept", lang, text=text) for text in said if text]
    lines += [
        phrase("chat.trial.removed", lang, text=gone.text, why=gone.why, detail=gone.detail)
        for gone in result.removed
    ]
    ok = result.prose is not None
    return Trial(ok, "\n".join(lines), "" if ok else phrase("chat.hint.checks", lang))


def analysed(case: Case, reply: Reply, langs: Sequence[str], model: str) -> Analysed:
    """The verified prose of one reply."""
    if reply.value is None:
        return Analysed(case.record.id, None, reply.fault)
    reading = _Reading(case)
    texts = {lang: reading.fields(reply.value, lang) for lang in langs}
    if len(langs) > 1:
        texts = reading.agreed(texts)
    summaries = {lang: found["summary"][0] for lang, found in texts.items() if found["summary"]}
    removed = tuple(reading.removed)
    if len(summaries) < len(langs):
        return Analysed(case.record.id, None, None, removed, reply.cached, reading.kept)
    prose = ChangeProse(
        change_id=case.record.id,
        summary=summaries,
        impact={lang: tuple(found["impact"]) for lang, found in texts.items()},
        insights={lang: _by_dimension(found["insights"]) for lang, found in texts.items()},
        risks={lang: tuple(found["risks"]) for lang, found in texts.items()},
        suggestions={lang: tuple(found["suggestions"]) for lang, found in texts.items()},
        verdict={lang: " ".join(found["verdict"]) for lang, found in texts.items()},
        model=model,
        prompt_version=case.ask.prompt_version,
        input_hash=case.ask.input_hash,
        not_seen=case.shown.not_seen,
    )
    return Analysed(case.record.id, prose, None, removed, reply.cached, reading.kept)


class _Reading:
    """Holds each field of an answer against the evidence of its change."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._rules = Rules(subject=case.record.id, repo=case.record.change.repo)
        self.removed: list[Removed] = []
        self.kept = 0

    def fields(self, value: BaseModel, lang: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in FIELDS["high"]}
        for name in FIELDS[self._case.record.analysis.level]:
            said: Any = getattr(value, f"{name}_{lang}", "")
            texts = said if isinstance(said, list) else [said] if said else []
            found[name] = self._held(texts, name)
        return found

    def _held(self, texts: Sequence[str], name: str) -> list[str]:
        """The texts that stand; a text, or a field, that loses more than half goes whole."""
        held: list[str] = []
        all_verified: list[Verified] = []
        for said in texts:
            dimension, body = split_dimension(said) if name == "insights" else ("", said)
            if name == "insights" and not dimension:
                continue
            verified = verify_sentences(body, [self._case.evidence], self._rules)
            all_verified.append(verified)
            self.removed.extend(verified.removed)
            if verified.enough:
                held.append(f"{dimension}: {verified.text}" if dimension else verified.text)
                self.kept += len(verified.kept)
        kept = sum(len(verified.kept) for verified in all_verified)
        lost = sum(len(verified.removed) for verified in all_verified)
        return held if kept >= lost else []

    def agreed(self, texts: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
        """Both languages state the same figures and references: a field that differs goes in both."""
        first, *others = texts
        for name in FIELDS["high"]:
            said = {lang: " ".join(found[name]) for lang, found in texts.items()}
            if not all(same_facts(said[first], said[other]) for other in others):
                for lang, found in texts.items():
                    self.removed.extend(Removed(said, "languages", lang) for said in found[name])
                    found[name] = []
        return texts


def same_facts(first: str, other: str) -> bool:
    """Whether two texts, of two languages, state the same references and the same figures."""
    told, said = _stated(first), _stated(other)
    return told[0] == said[0] and all(
        any(figure & counterpart for counterpart in there)
        for here, there in ((told[1], said[1]), (said[1], told[1]))
        for figure in here
    )


def _stated(text: str) -> tuple[frozenset[str], tuple[frozenset[tuple[str, str]], ...]]:
    """The references, and what each figure may mean: "twice" is 2x or 100 %, 两倍 is 2x."""
    plain = plain_digits(text)
    references = re.findall(r"#\d+|\[\d+\]", plain)
    bare = re.sub(r"(?:[\w.-]+/[\w.-]+)?#\d+|\[\d+\]|`[^`]*`", " ", plain)
    told = (frozenset(figure.alternatives) for figure in figures(bare))
    # "a third" and 三分之一 have no spelling in common; each was held against the change itself.
    measured = tuple(found for found in told if all(unit != "vague" for _, unit in found))
    return frozenset(references), measured


def split_dimension(text: str) -> tuple[str, str]:
    """`performance: ...` -> both parts; ("", text) where it begins with no dimension of ours."""
    head, colon, body = re.sub(r"^[\s*`_-]+", "", text).replace("：", ":", 1).partition(":")
    name = _DIMENSION_OF.get(head.strip(" *`_").lower(), "")
    return (name, body.strip(" *")) if colon and name and body.strip() else ("", text)


def _by_dimension(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for said in texts:
        name, body = split_dimension(said)
        found[name] = f"{found[name]} {body}" if name in found else body
    return found
