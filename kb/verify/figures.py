"""Figures of a sentence, each against the citation that it belongs to.

Where one sentence cites several changes, a figure belongs to the references of its own clause; where
the clauses do not decide, it has to stand with every neighbour. So a swap inside a sentence fails too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kb.text.figures import Figure, figures, stands
from kb.text.sentences import clean, plain_digits
from kb.verify.evidence import Evidence
from kb.verify.reference_forms import without_references
from kb.verify.references import Group, Rules, Shown, groups_of, readable

_BOUNDARY = re.compile(
    r"[,;，；。、:：—–]|\b(?:and|while|whereas|but|then|also|whilst)\b|而|以及|同时|并且|并(?=[将使把在])|此外|另外",
    re.IGNORECASE,
)
_RESPECTIVELY = re.compile(r"\brespective(?:ly)?\b|分别|各自|依次", re.IGNORECASE)


def foreign_figure(text: str, groups: list[Group], subject: Evidence | None) -> str | None:
    """The first figure that does not stand with the citation that it belongs to."""
    return next((figure for figure, holds in _judged(text, groups, subject) if not holds), None)


def judged_figures(
    sentence: str, evidence: Iterable[Evidence], rules: Rules | None = None
) -> tuple[tuple[str, bool], ...]:
    """Every figure of one sentence, and whether it stands with what the sentence cites."""
    shown = Shown(tuple(evidence), rules or Rules())
    checked = readable(plain_digits(clean(sentence)), shown)
    groups = groups_of(checked, shown)
    subject = shown.by_id.get(shown.rules.subject or "")
    resolved = [] if isinstance(groups, tuple) else groups
    return tuple(_judged(checked, resolved, subject))


def _judged(text: str, groups: list[Group], subject: Evidence | None) -> Iterator[tuple[str, bool]]:
    unordered = bool(_RESPECTIVELY.search(text))
    place = 0
    last: tuple[Evidence, ...] = ()
    for figure in figures(without_references(text, keep_length=True)):
        sets = _belongs_to(figure, text, groups, subject, unordered)
        holding = [
            [index for index, item in enumerate(items) if stands(figure, item.figures, item.folded)]
            for items in sets
        ]
        holds = bool(sets) and all(holding)
        if holds and len(sets) == 1:
            # "#1 and #2 bring 70 % and 3x": figures follow the order of the changes that they share.
            place = place if sets[0] == last else 0
            following = [index for index in holding[0] if index >= place]
            holds = bool(following)
            place, last = (following[0] if following else place), sets[0]
        yield figure.text, holds


def _belongs_to(
    figure: Figure, text: str, groups: list[Group], subject: Evidence | None, unordered: bool
) -> list[tuple[Evidence, ...]]:
    """Sets of changes; the figure has to stand in one member of each set."""
    if subject is not None and not groups:
        return [(subject,)]
    if not groups:
        return []
    if unordered:
        return [(item,) for group in groups for item in group.cites]
    before = [group for group in groups if group.end <= figure.start]
    after = [group for group in groups if group.start >= figure.start]
    if not before or not after:
        group = (before or after)[-1 if before else 0]
        return [group.cites]
    left, right = before[-1], after[0]
    cut_left = bool(_BOUNDARY.search(text[left.end : figure.start]))
    cut_right = bool(_BOUNDARY.search(text[figure.start + len(figure.text) : right.start]))
    if cut_left == cut_right:
        return [left.cites, right.cites]
    return [right.cites] if cut_left else [left.cites]
