"""Themes are led by key changes, named by their changes, and quote what the diff says whole."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from kb.report.change_facts import change_facts
from kb.report.quotes import best_quote, measured, sentences, stated_caveat, whole
from kb.report.sentences import named_title
from kb.report.theme_entries import theme_title
from kb.report.theme_terms import TermIndex
from kb.report.themes import _whole_name, find_themes
from kb.report.titles import capital, headline, read_title
from kb.text.description import clean_description
from kb.types import Commit


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


def test_a_release_is_named_by_its_module_and_not_by_a_word_that_says_nothing(make):
    records = [
        make(1, "v4.7 update", importance=9.9, modules=("box/experimental",)),
        make(2, "Oil the hinge", importance=4.0, modules=("hinges",)),
    ]
    assert [theme.name for theme in find_themes(records) if theme.lead is records[0]] == [
        "box/experimental"
    ]


def test_a_word_of_the_language_gathers_no_theme(make):
    titles = ["Say what the lexer skips", "Tell what a cursor holds", "Show what the pager drops"]
    records = [make(n, title, importance=8.0) for n, title in enumerate(titles, 1)]
    records += [make(n, f"Paint row {n} twice", importance=3.0) for n in range(4, 30)]
    assert all(theme.name.lower() != "what" for theme in find_themes(records))
    assert all(
        len(theme.members) < 3 for theme in find_themes(records) if theme.lead in records[:3]
    )


def test_a_theme_is_named_in_chinese_unless_it_is_a_proper_name(make):
    records = [
        make(n, f"{area}: part {n}", importance=8.0, modules=(area.lower(),))
        for n, area in enumerate(["Quantization"] * 3 + ["LoRA"] * 3, 1)
    ]
    names = {theme.name_in("zh") for theme in find_themes(records)}
    assert names == {"量化", "LoRA"}


def test_what_titles_write_with_a_capital_in_mid_sentence_is_a_name_in_chinese_too(make):
    def name(*titles):
        made = [make(n, t, importance=8.0, modules=("form",)) for n, t in enumerate(titles, 1)]
        (theme,) = find_themes(made)
        return theme.name_in("zh")

    assert name("Keep the Form open", "fix(Form): avoid a Form warning", "Label the Form") == "Form"
    assert name("fix(Form): keep it", "fix(Form): avoid it", "refactor(Form): x") == "Form"
    assert name("Keep the form open", "fix(Form): avoid a warning", "fix(form): label it") == "表单"


def test_a_string_that_goes_on_in_the_next_is_no_sentence():
    assert not whole("A sharded copy of the indexer currently only supports")
    assert whole("A sharded copy of the indexer copies all that it supports.")


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
    assert "--lora-drain-1 (off by default, #1): “Wait for a free adapter slot.”" in told


def test_a_theme_is_led_by_a_change_that_names_it(make):
    """One that only lies in its folder may weigh a little more and be about something else."""
    records = [
        make(1, "Stream the tool calls of MiniMax", importance=7.6, modules=("deepseek",)),
        make(2, "DeepSeek: fuse the router", importance=7.4, modules=("deepseek",)),
        make(3, "DeepSeek: load the shards", importance=7.0, modules=("deepseek",)),
    ]
    theme = next(theme for theme in find_themes(records) if theme.key == "deepseek")
    assert theme.lead.change.number == 2


def test_docs_and_releases_are_no_theme_where_the_product_moved(make):
    records = [
        make(1, "Prepare the Jupyter guide", types=("docs",), importance=4.0, modules=("docs",)),
        make(2, "Jupyter guide in Chinese", types=("docs",), importance=3.0, modules=("docs",)),
        make(3, "Warn of a newer interpreter", importance=5.5, modules=("cli",)),
    ]
    assert [theme.lead.change.number for theme in find_themes(records)] == [3]


def test_a_title_that_names_nothing_is_told_with_what_the_diff_names(make):
    record = make(8, "Support a new model", symbols=("CosmosModel",))
    assert named_title(record, 80, "en").plain == "Support a new model: CosmosModel"
    tagged = make(8, "[diffusion] model: support a new model", symbols=("CosmosModel",))
    assert named_title(tagged, 80, "zh").plain == "diffusion: Support a new model：CosmosModel"
    assert named_title(make(9, "Support Cosmos", symbols=("A",)), 80, "en").plain == (
        "Support Cosmos"
    )


def test_a_merge_of_a_fork_is_told_by_the_first_title_of_its_body(make):
    record = make(
        9, "Merge commit from fork", body="* feat: drop headers with underscores\n\n* fix the lint"
    )
    assert headline(record.change) == "Merge commit from fork: drop headers with underscores"
    prose = make(9, "Merge commit from fork", body="Both fallbacks relied on\nUnicode search.")
    assert headline(prose.change) == "Merge commit from fork"


def test_what_a_change_is_for_is_quoted_before_how_its_code_works(make):
    record = make(
        10,
        "Add a drainer of adapters",
        comments=(
            "The drainer of adapters holds a queue of every adapter and its requests.",
            "A drainer of adapters prevents a small set of them from taking all slots of a batch.",
            "Set the drainer of adapters to zero before the requests are read again.",
        ),
    )
    quote = best_quote(record)
    assert quote is not None
    assert quote.text.startswith("A drainer of adapters prevents")


def test_what_a_test_or_the_next_line_does_is_not_quoted(make):
    record = make(
        11,
        "Add a drainer of adapters",
        comments=(
            "Verify that the drainer of adapters has no running requests left behind.",
            "It closes the drainer of adapters so that the requests can be read.",
        ),
    )
    assert best_quote(record) is None


def test_a_sentence_that_the_diff_takes_away_is_not_the_changes_word(make):
    line = "Durations of a query allow arithmetic so that offsets can be computed."
    record = make(12, "Enable arithmetic in durations by default", comments=(line,))
    assert best_quote(record) is not None
    gone = replace(record, digest=replace(record.digest, comments_gone=1))
    assert best_quote(gone) is None
    assert stated_caveat(gone) is None


def test_what_a_follow_up_did_is_no_caveat(make):
    done = make(13, "Improve the docs", body="A small follow-up also fixes the order of headings.")
    assert stated_caveat(done) is None
    left = make(14, "Improve the docs", body="The order of headings comes in a follow-up.")
    assert stated_caveat(left) is not None


def test_code_of_restructured_text_is_code_as_markdown_has_it():
    assert sentences("Reads ``config.json`` by :class:`~pathlib.Path` and :func:`open`.") == [
        "Reads `config.json` by `pathlib.Path` and `open`."
    ]


def test_every_change_of_a_theme_is_told_by_its_title(busy_week, composed, week):
    section = composed(busy_week, week()).section("themes")
    titles = {record.id: headline(record.change) for record in busy_week.held}
    for theme in section.body["themes"]:
        lead, *points = theme["points"]
        for point in points:
            for reference in point.references:
                assert titles[reference][:40] in point.plain
        assert lead.plain.endswith((".", ".”"))


def test_of_two_reasons_the_one_that_is_read_in_passing_is_quoted(make):
    long = (
        "The message of duplicate matchers names an unregistered module, after misinterpreting the "
        "second definition's identifier as introducing another matcher inside identical segments."
    )
    short = "The check of duplicate matchers now sees the second one, segment after segment."
    record = make(12, "Fix the message of duplicate matchers", body=f"{long} {short}")
    quote = best_quote(record)
    assert quote is not None
    assert quote.text == short


def test_a_verb_that_begins_titles_joins_nothing(make):
    titles = ("Preserve vnodes in loops", "Preserve text before hydration", "Preserve mount order")
    records = [
        make(20 + n, title, importance=6.5, modules=(f"part{n}",)) for n, title in enumerate(titles)
    ]
    assert "preserve" not in {theme.key for theme in find_themes(records)}


def test_a_product_that_most_titles_name_is_no_theme(make):
    areas = ("hinge", "lid", "lock", "tray", "label")
    records = [
        make(
            place,
            f"[box] Turn the {areas[place % 5]} {place}",
            importance=7.0,
            modules=(areas[place % 5],),
            path=f"src/{areas[place % 5]}.py",
        )
        for place in range(1, 31)
    ]
    themes = find_themes(records)
    assert {theme.name.lower() for theme in themes} == set(areas)
    few = find_themes(records[:4])
    assert [theme.name for theme in few] == ["box"]  # too few to tell a product from a theme


def test_a_feature_that_is_titled_like_a_release_leads_a_theme(make):
    records = [
        make(n, f"Turn the {area}", importance=7.5, modules=(area,))
        for n, area in enumerate(("hinge", "lid", "lock", "tray", "label"), 1)
    ]
    records.append(make(16, "Case 2.5", importance=10.0, modules=("boxes/case2",), added=6000))
    assert find_themes(records)[0].lead.change.number == 16


def test_a_release_is_in_no_theme(make):
    records = [
        make(30, "ui: add a copy button", importance=6.5, modules=("ui",)),
        make(31, "ui: sort the rules", importance=6.0, modules=("ui",)),
        make(32, "Prepare release 3.13", types=("ci-config",), importance=4.0, modules=("ui",)),
    ]
    themes = find_themes(records)
    assert all(member.change.number != 32 for theme in themes for member in theme.members)


def test_a_theme_is_spelled_as_a_title_spells_its_name(make):
    records = [
        make(40, "promql: warn of overlaps", importance=7.0, modules=("promql",)),
        make(41, "promql: keep NaN", importance=6.5, modules=("promql",)),
        make(42, "PromQL: make first_over_time stable", importance=6.0, modules=("promql",)),
    ]
    assert find_themes(records)[0].name == "PromQL"


def test_a_heading_and_the_signs_of_emphasis_are_no_part_of_a_sentence():
    body = (
        "### What a lid is\nAdded a lid to the box.\n\n_Note that the lid of the box stays open._"
    )
    assert sentences(body) == [
        "Added a lid to the box.",
        "Note that the lid of the box stays open.",
    ]
    assert sentences("_lid_ and _box_") == ["_lid_ and _box_"]


def test_what_was_tested_or_stands_on_the_sentence_before_is_not_quoted(make):
    for body in (
        "Manually tested the hinge of the lid in a box and in the open.",
        "Extend the existing unit tests of the hinge so that the lid is covered as well.",
        "Also, the hinge of the lid uses the second version of the box.",
        "This is because the hinge of the lid is not leveraging multiple boxes.",
    ):
        assert best_quote(make(1, "Add a hinge to the lid", body=body)) is None
    said = make(
        1, "Add a hinge to the lid", body="The hinge keeps the lid from falling off the box."
    )
    assert best_quote(said) is not None


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        (
            "The hinge of the lid opens a box twice.\n\nThis PR closes the lid of a box at its hinge.",
            "This PR closes the lid of a box at its hinge.",
        ),
        (
            "The lid differs from the other boxes at its hinge.\n\n## 1. Lid\n\nA lid of the box falls off its "
            "hinge.\n\n## The fix\n\nFasten the lid of a box at its hinge.",
            "Fasten the lid of a box at its hinge.",
        ),
        ("## Problem\n\nThe hinge of the lid opens a box twice.", None),
        ("Close the box.\n\n## Tests\n\n- the lid of a box falls to its hinge", None),
        ("`test_hinge_of_lid` is new and pins the box at the lid.", None),
        ("The lid of a box and its hinge are left to a follow-up.", None),
        (
            "## Motivation\n\nKeep the lid of a wooden box at its hinge.",
            "Keep the lid of a wooden box at its hinge.",
        ),
        (
            "## Summary\n\nA hinge holds the lid of a box.\n\n## Fix\n\nNone.",
            "A hinge holds the lid of a box.",
        ),
    ],
)
def test_how_it_was_before_and_how_it_was_tried_are_no_points_of_a_change(make, body, quoted):
    quote = best_quote(make(1, "Mend the hinge of a lid", body=body))
    assert (quote.text if quote else None) == quoted


def test_what_was_not_tried_is_a_caveat_and_what_was_missing_before_is_none(make):
    tried = make(1, "Add a hinge to the lid", body="## Tests\n\nTested only on a box of wood.")
    caveat = stated_caveat(tried)
    assert caveat is not None
    assert caveat.text == "Tested only on a box of wood."
    before = "## Problem\n\nA lid with a hinge is not supported by the box."
    assert stated_caveat(make(2, "Add a hinge to the lid", body=before)) is None


def test_a_quote_within_a_quote_is_closed(make):
    line = 'Values of a lid are joined with "; in order of the original names of the box.'
    assert best_quote(make(1, "Join values of a lid", comments=(line,))) is None


def test_a_text_of_the_program_that_tells_of_a_failure_is_no_word_on_the_change(make):
    line = "The executor of the lid did not terminate within 5 seconds, so the lid stays open."
    assert best_quote(make(1, "Await the executor of a lid", comments=(line,))) is None


def test_a_commit_that_was_squashed_does_not_speak_for_the_change(make):
    later = "Fix the handling of hinges so that lids stay in the batch of boxes"
    squashed = (
        f"* batch the lids of boxes\n\n* {later}\n\nDeferring the lids of boxes broke hinges."
    )
    assert best_quote(make(1, "batch the lids of boxes", body=squashed)) is None
    robot = f"* Keep lids\n\n* Update test_box.py\n\n* {later}"
    assert best_quote(make(1, "batch the lids of boxes", body=robot)) is None
    listed = f"* {later}\n* Drop the old table"
    quote = best_quote(make(1, "batch the lids of boxes", body=listed))
    assert quote is not None
    assert quote.text == later


def test_what_a_later_squashed_commit_may_have_undone_is_not_quoted(make):
    first = "* feat(lid): keep lids with a search of hinges"
    item = "- Export the hinge of the lid from the index of the box"
    said = "Lids of the box keep the hinge that a search of the box found."
    later = "* refactor(lid): remove the hinge export\n\n- Remove the hinge of the lid from boxes"
    title = "feat(lid): keep the hinge of lids"
    for tail in (later, "* update\n\n---------\n\nCo-authored-by: Ada <ada@acme.org>"):
        body = f"{first}\n\n{item}\n\n{tail}"
        assert best_quote(make(1, title, body=body)) is None
        quote = best_quote(make(1, title, body=f"{first}\n\n{said}\n\n{item}\n\n{tail}"))
        assert quote is not None
        assert quote.text == said
    alone = best_quote(make(1, title, body=f"{first}\n\n{item}"))
    assert alone is not None


def test_a_name_of_code_keeps_its_case(make):
    records = [make(n, f"Selection on st.lid_chart, part {n}", importance=8.0) for n in (1, 2)]
    assert read_title("[fix] st.lid_chart selection fixes").text == "st.lid_chart selection fixes"
    assert read_title("fix: useLid hook").text == "useLid hook"
    for theme in find_themes(records):
        assert not theme_title(theme, "en").plain.startswith("St.")
    assert capital("st.lid_chart and box") == "st.lid_chart and box"
    assert capital("lid chart") == "Lid chart"


def test_how_it_was_before_is_not_quoted_as_what_a_change_brings(make):
    for body in (
        "In the current state the hinge of the lid is available from the box anyway.",
        "It works with the hinge of the lid, but it does not work with the hinge of a box.",
        "Today the hinge of the lid is a pin, so it is not even oiled with the box.",
        "So far, the hinge of the lid used a static table of boxes.",
        "Note that the hinge of the lid is not for boxes of glass.",
    ):
        assert best_quote(make(1, "Add a hinge to the lid", body=body)) is None
    line = (
        "This test verifies that the hinge of the lid still marks the box as shut, so it is safe."
    )
    assert best_quote(make(1, "Await the hinge of a lid", comments=(line,))) is None


@pytest.mark.parametrize(
    "body",
    [
        "I have the same problem with the hinge of the lid and certain boxes.",  # its author's talk
        "When I tried to open the lid, my hinge of the box stayed shut.",
        "fix #19488: check the hinge of the lid against the box fix #19488",
        "docs(Lid): associate the hinge of the lid with the box",  # a commit's subject
        "The hinge of the lid does not yet support boxes of glass.",  # what it lacks: its caveat
        "Flagging the hinge of the lid on boxes of glass is not considered.",
    ],
)
def test_talk_a_commits_subject_and_what_is_lacking_are_no_point_of_a_change(make, body):
    assert best_quote(make(1, "Add a hinge to the lid", body=body)) is None


def test_what_a_change_asks_for_or_reports_is_no_caveat(make):
    for body in (
        "Require a hinge of version 11 or newer for the lid, so that older boxes stay shut.",
        "Slots take part in the lid, and unsupported writes of the box receive a diagnostic.",
    ):
        assert stated_caveat(make(1, "Add a lid", body=body)) is None
    for body in (
        "The lid requires a hinge of version 11 or newer.",
        "Boxes of glass are unsupported for the lid.",
    ):
        assert stated_caveat(make(1, "Add a lid", body=body)) is not None


def test_a_merge_that_does_not_describe_itself_is_told_by_its_only_commit(make):
    def told(*titles):
        commits = tuple(Commit(str(n) * 40, title, "Ada") for n, title in enumerate(titles))
        record = make(1, "Merge pull request #7 from ada/lids", commits=commits)
        return headline(record.change)

    assert told("fix(lid): keep the hinge") == "lid: Keep the hinge"
    assert told("fix(lid): keep the hinge", "wip", "Merge branch 'main'") == "lid: Keep the hinge"
    assert told("Keep the hinge", "Oil the lid").startswith("Merge pull request #7")
    assert told().startswith("Merge pull request #7")


def test_a_trailer_of_a_commit_is_not_the_first_line_of_its_body(make):
    record = make(1, "Improve error message", body="Co-authored-by: Copilot Autofix powered by AI")
    assert headline(record.change) == "Improve error message"


def test_names_that_stand_for_any_name_tell_nothing(make):
    facts = change_facts(make(1, "Detect a lid", symbols=("foo", "open_lid", "baz")))
    assert facts.added == ("open_lid",)


def test_a_note_is_a_caveat_and_a_need_that_is_none_is_not(make):
    note = "Note: the lid has no hinge on boxes of glass, so it does not open there."
    caveat = stated_caveat(make(1, "Add a lid", body=note))
    assert caveat is not None
    assert caveat.text == note
    unneeded = "I used a separate script because this lid does not require any screenshots."
    assert stated_caveat(make(1, "Add a lid", body=unneeded)) is None


@pytest.mark.parametrize(
    "said",
    [
        "Kernel launches updated for the CuTe DSL API, which now requires an explicit argument.",
        "Adding new methods which require special handling of the state dict should be easier.",
        "The finalize path no longer requires the width to divide the tile.",
        "Note: shared memory was not really a blocker; it just needed a slight redesign.",
    ],
)
def test_what_a_change_lifts_or_what_something_else_needs_is_no_caveat(make, said):
    assert stated_caveat(make(15, "Launch the kernels of the finalize path", body=said)) is None


@pytest.mark.parametrize(
    "said",
    [
        "Unsupported FA3 attention mask type",
        "FA3 attention is not supported on this device",
        "The build of FA3 attention masks got an unsupported forward",
    ],
)
def test_an_error_that_a_check_raises_is_no_caveat_of_the_change(make, said):
    title = "Support FA3 attention masks"
    assert stated_caveat(make(16, title, comments=(said,))) is None
    limit = "Kernels of FA3 attention only support bfloat16"
    assert stated_caveat(make(16, title, comments=(limit,))) is not None


def test_two_errors_of_a_diff_are_not_one_sentence(make):
    lines = (
        "backend='cute' does not support this recurrent prefill",
        "prefill contract",
        "backend='cake' does not support this recurrent prefill contract",
    )
    caveat = stated_caveat(make(17, "Add a recurrent prefill backend", comments=lines))
    assert caveat is not None
    assert "cake" not in caveat.text


@pytest.mark.parametrize(
    "said",
    [
        "wiglu (SiLUMul), dyt, softmax, poly_norm, fused_norm, grpo_loss (token and sequence level)",
        "Instead, the softmax and the norms are lists of unique strings in insertion order.",
        "OSError: Could not load the library of the softmax and its norms: /opt/lib/norms.so",
        "The softmax and its norms cannot be compiled as one graph today.",
    ],
)
def test_a_list_an_error_and_how_it_was_before_are_no_point(make, said):
    assert best_quote(make(18, "Add softmax and norms", body=said)) is None


def test_the_mark_of_a_quotation_is_no_part_of_its_sentence():
    assert sentences("> Ruff now enables 413 rules by default.") == [
        "Ruff now enables 413 rules by default."
    ]


def test_the_heaviest_change_of_a_period_is_among_the_first_themes(make):
    """One change of 9.9 weighs less than three of 9.0, and is what a reader must not miss."""
    areas = ("router", "planner", "sampler", "loader", "scheduler", "profiler")
    records = [
        make(
            100 + 3 * place + n, f"{area}: add {area} of {n}{area}", importance=9.0, modules=(area,)
        )
        for place, area in enumerate(areas)
        for n in range(3)
    ]
    alone = make(99, "Unify the pools of hybrid models", importance=9.9, modules=("pools",))
    themes = find_themes([*records, alone])
    assert alone.id in {record.id for theme in themes[:5] for record in theme.members}
    assert len({theme.key for theme in themes}) == len(themes) == 7


def test_a_theme_has_the_whole_name_that_its_titles_write(make):
    titles = (
        "feat(kda): add SM120a CuTe DSL prefill backend",
        "CuTe DSL kernels for Rubin (SM107) and batched FP8 GEMM for Blackwell",
        "Install quack-kernels with --no-deps so it cannot downgrade CuTe DSL",
        "feat(gemm): Sm100 cute_dsl w4a16 gemm",
    )
    assert _whole_name("DSL", [make(n, title) for n, title in enumerate(titles)]) == "CuTe DSL"
    apart = [make(n, f"Add {word} DSL of lids") for n, word in enumerate(("AMD", "XPU", "a"))]
    assert _whole_name("DSL", apart) == "DSL"


def test_the_row_that_others_are_set_against_is_no_measured_effect(make):
    rows = (
        "| Kernel | Full | Speedup |\n|---|---|---|\n| Old fallback | 82.03 ms | 1.00x |\n"
        "| New kernel of the loss | 41.10 ms | 2.00x |\n"
    )
    record = make(19, "Add a fused loss", body=rows)
    metrics = clean_description(rows).metrics
    assert len(metrics) == 2
    digest = replace(record.digest, metrics=metrics)
    assert measured(replace(record, digest=digest)) == (
        "New kernel of the loss: Full 41.10 ms, Speedup 2.00x",
    )
    before, after = (
        "before: step time 58.3 ms, memory 43 MB",
        "after: step time 31.2 ms, memory 40 MB",
    )
    pair = replace(record, digest=replace(record.digest, metrics=(before, after)))
    assert measured(pair) == (after,)


def test_what_an_author_expects_is_not_measured(make):
    hoped = make(20, "Add fused ops", body="The fused ops should improve latency by 8%.")
    assert measured(hoped) == ()
    seen = make(20, "Add fused ops", body="The fused ops improve latency by 8%.")
    assert measured(seen) == ("The fused ops improve latency by 8%.",)


@pytest.mark.parametrize(
    "said",
    [
        "Boxes are copied to a temporary folder before their lids are opened.",
        "Until the release, hinges are counted for lids only on Mondays and not for boxes.",
        "Prior to this, exclusions of `requires-oil` were lost because the lid has only 1 hinge.",
        "Grease is set only for lids that show a hinge, and the rest is removed.",
        "The retry asks for consecutive answers, so lids require fresh readings of the hinge.",
        "The lid falls back to a rope if a hinge of brass is not supported.",
    ],
)
def test_how_it_was_and_how_it_works_is_no_limit_of_a_change(make, said):
    assert stated_caveat(make(18, "Open the lid by its hinge", body=said)) is None


def test_what_a_change_says_that_it_does_not_do_is_its_limit(make):
    limit = "This change does not detect a rusty hinge before the first lid is opened."
    record = make(19, "Oil a rusty hinge of the lid", body=limit)
    caveat = stated_caveat(record)
    assert caveat is not None
    assert caveat.text == limit
    assert best_quote(record) is None
    kept = "This change does not affect the lids of boxes that have no hinge."
    assert stated_caveat(make(20, "Oil a rusty hinge of the lid", body=kept)) is None


def test_why_something_was_taken_back_is_no_limit_of_the_revert(make):
    body = "Hinges of brass are not supported by the lids of most boxes."
    assert stated_caveat(make(21, "Add hinges of brass", body=body)) is not None
    assert (
        stated_caveat(make(22, 'Revert "Add hinges of brass"', types=("revert",), body=body))
        is None
    )


def test_code_of_an_error_and_what_has_not_happened_yet_are_no_limits(make):
    title = "Count the lids of a box"
    for comment in (
        '[error("the box does not support counting of its lids")]',
        "A later box can bring the lid again, even when its hinges do not exist yet.",
    ):
        assert stated_caveat(make(23, title, comments=(comment,))) is None
    for comment in (
        "Lids of glass are not supported yet.",
        "Boxes of glass do not support different lids yet.",
    ):
        assert stated_caveat(make(23, title, comments=(comment,))) is not None


def test_a_number_that_begins_a_quote_keeps_its_sign_and_what_stays_is_no_point(make):
    assert sentences("#12 counts the lids of each box.") == ["#12 counts the lids of each box."]
    assert sentences("## Lids\n\nEach box has one.") == ["Each box has one."]
    stays = "The hinge of the lid and the oil of the box are unchanged by it."
    assert best_quote(make(25, "Turn the hinge of the lid", body=stays)) is None


def test_the_underscores_of_a_name_are_its_letters():
    assert sentences("Lid.__init__ and __call__ count each box.") == [
        "Lid.__init__ and __call__ count each box."
    ]
    assert sentences("__Only lids__ count, __Note__ it.") == ["Only lids count, Note it."]
    started = time.perf_counter()
    sentences("__" + "lid " * 15_000)
    assert time.perf_counter() - started < 1  # 15 s where each space was tried as the last


def test_what_tests_cannot_do_is_no_limit_of_the_change(make):
    comment = "Tests of the lid are not yet supported on Mondays"
    assert stated_caveat(make(26, "Open the lid on Mondays", comments=(comment,))) is None


def test_what_a_change_ended_is_not_quoted_as_if_it_still_held(make):
    before = "The hinge of the lid currently shares its oil with the box, so that rust can spread."
    after = "Give the hinge of the lid its own oil, so that it catches no rust of a box."
    quote = best_quote(make(24, "Isolate the hinge of the lid", body=f"{before}\n\n{after}"))
    assert quote is not None
    assert quote.text == after
    assert best_quote(make(24, "Isolate the hinge of the lid", body=before)) is None


def test_the_beginning_of_a_sentence_names_no_theme(make):
    records = [make(1, "Workaround circular import of the hinge"), make(2, "Oil the lid")]
    assert TermIndex(records).best_term(records[0]) not in ("Workaround circular", "Workaround")
