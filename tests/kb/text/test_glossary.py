"""Chinese questions are rendered in English, term by term."""

from __future__ import annotations

from kb.text.glossary import glossary, in_chinese, in_english, segments
from kb.text.tokenizer import has_cjk


def test_the_longest_term_wins() -> None:
    assert [segment.text for segment in segments("内存泄漏")] == ["内存泄漏"]
    assert in_english("内存泄漏") == "memory leak"


def test_names_and_numbers_stay_as_they_stand() -> None:
    assert in_english("为 Qwen3 添加 FP8 量化") == "Qwen3 add FP8 quantization"


def test_unknown_chinese_is_left_out_of_the_english() -> None:
    assert in_english("囍囍 死锁") == "deadlock"


def test_words_of_any_software_are_known() -> None:
    assert in_english("元组解包时的尾随逗号") == "tuple unpack trailing comma"
    assert in_english("用括号包裹多行表达式") == "parentheses wrap multiline expression"
    assert in_english("二进制文件的校验和") == "binary checksum"
    assert in_english("推断元类的可见性") == "infer metaclass visibility"
    assert in_english("约束互斥时不再重建") == "constraint mutually exclusive no longer rebuild"


def test_every_entry_is_chinese_with_english_renderings() -> None:
    terms = glossary()
    assert len(terms) > 1000
    for term, renderings in terms.items():
        assert has_cjk(term), term
        assert renderings, term
        assert all(text.strip() and not has_cjk(text) for text in renderings), term


def test_an_english_text_is_one_segment() -> None:
    assert [segment.text for segment in segments("memory leak")] == ["memory leak"]


def test_a_verb_of_titles_is_no_adjective() -> None:
    assert in_chinese("clear node") == "清空节点"
