"""What a host says of a pull request, laid over the change that git told of.

Identity and time stay git's. A rebase merge, which git tells as several changes, becomes one: the
one of its last commit, with the others' ids as aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.sources.interface import Details, Known
from kb.store.archive import Archive
from kb.types import Change, ChangeRecord, Commit, FileChange


def overlay(changes: Sequence[Change], details: Details) -> Change:
    """One change of those that belong to a pull request, the last merged one leading.

    `changes` are newest first and not empty."""
    lead = next((change for change in changes if change.sha == details.merge_sha), changes[0])
    others = [change for change in changes if change is not lead]
    number = lead.number or details.number
    own_id = lead.id if lead.number is not None else f"{lead.repo}#{number}"
    aliases = dict.fromkeys(
        [
            *lead.aliases,
            *(alias for other in others for alias in (other.id, *other.aliases)),
            *([lead.id] if lead.id != own_id else []),
        ]
    )
    return replace(
        lead,
        id=own_id,
        number=number,
        body=details.body or lead.body,
        described=bool(details.body.strip()) or lead.described,
        url=details.url or lead.url,
        labels=details.labels,
        reviews=details.reviews,
        linked_issues=details.linked_issues,
        pull_request=details.pull_request,
        files=_joined_files([*reversed(others), lead]) if others else lead.files,
        commits=_commits(lead, others, details),
        aliases=tuple(alias for alias in aliases if alias != own_id),
        fingerprint=f"{git_part(lead.fingerprint)} a:{details.fingerprint}",
    )


def git_part(fingerprint: str) -> str:
    return fingerprint.partition(" ")[0]


def with_details_of(fresh: Change, stored: Change) -> Change:
    """`fresh` from git with what a host had said of `stored`."""
    _, _, said = stored.fingerprint.partition(" ")
    return replace(
        fresh,
        number=stored.number,
        body=stored.body if stored.described else fresh.body,
        described=stored.described or fresh.described,
        url=stored.url or fresh.url,
        labels=stored.labels,
        reviews=stored.reviews,
        linked_issues=stored.linked_issues,
        pull_request=stored.pull_request,
        aliases=stored.aliases,
        fingerprint=f"{fresh.fingerprint} {said}" if said else fresh.fingerprint,
    )


def owners(
    details: Details, known: Mapping[str, str], shas: Mapping[str, str], repo: str
) -> list[str]:
    """Ids of the stored changes that a pull request is: by number, else by its commits."""
    by_number = f"{repo}#{details.number}"
    found = [by_number] if by_number in known else []
    commits = [details.merge_sha, *details.commit_shas]
    named = dict.fromkeys(shas[sha] for sha in commits if sha is not None and sha in shas)
    loose = [item for item in named if "@" in item.rpartition("/")[2]]
    return found + [item for item in (loose if found else named) if item not in found]


Prepare = Callable[[Change], ChangeRecord | str]  # a text: why it cannot be prepared


@dataclass
class Enrichment:
    """Lays what a host tells over stored changes; `known` moves on with what it stores."""

    archive: Archive
    repo: str
    known: Known
    prepare: Prepare

    def __post_init__(self) -> None:
        self._ids = dict(self.known.fingerprints)
        self._shas = dict(self.known.shas)

    def record(self, details: Details) -> ChangeRecord | str | None:
        """The record as it will be; None where no stored change is this pull request (yet)."""
        ids = owners(details, self._ids, self._shas, self.repo)
        stored = [self.archive.record(item, patches=True, pending=True) for item in ids]
        changes = [record.change for record in stored if record is not None]
        if not changes:
            return None
        changes.sort(key=lambda change: change.merged_at, reverse=True)
        record = self.prepare(overlay(changes, details))
        if isinstance(record, str):
            return record
        for change in changes:
            self._ids.pop(change.id, None)
        self._ids[record.id] = record.change.fingerprint
        for sha in (record.change.sha, *(commit.sha for commit in record.change.commits)):
            self._shas[sha] = record.id
        return record


def _commits(lead: Change, others: Sequence[Change], details: Details) -> tuple[Commit, ...]:
    """Every commit once: those of git (they say what is known), then the pull request's own."""
    found = {commit.sha: commit for commit in lead.commits}
    for other in reversed(others):
        found[other.sha] = Commit(other.sha, other.title, other.author)
        found |= {commit.sha: commit for commit in other.commits}
    for commit in details.commits:
        found.setdefault(commit.sha, commit)
    return tuple(found.values())


def _joined_files(changes: Sequence[Change]) -> tuple[FileChange, ...]:
    """The files of several commits, oldest first, as one list: patches of one path follow each other."""
    files: dict[str, FileChange] = {}
    for change in changes:
        for file in change.files:
            before = files.pop(file.previous_path or file.path, None) or files.pop(file.path, None)
            files[file.path] = file if before is None else _joined(before, file)
    return tuple(files.values())


def _joined(before: FileChange, after: FileChange) -> FileChange:
    patches = [file.patch for file in (before, after) if file.patch]
    status = before.status if before.status in ("added", "renamed") else after.status
    return replace(
        after,
        status=after.status if after.status == "deleted" else status,
        previous_path=before.previous_path or after.previous_path,
        additions=before.additions + after.additions,
        deletions=before.deletions + after.deletions,
        binary=before.binary or after.binary,
        patch="\n".join(patches) or None,
        seen=before.seen and after.seen,
        reason=before.reason or after.reason,
    )
