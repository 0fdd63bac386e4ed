"""The sample's own week: whole pull requests with descriptions, labels, reviews, a series and a revert."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kb.knowledge_base import KnowledgeBase
from kb.periods import period_from
from kb.report.renderers import render
from kb.report.request import ReportRequest
from kb.report.self_check import differences, problems
from kb.settings import Settings
from kb.types import Filters

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
WEEK = period_from("week", ("2026-W44",), "UTC", NOW)


@pytest.fixture(scope="module")
def reports(sample_home):
    with KnowledgeBase.open(sample_home, Settings(home=sample_home, tz="UTC")) as knowledge:
        made = {
            lang: knowledge.report(
                ReportRequest(kind="week", made_at=NOW, tz="UTC", period=WEEK, lang=lang)
            )
            for lang in ("en", "zh")
        }
        held = knowledge.select(Filters(since=WEEK.since, until=WEEK.until))
        return made, [record.id for record in held]


def test_both_reports_pass_the_self_check(reports):
    made, ids = reports
    assert len(ids) > 10
    for report in made.values():
        assert problems(report, ids) == []
    assert differences(made["en"], made["zh"]) == []


def test_the_unresolved_review_is_told_with_its_words(reports):
    item = next(
        i
        for i in reports[0]["en"].section("risks").body["items"]
        if i["kind"] == "unresolved-review"
    )
    assert item["text"].plain.count("“") == item["text"].plain.count("”")
    assert "“" in item["text"].plain


def test_descriptions_give_measured_effects(reports):
    themes = reports[0]["en"].section("themes").body["themes"]
    assert any(theme["effects"] for theme in themes)


def test_the_report_of_a_repair_names_whose_code_it_replaced(sample_home):
    with KnowledgeBase.open(sample_home, Settings(home=sample_home, tz="UTC")) as knowledge:
        request = ReportRequest(
            made_at=NOW, tz="UTC", lang="en", kind="change", change_id="lanternworks/ember#1196"
        )
        report = knowledge.report(request)
    said = [
        f"{item['relation']}: {item['text'].plain}"
        for item in report.section("related").body["items"]
    ]
    assert said[0].startswith("brought code that it replaced: #1180 ")
    assert said[0].endswith("1 of 1 lines")
    assert sum("#1180" in line for line in said) == 1
    assert problems(report) == []


def test_a_topic_of_which_no_change_holds_a_word_says_so(sample_home):
    with KnowledgeBase.open(sample_home, Settings(home=sample_home, tz="UTC")) as knowledge:
        for topic, alone in (("zzqqx", True), ("lost jobs", False)):
            request = ReportRequest(made_at=NOW, tz="UTC", kind="topic", topic=topic)
            summary = knowledge.report(request).section("summary").body["paragraphs"][0].plain
            assert ("these are near by meaning alone" in summary) is alone


def test_a_topic_and_one_change_have_reports(sample_home, reports):
    with KnowledgeBase.open(sample_home, Settings(home=sample_home, tz="UTC")) as knowledge:
        lead = reports[0]["en"].section("key-prs").body["rows"][0]["id"]
        for fields in ({"kind": "change", "change_id": lead}, {"kind": "topic", "topic": "lost jobs in the queue"},
                       {"kind": "risks", "change_ids": (lead,)}):  # fmt: skip
            pair = [
                knowledge.report(ReportRequest(made_at=NOW, tz="UTC", lang=lang, **fields))
                for lang in ("en", "zh")
            ]
            assert [problems(report) for report in pair] == [[], []]
            assert differences(*pair) == []
            assert render(pair[0], "html").startswith("<!doctype html>")
