"""Every screen and state, as Streamlit runs it, over the sample's knowledge base."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from kb.knowledge_base import KnowledgeBase
from kb.periods import period_from
from kb.phrases import phrase
from kb.store.archive import Archive
from kb.types import ChangeRecord, Filters, Risk
from ui.messages import message
from ui.presenters import word
from ui.web import charts, ledger
from ui.web.knowledge import state_of

CHANGE = "lanternworks/ember#1246"
Opened = Callable[..., AppTest]


def words(app: AppTest) -> str:
    """Everything that the page says, as a reader would see it."""
    assert not app.exception, [entry.value for entry in app.exception]
    pieces = [
        str(element.value)
        for kind in ("title", "subheader", "markdown", "caption", "info", "error", "warning")
        for element in getattr(app, kind)
    ]
    pieces += [str(entry.label) for kind in ("button", "expander") for entry in getattr(app, kind)]
    pieces += [link.proto.label for link in app.get("page_link")]
    pieces += [f"{entry.label} {entry.value}" for entry in app.metric]
    pieces += [html.unescape(re.sub(r"<[^>]+>", "", body)) for body in bodies(app)]
    text = "\n".join(pieces)
    return "".join(char for char in text if char not in "\\\u2060")


def bodies(app: AppTest) -> list[str]:
    """The HTML of the lists of changes."""
    return [
        element.proto.body for element in app.get("html") if "<style>" not in element.proto.body
    ]


def address(app: Any) -> dict[str, list[str]]:
    return {
        name: [values] if isinstance(values, str) else list(values)
        for name, values in app.query_params.items()
    }


# --- search --------------------------------------------------------------------------------------


def test_the_first_page_offers_questions_from_the_repository(opened: Opened) -> None:
    said = words(opened("search"))
    assert "lanternworks/ember: 61 changes" in said
    assert "module:" in said
    assert "Weighty and recent" in said


def test_every_question_offered_finds_something(opened: Opened, sample_home: Path) -> None:
    queries = [parse_qs(link.proto.query_string) for link in opened("search").get("page_link")]
    offered = [query["q"][0] for query in queries if "q" in query]
    assert len(offered) > 4
    with KnowledgeBase.open(home=sample_home) as knowledge:
        assert [text for text in offered if not knowledge.search(text).hits] == []


def test_an_empty_home_says_how_to_index(opened: Opened, tmp_path: Path) -> None:
    app = opened("search", home=tmp_path / "nothing")
    assert "Nothing is indexed yet" in words(app)
    assert "kb ingest" in app.code[0].value


@pytest.mark.parametrize(
    ("screen", "name", "value"),
    [
        ("search", "since", "2026-13-40"),
        ("search", "until", "9999-12-31"),
        ("search", "min", "high"),
        ("search", "min", "nan"),
        ("search", "sinse", "2026-10-01"),
        ("search", "view", "tabel"),
        ("search", "type", "bugfx"),
        ("report", "risk", "core"),
        ("browse", "order", "oldest"),
        ("browse", "n", "20"),
        ("report", "on", "yesterday"),
        ("report", "kind", "wek"),
        ("report", "s", "gossip"),
        ("change", "number", "1246"),
        ("sources", "tz", "Mars/Olympus"),
        ("ask", "lang", "fr"),
    ],
)
def test_what_is_not_understood_of_an_address_is_said(
    opened: Opened, screen: str, name: str, value: str
) -> None:
    app = opened(screen, **{name: value})
    (warning,) = app.warning
    shown = "".join(char for char in warning.value if char not in "\\\u2060")
    assert shown == f"Not understood in the address, and left out: {name}={value}"
    assert address(app).get(name) != [value]


def test_what_was_not_understood_is_said_until_the_reader_goes_on(opened: Opened) -> None:
    app = opened("search", since="2026-13-40")
    assert app.run().warning
    assert not app.sidebar.date_input[0].set_value(date(2026, 10, 1)).run().warning


def test_an_address_of_ours_is_understood(opened: Opened) -> None:
    for screen, params in (
        ("search", {"q": "cache", "min": "6.5", "n": "20", "mode": "dense", "lang": "zh"}),
        ("search", {"since": "2026-10-01", "until": "", "type": ["docs", "bugfix"]}),
        ("report", {"kind": "range", "from": "2026-10-01", "to": "2026-10-07", "s": "summary"}),
        ("browse", {"by": "risk", "order": "importance", "tz": "Asia/Tokyo"}),
        ("change", {"id": "1246"}),
    ):
        assert not opened(screen, **params).warning, params


def test_a_page_that_is_none_leads_to_those_that_are(opened: Opened, tmp_path: Path) -> None:
    for home in ({}, {"home": tmp_path / "nothing"}):
        app = opened("nowhere", **home)
        said = words(app)
        assert "There is no such page." in said
        assert said.count("Browse") == 2  # there, and in the navigation


def test_a_chinese_page_writes_its_own_colon(opened: Opened) -> None:
    said = words(
        opened("search", lang="zh", type="bugfix", since="2026-10-01", q="cache level:high")
    )
    for chip in ("类型：缺陷修复 ×", "自：2026-10-01 ×", "级别：高"):
        assert chip in said
    assert "向量检索：" in words(opened("sources", lang="zh"))


def test_a_search_for_signs_says_that_there_is_nothing_to_look_for(opened: Opened) -> None:
    assert words(opened("search", q='"')).count("Nothing to look for") == 1


@pytest.mark.parametrize("name", ["change", "report", "browse", "ask", "sources"])
def test_an_empty_home_breaks_no_screen(opened: Opened, tmp_path: Path, name: str) -> None:
    app = opened(name, home=tmp_path / "nothing", id="o/r#1" if name == "change" else "")
    assert not app.error, [entry.value for entry in app.error]


def test_a_search_marks_the_words_and_says_why(opened: Opened) -> None:
    app = opened("search", q="queue worker lost jobs")
    said = words(app)
    assert any("<mark>queue</mark>" in body for body in bodies(app))
    assert "by words (no." in said
    assert "Chroma" in said
    assert address(app) == {"q": ["queue worker lost jobs"]}


def test_a_chinese_question_finds_chinese_text(opened: Opened) -> None:
    assert "故障排查手册" in words(opened("search", q="故障排查"))


def test_the_mode_is_the_addresss(opened: Opened) -> None:
    told = words(opened("search", q="queue", mode="lexical"))
    assert "by words" in told
    assert "–" not in told  # no engine is named where none answered


def test_filters_alone_list_changes_with_their_count(opened: Opened) -> None:
    app = opened("search", type="security")
    assert app.caption[0].value == "1 change"
    assert address(app)["type"] == ["security"]
    assert any("security" in button.label for button in app.button)


def test_a_filters_choice_goes_into_the_address_and_out_again(opened: Opened) -> None:
    app = opened("search")
    app.multiselect(key="w.type").set_value(["bugfix"]).run()
    assert address(app)["type"] == ["bugfix"]
    app.button(key="chip.type.bugfix").click().run()
    assert "type" not in address(app)


@pytest.mark.parametrize("screen", ["browse", "report", "ask"])
def test_a_filter_of_a_link_is_seen_and_taken_away_where_the_panel_is_closed(
    opened: Opened, screen: str
) -> None:
    app = opened(screen, type="bugfix")
    app.button(key="chip.type.bugfix").click().run()
    assert "type" not in address(app)


def test_filters_carry_counts(opened: Opened) -> None:
    labels = opened("search").multiselect(key="w.type").options
    assert any(label.startswith("bug fix (") for label in labels)


def test_a_filters_counts_follow_the_other_filters(opened: Opened) -> None:
    app = opened("search", author="Priya Raman")
    counted = app.multiselect(key="w.type").options
    everything = opened("search").multiselect(key="w.type").options
    assert counted != everything
    assert len(opened("search", author="Priya Raman").multiselect(key="w.author").options) > 1


def test_more_results_come_on_demand(opened: Opened) -> None:
    app = opened("search", view="cards", since="2026-10-01")
    app.button(key="more").click().run()
    assert address(app)["n"] == ["20"]


def test_a_link_to_more_results_shows_them_after_another_search(opened: Opened) -> None:
    app = opened("search", q="queue")
    app.text_input(key="w.q").set_value("worker").run()
    app.query_params.clear()
    app.query_params.update({"q": "queue", "n": "20"})  # the back button
    assert "20 results" in words(app.run())
    assert address(app)["n"] == ["20"]


def test_the_table_shows_the_same_changes(opened: Opened) -> None:
    app = opened("search", type="security", view="table")
    assert list(app.dataframe[0].value["type"].str.contains("security")) == [True] * len(
        app.dataframe[0].value
    )


def test_similar_changes_have_an_address(opened: Opened) -> None:
    said = words(opened("search", like=CHANGE))
    assert "Changes like #1246" in said
    assert "10 changes" in said


def test_sorting_by_time_is_newest_first(opened: Opened) -> None:
    app = opened("search", q="queue", sort="newest", view="table")
    times = list(app.dataframe[0].value["time"])
    assert times == sorted(times, reverse=True)


def test_nothing_found_says_what_to_change(opened: Opened) -> None:
    assert "Remove a filter" in words(opened("search", type="security", author="Nobody Here"))


def test_nothing_found_says_so_of_a_filter_in_the_question_too(opened: Opened) -> None:
    assert "Remove a filter" in words(opened("search", q="cache author:nobodyatall"))


def test_a_field_in_chinese_is_shown_as_it_was_read(opened: Opened) -> None:
    assert "[作者：Chen Mo]" in words(opened("search", q='缓存 作者："Chen Mo"', lang="zh"))


def test_a_query_that_cannot_be_read_gives_a_sentence(opened: Opened) -> None:
    app = opened("search", q="since:never cache")
    assert app.error
    assert "never" in app.error[0].value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", "x"),
        ("min", "nan"),
        ("since", "2026-99-99"),
        ("sort", "evil"),
        ("mode", "x"),
        ("tz", "No/Where"),
        ("lang", "xx"),
        ("like", "no/such#1"),
    ],
)
def test_a_broken_address_breaks_nothing(opened: Opened, name: str, value: str) -> None:
    words(opened("search", **{name: value}))


# --- everywhere ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["search", "change", "report", "browse", "ask", "sources"])
def test_every_screen_speaks_chinese(opened: Opened, name: str) -> None:
    said = words(opened(name, lang="zh"))
    assert "搜索" in said
    assert "报告" in said


def test_a_zone_moves_the_times(opened: Opened) -> None:
    assert "2026-10-28 14:22" in words(opened("change", id=CHANGE))
    assert "2026-10-28 22:22" in words(opened("change", id=CHANGE, tz="Asia/Shanghai"))


def test_the_readers_choice_stays_in_the_address(opened: Opened) -> None:
    app = opened("search", lang="zh", tz="Asia/Tokyo", type="bugfix")
    assert address(app) == {"lang": ["zh"], "tz": ["Asia/Tokyo"], "type": ["bugfix"]}


def test_an_unexpected_error_is_a_sentence(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.web import app as frame

    def broken(view: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setitem(frame.DRAW, "search", broken)
    app = opened("search")
    assert not app.exception
    assert "Something went wrong" in app.error[0].value
    assert "secret" not in app.error[0].value


# --- change --------------------------------------------------------------------------------------


def test_a_change_shows_what_is_known(opened: Opened) -> None:
    said = words(opened("change", id=CHANGE))
    for expected in (
        "fp8 KV cache",
        "What the importance is made of",
        "Risks",
        "Review threads: 1, open: 1",
        "[GitHub ↗](https://github.com/lanternworks/ember/pull/1246#discussion_r",
        "Nearest neighbours",
    ):
        assert expected in said


def test_a_level_is_named_as_its_language_writes_it(opened: Opened) -> None:
    assert "**Level**: " in words(opened("change", id=CHANGE))
    assert "**级别**：" in words(opened("change", id=CHANGE, lang="zh"))


def test_a_repair_leads_to_whose_code_it_replaced(opened: Opened) -> None:
    app = opened("change", id="lanternworks/ember#1196")
    assert "Whose code it replaced" in words(app)
    assert "chunk = min(missing, left)" in [block.value for block in app.code]


@pytest.mark.parametrize(
    "asked", ["1246", "#1246", CHANGE, "https://github.com/lanternworks/ember/pull/1246"]
)
def test_a_change_is_found_by_any_of_its_names(opened: Opened, asked: str) -> None:
    app = opened("change", id=asked)
    assert "fp8 KV cache" in words(app)
    assert address(app)["id"] == [CHANGE]


def test_a_missing_change_gives_a_page_that_helps(opened: Opened) -> None:
    said = words(opened("change", id="no/such#1"))
    assert "There is no change no/such#1" in said
    assert "Search for no/such#1" in said


def test_no_change_asks_which(opened: Opened) -> None:
    assert "Which change?" in words(opened("change"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_reason_of_a_level_is_not_the_level_again(sample_home: Path, lang: str) -> None:
    with KnowledgeBase.open(home=sample_home) as knowledge:
        judged = [record.analysis for record in knowledge.select(Filters())]
    for analysis in judged:
        assert phrase(analysis.level_reason, lang) != word("level", analysis.level, lang)


def test_a_revert_and_what_it_reverted_lead_to_each_other(
    opened: Opened, sample_home: Path
) -> None:
    from kb.knowledge_base import KnowledgeBase
    from kb.types import Filters

    with KnowledgeBase.open(home=sample_home) as knowledge:
        reverted = [r for r in knowledge.select(Filters()) if r.analysis.reverts]
    assert reverted
    assert "Reverts" in words(opened("change", id=reverted[0].id))
    assert "Reverted by" in words(opened("change", id=reverted[0].analysis.reverts[0]))


def test_many_risks_of_a_kind_are_folded_and_trailers_are_gathered(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = KnowledgeBase.record

    def record(self: KnowledgeBase, change_id: str) -> ChangeRecord:
        found = read(self, change_id)
        body = "---------\n\nCo-authored-by: A B <a@b.c>\nCo-authored-by: C <c@d.e>"
        paths = [f"src/core/{name}.py" for name in "vwxyz"]
        risks = tuple(Risk("core-path", f"{path} (9)", path, 7, None) for path in paths)
        return replace(
            found,
            change=replace(found.change, body=body),
            analysis=replace(found.analysis, risks=risks),
        )

    monkeypatch.setattr(KnowledgeBase, "record", record)
    said = words(opened("change", id=CHANGE))
    assert "2 more: core path" in said
    assert said.count("violet-badge[core path]") == 1
    assert said.count("src/core/v.py") == 1  # the evidence names the place already
    assert "The change has no description." in said
    assert "Co-authored-by: A B, C" in said


# --- browse --------------------------------------------------------------------------------------


def test_browsing_counts_and_lists(opened: Opened) -> None:
    app = opened("browse")
    assert "Changes 61" in words(app)
    assert len(app.dataframe[0].value) == 61


def test_browsing_is_narrowed_by_the_address(opened: Opened) -> None:
    app = opened("browse", since="2026-10-26", until="2026-11-01")
    days = app.dataframe[0].value["time"].str[:10]
    assert days.min() >= "2026-10-26"
    assert days.max() <= "2026-11-01"
    assert 0 < len(days) < 61


def test_browsing_nothing_says_so_once(opened: Opened) -> None:
    said = words(opened("browse", author="Nobody Here"))
    assert said.count("Nothing was found.") == 1
    assert "Activity" not in said
    assert "The ledger" not in said


def test_browsing_a_time_without_changes_still_shows_where_there_are_some(opened: Opened) -> None:
    said = words(opened("browse", since="2020-01-01", until="2020-02-01"))
    assert said.count("Nothing was found.") == 1
    assert "Activity" in said


# --- ask, sources --------------------------------------------------------------------------------


def test_an_answer_cites_changes_and_is_kept(opened: Opened, writable_home: Path) -> None:
    app = opened("ask", home=writable_home, q="How are lost jobs in the queue prevented?")
    said = words(app)
    assert said.count("no chat model") == 1
    assert said.count("Quoted from the changes found") == 1
    assert "[1]" in said
    kept = address(app)["kept"][0]
    again = words(opened("ask", home=writable_home, kept=kept))
    assert "How are lost jobs" in again
    assert "Quoted from the changes found" in again


def test_sources_say_what_is_indexed(opened: Opened) -> None:
    said = words(opened("sources"))
    assert "lanternworks/ember" in said
    assert "Changes 61" in said
    assert "all-MiniLM-L6-v2" in said


def test_indexing_can_be_forbidden(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_WEB_INGEST", "off")
    app = opened("sources")
    assert not app.text_input
    assert all("Update" not in button.label for button in app.button)


# --- reports -------------------------------------------------------------------------------------


def finished(app: AppTest) -> AppTest:
    """The report page after its job has ended."""
    import time

    from ui.web.jobs import jobs

    job = jobs()[app.session_state["report.job"]]
    for _ in range(900):
        if job.finished:
            break
        time.sleep(0.1)
    assert job.finished
    assert job.error is None, job.error
    return app.run()


def test_a_report_says_which_week_a_day_stands_for(opened: Opened) -> None:
    assert "2026-W44 · 2026-10-26 – 2026-11-01" in words(opened("report", on="2026-10-28"))


def test_a_range_that_ends_before_it_begins_is_refused_in_the_forms_words(opened: Opened) -> None:
    app = opened("report", kind="range", **{"from": "2026-10-28", "to": "2026-10-20"})
    app.button(key="make").click().run()
    assert "The last day, 2026-10-20, is before the first, 2026-10-28." in words(app)
    assert "UNTIL" not in words(app)


def test_a_report_is_made_shown_kept_and_opened_again(opened: Opened, writable_home: Path) -> None:
    app = opened("report", home=writable_home, on="2026-10-28")
    app.button(key="make").click().run()
    app = finished(app)
    said = words(app)
    assert "Based on" in said
    saved = address(app)["saved"][0]
    again = words(opened("report", home=writable_home, saved=saved))
    assert "Based on" in again
    assert "lanternworks/ember · Weekly report 2026-W44" in again


def test_a_report_made_again_and_again_is_listed_once(opened: Opened, writable_home: Path) -> None:
    period = period_from("week", ("2026-W44",), "UTC", datetime.now(UTC))
    with KnowledgeBase.open(writable_home) as knowledge:
        for lang in ("en", "zh", "en", "en"):
            newest = knowledge.put_report("week", lang, period, '{"title": "Weekly 2026-W44"}')
    links = opened("report", home=writable_home).get("page_link")
    shown = [link.proto for link in links if "W44" in link.proto.label]
    assert len(shown) == 2
    assert parse_qs(shown[0].query_string)["saved"] == [newest]


def test_risks_of_chosen_changes_need_no_button(opened: Opened, writable_home: Path) -> None:
    app = opened("report", home=writable_home, kind="risks", id="lanternworks/ember#1246")
    assert "Risks: #1246" in words(finished(app))


def test_a_link_to_a_report_opened_anew_keeps_no_other(opened: Opened, writable_home: Path) -> None:
    asked = {"kind": "risks", "id": "lanternworks/ember#1246"}
    app = finished(opened("report", home=writable_home, **asked))
    again = finished(opened("report", home=writable_home, **asked))
    assert address(again)["saved"] == address(app)["saved"]
    again.button(key="make").click().run()  # whoever presses the button wants it made anew
    assert address(finished(again))["saved"] != address(app)["saved"]


def test_a_report_that_is_gone_says_so(opened: Opened) -> None:
    app = opened("report", saved="999")
    assert app.error
    assert "999" in app.error[0].value


def test_work_that_was_cancelled_stops() -> None:
    from kb.types import Observer
    from ui.web import jobs

    def work(observer: Observer) -> str:
        while True:
            observer.advance()

    job = jobs.start("endless", work)
    job.cancelled.set()
    for _ in range(100):
        if job.finished:
            break
        import time

        time.sleep(0.05)
    assert job.finished
    assert job.result is None
    assert job.error is None


def test_with_a_login_nobody_reads_before_it(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.web import app as frame

    monkeypatch.setattr(frame, "login_configured", lambda: True)
    app = opened("search")
    said = words(app)
    assert "asks you to log in" in said
    assert "lanternworks" not in said


def test_what_is_judged_anew_is_counted_anew(sample_home: Path, tmp_path: Path) -> None:
    """`kb analyze` publishes no generation; counts that the page remembers must still go."""
    home = Path(shutil.copytree(sample_home, tmp_path / "home"))
    with KnowledgeBase.open(home=home) as knowledge, Archive.open(home) as archive:
        before = state_of(knowledge)
        archive.put_relations("lanternworks/ember", archive.relations([CHANGE]))
        assert state_of(knowledge) != before


def test_keeping_a_question_counts_nothing_anew(sample_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(sample_home, tmp_path / "home"))
    with KnowledgeBase.open(home=home) as knowledge, Archive.open(home) as archive:
        before = state_of(knowledge)
        archive.put_question("Why?", {})
        assert state_of(knowledge) == before


def test_a_filter_beside_the_box_is_not_shown_as_part_of_the_question(opened: Opened) -> None:
    assert "[Importance at least:" not in words(opened("search", q="queue", min="5"))
    assert "[Importance at least: 5.1]" in words(opened("search", q="queue importance:>5"))


def test_last_week_is_only_asked_of_an_index_that_has_one(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day, offered in (("2026-11-03", True), ("2027-03-01", False)):
        moment = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        monkeypatch.setattr("ui.web.app.now", lambda moment=moment: moment)
        assert ("most important changes last week" in words(opened("ask"))) is offered


def test_what_broke_is_told_with_whose_lines_were_replaced(opened: Opened) -> None:
    said = words(opened("ask", q="Which change broke long prompts in the scheduler?"))
    told = said.partition("the code line that it replaced came with: ")[2]
    assert "1180" in told.partition("`chunk = min(missing, left)`")[0]
    assert "written by" not in said.lower()


def test_a_question_asked_again_stands_first(opened: Opened, writable_home: Path) -> None:
    for asked in ("Why drain workers", "What is a lease", "Why drain workers"):
        opened("ask", home=writable_home, q=asked)
    labels = [link.proto.label for link in opened("ask", home=writable_home).get("page_link")]
    places = [
        next(place for place, label in enumerate(labels) if label.startswith(asked))
        for asked in ("Why drain workers", "What is a lease")
    ]
    assert places == sorted(places)


def test_a_quote_says_once_whose_it_is_and_when(opened: Opened) -> None:
    app = opened("ask", q="How are lost jobs in the queue prevented?")
    cited = "".join(bodies(app))
    quote = re.findall(r"<blockquote>([^<]+)", cited)[0]
    assert words(app).count(html.unescape(quote)) == 1
    assert re.search(r"#\d+ · \w[^·<]* · 2026-\d\d-\d\d", cited)


def test_a_cited_title_shows_its_brackets_once(opened: Opened) -> None:
    app = opened("ask", q="[worker] queue loses jobs")
    cited = "".join(bodies(app))
    assert ">[1] " in cited
    assert "\\[" not in cited


def test_an_english_question_is_answered_in_the_pages_language(
    opened: Opened, writable_home: Path
) -> None:
    said = words(opened("ask", home=writable_home, q="Which jobs were lost?", lang="zh"))
    assert "并非聊天模型所写" in said
    assert "no chat model wrote this" not in said


def test_a_report_on_a_missing_change_says_so_in_the_readers_language(opened: Opened) -> None:
    assert "这里没有变更 no/such#9" in words(
        opened("report", kind="risks", id="no/such#9", lang="zh")
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [("importance:>nonsense", "重要度只能是下限：>nonsense"), ("nosuch:field", "没有字段 nosuch:")],
)
def test_an_error_is_in_the_readers_language(opened: Opened, asked: str, said: str) -> None:
    app = opened("search", q=asked, lang="zh")
    assert said in words(app)
    assert "lower bound" not in words(app)
    assert any(link.proto.label == "搜索" for link in app.get("page_link"))


def test_a_part_that_fails_alone_says_so_in_words() -> None:
    def script() -> None:
        from types import SimpleNamespace

        from kb.errors import StoreError
        from ui.web.errors import followed, part

        @part
        def fails(view: object) -> None:
            raise StoreError("the disk is full")

        @followed(every=60)
        def breaks(view: object) -> None:
            raise ZeroDivisionError

        fails(SimpleNamespace(page="browse", lang="zh"))
        breaks(SimpleNamespace(page="browse", lang="en"))

    app = AppTest.from_function(script).run()
    assert not app.exception
    assert [error.value for error in app.error] == [
        "磁盘已满",
        message("web", "error.unexpected", "en"),
    ]


def test_a_box_without_room_for_its_number_shows_none() -> None:
    spec = charts.treemap([("layers/moe", 990, 5.0), ("srt", 10, 5.0)])
    told = [box["label"]["formatter"] for box in spec["series"][0]["data"]]
    assert told == ["layers/\nmoe\n{c}", "srt"]


def test_the_text_of_a_term_leaves_the_bars_their_room() -> None:
    """On a phone Vega gave text wider than the screen the room of the bars."""
    spec = charts.terms([("a long sentence " * 9, 1.5)], "term", "points", "light")
    words = spec["layer"][1]["mark"]
    assert words["clip"] is True
    assert words["limit"] == {"expr": "width"}


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of #rrggbb."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares]
    return sum(
        weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_text_of_charts_has_the_contrast_that_text_needs(theme: str) -> None:
    from ui.web.launch import OPTIONS

    ground = luminance(dict(OPTIONS)[f"theme.{theme}.backgroundColor"])
    labels = dict.fromkeys(("changes", "importance", "day", "day_of"), "")
    day = date(2026, 1, 5)
    for colour in (
        charts.activity({day: 1}, labels, None, theme)["config"]["axis"]["labelColor"],
        charts.distribution({}, labels, theme)["xAxis"]["axisLabel"]["color"],
        charts.over_weeks({(day, "a"): 1}, {}, labels, theme)["yAxis"]["axisLabel"]["color"],
        charts.ranking([("Ann", 2)], theme)["series"][0]["label"]["color"],
        charts.terms([("a", 1.5)], "", "", theme)["layer"][1]["encoding"]["color"]["value"],
    ):
        dark, light = sorted((ground, luminance(colour)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_legend_of_the_weeks_names_every_value_in_its_colour(opened: Opened) -> None:
    """The chart's own one was paged, and cut, where it had more values than room."""
    legend = next(body for body in bodies(opened("browse")) if 'class="legend"' in body)
    assert legend.count("background: #") == 10
    assert "bug fix" in legend
    levels = {(date(2026, 1, 5), "low"): 1, (date(2026, 1, 5), "high"): 2}
    assert charts.stacked(charts.by_weight(levels), charts.LEVELS) == ["#d9534f", "#8aa39b"]


def test_no_column_is_cut_at_the_edge_of_a_wide_screen() -> None:
    """980 pixels stand beside the sidebar at 1440; 36 of them are the boxes for a choice."""
    wide = list(accumulate((ledger.WIDTHS.get(name, 0) for name in ledger.COLUMNS), initial=36))
    seen = ledger.COLUMNS.index("type") + 1
    assert 940 <= wide[seen] <= 980
