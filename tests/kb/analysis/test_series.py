from datetime import UTC, datetime, timedelta

import pytest

from kb.analysis.series import apply_relations, relations, series_in_title
from kb.types import Analysis

START = datetime(2026, 5, 1, tzinfo=UTC)


def history(*rows):
    """(number, title, body, author), a day apart, oldest first."""
    made = []
    for day, row in enumerate(rows):
        number, title, *rest = row
        body, author = (*rest, "", "Ada")[:2] if len(rest) < 2 else rest
        made.append(
            (
                f"acme/tool#{number}",
                number,
                f"{number:07x}" + "0" * 33,
                title,
                body,
                author or "Ada",
                START + timedelta(days=day),
            )
        )
    return made


def links(rows, kind):
    return {
        (r.source.split("#")[1], r.target.split("#")[1]) for r in relations(rows) if r.kind == kind
    }


def test_a_revert_is_linked_by_commit_number_or_title() -> None:
    rows = history(
        (1, "Add lids (#1)"),
        (2, "Add hinges (#2)"),
        (3, "Paint boxes in blue and other colours (#3)"),
        (4, 'Revert "Something else"', f"This reverts commit {1:07x}{'0' * 33}."),
        (5, 'Revert "Add hinges (#2)" (#5)'),
        (6, 'Revert "Paint boxes in blue and other colours" (#6)'),
    )
    assert links(rows, "reverts") == {("4", "1"), ("5", "2"), ("6", "3")}


def test_a_title_that_was_edited_after_it_was_quoted_is_found_by_its_words() -> None:
    rows = history(
        (1, "[Box] Turn brass hinges by hand (#1)"),
        (2, "Turn the lathe by hand (#2)"),
        (3, 'Revert "Turn brass hinges" (#3)'),
        (4, "[Box] Reland brass hinges (#4)"),
        (5, "Oil brass hinges (#5)"),
        (6, 'Revert "Brass hinges" (#6)'),  # of which of the three?
    )
    assert links(rows, "reverts") == {("3", "1")}
    assert links(rows, "follows") == {("4", "1")}


def test_digits_that_are_no_number_link_nothing() -> None:
    long = "1" * 5000
    rows = history(
        (1, "Add lids (#1)"),
        (2, f"Mend lids (#{long})", f"fixes #{long}, follow-up of #{long}"),
        (3, f'Revert "Add #{long}"', f"This reverts #{long}."),
    )
    assert relations(rows) == []


def test_a_cut_title_and_a_bare_pr_number_are_found() -> None:
    rows = history(
        (1, "Teach the box to close its lid by itself (#1)"),
        (23, "Oil (#23)"),
        (3, 'Revert "Teach the box to close its lid by it…'),
        (4, "revert oil of PR 23"),
    )
    assert links(rows, "reverts") == {("3", "1"), ("4", "23")}


def test_follow_ups_fixes_and_relands_go_to_the_earlier_change() -> None:
    rows = history(
        (1, "Add lids (#1)"),
        (2, "Oil hinges", "Follow-up of #1."),
        (3, "Stop the squeak", "Fixes a regression from #2."),
        (4, "Close lids", "Fixes #1"),
        (5, "Reland Add lids (#5)"),
        (6, "Unrelated, see #900", "Fixes #901"),
    )
    assert links(rows, "follows") == {("2", "1"), ("5", "1")}
    assert links(rows, "fixes") == {("3", "2"), ("4", "1")}


def test_nothing_points_to_a_later_change_or_to_itself() -> None:
    rows = history((1, "Add lids", "Follow-up of #2"), (2, "Add hinges", "fixes #2"))
    assert not links(rows, "follows")
    assert not links(rows, "fixes")


