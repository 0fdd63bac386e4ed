"""From GitHub into the archive: what stands there, what it cost, and what a kill leaves."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from github_data import Thread, repository_of
from github_run import run
from github_server import TOKEN, Fault, GithubServer, some_pulls

from kb.store.archive import Archive
from kb.types import Change, Filters

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    with GithubServer(pulls=some_pulls(30)) as server:
        yield server


def stored(home: Path) -> dict[str, Change]:
    with Archive.open(home, readonly=True) as archive:
        records = list(archive.iter_records(Filters()))
        return {r.id: r.change for r in records}


def facts(home: Path) -> dict[str, tuple[Any, ...]]:
    """What must be the same after any interruption."""
    with Archive.open(home, readonly=True) as archive:
        return {
            r.id: (r.change, r.digest, replace(r.analysis, analysed_at=None))
            for r in archive.iter_records(Filters())
        }


def test_a_clone_gives_the_diff_and_github_the_rest(server, home, tmp_path):
    clone = repository_of(list(server.pulls.values()), tmp_path / "clone.git")
    server.pulls[7].threads = [
        Thread("src/part_0.py", False, [("noor", "The lease is not renewed.")])
    ]
    result = run(home, server.url, clone)
    assert (result.new, result.failed) == (30, 0)
    assert server.count("GET") == 0
    change = stored(home)["acme/relay#7"]
    assert change.title == "Part 7: keep the lease of slow jobs (#7)"
    assert change.author == "Mira Lund"
    assert change.described
    assert change.body.startswith("## Motivation")
    assert change.labels == ("bug",)
    assert not change.reviews[0].resolved
    assert change.pull_request is not None
    assert change.pull_request.author == "mira"
    with Archive.open(home, readonly=True) as archive:
        (record,) = archive.records(["acme/relay#7"])
        assert "lease = 7" in archive.patches("acme/relay#7")["src/part_0.py"]
    assert "unresolved-review" in [risk.kind for risk in record.analysis.risks]
    assert record.digest.metrics == ("Latency falls by 8 %.",)
    assert "Motivation" not in record.digest.description


def test_both_ways_agree_on_identity_time_title_and_author(server, tmp_path):
    clone = repository_of(list(server.pulls.values()), tmp_path / "clone.git")
    run(tmp_path / "with", server.url, clone)
    run(tmp_path / "without", server.url)
    told = [
        {
            c.id: (c.number, c.sha, c.title, c.author, c.merged_at, c.url, c.body, c.labels)
            for c in stored(home).values()
        }
        for home in (tmp_path / "with", tmp_path / "without")
    ]
    assert told[0] == told[1]


def test_a_second_ingest_stores_nothing_anew(server, home):
    run(home, server.url)
    server.forget()
    result = run(home, server.url)
    assert (result.new, result.updated, result.unchanged) == (0, 0, 30)
    assert server.count() == 2
    server.update(4, labels=["security"])
    result = run(home, server.url)
    assert (result.new, result.updated, result.unchanged) == (0, 1, 29)
    assert stored(home)["acme/relay#4"].labels == ("security",)


def test_an_update_of_a_clone_with_nothing_new_asks_github_all_the_same(server, home, tmp_path):
    clone = repository_of(list(server.pulls.values()), tmp_path / "clone.git")
    run(home, server.url, clone)
    server.update(9, body="Late words.")
    result = run(home, server.url, clone)
    assert (result.new, result.updated) == (0, 1)
    assert stored(home)["acme/relay#9"].body == "Late words."


def test_a_change_that_fails_is_recorded_and_others_go_on(server, home):
    server.plan(Fault.status(451, on="/pulls/12/files"))
    assert run(home, server.url).failed == 1
    assert len(stored(home)) == 29
    result = run(home, server.url)
    assert (result.new, result.failed) == (1, 0)


def test_no_file_of_the_knowledge_base_holds_the_token(server, home, tmp_path, caplog):
    for name in ("", "github", "github.Requester", "urllib3"):
        caplog.set_level(logging.DEBUG, name)
    clone = repository_of(list(server.pulls.values()), tmp_path / "clone.git")
    echo = {"message": f"authorization: token {TOKEN}"}
    server.plan(Fault.status(400, echo, on="/pulls/8/files"), Fault.status(502, echo, after=3))
    run(home, server.url, clone)
    run(tmp_path / "other", server.url)
    files = [f for folder in (home, tmp_path / "other") for f in folder.rglob("*") if f.is_file()]
    assert files
    for file in files:
        raw = file.read_bytes()
        assert TOKEN.encode() not in raw, file
        assert b"authorization: token" not in raw.lower(), file
    assert TOKEN not in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize(("with_clone", "most"), [(True, 25), (False, 1_100)])
def test_a_thousand_pull_requests_cost_few_requests(
    server, home, tmp_path, monkeypatch, with_clone, most
):
    monkeypatch.setattr("ingest.sources.github_graphql.PAGE", 50)
    server.pulls = {pull.number: pull for pull in some_pulls(1_000)}
    clone = repository_of(list(server.pulls.values()), tmp_path / "c.git") if with_clone else None
    result = run(home, server.url, clone)
    print(
        f"\n1,000 pull requests, clone: {with_clone}: {server.count()} requests, {server.points} points"
    )
    assert result.new == 1_000
    assert all(change.described and change.files for change in stored(home).values())
    assert server.count() <= most
    server.forget()
    run(home, server.url, clone)
    assert server.count() == 2


@pytest.mark.slow
@pytest.mark.parametrize("with_clone", [False, True])
def test_kills_at_random_moments_leave_the_archive_of_an_undisturbed_run(
    server, tmp_path, with_clone
):
    server.pulls = {pull.number: pull for pull in some_pulls(150)}
    clone = repository_of(list(server.pulls.values()), tmp_path / "c.git") if with_clone else None
    run(tmp_path / "undisturbed", server.url, clone)
    killed = tmp_path / "killed"
    command = [
        sys.executable,
        str(ROOT / "tests" / "servers" / "github_run.py"),
        str(killed),
        server.url,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    moments, kills = random.Random(7), 0
    while kills < 15:
        # A pull request an hour old keeps every run busy: something is always new or changed.
        server.update(moments.randrange(1, 150), labels=[f"kill-{kills}"])
        process = subprocess.Popen(
            [*command, *([str(clone)] if clone else [])],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.4, 3.0))
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        kills += 1
    run(killed, server.url, clone)
    run(tmp_path / "undisturbed", server.url, clone)
    before, after = facts(tmp_path / "undisturbed"), facts(killed)
    assert before.keys() == after.keys()
    assert len(after) == 150
    for key, value in before.items():
        assert value == after[key], key
