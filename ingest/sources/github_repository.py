"""One repository of a GitHub host: opened when first asked, by GraphQL with a key and by REST without.

PyGithub is imported with the first question.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingest.sources.github_hosts import (
    ANONYMOUS_NOTE,
    DEFAULT_URL,
    Endpoint,
    Token,
    endpoint_of,
    find_token,
    hide_in_logs,
    repository_name,
)
from ingest.sources.github_limits import Patience
from ingest.sources.interface import Bounds
from kb.errors import SourceError
from kb.types import Observer, SilentObserver

if TYPE_CHECKING:
    from ingest.sources.github_client import GithubClient, Refused
    from ingest.sources.github_graphql import Repository
    from ingest.sources.github_pulls import Pull
    from ingest.sources.github_walk import Step

MAX_UNDESCRIBED = 2_000  # pull requests asked for by number in one run
UNSEEN_WAIT_S = 60.0  # before there is an observer that shows a wait


@dataclass
class Github:
    """One repository of one host, opened when the first question is asked."""

    name: str
    url: str = DEFAULT_URL
    max_wait_s: float = 900.0
    environ: Mapping[str, str] | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    observer: Observer = field(default_factory=SilentObserver)
    _client: GithubClient | None = field(default=None, repr=False)
    _repository: Repository | None = field(default=None, repr=False)
    rest: bool = False  # GraphQL cannot be used: no token, or the host has none

    def __post_init__(self) -> None:
        self.name = repository_name(self.name)
        self.endpoint: Endpoint = endpoint_of(self.url)

    @property
    def token(self) -> Token | None:
        return self.client.token

    @property
    def client(self) -> GithubClient:
        if self._client is None:
            from ingest.sources.github_client import GithubClient

            token = find_token(self.endpoint, os.environ if self.environ is None else self.environ)
            hide_in_logs(token)
            # Nobody sees a wait before `watched_by`: it is then a short one.
            seen = not isinstance(self.observer, SilentObserver)
            most = self.max_wait_s if seen else min(self.max_wait_s, UNSEEN_WAIT_S)
            patience = Patience(most, self.observer, self.sleep, self.clock)
            self._client = GithubClient(self.endpoint, token, patience)
            self.rest = token is None
        return self._client

    def watched_by(self, observer: Observer) -> None:
        self.observer = self.client.patience.observer = observer
        self.client.patience.max_wait_s = self.max_wait_s

    @property
    def repository(self) -> Repository:
        """Raises SourceError with a hint where there is no such repository."""
        if self._repository is None:
            self._repository = self._ask_repository()
        return self._repository

    def _ask_repository(self) -> Repository:
        from ingest.sources.github_client import Refused
        from ingest.sources.github_graphql import GraphqlPulls
        from ingest.sources.github_rest import RestPulls

        client = self.client
        owner, _, name = self.name.partition("/")
        try:
            if not self.rest:
                try:
                    return GraphqlPulls(client, owner, name).repository()
                except Refused as exc:
                    if exc.status in (401, 451) or "NOT_FOUND" in exc.message:
                        raise
                    self.rest = True  # a host or key without GraphQL; REST says whether it is there
            return RestPulls(client, owner, name).repository()
        except Refused as exc:
            raise self._explained(exc) from exc

    def _explained(self, exc: Refused) -> SourceError:
        if exc.status == 404:
            seen = "the token may not see it" if self.token else "private ones need a GITHUB_TOKEN"
            return SourceError(
                f"no repository {self.name} on {self.endpoint.host}", f"check the name; {seen}"
            )
        if exc.status == 451:
            return SourceError(
                f"{self.name} is blocked for legal reasons (HTTP 451)",
                "a clone that you have can be indexed: kb ingest PATH",
            )
        return exc

    @property
    def web_url(self) -> str | None:
        from ingest.sources.github_pulls import link

        url = self.repository.url
        return link(url) if url else f"{self.endpoint.web}/{self.repository.name}"

    def notes(self) -> list[str]:
        """Lines for stderr: what this run cannot see, and what was renamed."""
        found, repository = [], self.repository
        if self.token is None:
            found.append(ANONYMOUS_NOTE)
        elif self.rest:
            found.append(
                "GraphQL is not available here: REST tells no resolved threads and costs more"
            )
        if repository.name.lower() != self.name.lower():
            found.append(f"{self.name} is called {repository.name} now")
        if not repository.enabled:
            found.append(f"pull requests are switched off in {repository.name}")
        return found

    def walk(self, cursor: Mapping[str, Any], bounds: Bounds) -> Iterator[Step]:
        """Pages of merged pull requests as `github_walk` plans them; none where there are none."""
        from ingest.sources.github_client import Refused
        from ingest.sources.github_graphql import GraphqlPulls
        from ingest.sources.github_rest import RestPulls
        from ingest.sources.github_walk import walk_graphql, walk_rest

        if not self.repository.enabled:
            return
        owner, _, name = self.repository.name.partition("/")
        now = self._server_time
        try:
            if self.rest:
                yield from walk_rest(RestPulls(self.client, owner, name), cursor, bounds, now)
            else:
                yield from walk_graphql(GraphqlPulls(self.client, owner, name), cursor, bounds, now)
        except Refused as exc:
            if exc.status in (404, 410) and self.repository.name:
                self.observer.note(f"{self.repository.name} lists no pull requests ({exc.message})")
                return
            raise

    def by_number(self, numbers: Iterable[int]) -> Iterator[tuple[int, Pull | None, str]]:
        """(number, pull request or None, why not); "" says that there is no such pull request."""
        owner, _, name = self.repository.name.partition("/")
        asked = sorted(numbers, reverse=True)[:MAX_UNDESCRIBED]
        if self.rest:
            yield from self._by_number_rest(asked[:50], owner, name)
            return
        from ingest.sources.github_graphql import GraphqlPulls

        yield from GraphqlPulls(self.client, owner, name).by_number(asked)

    def _by_number_rest(
        self, numbers: list[int], owner: str, name: str
    ) -> Iterator[tuple[int, Pull | None, str]]:
        from ingest.sources.github_client import Refused
        from ingest.sources.github_rest import RestPulls

        pulls = RestPulls(self.client, owner, name)
        for number in numbers:
            try:
                yield number, pulls.pull(number), ""
            except Refused as exc:
                yield number, None, exc.message

    def _server_time(self) -> float:
        return self.client.server_time

    def spent(self) -> str:
        return f"GitHub: {self.client.spent()}"
