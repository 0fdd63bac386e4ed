"""The contract's JSON objects, and the labels that all surfaces share."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from kb.types import (
    Analysis,
    Change,
    ChangeRecord,
    Digest,
    FileChange,
    Hit,
    Query,
    Relation,
    Risk,
    SearchResult,
    Series,
    Size,
    Term,
)
from kb.vocabulary import CHANGE_TYPES, LEVELS, MODES, RISK_KINDS
from ui import presenters
from ui.messages import catalogue

SHANGHAI = timezone(timedelta(hours=8))


def record(number: int | None = 12, **analysis: object) -> ChangeRecord:
    sha = "a" * 40
    change = Change(
        id=f"o/r#{number}" if number else f"o/r@{sha}",
        repo="o/r",
        number=number,
        sha=sha,
        title="Cache warms up",
        body="Why",
        author="Ann",
        merged_at=datetime(2026, 5, 4, 8, 30, tzinfo=SHANGHAI),
        url="https://github.com/o/r/pull/12" if number else None,
        files=(FileChange("a.py", "modified", 3, 1, role="source"),),
    )
    values: dict[str, object] = {
        "types": ("feature", "performance"),
        "importance": 7.44,
        "raw": 3.9,
        "level": "high",
        "terms": (Term("added_source", 1.2345, {"lines": "9", "other": "0"}),),
        "modules": ("cache",),
        "risks": (Risk("core-path", "a.py"), Risk("core-path", "b.py"), Risk("large", "9")),
        "size": Size(files=1, additions=3, deletions=1),
    }
    return ChangeRecord(change, Digest("d"), Analysis(**(values | analysis)))  # type: ignore[arg-type]


def test_a_search_has_the_contracts_fields() -> None:
    hit = Hit(record(), 0.0312345678, {"dense": 2, "lexical": 1}, "the passage")
    result = SearchResult(
        Query("cache", raw="cache type:feature"), "hybrid", "exact", (hit,), 12.34
    )
    found = presenters.search_json(result)
    assert json.loads(json.dumps(found)) == {
        "query": "cache type:feature",
        "mode": "hybrid",
        "engine": "exact",
        "took_ms": 12.3,
        "hits": [
            {
                "id": "o/r#12",
                "repo": "o/r",
                "number": 12,
                "sha": "a" * 40,
                "title": "Cache warms up",
                "author": "Ann",
                "merged_at": "2026-05-04T00:30:00Z",
                "url": "https://github.com/o/r/pull/12",
                "score": 0.031235,
                "importance": 7.4,
                "level": "high",
                "type": ["feature", "performance"],
                "modules": ["cache"],
                "risks": ["core-path", "large"],
                "passage": "the passage",
                "ranks": {"dense": 2, "lexical": 1},
            }
        ],
    }


def test_a_ledger_names_its_one_repository_and_its_period() -> None:
    since = datetime(2026, 5, 4, tzinfo=SHANGHAI)
    until = since + timedelta(days=1)
    found = presenters.changes_json([record()], since, until, "Asia/Shanghai")
    assert found["repo"] == "o/r"
    assert found["period"] == {
        "since": "2026-05-03T16:00:00Z",
        "until": "2026-05-04T16:00:00Z",
        "tz": "Asia/Shanghai",
    }
    assert found["changes"][0]["risks"][0] == {"kind": "core-path", "evidence": "a.py"}
    assert presenters.changes_json([])["repo"] is None


def test_a_change_without_a_number_has_null_number_and_url() -> None:
    found = presenters.change_json(record(None))
    assert found["number"] is None
    assert found["url"] is None
    assert presenters.reference(record(None).change) == "aaaaaaaa"


def test_showing_a_change_adds_terms_files_and_links() -> None:
    links = [
        Relation("reverts", "o/r#12", "o/r#3"),
        Relation("fixes", "o/r#20", "o/r#12"),
    ]
    shown = presenters.show_json(
        record(series=Series("k", "cache", 1, 3), reverts=("o/r#3",)),
        [Hit(record(13), 0.5, {}, "")],
        links,
    )
    assert shown["terms"] == [
        {"name": "added_source", "points": 1.234, "text": "9 source lines added"}
    ]
    assert shown["files_changed"] == [
        {
            "path": "a.py",
            "status": "modified",
            "additions": 3,
            "deletions": 1,
            "role": "source",
            "seen": True,
            "reason": None,
        }
    ]
    assert shown["series"] == {"key": "k", "name": "cache", "index": 1, "total": 3}
    assert shown["reverts"] == ["o/r#3"]
    assert shown["reverted_by"] == []
    assert shown["followed_by"] == ["o/r#20"]
    assert [neighbour["id"] for neighbour in shown["related"]] == ["o/r#13"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_identifier_of_the_contract_has_a_word(lang: str) -> None:
    known = catalogue("words", lang)
    for kind, names in {
        "level": LEVELS,
        "type": CHANGE_TYPES,
        "risk": RISK_KINDS,
        "mode": MODES,
    }.items():
        assert all(known[f"{kind}.{name}"] for name in names)


def test_both_languages_hold_the_same_words() -> None:
    assert set(catalogue("words", "en")) == set(catalogue("words", "zh"))


def test_the_commit_of_a_pull_request_has_a_page() -> None:
    assert presenters.commit_url(record().change) == f"https://github.com/o/r/commit/{'a' * 40}"
    assert presenters.commit_url(record(None).change) is None


def test_a_digest_is_labelled_in_the_readers_language():
    text = "source: a.cu (+4 -1)\nadded: class Tile\n- added: by hand\n- … 12 more lines\nnot seen: a.cu (too large)"
    assert presenters.digest_text(text, "en") == text
    assert presenters.digest_text(text, "zh").split("\n") == [
        "源码：a.cu (+4 -1)",
        "新增：class Tile",
        "- added: by hand",
        "- …… 另有 12 行",
        "未读：a.cu (过大)",
    ]


def test_a_whole_paragraph_in_a_title_is_cut_in_lists():
    assert presenters.short_title("Warm the cache") == "Warm the cache"
    long = presenters.short_title("Warm the cache again. " * 1000)
    assert len(long) <= presenters.MOST_OF_A_TITLE + 2
    assert long.startswith("Warm the cache again. ")
    assert long.endswith(" …")
