"""The progress bar: members, rate and time left, and only where somebody watches."""

import io
import logging
import sys
import time

import pytest

from simulator.cli.progress import progress_bar
from simulator.cli.session import Session


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_rate_and_time_left_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "100")
    with progress_bar(Session(lang="en")) as report:
        assert report is not None
        for done in (10, 20, 30, 40):
            report(done, 100)
            time.sleep(0.2)
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "members" in shown and "40/100" in shown
    assert "/s" in shown and "0:00:" in shown


def test_nobody_watches_a_pipe_or_a_quiet_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal, session in ((io.StringIO(), Session()), (Terminal(), Session(quiet=True))):
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress_bar(session) as report:
            assert report is None
        assert terminal.getvalue() == ""
    logging.getLogger("simulator").setLevel(logging.NOTSET)
