"""`kb`: the command line, which an interrupt ends in a word also while it is still being read.

An exception would not do for that: what is being imported may swallow it, turn it into another one
or print it.
"""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run one command."""
    waits = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it is ignored
    if waits:
        signal.signal(signal.SIGINT, _end)
    from ui.cli.main import main as command_line

    if waits:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line()


def _end(number: int, frame: object) -> None:
    del number, frame
    try:
        os.write(2, b"interrupted\n")
    finally:  # whoever reads it may have been interrupted as well
        os._exit(130)


if __name__ == "__main__":
    main()
