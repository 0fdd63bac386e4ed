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
