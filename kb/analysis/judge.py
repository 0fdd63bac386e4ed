"""The judgement of one change: type, importance with its terms, level, modules, risks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase

from kb.analysis.bots import is_bot
from kb.analysis.change_type import change_type
from kb.analysis.context import NO_CONTEXT, RepoContext
from kb.analysis.facts import Facts, facts_of
from kb.analysis.importance import scaled, terms_of
from kb.analysis.level import level_of
from kb.analysis.modules import modules_of
from kb.analysis.risks import risks_of
from kb.analysis.series import series_in_title
from kb.settings import AnalysisSettings
from kb.types import Analysis, Change, ChangeRecord, Digest, Term


def analyse(
    change: Change,
    digest: Digest | None = None,
    settings: AnalysisSettings | None = None,
    context: RepoContext = NO_CONTEXT,
    *,
    now: datetime | None = None,
) -> Analysis:
    """Judges a change from its title, body and diff. `digest` is not needed; it is taken for symmetry."""
    del digest
    settings = settings or AnalysisSettings()
    facts = facts_of(change)
    verdict = change_type(facts)
    types = verdict.types
    core = core_lines(facts, settings, context)
    bot = is_bot(change, types, facts.size, context.automated)
    terms = terms_of(facts, types, core, context, settings.weights)
    raw = round(sum(term.points for term in terms), 3)
    level, reason = level_of(facts, types, core, bot)
    roots = (settings.package_root,) if settings.package_root else context.roots
    return Analysis(
        types=types,
        importance=scaled(raw),
        raw=raw,
        level=level,
        terms=(*terms, Term(f"type_by_{verdict.reason}", 0.0, {"type": types[0]})),
        level_reason=f"analysis.level.{reason}",
        modules=modules_of(facts, roots),
        risks=risks_of(facts, types, core),
        size=facts.size,
        bot=bot,
        series=series_in_title(change.id, change.title),
        method="rules",
        analysed_at=now,
    )


def rescore(
    record: ChangeRecord,
    settings: AnalysisSettings | None = None,
    context: RepoContext = NO_CONTEXT,
    patches: Mapping[str, str] | None = None,
    *,
    now: datetime | None = None,
) -> Analysis:
    """Judges a stored change again; `patches` (path -> patch) are the archive's where the record has none.

    What other changes say of it (series, reverts, follow-ups) and a maintainer's note are kept.
    """
    change = record.change
    if patches:
        change = replace(
            change,
            files=tuple(
                replace(file, patch=patches.get(file.path, file.patch)) for file in change.files
            ),
        )
    judged = analyse(change, record.digest, settings, context, now=now)
    held = record.analysis
    return replace(
        judged,
        series=held.series or judged.series,
        reverts=held.reverts,
        reverted_by=held.reverted_by,
        follows=held.follows,
        followed_by=held.followed_by,
        override_note=held.override_note,
    )


def core_lines(facts: Facts, settings: AnalysisSettings, context: RepoContext) -> dict[str, int]:
    """Changed code lines of the core files that the change touches (settings' globs, else the churn's)."""
    found: dict[str, int] = {}
    for view in facts.views:
        if settings.core_paths:
            core = any(_matches(view.path, pattern) for pattern in settings.core_paths)
        else:
            core = view.path in context.core_paths
        if core:
            code = facts.code.get(view.path)
            found[view.path] = (
                len(code.added) + len(code.removed)
                if code
                else view.file.additions + view.file.deletions
            )
    return found


def _matches(path: str, pattern: str) -> bool:
    if fnmatchcase(path, pattern):
        return True
    return pattern.endswith("/") and f"/{path}".find(f"/{pattern}") >= 0
