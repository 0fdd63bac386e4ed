"""A merged pull request as GitHub tells it, from either of its two interfaces, as pure functions.

`Pull` is what both say; `details_of` makes of it what is laid over a clone's change, `change_of` the
change itself where there is no clone. Title, author and time are the merge commit's, as a clone
would tell them; what the pull request says beside that is kept in `pull_request`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ingest.sources.interface import Details
from kb.types import Change, Comment, Commit, FileChange, PullRequest, ReviewThread

READING_VERSION = "1"  # another one lays every description anew: raise it when this brings more
MAX_COMMENT = 8_000  # characters of one review comment
NO_SHA = "0" * 40  # a merge commit that GitHub does not know any more
GHOST = "ghost"  # what GitHub shows for a deleted account
STATUSES = {"removed": "deleted", "changed": "type-changed", "unchanged": "modified"}
_MERGE_TITLE = re.compile(r"Merge pull request #\d+ from\b")


@dataclass(frozen=True, slots=True)
class Merge:
    """The commit that brought a pull request into its target."""

    sha: str
    committed: datetime | None = None
    title: str = ""
    body: str = ""
    author: str = ""
    parents: int = 1


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull request. `incomplete`: what the host failed to tell, or ""."""

    number: int
    title: str
    body: str
    author: str | None
    updated_at: datetime
    merged_at: datetime | None
    author_is_bot: bool = False
    base: str | None = None
    state: str = "merged"
    merge: Merge | None = None
    labels: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()
    commit_total: int = 0
    linked_issues: tuple[str, ...] = ()
    reviews: tuple[ReviewThread, ...] = ()
    changed_files: int = 0
    additions: int = 0
    deletions: int = 0
    commit_shas: tuple[str, ...] = ()  # on the target branch, of a rebase merge
    incomplete: str = ""


# --- GraphQL ------------------------------------------------------------------------------------


def pull_of_node(node: Mapping[str, Any]) -> Pull:
    """A node of `github_graphql.PULL`. Raises KeyError, TypeError, ValueError for another shape."""
    author = node.get("author")
    commits = [entry["commit"] for entry in nodes(node, "commits")]
    return Pull(
        number=int(node["number"]),
        title=str(node["title"]),
        body=node.get("body") or "",
        author=login(author),
        author_is_bot=(author or {}).get("__typename") == "Bot",
        updated_at=moment(node["updatedAt"]),
        merged_at=moment(node["mergedAt"]) if node.get("mergedAt") else None,
        base=node.get("baseRefName"),
        state=str(node.get("state") or "MERGED").lower(),
        merge=_merge(node.get("mergeCommit")),
        labels=tuple(str(label["name"]) for label in nodes(node, "labels")),
        commits=tuple(
            Commit(
                commit["oid"],
                commit.get("messageHeadline") or "",
                (commit.get("author") or {}).get("name") or "",
            )
            for commit in commits
        ),
        commit_total=int((node.get("commits") or {}).get("totalCount") or 0),
        linked_issues=tuple(
            f"{issue['repository']['nameWithOwner']}#{issue['number']}"
            for issue in nodes(node, "closingIssuesReferences")
        ),
        reviews=(
            *(thread_of_node(thread) for thread in nodes(node, "reviewThreads")),
            *whole_reviews(
                (
                    review.get("state") or "",
                    login(review.get("author")) or GHOST,
                    review.get("body") or "",
                    review.get("url"),
                )
                for review in nodes(node, "reviews")
            ),
        ),
        changed_files=int(node.get("changedFiles") or 0),
        additions=int(node.get("additions") or 0),
        deletions=int(node.get("deletions") or 0),
    )


