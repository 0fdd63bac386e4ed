"""A description keeps what its author wrote and loses what the template brought."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.text.description import Description, clean_description, split_trailers

TEMPLATED = """<!-- Thank you for your contribution! -->

## Motivation

<!-- Describe the purpose
and goals of this pull request. -->
The scheduler copies the whole table on every step.

## Modifications

- Keep the table on the device.
- [x] Bug fix (non-breaking change which fixes an issue)

## Accuracy Tests

## Benchmarking

| batch | before (tok/s) | after (tok/s) |
|------:|:------:|:-----:|
| 1 | 120 | 150 |
| 8 | 800 | 1,023 |

## Checklist

- [ ] Format your code with [pre-commit](https://example.org/pre-commit).
- [x] Add unit tests according to
  the guide

## Review process

1. Ping an owner to start.

Signed-off-by: A Person <a@example.org>
Co-authored-by: B <b@example.org>
"""


def test_trailers_are_told_from_what_was_written():
    squashed = "Why.\n\n---------\n\nCo-authored-by: A B <a@b.c>\nReviewed-by: C\n"
    assert split_trailers(squashed) == (
        "Why.",
        ("Co-authored-by: A B <a@b.c>", "Reviewed-by: C"),
    )
    assert split_trailers("Note: this stays\n\ntoo") == ("Note: this stays\n\ntoo", ())
    assert split_trailers("Co-authored-by: A <a@b.c>")[0] == ""


def test_a_template_leaves_only_what_was_written():
    text = clean_description(TEMPLATED).text
    assert text.startswith("The scheduler copies the whole table on every step.")
    assert "- Keep the table on the device." in text
    assert "| 8 | 800 | 1,023 |" in text
    for gone in (
        "Motivation",
        "Modifications",
        "Accuracy",
        "Checklist",
        "purpose",
        "Thank you",
        "pre-commit",
        "the guide",
        "Ping an owner",
        "Signed-off-by",
        "Co-authored-by",
        "[x]",
        "<!--",
    ):
        assert gone not in text


def test_rows_of_a_benchmark_table_become_sentences():
    assert clean_description(TEMPLATED).metrics == (
        "batch 1: before (tok/s) 120, after (tok/s) 150",
        "batch 8: before (tok/s) 800, after (tok/s) 1,023",
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "This reduces TTFT from 812 ms to 430 ms on an 8B model.",
        "Throughput grows by 23 % at batch 32.",
        "It is 1.8x faster than before.",
        "Peak memory drops to 11.2 GB.",
        "GSM8K: 0.942 -> 0.941",
        "We measured 1,240 tok/s on one card.",
        "Cold start took 4.1 s before and 0.9 s after.",
        "吞吐从 1200 tok/s 提升到 1500 tok/s。",
        "显存占用降低 12%。",
        "首个 token 的延迟缩短 35 毫秒。",
        "推理速度提升 1.6 倍。",
    ],
)
def test_a_measured_sentence_is_a_metric(sentence):
    assert clean_description(f"We changed it.\n\n- {sentence}\n").metrics == (sentence,)


@pytest.mark.parametrize(
    "sentence",
    [
        "The server hangs after 30 minutes.",
        "Bumps serde from 1.0.1 to 1.0.2.",
        "The default timeout is 30 s.",
        "Uses 8 GPUs and Python 3.11.",
        "Fixes #1234 and #99.",
        "默认超时 30 秒。",
    ],
)
def test_a_number_that_measures_nothing_is_no_metric(sentence):
    assert clean_description(sentence).metrics == ()


def test_a_sentence_with_a_figure_is_taken_out_of_its_paragraph():
    body = "The queue was rebuilt. Latency drops by 40 % at p99. Nothing else changes."
    assert clean_description(body).metrics == ("Latency drops by 40 % at p99.",)


def test_a_sentence_that_is_wrapped_over_lines_is_whole():
    body = (
        "The lock is taken once a batch now. In the benchmark this reduces the time\n"
        "of a full run from 40 s down to 12 s, with no impact on memory. The rest\n"
        "stays.\n- Throughput grows by 12 %\n- Nothing else\n"
    )
    assert clean_description(body).metrics == (
        "In the benchmark this reduces the time of a full run from 40 s down to 12 s, with no impact on memory.",
        "Throughput grows by 12 %",
    )


def test_a_benchmark_log_gives_its_measured_lines_only():
    body = "```\n$ bench --seed 42\nOutput token throughput (tok/s):       1234.56\nseed: 42\n```"
    description = clean_description(body)
    assert description.metrics == ("Output token throughput (tok/s): 1234.56",)
    assert "seed: 42" in description.text


def test_code_is_kept_as_it_stands():
    body = "Try:\n\n```html\n<!-- keep -->\n- [ ] keep too\n![keep](x.png)\n```"
    text = clean_description(body).text
    assert "<!-- keep -->" in text
    assert "- [ ] keep too" in text
    assert "![keep](x.png)" in text


def test_images_badges_and_tags_go_and_their_text_stays():
    body = (
        "[![build](https://img.example.org/b.svg)](https://ci.example.org)\n"
        "<details><summary>Trace</summary>\n\nIt fails in <code>step()</code>.\n\n</details>\n"
        '<img width="300" src="https://example.org/x.png"> Vec&lt;u8&gt; stays, List<String> too. '
        "See [the design](https://example.org/design)."
    )
    text = clean_description(body).text
    assert "img" not in text
    assert "ci.example.org" not in text
    assert "Trace" in text
    assert "It fails in step()." in text
    assert "Vec<u8> stays, List<String> too." in text
    assert "See the design." in text


def test_a_to_do_of_a_plan_stays_and_a_tick_of_a_template_goes():
    body = "## Follow-ups\n- [ ] L3 cache to come\n\n## Types of changes\n- [x] New feature\n"
    assert clean_description(body).text == "## Follow-ups\n- L3 cache to come"
    wrapped = (
        "Done.\n\n## Test plan\n- [ ] close the lid of a\nbox\n- [ ] open the\nlid\n\nAll told."
    )
    assert clean_description(wrapped).text == "Done.\n\n## Test plan\n\nAll told."


def test_headings_with_text_under_them_stay():
    body = "# Design\n\n## Why two queues\n\nOne starves.\n\n## Empty\n\n## Risks\n\n### Data\nNone lost.\n"
    text = clean_description(body).text
    assert "# Design" in text
    assert "## Why two queues" in text
    assert "Empty" not in text
    assert "## Risks\n\n### Data\nNone lost." in text


def test_a_bodys_only_heading_stays():
    assert clean_description("# Fix the leak").text == "# Fix the leak"


def test_a_chinese_template_is_stripped():
    body = "## 背景\n\n长任务会丢失租约。\n\n## 改动\n\n- 续租\n\n## 检查清单\n\n- [x] 已补充测试\n"
    assert clean_description(body).text == "长任务会丢失租约。\n\n- 续租"


def test_an_unclosed_comment_hides_nothing():
    assert "the rest" in clean_description("Fix <!-- oops\n\nthe rest").text


def test_a_dependency_bots_instructions_go():
    body = (
        "Bumps serde from 1.0.1 to 1.0.2.\n<details>\n<summary>Dependabot commands and options</summary>\n<br />\n\n"
        "You can trigger Dependabot actions by commenting on this PR:\n- `@dependabot rebase` will rebase\n\n</details>\n"
        "[//]: # (dependabot-end)\n"
    )
    assert clean_description(body).text == "Bumps serde from 1.0.1 to 1.0.2."


def test_nothing_gives_nothing():
    for body in (None, "", "\n\n", "## Motivation\n\n## Checklist\n- [ ] tests\n", "N/A"):
        assert clean_description(body) == Description("")


def test_escape_and_direction_codes_are_gone():
    text = clean_description("a\x1b[31mred\x1b[0m \u202eevil\u202c \x00\ud800 end").text
    assert text == "ared evil ? end"


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "![",
        "<br ",
        "<!--",
        "- [ ] ",
        "`",
        "|",
        "1,",
        "1.2 -> ",
        "* ",
        "(",
        "a ",
        "#",
        "&lt",
        "9x ",
    ],
)
def test_a_hostile_body_costs_little_time(unit):
    began = time.process_time()
    clean_description(unit * (60_000 // len(unit)))
    clean_description((unit + "\n") * (40_000 // len(unit)))
    assert time.process_time() - began < 2


_words = st.sampled_from(
    ["# ", "## Motivation", "\n", "```", "~~~", "<!--", "-->", "- [ ] ", "- [x] ", "| a | 1 ms |", "|--|--|",
     "![", "](", ")", "<b", ">", "12 %", "faster", "\x1b[", "提升", "\r\n", "==="]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(_words, st.text(max_size=20)), max_size=60))
def test_any_text_gives_a_description(parts):
    description = clean_description("".join(parts))
    description.text.encode("utf-8")
    assert "\x1b" not in description.text
    assert all(len(line) <= 330 for line in description.metrics)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.from_regex(r"[a-z]{3,8}( [a-z]{3,8}){2,6}\.", fullmatch=True), max_size=8))
def test_plain_sentences_are_all_kept(sentences):
    text = clean_description("\n\n".join(sentences)).text
    boilerplate = {"none.", "todo."}
    assert all(s in text for s in sentences if s not in boilerplate)


def test_the_heading_of_a_template_that_asks_for_the_changes_goes():
    assert clean_description("## Describe your changes\n\nAdded a lid.").text == "Added a lid."


def test_a_row_that_a_squashed_message_wraps_is_one_row():
    body = (
        "| M | MXFP4 b12x | MXFP4 cudnn | speedup | NVFP4 b12x | NVFP4 cudnn |\n"
        "speedup |\n"
        "|---:|---:|---:|---:|---:|---:|---:|\n"
        "| 1 | 0.008 | 0.010 | **1.25x** | 0.009 | 0.012 | **1.33x** |\n"
        "| 2 [1300,547,2048,963,271,3063] | 0.007 | 0.010 | **1.43x** | 0.009\n"
        "| 0.012 | **1.33x** |\n"
        "\n"
        "| metric (ABBA median) | b1 speedup\n"
        "| b64 speedup |\n"
        "| --- | ---: | ---: |\n"
        "| TTFT | 0.9882x | 1.0136x |\n"
        "b12x is faster.\n"
    )
    said = clean_description(body)
    assert said.metrics == (
        "M 1: MXFP4 b12x 0.008, MXFP4 cudnn 0.010, speedup 1.25x, NVFP4 b12x 0.009, NVFP4 cudnn 0.012, speedup 1.33x",
        "2 [1300,547,2048,963,271,3063]: MXFP4 b12x 0.007, MXFP4 cudnn 0.010, speedup 1.43x, NVFP4 b12x 0.009, NVFP4 cudnn 0.012, speedup 1.33x",
        "TTFT: b1 speedup 0.9882x, b64 speedup 1.0136x",
    )
    assert said.text.endswith("\nb12x is faster.")


def test_a_row_without_its_columns_measures_nothing():
    said = clean_description("| a | before | after |\n|---|---|---|\n| cold | 41 ms |\n")
    assert said.metrics == ()


def test_how_a_table_is_read_is_no_measurement():
    said = "The tables report `baseline latency / sm90_push_fp8 latency`; values greater than `1×` favor this backend."
    assert clean_description(said).metrics == ()
