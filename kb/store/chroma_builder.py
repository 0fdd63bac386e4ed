"""The child process that builds and probes Chroma's part of a generation (`chroma_process`).

It imports Chroma (0.7 s), copies what the generation before holds and opens it (0.4 s) as soon as it
is started, so an ingest starts it before it has what to add.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from kb.errors import StoreError
from kb.store.schema import disk_full, has_room

PROCESS_TIMEOUT_S = 3600
HINT = "run it again, or kb reindex   (keeps the archive, fetches nothing)"


class ChromaBuilder:
    """Builds one generation; a context manager that leaves no process and no half-made folder.

    `folder` is where it is made; `before` the Chroma folder that it starts from, if any."""

    def __init__(self, folder: Path, before: Path | None) -> None:
        self.folder = folder
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        # -P: a folder `kb` where the command was called is not ours.
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-m", "kb.store.chroma_process"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # one thread of OpenBLAS: the process forks, and multiplies nothing
            env=os.environ
            | {"PYTHONPATH": path, "ANONYMIZED_TELEMETRY": "False", "OPENBLAS_NUM_THREADS": "1"},
        )
        self._tell(f"{before or ''}\n{folder}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begins to bring the collections to what the folder's matrices hold, and to probe them."""
        self._tell("\n")

    def _tell(self, lines: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # `finish` says why it ended
            self._process.stdin.write(os.fsencode(lines))
            self._process.stdin.flush()

    def finish(self) -> None:
        """Waits; raises StoreError with the last line that the process wrote where it failed."""
        if not self._ended():
            raise StoreError("building the Chroma index took too long", HINT)
        if self._process.wait() == 0:
            return
        self._errors.seek(0)
        words = self._errors.read().decode("utf-8", "replace")
        home = self.folder.parents[1]
        if "No space left" in words or "disk is full" in words or not has_room(home):
            raise disk_full(home)
        lines = [line for line in words.splitlines() if line.strip()]
        why = lines[-1] if lines else f"it ended with status {self._process.returncode}"
        raise StoreError(
            f"the new Chroma index could not be made ({why}); the one before it stays in use", HINT
        )

    def _ended(self) -> bool:
        """Whether the process ended in time: its stdout ends then, at once, and `wait` with a limit
        would look every 50 ms."""
        assert self._process.stdout is not None
        until = time.monotonic() + PROCESS_TIMEOUT_S
        while select.select([self._process.stdout], [], [], max(0, until - time.monotonic()))[0]:
            if not os.read(self._process.stdout.fileno(), 65536):
                return True
        return False

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # another name, once it is published
