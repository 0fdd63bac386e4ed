import time
from dataclasses import replace

import pytest

from kb.analysis.change_type import change_type
from kb.analysis.facts import facts_of
from kb.analysis.judge import analyse
from kb.analysis.titles import parse_title
from kb.analysis.type_evidence import title_evidence
from kb.types import FileChange
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
        ("支持撤销操作", "feature"),  # the operation is called "undo"
        ("修复撤销按钮", "bugfix"),
        ("回滚箱盖支持", "revert"),
        ("新增异常类", "feature"),  # what stands first decides
        ("修改错误的返回值", "bugfix"),
        ("Fixes #12: implement hinges", "feature"),  # closes an issue, and then says what it does
        ("fix #12 - rename lid to cover", "refactor"),
        ("Fixes #12", "bugfix"),
        ("box: allow lids without hinges", "feature"),
        ("Rewrite lids for better perf", "performance"),
        ("avoid re-walking nested lids", "performance"),
        ("Fix lid that stays open", "bugfix"),
        ("Fixed crash when the lid is missing", "bugfix"),
        ("Add support for hinges", "feature"),
        ("box: implement hinges", "feature"),
        ("Rename lid to cover", "refactor"),
        ("Speed up lid lookup", "performance"),
        ("Close lids by default", "feature"),  # everybody meets it
        ("chore: default to lids that close", "feature"),
        ("Fix stringsCompare issues from gocritic", "refactor"),  # no user saw them
        ("Fix Rust lint errors", "refactor"),
        ("Fix mypy errors with subclasses of lids", "bugfix"),  # what users of types see
        ("Rename ACME_LID to ACME_COVER", "refactor"),
        ("Replace the hardcoded hinge with get_hinge()", "refactor"),
        ('Revert "Add hinges"', "revert"),
        ("[Revert] hinges", "revert"),
        ("Partially revert hinges", "revert"),
        ('Revert "Revert "Add hinges"" (#12)', "feature"),  # back again
        ('Reapply "Speed up lid lookup"', "performance"),
        ("Release 1.4.0", "ci-config"),  # whatever was merged with it
        ("box-1.4.0", "ci-config"),
        ("feat: HTTP 2.0", "feature"),
        ("chore: fix gofumpt issues", "refactor"),
        ("ENH Raise when no lid matches", "feature"),
        ("STY Close unclosed lids", "refactor"),
        ("FIX Hinge of lids", "bugfix"),
        ("FIX TST Hinge of lids", "test"),
        ("PERF Lid lookup", "performance"),
        ("CHORE Rename lid to cover", "refactor"),
    ],
)
def test_titles_of_many_conventions(change, title: str, wanted: str) -> None:
    assert kind(change(title, {"src/tool/box.py": CODE})) == wanted


@pytest.mark.parametrize("unit", [".1", "a", "-1", "reapply ", 'Revert "', "[a]", "a/", "*"])
def test_a_hostile_title_costs_little_time(unit: str) -> None:
    began = time.process_time()
    for title in ("v1" + unit * (20_000 // len(unit)) + "!", unit * (20_000 // len(unit))):
        title_evidence(parse_title(title))
    assert time.process_time() - began < 2


def test_what_a_title_says_first_is_what_it_is_for() -> None:
    assert parse_title("Fix a stuck lid & improve docstrings").type == "bugfix"
    assert parse_title("Add soft lids and update the documentation").type == "feature"
    assert parse_title("Improve docstrings and fix typos").type == "docs"


def test_an_area_begins_with_no_verb() -> None:
    assert parse_title("Fix grammar: 'allows to'").type == "docs"
    assert parse_title("box lids: fix hinges").scope == "box lids"


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


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (" ## Features\n \n+- Lids close softly (#12)", "feature"),
        (" ### Fixed\n \n+- Lids close softly (#12)", "bugfix"),
        ("+* [FEATURE] Lids: close softly. #12", "feature"),
        (" #### Performance\n+- Lids close softly (#12)", "performance"),
    ],
)
def test_an_entry_is_of_the_kind_that_its_heading_or_mark_says(change, entry, wanted) -> None:
    assert kind(change("soft lids", {"src/box.py": CODE, "CHANGELOG.md": entry})) == wanted


def test_security_is_found_by_words_on_their_boundaries(change) -> None:
    found = change_type(facts_of(change("fix: path traversal in the box", {"src/box.py": CODE})))
    assert set(found.types) == {"bugfix", "security"}
    friend = change_type(
        facts_of(change("fix: raise Unauthorized for closed lids", {"src/box.py": CODE}))
    )
    assert "security" not in friend.types


def test_an_unsound_type_of_a_checker_is_no_hole(change) -> None:
    def types(title):
        return change_type(facts_of(change(title, {"src/box.rs": CODE}))).types

    assert "security" in types("Fix unsound use of the lid in Box::open")
    assert "security" not in types("Add an opt-in unsound-assignment rule for lids")
    assert "security" not in types("Reject unsound overrides of a lid")


