"""What a source brings: a merged pull request or a commit, with its files and reviews."""

from __future__ import annotations

from datetime import datetime

from kb.types.noun import noun


@noun
class FileChange:
    """One file of a change. `patch` is the redacted, trimmed unified diff body (hunks only).

    `seen` is False when any part of the patch was not read or not kept; `reason` then says why
    ("binary", "generated", "lock file", "vendored", "minified", "too large", "missing object",
    "not fetched", "budget"). A listing loads files without patches: `patch` is None, `seen` tells.
    """

    path: str
    status: str  # added, modified, deleted, renamed, copied, type-changed, submodule
    additions: int = 0
    deletions: int = 0
    previous_path: str | None = None
    binary: bool = False
    patch: str | None = None
    seen: bool = True
    reason: str | None = None
    role: str = ""  # kb.analysis.path_roles.ROLES; "" before analysis


@noun
class Comment:
    """What somebody wrote in a review."""

    author: str
    text: str
    url: str | None = None


@noun
class ReviewThread:
    """A review conversation; `path` is None for a review of the whole change."""

    path: str | None
    resolved: bool
    comments: tuple[Comment, ...] = ()
    url: str | None = None


@noun
class Commit:
    """A commit that belongs to a change."""

    sha: str
    title: str
    author: str


@noun
class PullRequest:
    """What an API says of a change beside git's own words (kept, never mixed into identity)."""

    title: str
    author: str | None
    merged_at: datetime | None
    base: str | None = None
    state: str = "merged"
    author_is_bot: bool = False


@noun
class Change:
    """A merged pull request or a commit without one (CONTRACT.md, "Repository and change")."""

    id: str  # owner/name#123, or owner/name@<40 hex>
    repo: str
    number: int | None
    sha: str
    title: str
    body: str
    author: str
    merged_at: datetime  # aware, UTC; committer time
    url: str | None = None
    labels: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    commits: tuple[Commit, ...] = ()
    reviews: tuple[ReviewThread, ...] = ()
    linked_issues: tuple[str, ...] = ()  # "owner/name#12" or a URL
    aliases: tuple[str, ...] = ()  # other ids that resolve to this change
    pull_request: PullRequest | None = None
    described: bool = False  # the body is a pull request's or commit's own description
    fingerprint: str = ""  # hash of what was fetched
