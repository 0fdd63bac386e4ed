"""The weekly report: complete, counted, in two languages, within its length, and it remembers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest

import kb.report
from kb.periods import between
from kb.phrases import phrases
from kb.report.change_facts import change_facts, switched
from kb.report.composer import measured_letters, measured_words
from kb.report.insights import _security, advice, latent_risks, moved, verdict
from kb.report.renderers import render
from kb.report.renderers.json_document import chunks, from_json, to_json
from kb.report.renderers.markdown import Inline
from kb.report.risk_precedents import Precedent, precedent_prose
from kb.report.risks import risk_groups, shown_evidence
from kb.report.say import say, unseen
from kb.report.self_check import differences, problems
from kb.report.sentences import point, what
from kb.report.symptoms import symptom
from kb.report.theme_terms import terms_of
from kb.report.titles import read_title, shortened
from kb.report.types import Prose, Span
from kb.types import ChangeRecord, FileChange, Filters, Flag, Risk, Size, Symbol

WEEK_DAY = datetime(2026, 5, 26, tzinfo=UTC)
SCHEMA = json.loads(
    (Path(kb.report.__file__).parent / "schema" / "report.schema.json").read_text(encoding="utf-8")
)


def ids_of(reader, request):
    filters = replace(request.filters, since=request.period.since, until=request.period.until)
    return [record.id for record in reader.select(filters)]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_week_passes_its_own_check(busy_week, composed, week, lang):
    report = composed(busy_week, week(lang))
    assert problems(report, ids_of(busy_week, report.request)) == []
    names = [part.name for part in report.sections]
    assert names == ["summary", "themes", "fixes", "trends", "risks", "key-prs", "suggestions", "ledger", "health"]  # fmt: skip


def test_both_languages_hold_the_same_references_numbers_and_rows(busy_week, composed, week):
    assert differences(composed(busy_week, week("en")), composed(busy_week, week("zh"))) == []


def test_chinese_states_its_facts_in_chinese(busy_week, composed, week):
    text = render(composed(busy_week, week("zh")), "md")
    for words in ("执行摘要", "重点变化", "风险观察", "缺陷修复", "平均"):
        assert words in text
    for words in ("Executive", "adds `", "off by default", " changes by "):
        assert words not in text


def test_it_keeps_the_length(busy_week, composed, week):
    assert measured_words(composed(busy_week, week("en")).sections) <= 1500
    assert measured_letters(composed(busy_week, week("zh")).sections) <= 3000


def test_a_brief_report_is_at_most_200_words(busy_week, composed, week):
    for lang in ("en", "zh"):
        text = render(composed(busy_week, week(lang, brief=True)), "md")
        assert len(text.split()) <= 200
        assert "kb report week 2026-W22" in text


def test_a_brief_report_without_risks_says_so(make, reader_of, composed, week):
    reader = reader_of([make(1, "Advertise the explorer", importance=4.0)])
    text = render(composed(reader, week("en", brief=True)), "md")
    assert "Latent risks:" not in text
    assert "none of the risks that the rules look for" in text


def test_a_brief_report_names_the_command_of_the_same_whole_one(busy_week, composed, week):
    filters = Filters(repos=("acme/rocket",), authors=("Author 1",), min_importance=1.0)
    period = between(
        datetime(2026, 5, 24, 16, tzinfo=UTC),
        datetime(2026, 5, 31, 16, tzinfo=UTC),
        "Asia/Shanghai",
    )
    request = week("en", brief=True, filters=filters)
    text = render(composed(busy_week, request), "md")
    told = "--repo acme/rocket --author 'Author 1' --min-importance 1 --tz UTC"
    assert f"`kb report week 2026-W22 {told}`" in text
    request = replace(request, kind="range", period=period, tz="Asia/Shanghai", filters=Filters())
    text = render(composed(busy_week, request), "md")
    assert "`kb report range 2026-05-25 2026-06-01 --tz Asia/Shanghai`" in text


def test_a_brief_report_speaks_of_no_table_that_it_lacks(make, reader_of, composed, week):
    reader = reader_of([make(1, "Add a queue")])
    for lang in ("en", "zh"):
        lead = composed(reader, week(lang, brief=True)).section("brief").body["lead"].plain
        assert "key PR" not in lead
        assert "重点" not in lead
        assert "8.5" in lead


def test_a_quiet_period_says_no_changes_and_tells_no_story(busy_week, composed, week):
    report = composed(busy_week, week("en", week="2025-W10"))
    assert report.sections == ()
    assert "No changes in this period." in render(report, "md")


def test_a_quiet_period_says_when_the_last_change_was_and_what_to_type(
    make, reader_of, composed, week
):
    reader = reader_of([make(1, "Add a queue")])
    for brief in (False, True):
        report = composed(reader, week("en", week="2026-W30", brief=brief))
        assert (
            "No changes in this period. The last one before it is of 2026-05-25:"
            " `kb report week 2026-W22 --tz UTC`" in render(report, "md")
        )
    risks = composed(reader, replace(week("en", week="2026-W30"), kind="risks"))
    assert "`kb risks week 2026-W22 --tz UTC`" in render(risks, "md")
    before = composed(reader, week("zh", week="2026-W10"))
    assert render(before, "md").rstrip().endswith("本期没有变更。")


def test_a_period_without_a_fix_says_so(make, reader_of, composed, week):
    reader = reader_of([make(1, "Add a queue"), make(2, "Add a lease")])
    for lang, words in (("en", "No bug fix was merged"), ("zh", "没有合并错误修复")):
        assert words in render(composed(reader, week(lang)), "md")


def test_a_period_of_bots_alone_counts_no_authors_and_leaves_no_section_empty(
    make, reader_of, composed, week
):
    bumps = [
        make(n, f"Bump lids to {n}", author="renovate[bot]", bot=True, types=("dependency",))
        for n in (1, 2)
    ]
    for lang, merged, themes, rows in (
        ("en", "2 changes were merged, all by bots", "No theme stands out", "Only bots' changes"),
        ("zh", "本期共合并 2 个变更，均来自机器人", "本期没有突出的主题", "本期只有机器人的变更"),
    ):
        text = render(composed(reader_of(bumps), week(lang)), "md")
        assert merged in text
        assert themes in text
        assert rows in text


def test_where_no_source_line_moved_all_lines_are_counted(make, reader_of, composed, week):
    build = make(1, "Support generated sources in the IDE", path="pom.xml", importance=6.0)
    files = (FileChange("pom.xml", "modified", 19, 2, role="build"),)
    size = Size(0, 0, 0, 0, 0, 1, 19, 2)
    build = replace(
        build,
        change=replace(build.change, files=files),
        analysis=replace(build.analysis, size=size),
    )
    for lang in ("en", "zh"):
        text = render(composed(reader_of([build]), week(lang)), "md")
        assert "+0 −0" not in text
        assert text.count("+19 −2") >= 2


def test_a_headline_names_no_theme_twice(make, reader_of, composed, week):
    twice = [
        make(1, "Open all lids", modules=("lids",), path="src/a/b.py"),
        make(2, "Shut the lids", modules=("hinges",), path="src/c/d.py"),
    ]
    report = composed(reader_of(twice), week("en"))
    assert report.headline.plain == "Lids"


def test_a_change_that_was_picked_for_another_branch_is_told_once(make, reader_of, composed, week):
    picked = make(19, "Add a lid", types=("bugfix",), importance=7.0)
    again = replace(
        picked, change=replace(picked.change, id="acme/rocket@beef", number=19, sha="beef" * 10)
    )
    elsewhere = replace(
        again,
        change=replace(
            again.change,
            id="acme/rocket@cafe",
            sha="cafe" * 10,
            files=(FileChange("src/other.py", "modified", 9, 9, role="source"),),
        ),
    )
    reader = reader_of([picked, again, make(20, "Add a hinge")])
    report = composed(reader, week("en"))
    text = render(report, "md")
    assert "3 changes" in text
    assert "1 of them repeats a change of the period on another branch." in text
    assert [row["id"] for row in report.section("key-prs").body["rows"]] == [
        picked.id,
        "acme/rocket#20",
    ]
    assert "1 feature and 1 bug fix; +80 −10 source lines" in text
    (row,) = report.section("trends").body["rows"]
    assert (row["module"], row["changes"]) == ("engine", 2)
    before, _, ledger = text.partition('<a id="ledger"></a>')
    assert "[beefbee]" not in before
    assert "[beefbee]" in ledger
    apart = composed(reader_of([picked, elsewhere]), week("zh"))
    assert len(apart.section("key-prs").body["rows"]) == 2  # other files under one title


def test_what_was_not_ingested_is_a_dash_and_never_zero(busy_week, composed, week):
    short = replace(busy_week, since=busy_week.until - timedelta(days=12))
    trends = composed(short, week()).section("trends")
    assert {row["mean"] for row in trends.body["rows"]} == {None}
    assert all(row["arrow"] == "–" for row in trends.body["rows"] if row["previous"] is None)


def test_arrows_follow_the_numbers(busy_week, composed, week):
    rows = {
        row["module"]: row for row in composed(busy_week, week()).section("trends").body["rows"]
    }
    assert rows["lora"]["arrow"] == "↑"
    assert (rows["lora"]["changes"], rows["lora"]["previous"], rows["lora"]["mean"]) == (12, 2, 2.0)


def test_an_index_that_ends_inside_the_period_says_so_first(busy_week, composed, week):
    source = replace(busy_week.source, updated_at=week().period.until - timedelta(days=2))
    text = render(composed(replace(busy_week, source=source), week()), "md")
    assert "Incomplete: indexed up to 2026-05-30" in text.split("\n## ")[0]


def test_as_of_cuts_off_what_came_later(busy_week, composed, week):
    cut = week().period.since + timedelta(days=1)
    report = composed(busy_week, week(as_of=cut))
    assert 0 < report.header["changes"] < 29
    assert all(ref.merged_at < cut for ref in report.references.values())


def test_top_k_is_the_number_of_rows(busy_week, composed, week):
    section = composed(busy_week, week(top_k=5)).section("key-prs")
    assert section.body["k"] == len(section.body["rows"]) == 5


def test_only_the_sections_that_were_asked_for(busy_week, composed, week):
    report = composed(busy_week, week(sections=("risks", "ledger")))
    assert [part.name for part in report.sections] == ["risks", "ledger"]


def test_filters_are_named_in_the_header(busy_week, composed, week):
    report = composed(busy_week, week(filters=Filters(modules=("lora",))))
    assert report.header["changes"] == 12
    assert "`module:lora`" in render(report, "md")


def test_bots_fold_into_one_line_each_and_are_in_no_table_of_key_prs(busy_week, composed, week):
    report = composed(busy_week, week())
    bots = report.section("ledger").body["bots"]
    assert [(bot["author"], bot["count"]) for bot in bots] == [("dependabot[bot]", 3)]
    assert not {row["id"] for row in report.section("key-prs").body["rows"]} & set(bots[0]["ids"])


def test_a_revert_names_what_it_takes_back(busy_week, composed, week):
    text = render(composed(busy_week, week()), "md")
    assert "takes back “Radix cache crash after eviction 20”" in text
    assert "[#20](https://github.com/acme/rocket/pull/20)" in text


def test_history_says_which_revert_it_is_in_this_area(busy_week, composed, week):
    report = composed(busy_week, week())
    item = next(i for i in report.section("risks").body["items"] if i["kind"] == "revert")
    assert "91 days" in item["precedent"].plain
    assert all(not report.references[ref].in_period for ref in item["precedent"].references)


def test_removing_an_earlier_change_changes_the_report_that_cited_it(busy_week, composed, week):
    report = composed(busy_week, week())
    cited = next(entry.used[0] for entry in report.retrieved if entry.used)
    without = replace(busy_week, held=[record for record in busy_week.held if record.id != cited])
    again = composed(without, week())
    assert cited in report.references
    assert cited not in again.references
    assert render(again, "md") != render(report, "md")


def test_measured_effects_are_quoted_with_their_sentence(busy_week, composed, week):
    text = render(composed(busy_week, week()), "md")
    assert "P99 latency falls from 40 ms to 12 ms on two nodes." in text


def test_an_open_review_thread_says_what_was_objected_and_where(busy_week, composed, week):
    text = render(composed(busy_week, week()), "md")
    assert "This drops requests when the queue is full." in text
    assert "(https://github.com/acme/rocket/pull/50#discussion_r1)" in text


def test_the_next_report_follows_the_risks_of_the_last(busy_week, composed, week, make, altered):
    composed(busy_week, week())
    later = make(
        60, "Follow-up of the scheduler change", at=week().period.until + timedelta(days=1)
    )
    reader = altered(
        replace(busy_week, held=[*busy_week.held, later]), "acme/rocket#50", reverted_by=(later.id,)
    )
    section = composed(reader, week(week="2026-W23")).section("followed")
    states = {item["state"] for item in section.body["items"]}
    assert "reverted" in states
    assert any("#60" in item["text"].plain for item in section.body["items"])


def test_what_nobody_answered_is_said_in_one_line(busy_week, composed, week, make):
    composed(busy_week, week())
    later = make(60, "Say more in the log", at=week().period.until + timedelta(days=1))
    reader = replace(busy_week, held=[*busy_week.held, later])
    section = composed(reader, week(week="2026-W23")).section("followed")
    assert section is not None
    lines = [item["text"].plain for item in section.body["items"] if item["state"] == "open"]
    assert len(lines) == 1
    assert lines[0].startswith("Neither followed up nor taken back since: ")
    assert section.body["open"] >= 2


def test_the_same_report_made_again_follows_nothing(busy_week, composed, week):
    composed(busy_week, week())
    assert composed(busy_week, week()).section("followed") is None


def test_a_maintainers_word_is_shown_as_theirs(busy_week, composed, week, altered):
    reader = altered(busy_week, "acme/rocket#50", override_note="blocks the release")
    assert "Maintainer: blocks the release" in render(composed(reader, week()), "md")


def test_json_is_valid_and_comes_back_as_the_same_report(busy_week, composed, week):
    report = composed(busy_week, week("zh"))
    text = to_json(report)
    jsonschema.validate(json.loads(text), SCHEMA)
    assert "".join(chunks(report)) == text
    assert to_json(from_json(text)) == text
    assert render(from_json(text), "md") == render(report, "md")


def test_the_same_request_gives_the_same_text(busy_week, composed, week):
    first = render(composed(busy_week, week()), "md")
    assert render(composed(busy_week, week()), "md") == first


def test_more_changes_than_are_held_in_full_compose_and_stream(reader_of, make, composed, week):
    request = week()
    held = [
        make(n, f"Change number {n} of area {n % 40}", modules=(f"area{n % 40}",))
        for n in range(2600)
    ]
    report = composed(reader_of(held), request)
    assert report.header["changes"] == 2600
    longest = max(len(piece) for piece in chunks(report))
    assert longest < 2_000_000


def test_a_count_of_one_takes_the_verb_and_noun_of_one():
    assert (
        say("summary.closing_tests", "en", n=1, m=4).plain
        == "1 of 4 changes with 10 or more new source lines touches a test"
    )
    assert (
        say("summary.closing_tests", "en", n=3, m=4).plain
        == "3 of 4 changes with 10 or more new source lines touch a test"
    )
    for lang in ("en", "zh"):
        ones = [key for key in phrases("report", lang) if key.endswith("_one")]
        assert ones
        assert all(key.removesuffix("_one") in phrases("report", lang) for key in ones if key != "theme.lead_one")  # fmt: skip
    assert set(phrases("report", "en")) == set(phrases("report", "zh"))


def test_a_theme_begins_with_its_leading_change_and_then_its_size(busy_week, composed, week):
    for theme in composed(busy_week, week()).section("themes").body["themes"]:
        first, rest = theme["lead"].plain.split("; ", 1)
        assert first.endswith(f"({theme['members'].plain.split(',')[0]})")
        assert "source lines" in rest


def test_themes_with_key_changes_stand_first(busy_week, composed, week):
    report = composed(busy_week, week())
    held = {record.id: record.analysis.importance for record in busy_week.held}
    keys = [
        max(held[ref] for ref in theme["members"].references) >= 8.5
        for theme in report.section("themes").body["themes"]
    ]
    assert keys == sorted(keys, reverse=True)


@pytest.mark.parametrize(
    "title",
    [
        "v1",
        "v0.5.10",
        "multimodal",
        "utils",
        "develop",
        "upstream",
        "around",
        "prop",
        "demo",
        "pkg",
    ],
)
def test_a_version_or_a_word_of_every_repository_names_no_theme(title):
    assert terms_of(f"[{title}] fix it") == ()


def test_a_sha_without_a_page_is_whole_as_code():
    text = Inline({}).prose(Prose((Span("ref", "6a5a384", "a/b@6a5a384"),)))
    assert text == "`6a5a384`"


def test_what_may_break_stands_before_what_is_only_large(make):
    large = make(1, "Add the engine", importance=9.9, risks=(Risk("large", "+4000 / 12"),))
    relaxed = make(
        2,
        "Relax the bound",
        types=("test",),
        importance=3.0,
        risks=(Risk("relaxed-threshold", "score 0.62 -> 0.60"),),
    )
    assert [group.kind for group in risk_groups([large, relaxed])] == ["relaxed-threshold", "large"]


def test_a_platform_is_no_limit_in_the_repository_of_that_platform(make):
    risk = Risk("hardware", "NPU")
    assert risk_groups([make(1, risks=(risk,), repo="acme/rocket")])
    assert not risk_groups([make(1, risks=(risk,), repo="acme/rocket-ascend")])


def test_a_definition_with_other_parameters_and_a_moved_requirement_read_as_such(make):
    assert shown_evidence(Risk("compatibility", "handle(+executor, -loop)")) == "handle"
    assert shown_evidence(Risk("compatibility", "A(+A(names)")) == "A"
    exported = "export function slot<T, M = string>(name: T -> export function slot<T>(name?: T"
    assert shown_evidence(Risk("compatibility", exported)) == "slot"
    method = "func (r *Receiver) Open(a int) -> func (r *Receiver) Open(a string)"
    assert shown_evidence(Risk("compatibility", method)) == "Open"
    java = "public static List<String> names(int a) -> public static List<String> names(long a)"
    assert shown_evidence(Risk("compatibility", java)) == "names"
    rust = "pub const fn map<F: Fn(u32)>(f: F) -> pub const fn map<F: Fn(u64)>(f: F)"
    assert shown_evidence(Risk("compatibility", rust)) == "map"
    assert shown_evidence(Risk("compatibility", "MODE: False -> True")) == "MODE: False -> True"
    assert shown_evidence(Risk("dependency", "- golang.org/x/text v0.36.0")) == (
        "- golang.org/x/text v0.36.0"
    )
    sha = "1ac10f159a09897baada01b14b6a0dd6442aefd6"
    assert shown_evidence(Risk("dependency", f"COMMIT {sha}")) == "COMMIT 1ac10f1"


def test_only_what_a_later_change_could_answer_is_followed(
    busy_week, composed, week, make, altered
):
    core = (
        Risk("core-path", "core.py (12)"),
        Risk("large", "+40 / 9"),
        Risk("missing-tests", "core.py: +40"),
    )
    later = make(60, "Say more in the log", at=week().period.until + timedelta(days=1))
    reader = altered(
        replace(busy_week, held=[*busy_week.held, later]), "acme/rocket#50", risks=core
    )
    composed(reader, week())
    section = composed(reader, week(week="2026-W23")).section("followed")
    assert section is not None
    assert not {"core-path", "large"} & {item["kind"] for item in section.body["items"]}


def test_a_symptom_is_what_a_user_saw_and_not_a_word_in_passing(make):
    def seen(title: str, body: str = "") -> str:
        return symptom(make(1, title, types=("bugfix",), body=body))

    assert seen("Show the program name in the error message") == "display"
    assert seen("fix(build): copy the folder") == "other"  # where it was, not what it was
    assert seen("Disable torch.compile in the overlap utils") == "other"
    assert seen("Batch-class requests starve") == "hang"
    assert seen("Honor MOONCAKE_PROTOCOL of the environment") == "wrong-result"
    assert seen("`ember --help` takes four seconds") == "slow"
    assert seen("Prefer zstd", "- [x] the tests do not fail with an error any more") == "other"
    assert seen("Fix the planner on CPU") == "combination"
    assert seen("Fall back to the old planner when full_link is not true") == "combination"
    assert seen("adapt the planner for transformers v5") == "combination"
    assert seen("tsdb: preserve the prefix of a label") == "wrong-result"
    assert seen("tsdb: gate XOR2 float encoding behind a setting") == "other"
    assert seen("Fix OOB of the indices under page_size>1") == "crash"
    assert seen("notifier: fix CPU spin loop on shutdown") == "hang"
    assert seen("Fix typo: page_spilt") == "display"
    assert seen("Fix `st.json` to keep the bounds") == "other"  # a name, no request
    assert seen("Fix bold font of less weight") == "other"
    assert seen("Change test@test.com to mail@example.com") == "other"
    assert seen("Skip the rule when the argument is a file descriptor") == "other"
    assert seen("Too many open file descriptors under load") == "leak"
    assert seen("Close the file descriptors of dead workers") == "leak"
    assert seen("Initialize `crosses_scope` with a meaningful value") == "other"
    assert seen("Initialization of the planner takes the old lids") == "startup"
    assert seen("Prefer zstd", "The server crashed when a client asked for gzip.") == "crash"


def test_a_word_of_a_page_is_no_symptom_of_a_machine(make):
    def seen(title: str, body: str = "") -> str:
        return symptom(make(1, title, types=("bugfix",), body=body))

    assert seen("Spin: add layout effect", "* fix(Spin): add the layout effect of it") == "other"
    assert seen("A worker that lost its master spins on one core") == "hang"
    assert seen("Prevent nested section style leakage") == "other"
    assert seen("Sync the disabled and loading states of a button") == "other"
    assert seen("Show the lids while loading") == "startup"
    assert seen("Prevent navigation when closing link tags") == "other"
    assert seen("Hand the old flags to the linker") == "build"
    assert seen("Format files with a quote at the start of a path") == "other"
    assert seen("Fix an inline comment that forces an element to break in HTML") == "other"
    assert seen("A newer Node breaks the planner") == "crash"
    assert seen("Center the label instead of moving it to the text baseline") == "display"
    assert seen("Align the mix error with the reference") == "wrong-result"


def test_a_row_of_modules_says_what_its_changes_have_in_common(busy_week, composed, week, make):
    many = [
        make(100 + n, f"Part {n} of the tidying", author="Grace", modules=("console",))
        for n in range(4)
    ]
    section = composed(replace(busy_week, held=[*busy_week.held, *many]), week()).section("trends")
    rows = {row["module"]: row["sentence"].plain for row in section.body["rows"]}
    assert "4 in the theme “tidying”" in rows["console"]
    leads = [
        sentence.rpartition("leading: ")[2] for sentence in rows.values() if "leading" in sentence
    ]
    assert len(leads) == len(set(leads))


def test_chinese_has_no_blank_between_its_own_words_and_a_translated_name():
    said = say(
        "header.headline", "zh", first=Prose.of("扩散", "title"), second=Prose.of("NPU", "title")
    )
    assert said.plain == "扩散与 NPU"


def test_a_moved_default_is_told_before_a_definition_that_went(busy_week, composed, week, altered):
    gone = (Risk("compatibility", "- class Engine"),)
    moved = (Risk("compatibility", "ENGINE_V2: False -> True"),)
    reader = altered(altered(busy_week, "acme/rocket#50", risks=gone), "acme/rocket#1", risks=moved)
    section = composed(reader, week()).section("risks")
    text = next(
        item["text"].plain for item in section.body["items"] if item["kind"] == "compatibility"
    )
    assert text.index("default ENGINE_V2: False -> True (#1)") < text.index("Engine removed (#50)")


def test_the_dependency_that_moved_farthest_is_told_first(busy_week, composed, week, altered):
    risks = (
        Risk("dependency", "kernel ==0.4.1 -> ==0.4.2"),
        Risk("dependency", "torch ==2.9.1 -> ==2.11.0"),
    )
    section = composed(altered(busy_week, "acme/rocket#50", risks=risks), week()).section("risks")
    text = next(
        item["text"].plain for item in section.body["items"] if item["kind"] == "dependency"
    )
    assert "torch ==2.9.1 -> ==2.11.0 and 1 more (#50)" in text


def test_a_condition_on_hardware_is_named_as_the_hardware():
    assert shown_evidence(Risk("hardware", "is_cuda()")) == "CUDA"


def test_why_a_file_was_not_read_is_said_in_the_readers_language():
    assert unseen("too large", "zh") == "过大"
    assert unseen("lock file", "en") == "lock file"


def test_the_point_of_a_change_is_the_same_in_both_languages(make):
    """Phrases differ in length; what is told may not hang on it."""
    names = ("A" * 31, "B" * 31)
    record = make(1, risks=tuple(Risk("compatibility", f"- class {name}") for name in names))
    points = [point(change_facts(record), lang).plain for lang in ("en", "zh")]
    assert len({names[0] in text for text in points}) == 1


def test_a_field_without_a_value_is_not_called_off():
    assert switched(Flag("host_lock", "config", "pool.py", default="None")) == "unknown"
    assert switched(Flag("host_lock", "config", "pool.py", default="False")) == "off"
    assert switched(Flag("--log-level", "flag", "pool.py", default="None")) == "unset"
    assert switched(Flag("--host-lock", "flag", "pool.py", default="False")) == "off"


def test_requirements_move_where_they_stand(make):
    record = make(1, "Upgrade to TypeScript 6", types=("dependency",), path="src/model.ts")
    files = (*record.change.files, FileChange("package.json", "modified", 1, 1, role="dependency"))
    moved = replace(record, change=replace(record.change, files=files))
    assert what(change_facts(moved), "en").plain == "moves requirements in package.json"


def test_a_revert_is_asked_about_by_what_it_took_back(make, reader_of, composed, week):
    revert = make(
        2,
        'Revert "Add a planner"',
        types=("revert",),
        reverts=("acme/rocket#1",),
        risks=(Risk("revert", "acme/rocket#1"),),
    )
    text = render(composed(reader_of([make(1, "Add a planner"), revert]), week()), "md")
    asked = text[text.index("Decide what becomes of [#1]") :].split("\n", 1)[0]
    assert "taken back by [#2]" in asked


def test_a_release_is_told_as_one(make):
    record = make(1, "release: v3.5.41", types=("ci-config",), path="package.json")
    assert what(change_facts(record), "en").plain == "marks a release in package.json"


def test_a_title_is_cut_outside_its_code_and_its_area_stays_as_it_is_written():
    assert shortened("Cache `ModelPrivateAttr.default_factory_takes_data` property", 40) == (
        "Cache `ModelPrivateAttr.default_factory…`"
    )
    assert read_title("tsdb: add support for a list").text == "tsdb: Add support for a list"
    assert read_title("dx(core): warn of a lid").tags == ("core",)
    assert read_title("# fix(ui): close the lid").text == "Close the lid"


def test_a_change_that_lacks_a_test_is_asked_for_by_what_it_defines(
    make, reader_of, composed, week
):
    untested = (Risk("missing-tests", "core.py: +40", "src/engine/core.py"),)
    reader = reader_of(
        [
            make(1, "Add a planner", symbols=("QueryPlanner",), risks=untested),
            make(2, "Add a worker", symbols=("QueryWorker",), risks=untested, importance=4.0),
        ]
    )
    text = render(composed(reader, week()), "md")
    assert "Write tests for `QueryPlanner` ([#1]" in text
    assert "`QueryWorker` ([#2]" in text


def test_the_name_of_a_definition_is_no_word_of_the_title_and_no_folder(make):
    plain = make(1, "Support the prefill kernel", symbols=("kernel", "PrefillSchedule"))
    assert change_facts(plain).added[0] == "PrefillSchedule"
    rust = make(2, "Route requests", path="src/lib.rs")
    digest = replace(
        rust.digest,
        symbols_added=(Symbol("worker", "type", "src/lib.rs"), Symbol("Worker", "class", "b.rs")),
    )
    assert change_facts(replace(rust, digest=digest)).added == ("Worker", "worker")


def test_a_suggestion_names_a_change_once(make, reader_of, composed, week):
    """Evidence that is too long to be told is left out; it is not told by the references again."""
    long = "test_the_lid: wait_for_the_lid_of_the_box_to_have_consistent_visuals 200 -> 1000"
    image = "+ python 3.14.6-slim@sha256:" + "d3400aa" + "0" * 57
    for kind, evidence, wanted in (
        ("relaxed-threshold", long, "Find out whether #1 hides a loss."),
        ("dependency", image, "Rebuild a clean environment with python 3.14.6-slim@sha256:d3400aa"),
        ("security", long, "Give #1 a second reader."),
    ):
        reader = reader_of([make(1, "Update the lid", risks=(Risk(kind, evidence),))])
        section = composed(reader, week()).section("suggestions")
        told = [item.plain for item in section.body["items"]]
        assert any(text.startswith(wanted) for text in told), told
        assert all(text.count("#1") == 1 for text in told)


def test_a_file_that_several_changes_edit_is_named_once(make, reader_of, composed, week):
    risk = Risk("core-path", "src/engine/core.py (12)", "src/engine/core.py")
    records = [make(n, f"Change {n}", importance=9.0 - n, risks=(risk,)) for n in (1, 2, 3)]
    text = render(composed(reader_of(records), week()), "md")
    line = next(line for line in text.splitlines() if "**Core paths" in line)
    assert line.count("engine/core.py") == 1


def test_a_change_without_a_diff_says_so(make):
    record = make(1, "Remove a lid", types=("refactor",))
    bare = replace(record, change=replace(record.change, files=()))
    assert what(change_facts(bare), "en").plain == "no diff is known"
    assert what(change_facts(bare), "zh").plain == "未见代码差异"


def test_requirements_that_moved_in_a_hook_stand_in_its_file(make):
    record = make(1, "Bump hinge to 1.2.0", types=("dependency",))
    files = (
        FileChange("CHANGES.md", "modified", 9, 9, role="docs"),
        FileChange(".pre-commit-config.yaml", "modified", 1, 1, role="ci"),
        FileChange("pyproject.toml", "modified", 1, 3, role="build"),  # options of the tool
    )
    bumped = replace(record, change=replace(record.change, files=files))
    assert what(change_facts(bumped), "en").plain == "moves requirements in .pre-commit-config.yaml"


@pytest.mark.parametrize(
    ("gone", "came", "replaced"),
    [
        (("open_lid", "function", "src/a.py"), ("lift_lid", "function", "src/a.py"), True),
        (("Lid", "class", "src/a.py"), ("Cover", "type", "src/a.py"), True),
        (("Lid", "class", "src/a.py"), ("lift_lid", "function", "src/a.py"), False),
        (("open_lid", "function", "src/a.py"), ("lift_lid", "function", "src/b.py"), False),
    ],
)
def test_only_what_is_of_its_kind_and_in_its_file_replaces_a_definition(make, gone, came, replaced):
    record = make(1, "Rework the lids", types=("refactor",))
    digest = replace(
        record.digest, symbols_removed=(Symbol(*gone),), symbols_added=(Symbol(*came),)
    )
    facts = change_facts(replace(record, digest=digest))
    words = f"replaces {gone[0]} by {came[0]}"
    if not replaced:
        words = f"adds {came[0]} and removes {gone[0]}"
    assert words in what(facts, "en").plain
    assert point(facts, "en").plain == words


def test_a_demo_is_no_test_that_changes(make):
    demo = FileChange("lid/demo/closed.tsx", "modified", 7, 1, role="bench")
    written = FileChange("lid/__tests__/demo.test.ts", "modified", 1, 0, role="test")
    snapshot = FileChange("lid/__snapshots__/demo.test.ts.snap", "added", 907, 0, role="test")

    def told(*files):
        record = make(1, "Label the switch", types=("test",))
        facts = change_facts(replace(record, change=replace(record.change, files=files)))
        return what(facts, "en").plain

    assert told(demo, written) == "changes tests in __tests__/demo.test.ts"
    assert told(snapshot, demo) == "changes examples or benchmarks in demo/closed.tsx"
    assert told(snapshot) == "changes tests in __snapshots__/demo.test.ts.snap"
    assert told(demo) == "changes examples or benchmarks in demo/closed.tsx"


def test_a_fix_that_is_mostly_new_files_adds_what_they_define(make):
    record = make(1, "Fix the start without a lid", types=("bugfix",), symbols=("LidCondition",))
    touched = Symbol("ErrorCode", "class", "src/error_code.py")
    record = replace(record, digest=replace(record.digest, symbols_changed=(touched,)))
    old = FileChange("src/error_code.py", "modified", 5, 0, role="source")
    new = FileChange("src/lid_condition.py", "added", 71, 0, role="source")

    def told(*files):
        made = replace(record, change=replace(record.change, files=files))
        return point(change_facts(made), "en").plain, what(change_facts(made), "en").plain

    assert told(old, new) == (
        "adds LidCondition",
        "adds LidCondition in src/lid_condition.py and 1 file more",
    )
    assert told(replace(old, additions=80), new)[0] == "corrects ErrorCode"


def test_what_every_layer_and_every_decorator_defines_is_not_told(make):
    record = make(62, "Add a lock", symbols=("Lock", "forward", "needs_key", "wrapper"))
    assert point(change_facts(record), "en").plain == "adds Lock and needs_key"


def test_who_should_read_it_are_the_users_of_what_is_public(make):
    risk = Risk("compatibility", "open_lid(-key, +pin)", "src/engine/core.py", 3)
    record = make(61, "Add a lock", symbols=("Lock",), gone=("_open_lid",), risks=(risk,))
    altered = Symbol("open_lid", "function", "src/engine/core.py")
    record = replace(record, digest=replace(record.digest, symbols_changed=(altered,)))
    facts = change_facts(record)
    assert "users of open_lid should read it before they upgrade" in verdict(facts, "en").plain
    assert [text.plain for text in moved(facts, "en")] == ["changes the signature of open_lid"]


def test_a_word_on_security_is_no_code_that_an_outsider_can_reach(make, reader_of, composed, week):
    path = "auth/src/main/java/org/acme/auth/impl/constant/AuthConstants.java"
    said = Risk("security", "vulnerability")
    only_said = make(1, "Close a vulnerability", types=("security",), risks=(said,))
    touched = make(
        2, "Close another", types=("security",), risks=(said, Risk("security", path, path, 3))
    )

    def told(record):
        facts = change_facts(record)
        texts = [*_security(facts, "en"), *(text for _, text in latent_risks(facts, "en"))]
        return "\n".join(text.plain for text in (*texts, *advice(facts, "en")))

    assert "outsiders" not in told(only_said)
    assert "“vulnerability” stands in its title or description" in told(only_said)
    assert "Have somebody else read the diff." in told(only_said)
    assert "vulnerability" not in told(touched)
    assert "constant/AuthConstants.java decides what outsiders can reach" in told(touched)
    assert "touches constant/AuthConstants.java" in told(touched)
    report = composed(reader_of([only_said]), week("en"))
    assert "can reach: “vulnerability” ([#1]" in render(report, "md")
    items = report.section("suggestions").body["items"]
    assert [item.plain for item in items] == ["Give #1 a second reader."]


def test_a_risk_of_several_names_is_told_in_the_plural(make):
    gone = (
        Risk("compatibility", "- class Lid", "a.ts"),
        Risk("compatibility", "- def box", "a.py"),
    )
    arrow = (
        "export const Hinge: FC<LidProps> = props => -> export const Hinge: FC<BoxProps> = props =>"
    )
    (_, told), *_ = latent_risks(change_facts(make(1, "Drop lids", risks=gone)), "en")
    assert told.plain.startswith("Lid and box are gone or have another signature")
    (_, told), *_ = latent_risks(
        change_facts(make(1, "Drop lids", risks=(Risk("compatibility", arrow, "a.ts"),))), "en"
    )
    assert told.plain.startswith("Hinge is gone or has another signature")


def test_a_title_that_speaks_of_an_error_on_purpose_is_no_crash(make):
    for title in (
        "Use NumberFormatException in the decoder",
        "Record error.type of failed collections",
        "Fix LongLidAssert hasHinge to be exact",
    ):
        assert symptom(make(1, title, types=("bugfix",))) == "other"
    assert symptom(make(1, "Fix NullPointerException in the decoder")) == "crash"
    assert symptom(make(1, "Decoder raises KeyError on lids")) == "crash"


def test_a_class_that_lost_a_constructor_is_not_said_to_be_removed(make):
    record = make(1, "Drop a constructor", types=("refactor",), path="src/Lid.java", gone=("Lid",))
    assert not change_facts(record).removed


def test_a_change_that_calls_itself_experimental_is_told_so_and_no_line_of_it_as_code(
    make, reader_of, composed, week
):
    said = Risk("experimental", "Added an experimental fused decode API with")
    reader = reader_of([make(50, "Add a decode step", risks=(said,))])
    text = render(composed(reader, week("en")), "md")
    assert "Off by default or marked experimental: Add a decode step ([#50]" in text
    assert "Decide what [#50](https://github.com/acme/rocket/pull/50) has to show" in text
    assert "nobody runs that code by default" not in text
    facts = change_facts(reader.held[0])
    (risk,) = [told.plain for kind, told in latent_risks(facts, "en") if kind == "experimental"]
    assert risk.startswith("“Added an experimental fused decode API with” stands in its title")
    assert [text.plain for text in advice(facts, "en")] == [
        "Say what it lacks to be no longer experimental."
    ]


def test_names_are_told_in_the_files_that_define_them(make):
    """The largest file of a change may be a table that was not even read."""
    record = make(51, "Fix the iterator", types=("bugfix",), symbols=("TileIter",))
    table = FileChange("src/engine/tuning_table.py", "modified", 400, 300, role="source")
    more = FileChange("src/engine/barrier.py", "modified", 4, 4, role="source")
    change = replace(record.change, files=(table, *record.change.files, more))
    told = what(change_facts(replace(record, change=change)), "en").plain
    assert told == "adds TileIter in engine/core.py"  # what is new was never wrong


def test_a_module_is_set_against_earlier_weeks_without_their_copies(
    make, reader_of, composed, week
):
    def pair(number, days):
        one = make(number, f"Add lid {number}", at=WEEK_DAY - timedelta(days=days))
        again = replace(one.change, id=f"acme/rocket@{number}", sha=f"{number}" * 20)
        return [one, replace(one, change=again)]

    now = [record for number in range(60, 64) for record in pair(number, 0)]
    before = [record for number in range(70, 74) for record in pair(number, 7)]
    report = composed(reader_of([*now, *before]), week("en"))
    (row,) = report.section("trends").body["rows"]
    assert (row["changes"], row["previous"]) == (4, 4)


def test_code_of_a_site_is_not_called_a_document(make):
    record = make(52, "docs: animate the logo", types=("docs",), path="website/src/logo.jsx")
    files = (replace(record.change.files[0], role="docs"),)
    facts = change_facts(replace(record, change=replace(record.change, files=files)))
    assert what(facts, "en").plain == "changes code of the documentation in src/logo.jsx"
    assert what(facts, "zh").plain == "修改文档所用的代码 src/logo.jsx"


def test_what_every_class_has_is_not_what_a_change_adds(make):
    record = make(53, "Add a workspace", symbols=("get", "main", "SparseWorkspace"))
    assert point(change_facts(record), "en").plain == "adds SparseWorkspace"


def test_what_a_fix_does_anew_and_the_tests_beside_it_are_no_symptom(make):
    def seen(title: str, body: str = "") -> str:
        return symptom(make(1, title, types=("bugfix",), body=body))

    assert seen("[NPU] recompute the gradient in fp32") == "other"
    assert seen("The planner recomputes the gradient for each lid") == "slow"
    assert seen("Close the file of bench_throughput") == "other"
    assert seen("Ignore loose comments of a type") == "other"
    assert seen("The comments of a type are ignored") == "wrong-result"
    assert seen("Handle flat tables of angles + add vision tests") == "other"
    assert seen("Fix the tests of angles") == "flaky"
    assert seen("Set the mode in the ragged attention launcher") == "other"
    assert seen("Launch the server without a config") == "startup"
    assert seen("Use scales by expert", "This leaked an internal layout into the API.") == "other"
    assert seen("Use scales by expert", "Each request leaked a slot of the cache.") == "leak"


def test_what_to_do_about_a_setting_names_it_and_asks_for_no_page_that_came(make):
    def record_of(oil: bool) -> ChangeRecord:
        risks = (
            Risk("configuration", "--use-rope = False", "src/lid.py", 5),
            Risk("experimental", "--use-rope = False", "src/lid.py", 5),
        )
        thin = Flag("--oil", "flag", "src/lid.py", 4, default='"thin"')
        rope = Flag("--use-rope", "flag", "src/lid.py", 5, default="False")
        return make(60, "Add oil", flags=(thin, rope) if oil else (rope,), risks=risks)

    def told(*files: FileChange) -> list[str]:
        record = record_of(oil=True)
        record = replace(record, change=replace(record.change, files=record.change.files + files))
        return [text.plain for text in advice(change_facts(record), "en")]

    risks = [text.plain for _, text in latent_risks(change_facts(record_of(oil=False)), "en")]
    assert risks == [
        "--use-rope = False is off by default; it shows its faults when somebody turns it on"
    ]
    later = "Say when --use-rope is to be on by default, or that it will not be."
    assert told() == ["Document --oil and --use-rope with their defaults.", later]
    assert told(FileChange("docs/oil.md", "modified", 3, 0, role="docs")) == [later]
    moved = make(61, "Move oil", risks=(Risk("configuration", "--oil", "src/lid.py", 4),))
    assert [text.plain for text in advice(change_facts(moved), "en")] == [
        "Document --oil with its default."
    ]


def test_what_came_again_after_its_revert_is_no_open_question(make, reader_of, composed, week):
    def suggested(*records: ChangeRecord) -> str:
        section = composed(reader_of(list(records)), week("en")).section("suggestions")
        return " ".join(item.plain for item in section.body["items"])

    def taken(number: int, title: str, of: str) -> ChangeRecord:
        risk = Risk("revert", f'Revert "{title}"')
        return make(number, risk.evidence, types=("revert",), risks=(risk,), reverts=(of,))

    lid, oil = make(63, "Add the lid"), make(64, "Add the oil")
    gone = taken(65, "Add the lid", lid.id), taken(66, "Add the oil", oil.id)
    later = make(67, "Add the lid", at=gone[0].change.merged_at + timedelta(hours=1))
    assert "#63 and #64" in suggested(lid, oil, *gone)
    assert "becomes of #64, taken back by #66" in suggested(lid, oil, *gone, later)


def test_a_requirement_that_went_is_told_so_and_asks_for_no_installation(
    make, reader_of, composed, week
):
    moved = (
        Risk("dependency", "- oil", "pyproject.toml", 3),
        Risk("dependency", "hinge >=1,<=2 -> >=1,<=3", "pyproject.toml", 4),
    )
    report = composed(reader_of([make(68, "Drop oil", risks=moved)]), week("en"))
    text = render(report, "md")
    assert "Requirements moved: `- oil`" in text or "Requirements moved: `hinge" in text
    assert "Rebuild a clean environment with `hinge >=1,<=3`" in text
    facts = change_facts(make(69, "Drop oil", risks=moved[:1]))
    assert not latent_risks(facts, "en")
    assert not advice(facts, "en")


def test_a_revert_of_something_unknown_is_followed_up_by_its_title(make, reader_of, composed, week):
    risk = Risk("revert", 'Revert "Remove the lid"')
    record = make(70, risk.evidence, types=("revert",), risks=(risk,))
    section = composed(reader_of([record]), week("en")).section("suggestions")
    (told,) = [item.plain for item in section.body["items"]]
    assert told == "Decide what becomes of “Remove the lid”, taken back by #70."


def test_what_a_trait_of_rust_asks_for_is_no_name_that_went(make):
    def gone(*named: tuple[str, str]) -> tuple[str, ...]:
        record = make(71, "Merge the lids", types=("refactor",), path="src/lid.rs")
        symbols = tuple(Symbol(name, kind, "src/lid.rs") for name, kind in named)
        record = replace(record, digest=replace(record.digest, symbols_removed=symbols))
        return change_facts(record).removed

    assert gone(("Error", "type"), ("try_from", "method")) == ()
    assert gone(("Error", "class"), ("open_lid", "function")) == ("Error", "open_lid")


def test_a_threshold_is_told_with_both_its_numbers(make):
    name = 'TestTrainerOfManyLids: train_result.metrics["train_loss_of_lids"] 0.0 -> -1e-4'
    shown = shown_evidence(Risk("relaxed-threshold", name, "tests/test_lid.py", 3))
    assert shown == 'train_result.metrics["train_loss_of_lids"] 0.0 -> -1e-4'


def test_a_branch_for_one_machine_is_not_said_to_be_the_whole_change(make):
    def told(path: str) -> str:
        record = make(61, "Add a lid", risks=(Risk("hardware", "is_npu()", path, 7),))
        return latent_risks(change_facts(record), "en")[0][1].plain

    assert told("src/lid.py").startswith("NPU: a branch of this code runs")
    assert told("").startswith("NPU: this code runs")


def test_what_a_fix_does_to_its_code_is_not_what_a_user_saw(make):
    def seen(title: str) -> str:
        return symptom(make(1, title, types=("bugfix",)))

    assert seen("Align the names of the hinge loss across lids") == "other"
    assert seen("Drop the guards on the hinge of a lid") == "other"
    assert seen("The planner drops the last lid") == "wrong-result"
    assert seen("Fix missing traversal of the hinge") == "other"
    assert seen("Fix missing fields of the lid") == "wrong-result"
    assert seen("Fix the docstring of the lid, which was wrong") == "other"
    assert seen("Fix formatting of invalid lid errors") == "display"
    assert seen("Give a specific error for a lid without a hinge") == "display"
    assert seen("Fix duplicated words in user-facing messages") == "display"
    assert seen("Reject broken hinges of a lid") == "other"
    assert seen("Reject a lid of zero hinges to prevent a deadlock") == "hang"
    assert seen("Count unbounded lids") == "other"
    assert seen("Avoid an orphaned caret for empty PEP 508 lids") == "other"
    assert seen("Change the default of lids from 256 to 512") == "other"
    assert seen("A lid without a name gives 500 to its caller") == "request"
    assert seen("Fix the keys of the JSON Schema of lids") == "other"
    assert seen("Order installations of lids by key") == "other"
    assert seen("Installing a lid twice empties the box") == "build"
    assert seen("Broadcast the bootstrap port of the box") == "other"
    assert seen("Surface load info of the box") == "other"


def test_how_many_reverts_there_were_begins_a_sentence(make):
    before = Precedent((make(54, "Revert the lid"),), "engine", 2)
    told = precedent_prose(SimpleNamespace(lang="en"), before)
    assert told.plain == "Second revert in engine within 91 days: #54."


@pytest.mark.parametrize("title", ["Revert the looser lid", "[box] Revert the looser lid"])
def test_a_revert_that_quotes_no_title_is_not_said_to_take_back_a_revert(make, title):
    told = what(change_facts(make(55, title, types=("revert",))), "en")
    assert told.plain == "takes back “the looser lid”"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_gone_is_told_once_in_every_language(make, lang):
    gone = (Risk("compatibility", "- def open_lid", "src/lid.py"),)
    record = make(62, "Removed `open_lid`", types=("refactor",), gone=("open_lid",), risks=gone)
    assert point(change_facts(record), lang).plain.count("open_lid") == 1
