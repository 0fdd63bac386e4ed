"""Homes, a server and a browser for the journeys; skipped where there is no chromium."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent


def _module(name: str, path: Path) -> Any:
    """A file beside the tests as a module (tests are no package)."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


page_module = _module("browser_page", FOLDER / "page.py")
hostile = _module("hostile_repository", FOLDER.parent / "ui" / "web" / "hostile.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if page_module.browser_path() and shutil.which("chromedriver"):
        return
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="chromium and chromedriver are not installed"))


@pytest.fixture(scope="session")
def served_home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(sample_home, tmp_path_factory.mktemp("browser") / "home"))


@pytest.fixture(scope="session")
def sample_page(served_home: Path) -> Iterator[str]:
    """The address of one server over a copy of the sample, shared by the journeys."""
    with page_module.served(served_home) as address:
        yield address


@pytest.fixture(scope="session")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ingest.sources.jsonl import JsonlSource
    from ingest.sync import ingest
    from kb.settings import Settings

    folder = tmp_path_factory.mktemp("hostile")
    ingest(JsonlSource(hostile.write(folder / "hostile.jsonl")), Settings(home=folder / "home"))
    return folder / "home"


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """`browse(address, dark=True)`: a page in a fresh browser; it asked nobody else for anything."""
    pages = []
    with ExitStack() as stack:

        def start(address: str, **options: Any) -> Any:
            folder = tmp_path / f"browser-{len(pages)}"
            folder.mkdir()
            page = stack.enter_context(page_module.browsing(address, folder, **options))
            page.folder = folder
            pages.append(page)
            return page

        yield start
        for page in pages:
            assert page.outside() == []


@pytest.fixture(scope="session")
def screenshots() -> Path:
    return FOLDER.parent.parent / "screenshots"
