"""`bestbefore serve`: from settings to a server that runs."""

from __future__ import annotations

import logging
import os
import sys
import threading
from dataclasses import dataclass, field
from socket import socket

from provider import limits
from provider.answering.batch import Batch, BatchSettings
from provider.answering.result import KeyResult
from provider.answering.work import Works
from provider.cache.memory import Memory
from provider.cache.shared.settings import StoreSettings
from provider.clock import Clock, SystemClock
from provider.errors import SettingsError
from provider.images.assembly import Assembly, assemble
from provider.loop import EventLoop
from provider.questions.endpoint import Endpoint
from provider.registry.settings import RegistrySettings
from provider.registry.transport import proxies
from provider.server.file_watch import FileWatch
from provider.server.listening import listen, problem
from provider.server.master import Server
from provider.server.plain_port import PlainServer
from provider.server.routes import create_app, create_metrics_app
from provider.server.tls import ServerTLS, TLSFiles
from provider.server.worker import ServerParts
from provider.settings.model import Settings
from provider.settings.values import Address
from provider.telemetry.events import Event
from provider.telemetry.log import Log
from provider.telemetry.metrics import Metrics
from provider.telemetry.observation import Observation

_STOPPED, _FAILED, _BAD_SETTINGS = 0, 1, 2


def run(settings: Settings, assembly: Assembly | None = None) -> int:
    """Run the provider until it is asked to stop.

    What is wrong with a file or an address is written to the standard error, every problem at once.

    Args:
        settings: all of them.
        assembly: what knows images; by default that which asks registries.

    Returns:
        The exit code: 0 after a clean stop, 1 after a failure, 2 for settings that cannot be used.
    """
    clock = SystemClock()
    log = Log(sys.stdout, settings.log.log_level, settings.log.log_format, clock)
    log.take_over(logging.getLogger())
    log.info(Event.CONFIG_LOADED, "settings read", **_shown(settings))
    try:
        server = _build(settings, log, clock, assembly)
    except SettingsError as error:
        print("\n".join(f"error: {problem}" for problem in error.problems), file=sys.stderr)  # noqa: T201 - for a person
        return _BAD_SETTINGS
    return _serve(server, log)


def _serve(server: Server, log: Log) -> int:
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
    """Whether new questions should be sent here, and whether this process should go on."""

    loop: EventLoop
    started: threading.Event = field(default_factory=threading.Event)
    draining: bool = False

    def unhealthy(self) -> str:
        return "stuck: the event loop does not turn" if self.loop.stuck() else ""

    def unready(self) -> str:
        if self.draining:
            return "draining"
        return "" if self.started.is_set() else "starting"

    def drain(self) -> None:
        self.draining = True


def _build(settings: Settings, log: Log, clock: Clock, assembly: Assembly | None) -> Server:
    registries = settings.registries
    named = {*registries.named_registry, *registries.insecure_registry}
    waits = _waits(settings)
    metrics = Metrics(waits, named, store=settings.shared.store_kind if settings.shared.store else "")
    observation = Observation(metrics, log, clock)
    problems: list[str] = []
    tls = _tls(settings, observation, problems)
    listener = _listener("listen", settings.server.listen, problems)
    plain = _listener("metrics_listen", settings.server.metrics_listen, problems)
    assembly = assembly or _assembly(settings, observation, clock, problems)
    if problems or not (tls and listener and plain and assembly):
        raise SettingsError(problems)
    loop = EventLoop(clock, observation)
    batch = _batch(settings, assembly, loop, observation, clock)
    health = _Health(loop)
    addresses = {"listen": _address(listener), "metrics_listen": _address(plain)}

    watch = FileWatch([*assembly.looks, tls.context], observation)

    def started() -> None:
        # In the worker, because no thread survives a fork.
        loop.start()
        loop.hand(watch.begin)
        loop.hand(assembly.begin)
        loop.run(assembly.store.enter())
        health.started.set()
        plain_app = create_metrics_app(metrics.exposition, health.unhealthy, health.unready, assembly.trust_roots)
        PlainServer(plain, plain_app, clock).start()
        log.info(Event.SERVER_STARTED, "ready for questions", **addresses)

    def stopped() -> None:
        """What other replicas can use is written; nobody waits long for that, least of all for a store that is away."""
        try:
            loop.hand(watch.end)
            loop.run(assembly.store.leave(), limits.STORE_CLOSE_SECONDS + limits.STORE_WRITE_SECONDS)
        except (TimeoutError, RuntimeError):
            # A store, or a loop, that does not go on: what would be written is lost, as when a process is killed.
            log.warning(Event.STORE_FAILED, "the store was not left in time; what waited for it is not written")

    app = create_app(batch, observation, clock)
    return Server(ServerParts(app, listener, tls, observation, settings.server, started, health.drain, stopped))


