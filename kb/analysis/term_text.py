"""A term of an importance as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.phrases import numbered, phrase

if TYPE_CHECKING:
    from kb.types import Term


def term_text(term: Term, lang: str) -> str:
    """A phrase may hold a singular and a plural, divided by a bar; what counts 0 is left out."""
    name, values = term.name, term.values
    counted = next(iter(values.values()), "")
    if name == "added_source" and values.get("other", "0") == "0":
        name = "added_source_alone"
    elif name == "added_source" and values["lines"] == "0":
        name, counted = "added_other", values["other"]
    return numbered(phrase(f"analysis.term.{name}", lang), counted).format(**values)
