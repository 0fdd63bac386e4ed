"""Modules of a change: the first two source directories below the package root, and the title's tags."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from kb.analysis.facts import Facts
from kb.analysis.path_roles import folders_before_tests
from kb.analysis.titles import Title
from kb.analysis.word_sets import words

MAX_MODULES = 3
TESTS = "tests"  # those that belong to no part of the product
_ROOTS = words(
    "src lib source sources python pkg internal main java kotlin scala include go app com org net io"
)
_MEMBERS = words("packages crates apps libs plugins services projects modules components")
_NOT_MODULES = words(
    "feature feat fix bugfix bug hotfix perf refactor docs doc ci test tests chore misc build release revert wip rfc tiny minor minors cleanup "
    "deps dependency security performance feature] part cherry-pick backport model enhancement style infra nit hot-fix cp 1 2 3"
)
_EVERYWHERE = words("index mod lib main __init__ types utils util common constants setup")
_TAG = re.compile(r"^[A-Za-z\u3400-\u9fff][\w .+/&\u3400-\u9fff-]{1,28}$")
_SERIES_TAG = re.compile(r"^\d+\s*/\s*[\dnN]+$|^v?\d+(\.\d+)*$|^\d+$")


def modules_of(facts: Facts, roots: tuple[str, ...] = ()) -> tuple[str, ...]:
    """At most three names, the one with most changed lines first; never empty where files are."""
    weights: Counter[str] = Counter()
    product = {
        module_of(view.path, view.role, roots) for view in facts.views if view.role == "source"
    }
    for view in facts.views:
        name = module_of(view.path, view.role, roots)
        if view.role == "test" and product and name not in product:
            continue  # tests lie where they are run; what they test is what the change is about
        factor = {
            "source": 4.0,
            "test": 0.5,
            "bench": 0.5,
            "build": 0.4,
            "docs": 0.3,
            "data": 0.2,
        }.get(view.role, 0.1)
        churn = min(view.file.additions + view.file.deletions, 400) + 1
        weights[name] += factor * churn  # type: ignore[assignment]
    total = sum(weights.values())
    found = [name for name, weight in weights.most_common(MAX_MODULES) if weight >= 0.15 * total]
    for tag in _tags(facts.title):
        if all(tag.lower() not in name.lower().split("/") for name in found):
            found.append(tag)
    return tuple(found[: MAX_MODULES + 1])


@lru_cache(maxsize=65536)
def module_of(path: str, role: str, roots: tuple[str, ...] = ()) -> str:
    """The module of one path: "srt/mem_cache", "tokio/runtime", "docs"."""
    folders = path.split("/")[:-1]
    if role in ("docs", "ci", "agent", "dependency"):
        return {"docs": "docs", "ci": "ci", "agent": "agents", "dependency": "dependencies"}[role]
    if role == "test" and (within := folders_before_tests(folders)) != folders:
        if not within or all(part in _ROOTS or part in _MEMBERS for part in within):
            return TESTS
        if "/".join(within) in roots:
            return within[-1] if len(roots) > 1 else TESTS
        folders = within
    if role == "build" and (not folders or len(folders) == 1):
        return "build"
    for root in roots:
        if path.startswith(root + "/"):
            rest = folders[root.count("/") + 1 :]
            if not rest:
                # A file at the root of a package names its own module, unless every package has it.
                stem = _stem(path)
                return root.split("/")[-1] if stem in _EVERYWHERE else stem
            return _named(rest, path)
    return _named(folders, path)


def _named(folders: list[str], path: str) -> str:
    parts = list(folders)
    if "java" in parts or "kotlin" in parts or "scala" in parts:
        mark = max(parts.index(name) for name in ("java", "kotlin", "scala") if name in parts)
        head, below = parts[:mark], parts[mark + 1 :]
        # com/company/product -> the folders below the product
        below = below[min(3, max(len(below) - 1, 0)) :] or below[-1:]
        parts = [part for part in head[:1] if part not in _ROOTS] + below
    else:
        while parts and (parts[0] in _ROOTS or parts[0] in _MEMBERS) and len(parts) > 1:
            parts = parts[1:]
        parts = [
            part
            for index, part in enumerate(parts)
            if index == 0 or part not in ("src", "lib", "include")
        ]
    if parts and parts[0] in _ROOTS and len(parts) > 1:
        parts = parts[1:]
    if len(parts) == 1 and parts[0] in _ROOTS:
        parts = []
    if not parts:
        return _stem(path)
    return "/".join(parts[:2])


def _stem(path: str) -> str:
    """A file at the root of a package names its own module, without its extension."""
    name = path.rsplit("/", 1)[-1]
    stem = name.lstrip(".").split(".", 1)[0] or name
    return re.sub(r"_test$|^test_|[-_]inl$", "", stem)


def _tags(title: Title) -> list[str]:
    tags = [*title.tags]
    scope = title.scope.strip()
    if scope:
        tags += [part.strip() for part in re.split(r"[,/]", scope)][:2]
    return [
        tag
        for tag in dict.fromkeys(tags)
        if tag.lower() not in _NOT_MODULES
        and not _SERIES_TAG.match(tag)
        and _TAG.match(tag)
        and len(tag.split()) <= 3
    ]
