"""Near duplicates and the rest of a series stand behind a hit, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime

from kb.search.folding import fold
from kb.types import Analysis, Change, ChangeRecord, Digest, FileChange, Series


def record(number: int, title: str, series: str | None = None, path: str = "") -> ChangeRecord:
    change = Change(
        id=f"a/b#{number}",
        repo="a/b",
        number=number,
        sha=f"{number:040x}",
        title=title,
        body="",
        author="ann",
        merged_at=datetime(2026, 1, 1, tzinfo=UTC),
        files=(FileChange(path, "modified", 1, 0),) if path else (),
    )
    found = Series(series, series) if series else None
    return ChangeRecord(
        change, Digest(""), Analysis(("feature",), 5.0, 1.0, "medium", series=found)
    )


def test_the_same_title_again_is_folded() -> None:
    records = [record(1, "Fix: the leak (#1)"), record(2, "Other (#2)"), record(3, "fix the leak")]
    assert [(found.id, folded) for found, folded in fold(records)] == [
        ("a/b#1", ("a/b#3",)),
        ("a/b#2", ()),
    ]


def test_the_same_title_over_other_files_is_another_change() -> None:
    titles = [("Update docs (#1)", "a.md"), ("Update docs (#2)", "b.md"), ("Update docs", "a.md")]
    records = [record(number, title, path=path) for number, (title, path) in enumerate(titles, 1)]
    assert [(found.id, folded) for found, folded in fold(records)] == [
        ("a/b#1", ("a/b#3",)),
        ("a/b#2", ()),
    ]


def test_the_two_best_parts_of_a_series_stay() -> None:
    records = [record(number, f"[{number}/4] part {number}", "s") for number in (3, 1, 2, 4)]
    assert [(found.id, folded) for found, folded in fold(records)] == [
        ("a/b#3", ("a/b#2", "a/b#4")),
        ("a/b#1", ()),
    ]


def test_titles_without_words_are_not_one_thing() -> None:
    assert len(fold([record(1, "..."), record(2, "!!!")])) == 2
