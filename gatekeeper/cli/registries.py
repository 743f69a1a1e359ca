"""How commands that a person runs reach registries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from provider.clock import Clock, Deadline, SystemClock
from provider.questions.answer import Answer
from provider.questions.question import ProofQuestion, Question

if TYPE_CHECKING:
    from provider.images.inspector import ImageInspector
    from provider.signatures.examination import Examination

# A person waits longer than a webhook does.
WAIT_SECONDS: Final = 30.0

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
    clock = SystemClock()
    lock = threading.Lock()
    built: list[ImageInspector] = []

    def inspect(asked: Question) -> Answer:
        with lock:
            if not built:
                built.append(_build(insecure_registry, docker_config, registry_ca, trust_roots or {}, clock))
        return built[0].inspect(asked, Deadline.after(clock, WAIT_SECONDS))

    return inspect


@dataclass(frozen=True)
class Session:
    """Asks registries, and remembers what they said."""

    inspector: ImageInspector
    clock: Clock

    def inspect(self, asked: Question) -> Answer:
        """See `ImageInspector.inspect`."""
        return self.inspector.inspect(asked, Deadline.after(self.clock, WAIT_SECONDS))

    def examine(self, asked: ProofQuestion) -> Examination:
        """See `ImageInspector.examine`."""
        return self.inspector.examine(asked, Deadline.after(self.clock, WAIT_SECONDS))


def connected(
    insecure_registry: Iterable[str],
    docker_config: Path | None,
    registry_ca: Path | None,
    trust_roots: Mapping[str, Path],
) -> Session:
    """What a command needs that asks more than one thing.

    Raises:
        SettingsError: a file cannot be used.
    """
    clock = SystemClock()
    return Session(_build(insecure_registry, docker_config, registry_ca, trust_roots, clock), clock)


def _build(
    insecure_registry: Iterable[str],
    docker_config: Path | None,
    registry_ca: Path | None,
    trust_roots: Mapping[str, Path],
    clock: Clock,
) -> ImageInspector:
    # Imported here: a check from recorded facts, or one that asks nothing, should not pay for it.
    from provider.images.inspector import build_inspector  # noqa: PLC0415
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
    return build_inspector(settings, clock, trust_roots=trust_roots)
