"""How commands that a person runs reach registries."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from provider.clock import Clock, Deadline, SystemClock
from provider.loop import EventLoop
from provider.questions import item_key
from provider.questions.answer import Answer
from provider.questions.item_key import ItemKey
from provider.questions.question import ProofQuestion, Question
from provider.registry.call import Call
from provider.registry.claim import Claim

if TYPE_CHECKING:
    from provider.images.assembly import Assembly
    from provider.signatures.examination import Examination

_LOG: Final = logging.getLogger(__name__)
_FAILED: Final = 70
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
    lock = threading.Lock()
    built: list[Session] = []

    def inspect(asked: Question) -> Answer:
        with lock:
            if not built:
                built.append(connected(insecure_registry, docker_config, registry_ca, trust_roots or {}))
        return built[0].inspect(asked)

    return inspect


class Session:
    """Asks registries, and remembers what they said; may be used by many threads.

    Args:
        assembly: what knows images.
        clock: for how long a question may take.
    """

    def __init__(self, assembly: Assembly, clock: Clock) -> None:
        self._assembly = assembly
        self._clock = clock
        self._loop = EventLoop(clock, _LoopReports())
        self._loop.start()
        atexit.register(self.close)

    def inspect(self, asked: Question) -> Answer:
        """See `ImageInspector.inspect`."""
        key = item_key.of(asked)
        return self._loop.run(self._assembly.inspector.inspect(key, self._call(key)))

    def examine(self, asked: ProofQuestion) -> Examination:
        """See `ImageInspector.examine`."""
        key = item_key.of(asked)
        return self._loop.run(self._assembly.inspector.examine(key, self._call(key)))

    def close(self) -> None:
        """Let go of all connections."""
        self._loop.run(self._assembly.inspector.close())
        self._loop.stop()
        atexit.unregister(self.close)

    def _call(self, key: ItemKey) -> Call:
        deadline = Deadline.after(self._clock, WAIT_SECONDS)
        return Call(deadline, Claim(self), self._assembly.credentials, key.ref)


class _LoopReports:
    """Of the event loop a person wants to know nothing but that something failed."""

    def loop_lagged(self, seconds: float) -> None:
        """See `LoopObserver`."""

    def loop_failed(self, message: str, error: BaseException | None) -> None:
        """See `LoopObserver`."""
        _LOG.error("%s", message, exc_info=error)

    def loop_ended(self, error: BaseException | None) -> None:
        """See `LoopObserver`: whoever waits for an answer would wait for ever."""
        _LOG.critical("the event loop has ended", exc_info=error)
        os._exit(_FAILED)


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
