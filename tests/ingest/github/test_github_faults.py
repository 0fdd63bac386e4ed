"""Every fault of the list has a test: what is told is whole, or the run stops and can go on."""

from __future__ import annotations

import pytest
from github_data import Thread
from github_server import TOKEN, Fault, some_pulls

from ingest.sources.github import GithubSource
from ingest.sources.interface import Bounds
from kb.errors import LimitReached, SourceError

ALL = set(range(1, 49))


def test_primary_limit_is_waited_out_until_its_reset(world):
    reset = str(int(world.server.now.timestamp()) + 300)
    limit = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    world.server.plan(Fault.status(403, {"message": "API rate limit exceeded"}, limit, after=2))
    world.enrich()
    assert set(world.details) == ALL
    assert 300 <= sum(world.time.slept) <= 302
    assert "going on at 2026-06-01 00:05:01 UTC, in 5 min 1 s" in world.observer.text


def test_primary_limit_of_graphql_comes_with_status_200(world):
    world.server.plan(Fault.graphql("RATE_LIMITED", "API rate limit exceeded", after=1))
    assert set(world.enrich().details) == ALL
    assert sum(world.time.slept) == 60


def test_a_limit_beyond_max_wait_stops_with_75_and_resumes(world):
    world.server.requests_left, world.server.reset_in_s = 2, 3_000
    with pytest.raises(LimitReached) as stopped:
        world.enrich(max_wait_s=900)
    assert stopped.value.exit_status == 75
    assert "in 50 min 1 s" in stopped.value.message
    assert "--max-wait" in stopped.value.hint
    assert world.time.slept == []
    assert len(world.details) == 20
    world.server.requests_left = None
    assert set(world.enrich().details) == ALL


def test_secondary_limit_waits_as_long_as_it_says(world):
    body = {"message": "You have exceeded a secondary rate limit."}
    world.server.plan(Fault.status(403, body, {"retry-after": "7"}, after=1))
    assert set(world.enrich().details) == ALL
    assert sum(world.time.slept) == 7


def test_secondary_limit_without_a_time_is_waited_for_longer_each_time(world):
    body = {"message": "You have exceeded a secondary rate limit. Please wait."}
    world.server.plan(Fault.status(403, body, after=1, times=3))
    assert set(world.enrich().details) == ALL
    assert sum(world.time.slept) == 60 + 120 + 240


def test_retry_after_is_capped_by_us(world):
    world.server.plan(Fault.status(429, headers={"retry-after": "99999999999999"}, times=99))
    with pytest.raises(LimitReached) as stopped:
        world.enrich()
    assert world.time.slept == []
    assert "in 277777 h 46 min" in stopped.value.message


@pytest.mark.parametrize("value", ["soon", "-5", "", "NaN"])
def test_a_retry_after_that_is_no_time_is_a_limit_without_one(world, value):
    world.server.plan(Fault.status(429, headers={"retry-after": value}, after=1))
    assert set(world.enrich().details) == ALL
    assert sum(world.time.slept) == 60


def test_429_without_retry_after_is_retried(world):
    world.server.plan(Fault.status(429, after=1, times=2))
    assert set(world.enrich().details) == ALL
    assert sum(world.time.slept) == 60 + 120


def test_401_in_mid_run_stops_with_what_to_do_and_keeps_what_came(world):
    world.server.plan(Fault.meanwhile(lambda server: server.tokens.clear(), after=2))
    with pytest.raises(SourceError) as refused:
        world.enrich()
    assert refused.value.exit_status == 2
    assert "GITHUB_TOKEN" in refused.value.message + refused.value.hint
    assert TOKEN not in refused.value.message + refused.value.hint
    assert len(world.details) == 20
    world.server.tokens.add(TOKEN)
    assert set(world.enrich().details) == ALL


def test_404_says_that_there_is_no_such_repository(world):
    for token, hint in ((TOKEN, "the token may not see it"), (None, "GITHUB_TOKEN")):
        with pytest.raises(SourceError, match="no repository acme/other") as missing:
            GithubSource(world.github("acme/other", token=token)).identify()
        assert hint in missing.value.hint


def test_404_of_one_pull_request_fails_it_alone(world):
    world.server.plan(Fault.status(404, on="/pulls/44/files"))
    world.read()
    assert set(world.failed) == {"acme/relay#44"}
    assert len(world.changes) == 47


def test_451_names_the_reason_and_offers_the_clone(world):
    world.server.plan(Fault.status(451, {"message": "Repository access blocked"}, times=9))
    with pytest.raises(SourceError, match="legal reasons") as blocked:
        GithubSource(world.github(token=None)).identify()
    assert "kb ingest PATH" in blocked.value.hint


