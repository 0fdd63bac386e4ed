"""GitHub's GraphQL: a page of pull requests with everything that stands on them in one query.

A page that is too heavy (502, time out, resource limits) is asked again at half its size, down to one
pull request; if even that fails while a light query works, it alone is reported as failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.sources.github_client import GithubClient, HeavyPage, Refused
from ingest.sources.github_limits import AGAIN, Verdict
from ingest.sources.github_pulls import (
    GHOST,
    Pull,
    is_rebase,
    login,
    nodes,
    pull_of_node,
    thread_of_node,
    whole_reviews,
)
from kb.errors import LimitReached

PAGE = 50  # pull requests; 50 cost 16 points of 5,000 an hour
NUMBERS_A_QUERY = 25
GIVE_UP = 5  # pull requests in a row that fail: then it is the host
CREATED, UPDATED = "CREATED_AT", "UPDATED_AT"

_THREADS = """
      nodes { isResolved path comments(first: 8) { nodes { author { __typename login } body url } } }
      pageInfo { hasNextPage endCursor }"""
_REVIEWS = """
      nodes { state body url author { __typename login } }
      pageInfo { hasNextPage endCursor }"""
_COMMITS = """
      totalCount nodes { commit { oid messageHeadline author { name } } }
      pageInfo { hasNextPage endCursor }"""
_LABELS = "nodes { name } pageInfo { hasNextPage endCursor }"
_ISSUES = "nodes { number repository { nameWithOwner } } pageInfo { hasNextPage endCursor }"

PULL = f"""
fragment Pull on PullRequest {{
  number title body state updatedAt mergedAt baseRefName changedFiles additions deletions
  author {{ __typename login }}
  mergeCommit {{
    oid committedDate messageHeadline messageBody author {{ name }} parents(first: 2) {{ totalCount }}
  }}
  labels(first: 20) {{ {_LABELS} }}
  closingIssuesReferences(first: 10) {{ {_ISSUES} }}
  commits(last: 20) {{ {_COMMITS} }}
  reviews(first: 25) {{ {_REVIEWS} }}
  reviewThreads(first: 25) {{ {_THREADS} }}
}}
"""
REPOSITORY = """
query Repository($owner: String!, $name: String!) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    nameWithOwner url
    pullRequests(states: [MERGED]) { totalCount }
  }
}
"""
PULLS = (
    """
query Pulls($owner: String!, $name: String!, $first: Int!, $after: String, $field: IssueOrderField!) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    pullRequests(
      first: $first, after: $after, states: [MERGED], orderBy: {field: $field, direction: DESC}
    ) {
      pageInfo { hasNextPage endCursor }
      nodes { ...Pull }
    }
  }
}
"""
    + PULL
)
LIGHT = """
query Light($owner: String!, $name: String!, $first: Int!, $after: String, $field: IssueOrderField!) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    pullRequests(
      first: $first, after: $after, states: [MERGED], orderBy: {field: $field, direction: DESC}
    ) {
      pageInfo { hasNextPage endCursor }
      nodes { number updatedAt }
    }
  }
}
"""
_MORE = {
    "reviewThreads": f"reviewThreads(first: 100, after: $after) {{ {_THREADS} }}",
    "reviews": f"reviews(first: 100, after: $after) {{ {_REVIEWS} }}",
    "labels": f"labels(first: 100, after: $after) {{ {_LABELS} }}",
    "closingIssuesReferences": f"closingIssuesReferences(first: 100, after: $after) {{ {_ISSUES} }}",
}
MORE = {
    name: f"""
