"""One writer; a dead one blocks nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from kb.errors import Locked
from kb.store.lock import HOLDER_NAME, writer_lock

HOLD = """
import sys, pathlib
from kb.store.lock import writer_lock
with writer_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        (sys.executable, "-c", HOLD, str(tmp_path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_told_who_writes(tmp_path, holder):
    with pytest.raises(Locked) as caught, writer_lock(tmp_path):
        pass
    assert f"pid {holder.pid}, since 2" in caught.value.message
    assert caught.value.hint


def test_a_killed_writer_does_not_block(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / HOLDER_NAME).exists()
    with writer_lock(tmp_path):
        assert str(os.getpid()) in (tmp_path / HOLDER_NAME).read_text()
    assert not (tmp_path / HOLDER_NAME).exists()


def test_the_lock_is_free_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="stop"), writer_lock(tmp_path):
        raise ValueError("stop")
    with writer_lock(tmp_path):
        pass
