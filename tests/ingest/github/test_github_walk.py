"""What is told once is not told again; what changed is; a stopped walk goes on where it stood."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from github_data import START, Thread, change_of_line, sha_of
from github_server import FakePull, Fault, some_pulls

from ingest.sources.interface import Bounds
from kb.errors import LimitReached


def test_every_merged_pull_request_comes_with_its_description_labels_issues_and_reviews(world):
    world.server.pulls[7].threads = [
        Thread("src/a.py", False, [("noor", "This leaks."), ("mira", "Later.")])
    ]
    world.server.pulls[7].reviews = [("COMMENTED", "noor", "Please measure it.")]
    world.server.pulls[7].issues = [99]
    details = world.enrich().details
    assert sorted(details) == list(range(1, 49))
    seven = details[7]
    assert seven.body.startswith("## Motivation")
    assert seven.labels == ("bug",)
    assert seven.linked_issues == ("acme/relay#99",)
    assert [(t.path, t.resolved, len(t.comments)) for t in seven.reviews] == [
        ("src/a.py", False, 2),
        (None, True, 1),
    ]
    assert seven.reviews[0].url == "https://github.com/acme/relay/pull/7#discussion_r7001"
    assert details[10].pull_request.author_is_bot
    assert details[10].pull_request.author == "dependabot[bot]"


def test_a_pull_request_without_a_clone_comes_with_its_diff_and_gits_words(world):
    change = world.read().changes["acme/relay#7"]
    assert change.title == "Part 7: keep the lease of slow jobs (#7)"
    assert change.author == "Mira Lund"
    assert change.merged_at == START + timedelta(hours=7, minutes=30)
    assert change.files[0].patch == "@@ -7 +7 @@\n-lease = 6\n+lease = 7\n"
    assert change.pull_request is not None
    assert change.pull_request.author == "mira"
    assert len(world.changes) == 48


def test_the_newest_come_first(world):
    assert world.read().told[0] == "acme/relay#48"


def test_a_second_run_asks_for_one_page_and_tells_nothing(world):
    world.read()
    world.server.forget()
    world.read()
    assert world.told == []
    assert world.server.count("POST") == 2
    assert world.server.count("GET") == 0
    assert world.reading.unchanged == 48


@pytest.mark.parametrize("how", ["read", "enrich"])
def test_an_edited_description_a_label_and_a_late_review_change_the_stored_change(world, how):
    run = getattr(world, how)
    run()
    world.server.update(5, body="A new description: latency falls by 40 %.")
    world.server.update(6, labels=["security"])
    world.server.update(8, threads=[Thread("src/b.py", False, [("noor", "Still wrong.")])])
    world.server.forget()
    run()
    stored = world.changes if how == "read" else world.details
    prefix = "acme/relay#" if how == "read" else ""
    key = (lambda n: f"{prefix}{n}") if how == "read" else (lambda n: n)
    assert {item.rpartition("#")[2] for item in world.told} == {"5", "6", "8"}
    assert stored[key(5)].body.startswith("A new description")
    assert stored[key(6)].labels == ("security",)
    assert not stored[key(8)].reviews[0].resolved
    assert world.server.count("/files") == (3 if how == "read" else 0)
    if how == "read":
        assert world.reading.unchanged == 45


def test_an_update_that_changes_nothing_is_not_fetched_in_full(world):
    world.read()
    world.server.update(9)
    world.server.forget()
    world.read()
    assert world.told == []
    assert world.server.count("/files") == 0


def test_a_pull_request_that_is_reopened_and_merged_later_is_found(world):
    world.server.pulls[25].merged_at = None
    world.enrich()
    assert 25 not in world.details
    world.server.update(25, merged_at=world.server.now)
    assert world.enrich().told == ["#25"]


def test_new_pull_requests_are_found_by_the_next_run(world):
    world.enrich()
    world.server.add(replace(some_pulls(1, first=500)[0]))
    assert world.enrich().told == ["#500"]


def test_a_stopped_first_load_goes_on_where_it_stood(world):
    world.server.plan(Fault.status(502, on="POST", after=3, times=999))
    with pytest.raises(LimitReached):
        world.enrich()
    told = len(world.details)
    assert 0 < told < 48
    assert world.cursor["graphql"]["load"]["after"]
    world.server.faults.clear()
    world.server.forget()
    world.enrich()
    assert len(world.details) == 48
    assert len(world.told) == 48 - told  # nothing twice
    # The rest of the load, and a look at what was updated since it began.
    assert world.server.count("query Pulls") <= 4


def test_what_changed_during_a_stopped_load_is_seen_after_it(world):
    world.server.plan(Fault.status(502, on="POST", after=2, times=999))
    with pytest.raises(LimitReached):
        world.enrich()
    world.server.faults.clear()
    world.server.update(47, body="Edited while the load stood still.")
    world.enrich()
    assert world.details[47].body == "Edited while the load stood still."


def test_the_watermark_moves_only_when_a_walk_came_to_its_end(world):
    world.enrich()
    before = world.cursor["graphql"]["watermark"]
    for number in range(1, 45):
        world.server.update(number, body="Edited.")
    world.server.plan(Fault.status(502, on="POST", after=2, times=999))
    with pytest.raises(LimitReached):
        world.enrich()
    assert world.cursor["graphql"]["watermark"] == before
    world.server.faults.clear()
    world.enrich()
    assert all(world.details[number].body == "Edited." for number in range(1, 45))
    assert world.cursor["graphql"]["watermark"] > before


def test_a_cursor_that_the_host_forgot_begins_the_load_anew(world):
    world.server.plan(Fault.status(502, on="POST", after=3, times=999))
    with pytest.raises(LimitReached):
        world.enrich()
    world.server.faults.clear()
    world.cursor["graphql"]["load"]["after"] = "gone"
    assert len(world.enrich().details) == 48


def test_since_ends_the_load_early_and_an_earlier_one_fills_the_rest(world):
    since = START + timedelta(hours=31)
    world.enrich(Bounds(since=since))
    assert sorted(world.details) == list(range(31, 49))
    assert world.server.count("query Pulls") == 1
    world.enrich(Bounds(since=since - timedelta(hours=20)))
    assert sorted(world.details) == list(range(11, 49))
    world.enrich()
    assert len(world.details) == 48


def test_until_limits_one_run_only(world):
    world.enrich(Bounds(until=START + timedelta(hours=40)))
    assert max(world.details) == 39
    assert len(world.enrich().details) == 48


def test_numbers_that_a_clone_holds_and_no_walk_brought_are_asked_for_once(world):
    world.server.pulls[30].merged_at = None  # landed by hand: closed, not merged
    world.undescribed = frozenset({30, 9_999})
    world.enrich()
    assert world.details[30].pull_request.state == "closed"
    world.undescribed = frozenset({9_999})  # an issue's number, or another repository's
    world.server.forget()
    world.enrich()
    assert world.server.count("query Numbers") == 0


def test_a_change_that_failed_is_tried_again_next_time(world):
    world.server.plan(Fault.status(404, on="/pulls/30/files"))
    world.read()
    assert "HTTP 404" in world.failed["acme/relay#30"]
    assert len(world.changes) == 47
    world.read()
    assert world.told == ["acme/relay#30"]
    assert world.failed == {}


def test_more_threads_labels_and_issues_than_fit_a_page_are_all_read(world):
    pull = world.server.pulls[3]
    pull.threads = [Thread(f"src/{n}.py", n > 0, [("noor", f"Point {n}")]) for n in range(60)]
    pull.labels = [f"label-{n}" for n in range(33)]
    pull.issues = list(range(1, 16))
    pull.reviews = [("COMMENTED", "noor", f"Word {n}") for n in range(30)]
    details = world.enrich().details[3]
    assert sum(thread.path is not None for thread in details.reviews) == 60
    assert sum(thread.path is None for thread in details.reviews) == 30
    assert len(details.labels) == 33
    assert len(details.linked_issues) == 15


def test_a_rebase_merge_names_its_commits_on_the_branch(world):
    titles = ["First half", "Second half"]
    pull = world.server.pulls[12]
    pull.commits = [(sha_of(f"head {title}"), title) for title in titles]
    pull.target = [(sha_of(f"target {title}"), title) for title in titles]
    pull.merge_sha, pull.merge_title = pull.target[-1][0], titles[-1]
    details = world.enrich().details[12]
    assert details.commit_shas == (sha_of("target Second half"), sha_of("target First half"))
    assert world.details[13].commit_shas == ()


def test_files_that_github_does_not_show_are_recorded_as_not_seen(world):
    binary = {"filename": "logo.png", "status": "added", "additions": 0, "deletions": 0}
    huge = {"filename": "huge.py", "status": "modified", "additions": 90_000, "deletions": 2}
    moved = {
        "filename": "b.py",
        "previous_filename": "a.py",
        "status": "renamed",
        "additions": 0,
        "deletions": 0,
    }
    gone = change_of_line("old.py", 4) | {"status": "removed"}
    world.server.pulls[20].files = [binary, huge, moved, gone]
    files = {file.path: file for file in world.read().changes["acme/relay#20"].files}
    assert (files["logo.png"].binary, files["logo.png"].reason) == (True, "binary")
    assert (files["huge.py"].seen, files["huge.py"].reason) == (False, "too large")
    assert (files["b.py"].status, files["b.py"].previous_path, files["b.py"].seen) == (
        "renamed",
        "a.py",
        True,
    )
    assert files["old.py"].status == "deleted"


def test_of_more_than_3000_files_the_rest_is_counted_and_not_seen(world_of):
    pull = some_pulls(1)[0]
    pull.files = [change_of_line(f"src/{n}.py", 3) for n in range(3_050)]
    files = world_of(pulls=[pull]).read().changes["acme/relay#1"].files
    assert len(files) == 3_001
    rest = files[-1]
    assert (rest.path, rest.seen, rest.reason, rest.additions) == (
        "(50 more files)",
        False,
        "not fetched",
        50,
    )
    assert sum(file.additions for file in files) == 3_050


# --- REST ---------------------------------------------------------------------------------------


def test_without_a_token_the_list_is_read_by_rest_and_the_limit_is_said(world):
    world.enrich(token=None)
    assert len(world.details) == 48
    assert world.server.count("POST") == 0
    assert world.server.count() == 1 + 3 + 2  # the repository, three pages, twice the total
    assert "60 requests an hour" in world.observer.text
    assert world.details[7].labels == ("bug",)
    assert world.details[7].reviews == ()


def test_without_graphql_reviews_come_by_rest_and_nothing_is_called_unresolved(world_of):
    world = world_of(pulls=some_pulls(6), graphql_enabled=False)
    world.enrich()
    assert world.details[3].reviews[0].path == "src/part_3.py"
    assert all(thread.resolved for thread in world.details[3].reviews)
    assert "GraphQL is not available" in world.observer.text


def test_rest_does_not_overwrite_what_graphql_told(world):
    world.enrich()
    before = dict(world.details)
    world.server.update(4, labels=["new"])
    world.enrich(token=None)
    assert world.details == before
    assert world.enrich().told == ["#4"]


def test_a_walk_by_rest_is_resumed_and_later_goes_by_update(world):
    world.server.plan(Fault.status(502, on="&page=2&", times=60))
    with pytest.raises(LimitReached):
        world.enrich(token=None)
    assert len(world.details) == 20
    world.server.faults.clear()
    world.enrich(token=None)
    assert len(world.details) == 48
    world.server.update(5, body="Edited.")
    world.server.forget()
    assert world.enrich(token=None).told == ["#5"]
    assert world.server.count() == 2


def test_a_pull_request_that_vanishes_while_lists_are_paged_hides_no_other(world):
    world.server.plan(
        Fault.meanwhile(lambda server: server.pulls.pop(40), on="&page=2&"),
    )
    world.enrich(token=None)
    assert set(range(1, 49)) - set(world.details) == set()


def test_pull_requests_of_one_moment_are_all_walked(world_of):
    pulls = some_pulls(45)
    for pull in pulls:
        pull.created_at = pull.updated_at = START
    assert len(world_of(pulls=pulls).enrich().details) == 45


def test_a_fake_pull_request_needs_no_merge_commit(world_of):
    pull = FakePull(1, "Lost commit", merged_at=START)
    world = world_of(pulls=[pull])
    assert list(world.read().changes) == ["acme/relay#1"]
