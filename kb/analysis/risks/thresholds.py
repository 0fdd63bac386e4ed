"""Relaxed thresholds: a number in a test that moved to the lenient side, told by operator or name."""

from __future__ import annotations

import re

from kb.analysis.facts import Facts
from kb.analysis.file_views import FileView
from kb.types import Risk

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:_\d{3})*(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
# Larger is more lenient.
_CEILING = re.compile(
    r"(tolerance|\batol|\brtol|\btol\b|_tol\b|epsilon|\beps\b|timeout|max_(diff|error|latency|time|ms|duration|memory|retries)|delta|deadline|"
    r"(latency|duration|time|ttft|tpot|itl|memory|error|diff|loss|wait)\w*_?(threshold|limit|upper|max)|retries|reruns|within|margin|upper_bound|assertAlmostEqual.*delta)",
    re.IGNORECASE,
)  # fmt: skip
# Smaller is more lenient.
_FLOOR = re.compile(
    r"(accuracy|\bacc\b|_acc\b|\bscore|\bmin_|_min\b|threshold_acc|throughput\w*(_threshold|_min|_lower)?|lower_bound|baseline_acc|accept_(length|rate)|"
    r"similarity|coverage|fail_under|\bpsnr|\bssim|\bgsm8k|\bmmlu|\bhumaneval|\bf1\b|speed_?up|hit_rate|pass_rate|places\b|decimal\b|assert_cosine)",
    re.IGNORECASE,
)  # fmt: skip
_GREATER = re.compile(
    r"(?P<left>[\w.\[\]\"'()]+)\s*>=?\s*(?P<number>-?\d[\d_.eE+-]*)|assertGreater(Equal)?\(|\.toBeGreaterThan|assert_ge|EXPECT_G[TE]|ASSERT_G[TE]"
)
_LESS = re.compile(
    r"(?P<left>[\w.\[\]\"'()]+)\s*<=?\s*(?P<number>-?\d[\d_.eE+-]*)|assertLess(Equal)?\(|\.toBeLessThan|assert_le|EXPECT_L[TE]|ASSERT_L[TE]"
)
_ASSERT = re.compile(
    r"\b(assert\w*|expect\w*|EXPECT_\w+|ASSERT_\w+|require|self\.assert\w+|assert!)\b"
)
_NOT_THRESHOLD = re.compile(
    r"timeout-minutes|runs-on|port\b|seed|random|est_time|estimated|shard|partition", re.IGNORECASE
)
_TEST_DEF = re.compile(
    r"\s*(?:async\s+)?(?:def|class|func|fn|it|test|describe|TEST\w*)\b[ (]*[\"'(]?\s*(?P<name>[\w :./-]{3,60})"
)


def relaxed_thresholds(facts: Facts) -> list[Risk]:
    """One risk a number: evidence is "name: from -> to" with the test's file and line."""
    found: list[Risk] = []
    for view in facts.views:
        if view.role not in ("test", "bench"):
            continue
        if view.role == "bench" and "accuracy" not in view.path:
            continue
        found += _in_file(view)
    return found


def _in_file(view: FileView) -> list[Risk]:
    found: list[Risk] = []
    for hunk in view.hunks:
        where = ""
        if match := _TEST_DEF.match(hunk.section):
            where = match["name"].strip(" :")
        removed: list[tuple[str, int]] = []
        for line in (*hunk.lines, None):
            if line is not None and line.kind == "-":
                removed.append((line.text, line.old_line or 0))
                continue
            if line is not None and line.kind == "+" and removed:
                pair = _paired(line.text, removed)
                if pair is not None:
                    removed.remove(pair)
                    if words := _relaxed(pair[0], line.text):
                        evidence = f"{where}: {words}" if where and where not in words else words
                        found.append(
                            Risk("relaxed-threshold", evidence, view.path, line.new_line or 0)
                        )
                continue
            if line is None or line.kind == " ":
                removed = []
                if line is not None and (match := _TEST_DEF.match(line.text)):
                    where = match["name"].strip(" :")
    return found


def _paired(added: str, removed: list[tuple[str, int]]) -> tuple[str, int] | None:
    """The removed line that is the same but for its numbers."""
    shape = _NUMBER.sub("0", added).split("#")[0].strip()
    if "0" not in shape:
        return None
    for entry in removed:
        if _NUMBER.sub("0", entry[0]).split("#")[0].strip() == shape:
            return entry
    return None


def _relaxed(before: str, after: str) -> str:
    before, after = before.split("#")[0], after.split("#")[0]
    if _NOT_THRESHOLD.search(after):
        return ""
    old = [_value(text) for text in _NUMBER.findall(before)]
    new = [_value(text) for text in _NUMBER.findall(after)]
    moved = [
        (a, b, text, index)
        for index, (a, b, text) in enumerate(zip(old, new, _NUMBER.findall(before), strict=False))
        if a != b
    ]
    if len(moved) != 1:
        return ""
    a, b, text, index = moved[0]
    side = _side(after, index)
    if (side == "ceiling" and b > a) or (side == "floor" and b < a):
        return f"{_label(after)} {text} -> {_NUMBER.findall(after)[index]}".strip()
    return ""


def _side(text: str, index: int) -> str:
    if _ASSERT.search(text) or re.match(r"\s*(if|while)\b", text) is None:
        greater, less = _GREATER.search(text), _LESS.search(text)
        if _ASSERT.search(text):
            if greater and not less:
                return "floor"
            if less and not greater:
                return "ceiling"
    named = _named(text, index)
    floor, ceiling = _FLOOR.search(named), _CEILING.search(named)
    if floor and not ceiling:
        return "floor"
    if ceiling and not floor:
        return "ceiling"
    return ""


def _named(text: str, index: int) -> str:
    """What names a number: the words since the number before it, or all before where there are none.

    `wait_for_count(6, timeout=90)` counts six."""
    places = list(_NUMBER.finditer(text))
    since = places[index - 1].end() if index else 0
    words = text[since : places[index].start()]
    later = text[places[index].end() :]
    if any(map(str.isalpha, words)):
        return words if "," in later or index else text
    return text


def _label(text: str) -> str:
    """The name beside the number, as short as it stands there."""
    text = text.strip().rstrip(",;")
    if match := re.match(
        r"(?:self\.)?(?:assert\w*!?|expect|EXPECT_\w+|ASSERT_\w+|require\.\w+)\s*\(?\s*(?P<what>[^,<>=]{2,50})",
        text,
    ):
        return match["what"].strip()
    match = re.match(r"[\"']?(?P<name>[\w.\[\]\"'-]+)[\"']?\s*(?::[^=]*)?[=:(]", text)
    if match and match["name"] not in ("assert", "self", "expect"):
        return match["name"].strip("\"'")
    return text[:60]


def _value(text: str) -> float:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return 0.0