def test_a_merge_from_the_private_fork_of_an_advisory_is_security(change) -> None:
    made = change("Merge commit from fork", {"src/box.py": CODE}, body="* box: compare lids")
    found = change_type(facts_of(made))
    assert found.types == ("security", "bugfix")
    assert kind(change("Merge commit from fork", {"docs/guide.md": "+text"})) == "docs"


def test_an_advisory_that_the_description_fixes_is_security(change) -> None:
    made = change("Check lids at run time", {"src/box.c": CODE}, body="This fixes CVE-2026-39956.")
    assert kind(made) == "security"
    named = change("Refactor lids", {"src/box.c": CODE}, body="Like CVE-2026-39956, but slower.")
    assert kind(named) != "security"


def test_the_sentence_of_the_entry_speaks_for_the_type(change, many) -> None:
    files = {
        "src/box.py": many(30),
        "CHANGES.md": "+- Improve performance on deeply nested lids by sorting once (#12)",
    }
    assert kind(change("lids in one pass", files)) == "performance"
    del files["CHANGES.md"]
    assert kind(change("lids in one pass", files)) != "performance"


def test_tests_beside_the_build_do_not_make_it_a_test(change, many) -> None:
    files = {
        "pom.xml": "-    <Import>lid</Import>\n+    <Import>lid;optional</Import>",
        "src/test/java/BoxTest.java": many(5),
    }
    assert kind(change("Make the import of lids optional", files)) != "test"


def test_a_comment_beside_configuration_is_no_documentation(change, many) -> None:
    files = {"src/box.js": "+// Lids are simple.", "eslint.config.js": many(14)}
    assert kind(change("align lint settings", files)) == "ci-config"


def test_hooks_that_were_bumped_are_a_dependency(change, many) -> None:
    files = {
        ".pre-commit-config.yaml": "-    rev: v1.0\n+    rev: v1.1",
        "tests/test_box.py": many(4),
    }
    assert kind(change("[pre-commit.ci] pre-commit autoupdate", files)) == "dependency"


def test_data_that_nobody_explains_is_configuration(change, many) -> None:
    assert kind(change("Update signatures of 1.8.1", {"sig/v1/box.tar.gz.asc": many(16)})) == (
        "ci-config"
    )


def test_brackets_and_commas_alone_are_a_refactoring(change) -> None:
    patch = "-    if open and shut or locked:\n+    if (open and shut) or locked:"
    assert kind(change("box: make the order plain", {"src/box.py": patch})) == "refactor"
    operator = "-    if a < b:\n+    if a <= b:"
    assert kind(change("box: last lid is lost", {"src/box.py": operator})) == "bugfix"


def test_source_without_a_ci_file_is_no_configuration(change, many) -> None:
    words = "Update to the new version of lids, and fix checks"
    assert kind(change(words, {"src/box.py": many(40) + "\n" + many(40, "-")})) != "ci-config"


def test_a_feature_of_the_maintainers_scripts_is_configuration(change, many) -> None:
    files = {".github/workflows/notes.yml": many(30), "scripts/notes.sh": many(20)}
    assert kind(change("feat: release notes from pull requests", files)) == "ci-config"


def test_what_only_removes_is_a_refactoring(change, many) -> None:
    assert kind(change("Drop deprecated lids", {"src/Box.java": many(15, "-")})) == "refactor"


def test_without_a_source_line_the_files_decide(change) -> None:
    files = {
        "go.mod": "-\tacme/lid v1\n+\tacme/cover v1",
        ".golangci.yml": "+  - cover",
        "lid_test.go": "-\tlid\n+\tcover",
    }
    assert kind(change("switch from lid to cover", files)) == "dependency"


def test_there_is_always_a_type(change) -> None:
    assert kind(change("", {})) in CHANGE_TYPES
    assert kind(change("misc", {"data/a.bin": ""})) in CHANGE_TYPES


def test_a_requirement_that_moved_with_what_it_asks_for_is_a_dependency(change, many) -> None:
    files = {
        "requirements.txt": "-hinge==1.4\n+hinge==1.6",
        "acme/lid.py": many(9),
    }
    assert kind(change("Upgrade hinge from 1.4 to 1.6", files)) == "dependency"
    assert kind(change("Upgrade the lid to close by itself", files)) != "dependency"


def test_docs_whose_lines_look_like_source_are_docs(change) -> None:
    words = "\n".join(f"+        * {n} seconds are returned as a float" for n in range(20))
    made = change("Clarify documentation of `mode`", {"acme/core.pyi": words})
    assert kind(made) == "docs"


def test_data_that_moved_with_its_page_is_what_the_title_says(change) -> None:
    made = change("fix(lid): relocate orphan configs", {"README.md": "-old/path\n+new/path"})
    moved = tuple(
        FileChange(f"new/{n}.json", "renamed", previous_path=f"old/{n}.json") for n in range(3)
    )
    assert kind(replace(made, files=(*made.files, *moved))) == "bugfix"


