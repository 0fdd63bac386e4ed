"""GraphQL over the server's pull requests: the schema beside this file, executed by graphql-core."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from github_data import FakePull, review_page, sha_of, stamp
from graphql import DocumentNode, GraphQLError, build_schema, execute_sync, parse, validate

if TYPE_CHECKING:
    from github_server import GithubServer

SCHEMA = build_schema((Path(__file__).parent / "github_schema.graphql").read_text())
SCHEMA.get_type("Actor").resolve_type = lambda value, *_: value["__typename"]  # type: ignore[union-attr]
SCHEMA.get_type("GitObject").resolve_type = lambda *_: "Commit"  # type: ignore[union-attr]


class HostError(GraphQLError):
    """An error with the `type` that GitHub puts beside the message."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@cache
def parsed(query: str) -> DocumentNode:
    """The query, once it is known to be one of this schema."""
    document = parse(query)
    if wrong := validate(SCHEMA, document):
        raise AssertionError(wrong)
    return document


def execute(server: GithubServer, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    root = {
        "rateLimit": {
            "limit": 5000,
            "cost": server.cost_of(query),
            "remaining": 5000 - server.points,
            "resetAt": "2030-01-01T00:00:00Z",
        },
        "repository": lambda _, owner, name, **__: _repository(server, f"{owner}/{name}"),
    }
    result = execute_sync(SCHEMA, parsed(query), root, variable_values=variables)
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [_error(error) for error in result.errors]
    return answer


def _error(error: GraphQLError) -> dict[str, Any]:
    row: dict[str, Any] = {"message": error.message, "path": error.path}
    kind = getattr(error.original_error or error, "kind", None)
    return row | ({"type": kind} if kind else {})


def _repository(server: GithubServer, name: str) -> dict[str, Any]:
    if server.renamed.get(name, name) != server.name or not server.visible:
        raise HostError("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
    return {
        "nameWithOwner": server.name,
        "url": f"{server.web}/{server.name}",
        "pullRequests": lambda _, **asked: _pulls(server, asked),
        "pullRequest": lambda _, number: _one(server, number),
        "object": lambda _, oid: server.commit_of(oid),
    }


def _pulls(server: GithubServer, asked: dict[str, Any]) -> dict[str, Any]:
    if not server.pulls_enabled:
        raise HostError("NOT_FOUND", "Pull requests are disabled for this repository.")
    field = (asked.get("orderBy") or {"field": "CREATED_AT"})["field"]
    states = set(asked.get("states") or ("OPEN", "CLOSED", "MERGED"))

    def key(pull: FakePull) -> tuple[str, int]:
        moment = pull.created_at if field == "CREATED_AT" else pull.updated_at
        return stamp(moment), pull.number

    rows = sorted((p for p in server.pulls.values() if p.state in states), key=key, reverse=True)
    if asked.get("after") is not None:
        place = _place(asked["after"])
        rows = [pull for pull in rows if key(pull) < place]
    first = asked.get("first")
    page = rows if first is None else rows[:first]
    last = key(page[-1]) if page else None
    return {
        "totalCount": len(rows),
        "pageInfo": {
            "hasNextPage": len(page) < len(rows),
            "endCursor": base64.b64encode(f"{last[0]}|{last[1]}".encode()).decode()
            if last
            else None,
        },
        "nodes": [_pull(server, pull) for pull in page],
    }


def _place(cursor: str) -> tuple[str, int]:
    try:
        moment, _, number = base64.b64decode(cursor, validate=True).decode().partition("|")
        return moment, int(number)
    except (binascii.Error, ValueError) as exc:
        message = f"`{cursor}` does not appear to be a valid cursor."
        raise HostError("INVALID_CURSOR_ARGUMENTS", message) from exc


def _one(server: GithubServer, number: int) -> dict[str, Any] | None:
    pull = server.pulls.get(number)
    if pull is None:
        raise HostError(
            "NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}."
        )
    return _pull(server, pull)


def _pull(server: GithubServer, pull: FakePull) -> dict[str, Any]:
    def page(rows: Sequence[Any]) -> Callable[..., dict[str, Any]]:
        return lambda _, first=None, after=None, last=None: _page(rows, first, after, last)

    def broken(name: str, value: Any) -> Any:
        """The field as it is, or an error while the server's plan breaks it."""
        return lambda info, **asked: (
            server.break_field(pull.number, name),
            value(info, **asked) if callable(value) else value,
        )[1]

    page_url = f"{server.web}/{server.name}/pull/{pull.number}"
    return {
        "number": pull.number,
        "title": pull.title,
        "body": pull.body,
        "url": page_url,
        "state": pull.state,
        "createdAt": stamp(pull.created_at),
        "updatedAt": stamp(pull.updated_at),
        "mergedAt": stamp(pull.merged_at) if pull.merged_at else None,
        "baseRefName": pull.base,
        "changedFiles": pull.changed_files,
        "additions": sum(file["additions"] for file in pull.files),
        "deletions": sum(file["deletions"] for file in pull.files),
        "author": _actor(pull.author),
        "mergeCommit": _merge(pull) if pull.merged_at else None,
        "labels": broken("labels", page([{"name": label} for label in pull.labels])),
        "closingIssuesReferences": page(
            [{"number": n, "repository": {"nameWithOwner": server.name}} for n in pull.issues]
        ),
        "commits": page(
            [
                {
                    "commit": {
                        "oid": sha,
                        "messageHeadline": title,
                        "author": {"name": pull.git_author},
                    }
                }
                for sha, title in pull.own_commits
            ]
        ),
        "reviews": page(
            [
                {
                    "state": state,
                    "body": text,
                    "url": review_page(pull, index, server.name, server.web),
                    "author": _actor(login),
                }
                for index, (state, login, text) in enumerate(pull.reviews)
            ]
        ),
        "reviewThreads": broken(
            "reviewThreads",
            page(
                [
                    {
                        "isResolved": thread.resolved,
                        "path": thread.path,
                        "comments": page(
                            [
                                {
                                    "author": _actor(login),
                                    "body": text,
                                    "url": f"{page_url}#discussion_r{index}",
                                }
                                for index, (login, text) in enumerate(
                                    thread.comments, pull.number * 1000 + 1
                                )
                            ]
                        ),
                    }
                    for thread in pull.threads
                ]
            ),
        ),
    }


def _page(
    rows: Sequence[Any], first: int | None, after: str | None, last: int | None
) -> dict[str, Any]:
    start = int(base64.b64decode(after).decode()) if after else 0
    end = len(rows) if first is None else min(len(rows), start + first)
    if last is not None:
        start, end = max(0, len(rows) - last), len(rows)
    return {
        "totalCount": len(rows),
        "pageInfo": {
            "hasNextPage": end < len(rows),
            "endCursor": base64.b64encode(str(end).encode()).decode() if end else None,
        },
        "nodes": list(rows[start:end]),
    }


def _actor(login: str | None) -> dict[str, str] | None:
    if login is None:
        return None
    bot = login.endswith("[bot]")
    return {"__typename": "Bot" if bot else "User", "login": login.removesuffix("[bot]")}


def _merge(pull: FakePull) -> dict[str, Any]:
    return {
        "oid": pull.sha,
        "committedDate": stamp(pull.merged_at or pull.updated_at),
        "messageHeadline": pull.headline,
        "messageBody": pull.title if pull.merge_parents > 1 else "",
        "author": {"name": pull.git_author},
        "parents": {"totalCount": pull.merge_parents},
        "history": lambda _, first=None: {
            "nodes": [
                {"oid": sha, "messageHeadline": title, "committedDate": stamp(pull.created_at), "messageBody": "",
                 "author": None, "parents": {"totalCount": 1}}
                for sha, title in [*reversed(pull.target or [(pull.sha, pull.headline)]), (sha_of("older"), "Older")][:first]
            ]
        },
    }  # fmt: skip
