"""A term of an importance as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.phrases import phrase, phrases

if TYPE_CHECKING:
    from kb.types import Term


def term_text(term: Term, lang: str) -> str:
    """The phrase `<name>_one` where the term counts one; what counts 0 is left out."""
    name, values = term.name, term.values
    counted = next(iter(values.values()), "")
    if name == "added_source" and values.get("other", "0") == "0":
        name = "added_source_alone"
    elif name == "added_source" and values["lines"] == "0":
        name, counted = "added_other", values["other"]
    if counted == "1" and f"term.{name}_one" in phrases("analysis", lang):
        name = f"{name}_one"
    return phrase(f"analysis.term.{name}", lang, **values)
