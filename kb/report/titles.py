"""Titles as text: what a maintainer would say of the change, without tags, prefixes and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kb.analysis.commit_titles import commit_titles
from kb.analysis.titles import MARKER
from kb.types import Change

# Words of every repository: a title of these alone does not say what the change is about.
PLAIN_WORDS = frozenset(
    (Path(__file__).parent / "plain_words.txt").read_text(encoding="utf-8").split()
)

FIRST_LINE_WORDS = 14
MOST_LETTERS = (
    1000  # of a title that are read: a line of 64 KB is none, and would be read for minutes
)
_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"\s*\((?:#\d+|!\d+)\)\s*$")
_TAG = re.compile(r"^\s*(?:\[([^\]\[]{1,40})\]|【([^】]{1,40})】)\s*[:：-]?\s*")
# "[ISSUE #12]", "For #12, ...": which issue it closes, and no area.
_ISSUE = re.compile(
    r"(?:issues?|for|fix(?:es)?|closes?|resolves?|refs?)?\W{0,2}#+\d+", re.IGNORECASE
)
_FOR_ISSUE = re.compile(r"^\s*(?:issue|for)\s?#+\d+\s*[,:：]\s*(?=\w)", re.IGNORECASE)
_PREFIX = re.compile(
    r"^\s*(feat|feature|fix|bugfix|hotfix|perf|refactor|docs?|chore|ci|test|tests|build|style|revert|deps|bump|enh|enhancement|optim|platform|misc|model|security|[a-z]{2,10}(?=\([^)]{1,40}\)!?[:：]))"
    r"\s*(?:\(([^)]{1,40})\))?\s*!?\s*[:：]\s*",
    re.IGNORECASE,
)
_SCOPE = re.compile(
    r"^\s*([A-Za-z][\w./+-]{1,24}(?:\s*[,/&]\s*[A-Za-z][\w.+-]{1,24})?)\s*[:：]\s+(?=\S)"
)
_BRACKETED = re.compile(r"^\s*\(([A-Za-z][^()]{0,30})\)\s*[:：]?\s*(?=\w)")
_EMOJI = re.compile(r"^\s*(?::[a-z0-9_+-]+:|[\U0001F000-\U0001FAFF☀-➿⬀-⯿️‍]+)\s*")
_SERIES = re.compile(r"[\[(]\s*\d+\s*/\s*(?:\d+|[NnXx])\s*[\])]")
_PR_MERGE = re.compile(r"Merge pull request #\d+ from\b")
_REVERT = re.compile(r"^\s*Revert(?:s|ed)?\s+[\"“'「](.+?)[\"”'」]", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff]|\x1b\\[[0-9;]*[A-Za-z]"
)
_CODE_NAME = re.compile(r"[a-z]\w*[._(]\w|[a-z]+[A-Z]")
_TYPE_TAGS = frozenset(
    [
        "fix",
        "bugfix",
        "bug fix",
        "feature",
        "feat",
        "perf",
        "performance",
        "refactor",
        "doc",
        "docs",
        "chore",
        "ci",
        "test",
        "tests",
        "misc",
        "minor",
        "small",
        "hotfix",
        "hot fix",
        "bug",
        "wip",
        "model",
        "rfc",
        "new",
        "style",
        "cleanup",
        "nfc",
        "improvement",
        "enhancement",
        "feature request",
        "codex",
        "claude",
        "copilot",
        "cursor",
        "ai",
        "skill",
    ]
)


@dataclass(frozen=True, slots=True)
class Title:
    """`text` reads as a sentence; `tags` are the areas that the author named."""

    text: str
    tags: tuple[str, ...]


def invisible_removed(text: str) -> str:
    """Text without control characters, bidi marks and invisible signs."""
    return _INVISIBLE.sub("", text.replace("\t", " "))


def visible(text: str) -> str:
    """As `invisible_removed`, without blanks at the ends."""
    return invisible_removed(text).strip()


def plain_markup(text: str) -> str:
    """Code of reStructuredText as Markdown has it: one backtick a side, no role before it."""
    text = re.sub(r":[\w:+-]+:`~?([^`<]+?)(?:\s*<[^`>]*>)?`", r"`\1`", text)
    return re.sub(r"(?<!`)``([^`\n]+)``(?!`)", r"`\1`", text)


@lru_cache(maxsize=16384)
def read_title(title: str) -> Title:
    text = plain_markup(_SPACES.sub(" ", visible(title[:MOST_LETTERS])))
    while _NUMBER.search(text):
        text = _NUMBER.sub("", text)
    tags: list[str] = []
    for _ in range(6):
        before = text
        text = _EMOJI.sub("", re.sub(r"^#+ +(?=\S)", "", text))  # a heading of Markdown
        text = MARKER.sub("", _FOR_ISSUE.sub("", text))
        if tag := _TAG.match(text):
            name = (tag[1] or tag[2]).strip()
            if not re.fullmatch(r"\d+\s*/\s*\w+|WIP", name, re.IGNORECASE):
                tags.extend(part.strip() for part in re.split(r"[,|&]", name) if part.strip())
            text = text[tag.end() :]
        elif scope := _BRACKETED.match(text):
            tags.extend(part.strip() for part in re.split(r"[,/&]", scope[1]) if part.strip())
            text = text[scope.end() :]
        elif prefix := _PREFIX.match(text):
            if prefix[2]:
                tags.extend(part.strip() for part in re.split(r"[,/|&]", prefix[2]) if part.strip())
            text = text[prefix.end() :]
        elif (scope := _SCOPE.match(text)) and len(text[scope.end() :].split()) >= 2:
            tags.extend(part.strip() for part in re.split(r"[,/&]", scope[1]) if part.strip())
            break
        if text == before:
            break
    text = _SERIES.sub("", text)
    text = _SPACES.sub(" ", text).strip(" :;,-–—")
    text = re.sub(r"(?<=\w{3})\.$", "", text)
    if not text:
        text = _SPACES.sub(" ", visible(title[:MOST_LETTERS])) or "—"
    areas = [tag for tag in tags if tag.lower() not in _TYPE_TAGS and not _ISSUE.fullmatch(tag)]
    scope = _SCOPE.match(text)
    # An area stays as its folder is written: "tsdb: Add ...", as one that stood in brackets.
    area, said = (text[: scope.end()], text[scope.end() :]) if scope else ("", text)
    if said[:1].islower() and said[:2].isascii() and " " in said:
        said = capital(said)
    return Title(area + said, tuple(dict.fromkeys(areas)))


def capital(text: str) -> str:
    """The text with a capital first letter, unless its first word is a name of code (`st.map`, `useId`)."""
    return text if _CODE_NAME.match(text) else text[:1].upper() + text[1:]


def headline(change: Change) -> str:
    """The title as a reader wants it in a sentence: led by its area where the text does not name it,
    followed by the description's first line where it names nothing ("Merge commit from fork")."""
    title = led_title(_own_title(change))
    if vague(change.title) and (said := _first_line(change.body)):
        return f"{title}: {said}"
    return title


