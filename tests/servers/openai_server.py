"""An OpenAI-compatible server on loopback whose models are scripted: honest ones, liars, dead ones.

    with OpenAIServer(author=inventing) as server:
        settings = ChatSettings(model="openai:test", base_url=server.url)

`author` writes the answer to a request (see Request); `faults` names what goes wrong with the n-th
request (a list, a dict by number, or a function): 401, 403, 429, 500, 503, timeout, cut, empty,
malformed, half-stream, no-reason, drop. `supports` are the ways of asking that it takes; others get a 400.
Every request is kept in `requests`.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVERY_WAY = ("json_schema", "tools", "json_object", "text")
Faults = Sequence[str | None] | Mapping[int, str] | Callable[[int, "Request"], str | None]


@dataclass
class Request:
    body: dict[str, Any]
    headers: dict[str, str]
    path: str
    at: float = field(default_factory=time.monotonic)

    @property
    def way(self) -> str:
        if self.body.get("tools"):
            return "tools"
        return str(self.body.get("response_format", {}).get("type", "text"))

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def system(self) -> str:
        return "\n".join(m["content"] for m in self.body["messages"] if m["role"] == "system")

    @property
    def user(self) -> str:
        return "\n".join(m["content"] for m in self.body["messages"] if m["role"] == "user")

    @property
    def evidence(self) -> str:
        """What stands between the two fences."""
        fence = re.search(r"=== DATA \w+ ===", self.system)
        parts = self.user.split(fence[0]) if fence else []
        return parts[1].strip() if len(parts) > 2 else ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the prompt asks for; none for a plain text."""
        found = re.search(r"(?:exactly th(?:ese|is) fields?|字段恰好是)\s*[:：]\s*(.+)", self.user)
        told = re.sub(r"[(（][^)）]*[)）]", "", found[1]) if found else ""
        return tuple(re.findall(r"[a-z_]+", told))

    @property
    def kind(self) -> str:
        """change, write, rank, answer."""
        names = self.fields
        if any(name.startswith("summary_") for name in names):
            return "change"
        return (
            "write"
            if names and names[0].startswith("texts")
            else "rank"
            if "ranking" in names
            else "answer"
        )

    @property
    def items(self) -> int:
        found = re.search(r"list of (\d+)|列表，(\d+)", self.user)
        return int(found[1] or found[2]) if found else 1

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """(reference, text) of every change in the evidence."""
        found = re.split(r"(?:^|\n\n)(#\d+|\[\d+\])(?: \((?:earlier change)\))? ", self.evidence)
        pairs = list(zip(found[1::2], found[2::2], strict=False))
        return [(ref, text.split("\n\nDraft (by rules)")[0]) for ref, text in pairs]

    @property
    def title(self) -> str:
        found = re.search(r"^Title: (.*)$", self.evidence, re.MULTILINE)
        return found[1] if found else ""


Author = Callable[[Request], dict[str, Any] | str]


# --- authors ---------------------------------------------------------------------------------


def _sentence(title: str) -> str:
    return re.sub(r"\s*\(#\d+\)$", "", title.split("\n")[0]).strip().rstrip(".。") + "."


def _figures(text: str) -> str:
    """The first measured sentence of a block, as it stands."""
    found = re.search(r"^measured: (.*)$", text, re.MULTILINE)
    return found[1].rstrip(".。") if found else ""


def honest(request: Request) -> dict[str, Any] | str:
    """Repeats what it was shown, with the reference that it belongs to."""
    if request.kind == "change":
        values: dict[str, Any] = {}
        for name in request.fields:
            field_name, _, lang = name.rpartition("_")
            tail = "这个变更已合并。" if lang == "zh" else "It is merged."
            said = f"{_sentence(request.title)} {tail}" if field_name == "summary" else tail
            listed = {
                "impact": [tail],
                "insights": [f"tests: {tail}"],
                "risks": [tail],
                "suggestions": [tail],
            }
            values[name] = listed.get(field_name, said)
        return values
    if request.kind == "rank":
        rows = [
            {"ref": ref, "importance": 9.0, "reason": "It moves much."} for ref, _ in request.blocks
        ]
        return {"ranking": rows[::-1]}
    said = [f"{_sentence(text)[:-1]} ({ref})." for ref, text in request.blocks[:4]]
    said += [f"{_figures(text)} ({ref})." for ref, text in request.blocks[:4] if _figures(text)]
    if request.kind == "write":
        several = [said[place % len(said)] for place in range(request.items)]
        texts = [" ".join(said)] if request.items == 1 else several
        return dict.fromkeys(request.fields, texts)
    cited = [sentence.replace("([", "[").replace("]).", "].") for sentence in said[:3]]
    return {"answered": True, "sentences": cited} if request.fields else " ".join(cited)


