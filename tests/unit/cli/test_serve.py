"""`bestbefore serve`: its options are the settings."""

from __future__ import annotations

import click
import pytest

from gatekeeper.cli import serve
from provider.settings import model
from provider.settings.model import Settings
from tests.unit.cli.conftest import Run

TLS = ("--tls-cert=a", "--tls-key=b", "--client-ca=c")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings with which the provider was run; it stops at once, with 0."""
    seen: list[Settings] = []

    def run(loaded: Settings) -> int:
        seen.append(loaded)
        return 0

    monkeypatch.setattr("provider.server.serving.run", run)
    return seen


def test_every_setting_is_an_option_with_its_help() -> None:
    options = {option.name: option for option in serve.command.params if isinstance(option, click.Option)}
    assert set(model.fields()) | {"config"} == set(options)
    assert [name for name, option in options.items() if not option.help] == []


def test_options_reach_the_provider(run: Run, served: list[Settings]) -> None:
    words = ("--listen=127.0.0.1:0", "--insecure-registry=a.test:1", "--insecure-registry=b.test:2", "--threads=8")
    assert run("serve", *TLS, *words).exit_code == 0
    (loaded,) = served
    assert str(loaded.server.listen) == "127.0.0.1:0"
    assert loaded.server.threads == 8
    assert set(loaded.registries.insecure_registry) == {"a.test:1", "b.test:2"}


def test_option_wins_over_the_environment(run: Run, served: list[Settings]) -> None:
    run("serve", *TLS, "--threads=8", env={"BESTBEFORE_THREADS": "16", "BESTBEFORE_DRAIN_SECONDS": "3"})
    assert (served[0].server.threads, served[0].server.drain_seconds) == (8, 3.0)


def test_every_bad_setting_is_told_at_once_and_ends_with_2(run: Run, served: list[Settings]) -> None:
    done = run("serve", "--tls-cert=a", "--listen=nowhere", "--threads=0")
    assert (done.exit_code, served) == (2, [])
    told = [line.split(": ")[1] for line in done.stderr.splitlines()]
    assert sorted(told) == ["--listen", "--threads", "client_ca", "tls_key"]


def test_exit_code_is_the_providers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provider.server.serving.run", lambda _: 1)
    assert run("serve", *TLS).exit_code == 1
