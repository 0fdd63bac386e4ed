"""A change with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.types.analysis import Analysis
    from kb.types.change import Change
    from kb.types.digest import Digest


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A change with all that is known of it. Listings load it without patches."""

    change: Change
    digest: Digest
    analysis: Analysis

    @property
    def id(self) -> str:
        return self.change.id