def _batch(settings: Settings, assembly: Assembly, loop: EventLoop, observation: Observation, clock: Clock) -> Batch:
    """What answers, and what reports it."""
    batch_settings = BatchSettings(_waits(settings), settings.server.threads)
    memory: Memory[str, KeyResult] = Memory(
        clock, settings.registries.memory_mib * limits.MIB // 3, lambda result: result.size
    )
    tag_ttl = settings.registries.tag_ttl_seconds
    # Then the store is asked, which looks again at what is asked often while it is still believed.
    remembered = tag_ttl * limits.RENEWAL_SHARE
    works = Works(
        assembly.inspector, assembly.credentials, memory, observation, clock, remembered, assembly.pull_secrets
    )
    metrics, store = observation.metrics, assembly.store
    metrics.watch_questions(lambda: len(works))
    metrics.watch_cache("answers", lambda: len(memory), lambda: memory.used)
    metrics.watch_cache("documents", lambda: len(store), lambda: store.used)
    return Batch(works, memory, loop.hand, clock, batch_settings)


def _waits(settings: Settings) -> dict[Endpoint, float]:
    deadlines = settings.deadlines
    return {
        Endpoint.VALIDATE: deadlines.validate_seconds,
        Endpoint.AUDIT: deadlines.audit_seconds,
        Endpoint.MUTATE: deadlines.mutate_seconds,
        Endpoint.PRESENCE: deadlines.audit_seconds,
    }


def _tls(settings: Settings, observation: Observation, problems: list[str]) -> ServerTLS | None:
    server = settings.server
    try:
        files = TLSFiles(server.tls_cert, server.tls_key, server.client_ca, server.own_client_ca)
        return ServerTLS(files, observation)
    except SettingsError as error:
        problems.extend(error.problems)
        return None


def _listener(name: str, address: Address, problems: list[str]) -> socket | None:
    try:
        return listen(address.host, address.port)
    except OSError as error:
        problems.append(problem(name, address, error))
        return None


def registry_settings(settings: Settings) -> RegistrySettings:
    """How registries are reached, and the store that replicas share.

    Raises:
        SettingsError: there is no key for that store.
    """
    registries = settings.registries
    return RegistrySettings(
        insecure_registries=frozenset(registries.insecure_registry),
        proxies=proxies.choose(registries.proxy, registries.no_proxy, os.environ),
        named_registries=frozenset(registries.named_registry),
        credential_hosts=frozenset((pair.registry, pair.host) for pair in registries.credential_host),
        ca_file=registries.registry_ca,
        hosts_dir=registries.hosts_dir,
        docker_config=registries.docker_config,
        credential_helpers=registries.credential_helpers,
        clouds=frozenset(registries.cloud_credentials),
        short_names=registries.short_names,
        pull_secret_namespaces=frozenset(registries.pull_secret_namespace),
        service_account=registries.service_account,
        memory_bytes=registries.memory_mib * limits.MIB * 2 // 3,
        tag_ttl=registries.tag_ttl_seconds,
        stale_seconds=registries.stale_seconds,
        shared=_store_settings(settings),
    )


def _assembly(settings: Settings, observation: Observation, clock: Clock, problems: list[str]) -> Assembly | None:
    try:
        trust_roots = {file.name: file.path for file in settings.signatures.trust_root}
        authorities = {file.name: file.path for file in settings.signatures.authority}
        return assemble(
            registry_settings(settings),
            clock,
            observation,
            trust_roots,
            authorities,
            settings.signatures.trust_root_dir,
        )
    except SettingsError as error:
        problems.extend(error.problems)
        return None


def _store_settings(settings: Settings) -> StoreSettings | None:
    """How the store is reached that replicas share; None where they share none.

    Raises:
        SettingsError: there is no key.
    """
    shared = settings.shared
    if not shared.store:
        return None
    if shared.store_key is None:
        raise SettingsError(["store_key: must be given where store is"])
    return StoreSettings(
        addresses=tuple((address.host, address.port) for address in shared.store),
        key_file=shared.store_key,
        kind=shared.store_kind,
        primary=shared.store_primary,
        tls=shared.store_tls,
        ca_file=shared.store_ca,
        cert_file=shared.store_cert,
        cert_key_file=shared.store_cert_key,
        user=shared.store_user,
        password_file=shared.store_password,
        sentinel_password_file=shared.store_sentinel_password,
    )


def _address(listener: socket) -> str:
    host, port = listener.getsockname()[:2]
    return str(Address(host, port))


def _shown(settings: Settings) -> dict[str, object]:
    """All settings, for the log: none of them is a secret, only the paths of such."""
    groups = (
        settings.server,
        settings.deadlines,
        settings.registries,
        settings.shared,
        settings.signatures,
        settings.log,
    )
    return {name: value for group in groups for name, value in vars(group).items()}
