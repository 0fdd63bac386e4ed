"""The chat model as a writer of reports: maps over changes, reduces to parts, checks every sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from kb.chat.budget import Usage
from kb.chat.client import Chat, Estimate, Reply
from kb.chat.faults import Fault
from kb.phrases import phrase
from kb.report.change_analyst import Analysed, Case, analysed, case_of, same_facts
from kb.report.request import ReportRequest
from kb.report.types import WriterHealth, WritingTask, Written
from kb.report.writing_prompt import RANKED, ask_to_rank, ask_to_write, evidence_for
from kb.text.sentences import sentences
from kb.types import ChangeProse, ChangeRecord, Filters, Observer, SilentObserver
from kb.verify import Evidence, Removed, Rules, Verified, join, verify_sentences
from kb.vocabulary import LEVELS

RANKED_AT_MOST = 24
PARTS = 12  # calls beside those for changes: 8 themes, summary, risks, suggestions, ranking
TOPIC_CHANGES = 60
UNASKED = frozenset(("budget", "calls", "stopped"))  # left to the rules on purpose: no failure


class PatchReader(Protocol):
    def patches(self, change_id: str) -> Mapping[str, str]: ...


class ModelWriter:
    """Implements kb.report.types.Writer. `langs` names both languages where both reports are wanted:
    one call then writes both, and they state the same figures.
    """

    def __init__(
        self,
        reader: PatchReader,
        chat: Chat,
        *,
        langs: Sequence[str] = (),
        min_level: str | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._chat = chat
        self._reader = reader
        self._langs = tuple(langs)
        self._min_level = min_level or chat.settings.min_level
        self._observer = observer or SilentObserver()
        self._lang = "en"
        self._proses: dict[str, ChangeProse] = {}
        self._analysed: dict[str, Analysed] = {}
        self._ranked: dict[tuple[str, ...], Sequence[tuple[str, float, str]] | None] = {}
        self._below = 0
        self._removed: list[Removed] = []
        self._faults: Counter[str] = Counter()
        self._details: dict[str, str] = {}
        self._before = chat.usage

    @property
    def name(self) -> str:
        return self._chat.name

    def prepare(self, records: Sequence[ChangeRecord], lang: str) -> None:
        """Analyse the changes at or above the level; a second call asks for what is new only."""
        self._lang = lang
        langs = self._wanted(lang)
        by_id = {record.id: record for record in records}
        wanted = [record for record in by_id.values() if record.id not in self._analysed]
        chosen = [record for record in wanted if self._is_chosen(record)]
        self._below += len(wanted) - len(chosen)
        cases = [case_of(r, self._reader.patches(r.id), langs, self._chat) for r in chosen]
        by_key = {case.ask.key: case for case in cases}
        self._observer.phase("chat", len(cases))

        def done(reply: Reply) -> None:
            self._take(by_key[reply.ask.key], reply, langs)
            self._observer.advance()

        self._chat.ask_all([case.ask for case in cases], done)

    def estimate(self, records: Sequence[ChangeRecord], lang: str) -> Estimate:
        """What `prepare` would cost, for --dry-run; the parts of the report are up to 12 calls more."""
        cases = [
            case_of(record, self._reader.patches(record.id), self._wanted(lang), self._chat)
            for record in records
            if self._is_chosen(record)
        ]
        return self._chat.estimate([case.ask for case in cases])

    def change(self, change_id: str) -> ChangeProse | None:
        return self._proses.get(change_id)

    def analysed(self, change_id: str) -> Analysed | None:
        """With what was removed, and why the rules wrote it where they did."""
        return self._analysed.get(change_id)

    def rank(self, records: Sequence[ChangeRecord]) -> Sequence[tuple[str, float, str]] | None:
        """The model's order of the weightiest, each with a checked reason."""
        chosen = tuple(records)[:RANKED]
        if len(chosen) < 2:
            return None
        key = tuple(record.id for record in chosen)
        if key not in self._ranked:  # sections may be laid out more than once to fit a length
            self._ranked[key] = self._rank(chosen)
        return self._ranked[key]

    def _rank(self, chosen: Sequence[ChangeRecord]) -> Sequence[tuple[str, float, str]] | None:
        evidence = evidence_for(chosen, self._proses)
        items = min(RANKED_AT_MOST, len(chosen))
        ask = ask_to_rank(chosen, self._proses, evidence, self._chat.settings, self._lang, items)
        reply = self._chat.ask(ask)
        if reply.value is None:
            self._count(reply.fault)
            return None
        by_label = {item.label: item for item in evidence}
        found: dict[str, tuple[str, float, str]] = {}
        rows: Any = reply.value
        for row in rows.ranking:
            item = by_label.get(row.ref.strip("()[] ")) or by_label.get(f"#{row.ref.strip('# ')}")
            if item is None:
                self._removed.append(Removed(f"{row.ref}: {row.reason}", "reference", row.ref))
                continue
            reason = self._checked(verify_sentences(row.reason, [item], Rules(subject=item.id)))
            importance = round(min(max(row.importance, 0.0), 10.0), 1)
            found.setdefault(item.id, (item.id, importance, reason))
        return tuple(found.values()) or None

    def write(self, task: WritingTask) -> Written | None:
        """The part in the model's words; texts that the checks emptied are left to the rules."""
        if not task.evidence:
            return None
        evidence = evidence_for((*task.evidence, *task.history), self._proses)
        langs = self._wanted(task.lang)
        pair = len(langs) > 1
        ask = ask_to_write(task, self._proses, evidence, self._chat.settings, pair=pair)
        reply = self._chat.ask(ask)
        if reply.value is None:
            self._count(reply.fault)
            return None
        said: Any = reply.value
        before = len(self._removed)
        told = {
            lang: self._texts(
                task, getattr(said, f"texts_{lang}") if pair else said.texts, evidence, lang
            )
            for lang in langs
        }
        checked = told[task.lang]
        for place in range(task.items if pair else 0):
            said_here = [texts[place] for texts in told.values()]
            if not all(said_here) or not same_facts(*said_here):
                # Both reports state the same, or the rules write this text in both.
                self._removed.append(Removed(checked[place], "languages"))
                checked[place] = ""
        if task.part == "summary" and checked[0]:
            checked[0] = join((*counted(task), checked[0]))
        if not any(checked):
            return None
        removed = tuple(gone.why for gone in self._removed[before:])
        return Written(tuple(checked), self.name, removed)

    def _texts(
        self, task: WritingTask, said: Sequence[str], evidence: Sequence[Evidence], lang: str
    ) -> list[str]:
        """One verified text an item; what the checks emptied is ""."""
        texts = [" ".join(said)] if task.items == 1 else list(said)[: task.items]
        repos = {item.repo for item in evidence}
        rules = Rules(
            must_cite=task.part != "summary", repo=repos.pop() if len(repos) == 1 else None
        )
        checked = [self._checked(verify_sentences(text, evidence, rules)) for text in texts]
        if len(self._wanted(task.lang)) == 1:
            checked = [shortened(text, task.max_words, lang) for text in checked]
        return checked + [""] * (task.items - len(checked))

    def health(self) -> WriterHealth:
        usage = self._chat.usage
        spent = Usage(*(getattr(usage, n) - getattr(self._before, n) for n in Usage.__slots__))
        failed = sum(
            item.prose is None and (item.fault is None or item.fault.kind not in UNASKED)
            for item in self._analysed.values()
        )
        return WriterHealth(
            model=self.name,
            by_model=len(self._proses),
            failed=failed,
            calls=spent.calls,
            tokens=spent.tokens,
            took_ms=spent.took_ms,
            sentences_removed=len(self._removed),
            removed=self._why_removed(),
            notes=self._notes(spent),
        )

    def _why_removed(self) -> tuple[str, ...]:
        """Counts by reason. The sentences themselves are not repeated: what was invented must
        not stand anywhere in a report (`kb doctor --chat` shows them).
        """
        counts = Counter(gone.why for gone in self._removed)
        return tuple(
            phrase(f"chat.removed.{why}", self._lang, count=count)
            for why, count in counts.most_common()
        )

    def _notes(self, spent: Usage) -> tuple[str, ...]:
        lang = self._lang
        notes = [
            phrase(f"chat.fault.{kind}", lang, count=count, detail=self._details.get(kind, ""))
            for kind, count in self._faults.items()
        ]
        if spent.fallbacks:
            notes.append(phrase("chat.health.fallbacks", lang, count=spent.fallbacks))
        if spent.cached:
            notes.append(phrase("chat.health.cached", lang, count=spent.cached))
        if self._below:
            notes.append(
                phrase("chat.health.below", lang, count=self._below, level=self._min_level)
            )
        return (*notes, *self._chat.notes)

    def _wanted(self, lang: str) -> tuple[str, ...]:
        return self._langs if lang in self._langs else (lang,)

    def _is_chosen(self, record: ChangeRecord) -> bool:
        return LEVELS.index(record.analysis.level) <= LEVELS.index(self._min_level)

    def _take(self, case: Case, reply: Reply, langs: Sequence[str]) -> None:
        result = analysed(case, reply, langs, self.name)
        self._analysed[result.change_id] = result
        self._removed.extend(result.removed)
        if result.prose is not None:
            self._proses[result.change_id] = result.prose
        else:
            self._count(result.fault or Fault("checks"))

    def _count(self, fault: Fault | None) -> None:
        if fault is not None:
            self._faults[fault.kind] += 1
            self._details.setdefault(fault.kind, fault.detail)

    def _checked(self, verified: Verified) -> str:
        self._removed.extend(verified.removed)
        return verified.text if verified.enough else ""


