"""`kb ...` as a user runs it, in this process; and once as a real command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ui.cli import main as command_line


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def kb(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs one command in a folder without settings; the status is the process's."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object, home: Path | None = None) -> Ran:
        arguments = [str(word) for word in words]
        if home is not None:
            arguments += ["--home", str(home)]
        monkeypatch.setattr(sys, "argv", ["kb", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def kb_process(tmp_path: Path) -> Run:
    """Runs one command as a process of its own."""

    def run(*words: object, home: Path | None = None) -> Ran:
        environment = dict(os.environ)
        if home is not None:
            environment["KB_HOME"] = str(home)
        done = subprocess.run(
            [sys.executable, "-m", "ui.cli.main", *(str(word) for word in words)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
