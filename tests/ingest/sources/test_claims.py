"""What is a change, what belongs to one, and what it is called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.claims import GraphCommit, PlannedChange, plan_changes, plan_more


def graph(*rows: tuple[str, str, str]) -> list[GraphCommit]:
    """(sha, parents, title) rows, oldest first, as git lists them: newest first."""
    commits = [
        GraphCommit(sha, tuple(parents.split()), place, f"by {sha}", *_words(title))
        for place, (sha, parents, title) in enumerate(rows)
    ]
    return commits[::-1]


def _words(message: str) -> tuple[str, str]:
    title, _, body = message.partition("\n")
    return title, body.strip("\n")


def names(commits: list[GraphCommit]) -> list[str]:
    return [change.id for change in plan_changes(commits, "o/n")]


def test_a_squash_merge_takes_the_last_number_of_its_title() -> None:
    commits = graph(("a", "", "Start"), ("b", "a", 'Revert "Fix (#3)" (#7)'), ("c", "b", "Fix #9"))
    assert names(commits) == ["o/n@c", "o/n#7", "o/n@a"]


def test_what_has_more_digits_than_a_number_is_none() -> None:
    long = "9" * 23
    commits = graph(
        ("a", "", f"Start (#{long})"),
        ("x", "a", "work"),
        ("m", "a x", f"Merge pull request #{long} from ada/x"),
        ("b", "m", f"Go on (#{'7' * 5000})"),
    )
    assert names(commits) == ["o/n@b", "o/n@x", "o/n@a"]


def test_a_pull_request_merge_claims_its_commits() -> None:
    commits = graph(
        ("a", "", "Start"),
        ("x", "a", "one (#99)"),
        ("y", "x", "two"),
        ("b", "a", "direct"),
        ("m", "b y", "Merge pull request #5 from ada/x\n\nBetter relays\n\nWhy it is so."),
    )
    merge, direct, start = plan_changes(commits, "o/n")
    assert (merge.id, merge.title, merge.body) == ("o/n#5", "Better relays", "Why it is so.")
    assert merge.author == "by y"
    assert [commit.sha for commit in merge.commits] == ["x", "y"]
    assert (direct.id, start.id) == ("o/n@b", "o/n@a")


def test_an_inner_pull_request_is_a_change_of_its_own() -> None:
    commits = graph(
        ("a", "", "Start"),
        ("x", "a", "outer work"),
        ("i", "a", "inner work"),
        ("p", "x i", "Merge pull request #2 from b/inner\n\nInner"),
        ("y", "p", "more outer work"),
        ("m", "a y", "Merge pull request #3 from b/outer\n\nOuter"),
    )
    outer, inner, start = plan_changes(commits, "o/n")
    assert (outer.id, [commit.sha for commit in outer.commits]) == ("o/n#3", ["x", "y"])
    assert (inner.id, [commit.sha for commit in inner.commits]) == ("o/n#2", ["i"])
    assert start.id == "o/n@a"


def test_merging_a_branch_is_no_change_and_claims_nothing() -> None:
    commits = graph(
        ("a", "", "Start"),
        ("x", "a", "work (#4)"),
        ("b", "a", "other"),
        ("m", "b x", "Merge branch 'x' into main"),
    )
    assert names(commits) == ["o/n@b", "o/n#4", "o/n@a"]


def test_a_branch_that_merged_main_claims_nothing_of_main() -> None:
    commits = graph(
        ("a", "", "Start"),
        ("x", "a", "work"),
        ("b", "a", "on main (#8)"),
        ("u", "x b", "Merge branch 'main' into work"),
        ("c", "b", "also on main (#9)"),
        ("m", "c u", "Merge pull request #10 from ada/work\n\nWork"),
    )
    assert names(commits) == ["o/n#10", "o/n#9", "o/n#8", "o/n@a"]


def test_the_first_commit_to_carry_a_number_owns_it() -> None:
    commits = graph(("a", "", "Fix (#1)"), ("b", "a", "Fix again (#1)"))
    later, first = plan_changes(commits, "o/n")
    assert (later.id, later.number) == ("o/n@b", 1)
    assert (first.id, first.number) == ("o/n#1", 1)


def test_a_merge_without_a_body_keeps_its_own_title() -> None:
    commits = graph(
        ("a", "", "Start"), ("x", "a", "w"), ("m", "a x", "Merge pull request #5 from ada/x")
    )
    assert plan_changes(commits, "o/n")[0].title == "Merge pull request #5 from ada/x"


def test_a_merge_whose_parents_are_cut_off_claims_nothing_it_cannot_see() -> None:
    commits = graph(("x", "gone", "work"), ("m", "lost x", "Merge pull request #5 from ada/x\n\nT"))
    assert names(commits) == ["o/n#5", "o/n@x"]


def test_changes_come_newest_first_by_committer_time() -> None:
    commits = [
        GraphCommit("c", ("b",), 10, "x", "late in order, early in time", ""),
        GraphCommit("b", ("a",), 30, "x", "b", ""),
        GraphCommit("a", (), 20, "x", "a", ""),
    ]
    assert names(commits) == ["o/n@b", "o/n@a", "o/n@c"]


@st.composite
def histories(draw: st.DrawFn) -> list[GraphCommit]:
    commits: list[GraphCommit] = []
    for place in range(draw(st.integers(1, 14))):
        choose = st.integers(0, place - 1) if place else st.nothing()
        parents = draw(st.lists(choose, max_size=2, unique=True)) if place else []
        title = draw(
            st.sampled_from(
                [f"Merge pull request #{place} from x", "Merge branch 'y'", "w", "w (#1)"]
            )
        )
        shas = tuple(str(parent) for parent in parents)
        commits.append(GraphCommit(str(place), shas, place, "x", title, ""))
    return commits[::-1]


def reach(sha: str, by_sha: dict[str, GraphCommit]) -> set[str]:
    return {sha}.union(*(reach(parent, by_sha) for parent in by_sha[sha].parents))


@given(histories())
def test_claims_are_what_git_calls_a_range(commits: list[GraphCommit]) -> None:
    by_sha = {commit.sha: commit for commit in commits}
    expected: set[str] = set()
    merges = {c.sha for c in commits if c.title.startswith("Merge pull")}
    for sha in merges:
        if len(by_sha[sha].parents) > 1:
            expected |= reach(sha, by_sha) - reach(by_sha[sha].parents[0], by_sha)
    claimed = [c.sha for change in plan_changes(commits, "o/n") for c in change.commits]
    assert sorted(claimed) == sorted(expected - merges)


# --- a plan that goes on from an earlier one -------------------------------------------------------


def more(commits: list[GraphCommit], seen: str) -> list[PlannedChange] | None:
    """What `plan_more` says of the newest commit's history, after all that `seen` reaches."""
    by_sha = {commit.sha: commit for commit in commits}
    known, tip = reach(seen, by_sha), commits[0].sha
    before = plan_changes([commit for commit in commits if commit.sha in known], "o/n")
    since = [commit for commit in commits if commit.sha in reach(tip, by_sha) - known]
    return plan_more(since, tip, seen, "o/n", {change.id for change in before})


