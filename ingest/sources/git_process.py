"""Running git so that neither the repository's nor the user's settings change what we read.

A clone may be hostile: no hook, pager, external diff, text conversion, signature check or lazy fetch
runs, and no ref or path can pass for an option. `LIMIT_S` without a byte ends a reader.
"""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.errors import SourceError

LIMIT_S = 300.0  # silence of a reader; a local git prints something every few milliseconds
SHORT_LIMIT_S = 60.0  # whole run of a small question
CHUNK = 1 << 20

_SETTINGS = {
    "core.bare": "true",  # no .gitattributes of a work tree decides what is binary
    "core.attributesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "core.bigFileThreshold": "32m",  # larger blobs are listed, never diffed
    "core.pager": "cat",
    "diff.external": "",
    "diff.suppressBlankEmpty": "false",
    "diff.renameLimit": "1000",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showRoot": "true",
    "log.showSignature": "false",
    "log.follow": "false",
    "protocol.allow": "never",  # a partial clone fetches nothing behind our back
    "safe.directory": "*",  # snapshots belong to whoever unpacked them; nothing of theirs is run
}

DIFF_OPTIONS = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--unified=3",
    "--inter-hunk-context=0",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--no-relative",
    "--submodule=short",
    "--ignore-submodules=none",
    "--ws-error-highlight=none",
    f"-O{os.devnull}",
)
LOG_OPTIONS = ("--no-show-signature", "--no-decorate", "--no-notes", "--no-mailmap", "--no-color")


def environment() -> dict[str, str]:
    """Ours without any GIT_ variable, prompt, pager or user's configuration."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",  # git 2.45; older ones are stopped by protocol.allow
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }


@dataclass(frozen=True, slots=True)
class Repository:
    """A git directory that can be read."""

    git_dir: Path
    folder: Path  # what a person would call it: the work tree, or the bare directory
    shallow: bool
    bare: bool = False

    @property
    def partial(self) -> bool:
        """Whether it was cloned with --filter: git marks the packs that promise more objects."""
        common = self.git_dir / "commondir"  # of a work tree beside others
        shared = self.git_dir / common.read_text().strip() if common.exists() else self.git_dir
        return any((shared / "objects" / "pack").glob("*.promisor"))

    def command(self, *arguments: str) -> list[str]:
        settings = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        return ["git", "--no-pager", f"--git-dir={self.git_dir}", *settings, *arguments]

    def run(
        self, *arguments: str, stdin: bytes = b"", limit_s: float = SHORT_LIMIT_S
    ) -> subprocess.CompletedProcess[bytes]:
        return _run(self.command(*arguments), self.git_dir, stdin, limit_s)

    def answer(self, *arguments: str) -> str | None:
        """The trimmed output of a small question; None where git says no."""
        done = self.run(*arguments)
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None

    def stream(self, *arguments: str, stdin: bytes = b"") -> Generator[bytes, None, None]:
        """Output in pieces as it comes. Raises GitStopped at the end where git ended in an error."""
        command = self.command(*arguments)
        with subprocess.Popen(
            command,
            cwd=self.git_dir,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            try:
                process.stdin.write(stdin)
                process.stdin.close()
                descriptor = process.stdout.fileno()
                while True:
                    if not select.select([descriptor], [], [], LIMIT_S)[0]:
                        raise SourceError(f"git said nothing for {LIMIT_S:.0f} s: {command[-1]}")
                    if not (piece := os.read(descriptor, CHUNK)):
                        break
                    yield piece
                complaint = process.stderr.read(65536).decode("utf-8", "replace").strip()
                if process.wait(SHORT_LIMIT_S):
                    raise GitStopped(complaint or f"exit status {process.returncode}")
            finally:
                if process.poll() is None:
                    process.kill()


class GitStopped(Exception):
    """git ended in an error; what it printed before is good. Never leaves the git source."""


def open_repository(path: Path) -> Repository:
    """The repository at `path`: bare, with a work tree, or a folder below one."""
    if not path.exists():
        raise SourceError(f"no such folder: {path}", "kb ingest PATH of a git clone")
    if not path.is_dir():
        raise SourceError(f"{path} is not a git repository", "kb ingest PATH of a git clone")
    command = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "rev-parse"]
    command += ["--absolute-git-dir", "--is-shallow-repository", "--is-bare-repository"]
    done = _run(command, path, b"", SHORT_LIMIT_S)
    facts = done.stdout.decode("utf-8", "surrogateescape").splitlines()
    if done.returncode or len(facts) < 3:
        raise SourceError(f"{path} is not a git repository", "kb ingest PATH of a git clone")
    git_dir = Path(facts[0])
    folder = path.resolve()
    if facts[2] == "false":
        top = _run([*command[:6], "--show-toplevel"], path, b"", SHORT_LIMIT_S)
        folder = Path(top.stdout.decode("utf-8", "surrogateescape").rstrip("\n") or folder)
    return Repository(git_dir, folder, facts[1] == "true", facts[2] == "true")


def _run(
    command: Sequence[str], cwd: Path, stdin: bytes, limit_s: float
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment(),
            input=stdin,
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except FileNotFoundError as exc:
        raise SourceError("git is not installed", "apt-get install git") from exc
    except PermissionError as exc:
        raise SourceError(f"cannot read {cwd}: permission denied") from exc
    except subprocess.TimeoutExpired as exc:
        raise SourceError(f"git took longer than {limit_s:.0f} s in {cwd}") from exc