query More($owner: String!, $name: String!, $number: Int!, $after: String) {{
  rateLimit {{ cost remaining resetAt }}
  repository(owner: $owner, name: $name) {{ pullRequest(number: $number) {{ {selection} }} }}
}}
"""
    for name, selection in _MORE.items()
}
MAX_MORE = 20  # further pages of one connection of one pull request


@dataclass(frozen=True, slots=True)
class Repository:
    """What the host says of a repository. `pulls`: how many are merged, None where it is not said."""

    name: str
    url: str | None
    pulls: int | None = None
    enabled: bool = True  # False: pull requests are switched off


@dataclass(frozen=True, slots=True)
class Page:
    """Pull requests in order, those that failed with why, and where the next page begins."""

    pulls: tuple[Pull, ...]
    failed: tuple[tuple[int, str], ...]  # (number, reason)
    after: str | None  # None: this was the last page


class LostCursor(Exception):
    """The host does not know the stored cursor any more; the walk begins anew."""


@dataclass
class GraphqlPulls:
    """The pull requests of one repository, by GraphQL."""

    client: GithubClient
    owner: str
    name: str
    size: int = field(default_factory=lambda: PAGE)
    _skipped: int = 0  # pull requests in a row that no page could hold

    def repository(self) -> Repository:
        """Raises Refused(404) where there is none that the token may see."""
        answer = self._patiently(REPOSITORY, {})
        found = (answer.get("data") or {}).get("repository")
        if not found:
            raise _refused(answer, f"{self.owner}/{self.name}")
        pulls = found.get("pullRequests")
        return Repository(
            str(found["nameWithOwner"]),
            found.get("url"),
            int(pulls["totalCount"]) if pulls else None,
            bool(pulls),
        )

    def page(self, order: str, after: str | None) -> Page:
        """The next page of merged pull requests, newest first by `order`."""
        while True:
            variables = {"first": self.size, "after": after, "field": order}
            try:
                answer = self._query(PULLS, variables)
            except HeavyPage as heavy:
                if self.size > 1:
                    self.size = max(1, self.size // 2)
                    self._breathe(heavy.verdict)
                    continue
                return self._without_first(order, after, heavy.verdict)
            page = self._page_of(answer, variables)
            self._skipped = 0
            self.size = min(PAGE, self.size * 2)
            return page

    def by_number(self, numbers: Sequence[int]) -> Iterator[tuple[int, Pull | None, str]]:
        """(number, pull request or None, why not) of each; "" is: there is no such one."""
        size = NUMBERS_A_QUERY
        rest = list(numbers)
        while rest:
            asked = rest[:size]
            try:
                answer = self._query(_numbers_query(asked), {})
            except HeavyPage as heavy:
                if size > 1:
                    size = max(1, size // 2)
                    self._breathe(heavy.verdict)
                    continue
                yield asked[0], None, heavy.verdict.reason
                rest = rest[1:]
                continue
            rest = rest[size:]
            found = (answer.get("data") or {}).get("repository") or {}
            for number in asked:
                node = found.get(f"p{number}")
                reason = _reason_at(answer, ["repository", f"p{number}"])
                if node is None:
                    gone = not reason or _is_not_found(answer, f"p{number}")
                    yield number, None, "" if gone else reason
                else:
                    pull = self._whole(node, reason)
                    yield number, pull if not pull.incomplete else None, pull.incomplete

    def _page_of(self, answer: Mapping[str, Any], variables: Mapping[str, Any]) -> Page:
        repository = (answer.get("data") or {}).get("repository")
        if repository is None:
            raise _refused(answer, f"{self.owner}/{self.name}")
        found = repository.get("pullRequests")
        if found is None:
            raise Refused(410, f"{self.owner}/{self.name} has no pull requests")
        pulls: list[Pull] = []
        failed: list[tuple[int, str]] = []
        names: list[int | None] | None = None
        broken: list[int] = []
        for index, node in enumerate(found["nodes"]):
            where = ["repository", "pullRequests", "nodes", index]
            reason = _reason_at(answer, where)
            if node is None:
                names = self._numbers(variables) if names is None else names
                number = names[index] if index < len(names) else None
                if number is not None:
                    broken.append(number)
                continue
            pull = self._whole(node, reason)
            if pull.incomplete:
                broken.append(pull.number)
            else:
                pulls.append(pull)
        for number, again, reason in self.by_number(broken):
            if again is not None:
                pulls.append(again)
            elif reason:
                failed.append((number, reason))
        pulls = self._with_rebased(pulls)
        info = found["pageInfo"]
        return Page(tuple(pulls), tuple(failed), info["endCursor"] if info["hasNextPage"] else None)

    def _whole(self, node: Mapping[str, Any], reason: str) -> Pull:
        """The pull request with what did not fit into its page."""
        try:
            pull = replace(pull_of_node(node), incomplete=reason)
        except (KeyError, TypeError, ValueError) as exc:
            number = int(node.get("number") or 0)
            raise Refused(500, f"pull request #{number} has an unknown shape ({exc})") from exc
        if reason:
            return pull
        for connection in MORE:
            info = (node.get(connection) or {}).get("pageInfo") or {}
            if info.get("hasNextPage"):
                pull = self._more(pull, node, connection, info["endCursor"])
        return pull

    def _more(self, pull: Pull, node: Mapping[str, Any], connection: str, after: str) -> Pull:
        entries: list[Mapping[str, Any]] = []
        for _ in range(MAX_MORE):
            answer = self._patiently(MORE[connection], {"number": pull.number, "after": after})
            found = ((answer.get("data") or {}).get("repository") or {}).get("pullRequest") or {}
            entries += nodes(found, connection)
            info = (found.get(connection) or {}).get("pageInfo") or {}
            if not info.get("hasNextPage"):
                break
            after = info["endCursor"]
        return _added(pull, node, connection, entries)

    def _with_rebased(self, pulls: list[Pull]) -> list[Pull]:
        """The commits that rebase merges wrote to their target, asked for all of a page at once."""
        rebased = [pull for pull in pulls if is_rebase(pull) and _is_sha(pull)]
        if not rebased:
            return pulls
        answer = self._patiently(_history_query(rebased), {})
        found = (answer.get("data") or {}).get("repository") or {}
        shas = {pull.number: _same_commits(pull, found.get(f"c{pull.number}")) for pull in rebased}
        return [replace(pull, commit_shas=shas.get(pull.number, ())) for pull in pulls]

    def _numbers(self, variables: Mapping[str, Any]) -> list[int | None]:
        answer = self._patiently(LIGHT, variables)
        found = ((answer.get("data") or {}).get("repository") or {}).get("pullRequests") or {}
        return [node["number"] if node else None for node in found.get("nodes") or ()]

    def _without_first(self, order: str, after: str | None, verdict: Verdict) -> Page:
        """One pull request cannot be read: name it by a light query and step over it."""
        self._skipped += 1
        if self._skipped >= GIVE_UP:
            raise LimitReached(
                f"GitHub failed for {self._skipped} pull requests in a row: {verdict.reason}",
                "what came before is kept; run the same command again later",
            )
        answer = self._patiently(LIGHT, {"first": 1, "after": after, "field": order})
        found = ((answer.get("data") or {}).get("repository") or {}).get("pullRequests") or {}
        failed = tuple(
            (int(node["number"]), verdict.reason) for node in found.get("nodes") or () if node
        )
        info = found.get("pageInfo") or {}
        return Page((), failed, info.get("endCursor") if info.get("hasNextPage") else None)

    def _patiently(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """A query that has no smaller form: waited for like any other passing fault."""
        while True:
            try:
                return self._query(query, variables)
            except HeavyPage as heavy:
                self.client.patience.wait_for(heavy.verdict)

    def _query(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        names = {"owner": self.owner, "name": self.name}
        answer = self.client.graphql(query, names | dict(variables))
        for error in _errors(answer):
            if error.get("type") == "INVALID_CURSOR_ARGUMENTS":
                raise LostCursor
        return answer

    def _breathe(self, verdict: Verdict) -> None:
        """A short pause before a smaller page; it does not count as one more failure."""
        wait_s = verdict.wait_s if verdict.wait_s is not None else 1.0
        self.client.patience.wait_for(Verdict(AGAIN, verdict.reason, wait_s))
        self.client.patience.progressed()


def _numbers_query(numbers: Sequence[int]) -> str:
    asked = "\n".join(
        f"    p{number}: pullRequest(number: {number}) {{ ...Pull }}" for number in numbers
    )
    return (
        "query Numbers($owner: String!, $name: String!) {\n"
        "  rateLimit { cost remaining resetAt }\n"
        f"  repository(owner: $owner, name: $name) {{\n{asked}\n  }}\n}}\n" + PULL
    )


def _history_query(pulls: Sequence[Pull]) -> str:
    """Ancestors of each rebase merge's last commit, as many as the pull request has commits."""
    asked = "\n".join(
        f'    c{pull.number}: object(oid: "{pull.merge.sha}") {{ ... on Commit {{\n'
        f"      history(first: {min(pull.commit_total, 100)}) {{ nodes {{ oid messageHeadline }} }} }} }}"
        for pull in pulls
        if pull.merge
    )
    return (
        "query Rebased($owner: String!, $name: String!) {\n"
        "  rateLimit { cost remaining resetAt }\n"
        f"  repository(owner: $owner, name: $name) {{\n{asked}\n  }}\n}}\n"
    )


