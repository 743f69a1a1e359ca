"""`make demo`, whole: the real provider, certificates and OPA."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import ROOT, program
from tests.simulators.registry import RegistrySimulator

pytestmark = pytest.mark.integration

_SECONDS = 180


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(scratch),
        "BESTBEFORE_OPA": str(program("opa")),
    }


@pytest.fixture
def registry() -> Iterator[str]:
    simulator = RegistrySimulator()
    simulator.push_image("team/app", "old", created="2020-01-01T00:00:00Z")
    with simulator.serve() as address:
        yield address


def demo(environment: dict[str, str], *images: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", *images]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
    )


def test_every_step_of_the_story_comes_out_as_told_and_nothing_is_left_behind(environment: dict[str, str]) -> None:
    done = demo(environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all 14 steps came out as told" in done.stdout
    assert done.stderr == ""
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


def test_images_of_a_person_are_judged_in_the_same_way(environment: dict[str, str], registry: str) -> None:
    done = demo(environment, f"localhost:{registry.rpartition(':')[2]}/team/app:old")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "denied: too old" in done.stdout


def test_image_that_is_not_there_fails_the_demo_with_what_to_do(environment: dict[str, str], registry: str) -> None:
    done = demo(environment, f"{registry}/team/app:old", f"{registry}/team/missing:1")
    assert done.returncode == 1
    assert "denied: too old" in done.stdout
    assert "✗ no verdict, NotFound" in done.stdout
    assert "Traceback" not in done.stderr


def test_without_opa_the_demo_says_how_to_get_it(environment: dict[str, str], tmp_path: Path) -> None:
    done = demo(environment | {"BESTBEFORE_OPA": str(tmp_path / "nowhere")})
    assert done.returncode == 1
    assert "BESTBEFORE_OPA" in done.stdout
    assert done.stderr == ""


def test_ctrl_c_cleans_up(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "demo"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        # A job in the background of a shell ignores the signal, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as running:
        assert running.stdout is not None
        started = next(line for line in running.stdout if "https://127.0.0.1:" in line)
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
        assert running.wait(_SECONDS) == 130
    assert "cleaned up" in rest
    assert list(Path(environment["TMPDIR"]).iterdir()) == []
    port = started.partition("https://127.0.0.1:")[2].partition(",")[0]
    listening = subprocess.run(
        [sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}))"],
        capture_output=True,
        check=False,
    )
    assert listening.returncode != 0
