"""Progress of long work: a line on a terminal, and nothing anywhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatekeeper.cli.progress import Progress
from tests.simulators.clock import FakeClock

Shown = Callable[..., str]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What three steps say that take so long each."""

    def shown(seconds: float, *, terminal: bool) -> str:
        monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
        clock = FakeClock()
        with Progress("images looked at", clock) as progress:
            for _ in range(3):
                clock.advance(seconds)
                progress.step()
        return capsys.readouterr().err

    return shown


def test_long_work_says_how_far_it_is_and_takes_the_line_away(shown: Shown) -> None:
    lines = shown(0.6, terminal=True).split("\r")
    assert lines[1:3] == ["2 images looked at …", "3 images looked at …"]
    assert lines[3:] == [" " * len("3 images looked at …"), ""]


def test_short_work_says_nothing(shown: Shown) -> None:
    assert shown(0.1, terminal=True) == ""


def test_where_nobody_looks_nothing_is_said(shown: Shown) -> None:
    assert shown(10, terminal=False) == ""
