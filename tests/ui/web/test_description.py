"""A description keeps its structure and loses its powers."""

from __future__ import annotations

import re

import pytest

from ui.web.description import safe_address, safe_line, safe_markdown


def test_structure_is_kept() -> None:
    text = "# Why\n\nIt **was** `slow`.\n\n- one\n  - two\n1. first\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert safe_markdown(text) == (
        "**Why**\n\nIt **was** `slow`\\.\n\n- one\n\n  - two\n\n1. first\n\n> quote\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |"
    )


def test_code_keeps_its_lines_and_a_harmless_language() -> None:
    assert safe_markdown("```python\nx = 1\n    y\n```") == "```python\nx = 1\n    y\n```"
    assert safe_markdown("```mermaid\ngraph\n```") == "```text\ngraph\n```"
    assert safe_markdown("````\n```\n````") == "````text\n```\n````"


@pytest.mark.parametrize(
    "text",
    [
        "<img src=http://evil.example/x.png>",
        "![x](http://evil.example/x.png)",
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "<http://evil.example/auto>",
        "[ref]: http://evil.example\n\n![ref]",
        "- <b onmouseover=alert(1)>x</b>",
    ],
)
def test_nothing_is_loaded_or_run(text: str) -> None:
    shown = safe_markdown(text)
    assert "![" not in shown
    assert not re.search(r"(?<!\\)<", shown)
    for target in re.findall(r"(?<!\\)\]\(([^)]*)\)", shown):
        assert target.startswith(("http://", "https://"))


def test_a_title_is_plain_text_but_for_its_code() -> None:
    assert safe_line("Fix `a_b` of *x* :smile:") == "Fix `a_b` of \\*x\\* \\:\u2060smile\\:"
    assert safe_line("[x](javascript:y) `") == "\\[x\\]\\(javascript\\:\u2060y\\) \\`"


def test_a_link_says_where_it_leads() -> None:
    assert safe_markdown("[docs](https://a.example/x)") == (
        "[docs](https://a.example/x) (a\\.example)"
    )


def test_an_address_cannot_end_its_link() -> None:
    assert (
        safe_address("https://a.example/x) [evil](y") == "https://a.example/x%29%20%5Bevil%5D%28y"
    )
    assert safe_address("javascript:alert(1)") is None
    assert safe_address("http://[bad") is None


def test_a_citation_leads_to_its_change() -> None:
    cited = {1: "./change?id=a%231", 12: "./change?id=a%2312"}
    one, twelve = "[\\[1\\]](./change?id=a%231)", "[\\[12\\]](./change?id=a%2312)"
    assert safe_markdown("It **grew [1]** and fell [12][1].", cited) == (
        f"It **grew {one}** and fell {twelve}{one}\\."
    )
    assert safe_markdown("- once [1]", cited) == f"- once {one}"
    assert safe_markdown("a `x[1]` and [7]", cited) == "a `x[1]` and \\[7\\]"
    assert safe_markdown("[see [1]](https://a.example)", cited) == (
        "[see \\[1\\]](https://a.example) (a\\.example)"
    )


def test_a_picture_leaves_its_words() -> None:
    assert safe_markdown("![a diagram](x.png)") == "*\\[a diagram\\]*"


def test_a_huge_description_is_cut() -> None:
    assert safe_markdown("word " * 20_000).endswith("…")
