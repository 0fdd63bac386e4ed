import pytest

from kb.analysis.path_roles import ROLES, is_lock, role


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("src/tool/server.py", "source"),
        ("tool/document_loaders/pdf.py", "source"),  # "doc..." is no documentation
        ("docker/entry.py", "build"),
        ("internal/pipe/docker/push.go", "source"),  # a product about it
        ("internal/pipe/docker/Dockerfile", "build"),
        ("src/flask/testing.py", "source"),
        ("testing/example_scripts/a.py", "test"),
        ("docs_src/first_steps.py", "docs"),
        ("README.md", "docs"),
        ("tool/test_server.py", "test"),
        ("src/main/java/org/acme/Box.java", "source"),
        ("src/test/java/org/acme/BoxCheck.java", "test"),
        ("core/src/BoxTest.java", "test"),
        ("pkg/box_test.go", "test"),
        ("pkg/boxtest/fakes.go", "test"),  # Go's name for a package of test helpers
        ("pkg/latest/box.go", "source"),
        ("crates/box/resources/mdtest/lids/open.md", "test"),  # tests that are written as documents
        ("crates/mdtest/README.md", "docs"),
        ("crates/mdtest/src/parser.rs", "source"),
        ("docs/pytest/usage.md", "docs"),
        ("guide/latest/open.md", "docs"),
        ("playground/ssr/src/app.js", "test"),
        ("website/playground/panel/language.js", "docs"),  # for readers to try things out
        ("web/box.spec.ts", "test"),
        ("web/App.vue", "source"),
        ("include/acme/box.h", "source"),
        (".github/workflows/run-test.yml", "ci"),
        (".pre-commit-config.yaml", "ci"),
        ("uv.lock", "dependency"),
        ("requirements/base.txt", "dependency"),
        ("go.mod", "dependency"),
        ("scripts/release_notes.py", "build"),
        ("packages/box/scripts/gen.ts", "build"),
        ("src/tool/scripts/runner.py", "source"),
        ("benchmarks/speed.rs", "bench"),
        ("examples/hello/main.go", "bench"),
        ("sdk/all/src/jmh/java/org/acme/LidBenchmark.java", "bench"),
        ("e2e_browser/lid_app.py", "test"),
        ("e2e-apps/shared/app_utils.ts", "test"),
        ("tool/api_pb2.py", "generated"),
        ("vendor/lib/a.go", "generated"),
        (".yarn/releases/yarn-4.16.0.cjs", "generated"),  # a package manager that was committed
        (".yarn/plugins/lid.cjs", "generated"),
        ("src/yarn/releases.js", "source"),
        ("dist/index.js", "generated"),
        ("config/karma.js", "build"),
        ("release/notes.py", "build"),
        ("tuned/E=8,N=14336.json", "data"),
        (".claude/skills/box/SKILL.md", "agent"),
        ("AGENTS.md", "agent"),
        ("tool/prompts/answer.md", "data"),
    ],
)
def test_a_path_has_its_role(path: str, wanted: str) -> None:
    assert role(path) == wanted
    assert wanted in ROLES


def test_a_manifest_is_what_its_changed_lines_are() -> None:
    assert (
        role("pyproject.toml", '@@ -1 +1 @@\n-  "httpx>=0.27",\n+  "httpx>=0.28",') == "dependency"
    )
    assert (
        role("pyproject.toml", "@@ -1 +1 @@ [tool.ruff]\n-line-length = 88\n+line-length = 100")
        == "ci"
    )
    assert (
        role(
            "pyproject.toml", '@@ -1 +1 @@\n-requires-python = ">=3.8"\n+requires-python = ">=3.9"'
        )
        == "build"
    )
    assert (
        role("package.json", '@@ -3 +3 @@\n-    "vue": "^3.4.0",\n+    "vue": "^3.5.0",')
        == "dependency"
    )


def test_lock_files_are_known() -> None:
    assert is_lock("web/pnpm-lock.yaml")
    assert not is_lock("web/package.json")


def test_a_submodule_that_moved_is_a_dependency() -> None:
    moved = "@@ -1 +1 @@\n-Subproject commit 1111111aaaa\n+Subproject commit 2222222bbbb"
    assert role("external/lid", moved) == "dependency"
