"""What a cold command does not wait for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

UNUSED = ("ast", "tokenize", "tomllib", "platformdirs", "tempfile", "shutil", "numpy")


def python(code: str, folder: Path | None = None) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return done.stdout.strip()


def test_a_search_by_words_imports_nothing_that_it_does_not_use(
    sample_home: Path, tmp_path: Path
) -> None:
    command = ["kb", "--home", str(sample_home), "search", "cache", "--mode", "lexical"]
    found = python(
        f"import sys; sys.argv = {command!r}\n"
        "from ui.cli.main import main\n"
        "try: main()\n"
        f"except SystemExit: print('read:', *(n for n in {UNUSED!r} if n in sys.modules))",
        tmp_path,
    )
    assert found.splitlines()[-1] == "read:"


@pytest.mark.parametrize("name", ["inspect", "ipaddress"])
def test_a_module_that_was_left_is_read_when_it_is_used(name: str) -> None:
    code = f"import ui.cli, sys; import {name}; print(type({name}).__name__, end=' ')\n"
    uses = {"inspect": "inspect.cleandoc(' a')", "ipaddress": "ipaddress.ip_address('::1')"}
    assert python(f"{code}print({uses[name]}, type({name}).__name__)").split() == [
        "Later",
        {"inspect": "a", "ipaddress": "::1"}[name],
        "module",
    ]


def test_a_module_that_was_left_has_nothing_that_is_not_in_it() -> None:
    code = "import ui.cli, inspect\ntry: inspect.nothing\nexcept AttributeError as e: print(e)"
    assert python(code) == "module 'inspect' has no attribute 'nothing'"


def test_what_many_threads_ask_of_it_at_once_is_there() -> None:
    code = (
        "import ui.cli, inspect; from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "with Pool(8) as pool: kinds = set(pool.map(lambda _: inspect.Parameter, range(64)))\n"
        "print(len(kinds), inspect.signature(len))"
    )
    assert python(code) == "1 (obj, /)"
