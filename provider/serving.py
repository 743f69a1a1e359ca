"""`bestbefore serve`: from settings to a server that runs."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from socket import socket
from typing import TextIO

from provider import limits
from provider.app import create_app, create_metrics_app
from provider.batch import Batch, BatchSettings, Endpoint, Inspector
from provider.clock import Clock, SystemClock
from provider.errors import SettingsError
from provider.logs import Event, KeyRecords, Log
from provider.metrics import Metrics
from provider.observation import Observation
from provider.plain import PlainServer
from provider.server import Server, Serving, listen
from provider.settings import Address, Settings, load
from provider.tls import ServerTLS, TLSFiles
from provider.workers import Workers

_STOPPED, _FAILED, _BAD_SETTINGS = 0, 1, 2


def serve(flags: Mapping[str, object], environment: Mapping[str, str], errors: TextIO = sys.stderr) -> int:
    """Run the provider until it is told to stop.

    Args:
        flags: what the command line says, by the settings' names.
        environment: environment variables.
        errors: where problems with the settings are told, one a line.

    Returns:
        The exit code: 0 after a clean stop, 1 after a failure, 2 for settings that cannot be used.
    """
    try:
        return run(load(flags, environment))
    except SettingsError as error:
        for problem in error.problems:
            print(f"bestbefore serve: {problem}", file=errors)
        return _BAD_SETTINGS


def run(settings: Settings, inspector: Inspector | None = None) -> int:
    """Run the provider with settings that have been read.

    Args:
        settings: all of them.
        inspector: knows images; by default the one that asks registries.

    Returns:
        The exit code: 0 after a clean stop, 1 after a failure.

    Raises:
        SettingsError: a file cannot be used, or an address is taken; every problem is named.
    """
    clock = SystemClock()
    log = Log(sys.stdout, settings.log.log_level, settings.log.log_format, clock)
    log.take_over(logging.getLogger())
    log.info(Event.CONFIG_LOADED, "settings read", **_shown(settings))
    server = _build(settings, log, clock, inspector)
    process = os.getpid()
    try:
        server.run()
    except SystemExit as stop:
        if os.getpid() != process:
            # The worker, a fork of this process, is done; what follows is its parent's affair.
            raise
        code = _STOPPED if not stop.code else _FAILED
        log.info(Event.SERVER_STOPPED, "stopped", code=code)
        return code
    return _STOPPED


@dataclass
class _Health:
    """Whether new questions should be sent here."""

    started: threading.Event = field(default_factory=threading.Event)
    draining: bool = False

    def unready(self) -> str:
        if self.draining:
            return "draining"
        return "" if self.started.is_set() else "starting"

    def drain(self) -> None:
        self.draining = True


def _build(settings: Settings, log: Log, clock: Clock, inspector: Inspector | None) -> Server:
    registries = settings.registries
    named = {*registries.named_registry, *registries.insecure_registry}
    waits = _waits(settings)
    metrics = Metrics(waits, named)
    observation = Observation(metrics, log, clock)
    problems: list[str] = []
    tls = _tls(settings, observation, problems)
    listener = _listener("listen", settings.server.listen, problems)
    plain = _listener("metrics_listen", settings.server.metrics_listen, problems)
    inspector = inspector or _inspector(settings, observation, clock, problems)
    if problems or not (tls and listener and plain and inspector):
        raise SettingsError(problems)
    batch = _batch(settings, inspector, named, log, clock)
    metrics.watch_cache("answers", lambda: len(batch.memory), lambda: batch.memory.used)
    health = _Health()
    addresses = {"listen": _address(listener), "metrics_listen": _address(plain)}

    def started() -> None:
        health.started.set()
        PlainServer(plain, create_metrics_app(metrics.exposition, health.unready), clock).start()
        log.info(Event.SERVER_STARTED, "ready for questions", **addresses)

    app = create_app(batch, observation, clock)
    return Server(Serving(app, listener, tls, observation, settings.server, started, health.drain))


def _batch(settings: Settings, inspector: Inspector, named: set[str], log: Log, clock: Clock) -> Batch:
    batch_settings = BatchSettings(
        waits=_waits(settings),
        tag_ttl=settings.registries.tag_ttl_seconds,
        memory_bytes=settings.registries.memory_mib * limits.MIB // 3,
        server_threads=settings.server.threads,
    )
    return Batch(inspector, Workers(named), KeyRecords(log), clock, batch_settings)


def _waits(settings: Settings) -> dict[Endpoint, float]:
    deadlines = settings.deadlines
    return {
        Endpoint.VALIDATE: deadlines.validate_seconds,
        Endpoint.AUDIT: deadlines.audit_seconds,
        Endpoint.MUTATE: deadlines.mutate_seconds,
    }


def _tls(settings: Settings, observation: Observation, problems: list[str]) -> ServerTLS | None:
    server = settings.server
    try:
        return ServerTLS(TLSFiles(server.tls_cert, server.tls_key, server.client_ca), observation)
    except SettingsError as error:
        problems.extend(error.problems)
        return None


def _listener(name: str, address: Address, problems: list[str]) -> socket | None:
    try:
        return listen(address.host, address.port)
    except OSError as error:
        problems.append(f"{name}: cannot listen on {address}: {error.strerror}")
        return None


def _inspector(settings: Settings, observation: Observation, clock: Clock, problems: list[str]) -> Inspector | None:
    raise NotImplementedError


def _address(listener: socket) -> str:
    host, port = listener.getsockname()[:2]
    return str(Address(host, port))


def _shown(settings: Settings) -> dict[str, object]:
    """All settings, for the log: none of them is a secret, only the paths of such."""
    groups = (settings.server, settings.deadlines, settings.registries, settings.log)
    return {name: value for group in groups for name, value in vars(group).items()}
