"""The digest says what a change does, what is embedded and indexed of it, and what was not seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kb.analysis.commit_titles import commit_titles
from kb.analysis.digest import digest, lexical_fields
from kb.analysis.natural_language import continues, natural_language
from kb.analysis.passages import (
    CHUNK_LETTERS,
    DIFF_LETTERS,
    MOST_DIFF_CHUNKS,
    MOST_TEXT_CHUNKS,
    passages,
)
from kb.search.question import understand
from kb.types import Change, Comment, Commit, FileChange, ReviewThread

PATCH = '''@@ -1,4 +1,9 @@ class Router
 import os
-# the old words of a comment
+# Keep the connection open between requests
+def reuse_connection(pool: Pool) -> None:
+    """Return a connection to its pool."""
+    log.warning("pool of %s is exhausted, waiting", pool.name)
+    parser.add_argument("--pool-size", default=8, help="Connections kept open for each backend")
+    x = {"a": [1, 2], "b": (3, 4)}
     return None
'''


def change(
    files: tuple[FileChange, ...], body: str = "", title: str = "Reuse connections"
) -> Change:
    return Change(
        id="a/b#1",
        repo="a/b",
        number=1,
        sha="1" * 40,
        title=title,
        body=body,
        author="ann",
        merged_at=datetime(2026, 1, 1, tzinfo=UTC),
        labels=("router",),
        files=files,
        reviews=(ReviewThread("src/pool.py", False, (Comment("bob", "What about idle ones?"),)),),
    )


SOURCE = FileChange("src/pool.py", "modified", 6, 1, patch=PATCH)
UNSEEN = FileChange("logo.png", "added", binary=True, seen=False, reason="binary")


def test_the_digest_names_files_symbols_flags_and_words() -> None:
    found = digest(change((SOURCE, UNSEEN)))
    assert found.files_by_role["source"] == ("src/pool.py",)
    assert "reuse_connection" in [symbol.name for symbol in found.symbols_added]
    assert "--pool-size" in [flag.name for flag in found.flags]
    for text in ("src/pool.py (+6 -1)", "reuse_connection", "--pool-size", "not seen: logo.png"):
        assert text in found.text


def test_what_was_not_seen_is_said_with_its_reason() -> None:
    found = digest(change((SOURCE, UNSEEN)))
    assert found.not_seen == (("logo.png", "binary"),)
    assert found.truncated
    assert not digest(change((SOURCE,))).truncated


def test_comments_docstrings_messages_and_help_are_language_and_code_is_not() -> None:
    found = natural_language([SOURCE])
    assert found[:3] == (
        "Keep the connection open between requests",
        "Return a connection to its pool.",
        "pool of %s is exhausted, waiting",
    )
    assert "Connections kept open for each backend" in found
    assert found[-1] == "the old words of a comment"
    assert not any("return None" in line or "{" in line for line in found)


def test_documents_count_line_by_line_and_licences_do_not() -> None:
    patch = "@@ -0,0 +1,3 @@\n+# Tuning the pool\n+Use a larger pool for slow backends.\n+Copyright 2026 Ann\n"
    file = FileChange("docs/pool.md", "added", 3, patch=patch)
    assert natural_language([file]) == ("Tuning the pool", "Use a larger pool for slow backends.")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("* `max_age` - Sets how long a browser keeps it.", "`max_age` - Sets how long a browser keeps it."),
        ("- Raised where the socket has no `name`", "Raised where the socket has no `name`"),
        ("* **handlers** - Every status code and its handler.", "handlers - Every status code and its handler."),
        ("> `backlog` is read before `queue`", "`backlog` is read before `queue`"),
        ("``` text of a block", "text of a block"),
    ],
)  # fmt: skip
def test_a_document_line_keeps_its_code_whole_and_loses_its_bold(line: str, told: str) -> None:
    file = FileChange("docs/a.md", "added", 1, patch=f"@@ -0,0 +1 @@\n+{line}\n")
    assert natural_language([file]) == (told,)


def test_chinese_lines_are_language() -> None:
    patch = "@@ -0,0 +1 @@\n+# 修复连接泄漏\n"
    assert natural_language([FileChange("a.py", "modified", 1, patch=patch)]) == ("修复连接泄漏",)


def test_a_change_has_a_title_a_text_and_a_diff_passage() -> None:
    one = change((SOURCE,), body="Connections were closed after each request.")
    found = passages(one, digest(one))
    assert [(passage.kind, passage.chunk) for passage in found] == [
        ("title", 0),
        ("text", 0),
        ("diff", 0),
    ]
    assert found[0].text == "Reuse connections"
    assert "closed after each request" in found[1].text
    assert "reuse connection" in found[1].text
    assert "Keep the connection open" in found[2].text


def test_a_change_without_words_in_its_diff_has_no_diff_passage() -> None:
    one = change((UNSEEN,))
    assert [passage.kind for passage in passages(one, digest(one))] == ["title", "text"]


def test_long_descriptions_become_chunks_of_bounded_size_and_number() -> None:
    body = " ".join(f"Sentence {n} tells something else of the pool." for n in range(400))
    patch = "@@ -0,0 +1,500 @@\n" + "".join(
        f"+# line {n} explains one more thing\n" for n in range(500)
    )
    one = change((FileChange("a.py", "modified", 500, patch=patch),), body=body)
    found = passages(one, digest(one))
    texts = [passage for passage in found if passage.kind == "text"]
    diffs = [passage for passage in found if passage.kind == "diff"]
    assert len(texts) == MOST_TEXT_CHUNKS
    assert len(diffs) == MOST_DIFF_CHUNKS
    assert all(len(passage.text) <= CHUNK_LETTERS + 120 for passage in texts)
    assert all(len(passage.text) <= DIFF_LETTERS + 120 for passage in diffs)


def test_a_long_description_is_cut_between_words() -> None:
    body = " ".join(f"Leaseholder{n} waits." for n in range(30))
    one = change((UNSEEN,), body=body)
    texts = [passage.text for passage in passages(one, digest(one)) if passage.kind == "text"]
    told = [word for text in texts for word in text.split() if "holder" in word or "waits" in word]
    assert told == body.split()


def test_titles_are_embedded_without_their_number() -> None:
    one = change((SOURCE,), title="Reuse connections (#1)")
    assert passages(one, digest(one))[0].text == "Reuse connections"


def test_a_title_is_embedded_as_the_question_for_it_is() -> None:
    one = change((SOURCE,), title="ConnectionPool: drop max_idle")
    titles = [item.text for item in passages(one, digest(one)) if item.kind == "title"]
    assert titles == [understand("ConnectionPool: drop max_idle").encoded]


def test_every_field_of_the_word_index_is_filled_from_its_part() -> None:
    one = change((SOURCE,), body="Closed too early.")
    fields = lexical_fields(one, digest(one))
    assert fields["title"] == "Reuse connections"
    assert "Closed too early." in fields["body"]
    assert "router" in fields["body"]
    assert fields["paths"] == "src/pool.py"
    assert {"reuse_connection", "--pool-size"} <= set(fields["symbols"].split("\n"))
    assert "What about idle ones?" in fields["reviews"]


def test_what_only_removed_lines_say_is_told_apart() -> None:
    found = digest(change((SOURCE,)))
    assert found.comments[-1] == "the old words of a comment"
    assert found.comments_gone == 1
    assert found.comments_kept == found.comments[:-1]


def test_lines_that_do_not_follow_each_other_make_no_sentence() -> None:
    """A line that is no language, or stood before, is left out: its neighbours were never one sentence."""
    cut = (
        "@@ -1 +1,3 @@\n+// The baseline is pinned and bumped with the notes by the pull request from\n"
        "+// .github/workflows/release.yml.\n+// the old version of the baseline is the one that was pinned.\n"
    )
    first, second = natural_language([FileChange("a.java", "modified", 3, patch=cut)])
    assert first.endswith("the pull request from …")
    assert not continues(first, second)
    whole = cut.replace("+// .github/workflows/release.yml.\n", "")
    first, second = natural_language([FileChange("a.java", "modified", 2, patch=whole)])
    assert continues(first, second)


def test_a_merged_branch_is_found_by_what_its_commits_say() -> None:
    said = ("Reuse connections", "fixup! Reuse them", "Merge branch 'main'", "Bump MSRV to 1.85")
    commits = tuple(Commit(f"{place:040x}", title, "Ann") for place, title in enumerate(said))
    one = replace(change((SOURCE,)), commits=commits)
    assert lexical_fields(one, digest(one))["body"].split("\n")[-1:] == ["Bump MSRV to 1.85"]
    assert commit_titles(one) == ("Bump MSRV to 1.85",)
