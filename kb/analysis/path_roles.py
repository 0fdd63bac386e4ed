"""What a file is in its repository: source, test, docs, ci, dependency, build, bench, data ...

Only source lines count as size, and this is the largest single win of the judgement. The rules look
at whole path parts, never at prefixes (`docker/` and `document_loaders/` are not docs).
"""

from __future__ import annotations

import re
from functools import lru_cache

from kb.analysis.languages import SOURCE_EXTENSIONS
from kb.analysis.word_sets import words

ROLES = (
    "source",
    "test",
    "docs",
    "ci",
    "dependency",
    "build",
    "bench",
    "data",
    "generated",
    "agent",
)

LOCK_NAMES = words(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb cargo.lock "
    "poetry.lock pdm.lock uv.lock pipfile.lock go.sum gemfile.lock composer.lock mix.lock "
    "flake.lock packages.lock.json gradle.lockfile podfile.lock pubspec.lock deno.lock "
    "package.resolved pylock.toml conan.lock"
)
_DEPENDENCY_NAMES = words(
    "go.mod pipfile constraints.txt environment.yml environment.yaml gemfile "
    "libs.versions.toml packages.config directory.packages.props vcpkg.json conanfile.txt "
    "flake.nix"
)
# Manifests hold requirements, tool settings and metadata: the changed lines say which.
MANIFEST_NAMES = words(
    "pyproject.toml setup.cfg setup.py package.json cargo.toml pom.xml build.gradle "
    "build.gradle.kts composer.json mix.exs pubspec.yaml package.swift pnpm-workspace.yaml"
)
_CI_NAMES = words(
    "jenkinsfile .pre-commit-config.yaml tox.ini noxfile.py codecov.yml .codecov.yml "
    ".coveragerc .gitignore .gitattributes .editorconfig .dockerignore .npmrc .nvmrc ruff.toml "
    ".ruff.toml .flake8 mypy.ini pyrightconfig.json .pylintrc .clang-format .clang-tidy rustfmt.toml "
    ".rustfmt.toml clippy.toml .clippy.toml deny.toml biome.json renovate.json renovate.json5 "
    ".golangci.yml .golangci.yaml .travis.yml appveyor.yml .appveyor.yml .readthedocs.yml .isort.cfg "
    ".readthedocs.yaml azure-pipelines.yml .cirrus.yml .mergify.yml codeowners .goreleaser.yml "
    ".goreleaser.yaml .goreleaser.yaml .yamllint .prettierignore .markdownlint.json .lycheeignore "
    "cspell.json .typos.toml typos.toml _typos.toml spellcheck.dic .gitmodules netlify.toml "
    ".markdownlint.yaml pytest.ini .python-version .git-blame-ignore-revs triagebot.toml "
    "jest.config.js vitest.config.ts knip.json lefthook.yml .gitlab-ci.yml .promu.yml "
    ".codespellrc zizmor.yml .yamllint.yml dprint.json"
)
_CI_PARTS = words(
    ".github .circleci .gitlab .buildkite .ci ci .travis .azure-pipelines .tekton .vscode .idea "
    ".devcontainer .husky .changeset .lycheeignore .config"
)
_BUILD_NAMES = words(
    "cmakelists.txt makefile gnumakefile dockerfile build.rs meson.build meson_options.txt "
    "build.bazel workspace workspace.bazel justfile gradlew gradlew.bat gradle.properties "
    "settings.gradle settings.gradle.kts build.zig manifest.in configure.ac docker-compose.yml "
    "docker-compose.yaml procfile taskfile.yml lerna.json turbo.json nx.json hatch.toml "
    "babel.config.js gulpfile.js rakefile"
)
# Source in a folder of that name below the top is a product about it (`pipe/docker/push.go`).
_BUILD_PARTS = words("docker cmake bazel packaging debian rpm dockerfiles buildsrc gradle")
# Maintainers' tooling, at the top of a repository or of a workspace member only: below a package
# `tools/` and `scripts/` may be product.
_TOOLING_PARTS = words(
    "scripts script tools hack dev devtools .dev utils-dev contrib maintenance xtask "
    "build-tools agents release releasing"
)
_DOC_PARTS = words(
    "docs doc documentation docs_src doc_src website manual changelog changelog.d newsfragments "
    "changelogs releasenotes news.d"
)
# "docs_new", "docs-v2"; only at the top and with its separator, so that docker/ is no documentation.
_DOC_TOP = re.compile(r"^docs?[-_.]\w+$")
_DOC_NAMES = re.compile(
    r"^(readme|changelog|changes|history|news|contributing|contributors|authors|license|licence|"
    r"copying|notice|security|governance|maintainers|code_of_conduct|roadmap|migration|upgrading|"
    r"citation|backers|sponsors|release[-_]?notes?|adopters|faq|owners|third_party_notices|"
    r"credits|support)([._-].*)?$"
)
_DOC_EXTENSIONS = words(".md .mdx .rst .adoc .asciidoc .markdown .ipynb .tex .rmd")
_TEST_PARTS = words(
    "test tests __tests__ androidtest testfixtures testdata e2e integration_tests spec-tests "
    "integration-tests integration_test integrationtest functional_tests unittests unit_tests "
    "__mocks__ __snapshots__ testcases fuzz fuzzing fuzz-tests playground playgrounds unittest "
    "testutil testutils test_utils test-utils testhelper testhelpers testlib test-suite testsuite test_suite test-data test_data test-resources regression_tests"
)
# Beside the code they are what the tests run; on a website its readers try things out there.
_PLAYGROUNDS = words("playground playgrounds")
_TEST_NAME = re.compile(
    r"(^tests?_.*\.(py|c|cc|cpp|cu|rs|sh|js|ts|rb)$)|(^conftest\.py$)|(^tests?\.(py|rs|js|ts)$)"
    r"|([-_.](test|tests|spec|e2e|cy|test-d|spec-d)\.\w{1,5}$)"
    r"|((Test|Tests|TestCase|IT|Spec|Specs|TestBase|TestUtil|TestUtils)\.(java|kt|kts|groovy|scala|cs|swift|php|cc|cpp)$)"
    r"|(\.snap$)|(^fuzz_.*\.(py|go|rs|c|cc)$)|(^Test[A-Z]\w*\.(java|kt|groovy)$)"
)
# "e2e_browser", "e2e-apps"; encryption from end to end is a product.
_TEST_PART_TAIL = re.compile(
    r"^(tests?-.+|.+[-_.](tests|test-crates|e2e|unittests)|e2e[-_.](?!\w*(encr|crypt|key)).+|stress-test)$"
)
# Go names a package of test helpers after what it tests: httptest, promqltest; so are folders of
# tests that are written as documents: mdtest.
_NAMED_TEST_PART = re.compile(r"^[a-z0-9]+(?<!la)(?<!con)(?<!at)(?<!ea)(?<!fas)test$")
_BENCH_PARTS = words(
    "benchmark benchmarks bench benches jmh example examples demo demos sample samples tutorial "
    "tutorials cookbook recipes perf-tests showcase"
)
_GENERATED_PARTS = words(
    "vendor vendors vendored _vendor third_party third-party thirdparty 3rdparty node_modules "
    "external_libs bower_components __generated__ generated gen-src .yarn"
)
_GENERATED_NAME = re.compile(
    r"(_pb2(_grpc)?\.pyi?$)|(\.pb(\.gw)?\.(go|cc|h)$)|(\.g\.dart$)|(\.min\.(js|css)$)"
    r"|(^zz_generated)|(_generated\.\w+$)|(\.generated\.\w+$)|(\.designer\.cs$)|(\.map$)"
    r"|(^generated_)|(\.y\.go$)|(^bindata\.go$)|(_string\.go$)|(\.pb\.rs$)",
    re.IGNORECASE,
)
_AGENT_PARTS = words(
    ".claude .cursor .codex .agents .agent .gemini .windsurf .aider .opencode .continue .roo "
    ".kiro .specify .serena .trae .junie"
)
_AGENT_NAMES = words(
    "claude.md agents.md skill.md gemini.md .cursorrules copilot-instructions.md .mcp.json "
    ".aider.conf.yml llms.txt .windsurfrules"
)
_DATA_EXTENSIONS = words(
    ".json .jsonl .csv .tsv .yaml .yml .toml .ini .cfg .conf .xml .txt .png .jpg .jpeg .gif .svg "
    ".ico .webp .mp4 .mp3 .wav .pdf .ttf .otf .woff .woff2 .bin .npz .npy .parquet .gz .zip .pem "
    ".crt .key .po .mo .pot .properties .env .lock .jinja .safetensors .avif .webm"
)
_SHELL_EXTENSIONS = words(".sh .bash .zsh .fish .ps1 .bat .cmd .nix")
_PACKAGE_PARENTS = words("packages crates apps modules libs plugins services")
_CONFIG_SCRIPT = re.compile(
    r"^(vite|vitest|rollup|rolldown|webpack|tsup|tsdown|jest|babel|postcss|tailwind|eslint|prettier|"
    r"playwright|cypress|commitlint|lint-staged|svelte|next|nuxt|uno|stylelint|karma|esbuild|"
    r"build|unbuild)\.config\.\w+(\.\w+)?$|^(karma|webpack|rollup|gulpfile|gruntfile)([.-]\w+)*\.[cm]?[jt]s$"
)


