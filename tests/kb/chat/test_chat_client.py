"""The client over real HTTP: each way of asking, each fault, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from chat_world import MemoryCache, settings_for
from openai_server import OpenAIServer, Request, chatty
from pydantic import BaseModel

from kb.chat.client import Ask, Chat, open_chat
from kb.chat.pace import Pace
from kb.errors import ChatError, StoreError

FAST = Pace(first_s=0.01, longest_s=0.05)


class Note(BaseModel):
    """A note."""

    summary_en: str
    impact_en: list[str] = []


def author(request: Request) -> dict[str, Any]:
    del request
    return {"summary_en": "Fine.", "impact_en": ["a", "b"]}


def ask(key: str = "one", evidence: str = "") -> Ask:
    return Ask(
        key,
        "Answer with JSON.",
        f"Say it ({key}).\nAnswer with exactly these fields: summary_en, impact_en.",
        Note,
        "t-1",
        evidence or key,
    )


def chat(server: OpenAIServer, cache: Any = None, pace: Pace = FAST, **values: Any) -> Chat:
    return Chat("openai:scripted", settings_for(server.url, **values), cache, pace=pace)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(author) as started:
        yield started


def test_a_schema_is_sent_and_the_answer_validated(server: OpenAIServer) -> None:
    reply = chat(server).ask(ask())
    assert reply.value == Note(summary_en="Fine.", impact_en=["a", "b"])
    assert reply.method == "json_schema"
    assert server.requests[0].way == "json_schema"
    schema = server.requests[0].body["response_format"]["json_schema"]["schema"]
    assert set(schema["properties"]) == {"summary_en", "impact_en"}


@pytest.mark.parametrize(
    ("supported", "method"),
    [("tools", "function_calling"), ("json_object", "json_mode"), ("text", "text")],
)
def test_a_server_that_knows_one_way_only_is_asked_that_way(supported: str, method: str) -> None:
    with OpenAIServer(author, supports=[supported]) as server:
        talk = chat(server)
        assert talk.ask(ask()).method == method
        before = len(server.requests)
        assert talk.ask(ask("two")).value is not None
        assert len(server.requests) == before + 1  # the way that worked is remembered


def test_json_inside_prose_and_thinking_is_found() -> None:
    def told(request: Request) -> str:
        return '<think>{"summary_en": "no"}</think>Here:\n```json\n{"summary_en": "Yes."}\n```'

    with OpenAIServer(told, supports=["text"]) as server:
        reply = chat(server).ask(ask())
        assert isinstance(reply.value, Note)
        assert reply.value.summary_en == "Yes."


@pytest.mark.parametrize("fault", ["429", "500", "503", "drop"])
def test_a_passing_fault_is_tried_again(fault: str) -> None:
    with OpenAIServer(author, faults=[fault, fault]) as server:
        reply = chat(server).ask(ask())
        assert reply.value is not None
        assert len(server.requests) == 3
        assert len(reply.trials) == 2


def test_a_timeout_is_tried_again_and_named() -> None:
    with OpenAIServer(author, faults=["timeout"] * 9, timeout_s=2) as server:
        started = time.monotonic()
        reply = chat(server, timeout=0.2, retries=1).ask(ask())
        assert reply.fault is not None
        assert reply.fault.kind == "timeout"
        assert len(server.requests) == 2
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("status", ["401", "403"])
def test_a_refused_key_stops_at_once(status: str) -> None:
    with OpenAIServer(author, faults=lambda number, request: status) as server:
        talk = chat(server, concurrency=1)
        replies = talk.ask_all([ask(str(n)) for n in range(20)])
        assert len(server.requests) == 1
        assert {reply.fault.kind for reply in replies if reply.fault} == {"refused"}
        assert talk.stopped is not None


def test_no_key_stands_in_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key-0123456789")
    with OpenAIServer(author, faults=["401"]) as server:
        reply = chat(server).ask(ask())
        assert server.requests[0].headers["authorization"] == "Bearer sk-very-secret-key-0123456789"
        assert "very-secret" not in f"{reply.fault} {reply.trials} {reply}"


def test_a_long_retry_after_is_capped() -> None:
    with OpenAIServer(author, faults=["429"], retry_after="3600") as server:
        started = time.monotonic()
        assert chat(server).ask(ask()).value is not None
        assert time.monotonic() - started < 2


def test_retry_after_is_waited_for() -> None:
    with OpenAIServer(author, faults=["429"], retry_after="0.3") as server:
        chat(server, pace=Pace(first_s=0.0, longest_s=5)).ask(ask())
        assert server.requests[1].at - server.requests[0].at >= 0.29


def test_a_cut_answer_is_a_fault_and_is_never_mended() -> None:
    with OpenAIServer(author, faults=lambda number, request: "cut") as server:
        for way in ("json_schema", "tools", "json_object", "text"):
            server.supports = (way,)
            reply = chat(server).ask(ask())
            assert reply.value is None
            assert reply.fault is not None
            assert reply.fault.kind == "cut"


@pytest.mark.parametrize("fault", ["malformed", "empty"])
def test_an_unusable_answer_is_asked_for_in_another_way(fault: str) -> None:
    with OpenAIServer(author, faults=[fault]) as server:
        reply = chat(server).ask(ask())
        assert reply.value is not None
        assert reply.method == "function_calling"
        assert [request.way for request in server.requests] == ["json_schema", "tools"]
    with OpenAIServer(author, faults=[fault] * 4) as server:
        reply = chat(server).ask(ask())
        assert reply.fault is not None
        assert reply.fault.kind == fault
        assert len(server.requests) == 4


def test_one_slip_does_not_change_how_the_next_is_asked() -> None:
    with OpenAIServer(author, faults=["malformed"]) as server:
        talk = chat(server)
        talk.ask(ask())
        assert talk.ask(ask("two")).method == "json_schema"


def test_a_dead_provider_trips_the_breaker_instead_of_every_timeout() -> None:
    with OpenAIServer(author, faults=lambda number, request: "500") as server:
        replies = chat(server, concurrency=4).ask_all([ask(str(n)) for n in range(100)])
        assert len(server.requests) <= FAST.breaker + 4
        assert {reply.fault.kind for reply in replies if reply.fault} <= {"breaker", "server"}
        assert all(reply.value is None for reply in replies)


def test_a_provider_that_is_not_there_is_a_fault() -> None:
    with OpenAIServer(author) as server:
        url = server.url
    talk = Chat("openai:x", settings_for(url), pace=FAST)
    reply = talk.ask(ask())
    assert reply.fault is not None
    assert reply.fault.kind in ("connection", "breaker")


def test_the_second_time_costs_nothing(server: OpenAIServer) -> None:
    cache = MemoryCache()
    asks = [ask(str(n)) for n in range(6)]
    chat(server, cache).ask_all(asks)
    again = chat(server, cache)
    replies = again.ask_all(asks)
    assert len(server.requests) == 6
    assert all(reply.cached and reply.value for reply in replies)
    assert (again.usage.calls, again.usage.cached) == (0, 6)


def test_a_changed_input_is_asked_again_alone(server: OpenAIServer) -> None:
    cache = MemoryCache()
    chat(server, cache).ask_all([ask(str(n)) for n in range(6)])
    chat(server, cache).ask_all([ask(str(n), "edited" if n == 3 else "") for n in range(6)])
    assert len(server.requests) == 7


def test_no_cache_asks_again_and_keeps_the_answer(server: OpenAIServer) -> None:
    cache = MemoryCache()
    settings = settings_for(server.url)
    for _ in range(2):
        talk = open_chat(None, settings, cache, use_cache=False)
        assert talk is not None
        talk.ask(ask())
    assert len(server.requests) == 2
    assert len(cache.answers) == 1


def test_an_archive_that_cannot_be_written_is_noted_once(server: OpenAIServer) -> None:
    class Full(MemoryCache):
        def put_answer(self, *args: Any, **values: Any) -> None:
            raise StoreError("the disk is full")

    talk = chat(server, Full())
    replies = talk.ask_all([ask(str(n)) for n in range(4)])
    assert all(reply.value for reply in replies)
    assert talk.notes == ["answers are not kept: the disk is full"]


def test_max_calls_stops_spending(server: OpenAIServer) -> None:
    talk = chat(server, max_calls=3, concurrency=4)
    replies = talk.ask_all([ask(str(n)) for n in range(10)])
    assert len(server.requests) == 3
    assert sum(reply.value is not None for reply in replies) == 3
    assert {reply.fault.kind for reply in replies if reply.fault} == {"calls"}


def test_a_token_budget_stops_spending(server: OpenAIServer) -> None:
    talk = chat(server, budget_tokens=1200, max_tokens=400, concurrency=1)
    replies = talk.ask_all([ask(str(n)) for n in range(60)])
    assert 0 < len(server.requests) < 60
    assert talk.usage.tokens <= 1200
    assert {reply.fault.kind for reply in replies if reply.fault} == {"budget"}


def test_calls_run_side_by_side_up_to_the_setting() -> None:
    with OpenAIServer(author, delay_s=0.15) as server:
        started = time.monotonic()
        chat(server, concurrency=8).ask_all([ask(str(n)) for n in range(24)])
        assert server.most_running == 8
        assert time.monotonic() - started < 2.4


def test_an_interruption_keeps_what_is_done() -> None:
    cache = MemoryCache()
    with OpenAIServer(author, delay_s=0.02) as server:
        talk = chat(server, cache, concurrency=2)
        seen = 0

        def interrupt(reply: Any) -> None:
            nonlocal seen
            seen += 1
            if seen == 5:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            talk.ask_all([ask(str(n)) for n in range(50)], interrupt)
        assert 5 <= len(cache.answers) <= 8
        time.sleep(0.2)
        assert len(server.requests) <= 10


def test_tokens_and_time_are_counted(server: OpenAIServer) -> None:
    talk = chat(server)
    talk.ask(ask())
    assert talk.usage.calls == 1
    assert talk.usage.tokens_in > 0
    assert talk.usage.tokens_out > 0


def test_a_dry_run_sends_nothing(server: OpenAIServer) -> None:
    cache = MemoryCache()
    talk = chat(server, cache)
    talk.ask(ask("0"))
    estimate = talk.estimate([ask(str(n)) for n in range(5)])
    assert (estimate.calls, estimate.cached) == (4, 1)
    assert estimate.tokens_in > 0
    assert len(server.requests) == 1


def test_a_stream_that_ends_without_a_reason_is_cut() -> None:
    with OpenAIServer(lambda request: "One two three four.", faults={0: "half-stream"}) as server:
        talk = chat(server)
        with pytest.raises(Exception, match="cut"):
            list(talk.stream(ask()))
        assert "".join(talk.stream(ask())) == "One two three four."


def test_a_missing_provider_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "langchain_ollama", None)
    monkeypatch.setitem(sys.modules, "langchain_community", None)
    from langchain.chat_models import base

    base._get_chat_model_creator.cache_clear()
    from kb.settings import ChatSettings

    with pytest.raises(ChatError) as error:
        Chat("ollama:qwen3:8b", ChatSettings()).ask(ask())
    assert error.value.hint == "pip install 'repo-kb[ollama]'"
    base._get_chat_model_creator.cache_clear()


def test_a_missing_key_is_one_error_with_its_name() -> None:
    from kb.settings import ChatSettings

    with pytest.raises(ChatError, match="OPENAI_API_KEY is not set"):
        Chat("openai:gpt-x", ChatSettings()).ask(ask())


@pytest.mark.parametrize("name", ["gpt-x", "nobody:model"])
def test_a_name_without_a_provider_is_refused(name: str) -> None:
    from kb.settings import ChatSettings

    def talk() -> None:
        opened = open_chat(name, ChatSettings())
        assert opened is not None
        opened.ask(ask())

    with pytest.raises(ChatError, match="provider"):
        talk()


def test_none_means_no_model() -> None:
    from kb.settings import ChatSettings

    assert open_chat("none", ChatSettings(model="openai:x")) is None
    assert open_chat(None, ChatSettings()) is None


def test_ollama_and_anthropic_open_with_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    from kb.chat.models import open_model
    from kb.settings import ChatSettings

    monkeypatch.setenv("ANTHROPIC_API_KEY", "x" * 20)
    claude: Any = open_model("anthropic:some-model", ChatSettings(timeout=7))
    assert claude.default_request_timeout == 7
    assert claude.max_retries == 0
    llama: Any = open_model("ollama:qwen3:8b", ChatSettings(timeout=7))
    assert llama.model == "qwen3:8b"
    assert llama.client_kwargs["timeout"] == 7


def test_chatty_answers_are_read_over_http() -> None:
    with OpenAIServer(chatty, supports=["text"]) as server:
        reply = chat(server).ask(ask())
        assert reply.value is not None
