"""Progress is for a person at a terminal, on stderr, and for nobody else."""

from __future__ import annotations

import io

from ingest.progress import ProgressObserver


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def play(observer: ProgressObserver) -> None:
    with observer:
        observer.phase("changes", 4)
        observer.advance(4)
        observer.note("a shallow clone")
        observer.phase("something of its own")


def test_bars_are_drawn_on_a_terminal() -> None:
    stream = Terminal()
    play(ProgressObserver(stream=stream))
    assert "Reading changes" in stream.getvalue()
    assert "a shallow clone" in stream.getvalue()


def test_elsewhere_only_notes_are_written() -> None:
    stream = io.StringIO()
    play(ProgressObserver(stream=stream))
    assert stream.getvalue() == "a shallow clone\n"


def test_verbose_names_the_phases() -> None:
    stream = io.StringIO()
    play(ProgressObserver(stream=stream, verbose=True))
    assert "Reading changes (4)\n" in stream.getvalue()
    assert "something of its own\n" in stream.getvalue()
