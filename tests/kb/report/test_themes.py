"""Themes are led by key changes, named by their changes, and quote what the diff says whole."""

from __future__ import annotations

from kb.report.quotes import best_quote
from kb.report.themes import find_themes


def test_a_key_change_alone_in_its_area_leads_a_theme_with_its_module(make):
    records = [
        make(1, "Scheduler: batch the requests", importance=9.4, modules=("scheduler",)),
        make(2, "Scheduler: admit late requests", importance=7.0, modules=("scheduler",)),
        make(3, "Improve the code", importance=9.2, modules=("elastic",)),
        make(4, "Clean up", importance=5.0, modules=("elastic",)),
        make(5, "Say more in the log", importance=3.0, modules=("console",)),
    ]
    themes = find_themes(records)
    led = {theme.lead.change.number: theme for theme in themes}
    assert {1, 3} <= led.keys()
    assert {record.change.number for record in led[3].members} == {3, 4}
    assert led[3].name == "elastic"
    assert all(5 not in {m.change.number for m in theme.members} for theme in themes)


def test_a_theme_is_named_in_chinese_unless_it_is_a_proper_name(make):
    records = [
        make(n, f"{area}: part {n}", importance=8.0, modules=(area.lower(),))
        for n, area in enumerate(["Quantization"] * 3 + ["LoRA"] * 3, 1)
    ]
    names = {theme.name_in("zh") for theme in find_themes(records)}
    assert names == {"量化", "LoRA"}


def test_a_sentence_that_was_wrapped_in_a_comment_is_quoted_whole(make):
    record = make(
        7,
        "Merge the all-gather of keys and values",
        comments=(
            "Merges keys and values along the feature dimension so only one all-gather is",
            "needed instead of two, halving communication latency.",
            "k shape: [S_local, heads]",
        ),
    )
    quote = best_quote(record)
    assert quote is not None
    assert quote.text == (
        "Merges keys and values along the feature dimension so only one all-gather is "
        "needed instead of two, halving communication latency."
    )


def test_a_new_flag_stands_with_its_default_and_its_help(busy_week, composed, week):
    section = composed(busy_week, week()).section("themes")
    told = " ".join(theme["default"].plain for theme in section.body["themes"])
    assert "--lora-drain-1 (off by default) (#1): “Wait for a free adapter slot.”" in told
