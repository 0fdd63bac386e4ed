"""Prompts are versioned: a changed text needs a new version, or cached answers would lie."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

import kb.prompts
from kb.chat.budget import estimated_tokens
from kb.prompts.files import NAMES, new_fence, prompt

FOLDER = Path(kb.prompts.__file__).parent
# (version, digest of the file): change the text, then the version, then this row.
ON_RECORD = {
    "en/change": ("change-1", "90c7b2386785"),
    "en/write": ("write-1", "d6499198c6e6"),
    "en/rank": ("rank-1", "ab3b8d0f7eca"),
    "en/answer": ("answer-1", "7e223f3dc8b3"),
    "zh/change": ("change-1", "699ab9153226"),
    "zh/write": ("write-1", "8b2713e28f33"),
    "zh/rank": ("rank-1", "ee15f0ced487"),
    "zh/answer": ("answer-1", "6518c31696ba"),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_a_changed_prompt_has_a_new_version(name: str, lang: str) -> None:
    text = (FOLDER / lang / f"{name}.toml").read_bytes()
    found = (prompt(name, lang).version, hashlib.sha256(text).hexdigest()[:12])
    assert found == ON_RECORD[f"{lang}/{name}"]


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_take_the_same_values(name: str) -> None:
    english, chinese = prompt(name, "en"), prompt(name, "zh")

    def fields(text: str) -> set[str]:
        return set(re.findall(r"\$([a-z_]+)", text))

    assert fields(english.system) == fields(chinese.system)
    assert fields(english.user) == fields(chinese.user)
    assert set(english.texts) == set(chinese.texts)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_leaves_a_small_context_to_the_evidence(name: str, lang: str) -> None:
    page = prompt(name, lang)
    assert estimated_tokens(page.system + page.user + str(page.texts)) < 2000


def test_no_two_fences_are_the_same() -> None:
    assert len({new_fence() for _ in range(100)}) == 100


def test_a_dollar_in_the_data_stays_a_dollar() -> None:
    page = prompt("rank", "en")
    values = {
        "fence": "=",
        "items": "3",
        "language": "English",
        "evidence": "costs $5 and $HOME $fence",
    }
    assert "costs $5 and $HOME $fence" in page.fill(**values)[1]