class EstimateReader(PatchReader, Protocol):
    def chat(self) -> AbstractContextManager[Chat | None]: ...

    def select(
        self,
        filters: Filters,
        *,
        order: str = "newest",
        limit: int | None = None,
        offset: int = 0,
        include_bots: bool = True,
    ) -> Sequence[ChangeRecord]: ...

    def record(self, change_id: str, patches: bool = False) -> ChangeRecord: ...


def estimate(reader: EstimateReader, request: ReportRequest) -> str:
    """What a report would cost at most, in words; nothing is sent (`--dry-run`)."""
    lang = request.lang
    with reader.chat() as chat:
        if chat is None:
            return phrase("chat.estimate.none", lang)
        if request.change_id is not None:
            records: Sequence[ChangeRecord] = [reader.record(request.change_id)]
        elif request.period is not None:
            since, until = request.period.since, request.period.until
            if request.as_of is not None:
                until = min(until, request.as_of)
            records = reader.select(replace(request.filters, since=since, until=until))
        else:
            records = reader.select(request.filters, limit=TOPIC_CHANGES)
        found = ModelWriter(reader, chat).estimate(records, lang)
        settings = chat.settings
    parts = 0 if request.change_id is not None else PARTS
    lines = [
        phrase(
            "chat.estimate.changes",
            lang,
            calls=found.calls,
            cached=found.cached,
            tokens_in=found.tokens_in,
            tokens_out=found.tokens_out_at_most,
        )
    ]
    if parts:
        room = settings.context_tokens - settings.max_tokens
        lines.append(
            phrase(
                "chat.estimate.parts",
                lang,
                calls=parts,
                tokens_in=parts * room,
                tokens_out=parts * settings.max_tokens,
            )
        )
    return "\n".join(lines)


def counted(task: WritingTask) -> tuple[str, ...]:
    """The draft's first sentences that state the counts: these are code's, never the model's."""
    lead: list[str] = []
    for sentence in sentences(" ".join(task.draft)):
        if not any(value in sentence for value in task.facts.values()):
            break
        lead.append(sentence)
    return tuple(lead[:2])


def shortened(text: str, max_words: int, lang: str) -> str:
    """Whole sentences up to the limit (1.2 times it: a sentence more is better than half a thought)."""
    limit = max_words * (2.4 if lang == "zh" else 1.2)
    kept: list[str] = []
    used = 0
    for sentence in sentences(text):
        used += len(sentence) if lang == "zh" else len(sentence.split())
        if kept and used > limit:
            break
        kept.append(sentence)
    return join(kept)


__all__ = ["ModelWriter", "PatchReader"]
