"""The words that make a question are left out; those that it is about stay."""

from __future__ import annotations

import time

import pytest

from kb.text.asking import matter


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("When did we start using the new parser, and why?", "using the new parser"),
        ("Which change broke the login form?", "broke the login form"),
        ("which PR removed the old cache, and who?", "removed the old cache"),
        ("Can you tell me which commit is about retries?", "retries"),
        ("show me the commits where the server hangs", "the server hangs"),
        ("find all merged PRs about retries", "retries"),
        ("I'm looking for the commit that fixed the leak", "fixed the leak"),
        ("Why was it that uploads stopped?", "uploads stopped"),
        ("Who works on the scheduler?", "works on the scheduler"),
        ("do we support async handlers?", "support async handlers"),
        ("When was Python 3.8 dropped?", "Python 3.8 dropped"),
        ("In which PR was the old cache removed?", "the old cache removed"),
        ("Since when do we need libfoo 2?", "need libfoo 2"),
        ("was there ever a change that renamed the scheduler?", "renamed the scheduler"),
    ],
)
def test_a_question_is_about_something(question, about):
    assert matter(question) == about


@pytest.mark.parametrize(
    "text",
    [
        "the server hangs after half an hour",
        "show the traceback when the formatter crashes",
        "find unix sockets by their short name",
        "are allowed values documented",
        "in the scheduler requests are lost",
        "for loops over tokens are slow",
        "who",
        "Why?",
        "which change",
        "什么时候开始支持异步？",
        "",
        "  ",
    ],
)
def test_what_is_no_question_stays_as_it_is(text):
    assert matter(text) == text


@pytest.mark.parametrize("unit", [" ", "?", ", and why", " ,", "changes about ", "please, "])
def test_a_question_of_any_length_costs_little_time(unit):
    began = time.process_time()
    matter("what " + unit * (64_000 // len(unit)) + "x")
    assert time.process_time() - began < 2