def _own_title(change: Change) -> str:
    """The title; of a merge that does not describe itself that of the only commit that it brought."""
    if _PR_MERGE.match(change.title):
        told = commit_titles(change)
        if len(told) == 1:
            return told[0]
    return change.title


@lru_cache(maxsize=16384)
def vague(title: str) -> bool:
    """Whether the title names nothing: only words of every repository ("Support a new model")."""
    text = read_title(title).text.lower()
    words = re.findall(r"[^\W\d_]{2,}\w*", text)
    return not re.search(r"\d", text) and all(
        word in PLAIN_WORDS or word.rstrip("s") in PLAIN_WORDS for word in words
    )


def _first_line(body: str) -> str:
    """What a body's first line says, if it is a title of its own; "" where it is the start of prose."""
    lines = [line.strip() for line in visible(body).splitlines()]
    first = next((line for line in lines if line), "")
    if re.match(r"[#<!|>`]|[A-Z][a-z]+(?:-[a-z]+)*-by: ", first) or first.endswith(("?", ":")):
        return ""  # a template's heading, a picture, a table; a trailer
    alone = len(lines) < 2 or not lines[1] or bool(re.match(r"[*-] ", lines[1]))
    text = read_title(first.lstrip("*- ")).text.rstrip(".")
    if not alone or not 3 <= len(text.split()) <= FIRST_LINE_WORDS or vague(text):
        return ""
    return text[0].lower() + text[1:] if re.match(r"[A-Z][a-z]", text) else text


@lru_cache(maxsize=16384)
def led_title(title: str) -> str:
    read = read_title(title)
    said = re.sub(r"[^a-z0-9]", "", read.text.lower())
    area = next(
        (tag for tag in read.tags if re.sub(r"[^a-z0-9]", "", tag.lower()) not in said), None
    )
    if area is None or len(area) > 24:
        return read.text
    return f"{area}: {read.text}"


def reverted_title(title: str) -> str | None:
    found = _REVERT.match(visible(title))
    return read_title(found[1]).text if found else None


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words, with an ellipsis where it was cut."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ")
    head = (head[:space] if space > limit * 0.6 else head).rstrip(" ,;:-(")
    # Code that was cut in the middle is code still.
    return f"{head.rstrip('`')}…`" if head.count("`") % 2 and head[-1:] != "`" else f"{head}…"
