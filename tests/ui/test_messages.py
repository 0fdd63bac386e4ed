"""Errors are raised in English and said in the reader's language."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import kb.errors
from kb.knowledge_base import KnowledgeBase
from ui import messages
from ui.messages import error_text
from ui.presenters import word

ROOT = Path(__file__).parents[2]
RAISED = {name for name in dir(kb.errors) if name[0].isupper()}


def wordings(node: ast.expr) -> list[str]:
    """The texts that an expression may become; {} for each value in it."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(part for value in node.values for part in wordings(value))]
    if isinstance(node, ast.BinOp):
        return [a + b for a in wordings(node.left) for b in wordings(node.right)]
    if isinstance(node, ast.IfExp):
        return wordings(node.body) + wordings(node.orelse)
    return ["{}"]


def raised(*rooms: str) -> Iterator[str]:
    for room in rooms:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RAISED:
                    yield from (text for part in node.args[:1] for text in wordings(part))


def test_what_an_error_says_is_known_in_chinese() -> None:
    said = {text for text in raised("kb", "ui") if len(text.replace("{}", "")) > 3}
    assert len(said) > 60
    assert sorted(text for text in said if error_text(text.replace("{}", "X"), "zh") == text.replace("{}", "X")) == []  # fmt: skip


def test_what_a_check_says_is_known_in_chinese(sample_home: Path) -> None:
    with KnowledgeBase.open(sample_home) as knowledge:
        checks = list(knowledge.doctor(chat=True))
    assert len(checks) > 6
    for check in checks:
        assert word("check", check.name, "en") == check.name
        if check.name in ("git", "pdf", "mcp"):
            continue
        assert word("check", check.name, "zh") != check.name
        assert error_text(check.detail, "zh") != check.detail
        assert not check.hint or check.ok or error_text(check.hint, "zh") != check.hint
    assert error_text("installed", "zh") == "已安装"


def test_every_chinese_sentence_takes_the_values_of_the_english() -> None:
    path = Path(messages.__file__).with_name("errors.zh.toml")
    for english, chinese in tomllib.loads(path.read_text(encoding="utf-8")).items():
        values = [f"<{place}>" for place in range(english.count("{}"))]
        shown = chinese.format(*values)
        assert [value for value in values if value not in shown] == [], english
        assert error_text(english.replace("{}", "X"), "zh") == chinese.format(*"X" * len(values))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("importance must be a lower bound: >nonsense", "重要度只能是下限：>nonsense"),
        ("no change 'a#1' in 'o/r'", "'o/r' 里没有变更 'a#1'"),
        ("no change 'x\ny {0}'", "没有变更 'x\ny {0}'"),
        ("said by nobody", "said by nobody"),
    ],
)
def test_values_stand_where_they_belong(english: str, chinese: str) -> None:
    assert error_text(english, "zh") == chinese
    assert error_text(english, "en") == english
