from datetime import UTC, datetime, timedelta

import pytest

from kb.analysis.context import HistoryRow, build_context
from kb.analysis.judge import analyse, rescore
from kb.analysis.modules import module_of
from kb.types import ChangeRecord, Digest


@pytest.mark.parametrize(
    ("path", "roots", "wanted"),
    [
        ("python/acme/engine/cache/tree.py", ("python/acme",), "engine/cache"),
        ("src/acme/box.py", ("src/acme",), "box"),
        ("crates/lid/src/hinge/mod.rs", ("crates/lid",), "hinge"),
        ("packages/box/src/node/server/hmr.ts", ("packages/box",), "node/server"),
        ("tokio/src/runtime/task.rs", (), "tokio/runtime"),
        ("pkg/box/lid.go", (), "box"),
        ("core/src/main/java/org/acme/box/lid/Hinge.java", (), "core/lid"),
        ("docs/a/b.md", (), "docs"),
        ("box.go", (), "box"),
        ("test/registered/lids/test_hinge.py", (), "tests"),
        ("src/acme/tests/test_box.py", ("src/acme",), "tests"),
        ("packages/box/__tests__/lid.spec.ts", ("packages/box", "packages/lid"), "box"),
        ("src/acme/engine/tests/test_box.py", ("src/acme",), "engine"),
        ("tsdb/head_test.go", (), "tsdb"),
    ],
)
def test_modules_begin_below_the_package_root(
    path: str, roots: tuple[str, ...], wanted: str
) -> None:
    from kb.analysis.path_roles import path_role

    assert module_of(path, path_role(path), roots) == wanted


def test_the_folder_of_its_tests_is_no_module_of_a_change_to_the_product(change, many) -> None:
    files = {f"test/registered/test_{name}.py": many(80) for name in ("lid", "hinge", "box")}
    found = analyse(change("Close the lid by default", files | {"acme/lids/a.py": many(5)}))
    assert found.modules == ("acme/lids",)
    assert analyse(change("Test the lid", files)).modules == ("tests",)


def test_tags_of_the_title_are_modules_and_types_are_not(change, many) -> None:
    found = analyse(change("[Feature][Lids][2/N] hinges", {"acme/a.py": many(5)})).modules
    assert "Lids" in found
    assert "Feature" not in found


def test_a_bot_is_what_it_does(change, many) -> None:
    bump = change(
        "Bump lid from 1 to 2", {"requirements.txt": "-lid==1\n+lid==2"}, author="dependabot[bot]"
    )
    assert analyse(bump).bot
    real = change("feat: hinges", {"acme/a.py": many(40)}, author="helper-agent[bot]")
    assert not analyse(real).bot
    person = change(
        "Bump lid from 1 to 2", {"requirements.txt": "-lid==1\n+lid==2"}, author="Abbott"
    )
    assert not analyse(person).bot


def test_an_account_that_always_does_the_same_chore_is_a_bot(change) -> None:
    made = [
        change(f"Update sponsors {n}", {"docs/sponsors.yml": "+a"}, author="Nightly", number=n)
        for n in range(1, 8)
    ]
    context = build_context(
        HistoryRow(c.id, c.author, c.title, c.merged_at, ("docs/sponsors.yml",)) for c in made
    )
    assert analyse(made[0], None, None, context).bot


def test_core_paths_are_the_most_changed_sources(change) -> None:
    rows = [
        HistoryRow(
            f"acme/tool#{n}",
            "Ada",
            "x",
            change("x").merged_at,
            ("acme/loop.py", f"acme/part{n}.py", "uv.lock", "README.md"),
        )
        for n in range(20)
    ]
    assert build_context(rows).core_paths == {"acme/loop.py"}


def test_of_sources_that_changed_as_often_the_first_by_name_are_core() -> None:
    names = [f"acme/{letter}.py" for letter in "hgfedcba"]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [HistoryRow(f"r#{n}", "Ann", "Work", when + timedelta(n), names) for n in range(4)]
    assert build_context(rows).core_paths == {"acme/a.py", "acme/b.py", "acme/c.py"}


def test_a_stored_change_is_judged_again_and_keeps_its_links(change, many) -> None:
    from dataclasses import replace

    made = change("feat: hinges", {"acme/a.py": many(40)})
    patches = {file.path: file.patch for file in made.files}
    listed = replace(made, files=tuple(replace(file, patch=None) for file in made.files))
    held = replace(analyse(made), reverted_by=("acme/tool#9",), override_note="ours")
    again = rescore(ChangeRecord(listed, Digest(""), held), patches=patches)
    assert again.raw == held.raw
    assert again.reverted_by == ("acme/tool#9",)
    assert again.override_note == "ours"
