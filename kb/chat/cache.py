"""Answers that were paid for already: keyed by model, prompt version and what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol


class AnswerCache(Protocol):
    """The archive satisfies it (kb.store.archive); chat does not know the store."""

    def cached_answer(self, key: str) -> str | None: ...

    def put_answer(
        self,
        key: str,
        model: str,
        prompt_version: str,
        input_hash: str,
        text: str,
        usage: Mapping[str, Any] | None = None,
    ) -> None: ...


class NoCache:
    """`--no-cache` and questions without an archive: nothing is found, nothing is kept."""

    def cached_answer(self, key: str) -> str | None:
        del key
        return None

    def put_answer(
        self,
        key: str,
        model: str,
        prompt_version: str,
        input_hash: str,
        text: str,
        usage: Mapping[str, Any] | None = None,
    ) -> None:
        del key, model, prompt_version, input_hash, text, usage


class WriteOnly:
    """`--no-cache`: asks again, and keeps the new answers."""

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache
        self.put_answer = cache.put_answer

    def cached_answer(self, key: str) -> str | None:
        del key
        return None


def hashed(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode())
        digest.update(part.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def cache_key(model: str, prompt_version: str, input_hash: str) -> str:
    return hashed(model, prompt_version, input_hash)
