"""Technical insight by dimension, latent risks and advice: only where the diff shows something."""

from __future__ import annotations

from kb.report.change_facts import ChangeFacts, short_path, switched
from kb.report.facts import module_of
from kb.report.say import codes, count, listing, say, unseen, word
from kb.report.sentences import code, quoted, size, switch
from kb.report.titles import visible
from kb.report.types import Prose
from kb.types import ChangeRecord

DIMENSIONS = (
    "architecture",
    "performance",
    "security",
    "maintainability",
    "compatibility",
    "tests",
)
SCOPE_FILES = 4
_SAID = ("security", "experimental")  # kinds that the title or the description may name in words


def scope(facts: ChangeFacts, lang: str) -> list[Prose]:
    """The paths, grouped by folder, the most-changed first."""
    folders: dict[str, list[tuple[int, str, str]]] = {}
    for file in facts.record.change.files:
        folder, _, name = file.path.rpartition("/")
        folders.setdefault(folder, []).append((file.additions + file.deletions, name, file.status))
    ranked = sorted(
        folders.items(), key=lambda item: (-sum(lines for lines, _, _ in item[1]), item[0])
    )
    rows = []
    for folder, files in ranked[:8]:
        names = [name for _, name, _ in sorted(files, key=lambda file: (-file[0], file[1]))]
        rows.append(
            say(
                "daily.scope_module",
                lang,
                module=code(folder + "/" if folder else "./"),
                files=codes(names, lang, SCOPE_FILES),
            )
        )
    if len(ranked) > 8:
        rest = sum(len(files) for _, files in ranked[8:])
        rows.append(say("list.more", lang, n=rest))
    return rows


def insights(facts: ChangeFacts, lang: str) -> list[tuple[str, list[Prose]]]:
    """(dimension, statements); a dimension of which the diff shows nothing is left out."""
    makers = {
        "architecture": _architecture,
        "performance": _performance,
        "security": _security,
        "maintainability": _maintainability,
        "compatibility": _compatibility,
        "tests": _tests,
    }
    found = [(name, makers[name](facts, lang)) for name in DIMENSIONS]
    return [(name, statements) for name, statements in found if statements]


def _architecture(facts: ChangeFacts, lang: str) -> list[Prose]:
    found = []
    if facts.new_files:
        names = codes([short_path(file.path) for file in facts.new_files], lang, 3)
        found.append(
            say(
                "insight.architecture_new",
                lang,
                files=count("file", len(facts.new_files), lang),
                names=names,
            )
        )
    classes = [
        symbol.name
        for symbol in facts.record.digest.symbols_added
        if symbol.kind in ("class", "type")
    ]
    classes = [name for name in classes if not name.startswith("Test")]
    if classes:
        found.append(say("insight.architecture_adds", lang, names=codes(classes, lang, 4)))
    if facts.renamed:
        found.append(
            say("insight.architecture_moves", lang, files=count("file", len(facts.renamed), lang))
        )
    modules = facts.record.analysis.modules
    if len(modules) >= 3 and facts.source_files >= 3:
        found.append(say("insight.architecture_across", lang, modules=codes(modules, lang, 4)))
    return found


def _performance(facts: ChangeFacts, lang: str) -> list[Prose]:
    if facts.effects:
        return [
            say("insight.performance_effect", lang, quote=quoted(text, lang))
            for text in facts.effects[:2]
        ]
    if "performance" in facts.record.analysis.types:
        names = facts.added or facts.changed or facts.touched or ()
        if names:
            return [say("insight.performance_code", lang, names=codes(names, lang, 3))]
    return []


def _security(facts: ChangeFacts, lang: str) -> list[Prose]:
    if names := _risk_names(facts, "security"):
        return [say("insight.security_path", lang, what=code(names[0]))]
    said = _security_said(facts)
    return [say("insight.security_said", lang, what=quoted(said, lang))] if said else []


def _security_said(facts: ChangeFacts) -> str:
    """What the title or the description calls the danger, where no code shows it; else ""."""
    risk = facts.risk("security")
    return risk.evidence if risk and not _risk_names(facts, "security") else ""


def _maintainability(facts: ChangeFacts, lang: str) -> list[Prose]:
    found = []
    lines = facts.record.analysis.size
    if facts.removed:
        found.append(say("insight.maintain_removes", lang, names=codes(facts.removed, lang, 4)))
    if lines.source_removed - lines.source_added >= 20:
        found.append(
            say("insight.maintain_balance", lang, removed=lines.source_removed - lines.source_added)
        )
    if facts.risk("large"):
        found.append(say("insight.maintain_large", lang, size=size(facts, lang)))
    return found


