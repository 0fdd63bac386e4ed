"""Recorded changes: one a line, in and out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.sources.interface import Bounds, Failure, Known
from ingest.sources.jsonl import JsonlSource, dump_changes, from_json, repositories, to_json
from kb.errors import SourceError
from kb.types import (
    Change,
    Comment,
    Commit,
    FileChange,
    PullRequest,
    ReviewThread,
    SilentObserver,
)

SHA = "1" * 40
ROW: dict[str, Any] = {
    "repo": "acme/relay",
    "number": 12,
    "sha": SHA,
    "title": "Add the relay",
    "author": "Ada",
    "merged_at": "2026-03-01T09:30:00+02:00",
}
FULL = Change(
    id="acme/relay#12",
    repo="acme/relay",
    number=12,
    sha=SHA,
    title="Add the relay 中文",
    body="Why\n\nIt is **faster**.",
    author="Ada",
    merged_at=datetime(2026, 3, 1, 7, 30, tzinfo=UTC),
    url="https://example.org/12",
    labels=("fast", "relay"),
    files=(
        FileChange("a.py", "modified", 1, 1, patch="@@ -1 +1 @@\n-a\n+b"),
        FileChange("b.py", "renamed", 0, 0, previous_path="c.py"),
        FileChange("d.png", "added", binary=True, seen=False, reason="binary"),
        FileChange(
            "e.py", "modified", 900, 1, patch="@@ -1 +1 @@\n+b", seen=False, reason="too large"
        ),
    ),
    commits=(Commit("2" * 40, "wip", "Bob"),),
    reviews=(ReviewThread("a.py", False, (Comment("Eve", "Is it?", "https://example.org/c"),)),),
    linked_issues=("acme/relay#3",),
    aliases=(f"acme/relay@{SHA}",),
    pull_request=PullRequest("Add", "ada", datetime(2026, 3, 1, tzinfo=UTC), "main"),
    described=True,
    fingerprint="g:1 a:2",
)


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def read(
    source: JsonlSource, known: Known | None = None, bounds: Bounds | None = None
) -> list[Any]:
    return list(source.read(known or Known(), bounds or Bounds(), SilentObserver()).changes)


def test_the_few_needed_fields_make_a_change() -> None:
    change = from_json(ROW)
    assert (change.id, change.merged_at) == (
        "acme/relay#12",
        datetime(2026, 3, 1, 7, 30, tzinfo=UTC),
    )
    assert change.fingerprint
    assert not change.described
    assert from_json({**ROW, "number": None}).id == f"acme/relay@{SHA}"


def test_counts_and_seen_are_read_off_a_patch() -> None:
    patch = "@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d"
    (file,) = from_json({**ROW, "files": [{"path": "a.py", "patch": patch}]}).files
    assert (file.status, file.additions, file.deletions, file.seen) == ("modified", 2, 1, True)


def test_a_change_comes_back_as_it_went_out() -> None:
    assert from_json(json.loads(json.dumps(to_json(FULL)))) == FULL


@pytest.mark.parametrize(("body", "described"), [("of a commit", False), ("", True)])
def test_whose_words_a_body_holds_comes_back_too(body: str, described: bool) -> None:
    change = replace(FULL, body=body, described=described)
    assert from_json(json.loads(json.dumps(to_json(change)))) == change


def test_an_export_is_read_back_whole(tmp_path: Path) -> None:
    other = replace(FULL, id="o/x#1", repo="o/x", number=1, aliases=())
    path = tmp_path / "changes.jsonl"
    urls = {"acme/relay": "https://github.com/acme/relay"}
    path.write_text("".join(dump_changes([FULL, other], urls)), "utf-8")
    assert repositories(path) == ("acme/relay", "o/x")
    source = JsonlSource(path, "acme/relay")
    assert source.identify().url == "https://github.com/acme/relay"
    assert read(source) == [FULL]
    assert read(JsonlSource(path, "o/x")) == [other]


def test_changes_come_newest_first_and_inside_the_bounds(tmp_path: Path) -> None:
    rows = [
        {**ROW, "number": day, "merged_at": f"2026-03-{day:02}T00:00:00Z"} for day in (2, 5, 3, 9)
    ]
    source = JsonlSource(write(tmp_path / "x.jsonl", *rows))
    assert [change.number for change in read(source)] == [9, 5, 3, 2]
    bounds = Bounds(datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC))
    assert [change.number for change in read(source, bounds=bounds)] == [5, 3]


def test_only_what_changed_in_the_file_is_new(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", ROW, {**ROW, "number": 13})
    known = Known(
        fingerprints={change.id: change.fingerprint for change in read(JsonlSource(path))}
    )
    assert read(JsonlSource(path), known) == []
    write(path, ROW, {**ROW, "number": 13, "body": "edited"})
    assert [change.number for change in read(JsonlSource(path), known)] == [13]


def test_a_line_that_is_no_change_fails_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", ROW, {**ROW, "number": 13, "titel": "typing error"}, [1])
    change, *failures = read(JsonlSource(path))
    assert change.number == 12
    assert [failure.id for failure in failures] == ["x.jsonl:2", "x.jsonl:3"]
    assert isinstance(failures[0], Failure)
    assert "titel" in failures[0].reason


@pytest.mark.parametrize(
    "content", ["", "no json\n", '{"format": "repo-kb changes", "version": 99}\n', "[]\n"]
)
def test_what_is_no_file_of_changes_is_said_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(content)
    with pytest.raises(SourceError):
        JsonlSource(path).identify()


@pytest.mark.parametrize(
    "wrong",
    [
        {"merged_at": "2026-03-01T00:00:00"},
        {"number": 0},
        {"number": 10**23},
        {"number": "12"},
        {"files": [{}]},
    ],
)
def test_wrong_values_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="not a recorded change"):
        from_json({**ROW, **wrong})


def test_a_file_of_several_repositories_asks_which(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", ROW, {**ROW, "repo": "o/x"})
    with pytest.raises(SourceError, match="2 repositories"):
        JsonlSource(path).identify()
    assert JsonlSource(path, "o/x").identify().url is None