def test_a_tool_that_was_bumped_is_no_release(change) -> None:
    hook = {".pre-commit-config.yaml": "-    rev: v1.1.0\n+    rev: v1.2.0"}
    pinned = {"pyproject.toml": '-    "hinge==1.1.0",\n+    "hinge==1.2.0",', **hook}
    assert kind(change("Bump hinge to 1.2.0", hook)) == "dependency"
    assert kind(change("Bump hinge to 1.2.0", pinned)) == "dependency"
    own = {"pyproject.toml": '-version = "1.1.0"\n+version = "1.2.0"'}
    assert change_type(facts_of(change("Bump tool to 1.2.0", own))).reason == "release"
    assert parse_title("Bump to 1.2.0").release
    assert parse_title("Bump version to 1.2.0").release
    assert parse_title("Up version to 1.2.0").release


def test_what_tests_cover_is_no_documentation(change, many) -> None:
    """A product may be about docstrings, readmes or typos: nobody tests a text."""
    patch = "-    if is_text(leaf):\n+    # Not a string.\n+    # Not even here.\n+    if is_text(leaf) and not leaf.late:"
    files = {
        "src/lid.py": patch,
        "CHANGES.md": "+- Stop treating a lid as a docstring (#12)",
        "tests/data/lid.py": many(9),
    }
    assert kind(change("don't treat a lid as a docstring", files)) == "bugfix"
    assert kind(change("Correct docstring of lids", {"src/lid.py": "+    # A lid."})) == "docs"


def test_code_after_the_end_of_a_docstring_is_code(change, many) -> None:
    patch = '     """\n     line = rhs.body\n \n+    # Not where a lid is shut.\n+    if line.shut:\n+        return False\n \n     # We go on.'
    files = {"src/lid.py": patch, "tests/test_lid.py": many(9)}
    facts = facts_of(change("Fix lids that stay open", files))
    assert facts.size.source_added == 2
    assert change_type(facts).types == ("bugfix",)
    begun = '     """\n     Opens the lid, however it was shut.\n \n+    If it is locked, nothing happens.'
    assert facts_of(change("More words", {"src/lid.py": begun})).size.source_added == 0


def test_rules_for_the_maintainers_own_code_are_no_feature(change, many) -> None:
    code = {"pkg/box.go": many(30)}
    rules = {**code, ".golangci.yml": "+    - name: unused-receiver"}
    title = "feat(linters): add new revive rules"
    assert kind(change(title, rules)) == "refactor"
    assert kind(change(title, code)) == "feature"  # the product may be a linter
    assert kind(replace(change(title, rules), repo="acme/revive")) == "feature"


def test_a_pinned_version_and_the_code_that_it_asks_for_are_a_dependency(change, many) -> None:
    files = {
        "setup.py": '-        return ["hinge==1.4"]\n+        return ["hinge==1.6"]',
        "acme/lid.py": many(60),
    }
    made = change("[Box] Pin hinge=1.6 and lid=2.9.0", files)
    assert kind(made) == "dependency"
    assert analyse(made).level == "medium"  # more than a number moved
    small = change("Pin hinge=1.6", {**files, "acme/lid.py": many(9)})
    assert (kind(small), analyse(small).level) == ("dependency", "low")


def test_a_line_inside_a_docstring_and_what_goes_are_no_fix_and_no_feature(change, many) -> None:
    line = "@@ -9,3 +9,3 @@ class Lid(Base):\n         oil (`str`):\n-            Oil of the lid must be `thin`. If `None`, no\n+            Oil of the lid must be thin. If `None`, no"
    assert kind(change("Align `Lid.oil` docstring with `Box`", {"acme/lid.py": line})) == "docs"
    gone = "\n".join(
        f"-pub fn lid_{n}(width: usize) -> usize {{\n-    width\n-}}\n+pub fn box_{n}(wide: Oil) -> Oil {{ wide }}"
        for n in range(8)
    )
    assert kind(change("Remove lids from the handling of boxes", {"src/a.rs": gone})) != "feature"
    made = "@@ -0,0 +1,9 @@\n" + "".join(f"+pub fn lid_{number}() {{}}\n" for number in range(9))
    assert kind(change("Drop-in boxes for pallets", {"src/a.rs": made})) == "feature"


def test_a_workaround_is_a_fix_and_an_input_that_stays_whole_is_no_speed(change) -> None:
    line = "+import box.types  # noqa: F401"
    assert (
        kind(change("Workaround circular import error in the box", {"acme/lid.py": line}))
        == "bugfix"
    )
    loop = "-    box[-1].oil += thin\n+    boxes[i] = box[:-1] + [thin]"
    title = "Avoid in-place mutation of input boxes in the oil loop"
    assert kind(change(title, {"acme/lid.py": loop})) == "bugfix"