@lru_cache(maxsize=65536)
def path_role(path: str) -> str:
    """The role by the path alone."""
    parts = path.split("/")
    name = parts[-1]
    lower = name.lower()
    folders = [part.lower() for part in parts[:-1]]
    extension = "." + lower.rsplit(".", 1)[1] if "." in lower else ""
    if lower in _AGENT_NAMES or not _AGENT_PARTS.isdisjoint(folders):
        return "agent"
    if not _GENERATED_PARTS.isdisjoint(folders) or _GENERATED_NAME.search(name):
        return "generated"
    if "dist" in folders and extension in (".js", ".cjs", ".mjs", ".css", ".map"):
        return "generated"  # a bundle that was committed
    if lower in LOCK_NAMES or lower.endswith((".lock", ".lockfile")):
        return "dependency"
    if folders and folders[0] in (".github", ".circleci", ".buildkite", ".gitlab"):
        if extension in _DOC_EXTENSIONS and "template" not in path.lower():
            return "docs"
        return "ci"
    if _is_test(folders, name, extension):
        return "test"
    if is_requirements(lower, folders):
        return "dependency"
    if (
        lower in _CI_NAMES
        or not _CI_PARTS.isdisjoint(folders)
        or lower.startswith(
            (".eslintrc", ".prettierrc", ".stylelintrc", ".pre-commit", "dependabot", "mkdocs.")
        )
    ):
        return "ci"
    if _is_docs(folders, lower, extension):
        return "docs"
    if not _BENCH_PARTS.isdisjoint(folders) or lower.endswith(
        ("_bench.go", ".bench.ts", ".bench.js")
    ):
        return "bench"
    if (
        lower in MANIFEST_NAMES
        or lower in _BUILD_NAMES
        or lower.endswith(
            (
                ".cmake",
                ".gradle",
                ".gradle.kts",
                ".bazel",
                ".bzl",
                ".mk",
                ".gemspec",
                ".csproj",
                ".podspec",
                ".nuspec",
            )
        )
        or lower.startswith(("dockerfile", "makefile", "tsconfig", "docker-compose"))
        or _CONFIG_SCRIPT.match(lower)
        or not _BUILD_PARTS.isdisjoint(folders[:1] if extension in SOURCE_EXTENSIONS else folders)
        or is_tooling(folders)
    ):
        return "build"
    if extension in SOURCE_EXTENSIONS:
        return "source"
    if extension in _SHELL_EXTENSIONS:
        return "build"
    if extension in _DATA_EXTENSIONS or not extension:
        return "data" if folders or extension in _DATA_EXTENSIONS else "build"
    return "data"


