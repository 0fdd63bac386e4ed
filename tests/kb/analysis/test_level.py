from kb.analysis.judge import analyse

GUARD = "+    if key is None:\n+        return default"


def test_the_type_carries_the_level(change, many) -> None:
    assert analyse(change("docs: everything", {"docs/a.md": many(3000)})).level == "low"
    assert analyse(change("test: everything", {"tests/test_a.py": many(3000)})).level == "low"
    assert (
        analyse(change("refactor: names", {"acme/a.py": many(80) + "\n" + many(80, "-")})).level
        == "low"
    )


def test_a_large_feature_is_high_and_a_small_one_medium(change, many) -> None:
    assert analyse(change("feat: hinges", {"acme/a.py": many(300)})).level == "high"
    assert (
        analyse(change("feat: hinges", {"acme/a.py": "+def hinge(a):\n" + many(60)})).level
        == "high"
    )
    assert analyse(change("feat: hinges", {"acme/a.py": many(12)})).level == "medium"


def test_a_small_fix_is_medium_where_users_felt_it(change, many) -> None:
    assert analyse(change("fix: lid", {"acme/a.py": GUARD})).level == "low"
    assert analyse(change("fix: lid crashes", {"acme/a.py": GUARD})).level == "medium"
    assert (
        analyse(change("fix: lid", {"acme/a.py": GUARD, "tests/test_a.py": many(12)})).level
        == "medium"
    )


def test_a_fix_of_one_line_needs_more_than_a_changelog_entry(change, many) -> None:
    entry = {"acme/a.py": "+    return key", "CHANGES.md": "+- Lids close"}
    assert analyse(change("fix: lid", entry)).level == "low"
    assert analyse(change("fix: lid", {"acme/a.py": many(12)})).level == "medium"
    assert analyse(change("fix: lid (#12)", {"acme/a.py": many(5)}, body="Fixes #7")).level == (
        "medium"
    )


def test_a_published_vulnerability_is_high(change) -> None:
    for title in ("Fix lid check (CVE-2026-31449)", "Merge commit from fork"):
        found = analyse(change(title, {"acme/a.py": GUARD}))
        assert (found.level, found.level_reason) == ("high", "analysis.level.advisory")
    hardened = analyse(change("fix: sanitize path of lids", {"acme/a.py": GUARD}))
    assert hardened.level == "medium"


def test_dropping_a_large_part_of_the_product_is_high(change, many) -> None:
    gone = "-def hinge(a):\n" + many(450, "-")
    assert analyse(change("Drop hinges", {"acme/a.py": gone})).level == "high"
    moved = {"acme/a.py": gone, "acme/b.py": ("added", "+def hinge(a):\n" + many(450))}
    assert analyse(change("refactor: move hinges", moved)).level_reason != "analysis.level.dropped"


def test_breaks_and_security_are_at_least_medium(change) -> None:
    assert analyse(change("feat!: lid", {"acme/a.py": GUARD})).level == "medium"
    assert analyse(change("fix: path traversal in lids", {"acme/a.py": GUARD})).level == "medium"
    assert (
        analyse(
            change("chore: floor", {"Cargo.toml": '-rust-version = "1.70"\n+rust-version = "1.80"'})
        ).level
        == "medium"
    )


def test_the_same_edit_over_the_whole_tree_is_low(change) -> None:
    edit = "\n".join(f"-    old_name(step_{i})\n+    new_name(step_{i})" for i in range(1))
    hunks = "\n".join(f"@@ -{10 * n},2 +{10 * n},2 @@\n{edit}" for n in range(1, 12))
    made = change("use new_name", {f"acme/part{n}.py": hunks for n in range(12)})
    found = analyse(made)
    assert found.level == "low"


def test_a_release_repeats_the_breaks_that_its_changes_announced(change) -> None:
    files = {
        "CHANGELOG.md": "+## 2.0.0\n+### Breaking\n+- Lids close",
        "Cargo.toml": '-version = "1.0.0"\n+version = "2.0.0"',
    }
    made = change("chore: release 2.0.0", files, body="BREAKING CHANGE: lids close")
    assert analyse(made).level == "low"


def test_a_feature_that_adds_options_is_no_mechanical_edit(change) -> None:
    edit = "-    open(key)\n+    open(key, soft)"
    hunks = "\n".join(f"@@ -{10 * n},2 +{10 * n},2 @@\n{edit}" for n in range(1, 12))
    files = {f"acme/part{n}.py": hunks for n in range(12)}
    files["acme/cli.py"] = '+    parser.add_argument("--soft", default=False)'
    assert analyse(change("feat: soft lids", files)).level != "low"


def test_a_change_that_brings_a_public_function_is_no_mechanical_edit(change) -> None:
    edit = "-    open(key)\n+    open(key, soft)"
    hunks = "\n".join(f"@@ -{10 * n},2 +{10 * n},2 @@\n{edit}" for n in range(1, 12))
    files = {f"acme/part{n}.py": hunks for n in range(12)}
    assert analyse(change("perf: soft lids", files)).level == "low"
    files["acme/lids.py"] = "+def with_soft_lids(lids):\n+    return sorted(lids)"
    assert analyse(change("perf: soft lids", files)).level != "low"


def test_a_formatter_run_over_many_files_is_a_low_refactoring_though_a_few_lines_were_mended(
    change,
) -> None:
    laid_out = '-    show("no lid on the box")\n+    show(\n+        "no lid \\\n+         on the box",\n+    );'
    rest = "-    // closes\n-    shut(lid)\n+    // Closes it.\n+    shut(&lid)"
    hunks = [laid_out] * 7 + [rest]
    patch = "\n".join(f"@@ -{10 * n},2 +{10 * n},5 @@\n{hunk}" for n, hunk in enumerate(hunks, 1))
    made = analyse(change("Enable the formatter", {f"src/part{n}.rs": patch for n in range(60)}))
    assert made.types == ("refactor",)
    assert made.level == "low"
    alone = analyse(change("Enable the formatter", {"src/part.rs": patch}))
    assert alone.types != ("refactor",)
