"""What the commits of a merged branch say: a merge of a pull request seldom describes itself.

A squash merge lists the same lines in its description, so that both kinds are found and quoted alike.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.types import Change

_SAYS_NOTHING = re.compile(
    r"(?:fixup|squash|amend)!|merge\b|\[pre-commit\.ci\]|apply suggestions?\b|\W*(?:wip\b.{0,10})?$",
    re.IGNORECASE,
)


def commit_titles(change: Change) -> tuple[str, ...]:
    """Each once, oldest first, without the title of the change and what says nothing of it."""
    titles = dict.fromkeys(commit.title.strip() for commit in change.commits)
    titles.pop(change.title.strip(), None)
    return tuple(title for title in titles if not _SAYS_NOTHING.match(title))
