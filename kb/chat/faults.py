"""What can go wrong with a provider, in our words; and how long to wait before another try.

Vendors' classes are told apart by what they carry (status, headers, name), so that no provider's
package is imported for an error that is not its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED = frozenset(("limit", "server", "timeout", "connection"))
MAX_DETAIL = 160


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind`: refused (401, 403), limit (429), server, timeout, connection, unsupported (400, 404,
    422), cut, malformed, empty, filtered, breaker, budget, calls, stopped.
    """

    kind: str
    detail: str = ""
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


class Faulted(Exception):
    """Carries a Fault from where it arose to where it is counted."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def fault_of(error: BaseException) -> Fault:
    """Our name for a vendor's exception."""
    if isinstance(error, Faulted):
        return error.fault
    names = {cls.__name__ for cls in type(error).__mro__}
    detail = _detail(error)
    if "LengthFinishReasonError" in names:
        return Fault("cut", "the answer reached the token limit")
    if "ContentFilterFinishReasonError" in names:
        return Fault("filtered", detail)
    status = _status(error)
    if status in (401, 403):
        return Fault("refused", f"HTTP {status} {detail}")
    if status == 429:
        return Fault("limit", f"HTTP {status} {detail}", _retry_after(error))
    if status is not None and (status >= 500 or status in (408, 409)):
        return Fault("server", f"HTTP {status} {detail}", _retry_after(error))
    if status is not None and status >= 400:
        return Fault("unsupported", f"HTTP {status} {detail}")
    if any("Timeout" in name for name in names):
        return Fault("timeout", type(error).__name__)
    if names & {"APIConnectionError", "ConnectError", "ConnectionError", "TransportError"}:
        return Fault("connection", detail)
    if names & {"ValidationError", "OutputParserException", "JSONDecodeError"}:
        return Fault("malformed", type(error).__name__)
    if isinstance(error, (NotImplementedError, ValueError, TypeError, KeyError, AttributeError)):
        return Fault("unsupported", f"{type(error).__name__} {detail}")
    return Fault("server", f"{type(error).__name__} {detail}")


def _status(error: BaseException) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _retry_after(error: BaseException) -> float | None:
    """Seconds that the server asks for; None where it does not or what it says is no time."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    milliseconds = headers.get("retry-after-ms")
    value = headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
        if value is None:
            return None
        if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
            return float(value)
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _detail(error: BaseException) -> str:
    return redacted(" ".join(str(error).split()))[:MAX_DETAIL]


def redacted(text: str, environ: Mapping[str, str] | None = None) -> str:
    """`text` without any key: what the environment holds, and what looks like one."""
    for name, value in (os.environ if environ is None else environ).items():
        if len(value) >= 8 and re.search(r"KEY|TOKEN|SECRET|PASSWORD", name):
            text = text.replace(value, "***")
    return re.sub(
        r"\b(?:sk|pk|key|gsk|xai|hf|ghp)[-_][\w*.-]{4,}|Bearer\s+\S+|//[^/\s@]+@", "***", text
    )
