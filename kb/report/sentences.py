"""One change in words: the point of a table row, a summary, scope, insights, risks, suggestions, verdict.

Every sentence stands on a fact of the change; where there is no fact, there is no sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.analysis.languages import language_of
from kb.analysis.titles import parse_title
from kb.report.change_facts import (
    ChangeFacts,
    change_facts,
    explained,
    short_path,
    switched,
    telling_switches,
)
from kb.report.quotes import Quote
from kb.report.say import Value, codes, count, listing, say, word
from kb.report.titles import (
    headline,
    led_title,
    reverted_title,
    shortened,
    vague,
    visible,
)
from kb.report.types import Prose
from kb.types import ChangeRecord, Flag

NAMED_TESTS = 2
POINT_LETTERS = 70  # of a caveat that stands in a row of the key PRs


def code(text: str) -> Prose:
    return Prose.of(visible(text), "code")


def reference(record: ChangeRecord) -> Prose:
    from kb.report.types import Span

    return Prose((Span("ref", label(record), record.id),))


def label(record: ChangeRecord) -> str:
    """`#123`, or seven digits of the SHA: a change whose number is another's goes by its SHA."""
    _, mark, number = record.id.rpartition("#")
    return f"#{number}" if mark and number.isdigit() else record.change.sha[:7]


def title_of(record: ChangeRecord) -> Prose:
    return Prose.of(headline(record.change), "title")


def named_title(record: ChangeRecord, letters: int, lang: str) -> Prose:
    """The title, cut to `letters`; where it names nothing, with the definition that the diff does."""
    title = headline(record.change)
    told = Prose.of(shortened(title, letters), "title")
    if title != led_title(record.change.title) or not vague(record.change.title):
        return told
    facts = change_facts(record)
    names = (*facts.added, *facts.changed, *facts.removed)
    if not names and facts.main_file:
        names = (short_path(facts.main_file.path, 1),)
    return say("title.named", lang, title=told, name=code(names[0])) if names else told


def quoted(text: str, lang: str) -> Prose:
    return say("quoted", lang, text=Prose.of(visible(text), "quote"))


def place(facts: ChangeFacts, lang: str, names: Sequence[str] = ()) -> Prose:
    """Where the change stands: its file, or its largest file and how many more.

    Of names, the files that define them: no other file may be said to hold them.
    """
    if facts.main_file is None:
        return Prose()
    held = facts.files_of(names)
    main = code(short_path((held[0] if held else facts.main_file).path))
    files = len(held) or facts.place_files
    if files <= 1:
        return main
    return say(
        "place.more",
        lang,
        file=main,
        rest=count("file", files - 1, lang),
        all=count("file", files, lang),
    )


def size(facts: ChangeFacts, lang: str) -> Prose:
    return size_of([facts.record], lang)


def size_of(records: Sequence[ChangeRecord], lang: str) -> Prose:
    """Source lines added and removed; all lines where no line of source moved."""
    sizes = [record.analysis.size for record in records]
    added = sum(lines.source_added for lines in sizes)
    removed = sum(lines.source_removed for lines in sizes)
    if added or removed:
        return say("size.source", lang, added=added, removed=removed)
    added, removed = (
        sum(lines.additions for lines in sizes),
        sum(lines.deletions for lines in sizes),
    )
    return say("size.other", lang, added=added, removed=removed)


def tests(facts: ChangeFacts, lang: str) -> Prose:
    lines = facts.record.analysis.size
    if lines.test_lines and facts.tests:
        names = codes(facts.tests, lang, NAMED_TESTS)
        return say("tests.named", lang, lines=count("line", lines.test_lines, lang), names=names)
    if lines.test_lines:
        return say("tests.with", lang, lines=count("line", lines.test_lines, lang))
    if facts.risk("missing-tests"):
        return say("tests.none", lang)
    return Prose()


def switch(flag: Flag, lang: str, ref: Prose | None = None) -> Prose:
    """`--flag` (off by default), with the change that brought it where `ref` names one."""
    state = switched(flag)
    values: dict[str, Value] = {"name": code(flag.name)}
    if state == "value":
        values["value"] = code(flag.default or "")
    if ref is not None:
        return say(f"switch.{state}_by", lang, ref=ref, **values)
    return code(flag.name) if state == "unknown" else say(f"switch.{state}", lang, **values)


def switches(facts: ChangeFacts, lang: str, limit: int = 2) -> Prose:
    flags = facts.switches
    if not flags:
        return Prose()
    parts = [switch(flag, lang) for flag in flags[:limit]]
    if len(flags) > limit:
        parts.append(say("list.more", lang, n=len(flags) - limit))
    return say("switch.new", lang, flags=listing(parts, lang))


