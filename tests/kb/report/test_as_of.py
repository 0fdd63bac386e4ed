"""A report as of a moment tells nothing that came at it or later, also not of the changes before it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ingest.sources.jsonl import JsonlSource
from ingest.sync import ingest
from kb.errors import NotFound
from kb.knowledge_base import KnowledgeBase
from kb.periods import period_from
from kb.report.renderers import render
from kb.report.request import ReportRequest
from kb.settings import Settings

URL = "https://github.com/acme/loom"
NOW = datetime(2026, 6, 20, tzinfo=UTC)
WEEK = period_from("week", ("2026-W23",), "UTC", NOW)  # from Monday, 1 June
REVERTED = datetime(2026, 6, 4, 9, tzinfo=UTC)
DAY_BEFORE = datetime(2026, 6, 3, 9, tzinfo=UTC)
CHANGES = (  # number, day of merge, title, body
    (1, "2026-05-20", "Weave with a spare shuttle in threads", ""),
    (2, "2026-06-02", "Weave with a fast shuttle in threads", ""),
    (3, "2026-06-04", 'Revert "Weave with a fast shuttle in threads"', "This reverts #2."),
    (4, "2026-06-05", "Mend the spare shuttle", "Follow-up of #1: a thread tore."),
    (5, "2026-05-21", "[1/2] Spool the weft", ""),
    (6, "2026-06-05", "[2/2] Spool the weft", ""),
)


@pytest.fixture(scope="module")
def loom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loom")
    lines = [{"format": "repo-kb changes", "version": 1, "repos": {"acme/loom": {"url": URL}}}]
    for number, day, title, body in CHANGES:
        code = "".join(f"+def weave_{number}_{row}(thread):\n" for row in range(60))
        lines.append(
            {
                "repo": "acme/loom",
                "number": number,
                "sha": f"{number:040x}",
                "url": f"{URL}/pull/{number}",
                "title": f"{title} (#{number})",
                "author": "Spooler" if "weft" in title else f"Weaver {number}",
                "merged_at": f"{day}T09:00:00Z",
                "body": body,
                "files": [
                    {
                        "path": "loom/shuttle.py",
                        "status": "modified",
                        "patch": f"@@ -0,0 +1,60 @@\n{code}",
                        "additions": 60,
                        "deletions": 0,
                    }
                ],
            }
        )
    source = folder / "loom.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    settings = Settings(home=folder / "home", tz="UTC")
    ingest(JsonlSource(source), settings)
    with KnowledgeBase.open(settings=settings) as knowledge:
        yield knowledge


def told(loom, kind, as_of, **subject):
    request = ReportRequest(kind=kind, made_at=NOW, tz="UTC", as_of=as_of, **subject)
    return render(loom.report(request), "md")


SUBJECTS = [
    ("week", {"period": WEEK}, "taken back by [#3]"),
    ("risks", {"period": WEEK}, "was followed up by [#4]"),
    ("topic", {"topic": "fast shuttle"}, "taken back"),
    ("change", {"change_id": "acme/loom#2"}, "taken back by: [#3]"),
    ("change", {"change_id": "acme/loom#1"}, "followed up by: [#4]"),
    ("change", {"change_id": "acme/loom#5"}, "same series: [#6]"),
]


@pytest.mark.parametrize(("kind", "subject", "later"), SUBJECTS)
def test_what_became_of_a_change_later_is_told_only_without_as_of(loom, kind, subject, later):
    assert later in told(loom, kind, None, **subject)
    for moment in (DAY_BEFORE, REVERTED):  # what came at the moment itself is not before it
        text = told(loom, kind, moment, **subject)
        assert "shuttle in threads" in text
        assert later not in text
        assert "#3" not in text
        assert "#4" not in text


def test_a_revert_before_the_moment_is_told(loom):
    day_after = datetime(2026, 6, 5, tzinfo=UTC)
    assert "taken back by [#3]" in told(loom, "week", day_after, period=WEEK)


def test_a_change_that_came_later_has_no_report_yet(loom):
    with pytest.raises(NotFound, match=r"acme/loom#3 came at 2026-06-04 09:00 UTC"):
        told(loom, "change", DAY_BEFORE, change_id="acme/loom#3")
