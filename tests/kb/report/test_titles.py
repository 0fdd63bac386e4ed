"""A title of any length and malice costs a report little time, and reads as before."""

from __future__ import annotations

import time

import pytest

from kb.report.symptoms import symptom
from kb.report.theme_terms import terms_of
from kb.report.titles import Title, led_title, read_title, reverted_title


@pytest.mark.parametrize(
    "unit", [" ", "if ", "with ", "revert", "revert ", "(#1)", ":a", "a ", "a-", "`", "# "]
)
@pytest.mark.parametrize("head", ["", "revert", "fix (", 'Revert "'])
def test_a_hostile_title_costs_little_time(make, head, unit):
    title = head + unit * (64_000 // len(unit)) + "x"
    began = time.process_time()
    symptom(make(1, title))
    read_title(title)
    reverted_title(title)
    assert time.process_time() - began < 2


def test_blanks_in_a_title_are_one():
    assert read_title("fix(cache):   keep  the lock  (#12)").text == "Keep the lock"


@pytest.mark.parametrize(
    "title",
    [
        "[ISSUE #13474] fix the lid",
        "[ISSUE#13474] Fix the lid",
        "[ISSUE##13474]Fix the lid",
        "【ISSUE #13474】fix the lid",
        "[#13474] Fix the lid.",
        "[Fixes #13474] fix the lid (#13475)",
        "For #13474, fix the lid",
        "issue #13474: fix the lid",
    ],
)
def test_the_number_of_an_issue_is_no_area(title):
    assert read_title(title) == Title("Fix the lid", ())
    assert led_title(title) == "Fix the lid"
    assert not any("13474" in written for _, written, _ in terms_of(title))


def test_an_area_beside_the_number_of_an_issue_stays():
    assert led_title("[ISSUE #7][naming] fix the lid") == "naming: Fix the lid"
    assert read_title("Fix #7: lids open twice").text == "Fix #7: lids open twice"


@pytest.mark.parametrize(
    ("title", "said"),
    [
        (
            "ENH Raise when a later adapter matches nothing",
            "Raise when a later adapter matches nothing",
        ),
        ("FIX TST Use the keyword of the mesh", "Use the keyword of the mesh"),
        ("CHORE Upgrade the linter", "Upgrade the linter"),
        ("DOC strings of the mesh", "DOC strings of the mesh"),
    ],
)
def test_a_marker_without_a_colon_is_no_word_of_the_title(title, said):
    assert read_title(title).text == said
