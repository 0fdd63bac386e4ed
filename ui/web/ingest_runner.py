"""`python -m ui.web.ingest_runner FOLDER -- COMMAND...`: an ingest that nobody has to watch.

The page starts this detached, in its own session: closing the page, or stopping the server, does
not stop it. The command gets a terminal, so that it draws its progress; what it says goes into
FOLDER/log.txt, where it is goes into FOLDER/state.json, which any page may read.
"""

from __future__ import annotations

import json
import os
import pty
import re
import sys
import time
from pathlib import Path

STATE, LOG = "state.json", "log.txt"
EVERY = 0.5  # seconds between two writes of the state
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MOST_LOG = 2_000_000


def main(arguments: list[str]) -> int:
    folder, command = Path(arguments[0]), arguments[arguments.index("--") + 1 :]
    folder.mkdir(parents=True, exist_ok=True)
    state: dict[str, object] = {
        "pid": os.getpid(), "command": command, "started": time.time(), "progress": "",
        "finished": None, "code": None,
    }  # fmt: skip
    _write(folder, state)
    child, terminal = pty.fork()
    if child == 0:
        os.environ["COLUMNS"] = "100"
        os.execvp(command[0], command)  # noqa: S606 - our own command line, from the page
    with (folder / LOG).open("w", encoding="utf-8") as log:
        _follow(terminal, log, state, folder)
    _, status = os.waitpid(child, 0)
    state["code"] = os.waitstatus_to_exitcode(status)
    state["finished"] = time.time()
    _write(folder, state)
    return 0


def _follow(terminal: int, log: object, state: dict[str, object], folder: Path) -> None:
    """Whole lines into the log; the line that is being drawn over is the progress."""
    rest, written, last = "", 0, 0.0
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end of a terminal is closed
            data = b""
        if not data:
            break
        rest += data.decode("utf-8", "replace").replace("\r\n", "\n")
        *lines, rest = rest.split("\n")
        for line in lines:
            text = _ESCAPES.sub("", line.rsplit("\r", 1)[-1]).rstrip()
            if text and written < MOST_LOG:
                written += log.write(text + "\n")  # type: ignore[attr-defined]
        log.flush()  # type: ignore[attr-defined]
        drawn = [part for part in _ESCAPES.sub("", rest).split("\r") if part.strip()]
        rest = rest[-8192:]
        state["progress"] = drawn[-1].strip() if drawn else ""
        if time.time() - last >= EVERY:
            last = time.time()
            _write(folder, state)


def _write(folder: Path, state: dict[str, object]) -> None:
    temporary = folder / (STATE + ".new")
    temporary.write_text(json.dumps(state), encoding="utf-8")
    temporary.replace(folder / STATE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
