"""Asks GitHub through PyGithub's requester, one request at a time, and stays on one host.

PyGithub authenticates, encodes and masks its log; the connection below replaces its own, because
that one drops the query of a redirected request (a renamed repository then lists nothing), and reads
bodies without an end. What an answer means is decided in `github_limits`.
"""

from __future__ import annotations

import time
from collections.abc import ItemsView, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import parse_qs, urljoin, urlsplit

import github
import requests
import urllib3
from github.Requester import HTTPSRequestsConnectionClass, Requester, RequestsResponse

from ingest.sources.github_hosts import Endpoint, ForeignHost, Token, hide, same_host
from ingest.sources.github_limits import (
    AGAIN,
    OK,
    REFUSED,
    Patience,
    Verdict,
    judge,
    judge_graphql,
)
from kb.errors import SourceError

TIMEOUT_S = 30  # silence of the host; GraphQL itself ends a query after 10 s
ANSWER_LIMIT_S = 180.0  # one whole answer, so that a trickle cannot hold a run
ANSWER_LIMIT_BYTES = 96 * 1024 * 1024
MAX_REDIRECTS = 5
FEW_ATTEMPTS = 3  # of a request that concerns one change alone
USER_AGENT = "repo-kb"


class Refused(SourceError):
    """GitHub will not answer this, now or later: 401, 404, 410, 451 and their like."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status


class HeavyPage(Exception):
    """A query failed in a way that a smaller page may mend. Never leaves the GitHub source."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class _Answer(RequestsResponse):
    """A response whose body was read within our limits."""

    def __init__(self, response: requests.Response, body: str) -> None:
        super().__init__(response)
        self._body = body

    def getheaders(self) -> ItemsView[str, str]:
        return self.headers.items()

    def read(self) -> str:
        return self._body