@given(histories(), st.data())
def test_a_plan_that_goes_on_is_the_plan_of_the_whole(
    commits: list[GraphCommit], data: st.DataObject
) -> None:
    by_sha = {commit.sha: commit for commit in commits}
    seen = data.draw(st.sampled_from(sorted(by_sha)))
    found = more(commits, seen)
    if found is None:
        return
    whole, before = (
        plan_changes([commit for commit in commits if commit.sha in reach(tip, by_sha)], "o/n")
        for tip in (commits[0].sha, seen)
    )
    assert sorted(found + before) == sorted(whole)


def test_squash_merges_and_pull_request_merges_go_on() -> None:
    commits = graph(
        ("a", "", "Start"),
        ("x", "a", "work on a branch that is older than what was seen"),
        ("b", "a", "Seen (#1)"),
        ("c", "b", "Squashed (#2)"),
        ("m", "c x", "Merge pull request #3 from ada/x\n\nMerged"),
    )
    found = more(commits, "b")
    assert found is not None
    assert [(change.id, [own.sha for own in change.commits]) for change in found] == [
        ("o/n#3", ["x"]),
        ("o/n#2", []),
    ]


def test_a_history_that_was_written_anew_is_planned_anew() -> None:
    commits = graph(("a", "", "Start"), ("b", "a", "Gone (#1)"), ("c", "a", "Instead (#1)"))
    assert more(commits, "b") is None


def test_a_branch_that_took_mains_place_is_planned_anew() -> None:
    commits = graph(
        ("a", "", "Start"),
        ("b", "a", "on main"),
        ("x", "a", "on a branch"),
        ("m", "x b", "Merge pull request #1 from main"),
    )
    assert more(commits, "b") is None


def test_a_number_that_is_taken_is_planned_anew() -> None:
    commits = graph(("a", "", "Fix (#1)"), ("b", "a", "Fix again (#1)"))
    assert more(commits, "a") is None
