"""A question's words bring other words for the same thing."""

from __future__ import annotations

from kb.text.thesaurus import THESAURUS, other_names, other_words, same_things


def test_an_abbreviation_and_its_words_bring_each_other() -> None:
    assert "SWA" in other_words("sliding window cache is wrong")
    assert "sliding window attention" in other_words("SWA cache is wrong")


def test_forms_of_a_word_count_as_the_word() -> None:
    assert "deadlock" in other_words("the worker hangs")


def test_a_longer_term_is_not_taken_apart() -> None:
    assert "time to first token" in other_words("bad TTFT")
    found = other_words("time to first token")
    assert "TTFT" in found
    assert "clock" not in found


def test_an_abbreviation_is_the_same_thing_as_its_words_and_no_other_of_its_group() -> None:
    assert same_things("slow TTFT") == [("TTFT", ("time to first token",))]
    assert same_things("the first token latency") == [("first token latency", ("TTFT",))]
    assert same_things("TCP, SiLU, top p and Mamba") == []


def test_the_object_of_a_verb_may_stand_inside_a_term() -> None:
    assert "rollback" in other_words("roll the last change back")
    assert "JIT" in other_names("we compile these activation kernels at run time")
    far = "roll it over the whole of the very long way back"
    assert "rollback" not in other_words(far)


def test_words_of_any_programmers_tools_are_known() -> None:
    assert "language server" in other_words("the editor shows nothing")
    assert "replica" in other_words("a standby takes over")
    assert "AST" in other_names("walk the syntax tree once")


def test_a_text_without_known_words_brings_nothing() -> None:
    assert other_words("xylophone") == ()
    assert other_words("") == ()


def test_a_name_brings_other_names_and_a_plain_word_none() -> None:
    assert "expert parallel" in other_names("weights are wrong with EP")
    assert "SWA" in other_names("sliding window attention")
    assert "CLI argument" in other_words("leave out one argument")
    assert other_names("leave out one argument of the test") == ()


def test_a_name_that_says_nothing_new_is_left_out() -> None:
    assert "eight bit" in other_names("FP8 weights")
    assert [name for name in other_names("FP8 weights") if name.startswith("8")] == ["8 bit"]
    assert "tool call" not in other_names("the tool-call parser fails")


def test_every_group_has_two_terms_or_more() -> None:
    for line in THESAURUS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            assert len([term for term in line.split(",") if term.strip()]) > 1, line
