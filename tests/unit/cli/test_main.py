"""What all commands share: help, unknown words, and what ends a command from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gatekeeper.cli import main
from gatekeeper.cli.main import COMMANDS, cli
from provider.version import VERSION
from tests.unit.cli.conftest import Run


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(cli)
    return [(name, command) for name in COMMANDS if (command := cli.get_command(context, name))]


def test_every_command_is_listed_with_its_line(run: Run) -> None:
    text = " ".join(run("--help").stdout.split())
    assert [name for name, line in COMMANDS.items() if f"{name} {line}" not in text] == []


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_a_command_says_how_it_exits(run: Run, name: str, option: str) -> None:
    done = run(name, option)
    assert done.exit_code == 0
    assert "Exit: 0 " in " ".join(done.stdout.split())


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_option_is_explained_in_sentences(name: str, command: click.Command) -> None:
    silent = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not re.search(r"[.)]$", option.help or "")
    ]
    assert silent == []


def test_version_is_told(run: Run) -> None:
    assert run("--version").stdout == f"bestbefore {VERSION}\n"


def test_unknown_command_names_those_that_exist(run: Run) -> None:
    done = run("frobnicate")
    assert done.exit_code == 2
    assert "there is no command 'frobnicate'; there are attestations, cache, " in done.stderr


@pytest.mark.parametrize(
    ("word", "meant"), [("chek", "'check' or 'cache'"), ("transl", "'translate'"), ("Facts", "'facts'")]
)
def test_misspelt_command_is_told_what_it_may_mean(run: Run, word: str, meant: str) -> None:
    assert f"there is no command {word!r}; did you mean {meant}?" in run(word).stderr


def test_misspelt_option_is_told_what_it_may_mean(run: Run) -> None:
    assert "--policy" in run("check", "--polcy", "x").stderr.partition("No such option")[2]


@pytest.mark.parametrize(("name", "command"), commands())
def test_output_has_its_short_form_everywhere(name: str, command: click.Command) -> None:
    outputs = [option for option in command.params if "--output" in option.opts]
    assert [option.opts for option in outputs] in ([], [["-o", "--output"]])


@pytest.mark.parametrize("name", COMMANDS)
def test_unknown_option_ends_with_2(run: Run, name: str) -> None:
    assert run(name, "--frobnicate").exit_code == 2


@pytest.mark.parametrize("words", [("explain", "Timeout"), ("explain",), ("--help",)])
def test_nothing_is_coloured_off_a_terminal(run: Run, words: tuple[str, ...]) -> None:
    assert "\x1b" not in run(*words).stdout


def test_colour_is_for_terminals_that_do_not_refuse_it(run: Run) -> None:
    assert "\x1b" in run("explain", "Timeout", color=True).stdout
    assert "\x1b" not in run("explain", "Timeout", color=True, env={"NO_COLOR": "1"}).stdout


def test_interrupted_command_does_not_end_as_a_denial(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gatekeeper.cli.explain._list", interrupted)
    done = run("explain")
    assert done.exit_code == 130
    assert done.stderr == "error: interrupted\n"


def shell(line: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """A line for a shell, with `bestbefore` in its environment."""
    command = f"{sys.executable} -m gatekeeper.cli"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "bestbefore": command}
    return subprocess.run(
        ["bash", "-c", line],
        env=environment,
        cwd=Path(main.__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def test_reader_who_has_seen_enough_gets_no_traceback(tmp_path: Path) -> None:
    done = shell("{ sleep 0.2; exec $bestbefore explain; } | exec true; echo ${PIPESTATUS[0]}", tmp_path)
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_help_that_nobody_reads_does_not_end_as_a_denial() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "gatekeeper.cli", "--help"], stdout=writer, check=False)
    os.close(writer)
    assert done.returncode == 141


def test_closed_output_is_no_bug() -> None:
    words = f'"{sys.executable}" -m gatekeeper.cli explain >&-'
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_full_disk_is_told_and_is_no_verdict(tmp_path: Path) -> None:
    done = shell("exec $bestbefore explain > /dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (3, "error: cannot write the output: No space left on device\n")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr("gatekeeper.cli.explain._list", bug)
    monkeypatch.setattr(sys, "argv", ["bestbefore", "explain"])
    monkeypatch.delenv("BESTBEFORE_TRACEBACK", raising=False)


@pytest.mark.usefixtures("broken")
def test_bug_is_told_without_a_traceback_and_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main.main()
    assert stop.value.code == 3
    assert capsys.readouterr().err == (
        "error: unexpected KeyError; please report it (BESTBEFORE_TRACEBACK=1 shows where)\n"
    )


@pytest.mark.usefixtures("broken")
def test_bug_shows_its_traceback_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTBEFORE_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main.main()
