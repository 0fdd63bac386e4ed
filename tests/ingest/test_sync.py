"""An ingest from a real clone into a real archive, with vectors and generations."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from stand_ins import HashEmbedder, UnbuiltChroma

from ingest.run import Run
from ingest.sources.git_log import GitSource
from ingest.sources.interface import Bounds, Checkpoint, Details, Failure, Known
from ingest.sources.jsonl import JsonlSource, dump_changes
from ingest.sync import IngestResult, ingest, sync
from kb.errors import LimitReached, Locked, SourceError, UsageError
from kb.settings import Settings
from kb.store import chroma_builder, manifest
from kb.store.archive import Archive
from kb.store.lock import writer_lock
from kb.types import Filters, PullRequest, SilentObserver

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Knowledge:
    home: Path
    embedder: HashEmbedder

    def ingest(
        self, path: Path, *, repo: str | None = "acme/relay", **options: Any
    ) -> IngestResult:
        source = GitSource(path, branch=options.pop("branch", None), repo=repo)
        return self.sync(source, **options)

    def sync(self, source: Any, **options: Any) -> IngestResult:
        with writer_lock(self.home), Archive.open(self.home) as archive:
            settings = Settings(home=self.home)
            return sync(archive, source, settings, self.embedder, SilentObserver(), **options)

    def titles(self) -> list[str]:
        with Archive.open(self.home, readonly=True) as archive:
            return [record.change.title for record in archive.select(Filters())]

    def facts(self) -> dict[str, tuple[Any, ...]]:
        """What must be the same after any interruption."""
        with Archive.open(self.home, readonly=True) as archive:
            return {
                record.id: (
                    record.change,
                    record.digest,
                    replace(record.analysis, analysed_at=None),
                )
                for record in archive.iter_records(Filters())
            }

    def vectors(self) -> dict[str, int]:
        return manifest.read(self.home, manifest.current(self.home)).vectors


@pytest.fixture
def chroma() -> None:
    """Asked for where the generation's Chroma matters: making one takes two child processes."""