_SUBMODULE = re.compile(r"^[+-]Subproject commit [0-9a-f]{7}", re.MULTILINE)


def role(path: str, patch_hint: str | None = None) -> str:
    """The role of a file; `patch_hint` (its patch) tells what part of a manifest was changed."""
    if patch_hint and _SUBMODULE.search(patch_hint[:400]):
        return "dependency"  # another repository, pinned to a commit
    found = path_role(path)
    name = path.rsplit("/", 1)[-1].lower()
    if found == "build" and name in MANIFEST_NAMES and patch_hint:
        return _manifest_role(name, patch_hint)
    return found


def is_lock(path: str) -> bool:
    name = path.rsplit("/", 1)[-1].lower()
    return name in LOCK_NAMES or name.endswith((".lock", ".lockfile"))


def is_requirements(name: str, folders: list[str]) -> bool:
    if name in _DEPENDENCY_NAMES or (
        name.startswith("requirements") and name.endswith((".txt", ".in"))
    ):
        return True
    return bool(folders) and folders[-1] == "requirements" and name.endswith((".txt", ".in"))


def _is_test(folders: list[str], name: str, extension: str) -> bool:
    parts = _TEST_PARTS.intersection(folders)
    documented = not _DOC_PARTS.isdisjoint(folders[:1])
    if parts and not (documented and parts <= _PLAYGROUNDS):
        return True
    if _TEST_NAME.search(name):
        return True
    if extension == ".go" and folders and _NAMED_TEST_PART.match(folders[-1]):
        return True
    if (
        extension in _DOC_EXTENSIONS
        and not documented
        and not _DOC_NAMES.match(name.lower())
        and any(map(_NAMED_TEST_PART.match, folders))
    ):
        return True
    if folders and folders[0] in ("testing", "spec") and extension in SOURCE_EXTENSIONS:
        return True
    return any(_TEST_PART_TAIL.match(part) for part in folders)