def test_numbered_parts_are_one_series() -> None:
    rows = history(
        (1, "[1/3] Box: lids"), (2, "Other"), (3, "[2/3] Box: hinges"), (4, "(3/3) Box: oil")
    )
    found = [r for r in relations(rows) if r.kind == "series" and ":series:" in r.target]
    assert {r.source for r in found} == {"acme/tool#1", "acme/tool#3", "acme/tool#4"}
    assert len({r.target for r in found}) == 1
    assert series_in_title("x", "[2/3] Box: hinges").index == 2
    assert series_in_title("x", "Box 2/3 full") is None


def test_an_authors_run_shares_a_rare_word() -> None:
    rows = history(
        (1, "Quaternion lids"),
        (2, "Paint quaternion hinges"),
        (3, "Oil", "", "Bo"),
        (4, "[box] Turn quaternion boxes"),
        (5, "Quaternion paint", "", "Bo"),
    )
    runs = {r.source for r in relations(rows) if r.kind == "series"}
    assert runs == {"acme/tool#1", "acme/tool#2", "acme/tool#4"}


def test_a_verb_that_begins_titles_makes_no_run_of_their_author() -> None:
    rows = history(
        (1, "Validate lids"), (2, "[box] Validate the oil"), (3, "hinge: Validate its paint")
    )
    assert not [r for r in relations(rows) if r.kind == "series"]


def test_relations_fill_both_sides_of_an_analysis() -> None:
    rows = history(
        (1, "Add lids (#1)"), (2, 'Revert "Add lids (#1)"'), (3, "Oil", "Follow-up of #1")
    )
    found = relations(rows)
    plain = Analysis(("feature",), 5.0, 1.0, "medium")
    first = [r for r in found if "acme/tool#1" in (r.source, r.target)]
    judged = apply_relations(plain, first, "acme/tool#1")
    assert judged.reverted_by == ("acme/tool#2",)
    assert judged.followed_by == ("acme/tool#3",)
    second = apply_relations(plain, [r for r in found if r.source == "acme/tool#2"], "acme/tool#2")
    assert second.reverts == ("acme/tool#1",)


def told_in_steps():
    """A history in which later changes speak of earlier ones in every way that is read."""
    rows = history(
        (1, "Add lids (#1)"),
        (2, "Fix hinges (#2)", "Fixes a crash caused by #1, follow-up to #1."),
        (3, "Paint [1/2] (#3)", "follow-up of #2. Also follow-up of #1."),
        (4, "Oil [2/2] (#4)"),
        (5, 'Revert "Fix hinges (#2)"'),
        (6, "Reland: Fix hinges (#2) (#6)", "Fixes a failure caused by #5"),
        (7, 'Revert "Reland: Fix hinges"', f"This reverts commit {6:07x}{'0' * 33}."),
        (8, "Sand the hinge pins (#8)", "follow-up to #3"),
        (9, "Sand the hinge caps (#9)"),
        (10, "Sand the hinge arms (#10)", "Builds on #3, fixes breakage introduced by #8"),
    )
    sha = rows[5][2][:7] + "f" * 33  # begins like that of #6, which #7 names
    return [*rows, ("acme/tool#11", 11, sha, "Wax (#11)", "", "Bo", START + timedelta(days=20))]


@pytest.mark.parametrize("new", [1, 2, 3, 4, 6, 8, 10, 11])
@pytest.mark.parametrize("late", [True, False], ids=["newest", "scattered"])
def test_what_was_found_before_and_what_is_new_come_to_the_whole(new: int, late: bool) -> None:
    rows = told_in_steps()
    added = {row[0] for row in (rows[-new:] if late else rows[::2][-new:])}
    before = [row for row in rows if row[0] not in added]
    stored = sorted(relations(before), key=repr)  # a table without an order
    bodies = {row[0]: row[4] for row in before}
    told = [(*row[:4], None, *row[5:]) if row[0] in bodies else row for row in rows]
    found = relations(told, stored, bodies.keys(), bodies.__getitem__)
    whole = relations(rows)
    assert sorted(found, key=repr) == sorted(whole, key=repr)
    touched = {item.target for item in whole if item.source in added} | added
    assert [item for item in found if item.source in touched] == [
        item for item in whole if item.source in touched
    ]
