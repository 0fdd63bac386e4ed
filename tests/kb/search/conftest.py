"""Searches over the sample: a real archive, real words, real vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings


@pytest.fixture(scope="session")
def sample(sample_home: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(settings=Settings(home=sample_home)) as knowledge_base:
        yield knowledge_base
