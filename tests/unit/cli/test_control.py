"""`bestbefore control`: its options are the settings."""

from __future__ import annotations

import click
import pytest

from gatekeeper.cli import control
from gatekeeper.controller.settings import SCHEMA, ControllerSettings
from tests.unit.cli.conftest import Run


@pytest.fixture
def controlled(monkeypatch: pytest.MonkeyPatch) -> list[ControllerSettings]:
    """The settings with which the controller was run; it stops at once, with 0."""
    seen: list[ControllerSettings] = []

    def run(loaded: ControllerSettings) -> int:
        seen.append(loaded)
        return 0

    monkeypatch.setattr("gatekeeper.controller.process.run", run)
    return seen


def test_every_setting_is_an_option_with_its_help() -> None:
    options = {option.name: option for option in control.command.params if isinstance(option, click.Option)}
    assert set(SCHEMA.fields()) | {"config"} == set(options)
    assert [name for name, option in options.items() if not option.help] == []


def test_options_reach_the_controller(run: Run, controlled: list[ControllerSettings]) -> None:
    assert run("control", "--gitops-account=a", "--gitops-account=b", "--owners=true").exit_code == 0
    (loaded,) = controlled
    assert loaded.denials.gitops_account == ("a", "b")
    assert loaded.denials.owners


def test_settings_that_cannot_be_used_are_all_named(run: Run, controlled: list[ControllerSettings]) -> None:
    result = run("control", "--owners=x", "--denials=x")
    assert result.exit_code == 2
    assert "--owners" in result.output
    assert "--denials" in result.output
    assert controlled == []
