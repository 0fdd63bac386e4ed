"""The archive keeps what it is given and shows only what is published and reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kb.store import manifest
from kb.store.archive import Archive, OutlineRow
from kb.types import Comment, Filters, Period, Relation, ReviewThread, SourceState


def test_a_change_comes_back_with_its_patches(shown, made):
    assert shown.record("acme/engine#3", patches=True) == made.record(3)
    listed = shown.record("acme/engine#3")
    assert [item.patch for item in listed.change.files] == [None, None, None]
    assert shown.patches("acme/engine#3") == {"src/engine/cache.py": "@@ -1 +1,3 @@\n-a\n+b\n"}


def test_put_counts_new_updated_and_unchanged(archive, made):
    assert archive.put_changes([made.record(1), made.record(2)]) == (2, 0, 0)
    other = made.record(2, body="Another body", fingerprint="second")
    assert archive.put_changes([made.record(1), other, made.record(3)]) == (1, 1, 1)
    assert archive.record("acme/engine#2", pending=True).change.body == "Another body"


def test_what_is_not_published_is_not_shown(archive, made):
    archive.put_changes([made.record(1)])
    assert archive.select(Filters()) == []
    assert archive.record("acme/engine#1") is None
    assert archive.resolve("1") == []
    assert archive.record("acme/engine#1", pending=True) is not None
    assert archive.coverage("acme/engine").pending == 1
    manifest.swap(archive.home, 1)
    assert [item.id for item in archive.select(Filters())] == ["acme/engine#1"]
    archive.put_changes([made.record(2)])
    assert archive.count(Filters()) == 1


def test_one_reading_sees_one_generation(archive, made):
    archive.put_changes([made.record(1)])
    manifest.swap(archive.home, 1)
    with Archive.open(archive.home, readonly=True) as reader, reader.reading() as generation:
        assert reader.count(Filters()) == 1
        archive.put_changes([made.record(2)])
        manifest.swap(archive.home, 2)
        assert (generation, reader.generation(), reader.count(Filters())) == (1, 1, 1)
    with Archive.open(archive.home, readonly=True) as reader:
        assert reader.count(Filters()) == 2


def test_what_no_tip_reaches_is_stale_and_comes_back(shown, made):
    shas = [made.record(number).change.sha for number in range(1, 13)]
    first, second = (made.record(number).id for number in (1, 2))
    shown.mark_reachable("acme/engine", "main", shas[2:])
    assert shown.stale("acme/engine") == {first, second}
    assert shown.count(Filters()) == 10
    assert shown.record("acme/engine#1") is None
    shown.mark_reachable("acme/engine", "side", shas[:1])
    assert shown.stale("acme/engine") == {second}  # another branch reaches the first
    assert shown.record("acme/engine#1") is not None
    shown.mark_reachable("acme/engine", "main", shas)
    assert shown.stale("acme/engine") == set()
    assert shown.count(Filters()) == 12


def test_every_reference_resolves(shown, made):
    change = made.record(7).change
    for reference in (
        "7",
        "#7",
        "acme/engine#7",
        "ACME/Engine#7",
        change.sha,
        change.sha[:7],
        change.sha[:9].upper(),
        f"acme/engine@{change.sha[:8]}",
        f"acme/engine@{change.sha}",
        "https://github.com/acme/engine/pull/7",
        f"https://github.com/acme/engine/commit/{change.sha}",
        " 7 ",
        "#\u200b7",  # as Markdown of ours has it
    ):
        assert shown.resolve(reference) == ["acme/engine#7"], reference
    for reference in ("99", "other/repo#7", "abcdef", "", "nothing at all", "https://x.test/a"):
        assert shown.resolve(reference) == [], reference
    assert shown.resolve("7", repo="other/repo") == []


def test_a_commit_of_a_merged_branch_resolves_to_its_change(shown, made):
    (commit,) = made.record(7).change.commits
    for reference in (commit.sha, commit.sha[:12].upper(), f"acme/engine@{commit.sha[:10]}"):
        assert shown.resolve(reference) == ["acme/engine#7"], reference
    assert shown.resolve(commit.sha, repo="other/repo") == []


def test_a_number_in_two_repositories_resolves_to_both(shown, made):
    other = made.record(7, id="acme/other#7", repo="acme/other", aliases=())
    shown.put_changes([other])
    manifest.swap(shown.home, 2)
    assert shown.resolve("7") == ["acme/engine#7", "acme/other#7"]
    assert shown.resolve("7", repo="acme/other") == ["acme/other#7"]


def test_the_owner_of_a_number_comes_before_later_commits_that_carry_it(archive, made):
    sha = "fe" * 20
    later = made.record(1, id=f"acme/engine@{sha}", sha=sha, aliases=())
    archive.put_changes([later, made.record(1)])
    manifest.swap(archive.home, 1)
    assert archive.resolve("1") == ["acme/engine#1", f"acme/engine@{sha}"]


def test_a_change_that_became_a_pull_request_keeps_its_old_name(archive, made):
    record = made.record(5)
    old = f"acme/engine@{record.change.sha}"
    archive.put_changes([made.record(5, id=old, aliases=())])
    manifest.swap(archive.home, 1)
    archive.put_changes([record])
    assert archive.count(Filters()) == 1  # shown at once, as it was before
    assert archive.record(old).id == "acme/engine#5"
    assert archive.resolve(old) == ["acme/engine#5"]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, range(1, 13)),
        ({"repos": ("acme/engine", "no/such")}, range(1, 13)),
        ({"repos": ("Acme/Engine",)}, range(1, 13)),
        ({"repos": ("no/such",)}, ()),
        ({"authors": ("ann lee",)}, (1, 3, 5, 7, 9, 11)),
        ({"authors": ("LEE",)}, (1, 3, 5, 7, 9, 11)),
        ({"authors": ("bo chen",)}, (2, 4, 6, 8, 10, 12)),
        ({"authors": ("annlee",)}, range(1, 13)),  # the login that the host says
        ({"authors": ("an",)}, ()),  # whole words
        ({"paths": ("src/**/*.py",)}, range(1, 13)),
        ({"paths": ("docs/old.md",)}, range(1, 13)),  # a former name
        ({"paths": ("tests/",)}, ()),
        ({"types": ("feature",)}, (3, 6, 9, 12)),
        ({"types": ("docs", "bugfix")}, range(1, 13)),
        ({"types": ("Feature",), "levels": ("high",)}, (3, 6, 9, 12)),
        ({"modules": ("cache",), "risks": ("missing-tests",)}, range(1, 13)),
        ({"risks": ("security",)}, ()),
        ({"labels": ("cache",)}, range(1, 13)),  # labels in any case
        ({"min_importance": 8.0}, (8, 9)),
    ],
)
def test_a_filter_lets_through_what_it_says(shown, filters, numbers):
    found = shown.select(Filters(**filters), order="oldest")
    assert [item.change.number for item in found] == list(numbers)
    assert shown.count(Filters(**filters)) == len(found)


def test_a_period_is_half_open(shown, made):
    filters = Filters(since=made.start + timedelta(days=3), until=made.start + timedelta(days=5))
    assert [item.change.number for item in shown.select(filters)] == [4, 3]


def test_orders_limits_and_bots(shown):
    numbers = [item.change.number for item in shown.select(Filters(), limit=3, offset=1)]
    assert numbers == [11, 10, 9]
    numbers = [item.change.number for item in shown.select(Filters(), order="importance", limit=3)]
    assert numbers == [9, 8, 7]
    assert all(not item.analysis.bot for item in shown.select(Filters(), include_bots=False))
    assert shown.count(Filters(), include_bots=False) == 10


def test_facets_count_visible_changes(shown):
    facets = shown.facets(Filters(authors=("lee",)))
    assert facets["author"] == [("Ann Lee", 6)]
    assert facets["type"] == [("bugfix", 4), ("docs", 2), ("feature", 2)]
    assert facets["label"] == [("bug", 6), ("Cache", 6)]


def test_analyses_are_replaced_and_filters_follow(shown, made):
    analysis = replace(made.record(1).analysis, types=("security",), importance=9.9, risks=())
    assert shown.put_analyses([("acme/engine#1", analysis), ("no/such#1", analysis)]) == 1
    found = shown.select(Filters(types=("security",), min_importance=9.5))
    assert [item.analysis for item in found] == [analysis]
    assert shown.count(Filters(labels=("bug",))) == 12  # labels are the change's, and stay
    assert shown.count(Filters(risks=("missing-tests",))) == 11


def test_relations_are_found_from_both_ends(shown):
    relation = Relation("reverts", "acme/engine#9", "acme/engine#2", "This reverts commit")
    shown.put_relations("acme/engine", [relation])
    assert shown.relations(["acme/engine#2"]) == shown.relations(["acme/engine#9"]) == [relation]
    shown.put_relations("acme/engine", [])
    assert shown.relations(["acme/engine#2"]) == []


def test_sources_details_and_failures_are_kept(archive, made):
    state = SourceState("acme/engine", "git", "/tmp/x", "main", made.start, "ab" * 20)
    archive.put_source(state)
    archive.put_source(replace(state, tip="cd" * 20))
    archive.put_details("acme/engine", {7: "f"})
    archive.record_failure("acme/engine", "acme/engine#8", "no object")
    assert archive.sources() == [replace(state, tip="cd" * 20)]
    assert archive.details("acme/engine") == {7: "f"}
    assert archive.failures("acme/engine") == {"acme/engine#8": "no object"}
    archive.clear_failures("acme/engine", ["acme/engine#8"])
    assert archive.failures("acme/engine") == {}


def test_what_is_known_is_told_with_the_commits_that_changes_claim(archive, made):
    change = made.record(1).change
    archive.put_changes([made.record(1)])
    assert archive.fingerprints("acme/engine") == {change.id: "first-1"}
    assert archive.shas("acme/engine") == {
        change.sha: change.id,
        change.commits[0].sha: change.id,
    }


def test_coverage_reaches_back_to_the_bound_of_the_source(shown, made):
    assert shown.coverage("acme/engine").since == made.start + timedelta(days=1)
    since = made.start - timedelta(days=30)
    shown.put_source(SourceState("acme/engine", "git", "/tmp/x", since=since))
    coverage = shown.coverage("acme/engine")
    assert (coverage.since, coverage.changes, coverage.pending) == (since, 12, 0)
    assert coverage.until == made.start + timedelta(days=12)


def test_coverage_of_an_ingest_that_was_killed_begins_with_what_is_shown(shown, made):
    since = made.start - timedelta(days=30)
    begun = SourceState("acme/engine", "git", "/tmp/x", since=since, cursor={"complete": False})
    shown.put_source(begun)
    assert shown.coverage("acme/engine").since == made.start + timedelta(days=1)


def test_a_forgotten_repository_leaves_nothing(shown, made):
    shown.put_changes([made.record(7, id="acme/other#7", repo="acme/other", aliases=())])
    shown.put_outlines(
        "acme/engine", "main", [OutlineRow("acme/engine#1", 1, "a", "T", "A", made.start)]
    )
    assert shown.delete_repo("acme/engine") == 12
    connection = shown.connection
    for table in ("documents", "patches", "traits", "change_paths", "commits"):
        (left,) = connection.execute(f"SELECT count(DISTINCT change) FROM {table}").fetchone()
        assert left == 1, table
    assert shown.repos() == ["acme/other"]
    assert shown.outlines("acme/engine", "main") == []


def test_vectors_are_missing_until_they_are_done(archive, made):
    archive.put_changes([made.record(1), made.record(2)])
    missing = archive.missing_vectors(embedder=made.embedder)
    assert [item.kinds for item in missing] == [("title", "text", "diff")] * 2
    newest = archive.rowids(["acme/engine#2"], pending=True)["acme/engine#2"]
    assert missing[0].rowid == newest
    made.vectors(archive, ("title",))
    missing = archive.missing_vectors(embedder=made.embedder)
    assert [item.kinds for item in missing] == [("text", "diff")] * 2
    assert archive.missing_vectors(("title",), embedder=made.embedder) == []
    assert len(archive.missing_vectors(("title",), embedder="another")) == 2
    since = made.start + timedelta(days=2)
    assert len(archive.missing_vectors(("text",), embedder=made.embedder, since=since)) == 1


def test_only_passages_that_read_otherwise_are_embedded_again(archive, made):
    archive.put_changes([made.record(1)])
    made.vectors(archive, ("title", "text", "diff"))
    reviewed = made.record(
        1, reviews=(ReviewThread(None, True, (Comment("bo", "ok"),)),), fingerprint="reviewed"
    )
    assert archive.put_changes([reviewed]).updated == 1
    assert archive.missing_vectors(embedder=made.embedder) == []
    renamed = made.record(1, title="Another title", fingerprint="renamed")
    archive.put_changes([renamed])
    (missing,) = archive.missing_vectors(embedder=made.embedder)
    assert missing.kinds == ("title", "text", "diff")  # the title leads each of them


def test_forgetting_a_repository_leaves_the_answers_about_others(archive, made):
    archive.put_changes([made.record(1)])
    archive.put_answer("own", "m", "v1", "h1", "text", {"in": 5, "about": ["Acme/Engine"]})
    archive.put_answer("both", "m", "v1", "h2", "text", {"in": 5, "about": ["x/y", "acme/engine"]})
    archive.put_answer("other", "m", "v1", "h3", "text", {"in": 5, "about": ["x/y"]})
    archive.put_answer("unknown", "m", "v1", "h4", "text", {"in": 5})
    archive.delete_repo("acme/engine")
    kept = [key for key in ("own", "both", "other", "unknown") if archive.cached_answer(key)]
    assert kept == ["other"]
    assert archive.answer_usage() == [("m", 1, {"in": 5})]


def test_answers_reports_and_questions_are_kept(archive, made):
    assert archive.cached_answer("k") is None
    archive.put_answer("k", "m", "v1", "hash", "text", {"input_tokens": 5})
    archive.put_answer("k2", "m", "v1", "hash", "text", {"input_tokens": 7})
    assert archive.cached_answer("k") == "text"
    assert archive.answer_usage() == [("m", 2, {"input_tokens": 12})]
    period = Period(made.start, made.start + timedelta(days=7), "Asia/Shanghai", "week")
    first = archive.put_report("week", "zh", period, '{"a": "周"}', scope="s", made_at=made.start)
    later = made.start + timedelta(days=7)
    archive.put_report("week", "zh", None, "{}", scope="s", title="T", made_at=later)
    assert archive.report(first) == '{"a": "周"}'
    assert archive.report(99) is None
    assert [entry.title for entry in archive.reports()] == ["T", ""]
    entry, body = archive.last_report("week", "s", later)
    assert (entry.id, entry.period, body) == (first, period, '{"a": "周"}')
    assert archive.last_report("week", "s", made.start) is None
    assert archive.last_report("week", "other", later) is None
    archive.put_question("why?", {"text": "因为"})
    (question,) = archive.questions()
    assert (question.text, question.answer) == ("why?", {"text": "因为"})


def test_a_failed_write_stores_nothing(archive, made):
    def records():
        yield made.record(1)
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        archive.put_changes(records())
    assert archive.count(Filters(), pending=True) == 0
    assert archive.put_changes([made.record(1)]).new == 1
