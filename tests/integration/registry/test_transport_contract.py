"""What a transport is, said once for both: the simulator that tests use, and libcurl on sockets.

Where the suite passes, what is shown with the one holds for the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from provider import limits
from provider.clock import Deadline, SystemClock
from provider.registry import origin
from provider.registry.transport.routes import Routes
from provider.registry.transport.transport import (
    BrokenError,
    Cause,
    Request,
    SilentError,
    TooLargeError,
    Transport,
    UnreachableError,
)
from tests.integration.registry.conftest import closed_port, server_context
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop
from tests.simulators.registry import RegistrySimulator

pytestmark = pytest.mark.integration

MANIFEST = "/v2/team/app/manifests/v1"
# TLS that ends without its farewell looks like a broken connection.
BROKEN = "the connection broke while it answered"
CUT = {"the answer was cut short", BROKEN}
CLOSED = {"it closed the connection without an answer", BROKEN}


@dataclass
class Line:
    """A transport with a registry at its other end."""

    transport: Transport
    registry: RegistrySimulator
    url: str
    clock: object
    run: Callable[..., object]
    sockets: bool

    async def send(self, target=MANIFEST, limit=10_000, seconds=5.0, method="GET", headers=None, body=None, url=""):
        request = Request(method, origin.of_url(url or self.url), target, headers or {}, body)
        return await self.transport.send(request, limit, Deadline.after(self.clock, seconds))

    def ask(self, *args, **kwargs):
        return self.run(self.send(*args, **kwargs))

    def refused(self, kind, *args, **kwargs):
        with pytest.raises(kind) as caught:
            self.ask(*args, **kwargs)
        return caught.value


@pytest.fixture(params=["simulator", "libcurl", "libcurl with TLS"])
def line(request, registry):
    registry.push_image("team/app", "v1")
    if request.param == "simulator":
        clock = FakeClock()
        loop = VirtualLoop(clock)
        yield Line(registry, registry, "https://reg.test:5000", clock, loop.run, sockets=False)
        loop.finish()
        return
    run, make_transport = request.getfixturevalue("run"), request.getfixturevalue("make_transport")
    authority = request.getfixturevalue("authority") if "TLS" in request.param else None
    context = server_context(authority, "reg.test") if authority else None
    with registry.serve(context) as address:
        host = f"reg.test:{address.rpartition(':')[2]}"
        if authority:
            transport = make_transport(ca_path=authority.file, named_registries={host})
        else:
            transport = make_transport(insecure_registries={host})
        url = f"{'https' if authority else 'http'}://{host}"
        yield Line(transport, registry, url, SystemClock(), run, sockets=True)


class TestAnswer:
    def test_status_headers_and_body_come_whole(self, line):
        response = line.ask()
        assert response.status == 200
        assert response.body.startswith(b'{"config"')
        assert response.header("content-type").startswith("application/vnd.oci")
        assert response.header("docker-content-digest").startswith("sha256:")
        assert response.header("x-absent") == ""

    def test_names_of_headers_are_in_lower_case(self, line):
        assert all(name == name.lower() for name in line.ask().headers)

    def test_head_has_the_headers_and_no_body_whatever_the_limit(self, line):
        response = line.ask(method="HEAD", limit=0)
        assert (response.status, response.body) == (200, b"")
        assert response.header("docker-content-digest").startswith("sha256:")

    @pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 599])
    def test_every_status_is_an_answer_and_nothing_is_followed(self, line, status):
        line.registry.fail("manifest", status, headers={"Location": "https://elsewhere.test/", "Retry-After": "1"})
        response = line.ask()
        assert response.status == status
        assert response.header("location") == "https://elsewhere.test/"
        assert len(line.registry.requests) == 1

    def test_request_arrives_as_it_was_made(self, line):
        line.ask("/v2/x/manifests/y?a=1&b=%2F", headers={"X-Request-Id": "abc", "Accept": "a, b"})
        [asked] = line.registry.requests
        assert (asked.method, asked.path) == ("GET", "/v2/x/manifests/y")
        assert asked.query == {"a": ["1"], "b": ["/"]}
        assert asked.headers["X-Request-Id"] == "abc"
        assert asked.headers["Accept"] == "a, b"
        assert asked.host == origin.of_url(line.url).authority

    def test_post_carries_its_body(self, line):
        form = "application/x-www-form-urlencoded"
        assert line.ask("/token", method="POST", body=b"a=b", headers={"Content-Type": form}).status == 200
        [asked] = line.registry.requests
        assert (asked.method, asked.body, asked.headers["Content-Type"]) == ("POST", b"a=b", form)

    def test_large_body_comes_whole(self, line):
        body = b"x" * 2_000_000
        digest = line.registry.push_blob("team/app", body)
        assert line.ask(f"/v2/team/app/blobs/{digest}", limit=len(body)).body == body


class TestLimits:
    def test_body_of_the_limit_comes_and_of_one_byte_more_does_not(self, line):
        digest = line.registry.push_blob("team/app", b"x" * 1000)
        target = f"/v2/team/app/blobs/{digest}"
        assert len(line.ask(target, limit=1000).body) == 1000
        assert line.refused(TooLargeError, target, limit=999).limit == 999

    def test_text_of_an_error_is_cut_and_is_no_error(self, line):
        line.registry.fail("manifest", 500, body=b"x" * 100_000)
        response = line.ask(limit=10)
        assert response.status == 500
        assert response.body == b"x" * limits.ERROR_BYTES


class TestFailures:
    def test_answer_that_is_cut_short_is_none(self, line):
        line.registry.fail("manifest", how="cut")
        assert str(line.refused(BrokenError)) in CUT

    def test_connection_that_is_closed_without_an_answer_is_none(self, line):
        line.registry.fail("manifest", how="close")
        assert str(line.refused(BrokenError)) in CLOSED

    def test_registry_that_says_nothing_is_silent(self, line, monkeypatch):
        monkeypatch.setattr(limits, "READ_SECONDS", 0.5)
        line.registry.fail("manifest", how="silent")
        assert not line.refused(SilentError).own

    def test_time_that_is_over_before_is_the_callers_own(self, line):
        line.registry.fail("manifest", how="silent")
        assert line.refused(SilentError, seconds=0.2).own

    def test_answer_that_takes_longer_than_there_is_time_is_none(self, line):
        line.registry.delay = 0.4
        assert line.refused(SilentError, seconds=0.2).own

    def test_nothing_is_sent_when_no_time_is_left(self, line):
        assert line.refused(SilentError, seconds=0).own
        assert [asked for asked in line.registry.requests if line.sockets] == []

    def test_registry_where_nobody_listens_is_unreachable(self, line):
        with contextlib.ExitStack() as stack:
            if line.sockets:
                scheme, _, rest = line.url.partition("://")
                port = stack.enter_context(closed_port())
                url = f"{scheme}://{rest.partition(':')[0]}:{port}"
                line.transport._routes = Routes(_open(line.transport._routes.addresses))
            else:
                url = line.url
                line.registry.fail("manifest", how="unreachable")
            assert line.refused(UnreachableError, url=url).cause is Cause.CONNECTION

    def test_failure_of_one_request_leaves_the_next_alone(self, line):
        for how in ("cut", "close"):
            line.registry.fail("manifest", how=how, times=1)
            # A kept connection that is closed instead of an answer is replaced.
            with contextlib.suppress(BrokenError):
                line.ask()
            assert line.ask().status == 200


class TestSideBySide:
    def test_many_requests_are_under_way_at_a_time(self, line):
        # So few that all can begin on a busy machine, and so soon that none is taken for silent.
        line.registry.delay = 0.6

        async def many():
            return await asyncio.gather(*(line.send(seconds=30.0) for _ in range(12)))

        assert all(response.status == 200 for response in line.run(many()))
        assert line.registry.peak >= 10

    def test_one_that_is_cancelled_leaves_the_others_alone(self, line):
        line.registry.delay = 0.2

        async def many():
            tasks = [asyncio.ensure_future(line.send()) for _ in range(10)]
            await asyncio.sleep(0.05)
            for task in tasks[::2]:
                task.cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

        results = line.run(many())
        assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
        assert all(result.status == 200 for result in results[1::2])
        assert line.ask().status == 200

    def test_answers_are_never_mixed_up(self, line):
        digests = [line.registry.push_blob("team/app", b"%d" % number * 50) for number in range(40)]

        async def many():
            return await asyncio.gather(*(line.send(f"/v2/team/app/blobs/{digest}") for digest in digests))

        for _ in range(3):
            responses = line.run(many())
            assert [response.header("docker-content-digest") for response in responses] == digests
            assert [response.body for response in responses] == [b"%d" % number * 50 for number in range(40)]


def _open(book):
    """The same names, of which all may lead anywhere."""

    class Book:
        resolver = book.resolver
        settings = book.settings

        async def addresses(self, where, deadline):
            return await book.resolver.resolve(where.host, deadline)

    return Book()
