"""Pull requests for the GitHub-shaped server: plain rows, and the REST shapes made of them."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def sha_of(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Thread:
    path: str
    resolved: bool
    comments: list[tuple[str, str]]  # (login, text)


@dataclass
class FakePull:
    """A pull request as the server holds it. A login that ends in [bot] is a bot; None is deleted."""

    number: int
    title: str
    body: str = ""
    author: str | None = "mira"
    created_at: datetime = START
    merged_at: datetime | None = START
    updated_at: datetime = START
    merge_sha: str | None = None
    merge_title: str | None = None
    merge_parents: int = 1
    git_author: str = "Mira Lund"
    labels: list[str] = field(default_factory=list)
    issues: list[int] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    reviews: list[tuple[str, str | None, str]] = field(default_factory=list)  # (state, login, text)
    files: list[dict[str, Any]] = field(default_factory=list)
    commits: list[tuple[str, str]] = field(default_factory=list)  # (sha, title)
    target: list[tuple[str, str]] = field(default_factory=list)  # a rebase's commits on the branch
    base: str = "main"
    fork_deleted: bool = False
    file_total: int | None = None  # more than are listed

    @property
    def state(self) -> str:
        return "MERGED" if self.merged_at else "CLOSED"

    @property
    def sha(self) -> str:
        return self.merge_sha or sha_of(f"merge {self.number}")

    @property
    def headline(self) -> str:
        return self.merge_title or f"{self.title} (#{self.number})"

    @property
    def own_commits(self) -> list[tuple[str, str]]:
        return self.commits or [(sha_of(f"head {self.number}"), self.title)]

    @property
    def changed_files(self) -> int:
        return self.file_total if self.file_total is not None else len(self.files)


def some_pulls(count: int, first: int = 1) -> list[FakePull]:
    """Pull requests an hour apart, with descriptions, labels, threads and small diffs."""
    return [_pull(number) for number in range(first, first + count)]


def _pull(number: int) -> FakePull:
    created = START + timedelta(hours=number)
    merged = created + timedelta(minutes=30)
    path = f"src/part_{number % 7}.py"
    threads = [Thread(path, number % 3 > 0, [("noor", f"Does part {number} close the file?")])]
    return FakePull(
        number=number,
        title=f"Part {number}: keep the lease of slow jobs",
        body=f"## Motivation\n\nThe lease of job {number} was lost. Latency falls by {number % 50 + 1} %.\n",
        author="dependabot[bot]" if number % 10 == 0 else "mira",
        created_at=created,
        merged_at=merged,
        updated_at=merged,
        labels=["bug"] if number % 2 else ["feature", "queue"],
        issues=[number + 10_000] if number % 4 == 0 else [],
        threads=threads if number % 2 else [],
        reviews=[("APPROVED", "noor", "")],
        files=[change_of_line(path, number)],
    )


def change_of_line(path: str, number: int) -> dict[str, Any]:
    return {
        "filename": path,
        "status": "modified",
        "additions": 1,
        "deletions": 1,
        "patch": f"@@ -{number} +{number} @@\n-lease = {number - 1}\n+lease = {number}",
    }


def repository_of(pulls: list[FakePull], folder: Path) -> Path:
    """A bare clone whose squash commits are these pull requests, in the order of their merging."""
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
    lines = ["reset refs/heads/main", ""]
    for mark, pull in enumerate(sorted(pulls, key=lambda pull: (pull.merged_at, pull.number)), 1):
        when = int((pull.merged_at or START).timestamp())
        message = pull.headline
        text = f"lease = {pull.number}\n"
        path = pull.files[0]["filename"] if pull.files else "README"
        lines += [
            "commit refs/heads/main",
            f"mark :{mark}",
            f"author {pull.git_author} <a@example.org> {when} +0000",
            f"committer {pull.git_author} <a@example.org> {when} +0000",
            f"data {len(message.encode())}",
            message,
            *([f"from :{mark - 1}"] if mark > 1 else []),
            f"M 100644 inline {path}",
            f"data {len(text)}",
            text,
        ]
    marks = folder / "marks"
    subprocess.run(
        ["git", f"--git-dir={folder}", "fast-import", "--quiet", f"--export-marks={marks}"],
        input="\n".join(lines) + "\n",
        text=True,
        check=True,
    )
    subprocess.run(
        ["git", f"--git-dir={folder}", "symbolic-ref", "HEAD", "refs/heads/main"], check=True
    )
    shas = dict(line.split() for line in marks.read_text().splitlines())
    for mark, pull in enumerate(sorted(pulls, key=lambda pull: (pull.merged_at, pull.number)), 1):
        pull.merge_sha = shas[f":{mark}"]
    return folder


# --- REST shapes --------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return text.split()


_REPOSITORY_LINKS = _words(
    "archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads "
    "events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages merges "
    "milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees"
)
_USER_LINKS = _words(
    "avatar events followers following gists html organizations received_events repos starred subscriptions"
)
_PULL_LINKS = _words(
    "comments commits diff html issue patch review_comment review_comments statuses"
)


def user_row(name: str | None, web: str) -> dict[str, Any] | None:
    if name is None:
        return None
    return {
        "login": name,
        "id": len(name) + 1,
        "node_id": "U_1",
        "gravatar_id": "",
        "type": "Bot" if name.endswith("[bot]") else "User",
        "site_admin": False,
        "url": f"{web}/users/{name}",
        **{f"{link}_url": f"{web}/{name}/{link}" for link in _USER_LINKS},
    }


def repository_row(name: str, web: str, api: str) -> dict[str, Any]:
    counts = "forks forks_count open_issues open_issues_count size stargazers_count watchers watchers_count network_count subscribers_count"
    flags = "has_issues has_projects has_wiki has_pages has_discussions has_downloads archived disabled fork private"
    root = f"{api}/repos/{name}"
    return {
        "id": 1,
        "node_id": "R_1",
        "name": name.partition("/")[2],
        "full_name": name,
        "owner": user_row(name.partition("/")[0], web),
        "description": None,
        "homepage": None,
        "language": None,
        "license": None,
        "mirror_url": None,
        "default_branch": "main",
        "url": root,
        "html_url": f"{web}/{name}",
        "clone_url": f"{web}/{name}.git",
        "git_url": f"git://example.org/{name}.git",
        "ssh_url": f"git@example.org:{name}.git",
        "svn_url": f"{web}/{name}",
        "created_at": stamp(START),
        "updated_at": stamp(START),
        "pushed_at": stamp(START),
        **dict.fromkeys(counts.split(), 1),
        **dict.fromkeys(flags.split(), False),
        **{f"{link}_url": f"{root}/{link}" for link in _REPOSITORY_LINKS},
    }


def pull_row(
    pull: FakePull, name: str, web: str, api: str, *, whole: bool = False
) -> dict[str, Any]:
    root = f"{api}/repos/{name}/pulls/{pull.number}"
    repository = repository_row(name, web, api)
    links = {f"{link}_url": f"{root}/{link}" for link in _PULL_LINKS}
    links |= {"html_url": f"{web}/{name}/pull/{pull.number}"}
    side = {"label": "x:main", "user": user_row("mira", web)}
    row: dict[str, Any] = {
        "url": root,
        "id": pull.number,
        "node_id": f"PR_{pull.number}",
        "number": pull.number,
        "state": "closed",
        "locked": False,
        "title": pull.title,
        "body": pull.body or None,
        "user": user_row(pull.author, web),
        "labels": [
            {
                "id": 1,
                "node_id": "L",
                "url": f"{api}/l",
                "name": label,
                "description": "",
                "color": "ededed",
                "default": False,
            }
            for label in pull.labels
        ],
        "milestone": None,
        "assignee": None,
        "auto_merge": None,
        "author_association": "MEMBER",
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": stamp(pull.merged_at or pull.updated_at),
        "merged_at": stamp(pull.merged_at) if pull.merged_at else None,
        "merge_commit_sha": pull.sha if pull.merged_at else None,
        "head": {
            **side,
            "ref": "topic",
            "sha": pull.own_commits[-1][0],
            "repo": None if pull.fork_deleted else repository,
        },
        "base": {**side, "ref": pull.base, "sha": sha_of("base"), "repo": repository},
        "_links": {
            key: {"href": f"{root}/{key}"}
            for key in _words(
                "comments commits statuses html issue review_comments review_comment self"
            )
        },
        **links,
    }
    if whole:
        row |= {
            "merged": pull.merged_at is not None,
            "merged_by": user_row("noor", web),
            "mergeable": None,
            "mergeable_state": "unknown",
            "maintainer_can_modify": False,
            "comments": 0,
            "review_comments": sum(len(thread.comments) for thread in pull.threads),
            "commits": len(pull.own_commits),
            "additions": sum(file["additions"] for file in pull.files),
            "deletions": sum(file["deletions"] for file in pull.files),
            "changed_files": pull.changed_files,
        }
    return row


def file_row(file: dict[str, Any], name: str, web: str) -> dict[str, Any]:
    return {
        "sha": sha_of(file["filename"]),
        "changes": file["additions"] + file["deletions"],
        "blob_url": f"{web}/{name}/blob/x/{file['filename']}",
        "raw_url": f"{web}/{name}/raw/x/{file['filename']}",
        "contents_url": f"{web}/{name}/contents/{file['filename']}",
        **file,
    }


def comment_rows(pull: FakePull, name: str, web: str, api: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for thread in pull.threads:
        root = None
        for login, text in thread.comments:
            number = pull.number * 1000 + len(rows) + 1
            page = f"{web}/{name}/pull/{pull.number}#discussion_r{number}"
            row = {
                "url": f"{api}/repos/{name}/pulls/comments/{number}",
                "id": number,
                "node_id": f"C_{number}",
                "pull_request_review_id": 1,
                "diff_hunk": "@@ -1 +1 @@",
                "path": thread.path,
                "commit_id": sha_of("head"),
                "original_commit_id": sha_of("head"),
                "user": user_row(login, web),
                "body": text,
                "created_at": stamp(pull.created_at),
                "updated_at": stamp(pull.created_at),
                "html_url": page,
                "pull_request_url": f"{api}/repos/{name}/pulls/{pull.number}",
                "author_association": "MEMBER",
                "_links": {key: {"href": page} for key in ("self", "html", "pull_request")},
            }
            rows.append(row if root is None else row | {"in_reply_to_id": root})
            root = root or number
    return rows


def review_rows(pull: FakePull, name: str, web: str, api: str) -> list[dict[str, Any]]:
    return [
        {
            "id": pull.number * 100 + index,
            "node_id": "R",
            "user": user_row(login, web),
            "body": text,
            "state": state,
            "commit_id": sha_of("head"),
            "html_url": review_page(pull, index, name, web),
            "pull_request_url": f"{api}/repos/{name}/pulls/{pull.number}",
            "author_association": "MEMBER",
            "submitted_at": stamp(pull.created_at),
            "_links": {key: {"href": f"{web}/{name}"} for key in ("html", "pull_request")},
        }
        for index, (state, login, text) in enumerate(pull.reviews)
    ]


def review_page(pull: FakePull, index: int, name: str, web: str) -> str:
    return f"{web}/{name}/pull/{pull.number}#pullrequestreview-{pull.number * 100 + index}"
