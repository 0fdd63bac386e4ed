"""A title of any length and malice costs a report little time, and reads as before."""

from __future__ import annotations

import time

import pytest

from kb.report.symptoms import symptom
from kb.report.titles import read_title, reverted_title


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
