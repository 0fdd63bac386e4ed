"""Text of strangers shows exactly itself and can do nothing."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.web.text import JOINER, clean, escape, excerpt, plain, stretches

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "![x](http://evil.example/x.png)",
    "[click](javascript:alert(1))",
    ":material/home: :smile: :streamlit: :red[x] :rainbow-badge[y]",
    "$\\href{http://evil.example}{x}$ $$y$$",
    "# big\n- list\n1. item\n> quote\n```\ncode",
    "http://evil.example www.evil.example a@evil.example",
    "\u202eevil\u202c \x1b[31mred\x1b[0m \x00\x07",
    "| a | b |",
    "-> <- <-> -- >= <= ~=",
)


def shown(markdown: str) -> str:
    """What a reader sees of escaped text."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown).replace(JOINER, "")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_it_is(text: str) -> None:
    assert shown(escape(text)) == clean(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_is_left_that_markdown_would_act_on(text: str) -> None:
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", escape(text))
    assert not re.search(r"[!-/:-@\[-`{-~]", bare)


@given(st.text(max_size=200))
def test_any_text_survives_escaping(text: str) -> None:
    assert shown(escape(text)) == clean(text).replace(JOINER, "")


@pytest.mark.parametrize(
    "text",
    [":smile:", ":material/home:", ":streamlit:", "https://evil.example", "www.evil.example"],
)
def test_what_streamlit_finds_after_parsing_is_broken(text: str) -> None:
    """These are found in the text after Markdown has been read, where a backslash is gone."""
    after_parsing = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escape(text))
    assert text not in after_parsing
    assert not re.search(r":[\w+-]+:|://|www\.", after_parsing)


@pytest.mark.parametrize("sign", ["->", "<-", "<->", "--", ">=", "<=", "~="])
def test_signs_stay_signs(sign: str) -> None:
    after_parsing = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escape(f"a {sign} b"))
    assert f" {sign} " not in after_parsing


def test_control_characters_and_direction_marks_are_gone() -> None:
    assert clean("a\u202eb\x1b[31mc\nd\u200fe") == "ab[31mc de"


def matched(text: str, *words: str) -> str:
    return "".join(f"[{s.text}]" if s.matched else s.text for s in stretches(text, words))


def test_words_of_the_query_are_marked() -> None:
    assert matched("Server hangs", "hang") == "Server [hangs]"
    assert matched("the change", "hang") == "the change"
    assert matched("修复显存泄漏", "显存") == "修复[显存]泄漏"
    assert matched("queue", "queue") == "[queue]"


@given(
    st.text(st.characters(exclude_characters="`"), max_size=200),
    st.lists(st.text(max_size=5), max_size=3),
)
def test_marking_changes_no_text(text: str, words: list[str]) -> None:
    assert "".join(stretch.text for stretch in stretches(text, words)) == clean(text)


def coded(text: str, *words: str) -> str:
    pieces = stretches(text, words)
    return "".join(
        f"<{s.text}>" if s.code else f"[{s.text}]" if s.matched else s.text for s in pieces
    )


def test_what_stands_in_backticks_is_code() -> None:
    assert coded("Fix `max_len` of ``a``") == "Fix <max_len> of <a>"
    assert coded("Fix `max_len` of the queue", "queue") == "Fix <max_len> of the [queue]"
    assert [s.matched for s in stretches("`queue`", ["queue"])] == [True]
    assert coded("`never closed, ` ` and empty") == "<never closed,> ` and empty"
    assert coded("a lone ` mark") == "a lone ` mark"
    assert coded("``a` is left") == "``a` is left"


@pytest.mark.parametrize("piece", ["`", "`a", "`` a", "**a ", "[a]("])
def test_marks_that_never_close_cost_nothing(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    started = time.perf_counter()
    assert "".join(stretch.text for stretch in stretches(plain(text), ())) != ""
    assert time.perf_counter() - started < 1  # 30 s where each mark was tried against the rest


def test_marks_of_markdown_are_no_text_of_a_passage() -> None:
    assert (
        plain("See the [guide](https://x.example/g) **before** use") == "See the guide before use"
    )
    assert plain("Resize**: scale; 2**10, f(**kwargs)") == "Resize: scale; 2**10, f(**kwargs)"


def test_an_excerpt_stands_around_the_match() -> None:
    piece = excerpt("word " * 200 + "needle " + "word " * 200, ["needle"])
    assert "needle" in piece
    assert piece.startswith("…")
    assert piece.endswith("…")
    assert len(piece) < 340
