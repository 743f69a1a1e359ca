"""`bestbefore completion`, and what a shell is told by it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from gatekeeper.cli.main import COMMANDS, cli
from provider.reasons import Reason
from tests.unit.cli.conftest import Run


def completions(line: list[str], incomplete: str) -> list[str]:
    complete = BashComplete(cli, {}, "bestbefore", "_BESTBEFORE_COMPLETE")
    return [item.value for item in complete.get_completions(line, incomplete)]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_of_a_shell_asks_us(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert done.exit_code == 0
    assert f"_BESTBEFORE_COMPLETE={shell}_complete" in done.stdout


def test_other_shell_ends_with_2(run: Run) -> None:
    assert run("completion", "csh").exit_code == 2


def test_commands_are_completed_without_their_import() -> None:
    program = (
        "import sys; from click.shell_completion import BashComplete; from gatekeeper.cli.main import cli; "
        "found = BashComplete(cli, {}, 'bestbefore', 'X').get_completions([], ''); "
        "print(len(found), 'gatekeeper.cli.check' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(COMMANDS)), "False"]


@pytest.mark.parametrize(
    ("line", "incomplete", "value"),
    [
        ([], "tra", "translate"),
        (["check"], "--pol", "--policy"),
        (["check", "-o"], "sa", "sarif"),
        (["explain"], "imagetooo", Reason.IMAGE_TOO_OLD),
        (["completion"], "z", "zsh"),
    ],
)
def test_word_is_completed(line: list[str], incomplete: str, value: str) -> None:
    assert completions(line, incomplete) == [value]


def test_nothing_completes_what_is_no_command() -> None:
    assert completions(["frobnicate"], "x") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_reads_the_script(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(run("completion", "bash").stdout)
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