def test_451_of_one_pull_request_fails_it_alone(world):
    world.server.plan(Fault.status(451, on="/pulls/44/files"))
    assert len(world.read().changes) == 47


def test_a_502_burst_halves_the_page_and_goes_on(world):
    world.server.plan(Fault.status(502, "<html>", after=1, times=3))
    assert set(world.enrich().details) == ALL
    sizes = [r.body["variables"]["first"] for r in world.server.requests if "query Pulls" in r.line]
    assert sizes[:4] == [20, 10, 5, 2]
    assert max(sizes[4:]) > 2  # and grows again


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_pages_that_are_too_heavy_are_read_in_smaller_ones(world, status):
    world.server.plan(Fault.heavy(more_than=8, status=status))
    assert set(world.enrich().details) == ALL


@pytest.mark.parametrize("kind", ["RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"])
def test_a_resource_limit_halves_the_page(world, kind):
    world.server.plan(Fault.graphql(kind, after=1, times=2))
    assert set(world.enrich().details) == ALL
    sizes = [r.body["variables"]["first"] for r in world.server.requests if "query Pulls" in r.line]
    assert sizes[:3] == [20, 10, 5]


def test_a_time_out_halves_the_page(world):
    world.server.plan(
        Fault.graphql("", "Something went wrong while executing your query. Timed out", after=1)
    )
    assert set(world.enrich().details) == ALL


def test_a_host_that_does_not_answer_in_time_is_asked_for_less(world, monkeypatch):
    monkeypatch.setattr("ingest.sources.github_client.TIMEOUT_S", 0.3)
    world.server.plan(Fault.slow(0.8, on="query Pulls"))
    assert set(world.enrich().details) == ALL


def test_a_pull_request_that_no_page_can_hold_fails_alone(world):
    world.server.plan(Fault.heavy(more_than=0, on="query Pulls", times=5))
    world.enrich()
    assert set(world.failed) == {"acme/relay#48"}
    assert set(world.details) == ALL - {48}
    world.enrich()
    assert set(world.details) == ALL


def test_pages_that_always_fail_stop_the_run(world):
    world.server.plan(Fault.heavy(more_than=0, on="query Pulls"))
    with pytest.raises(LimitReached, match="5 pull requests in a row"):
        world.enrich()
    assert len(world.failed) == 4


def test_a_host_that_stays_down_stops_with_75(world):
    world.server.plan(Fault.status(503, times=9_999))
    with pytest.raises(LimitReached, match="6 times in a row"):
        world.enrich()
    assert sum(world.time.slept) <= 60


def test_a_rest_burst_is_waited_out(world):
    world.server.plan(Fault.status(502, on="/files", after=5, times=2))
    world.read()
    assert len(world.changes) == 48
    assert world.failed == {}


def test_one_diff_that_always_fails_does_not_stop_the_others(world):
    world.server.plan(Fault.status(500, on="/pulls/27/files", times=99))
    world.read()
    assert len(world.changes) == 48
    (file,) = world.changes["acme/relay#27"].files
    assert (file.seen, file.reason) == (False, "not fetched")


def test_diffs_that_all_fail_stop_the_run(world):
    world.server.plan(Fault.status(404, on="/files", times=999))
    with pytest.raises(LimitReached, match="5 changes in a row"):
        world.read()


def test_html_instead_of_json_is_asked_again(world):
    world.server.plan(Fault.html(after=1, times=2), Fault.html(on="/files", after=3))
    world.read()
    assert len(world.changes) == 48


def test_json_that_is_no_answer_is_asked_again(world):
    world.server.plan(Fault.status(200, "[1, 2", after=1), Fault.status(200, {}, after=2))
    assert set(world.enrich().details) == ALL


def test_a_truncated_body_is_asked_again(world):
    world.server.plan(Fault.cut(after=1, times=2), Fault.cut(on="/files", after=3))
    world.read()
    assert len(world.changes) == 48


def test_a_dropped_connection_is_opened_again(world):
    world.server.plan(Fault.drop(after=1, times=2), Fault.drop(on="/files", after=3))
    world.read()
    assert len(world.changes) == 48


def test_a_partial_error_of_graphql_costs_one_question_more(world):
    world.server.broken_fields = {(33, "reviewThreads"): 1, (34, "labels"): 1}
    world.enrich()
    assert set(world.details) == ALL
    assert world.failed == {}
    assert world.details[33].reviews
    assert world.details[34].labels


