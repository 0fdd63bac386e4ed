"""What a path filter means, by example."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.store.path_globs import coarse, exact, matches

YES = [
    ("src/engine/cache.py", "src/engine/cache.py"),
    ("src/engine/cache.py", "cache.py"),
    ("src/engine/cache.py", "*.py"),
    ("src/engine/cache.py", "src/"),
    ("src/engine/cache.py", "engine/"),
    ("src/engine/cache.py", "engine"),
    ("src/engine/cache.py", "src/engine"),
    ("src/engine/cache.py", "src/*/cache.py"),
    ("src/engine/cache.py", "src/**/*.py"),
    ("src/cache.py", "src/**/*.py"),
    ("a/b/c/d.py", "**/d.py"),
    ("d.py", "**/d.py"),
    ("a/b/c/d.py", "a/**"),
    ("a/x1.py", "a/x[0-9].py"),
    ("a/x1.py", "a/x?.py"),
    ("a/[b].py", "./a/[[]b].py"),
]
NO = [
    ("src/engine/cache.py", "src/*.py"),
    ("src/engine/cache.py", "Cache.py"),
    ("src/engine/cache.py", "cache"),
    ("src/engine/cache.py", "ngine/"),
    ("src/engine/cache.py", "engine/cache.py"),
    ("src/engine", "engine/"),
    ("a/xx.py", "a/x[0-9].py"),
    ("a/x1.py", "a/x[!0-9].py"),
    ("a/b.py", "a/b.p"),
]


@pytest.mark.parametrize(("path", "glob"), YES)
def test_a_glob_matches(path, glob):
    assert matches(path, glob)


@pytest.mark.parametrize(("path", "glob"), NO)
def test_a_glob_does_not_match(path, glob):
    assert not matches(path, glob)


@pytest.mark.parametrize(("path", "glob"), YES)
def test_the_coarse_form_lets_every_match_through(path, glob):
    row = sqlite3.connect(":memory:").execute("SELECT ? GLOB ?", (path, coarse(glob))).fetchone()
    assert row == (1,)


@pytest.mark.parametrize(("path", "glob"), YES + NO)
def test_the_exact_form_matches_where_ours_does(path, glob):
    globs = exact(glob)
    if globs is None:
        return
    connection = sqlite3.connect(":memory:")
    found = [connection.execute("SELECT ? GLOB ?", (path, item)).fetchone()[0] for item in globs]
    assert any(found) == matches(path, glob)


@given(
    path=st.text("ab./", min_size=1, max_size=8).filter(lambda path: path.strip("/") == path),
    glob=st.text("ab.*/", min_size=1, max_size=6),
)
def test_the_exact_form_agrees_with_ours_on_any_path(path, glob):
    globs = exact(glob)
    if globs is None or "//" in path or "//" in glob or "***" in glob or glob.startswith("/"):
        return
    connection = sqlite3.connect(":memory:")
    found = [connection.execute("SELECT ? GLOB ?", (path, item)).fetchone()[0] for item in globs]
    assert any(found) == matches(path, glob), globs


@pytest.mark.parametrize("glob", ["*.py", "src/", "cache.py", "src/**/*.py", "src/**", "src/a*"])
def test_common_globs_have_an_exact_form(glob):
    assert exact(glob)
