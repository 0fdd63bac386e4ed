"""What a source of changes is: git clones, recorded files and hosts all answer the same three questions.

`identify` says who it is, `read` says what is new (a set difference against `Known`, never "after the
last date"), and the reading streams `Change`, `Failure` and `Checkpoint` newest first. A clone and a
host together are a `Source` (the clone: identity, time, diffs) and an `Enricher` (the host:
descriptions, labels, reviews); `ingest.sync` stores the clone's changes first, so a rate limit never
holds them back, then lays each `Details` over the change that it belongs to.

    stored, checkpointed          what `Known` holds next time
    Change("o/n#7", fp)    ->     fingerprints["o/n#7"] = fp, shas[sha] = "o/n#7"
    Details(7, fp)         ->     details[7] = fp
    Checkpoint(cursor)     ->     cursor, written only after everything yielded before it is stored
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from kb.types import Change, Commit, Observer, PullRequest, ReviewThread

__all__ = [
    "REPOSITORY_NAME",
    "Bounds",
    "Checkpoint",
    "Details",
    "Enricher",
    "Failure",
    "Identity",
    "Known",
    "Outline",
    "Reading",
    "Source",
]


# Also a folder's name below the knowledge base: no part may be `.` or `..`.
REPOSITORY_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*/(?!\.{1,2}$)[\w.-]+")


class Identity(NamedTuple):
    """Who a source is. `url` is None for a local repository: reports then print no links."""

    name: str  # owner/name
    kind: str  # git, github, jsonl
    location: str  # absolute path, or github:owner/name
    url: str | None = None  # https://github.com/owner/name
    branch: str | None = None  # the branch as asked, or what HEAD names
    notes: tuple[str, ...] = ()  # lines for stderr: "shallow clone", "named local/x"


class Bounds(NamedTuple):
    """Half open, on committer time (a host: the time of the merge); None is unbounded."""

    since: datetime | None = None
    until: datetime | None = None

    def hold(self, moment: datetime) -> bool:
        return (self.since is None or moment >= self.since) and (
            self.until is None or moment < self.until
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What the archive holds of one repository before a run, whether shown, pending or stale."""

    repo: str | None = None  # the name it is stored under
    fingerprints: Mapping[str, str] = field(default_factory=dict)  # change id -> fingerprint
    shas: Mapping[str, str] = field(default_factory=dict)  # sha and claimed commits -> change id
    # Whether a stored change is there still where the tip reaches these shas, and calls this one
    # by its id (None: none of them).
    stands: Callable[[str, Container[str], str | None], bool] = lambda *_: True
    details: Mapping[int, str] = field(default_factory=dict)  # number -> Details.fingerprint
    undescribed: frozenset[int] = frozenset()  # numbers that are stored without details
    failed: frozenset[str] = frozenset()  # ids (or "#N") whose last reading failed: try again
    cursor: Mapping[str, Any] = field(default_factory=dict)  # as the last Checkpoint left it
    # All that the last reading of this branch planned, newest first; None where it did not end
    # well, or where something else may be stored of the repository by now.
    outlines: Callable[[], Sequence[Outline]] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """One change could not be read; it is recorded, tried again next time, and others go on."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything yielded before this is read; a later run may start from `cursor` (JSON values)."""

    cursor: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Details:
    """What a host says of one merged pull request, beside what git says of its commits.

    It belongs to the change with `number`, else to the one that holds `merge_sha` or one of
    `commit_shas`. `commit_shas` are the commits on the *target branch* (a rebase merge has several:
    they become one change); leave it empty where the host does not say.
    `fingerprint` changes when anything here does.
    """

    number: int
    merge_sha: str | None
    body: str
    pull_request: PullRequest
    url: str | None = None
    labels: tuple[str, ...] = ()
    reviews: tuple[ReviewThread, ...] = ()
    linked_issues: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()
    commit_shas: tuple[str, ...] = ()
    fingerprint: str = ""


class Outline(NamedTuple):
    """A change without its diff: what series, runs and core paths are found from."""

    id: str
    number: int | None
    sha: str
    title: str
    body: str | None  # None: the stored change tells
    author: str
    merged_at: datetime
    paths: tuple[str, ...] | None = None  # None: `Reading.paths` tells


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source found. `changes` may be walked once, and is walked lazily.

    `changes` yields what is new or changed, newest first. `total` is how many that will be (None:
    unknown). `unchanged` counts what is inside the bounds and already stored. `reachable` is every
    commit sha that the branch reaches now, whatever the bounds, less what a merge claims (None: this
    source cannot tell, so nothing becomes stale by it); `resumed`: beside all that it reached before.
    `tip` is the sha that was read. `outlines` are all changes of the branch, newest first, whatever
    the bounds; empty where the source cannot tell beforehand.
    """

    changes: Iterator[Change | Failure | Checkpoint]
    total: int | None = None
    unchanged: int = 0
    reachable: frozenset[str] | None = None
    resumed: bool = False
    tip: str | None = None
    outlines: Sequence[Outline] = ()
    paths: Callable[[Sequence[str]], Iterator[tuple[str, tuple[str, ...]]]] | None = None
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """A place that changes come from."""

    @property
    def kind(self) -> str: ...

    @property
    def location(self) -> str: ...

    def identify(self, stored_name: str | None = None) -> Identity:
        """Name and links; `stored_name` is what an earlier run called this location.

        Raises SourceError (with a hint) where there is no such repository or branch."""
        ...

    def tip(self) -> str | None:
        """A cheap look: equal to the last run's tip means nothing new. None: it cannot tell."""
        ...

    def read(self, known: Known, bounds: Bounds, observer: Observer) -> Reading:
        """What is new against `known` inside `bounds`. LimitReached stops a run that can resume."""
        ...


class Enricher(Protocol):
    """A host beside a clone: descriptions, labels and reviews of pull requests, without diffs."""

    @property
    def location(self) -> str: ...

    def details(
        self, known: Known, bounds: Bounds, observer: Observer
    ) -> Iterator[Details | Failure | Checkpoint]:
        """Only what is new or changed against `known.details`; `known.cursor` resumes the walk."""
        ...