def test_a_partial_error_that_stays_fails_that_pull_request_alone(world):
    world.server.broken_fields = {(33, "reviewThreads"): 999, (34, "labels"): 999}
    world.enrich()
    assert set(world.failed) == {"acme/relay#33", "acme/relay#34"}
    assert "Something went wrong" in world.failed["acme/relay#33"]
    assert set(world.details) == ALL - {33, 34}
    world.server.broken_fields = {}
    world.enrich()
    assert set(world.details) == ALL
    assert world.failed == {}


def test_a_pull_request_deleted_while_paging_hides_no_other(world):
    world.server.plan(
        Fault.meanwhile(lambda server: server.pulls.pop(21), on="query Pulls", after=1)
    )
    assert set(world.enrich().details) >= ALL - {21}


def test_a_pull_request_deleted_before_its_diff_is_read_fails_alone_and_once(world):
    world.server.plan(Fault.meanwhile(lambda server: server.pulls.pop(21), on="/pulls/21/files"))
    world.read()
    assert set(world.failed) == {"acme/relay#21"}
    world.read()
    world.server.forget()
    world.read()
    assert world.server.count("query Numbers") == 0


def test_a_pull_request_updated_while_paging_is_told_as_it_is_now(world):
    world.enrich()
    for number in range(1, 45):
        world.server.update(number, body="One.")
    world.server.plan(
        Fault.meanwhile(lambda server: server.update(3, body="Two."), on="query Pulls", after=1)
    )
    world.enrich()
    world.enrich()
    assert world.details[3].body == "Two."
    assert all(world.details[n].body == "One." for n in range(4, 45))


def test_pull_requests_created_while_paging_shift_nothing(world):
    def add(server):
        server.add(some_pulls(1, first=300)[0])

    world.server.plan(Fault.meanwhile(add, on="query Pulls", after=1))
    world.enrich()
    assert set(world.details) >= ALL
    world.enrich()
    assert set(world.details) == ALL | {300}


def test_deleted_users_and_forks_are_told_as_ghosts(world):
    pull = world.server.pulls[15]
    pull.author, pull.fork_deleted = None, True
    pull.threads = [Thread("src/a.py", False, [(None, "Who wrote this?")])]
    pull.reviews = [("COMMENTED", None, "Hm.")]
    for token in (TOKEN, None):
        details = world.enrich(token=token).details[15]
        assert details.pull_request.author is None
    assert [thread.comments[0].author for thread in details.reviews] == ["ghost", "ghost"]


@pytest.mark.parametrize("token", [TOKEN, None])
def test_a_renamed_repository_is_followed_and_said(world, token):
    world.server.renamed = {"old/name": "acme/relay"}
    world.undescribed = frozenset()
    source = GithubSource(world.github("old/name", token=token))
    identity = source.identify()
    assert identity.name == "acme/relay"
    assert "old/name is called acme/relay now" in identity.notes
    assert source.identify("old/name").name == "old/name"  # what is stored keeps its name
    reading = source.read(
        world.known(),
        Bounds(),
        world.observer,
    )
    world._keep(reading.changes)
    assert len(world.changes) == 48


def test_a_repository_renamed_in_mid_run_keeps_the_query_of_its_lists(world):
    """PyGithub drops it on the 301 and lists thirty entries of everything, or nothing."""

    def rename(server):
        server.renamed = {server.name: "acme/relay-next"}
        server.name = "acme/relay-next"

    world.server.plan(Fault.meanwhile(rename, on="&page=2&"))
    world.enrich(token=None)
    assert set(world.details) == ALL


def test_disabled_pull_requests_are_no_error(world_of):
    for token in (TOKEN, None):
        world = world_of(pulls=some_pulls(3), pulls_enabled=False)
        world.read(token=token)
        assert world.changes == {}
        assert world.failed == {}


def test_an_empty_repository_is_no_error(world_of):
    for token in (TOKEN, None):
        world = world_of(pulls=[])
        assert world.read(token=token).changes == {}
        assert world.enrich(token=token).details == {}
        world.server.add(some_pulls(1)[0])
        assert list(world.enrich(token=token).details) == [1]


def test_ctrl_c_while_waiting_leaves_a_place_to_go_on(world):
    def interrupted(seconds):
        raise KeyboardInterrupt

    world.server.plan(Fault.status(429, headers={"retry-after": "5"}, after=2))
    world.time.sleep = interrupted
    with pytest.raises(KeyboardInterrupt):
        world.enrich()
    assert len(world.details) == 20
    del world.time.sleep
    assert set(world.enrich().details) == ALL
