"""GitHub's REST: lists of pull requests where GraphQL cannot be used, and the diffs of each.

The list tells title, description and labels; it does not tell which review threads are resolved, so
nothing is called unresolved on its word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.sources.github_client import GithubClient, Refused, last_page, next_link
from ingest.sources.github_graphql import Repository
from ingest.sources.github_hosts import ForeignHost, same_host
from ingest.sources.github_pulls import Pull, file_of_row, pull_of_row, threads_of_rows
from kb.types import FileChange

PAGE = 100  # pull requests
ROWS = 100  # files, comments, reviews
MAX_FILE_PAGES = 30  # GitHub lists at most 3,000 files of a pull request
DIFF_TOO_LARGE = (406, 422, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class RestPage:
    """Merged pull requests of one page, and whether another one follows."""

    pulls: tuple[Pull, ...]
    oldest_update: float | None
    more: bool


@dataclass
class RestPulls:
    """The pull requests of one repository, by REST."""

    client: GithubClient
    owner: str
    name: str

    @property
    def root(self) -> str:
        return f"/repos/{self.owner}/{self.name}"

    def repository(self) -> Repository:
        row, _ = self.client.get(self.root)
        name = str(row["full_name"])
        self.owner, _, self.name = name.partition("/")  # renamed: ask under the new name from here
        return Repository(name, row.get("html_url"))

    def page(self, sort: str, number: int) -> RestPage:
        """Page `number` (from 1) of closed pull requests, newest first by `sort`."""
        parameters = {
            "state": "closed",
            "sort": sort,
            "direction": "desc",
            "per_page": PAGE,
            "page": number,
        }
        rows, headers = self.client.get(f"{self.root}/pulls", parameters)
        if not isinstance(rows, list):
            raise Refused(200, f"{self.owner}/{self.name}: a list that is none")
        following = next_link(headers)
        if following is not None and not same_host(self.client.endpoint, following):
            raise ForeignHost(following)
        pulls = [pull_of_row(row) for row in rows]
        return RestPage(
            tuple(pull for pull in pulls if pull.merged_at is not None),
            min((pull.updated_at.timestamp() for pull in pulls), default=None),
            following is not None,
        )

    def total(self) -> int:
        """How many closed pull requests there are: the number of pages of one entry."""
        rows, headers = self.client.get(
            f"{self.root}/pulls", {"state": "closed", "per_page": 1, "page": 1}
        )
        return last_page(headers) or len(rows)

    def pull(self, number: int) -> Pull | None:
        """One pull request with its totals; None where there is none."""
        try:
            row, _ = self.client.get(f"{self.root}/pulls/{number}", one_of_many=True)
        except Refused as exc:
            if exc.status in (404, 410):
                return None
            raise
        return replace(
            pull_of_row(row),
            changed_files=int(row.get("changed_files") or 0),
            additions=int(row.get("additions") or 0),
            deletions=int(row.get("deletions") or 0),
            commit_total=int(row.get("commits") or 0),
        )

    def files(self, pull: Pull) -> tuple[FileChange, ...]:
        """The files with their patches, as far as GitHub tells them.

        A diff that it will not make leaves no file; `with_missing` then counts them as not seen."""
        try:
            rows = self._all(f"{self.root}/pulls/{pull.number}/files", MAX_FILE_PAGES)
        except Refused as exc:
            if exc.status in DIFF_TOO_LARGE and pull.changed_files:
                return ()
            raise
        return tuple(file_of_row(row) for row in rows)

    def with_reviews(self, pull: Pull) -> Pull:
        comments = self._all(f"{self.root}/pulls/{pull.number}/comments", 10)
        reviews = self._all(f"{self.root}/pulls/{pull.number}/reviews", 10)
        return replace(pull, reviews=threads_of_rows(comments, reviews))

    def _all(self, path: str, limit: int) -> Sequence[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        following: str | None = path
        parameters: dict[str, Any] = {"per_page": ROWS}
        for _ in range(limit):
            if following is None:
                break
            page, headers = self.client.get(following, parameters, one_of_many=True)
            if not isinstance(page, list):
                raise Refused(200, f"{path}: a list that is none")
            rows += page
            following, parameters = next_link(headers), {}
        return rows
