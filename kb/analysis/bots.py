"""Bots by what they do: an automated account with an automated change; a bot may author real work."""

from __future__ import annotations

import re

from kb.types import Change, Size

_ACCOUNT = re.compile(
    r"\[bot\]|(^|[-_ ])bot$|^(dependabot|renovate|github-actions|pre-commit-ci|allcontributors|greenkeeper|"
    r"snyk|mergify|semantic-release|codecov|weblate|crowdin|imgbot|pyup|scala-steward|web-flow)\b",
    re.IGNORECASE,
)
_CHORES = ("dependency", "ci-config", "docs", "test")


def is_bot(change: Change, types: tuple[str, ...], size: Size, automated: frozenset[str]) -> bool:
    """An automated account whose change is a chore (or mechanical), not code that someone designed."""
    account = bool(_ACCOUNT.search(change.author)) or bool(
        change.pull_request and change.pull_request.author_is_bot
    )
    if not account and change.author not in automated:
        return False
    if size.source_added + size.source_removed == 0:
        return True
    return types[0] in _CHORES