def nodes(node: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [entry for entry in (node.get(name) or {}).get("nodes") or () if entry is not None]


def login(actor: Mapping[str, Any] | None) -> str | None:
    """The name of an account; a bot's ends in [bot], as in git; None for a deleted one."""
    if not actor or not actor.get("login"):
        return None
    name = str(actor["login"])
    bot = actor.get("__typename") == "Bot" or actor.get("type") == "Bot"
    return f"{name}[bot]" if bot and not name.endswith("[bot]") else name


def thread_of_node(thread: Mapping[str, Any]) -> ReviewThread:
    comments = tuple(
        _comment(login(comment.get("author")), comment.get("body"), comment.get("url"))
        for comment in nodes(thread, "comments")
    )
    return ReviewThread(
        thread.get("path"),
        bool(thread.get("isResolved")),
        comments,
        comments[0].url if comments else None,
    )


def whole_reviews(
    reviews: Iterable[tuple[str, str, str, str | None]],
) -> tuple[ReviewThread, ...]:
    """Reviews of the whole change that say something, from (state, author, text, link) in order.

    A demand for changes is unresolved when its author said nothing after it and nobody approved."""
    rows = list(reviews)
    found = []
    for index, (state, author, text, url) in enumerate(rows):
        later = rows[index + 1 :]
        settled = any(
            after == "APPROVED" or (who == author and after in ("DISMISSED", "CHANGES_REQUESTED"))
            for after, who, _, _ in later
        )
        wants = state == "CHANGES_REQUESTED" and not settled
        if text.strip() or wants:
            comment = _comment(author, text.strip() or "(changes requested)", url)
            found.append(ReviewThread(None, not wants, (comment,), comment.url))
    return tuple(found)


def _comment(author: str | None, text: str | None, url: str | None) -> Comment:
    return Comment(author or GHOST, (text or "")[:MAX_COMMENT], link(url))


def _merge(commit: Mapping[str, Any] | None) -> Merge | None:
    if not commit:
        return None
    return Merge(
        sha=commit["oid"],
        committed=moment(commit["committedDate"]) if commit.get("committedDate") else None,
        title=commit.get("messageHeadline") or "",
        body=commit.get("messageBody") or "",
        author=(commit.get("author") or {}).get("name") or "",
        parents=int((commit.get("parents") or {}).get("totalCount") or 1),
    )


# --- REST ---------------------------------------------------------------------------------------


def pull_of_row(row: Mapping[str, Any]) -> Pull:
    """An entry of `GET /repos/{owner}/{repo}/pulls`: no reviews, commits or linked issues in it."""
    user = row.get("user")
    sha = row.get("merge_commit_sha")
    merged_at = moment(row["merged_at"]) if row.get("merged_at") else None
    return Pull(
        number=int(row["number"]),
        title=str(row["title"]),
        body=row.get("body") or "",
        author=login(user),
        author_is_bot=(user or {}).get("type") == "Bot",
        updated_at=moment(row["updated_at"]),
        merged_at=merged_at,
        base=(row.get("base") or {}).get("ref"),
        state="merged" if merged_at else str(row.get("state") or "closed"),
        merge=Merge(sha) if sha and merged_at else None,
        labels=tuple(str(label["name"]) for label in row.get("labels") or ()),
    )


def threads_of_rows(
    comments: Iterable[Mapping[str, Any]], reviews: Iterable[Mapping[str, Any]]
) -> tuple[ReviewThread, ...]:
    """Conversations of `/pulls/N/comments` and `/pulls/N/reviews`.

    REST does not say what is resolved: nothing is called unresolved on its word alone."""
    by_root: dict[Any, list[Mapping[str, Any]]] = {}
    for comment in comments:
        by_root.setdefault(comment.get("in_reply_to_id") or comment.get("id"), []).append(comment)
    threads = [
        ReviewThread(
            rows[0].get("path"),
            True,
            tuple(
                _comment(login(row.get("user")), row.get("body"), row.get("html_url"))
                for row in rows
            ),
            link(rows[0].get("html_url")),
        )
        for rows in by_root.values()
    ]
    whole = whole_reviews(
        (
            review.get("state") or "",
            login(review.get("user")) or GHOST,
            review.get("body") or "",
            review.get("html_url"),
        )
        for review in reviews
    )
    return (*threads, *whole)


def file_of_row(row: Mapping[str, Any]) -> FileChange:
    """An entry of `/pulls/N/files`; a patch that GitHub left out or cut is recorded as not seen."""
    patch = row.get("patch")
    additions, deletions = int(row.get("additions") or 0), int(row.get("deletions") or 0)
    status = str(row.get("status") or "modified")
    binary = patch is None and additions == deletions == 0 and status not in ("renamed", "copied")
    reason = None
    if binary:
        reason = "binary"
    elif (patch is None and additions + deletions) or (
        patch is not None and _counts(patch) != (additions, deletions)
    ):
        reason = "too large"
    return FileChange(
        path=str(row["filename"]),
        status=STATUSES.get(status, status),
        additions=additions,
        deletions=deletions,
        previous_path=row.get("previous_filename"),
        binary=binary,
        patch=None if patch is None else patch.rstrip("\n") + "\n",
        seen=reason is None,
        reason=reason,
    )


def _counts(patch: str) -> tuple[int, int]:
    lines = patch.split("\n")
    return sum(line[:1] == "+" for line in lines), sum(line[:1] == "-" for line in lines)


def with_missing(files: Sequence[FileChange], pull: Pull) -> tuple[FileChange, ...]:
    """`files`, and one entry for those beyond GitHub's 3,000, so that totals stay true."""
    missing = pull.changed_files - len(files)
    if missing <= 0:
        return tuple(files)
    rest = FileChange(
        path=f"({missing} more file{'s' if missing > 1 else ''})",
        status="modified",
        additions=max(0, pull.additions - sum(file.additions for file in files)),
        deletions=max(0, pull.deletions - sum(file.deletions for file in files)),
        seen=False,
        reason="not fetched",
    )
    return (*files, rest)


# --- what is stored -------------------------------------------------------------------------------


def fingerprint(pull: Pull, *, rest: bool = False) -> str:
    """Hash of what was told. By GraphQL (`h:`) without the time of the last update, which moves
    without a change; a list of REST (`r:`) shows a late review by that time alone."""
    moment = pull.updated_at if rest else datetime.fromtimestamp(0, UTC)
    listed = replace(pull, reviews=()) if rest else pull
    values = asdict(replace(listed, updated_at=moment, incomplete=""))
    text = json.dumps([READING_VERSION, values], sort_keys=True, default=str)
    hashed = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
    return f"{'r' if rest else 'h'}:{hashed}"


def said(pull: Pull) -> PullRequest:
    return PullRequest(
        title=pull.title,
        author=pull.author,
        merged_at=pull.merged_at,
        base=pull.base,
        state=pull.state,
        author_is_bot=pull.author_is_bot,
    )


def details_of(pull: Pull, web_url: str | None) -> Details:
    return Details(
        number=pull.number,
        merge_sha=pull.merge.sha if pull.merge else None,
        body=pull.body,
        pull_request=said(pull),
        url=f"{web_url}/pull/{pull.number}" if web_url else None,
        labels=pull.labels,
        reviews=pull.reviews,
        linked_issues=pull.linked_issues,
        commits=pull.commits,
        commit_shas=pull.commit_shas,
        fingerprint=fingerprint(pull),
    )


def change_of(pull: Pull, files: Sequence[FileChange], repo: str, web_url: str | None) -> Change:
    """The change where no clone tells it. A pull request without a merge commit is found by number."""
    merge = pull.merge
    title, author = _words_of_git(pull)
    return Change(
        id=f"{repo}#{pull.number}",
        repo=repo,
        number=pull.number,
        sha=merge.sha if merge else (pull.commits[-1].sha if pull.commits else NO_SHA),
        title=title,
        body=pull.body,
        author=author,
        merged_at=(merge.committed if merge else None) or pull.merged_at or pull.updated_at,
        url=f"{web_url}/pull/{pull.number}" if web_url else None,
        labels=pull.labels,
        files=with_missing(files, pull),
        commits=pull.commits,
        reviews=pull.reviews,
        linked_issues=pull.linked_issues,
        pull_request=said(pull),
        described=bool(pull.body.strip()),
        fingerprint=fingerprint(pull),
    )


def _words_of_git(pull: Pull) -> tuple[str, str]:
    """Title and author as a clone tells them (CONTRACT.md), else the pull request's own."""
    merge, own = pull.merge, pull.author or GHOST
    last = pull.commits[-1].author if pull.commits else ""
    if merge is None or not merge.title:
        return pull.title, last or own
    if merge.parents > 1 and _MERGE_TITLE.match(merge.title):
        first = next((line for line in merge.body.splitlines() if line.strip()), "")
        return first.strip() or pull.title, last or own
    if f"(#{pull.number})" in merge.title or pull.commit_total <= 1:
        return merge.title, merge.author or own
    return pull.title, merge.author or own  # a rebase: its commits' titles are not the change's


def is_rebase(pull: Pull) -> bool:
    """Did the merge write several commits to the target, so that one change is many in git?"""
    merge = pull.merge
    return bool(
        merge
        and merge.parents == 1
        and pull.commit_total > 1
        and f"(#{pull.number})" not in merge.title
        and pull.commits
        and pull.commits[-1].title == merge.title
    )


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def link(url: str | None) -> str | None:
    """A link that may be printed: http or https, nothing else."""
    return url if url and re.match(r"https?://[^\s<>\"']+$", url) else None
