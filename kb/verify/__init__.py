"""A sentence against the changes that it cites itself (REPORTS.md, rule 2): pure, no model.

What is checked: references, figures, symbols, flags, files, links, markup. What is not: entailment;
a sentence that names nothing and counts nothing stands as it was written.
"""

from __future__ import annotations

from kb.verify.evidence import Evidence, evidence_of, patch_lines
from kb.verify.figures import judged_figures
from kb.verify.names import stands_in
from kb.verify.references import Rules
from kb.verify.sentences import Removed, Sentence, Verified, join, verify_sentences

__all__ = [
    "Evidence",
    "Removed",
    "Rules",
    "Sentence",
    "Verified",
    "evidence_of",
    "join",
    "judged_figures",
    "patch_lines",
    "stands_in",
    "verify_sentences",
]
