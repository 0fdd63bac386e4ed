"""A client over the GitHub-shaped server that waits without waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from github_server import TOKEN, GithubServer, some_pulls

from ingest.sources.github import Github, GithubEnricher, GithubSource
from ingest.sources.interface import (
    Bounds,
    Checkpoint,
    Details,
    Failure,
    Known,
)
from kb.types import Change


class Notes:
    """An observer that remembers what was said."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def phase(self, name: str, total: int | None = None) -> None:
        del name, total

    def advance(self, count: int = 1) -> None:
        del count

    def note(self, message: str) -> None:
        self.notes.append(message)

    @property
    def text(self) -> str:
        return "\n".join(self.notes)


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self, server: GithubServer) -> None:
        self._server = server
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def clock(self) -> float:
        return self._server.now.timestamp() + sum(self.slept)


class World:
    """A server, and runs over it that keep what an archive would keep between them."""

    def __init__(self, server: GithubServer) -> None:
        self.server = server
        self.time = Time(server)
        self.observer = Notes()
        self.changes: dict[str, Change] = {}
        self.details: dict[int, Details] = {}
        self.failed: dict[str, str] = {}
        self.cursor: dict[str, Any] = {}
        self.told: list[str] = []  # ids of the last run, in order
        self.undescribed: frozenset[int] = frozenset()

    def github(self, name: str = "acme/relay", token: str | None = TOKEN, **more: Any) -> Github:
        return Github(
            name,
            self.server.url,
            environ={"GITHUB_TOKEN": token} if token else {},
            sleep=self.time.sleep,
            clock=self.time.clock,
            **more,
        )

    def known(self) -> Known:
        return Known(
            repo=self.server.name,
            fingerprints={key: change.fingerprint for key, change in self.changes.items()},
            details={key: details.fingerprint for key, details in self.details.items()},
            failed=frozenset(self.failed),
            cursor=self.cursor,
            undescribed=self.undescribed,
        )

    def read(self, bounds: Bounds = Bounds(), **how: Any) -> World:  # noqa: B008
        """A run without a clone; keeps what came even where it stops."""
        self.told = []
        source = GithubSource(self.github(**how))
        source.identify()
        reading = source.read(self.known(), bounds, self.observer)
        self.reading = reading
        self._keep(reading.changes)
        return self

    def enrich(self, bounds: Bounds = Bounds(), **how: Any) -> World:  # noqa: B008
        """A run beside a clone."""
        self.told = []
        self._keep(GithubEnricher(self.github(**how)).details(self.known(), bounds, self.observer))
        return self

    def _keep(self, items: Iterator[Change | Details | Failure | Checkpoint]) -> None:
        for item in items:
            if isinstance(item, Checkpoint):
                self.cursor = dict(item.cursor)
            elif isinstance(item, Failure):
                self.failed[item.id] = item.reason
            elif isinstance(item, Details):
                self.details[item.number] = item
                self.told.append(f"#{item.number}")
                self.failed.pop(f"{self.server.name}#{item.number}", None)
            else:
                self.changes[item.id] = item
                self.told.append(item.id)
                self.failed.pop(item.id, None)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of twenty, so that a few pull requests make a few pages."""
    monkeypatch.setattr("ingest.sources.github_graphql.PAGE", 20)
    monkeypatch.setattr("ingest.sources.github_rest.PAGE", 20)


@pytest.fixture
def world() -> Iterator[World]:
    """A server with 48 merged pull requests: three pages."""
    with GithubServer(pulls=some_pulls(48)) as server:
        yield World(server)


@pytest.fixture
def world_of() -> Iterator[Callable[..., World]]:
    """World(...) of a server made with these arguments; all are stopped at the end."""
    servers: list[GithubServer] = []

    def make(**arguments: Any) -> World:
        server = GithubServer(**arguments)
        server.__enter__()
        servers.append(server)
        return World(server)

    yield make
    for server in servers:
        server.__exit__()
