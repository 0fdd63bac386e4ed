"""Whose lines a change replaced, in real histories."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from stand_ins import HashEmbedder, UnbuiltChroma

from ingest.sources.git_log import GitSource
from ingest.sync import sync
from kb.search.line_origins import line_origins
from kb.settings import Settings
from kb.store import chroma_builder
from kb.store.archive import Archive
from kb.store.lock import writer_lock
from kb.types import LineOrigin, SilentObserver

REPO = "acme/relay"
COUNT = """\
def relay(queue):
    waiting = queue.count(limit=100)
    # how many are waiting now
    if waiting:
        return None
"""


@dataclass
class History:
    """Commits numbered as pull requests; `origins` ingests them and asks for one of them."""

    path: Path
    home: Path
    numbers: Iterator[int]

    def commit(self, title: str, **files: str | None) -> int:
        """A file of None is removed; `_` in a name stands for a dot, `__` for a slash."""
        number = next(self.numbers)
        for name, text in files.items():
            path = self.path / name.replace("__", "/").replace("_", ".")
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"{title} (#{number})", day=number)
        return number

    def git(self, *arguments: str, day: int = 1) -> None:
        when = f"{1_767_225_600 + day * 86_400} +0000"
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.path,
            env={**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
            check=True,
        )

    def origins(self, number: int, limit: int = 3) -> list[LineOrigin]:
        with writer_lock(self.home), Archive.open(self.home) as archive:
            source = GitSource(self.path, branch=None, repo=REPO)
            settings = Settings(home=self.home)
            sync(archive, source, settings, HashEmbedder(), SilentObserver())
            return line_origins(archive, f"{REPO}#{number}", limit)


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(chroma_builder, "ChromaBuilder", UnbuiltChroma)
    found = History(tmp_path / "relay", tmp_path / "home", count(1))
    found.path.mkdir()
    found.git("init", "-q", "-b", "main")
    return found


def said(origins: list[LineOrigin]) -> list[tuple[int | None, int, int]]:
    return [(item.record.change.number, item.lines, item.of) for item in origins]


def test_a_repair_leads_to_the_change_that_wrote_the_line(history: History) -> None:
    history.commit("Add the relay", relay_py=COUNT)
    bounded = COUNT.replace("count(limit=100)", "count(limit=10, wait=True)")
    culprit = history.commit("Count ten at most", relay_py=bounded)
    history.commit("Say more", relay_py=bounded.replace("many", "very many"))
    repair = history.commit("Fix the count", relay_py=COUNT.replace("limit=100", "limit=1"))
    history.commit("Count ten again", relay_py=bounded)  # later: no origin of what was before it
    (origin,) = history.origins(repair)
    assert said([origin]) == [(culprit, 1, 1)]
    assert origin.line == "waiting = queue.count(limit=10, wait=True)"
    assert origin.path == "relay.py"


def test_who_only_moves_or_indents_a_line_did_not_bring_it(history: History) -> None:
    first = history.commit("Add the relay", relay_py=COUNT)
    indented = COUNT.replace(
        "    waiting = queue.count(limit=100)\n",
        "    with queue:\n        waiting = queue.count(limit=100)\n",
    )
    locked = history.commit("Fix the queue: lock it", relay_py=indented)
    moved = history.commit("Fix the place of the relay", relay_py=None, parts__relay_py=indented)
    split = indented.replace("        waiting = queue.count(limit=100)\n", "")
    line = "def counted(queue):\n    waiting = queue.count(limit=100)\n    return waiting\n"
    history.commit("Split the relay", parts__relay_py=split, parts__counting_py=line)
    fixed = line.replace("limit=100", "limit=1")
    repair = history.commit("Fix the count", parts__counting_py=fixed)
    assert said(history.origins(repair)) == [(first, 1, 1)]
    assert said(history.origins(locked)) == []
    assert said(history.origins(moved)) == []


def test_the_change_with_most_of_the_lines_comes_first(history: History) -> None:
    names = ("alpha", "beta", "gamma")
    lines = {name: f"{name}_total = sum(queue.{name})\n" for name in names}
    one = history.commit("Sum alpha", sums_py=lines["alpha"])
    two = history.commit("Sum the others", sums_py="".join(lines.values()))
    repair = history.commit("Fix all sums", sums_py="totals = queue.totals()\n")
    assert said(history.origins(repair)) == [(two, 2, 3), (one, 1, 3)]
    assert said(history.origins(repair, limit=1)) == [(two, 2, 3)]


def test_what_stands_everywhere_and_what_is_no_code_is_nobodys(history: History) -> None:
    history.commit("Add the relay", relay_py=COUNT, test__relay_py="assert relay(queue) is None\n")
    edited = COUNT.replace("# how many are waiting now", "# how many wait, counted before")
    edited = edited.replace("        return None\n", "        pass\n")
    repair = history.commit(
        "Fix the words", relay_py=edited, test__relay_py="assert relay(queue) is not False\n"
    )
    added = history.commit("Fix by adding", relay_py=edited + "\nlimit_of_the_relay = 100\n")
    assert history.origins(repair) == []
    assert history.origins(added) == []
    assert history.origins(99) == []
