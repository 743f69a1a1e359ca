"""Reading objects of the cluster: what is asked of the API server, and what its answers mean."""

from __future__ import annotations

import pytest

from provider import limits
from provider.errors import ImageError, SettingsError
from provider.pullsecrets.api_reader import ApiReader, server_of
from provider.pullsecrets.reader import ClusterResource, ReadError, ReadFault
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.transport.transport import (
    Cause,
    Response,
    SilentError,
    TLSError,
    TooLargeError,
    UnreachableError,
)
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop

SERVER = origin.of_url("https://10.96.0.1:443")


class Server:
    """Answers every request alike, and remembers it."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []

    async def send(self, request, limit, deadline):
        self.requests.append((request, limit, deadline.remaining()))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def close(self):
        """Nothing is open."""


@pytest.fixture
def account(tmp_path):
    (tmp_path / "token").write_text("t-1\n")
    return tmp_path


@pytest.fixture
def read(account):
    """Reads a Secret from a server; gives what came."""
    clock = FakeClock()
    loop = VirtualLoop(clock)

    def read(server, resource=ClusterResource.SECRET):
        return loop.run(ApiReader(server, SERVER, account, clock).read(resource, "shop", "regcred"))

    yield read
    loop.finish()


def test_one_object_is_asked_for_by_its_name(read):
    server = Server(Response(200, {}, b"{}"))
    assert read(server) == b"{}"
    [(request, limit, seconds)] = server.requests
    assert request.url == "https://10.96.0.1/api/v1/namespaces/shop/secrets/regcred"
    assert request.method == "GET"
    assert request.headers["Authorization"] == "Bearer t-1"
    assert (limit, seconds) == (limits.CLUSTER_OBJECT_BYTES, pytest.approx(limits.CLUSTER_READ_SECONDS))
    read(server, ClusterResource.SERVICE_ACCOUNT)
    assert server.requests[-1][0].target == "/api/v1/namespaces/shop/serviceaccounts/regcred"


def test_token_is_read_each_time_because_the_kubelet_replaces_it(read, account):
    server = Server(Response(200, {}, b"{}"))
    read(server)
    (account / "token").write_text("t-2")
    read(server)
    assert [request.headers["Authorization"] for request, *_ in server.requests] == ["Bearer t-1", "Bearer t-2"]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Response(401, {}, b""), ReadFault.UNKNOWN_TO_IT),
        (Response(403, {}, b""), ReadFault.FORBIDDEN),
        (Response(404, {}, b""), ReadFault.MISSING),
        (Response(302, {"location": "https://elsewhere/"}, b""), ReadFault.UNAVAILABLE),
        (Response(429, {}, b""), ReadFault.UNAVAILABLE),
        (Response(500, {}, b""), ReadFault.UNAVAILABLE),
        (TooLargeError(1), ReadFault.TOO_LARGE),
        (SilentError(own=True), ReadFault.UNAVAILABLE),
        (TLSError("no"), ReadFault.UNAVAILABLE),
        (UnreachableError(Cause.CONNECTION), ReadFault.UNAVAILABLE),
        (ImageError(Reason.ADDRESS_REFUSED, "no"), ReadFault.UNAVAILABLE),
    ],
    ids=str,
)
def test_whatever_it_answers_is_a_fault_of_the_read_and_never_more(read, answer, fault):
    server = Server(answer)
    with pytest.raises(ReadError) as caught:
        read(server)
    assert caught.value.cause is fault
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", b"\xff", b"t" * (limits.CLUSTER_TOKEN_BYTES + 1)])
def test_without_a_token_nobody_is_asked(read, account, content):
    if content is None:
        (account / "token").unlink()
    else:
        (account / "token").write_bytes(content)
    server = Server(Response(200, {}, b"{}"))
    with pytest.raises(ReadError) as caught:
        read(server)
    assert caught.value.cause is ReadFault.UNKNOWN_TO_IT
    assert server.requests == []


@pytest.mark.parametrize(
    ("host", "port", "server"),
    [
        ("10.96.0.1", "443", "https://10.96.0.1"),
        ("10.96.0.1", "6443", "https://10.96.0.1:6443"),
        ("fd00::1", "443", "https://[fd00::1]"),
    ],
)
def test_server_is_the_one_that_the_kubelet_names(host, port, server):
    environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    assert str(server_of(environment)) == server


@pytest.mark.parametrize("environment", [{}, {"KUBERNETES_SERVICE_HOST": "a b", "KUBERNETES_SERVICE_PORT": "x"}])
def test_outside_a_cluster_the_setting_is_wrong(environment):
    with pytest.raises(SettingsError) as caught:
        server_of(environment)
    assert caught.value.problems[0].startswith("pull_secret_namespace: ")