def _is_sha(pull: Pull) -> bool:
    """The sha goes into the text of a query: it must be nothing else."""
    return pull.merge is not None and re.fullmatch(r"[0-9a-f]{40,64}", pull.merge.sha) is not None


def _same_commits(pull: Pull, found: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Shas on the target whose titles are those of the pull request's commits, newest first."""
    history = nodes(found or {}, "history")
    shas: list[str] = []
    for commit, own in zip(history, reversed(pull.commits), strict=False):
        if commit.get("messageHeadline") != own.title:
            break
        shas.append(str(commit["oid"]))
    return tuple(shas) if len(shas) > 1 else ()


def _added(
    pull: Pull, node: Mapping[str, Any], connection: str, entries: Iterable[Mapping[str, Any]]
) -> Pull:
    if connection == "labels":
        return replace(pull, labels=(*pull.labels, *(str(label["name"]) for label in entries)))
    if connection == "closingIssuesReferences":
        issues = (f"{e['repository']['nameWithOwner']}#{e['number']}" for e in entries)
        return replace(pull, linked_issues=(*pull.linked_issues, *issues))
    threads = [thread for thread in pull.reviews if thread.path is not None]
    if connection == "reviewThreads":
        whole = [thread for thread in pull.reviews if thread.path is None]
        return replace(pull, reviews=(*threads, *(thread_of_node(e) for e in entries), *whole))
    every = [*nodes(node, "reviews"), *entries]
    rows = [
        (
            review.get("state") or "",
            login(review.get("author")) or GHOST,
            review.get("body") or "",
            review.get("url"),
        )
        for review in every
    ]
    return replace(pull, reviews=(*threads, *whole_reviews(rows)))


def _errors(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [error for error in answer.get("errors") or () if isinstance(error, Mapping)]


def _reason_at(answer: Mapping[str, Any], where: Sequence[Any]) -> str:
    """The message of an error at or below a place of the answer; "" where all is well."""
    for error in _errors(answer):
        path = error.get("path") or []
        if list(path[: len(where)]) == list(where):
            below = ".".join(str(part) for part in path[len(where) :])
            message = str(error.get("message") or error.get("type") or "error")[:200]
            return f"{below}: {message}" if below else message
    return ""


def _is_not_found(answer: Mapping[str, Any], name: str) -> bool:
    return any(
        error.get("type") == "NOT_FOUND" and name in (error.get("path") or ())
        for error in _errors(answer)
    )


def _refused(answer: Mapping[str, Any], name: str) -> Refused:
    errors = _errors(answer)
    kind = str(errors[0].get("type") or "") if errors else "NOT_FOUND"
    message = str(errors[0].get("message") or kind)[:200] if errors else "no such repository"
    status = {"NOT_FOUND": 404, "FORBIDDEN": 403, "DMCA": 451}.get(kind, 400)
    return Refused(status, f"{name}: {message}")
