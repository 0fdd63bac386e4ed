"""A GitHub-shaped server on loopback: REST lists with pages and links, GraphQL, and a plan of faults.

    with GithubServer(pulls=some_pulls(1000)) as server:
        server.plan(Fault.status(502, times=3))
        github = Github("acme/relay", server.url, environ={"GITHUB_TOKEN": "..."})

Faults are tried in order before an answer is made; each one strikes `times` times, where `on` (a part
of "METHOD path query") is found. Every request is kept in `requests`.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from github_data import (
    FakePull,
    comment_rows,
    file_row,
    pull_row,
    repository_row,
    review_rows,
    some_pulls,
)
from github_graph import HostError, _merge, execute

__all__ = ["FakePull", "Fault", "GithubServer", "Request", "some_pulls"]
TOKEN = "ghp_" + "7" * 36  # of nobody


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def line(self) -> str:
        return f"{self.method} {self.path} {urlencode(self.query)} {self.body.get('query', '')}"


@dataclass
class Fault:
    """What goes wrong: `act` answers the request itself (True) or lets it be answered (False)."""

    act: Callable[[_Handler, Request], bool]
    on: str = ""
    times: int = 1
    after: int = 0  # strikes only from the n-th matching request on

    def strikes(self, request: Request) -> bool:
        if self.times <= 0 or self.on not in request.line:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True

    @classmethod
    def status(
        cls,
        status: int,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **where: Any,
    ) -> Fault:
        def act(handler: _Handler, request: Request) -> bool:
            del request
            handler.answer(status, {"message": "no"} if body is None else body, headers or {})
            return True

        return cls(act, **where)

    @classmethod
    def html(cls, status: int = 200, **where: Any) -> Fault:
        return cls.status(status, "<!DOCTYPE html><title>Unicorn!</title>", **where)

    @classmethod
    def drop(cls, **where: Any) -> Fault:
        """The connection is closed without an answer."""

        def act(handler: _Handler, request: Request) -> bool:
            del request
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return True

        return cls(act, **where)

    @classmethod
    def cut(cls, **where: Any) -> Fault:
        """The body breaks off in the middle."""

        def act(handler: _Handler, request: Request) -> bool:
            status, value, headers = handler.app.respond(request)
            handler.answer(status, value, headers, part=0.5)
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return True

        return cls(act, **where)

    @classmethod
    def graphql(cls, kind: str, message: str = "no", **where: Any) -> Fault:
        """An answer with status 200 that holds an error and no data."""
        return cls.status(
            200, {"data": None, "errors": [{"type": kind, "message": message}]}, **where
        )

    @classmethod
    def meanwhile(cls, change: Callable[[GithubServer], None], **where: Any) -> Fault:
        """Something changes on the host before it answers."""

        def act(handler: _Handler, request: Request) -> bool:
            del request
            change(handler.app)
            return False

        return cls(act, **where)

    @classmethod
    def heavy(cls, more_than: int, status: int = 502, **where: Any) -> Fault:
        """Pages of more than so many pull requests fail."""

        def act(handler: _Handler, request: Request) -> bool:
            if int((request.body.get("variables") or {}).get("first") or 0) <= more_than:
                return False
            handler.answer(status, "<html>Bad gateway</html>", {})
            return True

        return cls(act, **{"times": 10_000, **where})

    @classmethod
    def slow(cls, seconds: float, **where: Any) -> Fault:
        def act(handler: _Handler, request: Request) -> bool:
            del handler, request
            time.sleep(seconds)
            return False

        return cls(act, **where)


@dataclass
class GithubServer:
    """One repository, `name`; `now` is the host's clock, which answers carry as their Date."""

    pulls: dict[int, FakePull] | Iterable[FakePull] = field(default_factory=dict)
    name: str = "acme/relay"
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    graphql_enabled: bool = True
    pulls_enabled: bool = True
    visible: bool = True
    renamed: dict[str, str] = field(default_factory=dict)
    now: datetime = datetime(2026, 6, 1, tzinfo=UTC)
    requests: list[Request] = field(default_factory=list)
    points: int = 0
    broken_fields: dict[tuple[int, str], int] = field(default_factory=dict)
    requests_left: int | None = None  # of the hour; None: no limit
    reset_in_s: int = 1800

    def __post_init__(self) -> None:
        if not isinstance(self.pulls, dict):
            self.pulls = {pull.number: pull for pull in self.pulls}
        self.faults: list[Fault] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.app = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    web = "https://github.com"

    def __enter__(self) -> GithubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def plan(self, *faults: Fault) -> None:
        self.faults.extend(faults)

    def forget(self) -> None:
        self.requests.clear()

    def update(self, number: int, **values: Any) -> FakePull:
        """Somebody edits a pull request: an hour passes, and its time of update moves."""
        self.now += timedelta(hours=1)
        pull = self.pulls[number]  # type: ignore[index]
        for key, value in values.items():
            setattr(pull, key, value)
        pull.updated_at = self.now
        return pull

    def add(self, pull: FakePull) -> None:
        self.now += timedelta(hours=1)
        pull.created_at = pull.merged_at = pull.updated_at = self.now
        self.pulls[pull.number] = pull  # type: ignore[index]

    def count(self, part: str = "") -> int:
        return sum(part in request.line for request in self.requests)

    def cost_of(self, query: str) -> int:
        cost = 16 if "reviewThreads" in query else 1
        self.points += cost
        return cost

    def break_field(self, number: int, name: str) -> None:
        left = self.broken_fields.get((number, name), 0)
        if left > 0:
            self.broken_fields[number, name] = left - 1
            raise HostError("INTERNAL", "Something went wrong while executing your query.")

    def commit_of(self, oid: str) -> dict[str, Any] | None:
        pulls = self.pulls.values()  # type: ignore[union-attr]
        return next((_merge(pull) for pull in pulls if pull.sha == oid), None)

    # --- answers ------------------------------------------------------------------------------

    def respond(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        limited = self._limit(request)
        if limited is not None:
            return limited
        key = (
            request.headers.get("authorization", "").removeprefix("token ").removeprefix("Bearer ")
        )
        if key and key not in self.tokens:
            return 401, {"message": "Bad credentials"}, {}
        if request.path == "/graphql":
            if not key:
                return 401, {"message": "This endpoint requires you to be authenticated."}, {}
            if not self.graphql_enabled:
                return 404, {"message": "Not Found"}, {}
            variables = request.body.get("variables") or {}
            return 200, execute(self, request.body["query"], variables), {}
        return self._rest(request)

    def _limit(self, request: Request) -> tuple[int, Any, dict[str, str]] | None:
        if self.requests_left is None:
            return None
        if self.requests_left > 0:
            self.requests_left -= 1
            return None
        headers = {
            "x-ratelimit-limit": "60",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(int(self.now.timestamp()) + self.reset_in_s),
        }
        return 403, {"message": "API rate limit exceeded for 127.0.0.1."}, headers

    def _rest(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        parts = request.path.strip("/").split("/")
        if parts[0] == "repositories" and len(parts) > 1:
            parts = ["repos", *self.name.split("/"), *parts[2:]]
        if parts[0] != "repos" or len(parts) < 3:
            return 404, {"message": "Not Found"}, {}
        name = "/".join(parts[1:3])
        if name in self.renamed and self.renamed[name] == self.name:
            rest = "/".join(["", *parts[3:]])
            # As GitHub does it: the new place by its number, and the query is left to the asker.
            return (
                301,
                {"message": "Moved Permanently"},
                {"location": f"{self.url}/repositories/1{rest}"},
            )
        if name != self.name or not self.visible:
            return 404, {"message": "Not Found"}, {}
        if len(parts) == 3:
            return 200, repository_row(self.name, self.web, self.url), {}
        if parts[3] != "pulls" or not self.pulls_enabled:
            return 404, {"message": "Not Found"}, {}
        if len(parts) == 4:
            return self._list(request)
        pull = self.pulls.get(int(parts[4]))  # type: ignore[union-attr]
        if pull is None:
            return 404, {"message": "Not Found"}, {}
        if len(parts) == 5:
            return 200, pull_row(pull, self.name, self.web, self.url, whole=True), {}
        rows = {
            "files": lambda: [file_row(file, self.name, self.web) for file in pull.files],
            "comments": lambda: comment_rows(pull, self.name, self.web, self.url),
            "reviews": lambda: review_rows(pull, self.name, self.web, self.url),
        }[parts[5]]()
        return self._paged(request, rows[:3000] if parts[5] == "files" else rows)

    def _list(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        by = request.query.get("sort", "created")
        order = (
            (lambda p: (p.updated_at, p.number))
            if by == "updated"
            else (lambda p: (p.created_at, p.number))
        )
        rows = sorted(
            self.pulls.values(), key=order, reverse=request.query.get("direction") != "asc"
        )  # type: ignore[union-attr]
        return self._paged(
            request, rows, lambda pull: pull_row(pull, self.name, self.web, self.url)
        )

    def _paged(
        self, request: Request, rows: list[Any], shape: Callable[[Any], Any] = lambda row: row
    ) -> tuple[int, Any, dict[str, str]]:
        size = min(100, int(request.query.get("per_page", 30)))
        number = int(request.query.get("page", 1))
        page = [shape(row) for row in rows[(number - 1) * size : number * size]]
        headers = {}
        if number * size < len(rows):
            query = urlencode({**request.query, "page": number + 1})
            last = urlencode({**request.query, "page": -(-len(rows) // size)})
            root = f"{self.url}{request.path}"
            headers["link"] = f'<{root}?{query}>; rel="next", <{root}?{last}>; rel="last"'
        return 200, page, headers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer; two cost 40 ms of delayed acknowledgement

    @property
    def app(self) -> GithubServer:
        return self.server.app  # type: ignore[attr-defined, no-any-return]

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def _handle(self, method: str) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        headers = {key.lower(): value for key, value in self.headers.items()}
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        request = Request(method, parts.path, query, headers, body)
        with self.app.lock:
            self.app.requests.append(request)
            striking = next((fault for fault in self.app.faults if fault.strikes(request)), None)
        if striking is not None and striking.act(self, request):
            return
        with self.app.lock:
            status, value, extra = self.app.respond(request)
        self.answer(status, value, extra)

    def answer(
        self, status: int, value: Any, headers: dict[str, str], part: float | None = None
    ) -> None:
        raw = (value if isinstance(value, str) else json.dumps(value)).encode()
        kind = "text/html" if isinstance(value, str) else "application/json; charset=utf-8"
        try:
            self.send_response_only(status)
            self.send_header("Date", format_datetime(self.app.now, usegmt=True))
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(raw)))
            for key, text in headers.items():
                self.send_header(key, text)
            self.end_headers()
            self.wfile.write(raw if part is None else raw[: int(len(raw) * part)])
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""