@pytest.fixture
def knowledge(
    home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Knowledge:
    if "chroma" not in request.fixturenames:
        monkeypatch.setattr(chroma_builder, "ChromaBuilder", UnbuiltChroma)
    return Knowledge(home, HashEmbedder())


def fill(clone: Any, count: int, start: int = 1) -> None:
    for number in range(start, start + count):
        body = f"def relay_{number}(message):\n    # forward message {number} to the next hop\n"
        clone.commit(
            f"Add relay {number} (#{number})\n\nWhy {number}.", {f"src/r{number}.py": body}
        )


def test_a_clone_becomes_searchable(clone: Any, knowledge: Knowledge, chroma: None) -> None:
    fill(clone, 3)
    result = knowledge.ingest(clone.path)
    assert (result.repo, result.new, result.failed, result.stale) == ("acme/relay", 3, 0, 0)
    assert knowledge.titles() == ["Add relay 3 (#3)", "Add relay 2 (#2)", "Add relay 1 (#1)"]
    assert knowledge.vectors()["title"] == 3
    with Archive.open(knowledge.home, readonly=True) as archive:
        assert archive.patches("acme/relay#1").keys() == {"src/r1.py"}
        assert archive.coverage("acme/relay").pending == 0


def test_nothing_new_embeds_and_publishes_nothing(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 3)
    knowledge.ingest(clone.path)
    generation, encoded = manifest.current(knowledge.home), knowledge.embedder.encoded
    result = knowledge.ingest(clone.path)
    assert (result.new, result.updated, result.unchanged) == (0, 0, 3)
    assert manifest.current(knowledge.home) == generation
    assert knowledge.embedder.encoded == encoded


def test_only_what_is_new_is_read_and_embedded(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 3)
    knowledge.ingest(clone.path)
    encoded = knowledge.embedder.encoded
    fill(clone, 1, start=4)
    result = knowledge.ingest(clone.path)
    assert (result.new, result.unchanged) == (1, 3)
    assert knowledge.embedder.encoded - encoded <= 3
    assert len(knowledge.titles()) == 4


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What was asked of git's history, in turn: the tip alone, or what came since another one."""
    asked: list[tuple[str, ...]] = []
    walk = GitSource._graph

    def noting(source: GitSource, *tips: str) -> Any:
        asked.append(tips)
        return walk(source, *tips)

    monkeypatch.setattr(GitSource, "_graph", noting)
    return asked


def test_an_ingest_goes_on_from_the_last_one_as_if_all_was_read(
    clone: Any, knowledge: Knowledge, tmp_path: Path, walks: list[tuple[str, ...]]
) -> None:
    fill(clone, 4)
    clone.commit("Rest of the relays\n\nFollow-up of #2.")
    first = clone.git("rev-parse", "HEAD")
    knowledge.ingest(clone.path)
    clone.switch("work", new=True)
    own = clone.commit("Work on hops", {"src/hops.py": "HOPS = 1\n"})
    clone.switch("main")
    clone.commit('Revert "Rest of the relays" (#5)')
    tip = clone.merge("work", "Merge pull request #6 from ada/work\n\nHops")
    walks.clear()
    result = knowledge.ingest(clone.path)
    assert walks == [(tip, f"^{first}")]
    assert (result.new, result.unchanged, result.stale) == (2, 5, 0)
    whole = Knowledge(tmp_path / "whole", HashEmbedder())
    whole.ingest(clone.path)
    assert knowledge.facts() == whole.facts()
    facts = knowledge.facts()
    assert facts["acme/relay#5"][2].reverts == (f"acme/relay@{first}",)
    assert [commit.sha for commit in facts["acme/relay#6"][0].commits] == [own]
    assert knowledge.ingest(clone.path).unchanged == 7


def test_all_is_read_again_where_the_last_ingest_cannot_be_gone_on_from(
    clone: Any, knowledge: Knowledge, tmp_path: Path, walks: list[tuple[str, ...]]
) -> None:
    numbers = count(1)

    def ingested(changes: int, **options: Any) -> tuple[int, bool]:
        """How many are new, and whether all was read."""
        for _ in range(changes):
            fill(clone, 1, next(numbers))
        walks.clear()
        result = knowledge.ingest(clone.path, **options)
        return result.new, len(walks[-1]) == 1

    assert ingested(3) == (3, True)
    assert ingested(1) == (1, False)
    clone.git("reset", "-q", "--hard", "HEAD~2")
    assert ingested(1) == (1, True)
    assert len(knowledge.facts()) == 3
    assert ingested(1) == (1, False)
    later = datetime(2026, 2, 1, tzinfo=UTC)
    assert ingested(1, until=later) == (1, True)
    assert ingested(1) == (1, True)  # after a run that may not have seen the tip
    assert ingested(1) == (1, False)
    exported = tmp_path / "other.jsonl"
    exported.write_text("".join(dump_changes(fact[0] for fact in knowledge.facts().values())))
    knowledge.sync(JsonlSource(exported))
    assert ingested(1) == (1, True)  # another source tells of the same repository


def test_a_shallow_clone_is_read_whole_each_time(
    clone: Any, knowledge: Knowledge, tmp_path: Path, walks: list[tuple[str, ...]]
) -> None:
    fill(clone, 4)
    shallow = tmp_path / "shallow"
    clone.git("clone", "-q", "--depth=2", f"file://{clone.path}", str(shallow))
    assert knowledge.ingest(shallow).new == 2
    fill(clone, 1, start=5)
    subprocess.run(["git", "-C", shallow, "fetch", "-q", "--unshallow"], check=True)
    subprocess.run(["git", "-C", shallow, "reset", "-q", "--hard", "origin/main"], check=True)
    assert knowledge.ingest(shallow).new == 3


def test_a_clone_that_was_shallow_for_a_while_loses_nothing(
    clone: Any, knowledge: Knowledge, tmp_path: Path
) -> None:
    fill(clone, 4)
    place = tmp_path / "place"

    def ingested(*depth: str) -> IngestResult:
        """A build server's clone of now, at the same place as the one before."""
        shutil.rmtree(place, ignore_errors=True)
        clone.git("clone", "-q", *depth, f"file://{clone.path}", str(place))
        return knowledge.ingest(place)

    ingested()
    clone.commit("Between the clones")
    assert ingested("--depth=1").stale == 4
    clone.commit("After the clones")
    assert ingested().stale == 0
    whole = Knowledge(tmp_path / "whole", knowledge.embedder)
    whole.ingest(place)
    assert knowledge.facts().keys() == whole.facts().keys()


def test_a_graft_of_the_clone_changes_nothing(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 4)
    (clone.path / ".git" / "info").mkdir(exist_ok=True)
    (clone.path / ".git" / "info" / "grafts").write_text(clone.git("rev-parse", "HEAD~1"))
    assert knowledge.ingest(clone.path).new == 4


def test_commits_of_a_merge_that_is_gone_are_changes_of_their_own(
    clone: Any, knowledge: Knowledge
) -> None:
    fill(clone, 1)
    clone.switch("work", new=True)
    own = clone.commit("Work on hops", {"src/hops.py": "HOPS = 1\n"})
    clone.switch("main")
    clone.merge("work", "Merge pull request #2 from ada/work\n\nHops")
    knowledge.ingest(clone.path)
    clone.git("commit", "-q", "--amend", "-m", "Merge branch 'work'")
    result = knowledge.ingest(clone.path)
    assert (result.new, result.stale) == (1, 1)
    assert knowledge.facts().keys() == {"acme/relay#1", f"acme/relay@{own}"}


def test_commits_that_a_merge_claims_now_are_no_changes_of_their_own(
    clone: Any, knowledge: Knowledge
) -> None:
    fill(clone, 1)
    clone.switch("work", new=True)
    clone.commit("Work on hops", {"src/hops.py": "HOPS = 1\n"})
    clone.switch("main")
    clone.git("merge", "-q", "--ff-only", "work")
    knowledge.ingest(clone.path)
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.merge("work", "Merge pull request #2 from ada/work\n\nHops")
    result = knowledge.ingest(clone.path)
    assert (result.new, result.stale) == (1, 1)
    assert knowledge.facts().keys() == {"acme/relay#1", "acme/relay#2"}
    fill(clone, 1, start=3)
    assert knowledge.ingest(clone.path).stale == 1


def test_a_number_that_comes_back_to_a_commit_makes_no_second_change_of_it(
    clone: Any, knowledge: Knowledge
) -> None:
    clone.commit("Start")
    clone.switch("work", new=True)
    clone.commit("Older work (#5)", {"a.py": "a = 1\n"})
    clone.switch("main")
    clone.commit("Newer work (#5)", {"b.py": "b = 1\n"})
    clone.merge("work", "Merge branch 'work'")
    assert knowledge.ingest(clone.path).new == 3
    clone.git("reset", "-q", "--hard", "HEAD~1")
    knowledge.ingest(clone.path)
    assert knowledge.titles() == ["Newer work (#5)", "Start"]


def test_a_number_that_an_older_commit_takes_loses_no_change(
    clone: Any, knowledge: Knowledge
) -> None:
    clone.commit("Start")
    clone.switch("work", new=True)
    older = clone.commit("Older work (#5)", {"a.py": "a = 1\n"})
    clone.switch("main")
    newer = clone.commit("Newer work (#5)", {"b.py": "b = 1\n"})
    knowledge.ingest(clone.path)
    clone.merge("work", "Merge branch 'work'")
    knowledge.ingest(clone.path)
    facts = knowledge.facts()
    assert len(facts) == 3
    assert facts["acme/relay#5"][0].sha == older
    assert facts[f"acme/relay@{newer}"][0].title == "Newer work (#5)"


def test_an_outline_holds_no_secret(clone: Any, knowledge: Knowledge) -> None:
    secret = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
    clone.commit(f"Leak {secret} (#1)")
    knowledge.ingest(clone.path)
    with Archive.open(knowledge.home, readonly=True) as archive:
        (row,) = archive.outlines("acme/relay", "main")
        assert row.title == "Leak [redacted: github token] (#1)"


def test_an_empty_repository_is_no_error(clone: Any, knowledge: Knowledge) -> None:
    assert knowledge.ingest(clone.path).new == 0


def test_an_earlier_since_backfills_and_a_later_one_deletes_nothing(
    clone: Any, knowledge: Knowledge
) -> None:
    fill(clone, 6)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert knowledge.ingest(clone.path, since=start + timedelta(hours=4)).new == 3
    assert knowledge.ingest(clone.path).new == 0
    assert knowledge.ingest(clone.path, since=start + timedelta(hours=6)).new == 0
    assert knowledge.ingest(clone.path, since=start + timedelta(hours=2)).new == 2
    fill(clone, 1, start=7)
    assert knowledge.ingest(clone.path).new == 1
    assert len(knowledge.titles()) == 6
    with Archive.open(knowledge.home, readonly=True) as archive:
        assert archive.sources()[0].since == start + timedelta(hours=2)


def test_until_limits_one_run_only(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 4)
    until = datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert knowledge.ingest(clone.path, until=until).new == 2
    assert knowledge.ingest(clone.path).new == 2


def test_a_rewritten_history_leaves_stale_changes_unseen(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 2)
    clone.commit("Direct push")
    knowledge.ingest(clone.path)
    clone.git("reset", "-q", "--hard", "HEAD~2")
    fill(clone, 1, start=9)
    result = knowledge.ingest(clone.path)
    assert (result.new, result.stale) == (1, 2)
    assert knowledge.titles() == ["Add relay 9 (#9)", "Add relay 1 (#1)"]


def test_what_another_ingested_branch_reaches_is_not_stale(
    clone: Any, knowledge: Knowledge
) -> None:
    fill(clone, 2)
    clone.switch("release", new=True)
    clone.commit("Backport (#50)")
    knowledge.ingest(clone.path, branch="release")
    clone.switch("main")
    result = knowledge.ingest(clone.path)
    assert result.stale == 0
    assert len(knowledge.titles()) == 3


def test_an_amended_pull_request_is_updated_under_its_id(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 2)
    knowledge.ingest(clone.path)
    clone.write({"src/r2.py": "def better():\n    pass\n"})
    clone.git("commit", "-qa", "--amend", "-m", "Add a better relay (#2)")
    result = knowledge.ingest(clone.path)
    assert (result.new, result.updated, result.stale) == (0, 1, 0)
    assert knowledge.titles() == ["Add a better relay (#2)", "Add relay 1 (#1)"]


def test_the_same_place_under_another_name_is_refused(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 1)
    knowledge.ingest(clone.path)
    with pytest.raises(SourceError, match="is stored as acme/relay") as caught:
        knowledge.ingest(clone.path, repo="other/name")
    assert "kb forget" in caught.value.hint
    assert knowledge.ingest(clone.path, repo=None).repo == "acme/relay"


def test_a_name_in_other_letters_is_the_same_repository(
    clone: Any, knowledge: Knowledge, tmp_path: Path
) -> None:
    fill(clone, 1)
    knowledge.ingest(clone.path)
    clone.git("clone", "-q", str(clone.path), str(tmp_path / "other"))
    with pytest.raises(SourceError, match=r"Acme/Relay is stored as acme/relay"):
        knowledge.ingest(tmp_path / "other", repo="Acme/Relay")
    assert knowledge.ingest(tmp_path / "other").new == 0


def test_secrets_never_reach_the_archive(clone: Any, knowledge: Knowledge) -> None:
    secret = "ghp" + "_" + "aB3" * 12
    clone.commit(f"Use {secret} (#1)\n\n{secret}", {"a.py": f"key = '{secret}'\n"})
    clone.commit(f'Revert "Use {secret} (#1)" (#2)')  # what it reverts is told with these words
    knowledge.ingest(clone.path)
    assert knowledge.facts()["acme/relay#1"][2].reverted_by == ("acme/relay#2",)
    for path in knowledge.home.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes()
    with Archive.open(knowledge.home, readonly=True) as archive:
        assert "[redacted: github token]" in archive.patches("acme/relay#1")["a.py"]


def test_hidden_characters_in_titles_and_names_part_no_changes(
    clone: Any, knowledge: Knowledge, tmp_path: Path
) -> None:
    clone.commit("Relay \u202ehop", {"a.py": "A = 1\n"}, author="A\u202eda")
    knowledge.ingest(clone.path)
    for number in range(3):
        clone.commit(f"Relay hop {number}", {f"src/r{number}.py": "R = 1\n"}, author="A\u202eda")
    clone.commit('Revert "Relay \u202ehop" (#4)')
    knowledge.ingest(clone.path)
    whole = Knowledge(tmp_path / "whole", knowledge.embedder)
    whole.ingest(clone.path)
    found = {name: fact[2].series for name, fact in knowledge.facts().items()}
    assert found == {name: fact[2].series for name, fact in whole.facts().items()}
    (reverted,) = knowledge.facts()["acme/relay#4"][2].reverts
    assert knowledge.facts()[reverted][0].title == "Relay hop"


def test_reverts_are_linked_both_ways_in_any_order(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 1)
    knowledge.ingest(clone.path)
    clone.git("rm", "-q", "src/r1.py")
    clone.commit('Revert "Add relay 1 (#1)" (#2)')
    knowledge.ingest(clone.path)
    facts = knowledge.facts()
    assert facts["acme/relay#2"][2].reverts == ("acme/relay#1",)
    assert facts["acme/relay#1"][2].reverted_by == ("acme/relay#2",)


def test_a_revert_that_is_gone_from_history_is_gone_from_what_it_reverted(
    clone: Any, knowledge: Knowledge
) -> None:
    fill(clone, 2)
    clone.commit('Revert "Add relay 1 (#1)" (#3)')
    revert = clone.git("rev-parse", "HEAD")
    knowledge.ingest(clone.path)
    assert knowledge.facts()["acme/relay#1"][2].reverted_by == ("acme/relay#3",)
    clone.git("reset", "-q", "--hard", "HEAD~1")
    assert knowledge.ingest(clone.path).stale == 1
    assert knowledge.facts()["acme/relay#1"][2].reverted_by == ()
    clone.git("reset", "-q", "--hard", revert)
    assert knowledge.ingest(clone.path).stale == 0
    assert knowledge.facts()["acme/relay#1"][2].reverted_by == ("acme/relay#3",)


def test_a_run_of_changes_ends_where_history_was_written_anew(
    clone: Any, knowledge: Knowledge
) -> None:
    clone.commit("Start")
    for number in range(1, 4):
        clone.commit(f"Relay hop {number} (#{number})", {f"src/r{number}.py": "R = 1\n"})
    knowledge.ingest(clone.path)
    assert knowledge.facts()["acme/relay#1"][2].series is not None
    clone.git("reset", "-q", "--hard", "HEAD~2")
    knowledge.ingest(clone.path)
    assert knowledge.facts()["acme/relay#1"][2].series is None


def test_since_after_until_is_refused_before_anything_is_written(clone: Any, home: Path) -> None:
    fill(clone, 1)
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    with pytest.raises(UsageError):
        ingest(GitSource(clone.path), Settings(home=home), since=moment, until=moment)
    with pytest.raises(SourceError):
        ingest(GitSource(home.parent / "nothing"), Settings(home=home))
    assert not home.exists()


def test_an_export_brings_the_same_knowledge_elsewhere(
    clone: Any, knowledge: Knowledge, tmp_path: Path
) -> None:
    fill(clone, 4)
    knowledge.ingest(clone.path)
    path = tmp_path / "changes.jsonl"
    with Archive.open(knowledge.home, readonly=True) as archive:
        records = archive.iter_records(Filters(), patches=True)
        path.write_text("".join(dump_changes(record.change for record in records)), "utf-8")
    other = Knowledge(tmp_path / "other", HashEmbedder())
    assert other.sync(JsonlSource(path)).new == 4
    assert other.facts() == knowledge.facts()
    assert other.sync(JsonlSource(path)).new == 0
    assert other.ingest(clone.path).new == 0


# --- a host beside the clone ------------------------------------------------------------------------


@dataclass
class Host:
    """Answers as a host would: what it was given, then a checkpoint."""

    items: list[Details | Failure]
    location: str = "github:acme/relay"

    def details(self, known: Known, bounds: Bounds, observer: Any) -> Iterator[Any]:
        del bounds, observer
        self.known = known
        for item in self.items:
            if isinstance(item, Failure) or known.details.get(item.number) != item.fingerprint:
                yield item
        yield Checkpoint({"seen": len(self.items)})


def told(number: int, **values: Any) -> Details:
    pull = PullRequest(f"PR {number}", "ada", datetime(2026, 1, 1, tzinfo=UTC))
    given: dict[str, Any] = {
        "merge_sha": None,
        "body": f"About {number}",
        "fingerprint": f"f{number}",
    }
    return Details(number=number, pull_request=pull, **(given | values))


def test_a_host_describes_the_changes_of_a_clone(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 2)
    host = Host([told(2, labels=("fast",)), told(77)])
    result = knowledge.sync(GitSource(clone.path, repo="acme/relay"), enricher=host)
    assert (result.new, result.updated) == (2, 1)
    change = knowledge.facts()["acme/relay#2"][0]
    assert (change.title, change.body, change.labels) == ("Add relay 2 (#2)", "About 2", ("fast",))
    assert change.pull_request.title == "PR 2"
    assert host.known.undescribed == {1, 2}
    again = knowledge.sync(GitSource(clone.path, repo="acme/relay"), enricher=host)
    assert (again.new, again.updated) == (0, 0)
    assert host.known.cursor == {"seen": 2}
    assert host.known.details == {2: "f2"}
    assert knowledge.ingest(clone.path).updated == 0


@pytest.mark.parametrize("later", [False, True])
def test_what_only_the_host_says_a_change_follows_is_a_relation(
    clone: Any, knowledge: Knowledge, later: bool
) -> None:
    fill(clone, 3)
    if later:
        knowledge.ingest(clone.path)
        fill(clone, 1, start=4)
    host = Host([told(2, body="A follow-up of #1.")])
    knowledge.sync(GitSource(clone.path, repo="acme/relay"), enricher=host)
    assert knowledge.facts()["acme/relay#2"][2].follows == ("acme/relay#1",)


def test_an_edited_description_is_stored_and_embedded_again(
    clone: Any, knowledge: Knowledge
) -> None:
    fill(clone, 1)
    source = GitSource(clone.path, repo="acme/relay")
    knowledge.sync(source, enricher=Host([told(1)]))
    encoded = knowledge.embedder.encoded
    edited = Host([told(1, body="Another story", fingerprint="g1")])
    result = knowledge.sync(source, enricher=edited)
    assert (result.new, result.updated, result.unchanged) == (0, 1, 0)
    assert knowledge.facts()["acme/relay#1"][0].body == "Another story"
    assert knowledge.embedder.encoded > encoded


def test_a_rebase_merge_becomes_one_change_with_its_old_ids(
    clone: Any, knowledge: Knowledge
) -> None:
    fill(clone, 1)
    first = clone.commit("One", {"a.py": "a = 1\n"})
    second = clone.commit("Two", {"a.py": "a = 2\n", "b.py": "b = 1\n"})
    knowledge.ingest(clone.path)
    host = Host([told(8, merge_sha=second, commit_shas=(first, second))])
    source = GitSource(clone.path, repo="acme/relay")
    knowledge.sync(source, enricher=host)
    change = knowledge.facts()["acme/relay#8"][0]
    assert (change.sha, change.title) == (second, "Two")
    assert {file.path: file.additions for file in change.files} == {"a.py": 2, "b.py": 1}
    with Archive.open(knowledge.home, readonly=True) as archive:
        assert archive.resolve(first[:10]) == ["acme/relay#8"]
        assert archive.resolve(f"acme/relay@{first}") == ["acme/relay#8"]
    assert len(knowledge.titles()) == 2
    result = knowledge.ingest(clone.path)
    assert (result.new, result.updated, result.stale) == (0, 0, 0)


def test_what_a_host_said_outlives_a_change_of_the_commit(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 1)
    source = GitSource(clone.path, repo="acme/relay")
    knowledge.sync(source, enricher=Host([told(1)]))
    clone.git("commit", "-q", "--amend", "-m", "Renamed (#1)")
    assert knowledge.ingest(clone.path).updated == 1
    change = knowledge.facts()["acme/relay#1"][0]
    assert (change.title, change.body) == ("Renamed (#1)", "About 1")
    assert knowledge.ingest(clone.path).updated == 0


def test_a_change_that_fails_is_recorded_and_tried_again(clone: Any, knowledge: Knowledge) -> None:
    fill(clone, 2)
    source = GitSource(clone.path, repo="acme/relay")
    broken = Host([Failure("#1", "gone for a moment"), told(2)])
    assert knowledge.sync(source, enricher=broken).failed == 1
    mended = Host([told(1), told(2)])
    result = knowledge.sync(source, enricher=mended)
    assert "#1" in mended.known.failed
    assert (result.failed, result.updated) == (0, 1)
    knowledge.sync(source, enricher=mended)
    assert mended.known.failed == frozenset()


class Stopping(Host):
    """A host that ends with its limit after what it told."""

    def details(self, known: Known, bounds: Bounds, observer: Any) -> Iterator[Any]:
        yield from super().details(known, bounds, observer)
        raise LimitReached("60 requests an hour are used up", "run it again at 12:00")


def test_a_limit_of_the_host_keeps_and_shows_what_came_before(
    clone: Any, knowledge: Knowledge
) -> None:
    fill(clone, 3)
    source = GitSource(clone.path, repo="acme/relay")
    with pytest.raises(LimitReached):
        knowledge.sync(source, enricher=Stopping([told(3)]))
    assert len(knowledge.titles()) == 3
    assert knowledge.facts()["acme/relay#3"][0].body == "About 3"
    with Archive.open(knowledge.home, readonly=True) as archive:
        assert archive.sources()[0].last_error == "60 requests an hour are used up"
    host = Host([told(3), told(2)])
    assert knowledge.sync(source, enricher=host).updated == 1
    assert host.known.cursor == {"seen": 1}
    with Archive.open(knowledge.home, readonly=True) as archive:
        assert archive.sources()[0].last_error is None


# --- interruptions and company ------------------------------------------------------------------------

SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = {tests!r}
import ingest.embedding, ingest.run
ingest.run.CHANGES_A_BATCH = ingest.embedding.TEXTS_A_BATCH = 5
ingest.run.LONG = 20
from stand_ins import HashEmbedder
from test_sync import Knowledge
print("started", flush=True)
print(Knowledge(Path({home!r}), HashEmbedder()).ingest(Path({clone!r})), flush=True)
"""


def start(clone: Path, home: Path) -> subprocess.Popen[str]:
    script = SCRIPT.format(
        tests=[str(Path(__file__).parent), str(ROOT / "tests" / "servers")],
        home=str(home),
        clone=str(clone),
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    )


def killed_at_random(
    clone: Any, home: Path, expected: dict[str, tuple[Any, ...]], kills: int
) -> None:
    for kill in range(kills):
        process = start(clone.path, home)
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.05 + 0.37 * kill % 3.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    knowledge = Knowledge(home, HashEmbedder())
    knowledge.ingest(clone.path)
    assert knowledge.facts() == expected
    assert knowledge.ingest(clone.path).new == 0


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_killed_ingest_loses_nothing(clone: Any, tmp_path: Path, kills: int) -> None:
    fill(clone, 60)
    whole = Knowledge(tmp_path / "whole", HashEmbedder())
    whole.ingest(clone.path)
    killed_at_random(clone, tmp_path / "killed", whole.facts(), kills)
    assert Knowledge(tmp_path / "killed", HashEmbedder()).vectors() == whole.vectors()


def test_a_run_after_a_killed_one_relates_what_that_had_stored(
    clone: Any, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(clone, 1)
    knowledge.ingest(clone.path)
    clone.commit('Revert "Add relay 1 (#1)" (#2)')

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "link", killed)
        with pytest.raises(KeyboardInterrupt):
            knowledge.ingest(clone.path)
    assert knowledge.ingest(clone.path).new == 0
    facts = knowledge.facts()
    assert facts["acme/relay#2"][2].reverts == ("acme/relay#1",)
    assert facts["acme/relay#1"][2].reverted_by == ("acme/relay#2",)


def test_a_second_ingest_names_the_holder(clone: Any, home: Path) -> None:
    fill(clone, 1)
    with writer_lock(home), pytest.raises(Locked, match=str(os.getpid())) as caught:
        ingest(GitSource(clone.path), Settings(home=home))
    assert caught.value.exit_status == 2


def test_a_reader_in_a_loop_never_errs_and_sees_the_new(
    clone: Any, knowledge: Knowledge, chroma: None
) -> None:
    fill(clone, 5)
    knowledge.ingest(clone.path)
    fill(clone, 40, start=6)
    problems: list[BaseException] = []
    seen: set[int] = set()
    stop = threading.Event()

    def look() -> None:
        try:
            with Archive.open(knowledge.home, readonly=True) as archive:
                while not stop.is_set():
                    with archive.reading():
                        records = archive.select(Filters())
                        assert archive.count(Filters()) == len(records)
                    seen.add(len(records))
        except BaseException as exc:  # noqa: BLE001
            problems.append(exc)

    reader = threading.Thread(target=look)
    reader.start()
    knowledge.ingest(clone.path)
    time.sleep(0.2)
    stop.set()
    reader.join()
    assert not problems
    assert seen <= {5, 45}
    assert 45 in seen
