"""What `kb search`, `show`, `changes`, `status` and `sources` print, and with which status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
REPO = "lanternworks/ember"
HIT_KEYS = {
    "id", "repo", "number", "sha", "title", "author", "merged_at", "url", "score", "importance",
    "level", "type", "modules", "risks", "passage", "ranks",
}  # fmt: skip
CHANGE_KEYS = {
    "id", "repo", "number", "sha", "title", "author", "bot", "merged_at", "url", "importance",
    "level", "type", "modules", "risks", "files", "additions", "deletions",
}  # fmt: skip
SHOW_KEYS = CHANGE_KEYS | {
    "body", "terms", "files_changed", "series", "reverts", "reverted_by", "related",
}  # fmt: skip


def test_search_prints_the_object_of_the_contract(kb: Run, sample_home: Path) -> None:
    ran = kb("search", "shared memory left behind", "--json", home=sample_home)
    found = json.loads(ran.out)
    assert ran.status == 0
    assert found["mode"] == "hybrid"
    assert found["engine"] == "exact"
    assert found["hits"][0]["number"] == 1212
    assert set(found["hits"][0]) >= HIT_KEYS


def test_a_search_that_finds_nothing_prints_its_whole_object_and_ends_with_1(
    kb: Run, sample_home: Path
) -> None:
    ran = kb("search", "shutdown", "--author", "nobody at all", "--json", home=sample_home)
    assert (ran.status, json.loads(ran.out)["hits"]) == (1, [])


@pytest.mark.parametrize("words", ['"', "-", "", "?"])
def test_a_search_for_nothing_says_that_there_is_nothing_to_look_for(
    kb: Run, sample_home: Path, words: str
) -> None:
    ran = kb("search", "--home", sample_home, "--", words)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("nothing to look for: ")
    assert "nothing found" in kb("search", '"no such phrase"', home=sample_home).err


def test_a_number_and_a_sha_find_their_change_first(kb: Run, sample_home: Path) -> None:
    shown = json.loads(kb("show", "1212", "--json", home=sample_home).out)
    for words in ("#1212", "1212", shown["sha"][:10]):
        hits = json.loads(kb("search", words, "--json", home=sample_home).out)["hits"]
        assert hits[0]["id"] == f"{REPO}#1212"
        assert hits[0]["ranks"]["exact"] == 1


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_every_mode_answers_and_names_itself(kb: Run, sample_home: Path, mode: str) -> None:
    found = json.loads(kb("search", "prefix cache", "--mode", mode, "--json", home=sample_home).out)
    assert found["mode"] == mode
    assert found["hits"]


def test_filters_mean_the_same_as_flags_and_in_the_query(kb: Run, sample_home: Path) -> None:
    flags = kb("search", "cache", "--type", "bugfix", "--author", "Lin", "--json", home=sample_home)
    words = kb("search", "cache type:bugfix author:Lin", "--json", home=sample_home)
    ids = [[hit["id"] for hit in json.loads(ran.out)["hits"]] for ran in (flags, words)]
    assert ids[0] == ids[1] != []


def test_explain_says_what_found_a_hit(kb: Run, sample_home: Path) -> None:
    ran = kb("search", "shared memory", "--explain", home=sample_home)
    assert "vector of the" in ran.out
    assert "engine exact" in ran.out


def test_chinese_words_find_chinese_text(kb: Run, sample_home: Path) -> None:
    ran = kb("search", "命中率", "--lang", "zh", "--json", home=sample_home)
    numbers = [hit["number"] for hit in json.loads(ran.out)["hits"]]
    assert 1207 in numbers[:3]


def test_show_names_a_change_in_every_way(kb: Run, sample_home: Path) -> None:
    shown = json.loads(kb("show", "1212", "--json", home=sample_home).out)
    assert set(shown) >= SHOW_KEYS
    assert {"path", "status", "additions", "deletions", "role", "seen", "reason"} <= set(
        shown["files_changed"][0]
    )
    for name in (f"{REPO}#1212", "#1212", shown["sha"], shown["sha"][:7], shown["url"]):
        assert json.loads(kb("show", name, "--json", home=sample_home).out)["id"] == shown["id"]


def test_show_prints_terms_risks_and_files(kb: Run, sample_home: Path) -> None:
    ran = kb("show", "1212", home=sample_home)
    assert "Importance" in ran.out
    assert "ember/workers" in ran.out


def test_show_of_a_repair_names_whose_lines_it_replaced(kb: Run, sample_home: Path) -> None:
    out = kb("show", "1196", home=sample_home).out
    replaced = out.partition("Code lines that it replaced, by the change that brought them")
    brought = replaced[2].strip().split("\n")
    assert brought[0].startswith("1 of 1: #1180 ")
    assert brought[1].strip() == "chunk = min(missing, left)"
    (replaced,) = json.loads(kb("show", "1196", "--json", home=sample_home).out)["replaced"]
    assert (replaced["id"], replaced["lines"], replaced["of"]) == (f"{REPO}#1180", 1, 1)
    assert replaced["line"] == "chunk = min(missing, left)"
    assert "it replaced" not in kb("show", "1234", home=sample_home).out  # nothing that is known


def test_show_prints_the_content_of_a_description(
    kb: Run, tmp_path: Path, sample_path: Path
) -> None:
    home, rows = tmp_path / "home", tmp_path / "changes.jsonl"
    lines = sample_path.read_text(encoding="utf-8").splitlines()
    row = next(row for row in map(json.loads, lines) if row.get("number") == 1204)
    row["body"] = (
        "<!-- Thank you! -->\nDrain waits.\n\n![x](https://x.example/a.png)\n\n## Checklist\n- [x] I ran it"
    )
    thread = {"author": "noor", "text": "Is it slow?"}
    row["reviews"] = [{"path": "ember/cli.py", "resolved": False, "comments": [thread]}]
    head = [line for line in lines if "sha" not in json.loads(line)]
    rows.write_text("\n".join([*head, json.dumps(row)]) + "\n", encoding="utf-8")
    assert kb("ingest", rows, home=home).status == 0
    out = kb("show", "1204", home=home).out
    assert "Drain waits." in out
    for noise in ("Thank you", "![x]", "I ran it", "cli.py:0"):
        assert noise not in out


@pytest.mark.parametrize("command", ["risks", "report"])
def test_since_and_until_alone_are_the_period(kb: Run, sample_home: Path, command: str) -> None:
    dates = ("--since", "2026-10-19", "--until", "2026-10-26", "--tz", "UTC")
    ran = kb(command, *dates, "--format", "json", home=sample_home)
    period = json.loads(ran.out)["period"]
    assert (period["since"], period["until"]) == ("2026-10-19T00:00:00Z", "2026-10-26T00:00:00Z")
    assert json.loads(ran.out)["references"]


def test_show_of_what_is_not_there_ends_with_1_and_a_hint(kb: Run, sample_home: Path) -> None:
    ran = kb("show", "999999", home=sample_home)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert "hint:" in ran.err


def test_changes_are_the_ledger_of_a_period_newest_first(kb: Run, sample_home: Path) -> None:
    ran = kb(
        "changes", "--since", "2026-10-19", "--until", "2026-10-26", "--tz", "UTC", "--json",
        home=sample_home,
    )  # fmt: skip
    ledger = json.loads(ran.out)
    assert ledger["repo"] == REPO
    assert ledger["period"] == {
        "since": "2026-10-19T00:00:00Z", "until": "2026-10-26T00:00:00Z", "tz": "UTC",
    }  # fmt: skip
    times = [change["merged_at"] for change in ledger["changes"]]
    assert times == sorted(times, reverse=True)
    assert times[0] < "2026-10-26T00:00:00Z"
    assert times[-1] >= "2026-10-19T00:00:00Z"
    assert set(ledger["changes"][0]) == CHANGE_KEYS


def test_changes_with_nothing_to_say_are_no_failure(kb: Run, sample_home: Path) -> None:
    ran = kb("changes", "--since", "2030-01-01", "--json", home=sample_home)
    assert (ran.status, json.loads(ran.out)["changes"]) == (0, [])
    assert json.loads(ran.out)["repo"] == REPO  # the only one that is indexed
    named = kb("changes", "--repo", REPO.title(), "-n", "1", "--json", home=sample_home)
    assert json.loads(named.out)["repo"] == REPO


def test_flags_stand_before_or_after_the_command(kb: Run, sample_home: Path) -> None:
    before = kb("--home", sample_home, "--quiet", "status", "--json")
    after = kb("status", "--json", "--quiet", "--home", sample_home)
    assert before == after
    assert json.loads(after.out)["repos"][0]["repo"] == REPO


def test_status_names_embedder_generation_and_what_is_pending(kb: Run, sample_home: Path) -> None:
    status = json.loads(kb("status", "--json", home=sample_home).out)
    assert status["embedder"].startswith("all-MiniLM-L6-v2@")
    assert status["generation"] >= 1
    assert status["repos"][0]["pending"] == 0


def test_the_end_of_a_period_that_nobody_named_is_null(kb: Run, sample_home: Path) -> None:
    for flag, other in (("since", "until"), ("until", "since")):
        ran = kb("changes", f"--{flag}", "2031-01-01", "--tz", "UTC", "--json", home=sample_home)
        period = json.loads(ran.out)["period"]
        assert period == {flag: "2031-01-01T00:00:00Z", other: None, "tz": "UTC"}


def test_an_author_without_a_letter_is_nobody(kb: Run, sample_home: Path) -> None:
    assert (
        json.loads(kb("changes", "--author", "…", "--json", home=sample_home).out)["changes"] == []
    )


@pytest.mark.parametrize("words", [("report", "week", "2026-W19"), ("risks", "week", "2026-W19")])
def test_a_report_is_an_object_with_json_as_everywhere(
    kb: Run, sample_home: Path, words: tuple[str, ...]
) -> None:
    ran = kb(*words, "--json", home=sample_home)
    assert ran.status == 0
    assert (
        json.loads(ran.out).keys()
        == json.loads(kb(*words, "--format", "json", home=sample_home).out).keys()
    )
    refused = kb(*words, "--json", "--format", "md", home=sample_home)
    assert (refused.status, refused.out) == (2, "")


def test_an_empty_home_is_said_plainly(kb: Run, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    searched = kb("search", "anything", home=nowhere)
    assert searched.status == 2
    assert "nothing is indexed" in searched.err
    assert "kb ingest" in searched.err
    assert kb("status", home=nowhere).status == 0
    assert json.loads(kb("status", "--json", home=nowhere).out)["repos"] == []
    assert not nowhere.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("changes", "--tz", "Mars/Olympus"), "Mars/Olympus"),
        (("changes", "--since", "2026-05-02", "--until", "2026-05-01"), "empty"),
        (("changes", "--since", "soonish"), "soonish"),
        (("search", "colour:red"), "colour"),
        (("search", "x", "--mode", "magic"), "magic"),
        (("report", "decade"), "decade"),
        (("report", "week", "2026-W99"), "2026-W99"),
        (("report", "range", "2026-05-01"), "SINCE"),
        (("report", "--format", "pdf"), "-o"),
        (("report", "--sections", "gossip"), "gossip"),
        (("eval", "nowhere.jsonl"), "nowhere.jsonl"),
        (("show",), "REFERENCE"),
        (("nonsense",), "nonsense"),
    ],
)
def test_bad_input_is_one_sentence_a_hint_and_status_2(
    kb: Run, sample_home: Path, words: tuple[str, ...], said: str
) -> None:
    ran = kb(*words, home=sample_home)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_report_file_is_whole_or_as_it_was(kb: Run, sample_home: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    target.write_text("before")
    assert kb("report", "week", "nonsense", "-o", target, home=sample_home).status == 2
    assert target.read_text() == "before"
    ran = kb("report", "week", "2026-W43", "--tz", "UTC", "-o", target, home=sample_home)
    assert (ran.status, ran.out) == (0, "")
    assert target.read_text().startswith("# ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.md"]


def test_a_file_that_was_written_is_named_on_stderr(
    kb: Run, sample_home: Path, tmp_path: Path
) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"id": "a", "query": "cache", "relevant": [1212]}\n')
    for words in (
        ("report", "day", "2026-10-20", "-o", "day.md"),
        ("risks", "1212", "-o", "risks.json"),
        ("export", "-o", "all.jsonl"),
        ("eval", questions, "-o", "run.txt"),
    ):
        ran = kb(*words, home=sample_home)
        assert (ran.status, ran.out, ran.err) == (0, "", f"wrote {words[-1]}\n")
        assert kb(*words, "--quiet", home=sample_home).err == ""
    ran = kb("report", "day", "2026-10-20", "--lang", "zh", "-o", "day.md", home=sample_home)
    assert ran.err == "已写入 day.md\n"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_reports_of_every_kind_are_printed(kb: Run, sample_home: Path, lang: str) -> None:
    for words in (
        ("day", "2026-10-20"),
        ("week", "2026-W43"),
        ("month", "2026-10"),
        ("range", "2026-10-19", "2026-10-26"),
        ("change", "1212"),
        ("topic", "prefix cache"),
    ):
        ran = kb("report", *words, "--tz", "UTC", "--lang", lang, home=sample_home)
        assert ran.status == 0, ran.err
        assert ran.out.startswith("# ")


def test_risks_of_listed_changes_name_each(kb: Run, sample_home: Path) -> None:
    ran = kb("risks", "1212", "1219", "--tz", "UTC", home=sample_home)
    assert ran.status == 0
    assert "1212" in ran.out


@pytest.mark.parametrize("command", [("search",), ("ask",), ("report", "topic"), ("risks",)])
def test_words_that_are_no_utf8_are_read_as_far_as_they_go(
    kb: Run, sample_home: Path, command: tuple[str, ...]
) -> None:
    ran = kb(*command, "shared memory \udcff \udce4\udcb8", home=sample_home)
    assert (ran.status, "unexpected" in ran.err) == (0, False)
    assert "1212" in ran.out


def test_ask_quotes_and_says_that_it_quotes(kb: Run, sample_home: Path) -> None:
    ran = kb("ask", "why were shared memory segments left behind?", "--json", home=sample_home)
    answer = json.loads(ran.out)
    assert answer["method"] == "quotes"
    assert any("#1212" in citation["change_id"] for citation in answer["citations"])
