"""What an answer means and how long to wait, decided without a host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.github_limits import (
    AGAIN,
    OK,
    REFUSED,
    WAIT,
    Patience,
    Verdict,
    duration,
    judge,
    judge_graphql,
    retry_after,
)
from ingest.sources.github_pulls import pull_of_node, whole_reviews
from kb.errors import LimitReached
from kb.types import SilentObserver

NOW = 1_780_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "data", "kind", "wait_s"),
    [
        (200, {}, {}, OK, None),
        (200, {}, None, AGAIN, None),
        (403, {"retry-after": "30"}, {}, WAIT, 30),
        (
            403,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 10)},
            {},
            WAIT,
            11,
        ),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, {}, WAIT, None),
        (403, {}, {"message": "You have exceeded a secondary rate limit"}, WAIT, None),
        (
            403,
            {},
            {"message": "Resource protected by organization SAML enforcement"},
            REFUSED,
            None,
        ),
        (403, {}, None, AGAIN, None),
        (429, {}, None, WAIT, None),
        (404, {}, {}, REFUSED, None),
        (451, {}, {}, REFUSED, None),
        (422, {}, {}, REFUSED, None),
        (503, {"retry-after": "3"}, {}, AGAIN, 3),
    ],
)
def test_an_answer_is_judged(status, headers, data, kind, wait_s):
    verdict = judge(status, headers, data, NOW)
    assert (verdict.kind, verdict.wait_s) == (kind, wait_s)


@given(
    st.integers(100, 599),
    st.dictionaries(st.text(), st.text()),
    st.none() | st.dictionaries(st.text(), st.text()),
)
def test_any_answer_is_judged(status, headers, data):
    assert judge(status, headers, data, NOW).kind in (OK, WAIT, AGAIN, REFUSED)


@given(st.text())
def test_any_retry_after_is_a_time_or_none(value):
    assert (retry_after({"retry-after": value}, NOW) or 0) >= 0


def test_a_retry_after_may_be_a_date():
    assert (
        retry_after({"retry-after": "Thu, 28 May 2026 20:27:00 GMT"}, NOW)
        == 1_780_000_020 - NOW + 0
    )


def test_a_graphql_answer_with_data_and_an_error_is_good():
    partial = {
        "data": {"repository": {}},
        "errors": [{"message": "timeout", "path": ["repository"]}],
    }
    assert judge_graphql(partial, {}, NOW).kind == OK
    assert judge_graphql({"data": None, "errors": [{"type": "NOT_FOUND"}]}, {}, NOW).kind == OK
    assert judge_graphql({"message": "x"}, {}, NOW).kind == AGAIN


def test_waits_in_a_row_are_added_and_progress_begins_anew():
    slept: list[float] = []
    patience = Patience(100, SilentObserver(), sleep=slept.append, clock=lambda: NOW)
    patience.wait_for(Verdict(WAIT, "limit", 60))
    with pytest.raises(LimitReached):
        patience.wait_for(Verdict(WAIT, "limit", 60))
    patience.progressed()
    patience.wait_for(Verdict(WAIT, "limit", 60))
    assert sum(slept) == 120


def test_no_max_wait_waits_for_nothing():
    with pytest.raises(LimitReached):
        Patience(0, SilentObserver()).wait_for(Verdict(WAIT, "limit", 1))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (99, "99 s"),
        (250, "4 min 10 s"),
        (7500, "2 h 5 min"),
        (1e300, "277777 h 46 min"),
    ],
)
def test_durations_are_read_by_people(seconds, text):
    assert duration(seconds) == text


def test_a_demand_for_changes_is_open_until_it_is_answered():
    def resolved(*states):
        rows = [(state, who, text, None) for state, who, text in states]
        return [thread.resolved for thread in whole_reviews(rows)]

    demand = ("CHANGES_REQUESTED", "noor", "Not safe.")
    assert resolved(demand) == [False]
    assert resolved(demand, ("APPROVED", "noor", "")) == [True]
    assert resolved(demand, ("APPROVED", "else", "")) == [True]
    assert resolved(demand, ("COMMENTED", "mira", "Why?")) == [False, True]
    assert resolved(demand, ("DISMISSED", "noor", "")) == [True]
    assert resolved(("APPROVED", "noor", ""), ("COMMENTED", "noor", "")) == []


def test_a_node_of_another_shape_is_an_error_and_no_guess():
    for node in ({}, {"number": "x"}, {"number": 1, "title": "t", "updatedAt": "yesterday"}):
        with pytest.raises((KeyError, ValueError)):
            pull_of_node(node)