LIES = (
    "See #99999 for the rest.",
    "Throughput rises 87.3% {ref}.",
    "It saves 4711 ms {ref}.",
    "吞吐提升十七倍 {ref}。",
    "The work is in kb_invented_file.py {ref}.",
    "`InventedScheduler` was added {ref}.",
    "Pass --invented-flag to use it {ref}.",
    "More at https://evil.example/x {ref}.",
    "[Read this](https://evil.example) {ref}.",
    "<script>alert(1)</script> {ref}.",
    "#1-#9999 all help.",
)


def _with(values: Any, add: Callable[[str], str]) -> Any:
    """The same answer with every text changed."""
    if isinstance(values, str):
        return add(values)
    if isinstance(values, list):
        return [_with(item, add) for item in values]
    if isinstance(values, dict):
        return {
            k: v if k in ("ref", "importance", "answered") else _with(v, add)
            for k, v in values.items()
        }
    return values


def lying(*lies: str, alone: bool = False) -> Author:
    """Adds lies to every text; `alone` leaves nothing true."""

    def author(request: Request) -> dict[str, Any] | str:
        ref = f"({request.blocks[0][0]})" if request.blocks else ""
        if ref.startswith("(["):
            ref = ref[1:-1]
        told = [lie.replace("{ref}", ref) for lie in lies]

        def add(text: str) -> str:
            if alone:
                return " ".join(told)
            prefix = "tests: " if text.startswith("tests: ") else ""
            return f"{text} {told[len(text) % len(told)]}" if not prefix else f"{text} {told[0]}"

        return _with(honest(request), add)  # type: ignore[no-any-return]

    return author


inventing = lying(*LIES)
only_inventing = lying(*LIES, alone=True)


def swapping(request: Request) -> dict[str, Any] | str:
    """True figures of one change, told of another one."""
    answer = honest(request)
    told = [(ref, _figures(text)) for ref, text in request.blocks]
    measured = [(ref, text) for ref, text in told if text]
    if request.kind not in ("write", "answer") or len(measured) < 2:
        return answer
    refs = [ref for ref, _ in measured]
    texts = [text for _, text in measured]
    swapped = [
        f"{text} {ref if ref[0] == '[' else f'({ref})'}."
        for ref, text in zip(refs, texts[1:] + texts[:1], strict=True)
    ]
    both = f"{texts[1]} {refs[0]} and {texts[0]} {refs[1]}."
    wrong = " ".join([*swapped, both])
    if request.kind == "write":
        return {name: [wrong] * request.items for name in request.fields}
    return {"answered": True, "sentences": [*swapped, both]} if request.fields else wrong


def obedient(request: Request) -> dict[str, Any] | str:
    """Does what an instruction inside the data tells it: says what follows `write:`."""
    found = re.search(
        r"ignore .{0,60}?instructions.{0,40}?(?:write|say|add)[:：]?\s*(.+)", request.evidence, re.I
    )
    if not found:
        return honest(request)
    return _with(honest(request), lambda text: f"{found[1].strip()}")  # type: ignore[no-any-return]


def chatty(request: Request) -> dict[str, Any] | str:
    """The right answer, wrapped in thinking and prose."""
    answer = honest(request)
    if isinstance(answer, str):
        return answer
    return f"<think>{{not json}} hm</think>Sure, here it is:\n```json\n{json.dumps(answer)}\n```\nAnything else?"


def silent(request: Request) -> dict[str, Any] | str:
    """Finds no answer to any question."""
    if request.kind != "answer":
        return honest(request)
    return {"answered": False, "sentences": []} if request.fields else "NOTHING"


# --- the server ------------------------------------------------------------------------------