def _compatibility(facts: ChangeFacts, lang: str) -> list[Prose]:
    found = moved(facts, lang)
    if facts.dropped:
        flags = codes([flag.name for flag in facts.dropped], lang, 3)
        found.append(say("insight.compat_dropped", lang, flags=flags))
    if facts.switches:
        parts = [switch(flag, lang) for flag in facts.switches[:3]]
        if len(facts.switches) > 3:
            parts.append(say("list.more", lang, n=len(facts.switches) - 3))
        found.append(say("insight.compat_added", lang, flags=listing(parts, lang)))
    return found


def moved(facts: ChangeFacts, lang: str) -> list[Prose]:
    """What those who call or start it meet: definitions gone or altered, other defaults."""
    found = []
    gone, altered = _gone(facts), _altered(facts)
    if gone:
        found.append(say("insight.compat_removed", lang, names=codes(gone, lang, 3)))
    if altered:
        found.append(say("insight.compat_changed", lang, names=codes(altered, lang, 3)))
    for name, before, after in facts.moved_defaults[:2]:
        found.append(
            say(
                "insight.compat_default",
                lang,
                name=code(name),
                before=code(before),
                after=code(after),
            )
        )
    return found


def _gone(facts: ChangeFacts) -> list[str]:
    return [name for name in facts.removed if name in facts.lost]


def _altered(facts: ChangeFacts) -> list[str]:
    """Definitions with another signature that the compatibility risk names: others meet no private one."""
    named = _risk_names(facts, "compatibility")
    return [name for name in facts.changed if name in named]


def _tests(facts: ChangeFacts, lang: str) -> list[Prose]:
    lines = facts.record.analysis.size.test_lines
    files = [file for file in facts.record.change.files if file.role == "test"]
    found = []
    if lines and files:
        names = codes([short_path(file.path, 1) for file in files], lang, 2)
        found.append(say("insight.tests_with", lang, lines=count("line", lines, lang), files=names))
    elif facts.risk("missing-tests"):
        found.append(say("insight.tests_none", lang))
    relaxed = facts.risk("relaxed-threshold")
    if relaxed:
        found.append(say("insight.tests_relaxed", lang, what=code(visible(relaxed.evidence))))
    return found


def _risk_names(facts: ChangeFacts, kind: str) -> list[str]:
    from kb.report.risks import asked_for, shown_evidence

    risks = [
        risk
        for risk in facts.record.analysis.risks
        # A word of the title or the description is no code.
        if risk.kind == kind and risk.evidence and (risk.path or kind not in _SAID)
    ]
    shown = asked_for if kind == "dependency" else shown_evidence
    return list(dict.fromkeys(filter(None, map(shown, risks))))


def _risk_what(facts: ChangeFacts, kind: str, lang: str) -> Prose:
    names, risk = _risk_names(facts, kind), facts.risk(kind)
    if not names and risk and risk.evidence and kind in _SAID:
        return quoted(risk.evidence, lang)
    return codes(names, lang, 3) if names else Prose.of(word(f"risk.name.{kind}", lang))


def latent_risks(facts: ChangeFacts, lang: str) -> list[tuple[str, Prose]]:
    """(kind, point with its consequence and trigger) for every risk of the change."""
    found: list[tuple[str, Prose]] = []
    for kind in dict.fromkeys(risk.kind for risk in facts.record.analysis.risks):
        names, what = _risk_names(facts, kind), _risk_what(facts, kind, lang)
        number = max(1, len(names))
        if kind == "dependency" and not names:
            continue  # all that moved went
        if kind == "configuration" and facts.switches and _all_off(facts):
            continue  # told as what is off by default
        if kind == "missing-tests":
            text = say("latent.missing-tests", lang, size=size(facts, lang))
        elif kind == "revert":
            text = say("latent.revert", lang)
        elif kind == "large":
            text = say("latent.large", lang, what=size(facts, lang))
        elif kind == "configuration":
            text = _latent_configuration(facts, what, number, lang)
        elif kind == "unresolved-review":
            from kb.report.risks import objection

            text = say("latent.unresolved-review", lang, what=objection(facts.record, lang))
        elif kind == "security" and (said := _security_said(facts)):
            text = say("latent.security_said", lang, what=quoted(said, lang))
        elif kind == "experimental" and not names:
            text = say("latent.experimental_said", lang, what=what)
        elif kind == "hardware" and (risk := facts.risk(kind)) and risk.path:
            text = say("latent.hardware_branch", lang, what=what)
        else:
            text = say(f"latent.{kind}", lang, n=number, what=what)
        found.append((kind, text))
    if facts.record.digest.not_seen:
        reasons = dict.fromkeys(reason for _, reason in facts.record.digest.not_seen)
        text = say(
            "latent.not_seen",
            lang,
            n=len(facts.record.digest.not_seen),
            files=count("file", len(facts.record.digest.not_seen), lang),
            reasons=word("list.comma", lang).join(unseen(reason, lang) for reason in reasons),
        )
        found.append(("not-seen", text))
    return found


