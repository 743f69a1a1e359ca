"""Real Redis servers on loopback: one, with TLS, with users, under Sentinels, a Cluster.

    with single(folder) as server:
        server.addresses            # ("127.0.0.1", 41234)

Debian's program; with it comes everything but the library. Valkey answers to the same.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis
import trustme

from tests.ports import free_port
from tests.programs import program

_SECONDS = 20.0
_SLOTS = 16384
_HOST = "127.0.0.1"


class Server:
    """One process.

    Attributes:
        address: host and port.
    """

    def __init__(self, lines: Sequence[str], *, port: int | None = None, sentinel: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self._sentinel = sentinel
        self._lines = lines
        self.address = (_HOST, port or free_port())
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin; what was in it is gone."""
        config = self._folder / "server.conf"
        own = [f"bind {_HOST}", f"dir {self._folder}", "save ''", "daemonize no", "protected-mode no"]
        config.write_text("\n".join([*own, *self._lines, ""]))
        command = [program("redis-server"), config, *(["--sentinel"] if self._sentinel else [])]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._wait()

    def stop(self) -> None:
        """End at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self, *, go_on: bool = False) -> None:
        """Hold it, so that it takes connections and says nothing; or let it go on."""
        if self._process is not None:
            self._process.send_signal(18 if go_on else 19)

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(self.address, timeout=1):
                return
            time.sleep(0.02)
        raise RuntimeError((self._folder / "log").read_text())


@dataclass(frozen=True)
class Servers:
    """Some of them.

    Attributes:
        addresses: where a client begins.
        all: the processes that have values.
    """

    addresses: tuple[tuple[str, int], ...]
    all: Sequence[Server]

    def keys(self, **options: object) -> Mapping[str, bytes]:
        """Everything that is in them."""
        found: dict[str, bytes] = {}
        for server in self.all:
            with client(server, **options) as one:
                found |= {name.decode(): one.get(name) for name in one.keys()}  # noqa: SIM118 - the command
        return found


def client(server: Server, **options: object) -> redis.Redis:
    """A client of the test's own."""
    host, port = server.address
    return redis.Redis(host=host, port=port, socket_timeout=_SECONDS, **options)  # type: ignore[arg-type]


@contextlib.contextmanager
def single(*lines: str) -> Iterator[Servers]:
    """One server, with further lines of configuration."""
    with _running([_server(lines)]) as servers:
        yield Servers((servers[0].address,), servers)


@contextlib.contextmanager
def with_tls(folder: Path) -> Iterator[Servers]:
    """One server that wants a certificate; `ca.pem`, `client.pem` and `client.key` are in the folder."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name, identity in (("server", _HOST), ("client", "bestbefore.test")):
        certificate = authority.issue_cert(identity)
        certificate.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        certificate.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
    port = free_port()
    lines = (
        "port 0", f"tls-port {port}", f"tls-cert-file {folder}/server.pem", f"tls-key-file {folder}/server.key",
        f"tls-ca-cert-file {folder}/ca.pem",
    )  # fmt: skip
    with _running([Server(lines, port=port)]) as servers:
        yield Servers((servers[0].address,), servers)


@contextlib.contextmanager
def under_sentinels(name: str, count: int = 3) -> Iterator[Servers]:
    """A primary with a replica, and Sentinels that watch them."""
    primary = _server(())
    replica = _server((f"replicaof {_HOST} {primary.address[1]}",))
    watch = (
        f"sentinel monitor {name} {_HOST} {primary.address[1]} {count}", f"sentinel down-after-milliseconds {name} 500",
        f"sentinel failover-timeout {name} 3000",
    )  # fmt: skip
    ports = [free_port() for _ in range(count)]
    sentinels = [Server([f"port {port}", *watch], port=port, sentinel=True) for port in ports]
    with _running([primary, replica, *sentinels]):
        for sentinel in sentinels:
            _until(lambda: b"ok" in _state(sentinel, name))  # noqa: B023 - it is done within the turn
        yield Servers(tuple(sentinel.address for sentinel in sentinels), [primary, replica])


@contextlib.contextmanager
def cluster(count: int = 3) -> Iterator[Servers]:
    """Nodes that divide the slots among them."""
    # Without its line, a node's own port is 10,000 more than that of clients, where somebody else may listen.
    own = [free_port() for _ in range(count)]
    nodes = [_server(("cluster-enabled yes", "cluster-node-timeout 2000", f"cluster-port {port}")) for port in own]
    with _running(nodes):
        share = -(-_SLOTS // count)
        for number, node in enumerate(nodes):
            with client(node) as one:
                last = min((number + 1) * share, _SLOTS) - 1
                one.execute_command("CLUSTER ADDSLOTSRANGE", number * share, last)
                one.execute_command("CLUSTER MEET", *nodes[0].address, own[0])
        for node in nodes:
            with client(node) as one:
                _until(lambda: b"cluster_state:ok" in _info(one))
        yield Servers(tuple(node.address for node in nodes), nodes)


def _server(lines: Sequence[str]) -> Server:
    port = free_port()
    return Server([f"port {port}", *lines], port=port)


@contextlib.contextmanager
def _running(servers: Sequence[Server]) -> Iterator[Sequence[Server]]:
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.close()


def _state(sentinel: Server, name: str) -> bytes:
    with client(sentinel) as one:
        found = one.execute_command("SENTINEL MASTER", name)
    known = int(found["num-other-sentinels"]) >= 1 and int(found["num-slaves"]) >= 1
    return b"ok" if known else b"not yet"


def _info(one: redis.Redis) -> bytes:
    found = one.execute_command("CLUSTER INFO")
    known = found if isinstance(found, dict) else {}
    return b"cluster_state:ok" if known.get("cluster_state") == "ok" else b""


def _until(done: object) -> None:
    until = time.monotonic() + _SECONDS
    while not done():  # type: ignore[operator]
        if time.monotonic() > until:
            raise RuntimeError("the servers do not find each other")
        time.sleep(0.05)