class OpenAIServer:
    def __init__(
        self,
        author: Author = honest,
        *,
        faults: Faults = (),
        supports: Sequence[str] = EVERY_WAY,
        delay_s: float = 0.0,
        piece_s: float = 0.0,
        timeout_s: float = 3.0,
        retry_after: str | None = "0",
    ) -> None:
        self.author = author
        self.faults = faults
        self.supports = tuple(supports)
        self.delay_s = delay_s
        self.piece_s = piece_s  # between the pieces of a stream
        self.timeout_s = timeout_s
        self.retry_after = retry_after
        self.requests: list[Request] = []
        self.running = 0
        self.most_running = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> OpenAIServer:
        server = self

        class Handler(_Handler):
            owner = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def record(self, request: Request) -> int:
        with self._lock:
            self.requests.append(request)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            return len(self.requests) - 1

    def leave(self) -> None:
        with self._lock:
            self.running -= 1

    def fault(self, number: int, request: Request) -> str | None:
        if callable(self.faults):
            return self.faults(number, request)
        if isinstance(self.faults, Mapping):
            return self.faults.get(number)
        return self.faults[number] if number < len(self.faults) else None

    def wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    owner: OpenAIServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = Request(body, {k.lower(): v for k, v in self.headers.items()}, self.path)
        number = self.owner.record(request)
        try:
            self._serve(request, self.owner.fault(number, request))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.owner.leave()

    def _serve(self, request: Request, fault: str | None) -> None:
        self.owner.wait(self.owner.delay_s)
        if fault == "timeout":
            self.owner.wait(self.owner.timeout_s)
            self.close_connection = True
        elif fault == "drop":
            self.close_connection = True
        elif fault and fault.isdigit():
            headers = {}
            if fault == "429" and self.owner.retry_after is not None:
                headers["Retry-After"] = self.owner.retry_after
            key = request.headers.get("authorization", "")
            self._json(
                int(fault), {"error": {"message": f"no: {key}", "type": "scripted"}}, headers
            )
        elif request.way not in self.owner.supports:
            self._json(400, {"error": {"message": f"{request.way} is not supported here"}})
        else:
            self._answer(request, fault)

    def _answer(self, request: Request, fault: str | None) -> None:
        answer = self.owner.author(request)
        content = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        reason: str | None = "stop"
        if fault == "cut":
            content, reason = content[: len(content) // 2], "length"
        elif fault == "empty":
            content = ""
        elif fault == "malformed":
            content = "{'summary_en': \"" + content[:10].replace("{", "")
        usage = {
            "prompt_tokens": len(request.system + request.user) // 4,
            "completion_tokens": len(content) // 4,
        }
        usage["total_tokens"] = sum(usage.values())
        if request.stream:
            self._stream(content, reason, usage, fault)
            return
        message: dict[str, Any] = {"role": "assistant", "content": content}
        if request.way == "tools" and fault != "empty":
            name = request.body["tools"][0]["function"]["name"]
            call = {
                "id": "call_1",
                "type": "function",
                "function": {"name": name, "arguments": content},
            }
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
            reason = "tool_calls" if reason == "stop" else reason
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": None if fault == "no-reason" else reason,
        }
        self._json(
            200,
            {
                **_HEAD,
                "object": "chat.completion",
                "model": request.body["model"],
                "choices": [choice],
                "usage": usage,
            },
        )

    def _stream(
        self, content: str, reason: str | None, usage: dict[str, int], fault: str | None
    ) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        pieces = re.findall(r"\S+\s*|\s+", content) or [""]
        if fault in ("half-stream", "cut"):
            pieces = pieces[: max(1, len(pieces) // 2)]
        for piece in pieces:
            self.owner.wait(self.owner.piece_s)
            self._event({"delta": {"role": "assistant", "content": piece}, "finish_reason": None})
        if fault == "drop-stream":
            return
        if fault != "half-stream":
            self._event({"delta": {}, "finish_reason": reason})
            self._send({**_HEAD, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, choice: dict[str, Any]) -> None:
        self._send(
            {**_HEAD, "object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]}
        )

    def _send(self, value: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
        self.wfile.flush()

    def _json(
        self, status: int, value: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)


_HEAD = {"id": "chatcmpl-1", "created": 1700000000, "model": "scripted"}
