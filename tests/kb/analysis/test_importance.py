import pytest

from kb.analysis.context import RepoContext
from kb.analysis.importance import SCALE, scaled
from kb.analysis.judge import analyse
from kb.analysis.term_text import term_text
from kb.phrases import phrases
from kb.settings import AnalysisSettings
from kb.types import Term


def term(analysis, name):
    return next((entry.points for entry in analysis.terms if entry.name == name), 0.0)


def test_the_terms_sum_to_the_raw_importance(change, many) -> None:
    found = analyse(
        change(
            "feat: hinges",
            {"src/box.py": "+class Hinge:\n" + many(40), "tests/test_box.py": many(20)},
        )
    )
    assert found.raw == pytest.approx(sum(entry.points for entry in found.terms), abs=0.01)
    assert 0 <= found.importance <= 10


def test_the_scale_rises_and_stays_inside() -> None:
    values = [scaled(raw / 10) for raw in range(-60, 160)]
    assert values == sorted(values)
    assert values[0] >= 0
    assert values[-1] == 10.0
    assert all(scaled(raw) == pytest.approx(points, abs=0.05) for raw, points in SCALE)


def test_a_small_new_option_outweighs_a_large_typing_upgrade(change, many) -> None:
    option = analyse(
        change(
            "Add --lid-timeout",
            {
                "acme/cli.py": '+    parser.add_argument("--lid-timeout", default=30)\n' + many(8),
                "docs/cli.md": many(6),
            },
        )
    )
    typing = "\n".join(f"-def step_{i}(a):\n+def step_{i}(a: int) -> None:" for i in range(60))
    upgrade = analyse(change("Upgrade annotations", {f"acme/part{i}.py": typing for i in range(9)}))
    assert option.raw > upgrade.raw


def test_lock_files_and_tuned_tables_have_no_size(change, many) -> None:
    assert analyse(change("update", {"uv.lock": many(4000)})).size.source_added == 0
    assert analyse(change("tune", {"acme/configs/tuned.json": many(4000)})).size.source_added == 0


def test_comments_have_no_size(change) -> None:
    made = change(
        "explain",
        {"acme/box.py": '+    """Opens.\n+    Twice is fine.\n+    """\n+    # why\n+    lid = 1'},
    )
    assert analyse(made).size.source_added == 1


def test_changed_defaults_and_dropped_versions_count(change) -> None:
    found = analyse(
        change("Box", {"acme/box.py": "-def open(key, wait=30):\n+def open(key, wait=60):"})
    )
    assert term(found, "defaults") > 0
    floor = analyse(
        change(
            "Python", {"pyproject.toml": '-requires-python = ">=3.8"\n+requires-python = ">=3.10"'}
        )
    )
    assert term(floor, "version_floor") > 0
    assert floor.level == "medium"


def test_a_setting_scales_a_term(change, many) -> None:
    made = change("feat: hinges", {"acme/box.py": many(100)})
    plain = analyse(made)
    halved = analyse(made, None, AnalysisSettings(weights={"added_source": 0.5}))
    assert term(halved, "added_source") == pytest.approx(term(plain, "added_source") / 2, abs=0.01)


def test_core_paths_come_from_settings_else_from_churn(change, many) -> None:
    made = change("feat: hinges", {"acme/engine/loop.py": many(30)})
    assert term(analyse(made), "core_path") == 0
    assert (
        term(analyse(made, None, AnalysisSettings(core_paths=("acme/engine/*",))), "core_path") > 0
    )
    assert (
        term(
            analyse(made, None, None, RepoContext(core_paths=frozenset({"acme/engine/loop.py"}))),
            "core_path",
        )
        > 0
    )


def test_every_term_and_level_has_a_phrase_in_both_languages(change, many) -> None:
    assert phrases("analysis", "en").keys() == phrases("analysis", "zh").keys()
    made = [
        change(
            "feat!: hinges",
            {
                "acme/box.py": "+class Hinge:\n" + many(500),
                "CHANGELOG.md": "+- hinges",
                "docs/a.md": many(9),
            },
        ),
        change(
            "[2/3] Optimize the scheduler", {"acme/box.py": many(20), "tests/test_a.py": many(9)}
        ),
        change('Revert "hinges"', {"acme/box.py": many(20, "-")}),
        change(
            "tiny follow-up",
            {
                "acme/box.py": '+x = os.environ.get("ACME_LID", "0")\n-    parser.add_argument("--old")'
            },
        ),
        change("fix: CVE-2026-1", {"acme/box.py": many(5)}),
        change("docs", {"README.md": "+a"}),
    ]
    for entry in made:
        found = analyse(entry)
        for part in found.terms:
            for lang in ("en", "zh"):
                assert term_text(part, lang)
        assert f"{found.level_reason.removeprefix('analysis.')}" in phrases("analysis", "en")


def test_an_entry_that_says_breaking_or_stands_under_features_weighs_more(change) -> None:
    def judged(entry: str):
        return analyse(change("lids", {"acme/a.py": "+    lid = 1", "CHANGELOG.md": entry}))

    feature = judged(" ### Added\n+- Soft lids (#12)")
    breaking = judged("+- *breaking :warning:* lids close softly (#12)")
    assert term(feature, "changelog_kind") > 0
    assert breaking.level == "medium"
    internal = judged(" ### Internal\n+- Lids are sorted (#12)")
    assert term(internal, "changelog") == 0  # contributors read it, users do not


def test_a_parser_committed_beside_its_grammar_has_no_size(change, many) -> None:
    made = change("allow soft lids", {"src/box.y": many(2), "src/box.c": many(500)})
    assert analyse(made).size.source_added == 2
    assert analyse(change("allow soft lids", {"src/box.c": many(500)})).size.source_added == 500


@pytest.mark.parametrize(
    ("lines", "other", "en", "zh"),
    [
        ("9", "0", "9 source lines added", "新增源码 9 行"),
        ("1", "0", "1 source line added", "新增源码 1 行"),
        (
            "9",
            "4",
            "9 source lines added (4 of builds, tools and benchmarks, at a quarter)",
            "新增源码 9 行（构建、工具与基准另计 4 行，按四分之一折算）",
        ),
        (
            "0",
            "4",
            "4 lines of builds, tools and benchmarks added, at a quarter",
            "新增构建、工具与基准 4 行，按四分之一折算",
        ),
    ],
)
def test_a_term_tells_only_of_lines_that_there_are(
    lines: str, other: str, en: str, zh: str
) -> None:
    added = Term("added_source", 1.0, {"lines": lines, "other": other})
    assert [term_text(added, lang) for lang in ("en", "zh")] == [en, zh]


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    assert term_text(Term("source_files", 0.1, {"files": "1"}), "en") == "1 source file changed"
    assert term_text(Term("source_files", 0.1, {"files": "2"}), "en") == "2 source files changed"
    assert term_text(Term("tests", 0.1, {"lines": "1"}), "en") == "1 line of tests"


def test_an_entry_that_is_only_wrapped_anew_is_none(change) -> None:
    wrapped = "-- Lids close, and the\n-  box with them (#12)\n+- Lids close, and the box\n+  with them (#12)"
    files = {".pre-commit-config.yaml": "-    rev: v1.0\n+    rev: v1.1", "CHANGES.md": wrapped}
    keys = {term.name for term in analyse(change("Bump hinge to 1.1", files)).terms}
    assert not any("changelog" in key for key in keys)
