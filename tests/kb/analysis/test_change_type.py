import pytest

from kb.analysis.change_type import change_type
from kb.analysis.facts import facts_of
from kb.vocabulary import CHANGE_TYPES

CODE = "+    if key is None:\n+        return default\n+    value = table[key]"


def kind(made) -> str:
    verdict = change_type(facts_of(made))
    assert set(verdict.types) <= set(CHANGE_TYPES)
    return verdict.types[0]


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("feat(box): lids", "feature"),
        ("fix: lid stays open", "bugfix"),
        ("[Lid] feat: hinges", "feature"),
        ("[Bugfix] lid", "bugfix"),
        ("[Feature][Lid] hinges", "feature"),
        ("refactor(box)[part2]: lids", "refactor"),
        ("perf: lid lookup", "performance"),
        ("✨ Hinges", "feature"),
        ("🐛 Lid stays open", "bugfix"),
        (":zap: Lid lookup", "performance"),
        ("♻️ Split the box", "refactor"),
        ("修复箱盖无法关闭的问题", "bugfix"),
        ("新增箱盖支持", "feature"),
        ("重构箱盖模块", "refactor"),
        ("优化箱盖查询性能", "performance"),
        ("Fix lid that stays open", "bugfix"),
        ("Fixed crash when the lid is missing", "bugfix"),
        ("Add support for hinges", "feature"),
        ("box: implement hinges", "feature"),
        ("Rename lid to cover", "refactor"),
        ("Speed up lid lookup", "performance"),
        ('Revert "Add hinges"', "revert"),
        ("[Revert] hinges", "revert"),
    ],
)
def test_titles_of_many_conventions(change, title: str, wanted: str) -> None:
    assert kind(change(title, {"src/tool/box.py": CODE})) == wanted


def test_files_decide_before_the_title(change) -> None:
    assert kind(change("fix: wrong example", {"docs/guide.md": "+text"})) == "docs"
    assert kind(change("fix: flaky", {"tests/test_box.py": CODE})) == "test"
    assert (
        kind(change("fix the pipeline", {".github/workflows/a.yml": "+  run: make"})) == "ci-config"
    )
    assert kind(change("update", {"requirements.txt": "-lid==1.0\n+lid==1.1"})) == "dependency"


def test_comments_and_docstrings_are_documentation(change) -> None:
    python = '+    """Opens the box.\n+\n+    Twice is fine.\n+    """\n+    # A hinge.'
    assert kind(change("box: explain open", {"src/box.py": python})) == "docs"
    assert (
        kind(change("rt: more words", {"src/lib.rs": "+/// Opens the box.\n+//! A crate."}))
        == "docs"
    )


def test_rust_tests_inside_the_source_are_tests(change) -> None:
    patch = "@@ -90,3 +90,6 @@ mod tests {\n     use super::*;\n+    #[test]\n+    fn opens() {\n+        assert!(open());\n+    }"
    assert kind(change("cover open", {"src/lib.rs": patch})) == "test"


def test_a_version_bump_is_configuration(change) -> None:
    assert (
        kind(
            change(
                "chore: prepare 1.4.0",
                {"src/tool/__init__.py": '-__version__ = "1.3.0"\n+__version__ = "1.4.0"'},
            )
        )
        == "ci-config"
    )
    assert (
        kind(
            change(
                "Release 1.4.0",
                {
                    "CHANGELOG.md": "+## 1.4.0",
                    "Cargo.toml": '-version = "1.3.0"\n+version = "1.4.0"',
                },
            )
        )
        == "ci-config"
    )


def test_a_fragment_of_the_changelog_names_the_type(change) -> None:
    assert (
        kind(
            change(
                "lids (again)",
                {"src/box.py": CODE, "changelog/12.bugfix.rst": ("added", "+Lids close.")},
            )
        )
        == "bugfix"
    )


def test_security_is_found_by_words_on_their_boundaries(change) -> None:
    found = change_type(facts_of(change("fix: path traversal in the box", {"src/box.py": CODE})))
    assert set(found.types) == {"bugfix", "security"}
    friend = change_type(
        facts_of(change("fix: raise Unauthorized for closed lids", {"src/box.py": CODE}))
    )
    assert "security" not in friend.types


def test_there_is_always_a_type(change) -> None:
    assert kind(change("", {})) in CHANGE_TYPES
    assert kind(change("misc", {"data/a.bin": ""})) in CHANGE_TYPES
