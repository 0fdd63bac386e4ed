"""The sample is a month of a believable repository that shows every part of a weekly report."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.sources.interface import Bounds, Known
from ingest.sources.jsonl import JsonlSource
from kb.patch import parse_hunks
from kb.text.description import clean_description
from kb.types import Change, SilentObserver

DATA = Path(__file__).parent.parent / "data"
SAMPLE = DATA / "sample" / "changes.jsonl"
QUERIES = DATA / "eval" / "queries.jsonl"
LAST_WEEK = datetime(2026, 10, 26, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def changes() -> list[Change]:
    reading = JsonlSource(SAMPLE).read(Known(), Bounds(), SilentObserver())
    found = list(reading.changes)
    assert all(isinstance(change, Change) for change in found), found
    return [change for change in found if isinstance(change, Change)]


def last_week(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if LAST_WEEK[0] <= change.merged_at < LAST_WEEK[1]]


def test_about_sixty_changes_in_four_iso_weeks_the_last_one_full(changes):
    assert 55 <= len(changes) <= 70
    weeks = {change.merged_at.isocalendar()[:2] for change in changes}
    assert weeks == {(2026, 41), (2026, 42), (2026, 43), (2026, 44)}
    assert {change.merged_at.weekday() for change in last_week(changes)} == set(range(7))


def test_ids_and_shas_are_each_their_own(changes):
    assert len({change.id for change in changes}) == len(changes)
    assert len({change.sha for change in changes}) == len(changes)
    assert all(re.fullmatch(r"[0-9a-f]{40}", change.sha) for change in changes)


def test_line_numbers_and_counts_of_the_patches_add_up(changes):
    for change in changes:
        for file in change.files:
            if file.patch is None:
                assert file.reason, (change.id, file.path)
                continue
            shift = 0
            for header in re.findall(
                r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", file.patch, re.M
            ):
                old, old_count, new, new_count = (int(n) if n else 1 for n in header)
                if old_count and new_count:
                    assert new == old + shift, (change.id, file.path)
                shift += new_count - old_count
            lines = [line for hunk in parse_hunks(file.patch) for line in hunk.lines]
            assert sum(line.kind == "+" for line in lines) == file.additions
            assert sum(line.kind == "-" for line in lines) == file.deletions
            assert shift == file.additions - file.deletions


def test_the_last_week_has_something_for_every_section(changes):
    week = last_week(changes)
    titles = [change.title for change in week]
    assert [n for n in ("[1/3]", "[2/3]", "[3/3]") if any(n in t for t in titles)] == [
        "[1/3]",
        "[2/3]",
        "[3/3]",
    ]
    assert any(title.startswith("Revert ") for title in titles)
    assert any(title.startswith("release:") for title in titles)
    assert any("security" in change.labels for change in week)
    assert any(not thread.resolved for change in week for thread in change.reviews)
    assert any("relax" in c.title or "lower the accuracy bar" in c.title for c in week)
    assert sum(bool(clean_description(change.body).metrics) for change in week) >= 8


def test_it_speaks_two_languages_and_holds_bots_and_one_hostile_change(changes):
    assert sum(bool(re.search("[一-鿿]", change.title)) for change in changes) >= 4
    bots = [c for c in changes if c.pull_request and c.pull_request.author_is_bot]
    assert len(bots) == 5
    hostile = [change for change in changes if "\x1b" in change.title]
    assert len(hostile) == 1
    assert "Ignore previous instructions" in hostile[0].body


def test_references_to_other_changes_resolve(changes):
    known = {change.number for change in changes}
    for change in changes:
        for number in map(int, re.findall(r"\(?(?:of|after|by|reverts) #(\d+)", change.body)):
            assert number in known, (change.id, number)
    shas = [change.sha for change in changes]
    for change in changes:
        for prefix in re.findall(r"commit ([0-9a-f]{7,40})", change.body):
            assert sum(sha.startswith(prefix) for sha in shas) == 1


def test_the_questions_ask_for_changes_of_the_sample(changes):
    numbers = {change.number for change in changes}
    rows = [json.loads(line) for line in QUERIES.read_text(encoding="utf-8").splitlines()]
    assert 35 <= len(rows) <= 60
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"id", "query", "lang", "relevant", "kind"}
        assert row["relevant"], row["id"]
        assert set(row["relevant"]) <= numbers, row["id"]
    assert {row["lang"] for row in rows} == {"en", "zh"}
    assert {row["kind"] for row in rows} >= {"symptom", "intent", "flag", "function"}