def reverted(facts: ChangeFacts, lang: str, refs: dict[str, ChangeRecord] | None = None) -> Prose:
    """Which change this one takes back; a revert always names it."""
    record = facts.record
    title = reverted_title(record.change.title)
    named = [
        reference(refs[target]) if refs and target in refs else by_id(target)
        for target in record.analysis.reverts
    ]
    if named and title:
        return say(
            "what.revert_both", lang, title=Prose.of(title, "title"), ref=listing(named, lang)
        )
    if named:
        return say("what.revert_ref", lang, ref=listing(named, lang))
    return say("what.revert_title", lang, title=Prose.of(taken_back(record), "title"))


def taken_back(record: ChangeRecord) -> str:
    """The title that a revert quotes, else what its own says: "Revert the lid", "box: Revert the lid"."""
    if quoted_title := reverted_title(record.change.title):
        return quoted_title
    title = headline(record.change)
    return re.sub(r"^(?:\S+: )?revert(?:s|ed|ing)?:? +(?=\S)", "", title, flags=re.IGNORECASE)


def by_id(change_id: str) -> Prose:
    from kb.report.types import Span

    _, mark, number = change_id.rpartition("#")
    text = f"#{number}" if mark else change_id.rpartition("@")[2][:7]
    return Prose((Span("ref", text, change_id),))


def what(facts: ChangeFacts, lang: str) -> Prose:
    """The diff in one clause, without a full stop: `adds A and B in x/y.py and 3 more files`."""
    kind = facts.type
    where = place(facts, lang)
    if kind == "revert":
        return reverted(facts, lang)
    if facts.main_file is None:
        return say("what.nothing", lang)
    if kind in ("docs", "test", "ci-config", "dependency") and not facts.added:
        evidence = facts.risk("dependency")
        if kind == "dependency" and evidence:
            return say("what.dependency", lang, what=code(evidence.evidence))
        key = "what.dependency_plain" if kind == "dependency" else f"what.{kind}"
        if kind == "ci-config" and parse_title(facts.record.change.title).release:
            key = "what.release"
        if kind == "test" and facts.main_file.role == "bench":
            key = "what.bench"
        if facts.main_file.role == "docs" and language_of(facts.main_file.path):
            key = "what.docs_code"
        return say(key, lang, place=where)
    if kind in ("bugfix", "security") and not facts.mostly_new:
        names = facts.changed or facts.touched
        if names:
            return say(
                "what.fix_names", lang, names=codes(names, lang, 2), place=place(facts, lang, names)
            )
        if not facts.added:
            return say("what.fix", lang, place=where, size=size(facts, lang))
    if facts.renamed and len(facts.renamed) >= 3 and kind == "refactor":
        return say("what.moves", lang, files=count("file", len(facts.renamed), lang), place=where)
    if kind == "refactor" and facts.removed and facts.added:
        where = place(facts, lang, (*facts.removed, *facts.added))
        return _exchanged(facts, lang, "what", 2, place=where)
    if kind == "refactor" and facts.removed:
        where = place(facts, lang, facts.removed)
        return say("what.removes", lang, removed=codes(facts.removed, lang, 3), place=where)
    if names := facts.added or facts.changed or facts.touched or ():
        key = "what.adds" if facts.added else "what.changes"
        return say(key, lang, names=codes(names, lang, 3), place=place(facts, lang, names))
    return say("what.edits", lang, place=where, size=size(facts, lang))


def _exchanged(facts: ChangeFacts, lang: str, kind: str, limit: int, **values: Value) -> Prose:
    """Definitions that came and went: one stands for the other only where it is of its kind and in its file."""
    if facts.replaced:
        removed, added = facts.replaced
        return say(f"{kind}.replaces", lang, removed=code(removed), added=code(added), **values)
    return say(
        f"{kind}.exchanges",
        lang,
        removed=codes(facts.removed, lang, limit, min(limit, len(facts.removed))),
        added=codes(facts.added, lang, limit, min(limit, len(facts.added))),
        **values,
    )


def strong_caveats(facts: ChangeFacts, lang: str) -> list[Prose]:
    """What became of a change, what of it is still to come, what it says itself that it lacks."""
    record, found = facts.record, []
    if record.analysis.reverted_by:
        found.append(say("caveat.reverted", lang, ref=by_id(record.analysis.reverted_by[0])))
    series = record.analysis.series
    if series and series.total and series.index and series.index < series.total:
        found.append(say("caveat.series", lang, index=series.index, total=series.total))
    elif series and series.index and not series.total:
        found.append(say("caveat.open_series", lang, index=series.index))
    if facts.caveat:
        found.append(say("caveat.stated", lang, quote=quoted(facts.caveat.text, lang)))
    return found


def caveats(facts: ChangeFacts, lang: str) -> list[Prose]:
    """What a reader should know before relying on it, the strongest first; clauses without a full stop."""
    record, found = facts.record, strong_caveats(facts, lang)
    off = [flag for flag in facts.switches if switched(flag) == "off"]
    if off:
        found.append(say("caveat.off", lang, flags=codes([flag.name for flag in off], lang, 2)))
    elif facts.risk("experimental"):
        found.append(say("caveat.experimental", lang))
    if facts.lost:
        found.append(say("caveat.removed", lang, names=codes(facts.lost, lang, 2)))
    if facts.risk("missing-tests"):
        found.append(say("caveat.untested", lang))
    hardware = facts.risk("hardware")
    if hardware and hardware.evidence and _names_hardware(record, hardware.evidence):
        from kb.report.risks import shown_evidence

        found.append(say("caveat.hardware", lang, what=code(shown_evidence(hardware))))
    if facts.risk("unresolved-review"):
        found.append(say("caveat.unresolved", lang))
    return found


