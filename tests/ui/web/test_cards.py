"""What a change says can do nothing in the HTML of a list."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.types import Hit
from ui.web.cards import Badge, Card, Facts, change_line, outward, passage_of
from ui.web.markup import rendered
from ui.web.text import stretches

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "&lt;b&gt; {{ 7 * 7 }} </a></article>",
)
CODE = "`<i>Fix</i>` of the queue"


class Seen(HTMLParser):
    def __init__(self, body: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_strangers_stays_text(text: str) -> None:
    facts = Facts(text, text, "2026-01-01", "+1", "−1", (Badge("blue", text),))
    card = Card("./change?id=1", stretches(text, ["alert"]), facts, "", stretches(text, ()), (text,), ("https://example.org", text), "./?like=1")  # fmt: skip
    seen = Seen(rendered("cards", cards=[card], similar="Similar"))
    assert seen.tags <= {"article", "a", "div", "b", "span", "blockquote", "mark"}
    assert seen.attributes <= {"class", "href", "target", "rel"}
    assert seen.text.count(text) == 7


def test_code_of_a_title_is_shown_as_code() -> None:
    told = {"index": 1, "title": stretches(CODE, ()), "address": "./", "passage": (), "facts": ""}
    seen = Seen(rendered("citations", citations=[told]))
    assert seen.tags == {"div", "a", "code"}
    assert "[1] <i>Fix</i> of the queue" in seen.text


def test_a_line_cuts_a_long_title_and_names_another_repository(sample_home: Path) -> None:
    with KnowledgeBase.open(sample_home) as knowledge:
        record = knowledge.record("lanternworks/ember#1212")
    long = replace(record, change=replace(record.change, title="word " * 1000))
    assert change_line(record, "lanternworks/ember").startswith("\\#1212 · fix")
    assert change_line(record).startswith("lanternworks\\/ember \\#1212 · fix")
    assert len(change_line(long)) < 400


def test_the_marks_of_markdown_are_taken_from_prose_and_never_from_code(sample_home: Path) -> None:
    with KnowledgeBase.open(sample_home) as knowledge:
        record = knowledge.record("lanternworks/ember#1212")

    def shown(passage: str, kind: str) -> str:
        return passage_of(Hit(record, 1.0, {}, passage, kind))

    assert shown("See the [guide](https://x.example/g)", "text") == "See the guide"
    for code in ("calls[name](event) of List<i>", "x = a** b"):
        assert shown(code, "diff") == shown(code, "title") == code


def test_only_a_web_address_leads_out() -> None:
    assert outward("https://github.com/o/r/pull/1") == ("https://github.com/o/r/pull/1", "GitHub")
    assert outward("https://code.example.org/1") == ("https://code.example.org/1", "code.example.org")  # fmt: skip
    assert outward("javascript:alert(1)") is None
    assert outward(None) is None
