"""What an answer of GitHub means, and how long to wait for a better one.

`judge` decides from status, headers and body, as a pure function; `Patience` waits, says until
when, and gives up with LimitReached (exit 75) when the waits in a row would pass `max_wait_s`.
PyGithub's own retries are off: they follow any Retry-After, do not retry a 429 without one, and
know nothing of GraphQL's errors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from kb.errors import LimitReached
from kb.types import Observer

SECONDARY_WAIT_S = 60.0  # GitHub's own advice for a limit that names no time; doubled each time
ATTEMPTS = 6  # of one request that fails without saying when to come back
SLICE_S = 30.0  # a note every so often while waiting

OK, WAIT, AGAIN, REFUSED = "ok", "wait", "again", "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind`: ok, wait (a rate limit), again (a passing fault), refused (for good)."""

    kind: str
    reason: str = ""
    wait_s: float | None = None  # None: the host named no time
    heavy: bool = False  # a smaller page may help


def judge(status: int, headers: Mapping[str, str], data: Any, now: float) -> Verdict:
    """What to do with an answer. `data` is the parsed JSON, or None where it is none."""
    message = str(data.get("message") or "")[:200] if isinstance(data, dict) else ""
    after = retry_after(headers, now)
    if 200 <= status < 300:
        if data is None:
            return Verdict(AGAIN, f"an answer that is no JSON (HTTP {status})", after)
        return Verdict(OK)
    if status in (403, 429):
        return _limited(status, headers, data, message, after, now)
    if status >= 500 or status == 408:
        heavy = status in (500, 502, 503, 504)
        return Verdict(AGAIN, f"HTTP {status}", after, heavy)
    return Verdict(REFUSED, f"HTTP {status}" + (f": {message}" if message else ""))


def _limited(
    status: int,
    headers: Mapping[str, str],
    data: Any,
    message: str,
    after: float | None,
    now: float,
) -> Verdict:
    if after is not None:
        return Verdict(WAIT, f"rate limit (HTTP {status})", after)
    if headers.get("x-ratelimit-remaining") == "0":
        return Verdict(WAIT, "the hour's requests are spent", until_reset(headers, now))
    words = message.lower()
    if status == 429 or "rate limit" in words or "abuse" in words:
        return Verdict(WAIT, f"secondary rate limit (HTTP {status})")
    if data is None:
        return Verdict(AGAIN, f"HTTP {status} without JSON")
    return Verdict(REFUSED, f"HTTP {status}" + (f": {message}" if message else ""))


def judge_graphql(data: Any, headers: Mapping[str, str], now: float) -> Verdict:
    """The same of a GraphQL answer with status 200: what its errors say of the whole query."""
    if not isinstance(data, dict) or ("data" not in data and "errors" not in data):
        return Verdict(AGAIN, "an answer without data")
    errors = [error for error in data.get("errors") or () if isinstance(error, dict)]
    for error in errors:
        kind, words = str(error.get("type") or ""), str(error.get("message") or "").lower()
        if kind in ("RATE_LIMITED", "RATE_LIMIT") or words.startswith("api rate limit"):
            return Verdict(WAIT, "the hour's points are spent", until_reset(headers, now))
        if kind in ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"):
            return Verdict(AGAIN, "the page is too heavy", heavy=True)
        if not data.get("data") and (
            "something went wrong" in words or "timeout" in words or "timed out" in words
        ):
            return Verdict(AGAIN, "the query failed or ran out of time", heavy=True)
    return Verdict(OK)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds of a Retry-After header (a number or a date); None where there is no usable one."""
    value = (headers.get("retry-after") or "").strip()
    if value.isdigit() and value.isascii():
        return float(value[:12])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now) if value else None
    except (ValueError, TypeError, OverflowError):
        return None


def until_reset(headers: Mapping[str, str], now: float) -> float | None:
    try:
        reset = float(headers.get("x-ratelimit-reset") or "")
    except ValueError:
        return None
    # One second more: the limit ends somewhere inside of the second that is named.
    return max(0.0, reset - now) + 1.0 if 0 <= reset < 1e11 else None


@dataclass
class Patience:
    """Waits, visibly, at most `max_wait_s` in a row."""

    max_wait_s: float
    observer: Observer
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    waited_s: float = 0.0  # since the last good answer
    total_s: float = 0.0
    faults: int = 0  # in a row

    def progressed(self) -> None:
        self.waited_s = 0.0
        self.faults = 0

    def wait_for(self, verdict: Verdict) -> None:
        """Wait as the verdict says. Raises LimitReached where that is too long or too often."""
        self.faults += 1
        if verdict.wait_s is not None:
            self._wait(verdict.wait_s, verdict.reason)
        elif verdict.kind == WAIT:
            self._wait(SECONDARY_WAIT_S * 2 ** (self.faults - 1), verdict.reason)
        elif self.faults >= ATTEMPTS:
            raise LimitReached(
                f"GitHub failed {self.faults} times in a row: {verdict.reason}",
                "what came before is kept; run the same command again later",
            )
        else:
            self._wait(float(2 ** (self.faults - 1)), verdict.reason, quiet=True)

    def _wait(self, seconds: float, reason: str, *, quiet: bool = False) -> None:
        if self.waited_s + seconds > self.max_wait_s:
            raise LimitReached(
                f"GitHub: {reason}; it goes on at {_hour(self.clock() + seconds)}, "
                f"in {duration(seconds)}",
                "what came before is kept; run the same command then, or wait with --max-wait "
                f"{int(seconds) + 60}",
            )
        if not quiet or seconds >= SLICE_S:
            self.observer.note(
                f"GitHub: {reason}; going on at {_hour(self.clock() + seconds)}, "
                f"in {duration(seconds)}"
            )
        self.waited_s += seconds
        self.total_s += seconds
        left = seconds
        while left > 0:
            slept = min(left, SLICE_S)
            self.sleep(slept)
            left -= slept
            if left > 0:
                self.observer.note(f"GitHub: going on in {duration(left)}")


def duration(seconds: float) -> str:
    """12 s, 4 min 10 s, 2 h 5 min."""
    whole = int(max(0.0, min(seconds, 1e9)) + 0.999)
    if whole < 100:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _hour(epoch: float) -> str:
    try:
        return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return "a time beyond the calendar"
