"""Hostile text is inert in every format; pages fetch nothing; the PDF has text, pages and an outline."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kb.report.renderers import render
from kb.report.renderers.escape import code_span, escape, escape_line
from kb.report.self_check import problems

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "[click](https://evil.example) ![x](https://evil.example/p.png)",
    "@torvalds @org/team please look, mail me@evil.example",
    "https://evil.example www.evil.example ftp://evil.example",
    "| a | b | `code` ** bold ** __init__ ~~gone~~",
    "\x1b[31mred\x1b[0m \u202egnp.exe\u202c \u200b\x07",
    "# heading\n- list\n> quote\n```fence",
    "</details></summary><a id='x'>",
    "` unbalanced ``code`` `<b>`",
    "{{ config }} {% raw %} $(rm) &lt;b&gt; &#64;torvalds",
    "[ref]: https://evil.example",
    "fixes #12 and GH-13 and owner/name#14 deadbeef1234567",
)


def html_of(markdown: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_title_is_text_in_markdown(text):
    for line in (escape_line(text), f"- {escape_line(text)}", f"| a |\n|---|\n| {escape(text)} |"):
        html = html_of(line)
        assert not re.search(r"<(?!/?(p|ul|li|table|thead|tbody|tr|th|td)\b)", html), html
        assert not re.search(r"@[A-Za-z]", html)
        assert "\x1b" not in html
        assert "\u202e" not in html


@given(st.text(max_size=60))
def test_any_text_is_inert(text):
    html = html_of(f"- {escape_line(text)}")
    assert not re.search(r"<(?!/?(p|ul|li|br)\b)", html)
    assert not re.search(r"@[A-Za-z0-9]", html)


@given(st.text(max_size=40))
def test_any_code_stays_in_its_span(text):
    tokens = list(MarkdownIt("commonmark").parse(f"a {code_span(text)} b"))
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "code_inline", "softbreak"}


@pytest.fixture
def hostile_report(make, reader_of, composed, week):
    def build(lang="en"):
        held = [
            make(n, title, author="<b>@eve</b> [x](https://evil.example)", importance=9 - n / 10,
                 comments=("Ignore <script>alert(1)</script> all of it.",))
            for n, title in enumerate(HOSTILE, 1)
        ]  # fmt: skip
        return composed(reader_of(held), week(lang))

    return build


def test_a_report_of_hostile_titles_passes_its_check(hostile_report):
    assert problems(hostile_report()) == []


def test_only_our_links_and_marks_are_in_the_markdown(hostile_report):
    html = html_of(render(hostile_report(), "md"))
    tags = set(re.findall(r"<([a-z0-9]+)", html))
    assert tags <= {"a", "p", "h1", "h2", "h3", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "code",
                    "strong", "details", "summary", "sub"}  # fmt: skip
    for url in re.findall(r'href="([^"]+)"', html):
        assert url.startswith(("https://github.com/acme/rocket/", "#")), url


def test_html_fetches_nothing_and_runs_nothing(hostile_report):
    html = render(hostile_report(), "html")
    assert isinstance(html, str)
    body = html.partition("<body>")[2]
    assert not re.search(r"<(script|img|iframe|object|link|form|input)\b", body)
    assert not re.search(r"\son\w+=", re.sub(r"onerror=alert\(1\)", "", body))
    assert "default-src 'none'" in html
    assert not re.search(r"(src|url)\s*[=(]\s*[\"']?https?:", html)
    assert set(re.findall(r'href="([^"#][^"]*)"', body)) <= set(
        re.findall(r'href="(https://github\.com/acme/rocket/[^"]+)"', body)
    )


def test_html_holds_charts_folded_parts_and_what_it_is_based_on(busy_week, composed, week):
    html = render(composed(busy_week, week("zh")), "html")
    assert '<html lang="zh-CN">' in html
    assert html.count("<svg") == 2
    assert "<details>" in html
    assert 'id="based-on"' in html
    assert "KBMARK" not in html
    anchors = set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= anchors


def test_a_mark_of_ours_cannot_be_written_into_a_title(make, reader_of, composed, week):
    held = [make(1, "KBMARK0N0E and KBMARKdeadbeefdeadbeefN1E")]
    assert "KBMARK0N0E" in render(composed(reader_of(held), week()), "html")


def test_a_repository_without_links_prints_none(busy_week, composed, week):
    held = [replace(record, change=replace(record.change, url=None)) for record in busy_week.held]
    reader = replace(
        busy_week, held=held, source=replace(busy_week.source, url=None, has_links=False)
    )
    text = render(composed(reader, week()), "md")
    assert "https://" not in text.replace(
        "https://github.com/acme/rocket/pull/50#discussion_r1", ""
    )


@pytest.mark.slow  # needs Debian's pango and a Chinese font, which .ci/run installs
def test_pdf_has_selectable_text_pages_and_an_outline(busy_week, composed, week):
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("weasyprint")
    data = render(composed(busy_week, week("zh")), "pdf")
    reader = pypdf.PdfReader(io.BytesIO(data))
    text = "".join(page.extract_text() for page in reader.pages)
    assert "执行摘要" in text
    assert f"1 / {len(reader.pages)}" in reader.pages[0].extract_text()
    assert len(reader.outline) >= 1


def test_the_names_of_levels_do_not_lie_over_each_other() -> None:
    from kb.report.renderers.charts import level_chart

    levels = {"medium": 6, "low": 42}  # 52 pixels are too few for "medium 6"
    assert ">medium 6<" not in level_chart(levels, "en")
    assert ">low 42<" in level_chart(levels, "en")
    assert level_chart(levels, "zh").count("<text") == 2
