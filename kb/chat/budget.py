"""What was spent, and when to stop spending."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from kb.chat.faults import Fault
from kb.text.tokenizer import has_cjk

CHARS_PER_TOKEN = 3.2  # of code and English, on the cautious side
CHARS_PER_TOKEN_CJK = 1.3


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls that reached the provider, tokens as it counts them (ours where it does not say)."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    took_ms: int = 0
    cached: int = 0
    failed: int = 0
    fallbacks: int = 0  # answers that needed another way of asking

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, n) + getattr(other, n) for n in self.__slots__))


class Budget:
    """Counts for all workers; `refusal` says why no further call may be made."""

    def __init__(self, tokens: int | None = None, calls: int | None = None) -> None:
        self._tokens = tokens
        self._calls = calls
        self._lock = threading.Lock()
        self._reserved = 0
        self._usage = Usage()

    @property
    def usage(self) -> Usage:
        return self._usage

    def reserve(self, tokens: int) -> Fault | None:
        """Book one call of about `tokens`; a Fault where it does not fit any more."""
        with self._lock:
            if self._calls is not None and self._usage.calls >= self._calls:
                return Fault("calls", f"--max-calls {self._calls} is used up")
            spent = self._usage.tokens + self._reserved
            if self._tokens is not None and spent + tokens > self._tokens:
                return Fault("budget", f"--budget-tokens {self._tokens} is used up ({spent} spent)")
            self._reserved += tokens
            self._usage += Usage(calls=1)
            return None

    def settle(self, reserved: int, spent: Usage) -> None:
        """Replace a reservation by what the call really cost."""
        with self._lock:
            self._reserved -= reserved
            self._usage += spent

    def count(self, spent: Usage) -> None:
        with self._lock:
            self._usage += spent


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has; a little too many rather than too few."""
    return int(token_share(text)) + 1


def token_share(text: str) -> float:
    """The same without rounding, for sums over lines."""
    if not has_cjk(text):
        return len(text) / CHARS_PER_TOKEN
    wide = sum(character > "\u2e7f" for character in text)
    return wide / CHARS_PER_TOKEN_CJK + (len(text) - wide) / CHARS_PER_TOKEN