def _all_off(facts: ChangeFacts) -> bool:
    off = {name.partition(" = ")[0] for name in _risk_names(facts, "experimental")}
    return {flag.name for flag in facts.switches} <= off


def _latent_configuration(facts: ChangeFacts, what: Prose, number: int, lang: str) -> Prose:
    stated = next(
        (flag for flag in facts.switches if flag.default and switched(flag) != "unknown"), None
    )
    if stated is not None and stated.default:
        return say(
            "latent.configuration", lang, what=code(stated.name), default=code(stated.default)
        )
    return say("latent.configuration_plain", lang, n=number, what=what)


def advice(facts: ChangeFacts, lang: str) -> list[Prose]:
    """What to do about it: one line for each risk that leaves something to do."""
    from kb.report.risks import documented

    found: list[Prose] = []
    record = facts.record
    names = facts.added or facts.changed or facts.touched or ()
    for kind in dict.fromkeys(risk.kind for risk in record.analysis.risks):
        what = _risk_what(facts, kind, lang)
        if kind == "missing-tests":
            if names and facts.type != "bugfix":  # whose failing case is the test to write
                found.append(say("advice.missing-tests", lang, names=codes(names, lang, 2)))
        elif kind == "dependency" and not _risk_names(facts, kind):
            continue
        elif kind in ("unresolved-review", "revert"):
            found.append(say(f"advice.{kind}", lang))
        elif kind == "large":
            if record.analysis.modules:
                found.append(
                    say("advice.large", lang, modules=codes(record.analysis.modules, lang, 3))
                )
        elif kind == "core-path":
            found.append(say("advice.core-path", lang, n=len(_risk_names(facts, kind)), what=what))
        elif kind == "configuration":
            if not documented(record):
                flags = [flag.name for flag in facts.switches] or _risk_names(facts, kind)
                what = codes(flags, lang, 3)
                found.append(say("advice.configuration", lang, n=len(flags), what=what))
        elif kind == "experimental":
            flags = [name.partition(" = ")[0] for name in _risk_names(facts, kind)]
            key = "advice.experimental" if flags else "advice.experimental_said"
            found.append(say(key, lang, n=len(flags), what=codes(flags, lang, 3)))
        elif kind == "security" and _security_said(facts):
            found.append(say("advice.security_said", lang))
        else:
            found.append(say(f"advice.{kind}", lang, what=what))
    if facts.type == "bugfix" and names and not record.analysis.size.test_lines:
        found.append(say("advice.fix_test", lang, names=codes(names, lang, 2)))
    return found


def verdict(facts: ChangeFacts, lang: str) -> Prose:
    """One sentence: what it is, how big, and who should care."""
    record = facts.record
    kind = word(f"type.{facts.type}", lang)
    key = "high" if record.analysis.level == "high" else "medium"
    return say(
        f"verdict.{key}", lang, type=kind, size=size(facts, lang), care=_care(facts, record, lang)
    )


def _care(facts: ChangeFacts, record: ChangeRecord, lang: str) -> Prose:
    if names := _gone(facts) or _altered(facts):
        return say("verdict.care_public", lang, names=codes(names, lang, 2))
    if facts.switches:
        return say(
            "verdict.care_switch",
            lang,
            n=len(facts.switches),
            names=codes([flag.name for flag in facts.switches], lang, 2),
        )
    if facts.type == "bugfix" and facts.symptom not in ("", "other"):
        return say("verdict.care_fix", lang, symptom=word(f"symptom.{facts.symptom}", lang))
    module = module_of(record)
    if module and facts.risk("core-path"):
        return say("verdict.care_core", lang, module=code(module))
    if module:
        return say("verdict.care_module", lang, module=code(module))
    return say("verdict.care_none", lang)
