"""The nouns of RepoKB: plain frozen values that every room shares; imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

# --- what a source brings -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Comment:
    author: str
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewThread:
    """A review conversation; `path` is None for a review of the whole change."""

    path: str | None
    resolved: bool
    comments: tuple[Comment, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that belongs to a change."""

    sha: str
    title: str
    author: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What an API says of a change beside git's own words (kept, never mixed into identity)."""

    title: str
    author: str | None
    merged_at: datetime | None
    base: str | None = None
    state: str = "merged"
    author_is_bot: bool = False


@dataclass(frozen=True, slots=True)
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


# --- what is derived from one change ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flag:
    """A command line flag, configuration key or environment variable that a diff adds or drops."""

    name: str  # --enable-x, SGLANG_X, tool.section.key
    kind: str  # flag, env, config
    path: str
    line: int = 0
    default: str | None = None  # as written in the diff; None where it does not show
    removed: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition that a diff adds, removes or changes."""

    name: str
    kind: str  # class, function, method, constant, type
    path: str
    line: int = 0
    public: bool = True
    signature: str = ""  # as it stands after the change (before it, if removed)
    previous_signature: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that is embedded. `kind`: title, text (title, description, paths), diff (natural language lines)."""

    kind: str
    text: str
    chunk: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """The diff summary of one change: what is indexed, shown and given to a model."""

    text: str  # readable summary: files by role, symbols, flags, natural language of the diff
    symbols_added: tuple[Symbol, ...] = ()
    symbols_removed: tuple[Symbol, ...] = ()
    symbols_changed: tuple[Symbol, ...] = ()
    flags: tuple[Flag, ...] = ()
    files_by_role: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comments: tuple[
        str, ...
    ] = ()  # natural language lines of the diff: comments, strings, help, messages
    description: str = ""  # the body without templates, checklists, badges, images, trailers
    metrics: tuple[str, ...] = ()  # sentences of the description that carry a measured figure
    not_seen: tuple[tuple[str, str], ...] = ()  # (path, reason)

    @property
    def truncated(self) -> bool:
        return bool(self.not_seen)


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the importance: `points` on the raw scale; `name` is a phrase key, `values` fill it."""

    name: str
    points: float
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk tag with its evidence: where it stands, and what stood there (quoted from the diff)."""

    kind: str
    evidence: str  # short, from the change itself (symbol, flag, "0.62 -> 0.60", path)
    path: str | None = None
    line: int = 0
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """Lines by what they are: only source counts as size."""

    source_added: int = 0
    source_removed: int = 0
    source_files: int = 0
    test_lines: int = 0
    other_added: int = 0
    files: int = 0
    additions: int = 0
    deletions: int = 0


@dataclass(frozen=True, slots=True)
class Relation:
    """A link between two changes, from the later to the earlier one."""

    kind: str  # reverts, follows, fixes, series
    source: str  # change id (the later)
    target: str  # change id (the earlier); for a series: its key
    evidence: str = ""  # words of the change that say so


@dataclass(frozen=True, slots=True)
class Series:
    key: str
    name: str
    index: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """The judgement of one change; everything here can be computed again from the archive."""

    types: tuple[str, ...]  # one or two of CHANGE_TYPES, the main one first
    importance: float  # 0-10, one decimal
    raw: float  # the sum of the terms; sorts changes of equal importance
    level: str
    terms: tuple[Term, ...] = ()
    level_reason: str = ""  # phrase key; why the level is what it is
    modules: tuple[str, ...] = ()
    risks: tuple[Risk, ...] = ()
    size: Size = Size()
    bot: bool = False
    series: Series | None = None
    reverts: tuple[str, ...] = ()  # change ids
    reverted_by: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()  # earlier changes that this one follows up or fixes
    followed_by: tuple[str, ...] = ()
    override_note: str | None = None  # a maintainer's word (kb.toml [overrides])
    method: str = "rules"
    analysed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A change with all that is known of it. Listings load it without patches."""

    change: Change
    digest: Digest
    analysis: Analysis

    @property
    def id(self) -> str:
        return self.change.id


# --- asking ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that all must hold; several values of one field mean any of them."""

    repos: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    paths: tuple[
        str, ...
    ] = ()  # globs over whole paths; "dir/" and a bare name match anywhere below
    modules: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    min_importance: float | None = None
    since: datetime | None = None  # aware; inclusive
    until: datetime | None = None  # aware; exclusive

    def __bool__(self) -> bool:
        return any(
            value not in ((), None) for value in (getattr(self, name) for name in self.__slots__)
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed question. `text` is what is left to search by meaning."""

    text: str
    mode: str = "hybrid"
    limit: int = 10
    offset: int = 0
    filters: Filters = Filters()
    phrases: tuple[str, ...] = ()  # "quoted": must occur
    excluded: tuple[str, ...] = ()  # -word: must not occur
    raw: str = ""  # as typed


@dataclass(frozen=True, slots=True)
class Hit:
    record: ChangeRecord
    score: float
    ranks: Mapping[str, int]  # dense, lexical, exact: 1-based rank in each retriever
    passage: str  # the text that matched
    passage_kind: str = ""  # title, text, diff, symbols, paths, review
    matched: tuple[str, ...] = ()  # the words of the query found in it
    found_by: tuple[str, ...] = ()  # one line a reason, for --explain
    folded: tuple[
        str, ...
    ] = ()  # ids of near duplicates or of the same series folded into this hit


@dataclass(frozen=True, slots=True)
class SearchResult:
    query: Query
    mode: str  # the mode really used
    engine: str | None  # exact, chroma; None when no vector was asked
    hits: tuple[Hit, ...]
    took_ms: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in an answer that stands on a change."""

    index: int  # [1] in the text
    change_id: str
    title: str
    url: str | None
    passage: str


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    text: str
    citations: tuple[Citation, ...]
    abstained: bool
    method: str  # "quotes" or the model's name
    removed: tuple[str, ...] = ()  # sentences that the verifier took out, with why
    filters: Filters = Filters()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeProse:
    """What a model wrote of a change, after verification; texts by language."""

    change_id: str
    summary: Mapping[str, str]
    impact: Mapping[str, tuple[str, ...]]
    insights: Mapping[str, Mapping[str, str]]  # language -> dimension -> text
    risks: Mapping[str, tuple[str, ...]]
    suggestions: Mapping[str, tuple[str, ...]]
    verdict: Mapping[str, str]
    model: str
    prompt_version: str
    input_hash: str
    not_seen: tuple[str, ...] = ()


# --- time --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open interval [since, until) of aware datetimes, with the zone that it was said in."""

    since: datetime
    until: datetime
    tz: str
    kind: str = "range"  # day, week, month, range


# --- sources and progress ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is stored of a source between runs."""

    name: str  # owner/name
    kind: str  # git, github, jsonl
    location: str  # path or github:owner/name
    branch: str | None = None
    since: datetime | None = None
    tip: str | None = None
    has_links: bool = True  # False: a local repository; reports print no links
    updated_at: datetime | None = None
    cursor: Mapping[str, Any] = field(default_factory=dict)
    last_error: str | None = None
    url: str | None = None  # https://github.com/owner/name


class Observer(Protocol):
    """Told of progress; draws it, or not."""

    def phase(self, name: str, total: int | None = None) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def note(self, message: str) -> None: ...


class SilentObserver:
    """The observer of who does not look."""

    def phase(self, name: str, total: int | None = None) -> None:
        del name, total

    def advance(self, count: int = 1) -> None:
        del count

    def note(self, message: str) -> None:
        del message
