"""A change with all that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.types.noun import noun

if TYPE_CHECKING:
    from kb.types.analysis import Analysis
    from kb.types.change import Change
    from kb.types.digest import Digest


@noun
class ChangeRecord:
    """A change with all that is known of it. Listings load it without patches."""

    change: Change
    digest: Digest
    analysis: Analysis

    @property
    def id(self) -> str:
        return self.change.id
