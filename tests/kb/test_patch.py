"""A unified diff as values."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.patch import file_patches, parse_hunks, parse_patch, unquote

MODIFIED = """\
diff --git a/src/relay.py b/src/relay.py
index 1111111..2222222 100644
--- a/src/relay.py
+++ b/src/relay.py
@@ -10,4 +10,5 @@ def send(message):
     first = 1
-    second = 2
+    second = 3
+    third = 4
     last = 5
@@ -40 +41 @@ class Relay:
-    closed = False
+    closed = True
"""


def test_lines_carry_their_numbers_on_both_sides() -> None:
    (file,) = parse_patch(MODIFIED)
    first, second = file.hunks
    assert first.section == "def send(message):"
    assert [tuple(line) for line in first.lines] == [
        (" ", "    first = 1", 10, 10),
        ("-", "    second = 2", 11, None),
        ("+", "    second = 3", None, 11),
        ("+", "    third = 4", None, 12),
        (" ", "    last = 5", 12, 13),
    ]
    assert (second.old_start, second.new_start, second.section) == (40, 41, "class Relay:")
    assert (file.additions, file.deletions, file.status) == (3, 2, "modified")


def test_a_stored_patch_starts_at_its_first_hunk() -> None:
    (raw,) = file_patches(MODIFIED)
    assert raw.patch is not None
    assert raw.patch.startswith("@@ -10,4")
    assert parse_hunks(raw.patch) == parse_patch(MODIFIED)[0].hunks


def test_counts_agree_with_the_lines_where_content_looks_like_a_header() -> None:
    text = (
        "diff --git a/x.sql b/x.sql\n--- a/x.sql\n+++ b/x.sql\n@@ -1,3 +1,3 @@\n"
        "--- a comment\n+++ more\n-@@ -1 +1 @@\n+diff --git a/y b/y\n \n"
    )
    (file,) = parse_patch(text)
    assert (file.additions, file.deletions) == (2, 2)
    assert [line.text for line in file.hunks[0].lines if line.kind == "-"] == [
        "-- a comment",
        "@@ -1 +1 @@",
    ]


@pytest.mark.parametrize(
    ("head", "path", "previous", "status"),
    [
        ("new file mode 100644\nindex 0000000..1111111\n", "a b.txt", None, "added"),
        ("deleted file mode 100644\nindex 1111111..0000000\n", "a b.txt", None, "deleted"),
        ("old mode 100644\nnew mode 100755\n", "a b.txt", None, "modified"),
    ],
)
def test_a_file_without_hunks_keeps_its_name_with_spaces(
    head: str, path: str, previous: str | None, status: str
) -> None:
    (file,) = file_patches(f"diff --git a/a b.txt b/a b.txt\n{head}")
    assert (file.path, file.previous_path, file.status, file.patch) == (
        path,
        previous,
        status,
        None,
    )


def test_a_rename_names_both_paths() -> None:
    text = (
        "diff --git a/old name.py b/new/name.py\nsimilarity index 90%\n"
        "rename from old name.py\nrename to new/name.py\n"
        "--- a/old name.py\t\n+++ b/new/name.py\t\n@@ -1 +1 @@\n-a\n+b\n"
    )
    (file,) = file_patches(text)
    assert (file.path, file.previous_path, file.status) == (
        "new/name.py",
        "old name.py",
        "renamed",
    )
    assert (file.additions, file.deletions) == (1, 1)


def test_quoted_paths_are_read_as_octal_bytes() -> None:
    assert unquote(r'"a\tb\"\\\346\226\207.txt"') == 'a\tb"\\文.txt'
    assert unquote(r'"\377.bin"') == "\ufffd.bin"
    assert unquote('"') == '"'


def test_a_quoted_header_names_an_unusual_path() -> None:
    text = 'diff --git "a/tab\\there" "b/tab\\there"\nnew file mode 100644\n'
    (file,) = file_patches(text)
    assert file.path == "tab\there"


def test_a_binary_file_has_no_patch() -> None:
    text = (
        "diff --git a/i.png b/i.png\nindex 1..2 100644\nBinary files a/i.png and b/i.png differ\n"
    )
    (file,) = file_patches(text)
    assert (file.path, file.binary, file.patch, file.additions) == ("i.png", True, None, 0)


def test_a_submodule_is_named_as_one() -> None:
    text = (
        "diff --git a/deps/x b/deps/x\nindex 1111111..2222222 160000\n--- a/deps/x\n+++ b/deps/x\n"
        "@@ -1 +1 @@\n-Subproject commit 1111111\n+Subproject commit 2222222\n"
    )
    assert file_patches(text)[0].status == "submodule"


def test_a_file_that_becomes_a_link_is_one_change_of_type() -> None:
    text = (
        "diff --git a/l b/l\ndeleted file mode 100644\nindex 1..0\n--- a/l\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-text\n"
        "diff --git a/l b/l\nnew file mode 120000\nindex 0..2\n--- /dev/null\n+++ b/l\n"
        "@@ -0,0 +1 @@\n+target\n\\ No newline at end of file\n"
    )
    (file,) = file_patches(text)
    assert (file.status, file.additions, file.deletions) == ("type-changed", 1, 1)


def test_no_newline_at_the_end_is_no_line() -> None:
    hunks = parse_hunks("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n")
    assert [line.kind for line in hunks[0].lines] == ["-", "+"]


def test_carriage_returns_are_not_part_of_a_line() -> None:
    hunks = parse_hunks("@@ -1,2 +1,2 @@ f()\r\n-a\r\n+b\r\n same\r\n")
    assert hunks[0].section == "f()"
    assert [line.text for line in hunks[0].lines] == ["a", "b", "same"]


def test_only_a_line_feed_ends_a_line() -> None:
    hunks = parse_hunks("@@ -0,0 +1,2 @@\n+one\x0cstill\u2028one\x85one\n+two")
    assert len(hunks[0].lines) == 2


def test_a_combined_diff_of_two_parents_is_read() -> None:
    text = (
        "diff --cc f.c\nindex 1,2..3\n--- a/f.c\n+++ b/f.c\n"
        "@@@ -1,2 -1,2 +1,3 @@@ int main()\n  same\n+ ours\n +theirs\n++both\n--gone\n"
    )
    (file,) = parse_patch(text)
    assert (file.path, file.additions, file.deletions) == ("f.c", 3, 1)
    assert [line.text for line in file.hunks[0].lines] == ["same", "ours", "theirs", "both", "gone"]


def test_a_diff_that_git_did_not_write_is_read() -> None:
    text = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n"
    assert [file.path for file in file_patches(text)] == ["x", "y"]


def test_text_that_is_no_diff_holds_no_file() -> None:
    assert parse_patch("Fix the relay\n\nIt hung.\n") == []
    assert parse_patch("") == []


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    parse_patch(text)
    parse_hunks(text)


_PIECES = st.sampled_from(
    [
        "diff --git a/x b/x",
        "diff --cc x",
        'diff --git "a/\\9" b/',
        "--- a/x",
        "+++ /dev/null",
        "@@ -1 +1 @@",
        "@@@ -1 -1 +1 @@@",
        "@@",
        "rename from ",
        "rename to y",
        "Binary files a/x and b/x differ",
        "GIT binary patch",
        "new file mode 160000",
        "+a",
        "-b",
        " c",
        "\\ No newline at end of file",
        "",
    ]
)


@given(st.lists(_PIECES))
def test_no_mixture_of_diff_lines_breaks_the_parser(lines: list[str]) -> None:
    for file in parse_patch("\n".join(lines)):
        assert file.path
        assert file.additions == sum(line.kind == "+" for hunk in file.hunks for line in hunk.lines)


@given(
    old=st.lists(st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8")), max_size=8),
    new=st.lists(st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8")), max_size=8),
)
def test_what_git_diffs_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("diff", numbered=True)
    for name, lines in (("old", old), ("new", new)):
        (folder / name).write_bytes("".join(line + "\n" for line in lines).encode())
    text = _diff(folder)
    for file in parse_patch(text):
        if file.binary:
            continue
        added = [line.text for hunk in file.hunks for line in hunk.lines if line.kind == "+"]
        assert len(added) == file.additions
        assert all(line in new for line in added)


def _diff(folder: Path) -> str:
    command = ["git", "diff", "--no-index", "--text", "old", "new"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")