class Connection(HTTPSRequestsConnectionClass):
    """One host; follows redirects there with their query, and nowhere else."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint.host, timeout=TIMEOUT_S)
        parts = urlsplit(endpoint.api)
        self._endpoint = endpoint
        self._root = f"{parts.scheme}://{parts.netloc}"
        self.session.trust_env = not endpoint.loopback  # no proxy to reach this machine
        self.session.mount("http://", self.adapter)

    def getresponse(self) -> RequestsResponse:
        url = self._root + self.url
        for _ in range(MAX_REDIRECTS + 1):
            with self.session.request(
                self.verb,
                url,
                headers=self.headers,
                data=cast("Any", self.input),
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response)
            location = response.headers.get("location")
            if response.status_code not in (301, 302, 307, 308) or not location:
                return _Answer(response, body)
            target = urljoin(url, location)
            if not same_host(self._endpoint, target):
                raise ForeignHost(target)
            query = urlsplit(url).query
            url = target if urlsplit(target).query or not query else f"{target}?{query}"
        raise SourceError(f"GitHub redirects in a circle ({self.url})", "check --github-url")


def _read(response: requests.Response) -> str:
    pieces, size, until = [], 0, time.monotonic() + ANSWER_LIMIT_S
    for piece in response.iter_content(65536):
        size += len(piece)
        if size > ANSWER_LIMIT_BYTES:
            raise SourceError(f"GitHub's answer is larger than {ANSWER_LIMIT_BYTES >> 20} MiB")
        if time.monotonic() > until:
            raise requests.exceptions.ReadTimeout("the answer did not end")
        pieces.append(piece)
    return b"".join(pieces).decode("utf-8", "replace")


@dataclass
class GithubClient:
    """Counts what it asks: `requests`, and `points` of GraphQL as the host tells them."""

    endpoint: Endpoint
    token: Token | None
    patience: Patience
    requests: int = 0
    points: int = 0
    remaining: int | None = None
    _requester: Requester = field(init=False, repr=False)
    _connection: Connection = field(init=False, repr=False)

    def __post_init__(self) -> None:
        auth = github.Auth.Token(self.token.value) if self.token else None
        # No pause between requests: they come one after the other, and what GitHub counts as
        # writes are mutations; PyGithub would hold every GraphQL query for a second.
        self._requester = github.Github(
            base_url=self.endpoint.api,
            auth=auth,
            retry=None,
            user_agent=USER_AGENT,
            per_page=100,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        ).requester
        self._connection = Connection(self.endpoint)

    def close(self) -> None:
        self._connection.close()
        self._requester.close()

    def get(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        one_of_many: bool = False,
    ) -> tuple[Any, dict[str, str]]:
        """A REST answer and its headers (lower case). `path` may be a next link of this host.

        `one_of_many`: what fails again and again is given up as Refused, so that others go on.
        Raises Refused, LimitReached, ForeignHost."""
        if not path.startswith("/") and not same_host(self.endpoint, path):
            raise ForeignHost(path)
        while True:
            verdict, data, headers = self._ask("GET", path, dict(parameters or {}), None)
            if verdict.kind == OK:
                self.patience.progressed()
                return data, headers
            self._refuse(verdict)
            if one_of_many and verdict.kind == AGAIN and self.patience.faults >= FEW_ATTEMPTS - 1:
                self.patience.progressed()
                raise Refused(self._last_status, f"{self.endpoint.host}: {verdict.reason}")
            self.patience.wait_for(verdict)

    def graphql(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The whole answer (`data` and `errors`).

        Raises HeavyPage for what a smaller page may mend, Refused, LimitReached."""
        body = {"query": query, "variables": dict(variables)}
        while True:
            verdict, data, headers = self._ask("POST", self._requester.graphql_url, {}, body)
            if verdict.kind == OK:
                verdict = judge_graphql(data, headers, self.patience.clock())
            if verdict.kind == OK:
                self.patience.progressed()
                self._count(data)
                return cast("dict[str, Any]", data)
            if verdict.heavy:
                raise HeavyPage(verdict)
            self._refuse(verdict)
            self.patience.wait_for(verdict)

    def _ask(
        self, verb: str, url: str, parameters: dict[str, Any], body: dict[str, Any] | None
    ) -> tuple[Verdict, Any, dict[str, str]]:
        self.requests += 1
        try:
            status, headers, text = self._requester.requestJson(
                verb, url, parameters, {}, body, self._connection
            )
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as exc:
            heavy = isinstance(exc, requests.exceptions.Timeout)
            self._last_status = 0
            return Verdict(AGAIN, _fault(exc), heavy=heavy and body is not None), None, {}
        lower = {str(key).lower(): str(value) for key, value in headers.items()}
        data = _json(text)
        self._last_status = status
        self._server_time = _date(lower) or self._server_time
        return judge(status, lower, data, self.patience.clock()), data, lower

    def _refuse(self, verdict: Verdict) -> None:
        if verdict.kind != REFUSED:
            return
        reason, status = hide(verdict.reason, self.token), self._last_status
        if status == 401:
            who = f"the key of {self.token.origin}" if self.token else "a request without a key"
            raise Refused(
                401,
                f"{self.endpoint.host} refused {who} ({reason})",
                "what came before is kept; set a valid GITHUB_TOKEN and run it again",
            )
        raise Refused(status, f"{self.endpoint.host}: {reason}")

    def _count(self, data: Any) -> None:
        limit = (data.get("data") or {}).get("rateLimit") or {}
        self.points += int(limit.get("cost") or 0)
        if limit.get("remaining") is not None:
            self.remaining = int(limit["remaining"])

    _last_status: int = 0
    _server_time: float | None = None

    @property
    def server_time(self) -> float:
        """The host's clock at its last answer: watermarks are made of it, not of ours."""
        return self.patience.clock() if self._server_time is None else self._server_time

    def spent(self) -> str:
        """`21 requests, 360 points of GraphQL (4,640 left this hour)`."""
        text = f"{self.requests:,} request{'s' if self.requests != 1 else ''}"
        if self.points:
            text += f", {self.points:,} points of GraphQL"
        return text + (
            f" ({self.remaining:,} left this hour)" if self.remaining is not None else ""
        )


def next_link(headers: Mapping[str, str]) -> str | None:
    links = requests.utils.parse_header_links(headers.get("link") or "")
    return next((link["url"] for link in links if link.get("rel") == "next"), None)


def last_page(headers: Mapping[str, str]) -> int | None:
    """The number of the last page of a list; None where there is one page only."""
    links = requests.utils.parse_header_links(headers.get("link") or "")
    last = next((link["url"] for link in links if link.get("rel") == "last"), None)
    page = parse_qs(urlsplit(last).query).get("page", [""])[0] if last else ""
    return int(page) if page.isdigit() else None


def _date(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _fault(exc: Exception) -> str:
    """What happened on the line, without addresses and headers that the exception may hold."""
    names = {
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "ChunkedEncodingError": "the answer broke off",
        "ContentDecodingError": "the answer could not be unpacked",
        "SSLError": "no secure connection",
        "ProxyError": "the proxy failed",
        "ConnectionError": "the connection was lost",
    }
    kind = type(exc).__name__
    return names.get(kind, kind)


def _json(text: str) -> Any:
    import json

    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict | list) else None
