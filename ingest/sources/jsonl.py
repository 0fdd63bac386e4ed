"""Recorded changes: one JSON object a line; what `kb export --jsonl` writes and `kb ingest FILE` reads.

The first line may be a header; everything else is one change. Only the fields marked * are needed,
what is empty is left out, unknown fields are refused (a typing error must not lose a description).

    {"format": "repo-kb changes", "version": 1, "repos": {"acme/relay": {"url": "https://..."}}}

    repo*         "owner/name"
    number        pull request number, or null
    sha*          40 hex digits of the (merge) commit
    title* author* body
    merged_at*    RFC 3339 with an offset ("2026-03-01T09:30:00Z"); committer time
    url           link to the pull request or commit; absent: reports print no link
    id            owner/name#N or owner/name@sha; absent: made of repo, number and sha
    labels        ["bug", ...]           linked_issues  ["owner/name#12", ...]
    aliases       [other ids]            described      the body is the change's own
                  description (absent: where there is a body)
    files         [{path*, status, previous_path, additions, deletions, binary, patch, seen, reason}]
                  status: added modified deleted renamed copied type-changed submodule
                  patch: unified hunks, from the first "@@" on, as one string; counts and `seen` are
                  read off it when they are absent
    commits       [{sha*, title, author}]
    reviews       [{path, resolved, url, comments: [{author*, text*, url}]}]; path null: whole change
    pull_request  {title, author, merged_at, base, state, author_is_bot}: what a host said beside git
    fingerprint   of what was fetched; absent: a hash of the line
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.sources.interface import (
    REPOSITORY_NAME,
    Bounds,
    Checkpoint,
    Failure,
    Identity,
    Known,
    Outline,
    Reading,
)
from kb.errors import SourceError
from kb.types import (
    Change,
    Comment,
    Commit,
    FileChange,
    Observer,
    PullRequest,
    ReviewThread,
)

FORMAT = "repo-kb changes"
VERSION = 1
MAX_NUMBER = 999_999_999  # nine digits, as everywhere: the archive holds no integer of twenty
MAX_LINE = 64 * 1024 * 1024  # bytes; a trimmed change holds at most 512 KiB of patches


# --- a change as JSON values -------------------------------------------------------------------


def to_json(change: Change) -> dict[str, Any]:
    """JSON values of a change, what is empty left out; `from_json` gives the same change back."""
    row: dict[str, Any] = {
        "repo": change.repo,
        "number": change.number,
        "sha": change.sha,
        "title": change.title,
        "author": change.author,
        "merged_at": _stamp(change.merged_at),
        "body": change.body,
        "url": change.url,
        "labels": list(change.labels),
        "files": [_file_to_json(file) for file in change.files],
        "commits": [dataclasses.asdict(commit) for commit in change.commits],
        "reviews": [_thread_to_json(thread) for thread in change.reviews],
        "linked_issues": list(change.linked_issues),
        "aliases": list(change.aliases),
        "fingerprint": change.fingerprint,
    }
    if change.id != _id(change.repo, change.number, change.sha):
        row["id"] = change.id
    if change.pull_request is not None:
        row["pull_request"] = dataclasses.asdict(change.pull_request)
        if change.pull_request.merged_at is not None:
            row["pull_request"]["merged_at"] = _stamp(change.pull_request.merged_at)
    row = _without_empty(row)
    if change.described != bool(change.body):  # what reading takes where nothing is said
        row["described"] = change.described
    return row


def from_json(row: Mapping[str, Any]) -> Change:
    """The change that a line holds. Raises SourceError naming the field that is wrong."""
    try:
        return _change(row)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        problem = f"{exc} is missing" if isinstance(exc, KeyError) else str(exc)
        raise SourceError(
            f"not a recorded change: {problem}", "the format stands in ingest/sources/jsonl.py"
        ) from exc


_FIELDS = frozenset(field.name for field in dataclasses.fields(Change))


def _change(row: Mapping[str, Any]) -> Change:
    if unknown := sorted(set(row) - _FIELDS):
        raise ValueError(f"unknown field {unknown[0]!r}")
    number = row.get("number")
    if number is not None and (not isinstance(number, int) or not 1 <= number <= MAX_NUMBER):
        raise ValueError(f"number {number!r} is no pull request number")
    repo, sha = str(row["repo"]), str(row["sha"])
    if not REPOSITORY_NAME.fullmatch(repo):
        raise ValueError(f"repo {repo!r} is not of the form owner/name")
    pull = row.get("pull_request")
    change = Change(
        id=row.get("id") or _id(repo, number, sha),
        repo=repo,
        number=number,
        sha=sha,
        title=str(row["title"]),
        body=row.get("body") or "",
        author=str(row["author"]),
        merged_at=_moment(row["merged_at"]),
        url=row.get("url"),
        labels=tuple(row.get("labels", ())),
        files=tuple(_file(file) for file in row.get("files", ())),
        commits=tuple(
            Commit(commit["sha"], commit.get("title", ""), commit.get("author", ""))
            for commit in row.get("commits", ())
        ),
        reviews=tuple(_thread(thread) for thread in row.get("reviews", ())),
        linked_issues=tuple(row.get("linked_issues", ())),
        aliases=tuple(row.get("aliases", ())),
        pull_request=_pull_request(pull) if pull else None,
        described=bool(row.get("described", bool(row.get("body")))),
        fingerprint=row.get("fingerprint", ""),
    )
    return change if change.fingerprint else dataclasses.replace(change, fingerprint=_hash(row))


def _file(row: Mapping[str, Any]) -> FileChange:
    patch = row.get("patch")
    added, deleted = _counted(patch or "")
    return FileChange(
        path=row["path"],
        status=row.get("status", "modified"),
        additions=row.get("additions", added),
        deletions=row.get("deletions", deleted),
        previous_path=row.get("previous_path"),
        binary=row.get("binary", False),
        patch=patch,
        seen=row.get("seen", row.get("reason") is None),
        reason=row.get("reason"),
    )


def _file_to_json(file: FileChange) -> dict[str, Any]:
    row = {name: getattr(file, name) for name in ("path", "status", "previous_path", "patch")}
    row["binary"], row["reason"] = file.binary, file.reason
    row = _without_empty(row)
    row["additions"], row["deletions"] = file.additions, file.deletions
    if file.seen != (file.reason is None):
        row["seen"] = file.seen
    return row


def _thread(row: Mapping[str, Any]) -> ReviewThread:
    comments = tuple(Comment(c["author"], c["text"], c.get("url")) for c in row.get("comments", ()))
    return ReviewThread(row.get("path"), bool(row.get("resolved", True)), comments, row.get("url"))


def _thread_to_json(thread: ReviewThread) -> dict[str, Any]:
    row = _without_empty({"path": thread.path, "url": thread.url})
    row["resolved"] = thread.resolved
    row["comments"] = [_without_empty(dataclasses.asdict(c)) for c in thread.comments]
    return row


def _pull_request(row: Mapping[str, Any]) -> PullRequest:
    values = dict(row)
    if values.get("merged_at"):
        values["merged_at"] = _moment(values["merged_at"])
    return PullRequest(**{"author": None, "merged_at": None, **values})


def _counted(patch: str) -> tuple[int, int]:
    lines = patch.split("\n")
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def _id(repo: str, number: int | None, sha: str) -> str:
    return f"{repo}@{sha}" if number is None else f"{repo}#{number}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"merged_at {text!r} has no offset")
    return moment.astimezone(UTC)


def _without_empty(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value not in (None, "", [], False)}


def _hash(row: Mapping[str, Any]) -> str:
    canonical = json.dumps(row, sort_keys=True, ensure_ascii=True)
    return "j:" + hashlib.sha256(canonical.encode()).hexdigest()[:32]


# --- files --------------------------------------------------------------------------------------


def dump_changes(
    changes: Iterable[Change], urls: Mapping[str, str | None] | None = None
) -> Iterator[str]:
    """The export, a line at a time: the header, then the changes as they come."""
    header: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    if urls:
        header["repos"] = {repo: {"url": url} for repo, url in sorted(urls.items())}
    yield json.dumps(header, ensure_ascii=False) + "\n"
    for change in changes:
        yield json.dumps(to_json(change), ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class _Row:
    offset: int
    line: int
    repo: str
    id: str
    sha: str
    merged_at: datetime
    fingerprint: str
    outline: Outline


@dataclass(frozen=True, slots=True)
class JsonlSource:
    """One repository of a recorded file; `repo` chooses where the file holds several."""

    path: Path
    repo: str | None = None
    kind: str = "jsonl"

    @property
    def location(self) -> str:
        return str(self.path.absolute())

    def identify(self, stored_name: str | None = None) -> Identity:
        header, rows, _ = _scan(self.path)
        names = sorted({row.repo for row in rows} | set(header.get("repos", {})))
        name = self.repo or stored_name or (names[0] if len(names) == 1 else None)
        if name is None:
            found = "no change" if not names else f"{len(names)} repositories: {', '.join(names)}"
            raise SourceError(
                f"{self.path} holds {found}", f"kb ingest {self.path} --repo owner/name"
            )
        if name not in names:
            raise SourceError(
                f"{self.path} holds no change of {name}", f"it holds {', '.join(names) or 'none'}"
            )
        url = header.get("repos", {}).get(name, {}).get("url")
        return Identity(name, self.kind, self.location, url)

    def tip(self) -> str | None:
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()[:40]
        except OSError as exc:
            raise SourceError(f"cannot read {self.path}: {exc.strerror}") from exc

    def read(self, known: Known, bounds: Bounds, observer: Observer) -> Reading:
        del observer
        name = self.identify().name
        _, rows, failures = _scan(self.path)
        inside = [row for row in rows if row.repo == name and bounds.hold(row.merged_at)]
        newest = {row.id: row for row in sorted(inside, key=lambda row: row.line)}  # last line wins
        new = [row for row in newest.values() if known.fingerprints.get(row.id) != row.fingerprint]
        new.sort(key=lambda row: (row.merged_at, row.line), reverse=True)
        return Reading(
            changes=self._walk(new, failures),
            total=len(new),
            unchanged=len(newest) - len(new),
            reachable=frozenset(row.sha for row in rows if row.repo == name),
            tip=self.tip(),
            outlines=[row.outline for row in rows if row.repo == name],
        )

    def _walk(
        self, rows: list[_Row], failures: list[Failure]
    ) -> Iterator[Change | Failure | Checkpoint]:
        with self.path.open("rb") as file:
            for row in rows:
                file.seek(row.offset)
                yield from_json(json.loads(file.readline(MAX_LINE)))
        yield from failures


def repositories(path: Path) -> tuple[str, ...]:
    """The repositories that a recorded file holds changes of, sorted."""
    return tuple(sorted({row.repo for row in _scan(path)[1]}))


def _scan(path: Path) -> tuple[dict[str, Any], list[_Row], list[Failure]]:
    """Header, where each change stands, and the lines that hold none. One pass, small memory."""
    header: dict[str, Any] = {}
    rows: list[_Row] = []
    failures: list[Failure] = []
    try:
        with path.open("rb") as file:
            offset = 0
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), 1):
                start, offset = offset, offset + len(line)
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise SourceError("not a recorded change: no JSON object")
                    if "format" in row:
                        _check_header(row, path)
                        header = row
                        continue
                    change = from_json(row)
                except (SourceError, ValueError) as exc:
                    if number == 1 and not rows:
                        raise SourceError(
                            f"{path} is no file of recorded changes: {exc}",
                            "kb export --jsonl writes one",
                        ) from exc
                    failures.append(Failure(f"{path.name}:{number}", str(exc)))
                    continue
                rows.append(
                    _Row(
                        start,
                        number,
                        change.repo,
                        change.id,
                        change.sha,
                        change.merged_at,
                        change.fingerprint,
                        _outline(change),
                    )
                )
    except OSError as exc:
        raise SourceError(f"cannot read {path}: {exc.strerror}") from exc
    return header, rows, failures


def _outline(change: Change) -> Outline:
    return Outline(
        change.id,
        change.number,
        change.sha,
        change.title,
        change.body,
        change.author,
        change.merged_at,
        tuple(file.path for file in change.files),
    )


def _check_header(header: Mapping[str, Any], path: Path) -> None:
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise SourceError(
            f"{path} has format {header.get('format')!r} version {header.get('version')!r}, "
            f"not {FORMAT!r} {VERSION}",
            "export it again with this version",
        )
