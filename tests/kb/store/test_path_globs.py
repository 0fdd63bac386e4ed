"""What a path filter means, by example."""

from __future__ import annotations

import sqlite3

import pytest

from kb.store.path_globs import coarse, matches

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
