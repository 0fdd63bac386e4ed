"""The wheel carries everything it needs: glossary, phrases, templates, prompts, messages."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_an_installed_wheel_searches_in_chinese_and_reports_outside_the_checkout(
    tmp_path: Path, sample_path: Path
) -> None:
    """The venv has our wheel and, by a path file, this environment's dependencies."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    (site,) = home.glob("lib/python*/site-packages")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-index",
            "--target",
            site,
            wheel,
        ],
        check=True,
        capture_output=True,
    )
    # Dependencies only: this checkout's own editable install must not be seen.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = home / "bin" / "python"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KB_HOME": str(tmp_path / "kb"),
    }

    def kb(*words: str) -> str:
        done = subprocess.run(
            [python, "-P", "-m", "ui.cli.main", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    origin = subprocess.run(
        [python, "-P", "-c", "import kb; print(kb.__file__)"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert origin.stdout.startswith(str(home))
    kb("ingest", str(sample_path), "--quiet")
    assert "1207" in kb("search", "前缀缓存 命中率", "--lang", "zh")
    assert kb("report", "week", "2026-W43", "--tz", "UTC", "--lang", "zh").startswith("# ")
