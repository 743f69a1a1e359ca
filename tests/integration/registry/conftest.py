"""Registries on sockets: the simulator, servers of a test's own, and go-containerregistry's.

    def test_something(run, make_transport):
        with RawServer(...) as server:
            transport = make_transport(insecure_registries={f"reg.test:{server.port}"})
            run(get(transport, f"http://reg.test:{server.port}"))

All is on one event loop, of which `run` gives the result of a coroutine. What fails on it and nobody waits for fails
the test, and so does what libcurl prints.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ipaddress
import socket
import ssl
import subprocess
import time

import pytest
import trustme

from provider.clock import Deadline, SystemClock
from provider.observer import NullObserver
from provider.registry import origin
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.credentials.credentials import NoCredentials
from provider.registry.mirrors.folder import HostFolder
from provider.registry.mirrors.host import NoMirrors
from provider.registry.settings import RegistrySettings
from provider.registry.transport.addresses import AddressBook
from provider.registry.transport.ca_bundle import CABundle
from provider.registry.transport.curl_transport import CurlTransport
from provider.registry.transport.resolver import NameResolver
from provider.registry.transport.transport import Request
from provider.registry.turns.claim import Claim
from tests.ports import free_port
from tests.programs import program
from tests.simulators.registry import RegistrySimulator


class Names:
    """A resolver that says what a test wants, and counts: one answer a look-up, the last one for ever."""

    def __init__(self, *answers):
        self.answers, self.asked = answers or (["127.0.0.1"],), []

    async def resolve(self, host, deadline):
        self.asked.append(host)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return [ipaddress.ip_address(address) for address in answer]

    async def close(self):
        """Nothing to let go of."""


class RetriesObserver(NullObserver):
    """Counts what was sent again."""

    def __init__(self):
        self.retried = []

    def registry_retried(self, registry):
        self.retried.append(registry)


@pytest.fixture
def run(capfd):
    """Gives the result of a coroutine."""
    lost = []
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(lambda _, context: lost.append(context))
        yield runner.run
    assert not lost
    # A traceback in a callback would stand here.
    assert "Traceback" not in capfd.readouterr().err


@pytest.fixture
def make_call():
    """Makes calls, each of a caller of its own."""
    return lambda seconds=20: Call(Deadline.after(SystemClock(), seconds), Claim(object()), NoCredentials())


@pytest.fixture
def call(make_call):
    return make_call()


@pytest.fixture
def registry():
    return RegistrySimulator()


@pytest.fixture
def make_transport(run):
    """Transports over libcurl, whose connections are closed at the end."""
    transports = []

    def make(names=None, ca_path="/nowhere/ca.pem", observer=None, **settings):
        book = AddressBook(RegistrySettings(**frozen(settings)), names or Names())
        path = ca_path if callable(ca_path) else lambda: str(ca_path)
        transports.append(CurlTransport(book, path, SystemClock(), observer or NullObserver()))
        return transports[-1]

    yield make
    for transport in transports:
        run(transport.close())


@pytest.fixture
def make_client(run):
    """Clients over a transport, else over libcurl and the machine's own names."""
    clients, bundles = [], []

    def make(transport=None, **settings):
        chosen, clock, observer = RegistrySettings(**frozen(settings)), SystemClock(), NullObserver()
        hosts = HostFolder(chosen.hosts_dir, chosen.ca_file, clock, observer) if chosen.hosts_dir else NoMirrors()
        if transport is None:
            bundle = CABundle(chosen.ca_file, clock, observer.registry_ca_rejected)
            bundles.append(bundle)
            book = AddressBook(chosen, NameResolver(clock), hosts.names)
            transport = CurlTransport(book, bundle.path, clock, observer)
        clients.append(RegistryClient(chosen, transport, clock, observer, hosts=hosts))
        return clients[-1]

    yield make
    for client in clients:
        run(client.close())
    for bundle in bundles:
        bundle.close()


@pytest.fixture
def authority(tmp_path):
    """A certificate authority, with its PEM in `file`."""
    made = trustme.CA()
    made.file = tmp_path / "ca.pem"
    made.cert_pem.write_to_path(made.file)
    return made


def server_context(authority, *names):
    """How a server of that name proves itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def frozen(settings):
    """Sets of hosts as the settings have them."""
    return {name: frozenset(value) if isinstance(value, set) else value for name, value in settings.items()}


def request(url, path="/v2/team/app/manifests/v1", method="GET", headers=None, body=None):
    return Request(method, origin.of_url(url), path, headers or {}, body)


async def get(transport, url, limit=1000, seconds=10.0, **fields):
    """The answer to a request."""
    return await transport.send(request(url, **fields), limit, Deadline.after(SystemClock(), seconds))


async def gather(*works):
    """Results and errors of works side by side."""
    return await asyncio.gather(*works, return_exceptions=True)


def soon(happened, seconds=20.0):
    """Whether something happens within a time, in another thread."""
    until = time.monotonic() + seconds
    while not happened() and time.monotonic() < until:
        time.sleep(0.01)
    return happened()


@contextlib.contextmanager
def full_port():
    """A port on loopback that takes no connection and refuses none: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(16):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()[1]


@contextlib.contextmanager
def closed_port():
    """A port on loopback where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.fixture(scope="session")
def real_registry():
    """`127.0.0.1:PORT` of go-containerregistry's registry."""
    port = free_port()
    with subprocess.Popen(
        [program("registry"), "-port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(port, process)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(port, process):
    for _ in range(500):
        assert process.poll() is None, "the registry does not start"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    pytest.fail("the registry does not listen")


def copy(world: RegistrySimulator, address: str) -> None:
    """Push everything that is in a simulator to a real registry."""
    host, _, port = address.rpartition(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection:
        for kind, repository, name, body in world.documents():
            if kind == "blobs":
                answer = send(connection, "POST", f"/v2/{repository}/blobs/uploads/", b"")
                where = answer.headers["Location"]
                send(connection, "PUT", f"{where}{'&' if '?' in where else '?'}digest={name}", body)
            else:
                send(connection, "PUT", f"/v2/{repository}/manifests/{name}", body, {"Content-Type": kind})


def send(connection, method, target, body, headers=None):
    connection.request(method, target, body, headers or {})
    answer = connection.getresponse()
    answer.read()
    assert answer.status < 300, (method, target, answer.status)
    return answer
