"""The fixed words of the contract; apart from the nouns, so that `kb --help` need not build them."""

from __future__ import annotations

LEVELS = ("high", "medium", "low")
CHANGE_TYPES = (
    "feature",
    "bugfix",
    "performance",
    "refactor",
    "docs",
    "ci-config",
    "test",
    "dependency",
    "revert",
    "security",
)
RISK_KINDS = (
    "core-path",
    "missing-tests",
    "compatibility",
    "configuration",
    "experimental",
    "revert",
    "relaxed-threshold",
    "dependency",
    "unresolved-review",
    "security",
    "hardware",
    "large",
)
MODES = ("hybrid", "dense", "lexical")
LANGUAGES = ("en", "zh")
