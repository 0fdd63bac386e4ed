"""When to try again, and when to stop trying: backoff, the provider's own wait, a breaker."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from kb.chat.faults import Fault


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits in seconds. A server may ask for more than `longest_s`; it does not get it."""

    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 30.0
    breaker: int = 6  # failures in a row, of all workers, before the provider counts as dead

    def wait(self, attempt: int, fault: Fault) -> float:
        """How long to wait after the failed `attempt` (0-based)."""
        own = self.first_s * self.factor**attempt
        asked = fault.retry_after_s
        return min(self.longest_s, own if asked is None else max(asked, 0.0))


class Breaker:
    """Shared by all workers: opens after failures in a row, at once when the key is refused."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._failures = 0
        self._not_before = 0.0
        self._stopped = threading.Event()
        self.fault: Fault | None = None

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self, fault: Fault) -> None:
        with self._lock:
            if fault.kind == "refused":
                self._open(fault)
                return
            self._failures += 1
            if self._failures >= self._limit:
                self._open(
                    Fault("breaker", f"{self._failures} failures in a row, the last: {fault}")
                )

    def _open(self, fault: Fault) -> None:
        self.fault = self.fault or fault
        self._stopped.set()

    def stop(self) -> None:
        """Ctrl-C: nobody starts another call."""
        with self._lock:
            self._open(Fault("stopped", "interrupted"))

    def hold(self, seconds: float) -> None:
        """The provider asked everybody to wait."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)

    def pause(self, seconds: float) -> None:
        """Sleep, but not past the moment that the breaker opens."""
        self._stopped.wait(seconds)

    def gate(self) -> None:
        """Wait until the provider's own wait is over."""
        self.pause(max(0.0, self._not_before - time.monotonic()))