def _names_hardware(record: ChangeRecord, evidence: str) -> bool:
    """The title or a path names it too; a condition inside a larger change is no limit of the change."""
    names = [name for name in re.findall(r"[a-z0-9]+", evidence.lower()) if name != "is"]
    told = " ".join([record.change.title, *(file.path for file in record.change.files)]).lower()
    words = set(re.findall(r"[a-z]+|[a-z0-9]+", told))
    return any(name in words for name in names)


def origin_of(quote: Quote, lang: str) -> Prose:
    return say(f"origin.{quote.origin}", lang, quote=quoted(quote.text, lang))


def point(facts: ChangeFacts, lang: str) -> Prose:
    """The point of a key PR in a dozen words: its effect, its switch or what came; its reservation.

    The module and the title stand in the same row, so neither is said again.
    """
    about = [flag for flag in telling_switches(facts) if explained(facts, flag)]
    # Measured in one language: what is told may not hang on the length of a phrase.
    both = zip(caveats(facts, lang), caveats(facts, "en"), strict=True)
    short = [text for text, english in both if len(english.plain) <= POINT_LETTERS]
    if about:
        off = [flag.name for flag in facts.switches if switched(flag) == "off"]
        said = say("caveat.off", lang, flags=codes(off, lang, 2)).plain if off else ""
        short = [text for text in short if text.plain != said]
    if facts.type == "refactor" and facts.added and facts.removed:
        # That a definition is gone says the core already: another stands for it.
        gone = (facts.replaced or facts.removed)[0]
        short = [text for text in short if gone not in text.plain]
    extra = short[0] if short else Prose()
    if facts.effects:
        first = quoted(facts.effects[0], lang)
    elif facts.type == "revert":
        first = reverted(facts, lang)
    elif facts.quote and facts.quote.origin == "description" and len(facts.quote.text) <= 110:
        first = quoted(facts.quote.text, lang)
        extra = say("switch.new", lang, flags=switch(about[0], lang)) if about else extra
    elif about:
        shown = [switch(about[0], lang)]
        if len(facts.switches) > 1:
            shown.append(say("list.more", lang, n=len(facts.switches) - 1))
        first = say("switch.new", lang, flags=listing(shown, lang))
    else:
        first = _core(facts, lang, 1 if extra else 2)
    lost = say("caveat.removed", lang, names=codes(facts.lost, lang, 2)).plain
    told = extra.plain == lost and all(name in first.plain for name in facts.lost[:2])
    if told or extra.plain in first.plain:
        extra = Prose()
    return Prose.join([first, extra], word("clause", lang))


def brief_point(facts: ChangeFacts, lang: str) -> Prose:
    """What a theme says of one change: its telling names, or what it takes back."""
    return what(facts, lang) if facts.type == "revert" else _core(facts, lang, 2)


def _core(facts: ChangeFacts, lang: str, limit: int) -> Prose:
    """The telling names of the diff, without a place."""
    if facts.quote and facts.quote.origin == "description" and len(facts.quote.text) <= 110:
        return quoted(facts.quote.text, lang)
    fixed = facts.type in ("bugfix", "security") and not facts.mostly_new
    if fixed and (names := facts.changed or facts.touched):
        return say("point.fixes", lang, names=codes(names, lang, limit, min(limit, len(names))))
    if facts.added and facts.removed and facts.type == "refactor":
        return _exchanged(facts, lang, "point", 1)
    elif facts.added:
        return say(
            "point.adds", lang, names=codes(facts.added, lang, limit, min(limit, len(facts.added)))
        )
    elif facts.changed or facts.touched:
        names = facts.changed or facts.touched or ()
        return say("point.changes", lang, names=codes(names, lang, limit, min(limit, len(names))))
    return what(facts, lang)


def sentence(clause: Prose, lang: str) -> Prose:
    """A clause as a sentence: capital and full stop."""
    if not clause:
        return clause
    from kb.report.types import Span

    first, *rest = clause.spans
    if first.kind == "text" and first.text[:1].islower():
        first = Span("text", first.text[0].upper() + first.text[1:])
    stop = word("stop", lang)
    end = clause.plain.rstrip()
    if lang == "en" or end[-2:-1] in "。！？":
        end = end.rstrip(
            "”"
        )  # the quote has its own full stop; a Latin one ends no Chinese sentence
    ended = end.endswith((".", "。", "!", "！", "?", "？"))
    whole = Prose((first, *rest))
    return whole if ended else whole + Prose.of(stop)
