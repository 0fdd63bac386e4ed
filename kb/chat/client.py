"""A chat model with its cache, budget, retries and breaker: what the rest of kb talks to."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kb.chat.budget import Budget, Usage, estimated_tokens
from kb.chat.cache import AnswerCache, NoCache, cache_key, hashed
from kb.chat.faults import RETRIED, Fault, Faulted, fault_of
from kb.chat.pace import Breaker, Pace
from kb.chat.structured import (
    METHODS,
    call,
    checked,
    messages_of,
    next_method,
    reason_of,
    usage_of,
)
from kb.errors import ChatError, StoreError
from kb.settings import ChatSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from pydantic import BaseModel


MISSES_ALLOWED = 3  # malformed or empty answers in a row before a way of asking is given up


@dataclass(frozen=True, slots=True)
class Ask:
    """One structured question. `evidence` is what is hashed for the cache: without the fence,
    which differs at every call.
    """

    key: str  # what it is about: a change id, a section
    system: str
    user: str
    schema: type[BaseModel]
    prompt_version: str
    evidence: str = ""
    about: tuple[str, ...] = ()  # the repositories that it holds text of: they may be forgotten

    @property
    def input_hash(self) -> str:
        return hashed(self.schema.__name__, self.evidence or f"{self.system}\0{self.user}")

    @property
    def tokens(self) -> int:
        return estimated_tokens(self.system) + estimated_tokens(self.user)


@dataclass(frozen=True, slots=True)
class Reply:
    """`value` is None exactly where `fault` says why. `method` is the way of asking that worked."""

    ask: Ask
    value: BaseModel | None = None
    fault: Fault | None = None
    cached: bool = False
    method: str = ""
    trials: tuple[str, ...] = ()  # faults on the way to the answer
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What `--dry-run` prints."""

    calls: int
    tokens_in: int
    tokens_out_at_most: int
    cached: int


