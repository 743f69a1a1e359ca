"""How commands that a person runs reach registries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from provider.clock import SystemClock
from provider.questions.answer import Answer
from provider.questions.question import Question

if TYPE_CHECKING:
    from gatekeeper.cli.session import Session

_DOCKER_CONFIG: Final = Path.home() / ".docker" / "config.json"


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that asks registries."""
    for option in reversed(
        [
            click.option(
                "--insecure-registry",
                multiple=True,
                callback=_hosts,
                metavar="HOST[:PORT]",
                help="Speak plain HTTP with this registry, as with localhost and loopback addresses. May be repeated.",
            ),
            click.option(
                "--docker-config",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="Docker config.json with credentials. Default: ~/.docker/config.json where it exists.",
            ),
            click.option(
                "--registry-ca",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="PEM file of certificate authorities for registries.",
            ),
        ]
    ):
        command = option(command)
    return command


def _hosts(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    from provider.settings import values  # noqa: PLC0415 - needed only where the option is given

    try:
        return cast("tuple[str, ...]", values.read("insecure_registry", "tuple[str, ...]", value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def inspector(
    insecure_registry: Iterable[str],
    docker_config: Path | None,
    registry_ca: Path | None,
    trust_roots: Mapping[str, Path] | None = None,
) -> Callable[[Question], Answer]:
    """Answers one question by asking registries, as the provider does. Nothing is built before the first question."""
    lock = threading.Lock()
    built: list[Session] = []

    def inspect(asked: Question) -> Answer:
        with lock:
            if not built:
                built.append(connected(insecure_registry, docker_config, registry_ca, trust_roots or {}))
        return built[0].inspect(asked)

    return inspect


def connected(
    insecure_registry: Iterable[str],
    docker_config: Path | None,
    registry_ca: Path | None,
    trust_roots: Mapping[str, Path],
) -> Session:
    """What a command needs that asks registries.

    Raises:
        SettingsError: a file cannot be used.
    """
    # Imported here: a check from recorded facts, or one that asks nothing, should not pay for it.
    from gatekeeper.cli.session import Session  # noqa: PLC0415
    from provider.images.assembly import assemble  # noqa: PLC0415
    from provider.registry.settings import RegistrySettings  # noqa: PLC0415

    if docker_config is None and _DOCKER_CONFIG.exists():
        docker_config = _DOCKER_CONFIG
    settings = RegistrySettings(
        insecure_registries=frozenset(insecure_registry),
        allow_loopback_http=True,
        allow_private=True,
        ca_file=registry_ca,
        docker_config=docker_config,
    )
    clock = SystemClock()
    return Session(assemble(settings, clock, trust_roots=trust_roots), clock)
