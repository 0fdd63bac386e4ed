"""Bad input: one sentence and a hint on stderr, exit 2, nothing on stdout, nothing written."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from kb.errors import UsageError
from kb.store import manifest
from ui.cli.show import only

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase

Run = Callable[..., Any]


def refused(ran: Any, *words: str) -> None:
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert "\nhint:  " in ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "relay"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "relay.py").write_text("def relay(): ...\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Add the relay (#1)")
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--branch", "-x"), "is no branch"),
        (("--branch", "nowhere"), "no branch 'nowhere'"),
        (("--repo", "relay"), "not of the form owner/name"),
        (("--repo", "../relay"), "not of the form owner/name"),
        (("--repo", "acme/.."), "not of the form owner/name"),
        (("--tz", "Mars/Phobos"), "unknown time zone"),
        (("--since", "soon"), "not a date or time"),
        (("--since", "2026-02-02", "--until", "2026-02-01"), "the period is empty"),
    ],
)
def test_wrong_words_of_an_ingest_are_refused(
    kb: Run, home: Path, clone: Path, words: tuple[str, ...], said: str
) -> None:
    refused(kb("ingest", clone, *words, home=home), said)
    assert not home.exists()


def test_an_empty_word_is_no_folder(kb: Run, home: Path) -> None:
    refused(kb("ingest", "", home=home), "give one source")
    assert not home.exists()


@pytest.mark.parametrize(
    "content", [b"hello\n", b'{"a": 1}\n', b"\xfe\x00\xff", b"", b'{"repo": "../../x"}\n']
)
def test_a_file_that_holds_no_changes_is_refused(
    kb: Run, home: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "changes.jsonl"
    path.write_bytes(content)
    refused(kb("ingest", path, home=home))
    assert not home.exists()


def test_a_recorded_repository_cannot_name_a_folder_above_the_home(
    kb: Run, home: Path, tmp_path: Path, sample_path: Path
) -> None:
    row = json.loads(sample_path.read_text("utf-8").splitlines()[1]) | {"repo": "x/.."}
    row.pop("id", None)
    path = tmp_path / "changes.jsonl"
    path.write_text(json.dumps(row) + "\n", "utf-8")
    refused(kb("ingest", path, home=home), "not of the form owner/name")


@pytest.mark.parametrize(
    "words",
    [
        ("search", "x"),
        ("changes",),
        ("report",),
        ("show", "1"),
        ("export",),
        ("update",),
        ("ingest", "--all"),
        ("reindex",),
        ("analyze",),
        ("forget", "acme/relay"),
    ],
)
def test_without_anything_indexed_a_command_says_so_and_writes_nothing(
    kb: Run, home: Path, words: tuple[str, ...]
) -> None:
    refused(kb(*words, home=home), "nothing is indexed")
    assert not home.exists()


@pytest.mark.parametrize("command", [("ui",), ("mcp", "--http")])
def test_a_port_that_is_taken_is_named(kb: Run, home: Path, command: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        refused(kb(*command, "--port", port, home=home), f"port {port} is taken")


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_home_that_is_a_file_is_named(kb: Run, tmp_path: Path, clone: Path, below: str) -> None:
    (tmp_path / "file").write_text("hi")
    home = tmp_path / "file" / below
    for words in (("ingest", clone), ("search", "x"), ("status",), ("reindex",)):
        refused(kb(*words, home=home), "is a file, not a folder")


@pytest.mark.parametrize(
    "words",
    [
        ("search", "cache", "--repo", "lanternworks/embers"),
        ("search", "cache repo:lanternworks/embers"),
        ("changes", "--repo", "lanternworks/embers"),
        ("report", "--repo", "lanternworks/embers"),
        ("risks", "--repo", "lanternworks/embers"),
        ("ask", "what is new?", "--repo", "lanternworks/embers"),
        ("export", "--repo", "lanternworks/embers"),
    ],
)
def test_a_repository_that_is_not_indexed_is_no_empty_answer(
    kb: Run, sample_home: Path, words: tuple[str, ...]
) -> None:
    refused(kb(*words, home=sample_home), "lanternworks/embers", "kb sources")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search", "since:2026-02-02 until:2026-02-01"), "the period is empty"),
        (("search", "cache until:2026-02-01", "--since", "2026-02-02"), "the period is empty"),
        (("search", "importance:>11"), "importance goes from 0 to 10"),
        (("changes", "--since", ""), "not a date or time: ''"),
        (("report", "--as-of", ""), "not a date or time: ''"),
        (("search", "cache", "-spill"), '"WORDS -WORD"'),
        (("search", "cache", "--limt", "3"), "no such option '--limt'"),
        (("search", "cache", "-n", "0"), "-n"),
        (("changes", "surplus"), "unexpected extra argument (surplus)"),
        (("ask", " "), "nothing is asked"),
        (("report", "topic", ""), "a topic report takes words"),
        (("nonsense",), "no such command 'nonsense'"),
        (("ingest", "--all", "--since", "2026-01-01"), "--all"),
        (("eval", "nowhere.jsonl"), "cannot read nowhere.jsonl: No such file"),
    ],
)
def test_wrong_words_are_refused(
    kb: Run, sample_home: Path, words: tuple[str, ...], said: str
) -> None:
    refused(kb(*words, home=sample_home), said)


def test_wrong_usage_is_said_in_chinese_too(kb: Run, sample_home: Path) -> None:
    ran = kb("search", "cache", "-spill", "--lang", "zh", home=sample_home)
    assert "error: 没有选项 '-s'" in ran.err
    assert "用来排除一个词" in ran.err


@pytest.mark.parametrize("content", ["{}", "[]", '{"id": 1}\n{"id": 2}\n', None])
def test_what_is_no_saved_evaluation_is_said_before_the_questions_are_asked(
    kb: Run, sample_home: Path, tmp_path: Path, content: str | None
) -> None:
    questions, saved = tmp_path / "q.jsonl", tmp_path / "run.json"
    questions.write_text('{"id": "a", "query": "cache", "relevant": [1212]}\n')
    if content is not None:
        saved.write_text(content)
    refused(kb("eval", questions, "--compare", saved, home=sample_home), "kb eval")


def test_a_full_disk_is_said_with_the_file(kb: Run, sample_home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "ui.cli.main", "changes", "--home", str(sample_home)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: the disk is full\nhint:  ")


def test_an_unknown_repository_cannot_be_forgotten(kb: Run, sample_home: Path) -> None:
    refused(kb("forget", "nobody/nothing", home=sample_home), "nobody/nothing")


@pytest.mark.parametrize("content", [b"\x00" * 9000, b"SQLite format 3\x00" + b"\xfe" * 9000])
def test_a_damaged_archive_is_named(kb: Run, home: Path, clone: Path, content: bytes) -> None:
    home.mkdir()
    (home / "archive.sqlite3").write_bytes(content)
    for words in (("status",), ("search", "x"), ("changes",), ("ingest", clone), ("reindex",)):
        refused(kb(*words, home=home), "archive.sqlite3")


def test_an_archive_cut_short_is_named(kb: Run, writable_home: Path) -> None:
    archive = writable_home / "archive.sqlite3"
    archive.write_bytes(archive.read_bytes()[:20_000])
    for words in (("status",), ("search", "cache"), ("changes",)):
        refused(kb(*words, home=writable_home), "damaged")


def of_another_model(home: Path) -> None:
    generation = manifest.current(home)
    path = manifest.folder(home, generation) / "manifest.json"
    found = json.loads(path.read_text()) | {"embedder": "another@1"}
    path.write_text(json.dumps(found))


def test_an_index_of_another_model_is_neither_searched_nor_extended(
    kb: Run, writable_home: Path, clone: Path
) -> None:
    of_another_model(writable_home)
    before = manifest.current(writable_home)
    for words in (("search", "cache"), ("ingest", clone), ("show", "1212")):
        refused(kb(*words, home=writable_home), "another@1", "kb reindex")
    assert manifest.current(writable_home) == before
    assert kb("reindex", home=writable_home).status == 0
    assert kb("search", "cache", home=writable_home).status == 0


@pytest.mark.parametrize("name", ["report.md", "report.html", "report.json", "report.pdf"])
def test_a_report_into_a_missing_folder_is_refused_in_a_sentence(
    kb: Run, sample_home: Path, tmp_path: Path, name: str
) -> None:
    target = tmp_path / "missing" / name
    refused(kb("report", "-o", target, home=sample_home), "there is no folder", "mkdir -p")


def test_a_report_of_an_unknown_kind_of_file_is_refused(
    kb: Run, sample_home: Path, tmp_path: Path
) -> None:
    refused(kb("report", "-o", tmp_path / "report.docx", home=sample_home), ".docx")
    assert not (tmp_path / "report.docx").exists()


def test_an_export_into_a_missing_folder_is_refused_in_a_sentence(
    kb: Run, sample_home: Path, tmp_path: Path
) -> None:
    refused(kb("export", "-o", tmp_path / "no" / "x.jsonl", home=sample_home), "there is no folder")


def test_the_same_clone_under_another_name_is_refused(kb: Run, home: Path, clone: Path) -> None:
    assert kb("ingest", clone, "--repo", "acme/relay", home=home).status == 0
    refused(kb("ingest", clone, "--repo", "other/relay", home=home), "acme/relay", "kb forget")


def test_an_error_is_said_in_the_language_that_was_asked_for(
    kb: Run, sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = kb("search", "importance:>nonsense", "--lang", "zh", home=sample_home)
    assert ran.status == 2
    assert "error: 重要度只能是下限：>nonsense" in ran.err
    assert "error: importance must be" in kb("search", "importance:>nonsense", home=sample_home).err
    monkeypatch.setenv("KB_LANG", "zh")
    assert "没有变更 '99999'" in kb("show", "99999", home=sample_home).err


@pytest.mark.parametrize("flag", [("--config", "chinese.toml"), ("--config=chinese.toml",)])
def test_an_error_is_said_in_the_language_of_the_settings_that_were_named(
    kb: Run, sample_home: Path, tmp_path: Path, flag: tuple[str, ...]
) -> None:
    (tmp_path / "chinese.toml").write_text('lang = "zh"\n')
    assert "没有变更 '99999'" in kb(*flag, "show", "99999", home=sample_home).err
    assert "没有变更 '99999'" in kb("show", "99999", *flag, home=sample_home).err
    both = kb("report", "decade", *flag, "--lang", "zh", "--lang", "en", home=sample_home)
    assert "unknown report 'decade'" in both.err


def test_a_period_without_its_kind_is_not_looked_for_as_words(kb: Run, sample_home: Path) -> None:
    ran = kb("risks", "2026-W44", home=sample_home)
    assert ran.status == 2
    assert "2026-W44 is a period" in ran.err
    assert "kb risks week" in ran.err
    assert "2026-W44 是时段" in kb("risks", "2026-W44", "--lang", "zh", home=sample_home).err


def test_an_update_tells_what_failed_in_the_language_of_the_settings(
    kb: Run, home: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kb("ingest", clone, home=home)
    clone.rename(clone.with_name("elsewhere"))
    monkeypatch.setenv("KB_LANG", "zh")
    ran = kb("update", home=home)
    assert ran.status == 2
    assert "error: local/relay: 没有这个文件夹" in ran.err


def test_a_number_that_two_repositories_carry_is_refused() -> None:
    class Found:
        def resolve(self, reference: str, repo: str | None) -> list[str]:
            return ["acme/relay#12", "acme/valve@12ab"]

    with pytest.raises(UsageError, match="names 2 changes"):
        only(cast("KnowledgeBase", Found()), "12", None)


def test_a_file_that_cannot_be_made_is_named_as_it_was_given(kb: Run, sample_home: Path) -> None:
    too_long = "x" * 300 + ".jsonl"
    refused(kb("export", "-o", too_long, home=sample_home), f"cannot write {too_long}")
