"""What somebody does over days: ingest, update, move, forget, interrupt, go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kb.errors import StoreError
from kb.knowledge_base import KnowledgeBase
from kb.store import manifest, vector_index
from kb.store.archive import Archive

Run = Callable[..., Any]
WHO = ("-c", "user.name=Ada Zebrafish", "-c", "user.email=ada@example.org")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *WHO, "-C", str(folder), *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def commit(folder: Path, title: str, name: str = "a.py") -> None:
    with (folder / name).open("a") as file:
        file.write(f"def step_{title.split()[0].lower()}(): ...\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", title)


def repository(folder: Path, *titles: str) -> Path:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for title in titles:
        commit(folder, title)
    return folder


def as_json(kb: Run, *words: object, home: Path) -> Any:
    return json.loads(kb(*words, "--json", home=home).out)


def test_an_empty_repository_is_no_error(kb: Run, home: Path, tmp_path: Path) -> None:
    clone = repository(tmp_path / "relay")
    assert as_json(kb, "ingest", clone, home=home)["new"] == 0
    ran = kb("search", "anything", "--json", home=home)
    assert (ran.status, json.loads(ran.out)["hits"]) == (1, [])
    assert kb("update", home=home).status == 0
    commit(clone, "Add the relay (#1)")
    assert as_json(kb, "update", home=home)["sources"][0]["new"] == 1


def test_one_change_is_told_in_the_singular(kb: Run, home: Path, tmp_path: Path) -> None:
    clone = repository(tmp_path / "relay", "Add the relay (#1)")
    kb("ingest", clone, "--repo", "acme/relay", home=home)
    assert "acme/relay: 1 change," in kb("status", home=home).out
    assert "  1 change  updated" in kb("sources", home=home).out
    assert kb("changes", home=home).out.endswith("1 change\n")
    assert "1 file, +1 -0" in kb("show", "1", home=home).out
    assert kb("analyze", home=home).out.startswith("1 change judged again: 0 levels and")
    assert kb("reindex", home=home).out == "1 change indexed again\n"
    assert kb("forget", "acme/relay", home=home).out == "acme/relay: 1 change removed\n"


def test_a_source_says_in_words_what_is_left_to_read(kb: Run, home: Path, tmp_path: Path) -> None:
    clone = repository(tmp_path / "relay", "Add the relay (#1)")
    kb("ingest", clone, "--until", "2020-01-01", home=home)
    assert "kb update goes on" in kb("sources", home=home).out
    kb("update", home=home)
    with Archive.open(home) as archive:
        (state,) = archive.sources()
        archive.put_source(replace(state, cursor={**state.cursor, "github": "acme/relay"}))
    told = kb("sources", home=home).out.splitlines()[2:]
    assert told == ["    descriptions and reviews from github:acme/relay"]


def test_links_stay_when_a_named_clone_is_updated(kb: Run, home: Path, tmp_path: Path) -> None:
    clone = repository(tmp_path / "relay", "Add the relay (#1)")
    kb("ingest", clone, "--repo", "acme/relay", home=home)
    commit(clone, "Mend the relay (#2)")
    (source,) = as_json(kb, "update", home=home)["sources"]
    assert (source["new"], source["updated"]) == (1, 0)
    urls = [change["url"] for change in as_json(kb, "changes", home=home)["changes"]]
    assert urls == [f"https://github.com/acme/relay/pull/{number}" for number in (2, 1)]


def test_an_update_says_that_a_work_tree_is_behind(kb: Run, home: Path, tmp_path: Path) -> None:
    upstream = repository(tmp_path / "upstream", "Add the relay (#1)")
    git(tmp_path, "clone", "-q", str(upstream), "clone")
    kb("ingest", tmp_path / "clone", home=home)
    commit(upstream, "Mend the relay (#2)")
    assert "main is behind origin/main by 1" in kb("update", home=home).err


def test_an_amended_commit_is_not_shown_until_it_is_back(
    kb: Run, home: Path, tmp_path: Path
) -> None:
    clone = repository(tmp_path / "relay", "Add the relay (#1)", "Mend the relay (#2)")
    kb("ingest", clone, home=home)
    git(clone, "branch", "before")
    git(clone, "commit", "-q", "--amend", "-m", "Mend the relay well (#3)")
    assert as_json(kb, "ingest", clone, home=home)["stale"] == 1
    numbers = [change["number"] for change in as_json(kb, "changes", home=home)["changes"]]
    assert sorted(numbers) == [1, 3]
    git(clone, "reset", "-q", "--hard", "before")
    assert as_json(kb, "ingest", clone, home=home)["new"] == 0
    numbers = [change["number"] for change in as_json(kb, "changes", home=home)["changes"]]
    assert sorted(numbers) == [1, 2]


def test_a_forgotten_repository_leaves_no_text_behind(kb: Run, home: Path, tmp_path: Path) -> None:
    clone = repository(tmp_path / "relay", "Add zebrafishquark (#1)")
    kb("ingest", clone, "--repo", "acme/relay", home=home)
    kb("report", "today", home=home)
    kb("ask", "what about zebrafishquark", home=home)
    assert kb("forget", "acme/relay", home=home).status == 0
    assert kb("search", "zebrafishquark", home=home).status == 1
    with KnowledgeBase.open(home) as knowledge:
        assert (knowledge.reports(), knowledge.questions()) == ([], [])
    held = [path for path in home.rglob("*") if path.is_file()]
    assert not [path for path in held if b"zebrafish" in path.read_bytes().lower()]
    commit(clone, "Go on (#2)")
    assert as_json(kb, "ingest", clone, "--repo", "acme/relay", home=home)["new"] == 2


def test_two_repositories_move_in_one_file(kb: Run, home: Path, tmp_path: Path) -> None:
    for name in ("relay", "press"):
        clone = repository(tmp_path / name, f"Add the {name} (#1)")
        kb("ingest", clone, "--repo", f"acme/{name}", home=home)
    target = tmp_path / "all.jsonl"
    assert kb("export", "-o", target, home=home).status == 0
    other = tmp_path / "other"
    moved = as_json(kb, "ingest", target, home=other)["sources"]
    assert [(row["repo"], row["new"]) for row in moved] == [("acme/press", 1), ("acme/relay", 1)]
    assert kb("export", home=other).out == target.read_text("utf-8")
    assert as_json(kb, "changes", home=other) == as_json(kb, "changes", home=home)


def test_json_holds_direction_marks_only_escaped(kb: Run, home: Path, tmp_path: Path) -> None:
    title = "Add \u202egpj.exe\u200f \x1b[31m (#1)"
    kb("ingest", repository(tmp_path / "relay", title), home=home)
    for words in (("changes",), ("show", "1"), ("search", "gpj"), ("export",)):
        flags = () if words == ("export",) else ("--json",)
        out = kb(*words, *flags, home=home).out
        assert not set(out) & set("\u202e\u200f\x1b")
    assert "\u200f" in as_json(kb, "show", "1", home=home)["title"]


def test_what_was_embedded_and_not_shown_is_shown_by_the_next_run(
    kb: Run, home: Path, tmp_path: Path
) -> None:
    clone = repository(tmp_path / "relay", "Add the relay (#1)")
    kb("ingest", clone, home=home)
    path = manifest.folder(home, 1) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"last_serial": 0}))
    kb("ingest", clone, home=home)
    assert manifest.current(home) == 2
    kb("ingest", clone, home=home)
    assert manifest.current(home) == 2


def test_a_search_reads_again_where_its_generation_was_swapped_away(
    writable_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    really = vector_index.open_index

    def gone_once(settings: Any, generation: int, engine: str) -> Any:
        opened.append(generation)
        if len(opened) == 1:
            folder = manifest.folder(writable_home, generation)
            folder.rename(manifest.folder(writable_home, generation + 1))
            manifest.swap(writable_home, generation + 1)
        return really(settings, generation, engine)

    monkeypatch.setattr(vector_index, "open_index", gone_once)
    with KnowledgeBase.open(writable_home) as knowledge:
        assert knowledge.search("cache", mode="dense").hits
    assert opened == [opened[0], opened[0] + 1]


def test_a_search_of_a_lost_generation_is_an_error(writable_home: Path) -> None:
    generation = manifest.current(writable_home)
    folder = manifest.folder(writable_home, generation)
    folder.rename(folder.with_name("lost"))
    with KnowledgeBase.open(writable_home) as knowledge, pytest.raises(StoreError):
        knowledge.search("cache", mode="dense")


def test_a_number_names_its_owner_where_a_later_change_carries_it_too(
    kb: Run, home: Path, tmp_path: Path
) -> None:
    clone = repository(tmp_path / "relay", "Add the relay (#9)", "Press the relay again (#9)")
    kb("ingest", clone, "--repo", "acme/relay", home=home)
    for name in ("9", "#9", "https://github.com/acme/relay/pull/9"):
        assert as_json(kb, "show", name, home=home)["title"] == "Add the relay (#9)"
    later = as_json(kb, "changes", home=home)["changes"][0]
    assert later["id"] == f"acme/relay@{later['sha']}"
    shown = kb("show", later["sha"][:8], home=home).out
    assert shown.startswith(f"acme/relay@{later['sha'][:8]}  Press the relay again (#9)")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_titles_of_a_ledger_stand_below_each_other(kb: Run, sample_home: Path, lang: str) -> None:
    lines = kb("changes", "--lang", lang, home=sample_home).out.splitlines()[:-1]
    places = set()
    for line, change in zip(
        lines, as_json(kb, "changes", home=sample_home)["changes"], strict=True
    ):
        before = line[: line.index(change["title"])].rstrip()
        before = before[: before.rindex(" ")]  # without the number
        places.add(len(before) + sum(char > "\u2e80" for char in before))
    assert len(places) == 1


@pytest.mark.parametrize("words", [("changes",), ("export",), ("status", "--json")])
def test_a_reader_that_goes_away_is_no_failure(sample_home: Path, words: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli.main", *words, "--home", str(sample_home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()  # as `head` does
    process.stdout = None
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_an_interruption_inside_exec_ends_with_130_too(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(
        "from ui.cli import main\n"
        "main.kb.main = lambda **_: exec('raise KeyboardInterrupt')\n"
        "main.main()\n"
    )
    path = os.pathsep.join((str(tmp_path), *sys.path))
    ran = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (130, "interrupted; what was done is kept\n")


@pytest.mark.parametrize("read", ["ui.cli.main", "click"])
def test_an_interruption_while_the_command_line_is_read_ends_in_a_word(
    home: Path, read: str
) -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it\n"
        "class Interruption:\n"
        "    def find_spec(name, path=None, target=None):\n"
        f"        if name == {read!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interruption)\n"
        f"sys.argv = ['kb', 'status', '--home', {str(home)!r}]\n"
        "from ui.start import main\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "interrupted\n")


def test_an_interruption_of_a_whole_pipe_ends_with_130_too() -> None:
    reader, writer = os.pipe()
    os.close(reader)  # `kb ... | less`: an interruption ends both
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ui.cli.main import _end_as_interrupted\nprint('a line')\n_end_as_interrupted()",
        ],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
        text=True,
        timeout=60,
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (130, "")


@pytest.mark.slow
def test_an_interrupted_ingest_ends_with_130_and_goes_on(
    kb: Run, home: Path, tmp_path: Path
) -> None:
    clone = repository(tmp_path / "relay", *(f"Step{i} of the relay (#{i})" for i in range(1, 31)))
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli.main", "ingest", str(clone)],
        env=os.environ | {"KB_HOME": str(home)},
        stderr=subprocess.PIPE,
        text=True,
        # Tests that a shell runs in the background ignore SIGINT, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for _ in range(400):
        if (home / "archive.sqlite3").exists():
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert kb("ingest", clone, home=home).status == 0
    whole = tmp_path / "whole"
    kb("ingest", clone, home=whole)
    assert kb("export", home=home).out == kb("export", home=whole).out
    assert as_json(kb, "status", home=home)["repos"][0]["pending"] == 0
