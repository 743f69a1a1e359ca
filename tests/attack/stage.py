"""What a scene has at hand: registries, name servers, the provider, callers. Everything ends with the scene."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.attack import namespace, neighbour, registries
from tests.attack.caller import Caller, Crowd
from tests.attack.names import NameServer
from tests.attack.neighbour import Neighbour
from tests.attack.pki import RegistryAuthority
from tests.attack.provider import Provider
from tests.attack.registries import HTTPS, Handler, Registry
from tests.e2e.rig import processes
from tests.e2e.rig.certificates import Authority, Pair

T = TypeVar("T")
_START_SECONDS: Final = 10.0
# Connections that fill a queue of none.
_QUEUED: Final = 4
# The healthy registry's public address; scenes have those below.
HEALTHY_ADDRESS: Final = 250


class Loop:
    """An event loop on a thread of its own, in which registries live."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="registries", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    def call(self, work: Any) -> None:
        """Have something done in the loop."""
        self._loop.call_soon_threadsafe(work)

    def close(self) -> None:
        """End everything in it."""
        self.run(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel(self) -> None:
        # What has been closed gets its turn before.
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=1) if others else None


@dataclass(frozen=True)
class Theatre:
    """What all scenes of a run share.

    Attributes:
        folder: scratch space, with the logs.
        server, client: certificates of the provider and of Gatekeeper.
        authority: who issued them.
        registries: certifies registries.
        healthy: host of the healthy registry, over plain HTTP.
        minutes: how long what is random goes on; None for a short while.
        seed: of what is random.
        inside: whether network and `/etc` are our own.
    """

    folder: Path
    server: Pair
    client: Pair
    authority: Authority
    registries: RegistryAuthority
    healthy: str
    minutes: float | None
    seed: int
    inside: bool


@contextlib.contextmanager
def opened(folder: Path, minutes: float | None, seed: int) -> Iterator[Theatre]:
    """Start what all scenes share."""
    inside = namespace.inside()
    authority = Authority("attack", folder / "pki")
    server, client = authority.issue("server"), authority.issue("client", server=False, client=True)
    certified = RegistryAuthority()
    (folder / "registries.pem").write_bytes(certified.pem)
    address = namespace.address(HEALTHY_ADDRESS)
    files = certified.files(folder, address, f"*.{address.replace('.', '-')}.name.test")
    command = [sys.executable, "-m", "tests.attack.healthy", *map(str, files), *([address] if inside else [])]
    program = processes.start("healthy", command, folder)
    try:
        processes.wait_until(lambda: program.output().endswith("\n"), "healthy registry", _START_SECONDS, program)
        host = program.output().split()[-1]
        yield Theatre(folder, server, client, authority, certified, host, minutes, seed, inside)
    finally:
        program.stop()


class Stage:
    """One attack's own."""

    def __init__(self, theatre: Theatre, number: int) -> None:
        self.theatre = theatre
        self.folder = theatre.folder / f"scene-{number}"
        self.folder.mkdir()
        self.loop = Loop()
        self._providers: list[Provider] = []
        self._stack = contextlib.ExitStack()
        self._stack.callback(self.loop.close)

    @property
    def inside(self) -> bool:
        """Whether registries that no setting names can be played."""
        return self.theatre.inside

    @property
    def healthy(self) -> str:
        """Host of the healthy registry that the settings name."""
        return self.theatre.healthy

    @property
    def stranger(self) -> str:
        """Host of the healthy registry that no setting names, where such can be played; else the other."""
        return namespace.address(HEALTHY_ADDRESS) if self.inside else self.healthy

    def registry(self, handler: Handler) -> Registry:
        """A registry on 127.0.0.1, over plain HTTP; the provider has to name it."""
        return self._opened(Registry(handler), "127.0.0.1")

    def foreign_registry(self, handler: Handler, number: int) -> Registry:
        """One that no setting names, over TLS, by a public address; on 127.0.0.1 where there are none."""
        if not self.inside:
            return self.registry(handler)
        address = namespace.address(number)
        named = f"*.{address.replace('.', '-')}.name.test"
        return self._opened(Registry(handler, self.theatre.registries.server(address, named)), address)

    def unwelcoming_registry(self, number: int) -> str:
        """The host of one that takes connections and shakes no hands; a silent one where no address is public."""
        if not self.inside:
            return self.registry(registries.silent).host
        return self.listening(Registry(registries.silent), namespace.address(number), HTTPS).host

    def unreachable_registry(self, number: int) -> str:
        """The host of one to which no connection is ever made: its queue is full, and nobody takes from it."""
        address = namespace.address(number) if self.inside else "127.0.0.1"
        listener = self._stack.enter_context(socket.socket())
        listener.bind((address, HTTPS if self.inside else 0))
        listener.listen(0)
        where = listener.getsockname()
        for _ in range(_QUEUED):
            waiting = self._stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(where)
        return address if self.inside else f"{address}:{where[1]}"

    def _opened(self, registry: Registry, address: str, port: int = 0) -> Registry:
        self.loop.run(registry.open(address, port))
        self._stack.callback(self.loop.call, registry.close)
        return registry

    def listening(self, registry: Registry, address: str, port: int = 0) -> Registry:
        """Any registry, at an address."""
        return self._opened(registry, address, port)

    def name_server(self, address: str = namespace.NAME_SERVER) -> NameServer:
        """A name server; the one of `/etc/resolv.conf` by default."""
        server = self.loop.run(NameServer().open(address))
        self._stack.callback(self.loop.call, server.close)
        return server

    def provider(
        self, *named: Registry | str, flags: Sequence[str] = (), prefix: Sequence[str] = (), pair: Pair | None = None
    ) -> Provider:
        """A provider that has answered nothing yet, and may speak plain HTTP with these and the healthy registry."""
        hosts = [self.healthy, *(host for host in map(_plain, named) if host)]
        settings = [
            f"--registry-ca={self.theatre.folder / 'registries.pem'}",
            *(f"--insecure-registry={host}" for host in hosts),
            *flags,
        ]
        provider = Provider(pair or self.theatre.server, settings, self.folder, prefix)
        self._providers.append(provider)
        self._stack.callback(provider.stop)
        return provider.start()

    def context(self) -> ssl.SSLContext:
        """Gatekeeper's side of TLS."""
        return neighbour.trusting(self.theatre.client)

    def caller(self, provider: Provider, *, kept: bool = True) -> Caller:
        """Somebody who may ask."""
        return self._stack.enter_context(contextlib.closing(Caller(provider.port, self.context(), kept=kept)))

    def crowd(self, provider: Provider, size: int) -> Crowd:
        """Many of them."""
        return self._stack.enter_context(contextlib.closing(Crowd(provider.port, self.context(), size)))

    def neighbour(self, provider: Provider, registry: str = "", every: float = neighbour.EVERY_SECONDS) -> Neighbour:
        """Somebody who asks about healthy images all the while; of the registry that no setting names."""
        registry = registry or self.stranger
        started = neighbour.start(provider.port, self.theatre.client, registry, self.folder, every)
        self._stack.callback(started.stop)
        return started

    def close(self) -> list[str]:
        """End everything; what nobody expected of the providers."""
        self._stack.close()
        return [surprise for provider in self._providers for surprise in provider.surprises()]


def _plain(registry: Registry | str) -> str:
    """Host of a registry that is spoken to in plain HTTP; empty for others."""
    if isinstance(registry, str):
        return "" if namespace.is_public(registry) else registry
    return registry.host if registry.tls is None else ""