class Chat:
    """One model of one run. Thread-safe where it says so; the cache is used by the caller's thread."""

    def __init__(
        self,
        name: str,
        settings: ChatSettings,
        cache: AnswerCache | None = None,
        *,
        pace: Pace | None = None,
        model: BaseChatModel | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self._cache: AnswerCache = cache or NoCache()
        self._pace = pace or Pace()
        self._model = model
        self._opening = threading.Lock()
        self._breaker = Breaker(self._pace.breaker)
        self._budget = Budget(settings.budget_tokens, settings.max_calls)
        self._method = METHODS[0]  # what is tried first
        self._misses = dict.fromkeys(METHODS, 0)
        self.notes: list[str] = []

    @property
    def usage(self) -> Usage:
        return self._budget.usage

    @property
    def stopped(self) -> Fault | None:
        """Why no further call is made, once that is so."""
        return self._breaker.fault

    def model(self) -> BaseChatModel:
        """The LangChain model, opened at the first need. Raises ChatError."""
        with self._opening:
            if self._model is None:
                from kb.chat.models import open_model

                self._model = open_model(self.name, self.settings)
            return self._model

    def ask(self, ask: Ask) -> Reply:
        """The answer to one question, from the cache or the provider."""
        return next(iter(self.ask_all([ask])))

    def ask_all(
        self, asks: Sequence[Ask], on_reply: Callable[[Reply], None] | None = None
    ) -> tuple[Reply, ...]:
        """All answers in the order of `asks`; each is kept as it comes, also before a Ctrl-C."""
        replies: dict[int, Reply] = {}
        for position, reply in self._replies(asks):
            replies[position] = reply
            if on_reply is not None:
                on_reply(reply)
        return tuple(replies[position] for position in range(len(asks)))

    def stream(self, ask: Ask) -> Iterator[str]:
        """The pieces of a plain answer as they come. Raises Faulted, also for one that was cut: a
        stream that ends early says so only by the lack of a finish reason.
        """
        refusal = self._breaker.fault or self._budget.reserve(ask.tokens)
        if refusal is not None:
            raise Faulted(refusal)
        from langchain_core.messages import AIMessage, AIMessageChunk

        started = time.monotonic()
        whole: AIMessageChunk | None = None
        try:
            for chunk in self.model().stream(messages_of(ask.system, ask.user)):
                if not isinstance(chunk, AIMessageChunk):
                    continue
                whole = chunk if whole is None else whole + chunk
                if isinstance(chunk.content, str) and chunk.content:
                    yield chunk.content
        except Exception as exc:
            fault = fault_of(exc)
            self._budget.settle(ask.tokens, Usage(failed=1))
            self._breaker.failed(fault)
            raise Faulted(fault) from exc
        message = AIMessage(
            content=whole.content if whole else "",
            response_metadata=whole.response_metadata if whole else {},
            usage_metadata=whole.usage_metadata if whole else None,
        )
        took = Usage(took_ms=int((time.monotonic() - started) * 1000))
        self._budget.settle(ask.tokens, usage_of(message, messages_of(ask.system, ask.user)) + took)
        checked(message)
        if not reason_of(message):
            raise Faulted(Fault("cut", "the stream ended without a finish reason"))
        self._breaker.succeeded()

    def estimate(self, asks: Sequence[Ask]) -> Estimate:
        open_asks = [ask for ask in asks if self._cached(ask) is None]
        return Estimate(
            len(open_asks),
            sum(ask.tokens for ask in open_asks),
            self.settings.max_tokens * len(open_asks),
            len(asks) - len(open_asks),
        )

    def _replies(self, asks: Sequence[Ask]) -> Iterator[tuple[int, Reply]]:
        waiting: list[tuple[int, Ask]] = []
        for position, ask in enumerate(asks):
            cached = self._cached(ask)
            if cached is None:
                waiting.append((position, ask))
            else:
                self._budget.count(Usage(cached=1))
                yield position, Reply(ask, cached, cached=True, method="cache")
        if not waiting:
            return
        self.model()  # a missing package or key is an error here, once, not a fault per change
        results: queue.Queue[tuple[int, Reply]] = queue.Queue()
        todo: queue.SimpleQueue[tuple[int, Ask]] = queue.SimpleQueue()
        for item in waiting:
            todo.put(item)
        for _ in range(min(max(1, self.settings.concurrency), len(waiting))):
            # Daemons: after Ctrl-C the process must not wait for answers that nobody will read.
            threading.Thread(target=self._work, args=(todo, results), daemon=True).start()
        try:
            for _ in waiting:
                yield self._keep(results.get())
        except BaseException:
            self._breaker.stop()
            while not results.empty():
                self._keep(results.get())
            raise

    def _work(
        self,
        todo: queue.SimpleQueue[tuple[int, Ask]],
        results: queue.Queue[tuple[int, Reply]],
    ) -> None:
        while True:
            try:
                position, ask = todo.get_nowait()
            except queue.Empty:
                return
            try:
                reply = self._answer(ask)
            except Exception as exc:  # noqa: BLE001 - a worker that dies would leave its caller waiting
                reply = Reply(ask, fault=fault_of(exc))
            results.put((position, reply))

    def _answer(self, ask: Ask) -> Reply:
        """Tries, waits, tries again, asks another way; always a Reply."""
        messages = messages_of(ask.system, ask.user)
        method: str = self._method
        attempt = 0
        trials: list[str] = []
        usage = Usage()
        while True:
            self._breaker.gate()
            refusal = self._breaker.fault or self._budget.reserve(
                expected := ask.tokens + self.settings.max_tokens // 4
            )
            if refusal is not None:
                self._budget.count(Usage(failed=1))
                return Reply(ask, fault=refusal, trials=tuple(trials), usage=usage)
            started = time.monotonic()
            try:
                value, spent = call(self.model(), messages, ask.schema, method)
            except Exception as exc:  # noqa: BLE001 - every vendor has its own tree; fault_of names them
                fault = fault_of(exc)
                spent = Usage(tokens_in=ask.tokens if fault.kind in _ANSWERED else 0)
                self._settle(expected, spent, started)
            else:
                self._settle(expected, spent, started)
                self._breaker.succeeded()
                if trials:
                    self._budget.count(Usage(fallbacks=1))
                self._misses[method] = 0
                return Reply(ask, value, method=method, trials=tuple(trials), usage=usage + spent)
            trials.append(f"{method} {fault}")
            usage += spent
            if fault.kind in RETRIED or fault.kind == "refused":
                if fault.kind != "limit" or attempt >= self.settings.retries:
                    self._breaker.failed(fault)
                if fault.kind in RETRIED and attempt < self.settings.retries:
                    wait = self._pace.wait(attempt, fault)
                    if fault.kind == "limit":
                        self._breaker.hold(wait)
                    self._breaker.pause(wait)
                    attempt += 1
                    continue
            elif (following := next_method(method, fault)) is not None:
                self._missed(method, fault)
                method = following
                continue
            self._budget.count(Usage(failed=1))
            return Reply(ask, fault=fault, trials=tuple(trials), usage=usage)

    def _missed(self, method: str, fault: Fault) -> None:
        """A server that cannot be asked in a way is not asked so again; one slip is no proof."""
        self._misses[method] += MISSES_ALLOWED if fault.kind == "unsupported" else 1
        if self._misses[method] >= MISSES_ALLOWED and method == self._method:
            self._method = next_method(method, fault) or method

    def _settle(self, expected: int, spent: Usage, started: float) -> None:
        took = int((time.monotonic() - started) * 1000)
        self._budget.settle(expected, spent + Usage(took_ms=took))

    def _identity(self) -> str:
        return f"{self.name}|{self.settings.base_url or ''}|{self.settings.temperature}"

    def _cached(self, ask: Ask) -> BaseModel | None:
        text = self._cache.cached_answer(
            cache_key(self._identity(), ask.prompt_version, ask.input_hash)
        )
        if text is None:
            return None
        from pydantic import ValidationError

        try:
            return ask.schema.model_validate_json(text)
        except ValidationError:
            return None  # kept by an older schema: ask again

    def _keep(self, item: tuple[int, Reply]) -> tuple[int, Reply]:
        """Store an answer that the provider gave; a store that cannot be written is noted once."""
        _, reply = item
        if reply.value is not None and not reply.cached:
            ask = reply.ask
            usage: Mapping[str, Any] = {
                "in": reply.usage.tokens_in,
                "out": reply.usage.tokens_out,
                "about": list(ask.about),
            }
            try:
                self._cache.put_answer(
                    cache_key(self._identity(), ask.prompt_version, ask.input_hash),
                    self.name,
                    ask.prompt_version,
                    ask.input_hash,
                    reply.value.model_dump_json(),
                    usage,
                )
            except StoreError as exc:
                note = f"answers are not kept: {exc.message}"
                if note not in self.notes:
                    self.notes.append(note)
        return item


_ANSWERED = frozenset(
    ("malformed", "cut", "empty", "filtered")
)  # the provider worked and will charge


def open_chat(
    name: str | None,
    settings: ChatSettings,
    cache: AnswerCache | None = None,
    *,
    use_cache: bool = True,
) -> Chat | None:
    """The chat of a run; None where none is wanted (`--chat none`, or no model in the settings)."""
    chosen = name or settings.model
    if not chosen or chosen.lower() == "none":
        return None
    from kb.chat.cache import WriteOnly
    from kb.chat.models import split_name

    split_name(chosen, settings.base_url)  # a wrong name is an error before anything is composed
    return Chat(chosen, settings, cache if use_cache or cache is None else WriteOnly(cache))


__all__ = ["Ask", "Chat", "ChatError", "Estimate", "Faulted", "Reply", "open_chat"]
