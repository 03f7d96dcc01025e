"""The progress bar: short in a log, one line on a terminal."""

from __future__ import annotations

import io
import sys

from gcd.commands.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_has_a_line_for_each_tenth(capsys):
    with ProgressBar("bcc x 1") as bar:
        for step in range(101):
            bar.update(step, 100, f"t = {step}")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("bcc x 1 |###")
    assert " 10 % " in lines[0]
    assert "100 % " in lines[-1]
    assert lines[-1].endswith("t = 100]")


def test_a_terminal_has_one_line_that_ends(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with ProgressBar("bcc x 1") as bar:
        for step in (0, 50, 100):
            bar.update(step, 100)
    drawn = terminal.getvalue()
    assert drawn.count("\n") == 1
    assert drawn.endswith("\n")
    assert "100 %" in drawn


def test_work_that_never_begins_draws_nothing(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with ProgressBar("nothing"):
        pass
    assert terminal.getvalue() == ""