def _is_docs(folders: list[str], name: str, extension: str) -> bool:
    if folders and _DOC_TOP.match(folders[0]):
        return True
    if not _DOC_PARTS.isdisjoint(folders):
        # A folder `doc/` deep below a package may be product code; at the top it is documentation.
        top = folders[0] in _DOC_PARTS or (len(folders) > 1 and folders[1] in _DOC_PARTS)
        if top or extension not in SOURCE_EXTENSIONS:
            return True
    if extension in _DOC_EXTENSIONS:
        return "prompts" not in folders and "templates" not in folders
    if extension in SOURCE_EXTENSIONS:
        return False
    return (not folders and bool(_DOC_NAMES.match(name))) or name in ("license", "readme", "notice")


def folders_before_tests(folders: list[str]) -> list[str]:
    """The folders above the first one that holds tests; all of them where none does."""
    for depth, part in enumerate(folders):
        if part.lower() in _TEST_PARTS or _TEST_PART_TAIL.match(part.lower()):
            return folders[:depth]
    return folders


def is_tooling(folders: list[str]) -> bool:
    """Whether a file in these (lower-case) folders is the maintainers' own tool, no part of the product."""
    if not folders:
        return False
    if folders[0] in _TOOLING_PARTS:
        return True
    return len(folders) > 2 and folders[0] in _PACKAGE_PARENTS and folders[2] in _TOOLING_PARTS


_REQUIREMENT_LINE = re.compile(
    r"""^\s*(
        ["']?[\w.@/-]+(\[[\w,\s-]+\])?["']?\s*(==|>=|<=|~=|!=|>|<|\^|=)\s*["{\d^~=v<>*] # pip, cargo
      | ["'][\w.@/-]+(\[[\w,\s-]+\])?\s*(==|>=|<=|~=|!=|[<>])[^"']*["']
      | \w[\w\s"']*[=:]?\s*\[\s*["'][\w.@/-]+(\[[\w,\s-]+\])?\s*(==|>=|<=|~=|!=)\s*\d[^"']*["'] # return ["torch==2.9"]
      | ["'][@\w./-]+["']\s*:\s*["'](\^|~|>=|<=|=|workspace:|npm:|catalog:|\d|\*|link:|https?:)  # npm
      | (implementation|api|testImplementation|compile|runtimeOnly|compileOnly)\b
      | </?(version|dependency|groupId|artifactId)>
    )""",
    re.VERBOSE,
)
_NOT_REQUIREMENT_KEY = re.compile(
    r"""^\s*["']?(version|name|description|requires-python|python_requires|edition|rust-version|"""
    r"""license|readme|target-version|line-length|line_length|select|ignore|packageManager|node|"""
    r"""minversion|build|main|types|module|type|python_version|authors|homepage|repository|"""
    r"""required-version|warn_\w+|strict|filterwarnings|fail_under|engines|publish|keywords)["']?\s*[:=]"""
)
_TOOL_SECTION = re.compile(
    r"^\s*\[?(\[?tool\.(ruff|mypy|pytest|coverage|isort|black|pyright|tox|codespell|pylint|typos|"
    r"uv|hatch\.envs|basedpyright|ty|towncrier|cibuildwheel|check-manifest|flake8)|lints|"
    r"workspace\.lints|profile|flake8|mypy|tool:pytest|isort|coverage)"
)


def _manifest_role(name: str, patch: str) -> str:
    """dependency, ci (linters' and test tools' settings) or build, by the lines that changed."""
    requirement = tool = other = 0
    in_tool = False
    for line in patch.split("\n"):
        if not line:
            continue
        mark, text = line[0], line[1:]
        if mark == "@":
            in_tool = bool(_TOOL_SECTION.match(line.rsplit("@@", 1)[-1].strip()))
            continue
        if text.startswith("["):
            in_tool = bool(_TOOL_SECTION.match(text))
        if mark not in "+-" or not text.strip() or text.lstrip().startswith("#"):
            continue
        if in_tool:
            tool += 1
        elif _NOT_REQUIREMENT_KEY.match(text):
            other += 1
        elif _REQUIREMENT_LINE.match(text):
            requirement += 1
        elif text.strip() in "[](){},":
            continue
        else:
            other += 1
    total = requirement + tool + other
    if not total:
        return "build"
    if requirement >= 0.6 * total:
        return "dependency"
    if tool >= 0.6 * total:
        return "ci"
    return "build"
