"""What every test stands on: an environment of its own, so that no test reads the user's files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as ui.cli.main does, and why
ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "data" / "sample" / "changes.jsonl"


@pytest.fixture(autouse=True)
def own_environment(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No settings, keys, git configuration or home of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("KB_", "GIT_", "GH_", "GITHUB_", "OPENAI_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of an empty knowledge base."""
    return tmp_path / "kb-home"


@pytest.fixture(scope="session")
def sample_path() -> Path:
    return SAMPLE


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base of data/sample, made once; read it, or copy it (`writable_home`)."""
    from ingest.sources.jsonl import JsonlSource
    from ingest.sync import ingest
    from kb.settings import Settings

    home = tmp_path_factory.mktemp("sample") / "home"
    ingest(JsonlSource(SAMPLE), Settings(home=home))
    return home


@pytest.fixture
def writable_home(sample_home: Path, tmp_path: Path) -> Path:
    """A copy of the sample's knowledge base that a test may change."""
    return Path(shutil.copytree(sample_home, tmp_path / "home-copy"))
