"""Words are found whole and in parts, in English, in code and in Chinese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text.stemmer import stem
from kb.text.tokenizer import (
    _ASCII_CHUNK,
    LONGEST_TOKEN,
    _cjk_chunk,
    _wide_chunk,
    has_cjk,
    spelt_out,
    tokens,
)


@pytest.mark.parametrize("text", ["fast_math", "fastMath", "FastMath", "fast-math"])
def test_spellings_of_an_identifier_meet_in_compound_and_parts(text: str) -> None:
    assert tokens(text) == ["fastmath", "fast", "math"]


def test_a_version_stays_with_its_name_and_apart() -> None:
    found = tokens("DeepSeekV3")
    assert {"deepseekv3", "deepseek", "deep", "seek"} <= set(found)
    assert "deepseek" in tokens("deepseek")


def test_number_formats_are_found_inside_a_longer_name() -> None:
    assert {"fp8blockscale", "fp8", "block", "scale"} <= set(tokens("FP8BlockScale"))
    assert tokens("mxfp8")[0] == "mxfp8"


def test_paths_are_split_and_flags_are_kept() -> None:
    assert tokens("srt/lora/lora_manager.py") == [
        "srt", "lora", "loramanag", "lora", "manag", "py",
    ]  # fmt: skip
    assert tokens("--enable-dp-attention")[0] == "enabledpattent"


def test_short_names_in_mixed_case_are_words() -> None:
    assert tokens("LoRA MoE") == ["lora", "moe"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Resize LRUCacheMap", "Resize LRU Cache Map"),
        ("Drop `_max_rows` and top_k", "Drop `max rows` and top k"),
        ("LoRA on GitHub, MoEGate", "LoRA on GitHub, MoEGate"),
    ],
)
def test_an_embedder_reads_names_as_words(text: str, words: str) -> None:
    assert spelt_out(text) == words


def test_a_version_number_is_one_token_without_a_dot() -> None:
    assert tokens("ROCm 7.0")[-1] == "7p0"


@pytest.mark.parametrize(
    "words", [("hang", "hangs", "hanging"), ("crash", "crashes", "crashed"), ("add", "added")]
)
def test_forms_of_an_english_word_meet(words: tuple[str, ...]) -> None:
    assert len({stem(word) for word in words}) == 1


def test_chinese_becomes_characters_and_pairs() -> None:
    assert tokens("缓存 命中") == ["缓", "存", "缓存", "命", "中", "命中"]


def test_full_width_letters_are_letters() -> None:
    assert tokens("ＫＶ缓存")[0] == "kv"


def test_possessives_are_no_tokens() -> None:
    assert tokens("the user's key") == ["the", "user", "key"]


@given(st.text())
def test_any_text_has_tokens_that_fts5_keeps_whole(text: str) -> None:
    for token in tokens(text):
        assert token
        assert not any(sign.isspace() for sign in token)
        assert len(token) <= LONGEST_TOKEN


@given(st.text(st.characters(min_codepoint=1, max_codepoint=127)))
def test_ascii_text_reads_the_same_by_every_pattern(text: str) -> None:
    found = _ASCII_CHUNK.findall(text)
    assert found == _wide_chunk().findall(text) == _cjk_chunk().findall(text)


@given(st.text())
def test_text_without_cjk_reads_the_same_by_both_patterns(text: str) -> None:
    if not has_cjk(text):
        assert _wide_chunk().findall(text) == _cjk_chunk().findall(text)
