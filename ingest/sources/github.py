"""GitHub as a source: merged pull requests with descriptions, labels, linked issues and reviews.

    GithubSource     the host alone: diffs by REST, one request a pull request
    GithubEnricher   beside a clone, which has the diffs: fifty pull requests a request

Both read by GraphQL with a token and by REST without one. PyGithub is imported when the first
question is asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.sources.github_hosts import (
    ANONYMOUS_NOTE,
    find_token,
)
from ingest.sources.github_repository import Github
from ingest.sources.interface import (
    Bounds,
    Checkpoint,
    Details,
    Enricher,
    Failure,
    Identity,
    Known,
    Reading,
    Source,
)
from kb.errors import LimitReached
from kb.types import Change, Observer, SilentObserver

if TYPE_CHECKING:
    from ingest.sources.github_pulls import Pull
    from ingest.sources.github_walk import Step
    from kb.settings import Settings

AT_ONCE = 4  # pages of an update that are listed before the first change, to count what is new
GIVE_UP = 5  # changes in a row that fail: then it is the host, not the change


@dataclass
class GithubSource:
    """The pull requests of a repository where there is no clone of it."""

    github: Github
    kind: str = "github"

    @property
    def location(self) -> str:
        return f"github:{self.github.name}"

    def identify(self, stored_name: str | None = None) -> Identity:
        github = self.github
        name = stored_name or github.repository.name
        return Identity(name, self.kind, self.location, github.web_url, None, tuple(github.notes()))

    def tip(self) -> str | None:
        return None

    def read(self, known: Known, bounds: Bounds, observer: Observer) -> Reading:
        self.github.watched_by(observer)
        name = known.repo or self.github.repository.name
        walk = self.github.walk(known.cursor, bounds)
        if not self.github.repository.enabled:
            return Reading(iter(()), total=0)
        begun = [] if _loading(known, self.github.rest) else list(itertools.islice(walk, AT_ONCE))
        stale = [pull for step in begun for pull in step.pulls if _stored(pull, name, known)]
        changed = sum(not _is_known(pull, name, known, self.github.rest) for pull in stale)
        return Reading(
            changes=self._changes(itertools.chain(begun, walk), name, known, bounds, observer),
            total=self.github.repository.pulls if not begun and not known.fingerprints else None,
            unchanged=max(0, len(known.fingerprints) - changed),
        )

    def _changes(
        self,
        walk: Iterable[Step],
        name: str,
        known: Known,
        bounds: Bounds,
        observer: Observer,
    ) -> Iterator[Change | Failure | Checkpoint]:
        from ingest.sources.github_client import Refused

        github = self.github
        cursor: dict[str, Any] = dict(known.cursor)
        told: set[int] = set()
        failures = 0
        try:
            for item in self._pulls(walk, name, known, cursor):
                if isinstance(item, Failure | Checkpoint):
                    yield item
                    continue
                pull = item
                if pull.number in told or not _wanted(pull, bounds):
                    continue
                if _is_known(pull, name, known, github.rest):
                    continue
                told.add(pull.number)
                try:
                    yield self._change(pull, name)
                    failures = 0
                except Refused as exc:
                    if exc.status == 401:
                        raise
                    failures += 1
                    if failures >= GIVE_UP:
                        raise LimitReached(
                            f"GitHub failed for {failures} changes in a row: {exc.message}",
                            "what came before is kept; run the same command again later",
                        ) from exc
                    yield Failure(f"{name}#{pull.number}", exc.message)
        finally:
            observer.note(github.spent())

    def _pulls(
        self, walk: Iterable[Step], name: str, known: Known, cursor: dict[str, Any]
    ) -> Iterator[Pull | Failure | Checkpoint]:
        """What failed last time, then the walk page by page, each followed by its checkpoint."""
        absent = set(cursor.get("absent") or ())
        numbers = _numbers(known.failed, name) - absent
        for number, pull, reason in self.github.by_number(numbers) if numbers else ():
            if pull is not None:
                yield pull
            elif reason:
                yield Failure(f"{name}#{number}", reason)
            else:
                absent.add(number)
        for step in walk:
            yield from step.pulls
            for number, reason in step.failed:
                yield Failure(f"{name}#{number}", reason)
            yield Checkpoint({**step.cursor, "absent": sorted(absent)})

    def _change(self, pull: Pull, name: str) -> Change:
        from dataclasses import replace

        from ingest.sources.github_pulls import change_of, fingerprint
        from ingest.sources.github_rest import RestPulls

        github = self.github
        owner, _, own = github.repository.name.partition("/")
        rest = RestPulls(github.client, owner, own)
        files = rest.files(pull)
        if not github.rest:
            return change_of(pull, files, name, github.web_url)
        listed = fingerprint(pull, rest=True)
        if len(files) >= 3_000 or not files:
            pull = _with_totals(pull, rest)
        if github.token is not None:
            pull = rest.with_reviews(pull)
        return replace(change_of(pull, files, name, github.web_url), fingerprint=listed)


@dataclass
class GithubEnricher:
    """What GitHub says of the changes of a clone."""

    github: Github

    @property
    def location(self) -> str:
        return f"github:{self.github.name}"

    def details(
        self, known: Known, bounds: Bounds, observer: Observer
    ) -> Iterator[Details | Failure | Checkpoint]:
        github = self.github
        github.watched_by(observer)
        name = known.repo or github.repository.name
        for note in github.notes():
            observer.note(note)
        told: set[int] = set()
        cursor: dict[str, Any] = dict(known.cursor)
        absent = set(cursor.get("absent") or ())
        try:
            for step in github.walk(cursor, bounds):
                for pull in step.pulls:
                    if _wanted(pull, bounds):
                        told.add(pull.number)
                        if details := self._new(pull, known):
                            yield details
                for number, reason in step.failed:
                    yield Failure(f"{name}#{number}", reason)
                cursor = dict(step.cursor)
                yield Checkpoint({**cursor, "absent": sorted(absent)})
            missing = (known.undescribed | _numbers(known.failed, name)) - told - absent
            if missing and github.repository.enabled:
                yield from self._by_number(missing, name, known, absent)
                yield Checkpoint({**cursor, "absent": sorted(absent)})
        finally:
            observer.note(github.spent())

    def _by_number(
        self, numbers: Iterable[int], name: str, known: Known, absent: set[int]
    ) -> Iterator[Details | Failure]:
        """Changes that no walk brought: landed by hand, or stored after the walk went by."""
        for number, pull, reason in self.github.by_number(numbers):
            if pull is not None:
                if details := self._new(pull, known):
                    yield details
            elif reason:
                yield Failure(f"{name}#{number}", reason)
            else:
                absent.add(number)

    def _new(self, pull: Pull, known: Known) -> Details | None:
        from dataclasses import replace

        from ingest.sources.github_pulls import details_of, fingerprint

        github, stored = self.github, known.details.get(pull.number)
        if not github.rest:
            details = details_of(pull, github.web_url)
            return None if stored == details.fingerprint else details
        listed = fingerprint(pull, rest=True)
        if stored == listed or (stored or "").startswith("h:"):  # GraphQL told more of it
            return None
        if github.token is not None:
            from ingest.sources.github_rest import RestPulls

            owner, _, own = github.repository.name.partition("/")
            pull = RestPulls(github.client, owner, own).with_reviews(pull)
        return replace(details_of(pull, github.web_url), fingerprint=listed)


def source_for(name: str, settings: Settings, observer: Observer | None = None) -> GithubSource:
    """`kb ingest github:owner/name`. `observer` is told of waits before the reading begins."""
    return GithubSource(github_of(name, settings, observer))


def enricher_for(name: str, settings: Settings, observer: Observer | None = None) -> GithubEnricher:
    """`kb ingest PATH --github owner/name`."""
    return GithubEnricher(github_of(name, settings, observer))


def github_of(name: str, settings: Settings, observer: Observer | None = None) -> Github:
    return Github(
        name,
        settings.github.url,
        settings.github.max_wait,
        observer=observer or SilentObserver(),
    )


def own_clone(
    name: str, settings: Settings, *, branch: str | None, observer: Observer
) -> tuple[Source, Enricher | None]:
    """`kb ingest owner/name`: a bare clone of our own for the diffs, and the host if there is a key."""
    from ingest.sources.git_log import GitSource
    from ingest.sources.github_clone import cloned
    from ingest.trim import trim_files

    github = github_of(name, settings, observer)
    token = find_token(github.endpoint)
    folder = cloned(github.name, github.endpoint, token, settings.home, observer)
    clone = GitSource(folder, branch=branch, repo=github.name, keep=trim_files)
    if token is None:
        observer.note(f"{ANONYMOUS_NOTE.partition(':')[0]}: diffs and titles from a clone alone")
        return clone, None
    return clone, GithubEnricher(github)


def _wanted(pull: Pull, bounds: Bounds) -> bool:
    return pull.merged_at is not None and bounds.hold(pull.merged_at)


def _stored(pull: Pull, name: str, known: Known) -> bool:
    return f"{name}#{pull.number}" in known.fingerprints


def _is_known(pull: Pull, name: str, known: Known, rest: bool) -> bool:
    from ingest.sources.github_pulls import fingerprint

    change_id = f"{name}#{pull.number}"
    stored = known.fingerprints.get(change_id)
    if stored is None or change_id in known.failed or f"#{pull.number}" in known.failed:
        return False
    if rest and stored.startswith("h:"):  # GraphQL told more of it than REST can
        return True
    return stored == fingerprint(pull, rest=rest)


def _with_totals(pull: Pull, rest: Any) -> Pull:
    from dataclasses import replace

    whole = rest.pull(pull.number)
    if whole is None:
        return pull
    return replace(
        pull,
        changed_files=whole.changed_files,
        additions=whole.additions,
        deletions=whole.deletions,
    )


def _loading(known: Known, rest: bool) -> bool:
    own = known.cursor.get("rest" if rest else "graphql") or {}
    return bool(own.get("load")) or own.get("watermark") is None


def _numbers(ids: Iterable[str], name: str) -> set[int]:
    """Numbers of `owner/name#7` and `#7`."""
    found = set()
    for item in ids:
        repo, hash_sign, number = item.rpartition("#")
        if hash_sign and repo in ("", name) and number.isdigit():
            found.add(int(number))
    return found
