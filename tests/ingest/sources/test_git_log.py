"""A local clone as a source of changes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import git_process
from ingest.sources.git_log import GitSource, folder_name, remote_repository
from ingest.sources.interface import Bounds, Checkpoint, Identity, Known
from kb.errors import SourceError
from kb.types import Change, SilentObserver

NOTHING, ALWAYS = Known(), Bounds()


def read(
    path: Path, known: Known = NOTHING, bounds: Bounds = ALWAYS, **options: Any
) -> list[Change]:
    source = GitSource(path, repo="acme/relay", **options)
    told = source.read(known, bounds, SilentObserver()).changes
    items = [item for item in told if not isinstance(item, Checkpoint)]
    assert all(isinstance(item, Change) for item in items)
    return items  # type: ignore[return-value]


def test_a_commit_is_a_change_with_its_diff(clone: Any) -> None:
    sha = clone.commit("Add the relay (#1)\n\nIt forwards messages.\n", {"src/relay.py": "a = 1\n"})
    (change,) = read(clone.path)
    assert (change.id, change.sha, change.number) == ("acme/relay#1", sha, 1)
    assert (change.title, change.author) == ("Add the relay (#1)", "Ada")
    assert change.body == "It forwards messages."
    assert change.described
    assert change.merged_at == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert change.url == "https://github.com/acme/relay/pull/1"
    (file,) = change.files
    assert (file.path, file.status, file.additions, file.patch) == (
        "src/relay.py",
        "added",
        1,
        "@@ -0,0 +1 @@\n+a = 1",
    )


def test_trailers_alone_are_no_description(clone: Any) -> None:
    clone.commit("Fix (#2)\n\n* one\n* two\n\nSigned-off-by: Ada <a@x>\nCo-authored-by: B <b@x>\n")
    assert not read(clone.path)[0].described


def test_changes_come_newest_first_and_what_is_known_is_left_out(clone: Any) -> None:
    for number in range(1, 5):
        clone.commit(f"Change (#{number})", {"a.txt": str(number)})
    changes = read(clone.path)
    assert [change.number for change in changes] == [4, 3, 2, 1]
    known = Known(fingerprints={change.id: change.fingerprint for change in changes[1:]})
    assert [change.number for change in read(clone.path, known)] == [4]
    reading = GitSource(clone.path, repo="acme/relay").read(known, Bounds(), SilentObserver())
    assert (reading.total, reading.unchanged) == (1, 3)


def test_a_change_whose_last_reading_failed_is_read_again(clone: Any) -> None:
    clone.commit("Change (#1)")
    (change,) = read(clone.path)
    known = Known(fingerprints={change.id: change.fingerprint}, failed=frozenset({change.id}))
    assert read(clone.path, known) == [change]


def test_a_change_that_a_host_renumbered_is_known_by_its_sha(clone: Any) -> None:
    sha = clone.commit("Direct push")
    assert read(clone.path, Known(shas={sha: "acme/relay#7"})) == []


def test_bounds_are_half_open_and_on_committer_time(clone: Any) -> None:
    for number in range(1, 4):
        clone.commit(f"Change (#{number})", env={"GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z"})
    start = datetime(2026, 1, 1, tzinfo=UTC)
    bounds = Bounds(start + timedelta(hours=2), start + timedelta(hours=3))
    assert [change.number for change in read(clone.path, bounds=bounds)] == [2]


def test_a_commit_older_than_its_parent_hides_nothing(clone: Any) -> None:
    clone.commit("First (#1)", at=2_000_000_000)
    clone.commit("Clock was wrong (#2)", at=1_000_000_000)
    clone.commit("Third (#3)", at=2_000_000_100)
    bounds = Bounds(since=datetime(2030, 1, 1, tzinfo=UTC))
    assert [change.number for change in read(clone.path, bounds=bounds)] == [3, 1]


def test_a_merge_is_read_against_its_first_parent_and_claims_its_branch(clone: Any) -> None:
    clone.commit("Start (#1)", {"a.txt": "a\n"})
    clone.switch("work", new=True)
    inside = clone.commit("wip", {"b.txt": "b\n"}, author="Barbara")
    clone.switch("main")
    clone.commit("Meanwhile (#2)", {"c.txt": "c\n"})
    clone.merge("work", "Merge pull request #3 from barbara/work\n\nAdd b\n\nBecause.")
    merge, *others = read(clone.path)
    assert (merge.id, merge.title, merge.author, merge.body) == (
        "acme/relay#3",
        "Add b",
        "Barbara",
        "Because.",
    )
    assert [file.path for file in merge.files] == ["b.txt"]
    assert [commit.sha for commit in merge.commits] == [inside]
    assert [change.id for change in others] == ["acme/relay#2", "acme/relay#1"]


def test_a_merge_inside_the_bounds_claims_its_older_commits(clone: Any) -> None:
    clone.commit("Start (#1)", {"a.txt": "a\n"})
    clone.switch("work", new=True)
    clone.commit("old work", {"b.txt": "b\n"})
    clone.switch("main")
    clone.merge("work", "Merge pull request #2 from x/work\n\nWork")
    bounds = Bounds(since=datetime(2026, 1, 1, 3, tzinfo=UTC))
    (merge,) = read(clone.path, bounds=bounds)
    assert len(merge.commits) == 1


def test_renames_modes_links_and_submodules_are_files(
    clone: Any, make_clone: Callable[..., Any]
) -> None:
    lines = "".join(f"line {number}\n" for number in range(20))
    clone.commit("Start", {"old.py": lines, "run.sh": "echo\n"})
    clone.git("mv", "old.py", "new.py")
    (clone.path / "run.sh").chmod(0o755)
    (clone.path / "link").symlink_to("new.py")
    clone.commit("Move (#2)", {"new.py": lines + "more\n"})
    library = make_clone("library")
    library.commit("Lib", {"l.c": "int x;\n"})
    clone.git("submodule", "--quiet", "add", str(library.path), "deps/lib")
    clone.commit("Add lib (#3)")
    submodule, move, _ = read(clone.path)
    files = {file.path: file for file in move.files}
    assert (files["new.py"].status, files["new.py"].previous_path) == ("renamed", "old.py")
    assert (files["run.sh"].status, files["run.sh"].patch) == ("modified", None)
    assert files["link"].status == "added"
    assert {file.path: file.status for file in submodule.files}["deps/lib"] == "submodule"


def test_strange_commits_are_read(clone: Any) -> None:
    clone.commit("", {"empty-message.txt": "x\n"})
    clone.commit("\x1b[31mred\x1b[0m \u202eevil (#2)", {"b.bin": b"\0\1\2" * 50})
    clone.commit("Year 9999 (#3)", {"c.txt": "c"}, env={"GIT_AUTHOR_DATE": "@253402300799 +0000"})
    clone.commit("One long line (#4)", {"d.txt": "x" * 5_000_000})
    clone.commit("Many files (#5)", {f"many/{number}.txt": "x\n" for number in range(3500)})
    clone.commit("No UTF-8 (#6)", {"e.txt": b"caf\xe9\n", "päth with space\t.txt": "y\n"})
    changes = {change.number: change for change in read(clone.path)}
    assert len(changes) == 6
    assert changes[None].title == ""
    (binary,) = changes[2].files
    assert (binary.binary, binary.seen, binary.reason, binary.patch) == (
        True,
        False,
        "binary",
        None,
    )
    assert changes[3].merged_at.year == 2026
    assert changes[4].files[0].additions == 1
    assert len(changes[5].files) == 3500
    latin, odd = changes[6].files
    assert latin.patch == "@@ -0,0 +1 @@\n+caf\ufffd"
    assert odd.path == "päth with space\t.txt"


def test_a_message_that_is_no_utf8_is_read(clone: Any) -> None:
    clone.commit("Start")
    tree = clone.git("rev-parse", "HEAD^{tree}")
    raw = f"tree {tree}\nauthor A <a@x> 1767225600 +0000\ncommitter A <a@x> 1767225600 +0000\n\n"
    body = raw.encode() + b"caf\xe9 (#9)\n"
    sha = clone.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=body)
    clone.git("update-ref", "refs/heads/main", sha)
    assert read(clone.path)[0].title == "caf\ufffd (#9)"


def test_the_users_settings_change_nothing(clone: Any, tmp_path: Path, monkeypatch: Any) -> None:
    clone.commit("Start (#1)", {"a.py": "one\n"})
    clone.commit("Change (#2)", {"a.py": "two\n", ".gitattributes": "*.py -diff\n"})
    before = read(clone.path)
    traps = {
        "diff.noprefix": "true",
        "diff.external": "/bin/false",
        "diff.context": "0",
        "color.ui": "always",
        "log.showSignature": "true",
        "gpg.program": "/bin/false",
        "core.pager": "/bin/false",
        "diff.orderFile": "/nowhere",
        "log.date": "raw",
        "format.pretty": "oneline",
        "diff.algorithm": "patience",
        "core.fsmonitor": "/bin/false",
        "diff.renames": "false",
    }
    for key, value in traps.items():
        clone.git("config", key, value)
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "/bin/false")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_PAGER", "/bin/false")
    assert read(clone.path) == before
    assert before[0].files[1].patch is not None


@pytest.mark.parametrize("ref", ["--output=F", "-x", "--upload-pack=touch F", " "])
def test_a_ref_is_never_an_option(clone: Any, ref: str) -> None:
    clone.commit("Start")
    with pytest.raises(SourceError):
        GitSource(clone.path, branch=ref).tip()
    assert not list(clone.path.glob("F*"))


def test_a_branch_and_a_tag_may_bear_hostile_names(clone: Any) -> None:
    sha = clone.commit("Start")
    clone.git("update-ref", "refs/heads/--output=F", sha)
    clone.git("update-ref", "refs/tags/HEAD", sha)
    assert read(clone.path)[0].sha == sha


def test_another_branch_is_read_when_asked_for(clone: Any) -> None:
    clone.commit("Start (#1)")
    clone.switch("release", new=True)
    clone.commit("Backport (#2)")
    clone.switch("main")
    assert [change.number for change in read(clone.path)] == [1]
    assert [change.number for change in read(clone.path, branch="release")] == [2, 1]
    with pytest.raises(SourceError, match="no branch 'nope'") as caught:
        read(clone.path, branch="nope")
    assert "main" in caught.value.hint


def test_an_empty_repository_has_no_changes(clone: Any) -> None:
    source = GitSource(clone.path, repo="acme/relay")
    assert source.tip() is None
    assert list(source.read(Known(), Bounds(), SilentObserver()).changes) == []


@pytest.mark.parametrize("make", ["nothing", "folder", "file"])
def test_what_is_no_repository_is_said_so(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x"
    if make == "folder":
        path.mkdir()
    elif make == "file":
        path.write_text("x")
    with pytest.raises(SourceError) as caught:
        GitSource(path).identify()
    assert caught.value.hint


def test_bare_shallow_and_worktree_clones_are_read(clone: Any, tmp_path: Path) -> None:
    for number in range(1, 4):
        clone.commit(f"Change (#{number})", {"a.txt": str(number)})
    expected = [change.id for change in read(clone.path)]
    clone.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    (tmp_path / "bare.git" / "config").unlink()
    assert [change.id for change in read(tmp_path / "bare.git")] == expected
    clone.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    assert [change.id for change in read(tmp_path / "tree")] == expected
    (clone.path / "below").mkdir()
    assert [change.id for change in read(clone.path / "below")] == expected
    clone.git("clone", "-q", "--depth=2", f"file://{clone.path}", str(tmp_path / "shallow"))
    shallow = GitSource(tmp_path / "shallow", repo="acme/relay")
    assert any("shallow" in note for note in shallow.identify().notes)
    assert [change.id for change in read(tmp_path / "shallow")] == expected[:2]


# --- what a clone lacks ---------------------------------------------------------------------------


def test_a_partial_clone_says_that_diffs_are_missing(clone: Any, tmp_path: Path) -> None:
    clone.commit("Change (#1)", {"a.txt": "1"})
    clone.git("config", "uploadpack.allowFilter", "true")
    partial, tree = tmp_path / "partial.git", tmp_path / "tree"
    clone.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{clone.path}", str(partial))
    clone.git(f"--git-dir={partial}", "worktree", "add", "-q", "--no-checkout", str(tree))
    for path, partly in ((partial, True), (tree, True), (clone.path, False)):
        notes = GitSource(path, repo="acme/relay").identify().notes
        assert any("partial clone" in note for note in notes) == partly
    assert [file.reason for change in read(partial) for file in change.files] == ["missing object"]


def drop_blob(clone: Any, spec: str) -> None:
    blob = clone.git("rev-parse", spec)
    (clone.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()


def test_missing_objects_cost_only_their_own_diffs(clone: Any) -> None:
    for number in range(1, 31):
        clone.commit(
            f"Change (#{number})", {f"{number}.txt": f"{number}\n", "both.txt": f"both {number}\n"}
        )
    before = {change.number: change for change in read(clone.path)}
    drop_blob(clone, "HEAD~9:both.txt")
    after = {change.number: change for change in read(clone.path)}
    assert after.keys() == before.keys()
    harmed = [number for number in after if after[number].files != before[number].files]
    assert sorted(filter(None, harmed)) == [21, 22]
    for number in harmed:
        files = {file.path: file for file in after[number].files}
        assert (files["both.txt"].seen, files["both.txt"].reason) == (False, "missing object")
        assert files[f"{number}.txt"] == {f.path: f for f in before[number].files}[f"{number}.txt"]


def test_a_partial_clone_fetches_nothing_and_loses_only_diffs(clone: Any, tmp_path: Path) -> None:
    for number in range(1, 6):
        clone.commit(f"Change (#{number})", {"a.txt": f"{number}\n"})
    clone.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    clone.git(
        *("clone", "-q", "--no-checkout", "--filter=blob:none"),
        f"file://{clone.path}",
        str(partial),
    )
    size = sum(path.stat().st_size for path in (partial / ".git" / "objects").rglob("*"))
    changes = read(partial)
    assert [change.number for change in changes] == [5, 4, 3, 2, 1]
    assert {file.reason for change in changes for file in change.files} == {"missing object"}
    assert [change.files[0].path for change in changes] == ["a.txt"] * 5
    assert sum(p.stat().st_size for p in (partial / ".git" / "objects").rglob("*")) == size


def test_a_missing_tree_is_recorded(clone: Any) -> None:
    clone.commit("Start (#1)", {"a/b.txt": "1\n"})
    clone.commit("Change (#2)", {"a/b.txt": "2\n"})
    clone.commit("Other (#3)", {"c.txt": "3\n"})
    drop_blob(clone, "HEAD~1:a")
    changes = {change.number: change for change in read(clone.path)}
    assert len(changes) == 3
    assert not changes[2].files[0].seen


def test_a_git_that_stays_silent_is_stopped(clone: Any, monkeypatch: Any, tmp_path: Path) -> None:
    clone.commit("Start")
    real = shutil.which("git")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\ncase "$*" in *" log "*) sleep 60;; *) exec {real} "$@";; esac\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git_process, "LIMIT_S", 0.3)
    with pytest.raises(SourceError, match="said nothing"):
        read(clone.path)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remote", "found"),
    [
        ("https://github.com/acme/relay.git", ("github.com", "acme/relay")),
        ("https://user:secret@github.com/acme/relay", ("github.com", "acme/relay")),
        ("git@github.com:acme/relay.git", ("github.com", "acme/relay")),
        ("ssh://git@github.com:22/acme/relay.git/", ("github.com", "acme/relay")),
        ("https://gitlab.com/group/sub/relay.git", ("gitlab.com", "sub/relay")),
        ("/srv/git/relay.git", ("", None)),
        ("../relay", ("", None)),
        ("", ("", None)),
    ],
)
def test_a_remote_names_the_repository(remote: str, found: tuple[str, str | None]) -> None:
    assert remote_repository(remote) == found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/x/relay", "relay"),
        ("/x/relay/repo", "relay"),
        ("/x/relay/.git", "relay"),
        ("/a b/c.git", "a-b"),
    ],
)
def test_a_folder_names_what_no_remote_names(path: str, name: str) -> None:
    assert folder_name(Path(path)) == name


def identify(path: Path, **options: Any) -> Identity:
    return GitSource(path, **options).identify()


def test_a_repository_is_named_by_flag_then_remote_then_folder(clone: Any) -> None:
    clone.commit("Start")
    local = identify(clone.path)
    assert (local.name, local.url) == ("local/relay", None)
    assert "--repo" in local.notes[0]
    clone.git("remote", "add", "origin", "https://gitlab.com/acme/mirror.git")
    assert (identify(clone.path).name, identify(clone.path).url) == ("acme/mirror", None)
    clone.git("remote", "set-url", "origin", "git@github.com:acme/relay.git")
    assert identify(clone.path).url == "https://github.com/acme/relay"
    named = identify(clone.path, repo="other/name")
    assert (named.name, named.url) == ("other/name", "https://github.com/other/name")
    assert GitSource(clone.path).identify("kept/name").name == "kept/name"


def test_a_local_repository_has_no_links(clone: Any) -> None:
    clone.commit("Start (#1)")
    source = GitSource(clone.path)
    change, _ = source.read(Known(), Bounds(), SilentObserver()).changes
    assert isinstance(change, Change)
    assert (change.id, change.url) == ("local/relay#1", None)


def test_reading_leaves_the_repository_as_it_was(clone: Any) -> None:
    clone.commit("Start", {"a.txt": "a\n"})
    before = subprocess.run(["ls", "-lR", "--full-time", clone.path], capture_output=True).stdout
    read(clone.path)
    after = subprocess.run(["ls", "-lR", "--full-time", clone.path], capture_output=True).stdout
    assert after == before
