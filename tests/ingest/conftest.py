"""Real git repositories, made in a moment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

START = 1_767_225_600  # 2026-01-01T00:00:00Z


@dataclass
class Clone:
    """A repository whose clock moves an hour with each commit."""

    path: Path
    now: int = START

    def git(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> str:
        when = f"{self.now} +0000"
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", "-c", "core.autocrlf=false", *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            env={
                **os.environ,
                "GIT_AUTHOR_NAME": "Ada",
                "GIT_AUTHOR_EMAIL": "ada@example.org",
                "GIT_COMMITTER_NAME": "Grace",
                "GIT_COMMITTER_EMAIL": "grace@example.org",
                "GIT_AUTHOR_DATE": when,
                "GIT_COMMITTER_DATE": when,
                "GIT_CONFIG_NOSYSTEM": "1",
                **(env or {}),
            },
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "replace").strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(
        self,
        message: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        author: str = "Ada",
        at: int | None = None,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """The sha of a commit of these files (none: an empty commit)."""
        self.now = self.now + 3600 if at is None else at
        self.write(files or {})
        self.git("add", "-A")
        self.git(
            *("commit", "-q", "--allow-empty", "--allow-empty-message", "-F", "-"),
            stdin=message.encode(),
            env={"GIT_AUTHOR_NAME": author, **(env or {})},
        )
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, message: str) -> str:
        self.now += 3600
        self.git("merge", "-q", "--no-ff", "-m", message, branch, env={"GIT_AUTHOR_NAME": "Grace"})
        return self.git("rev-parse", "HEAD")

    def switch(self, branch: str, *, new: bool = False) -> None:
        self.git("switch", "-q", *(["-c"] if new else []), branch)


@pytest.fixture
def make_clone(tmp_path: Path) -> Callable[[str], Clone]:
    def make(name: str = "relay") -> Clone:
        path = tmp_path / name
        path.mkdir(parents=True)
        clone = Clone(path)
        clone.git("init", "-q", "-b", "main")
        return clone

    return make


@pytest.fixture
def clone(make_clone: Callable[[str], Clone]) -> Clone:
    return make_clone("relay")
