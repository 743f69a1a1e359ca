"""HTTP/2: many cold requests wait for the first connection, and share it."""

import asyncio

import pytest

from provider.clock import SystemClock
from provider.observer import NullObserver, Operation
from provider.pace import Pace
from provider.registry.errand import Errand
from provider.registry.transport.curl_answer import Answer
from provider.registry.transport.transport import BrokenError, TransportError
from provider.registry.wire import Wire
from tests.integration.registry.conftest import gather, get, request, server_context, soon
from tests.simulators.http2 import HTTP2Server
from tests.simulators.raw_server import RawServer

pytestmark = pytest.mark.integration

TOGETHER = 32


@pytest.fixture
def make_https(make_transport, authority):
    """A transport to a server of that name, and its URL."""

    def make(server):
        host = f"reg.test:{server.port}"
        return make_transport(ca_path=authority.file, named_registries={host}), f"https://{host}"

    return make


@pytest.fixture
def context(authority):
    return server_context(authority, "reg.test")


def test_many_cold_requests_use_one_connection_at_the_same_time(run, make_https, context):
    """None is answered before all have come."""
    with HTTP2Server(context, together=TOGETHER) as server:
        transport, url = make_https(server)
        answers = run(gather(*(get(transport, url, path=f"/{number}") for number in range(TOGETHER))))
        assert [(answer.status, answer.body) for answer in answers] == [(200, b"{}")] * TOGETHER
        assert server.streams == [TOGETHER]


def test_connection_is_used_again_later(run, make_https, context):
    with HTTP2Server(context) as server:
        transport, url = make_https(server)
        for _ in range(3):
            assert run(get(transport, url)).status == 200
        assert server.streams == [3]


def test_death_of_the_connection_is_the_end_of_no_later_request(run, make_https, context):
    """What it takes along fails, or is asked again; the next connection is one as well."""
    with HTTP2Server(context, dies_after=TOGETHER // 2) as server:
        transport, url = make_https(server)
        results = run(gather(*(get(transport, url, path=f"/{number}") for number in range(TOGETHER))))
        assert all(isinstance(result, BrokenError) or result.status == 200 for result in results)
        again = run(gather(*(get(transport, url, path=f"/{number}") for number in range(TOGETHER))))
        assert [answer.status for answer in again] == [200] * TOGETHER
        assert len(server.streams) <= 4


def test_death_of_a_connection_leaves_the_registry_open(run, make_https, context, make_call):
    """Whatever fails with it, it is one fault: the next question is asked."""
    with HTTP2Server(context, dies_after=8) as server:
        transport, url = make_https(server)
        wire = Wire(transport, SystemClock(), NullObserver(), "bestbefore/test", Pace())

        def ask(number):
            errand = Errand(Operation.BLOB, f"blob {number}", f"reg.test/{number}", 1000)
            return wire.send(request(url, path=f"/{number}"), errand, make_call())

        run(gather(*(ask(number) for number in range(TOGETHER))))
        assert [answer.status for answer in run(gather(*(ask(number) for number in range(TOGETHER))))] == (
            [200] * TOGETHER
        )


def test_cancelled_request_leaves_the_connection_to_the_others(run, make_https, context):
    with HTTP2Server(context, together=10) as server:
        transport, url = make_https(server)

        async def some_give_up():
            tasks = [asyncio.ensure_future(get(transport, url, path=f"/{number}")) for number in range(9)]
            await asyncio.sleep(0.3)
            for task in tasks[:3]:
                task.cancel()
            await asyncio.sleep(0.05)
            last = asyncio.ensure_future(get(transport, url, path="/last"))
            return await gather(*tasks[3:], last)

        answers = run(some_give_up())
        assert [answer.status for answer in answers] == [200] * 7
        assert len(server.streams) == 1


def test_request_is_asked_about_on_a_shared_connection_as_well(run, make_https, context, monkeypatch):
    asked, check = [], Answer._check

    def counted(answer, peer):
        asked.append(peer)
        check(answer, peer)

    monkeypatch.setattr(Answer, "_check", counted)
    with HTTP2Server(context) as server:
        transport, url = make_https(server)
        run(gather(*(get(transport, url, path=f"/{number}") for number in range(5))))
        assert len(asked) == 6


def test_server_that_speaks_only_the_older_version_is_spoken_to_in_it(run, make_https, context):
    def answer(connection):
        while connection.ask():
            connection.answer()

    with RawServer(answer, context=context) as server:
        transport, url = make_https(server)
        answers = run(gather(*(get(transport, url) for _ in range(8))))
        assert [answer.status for answer in answers] == [200] * 8
        assert soon(lambda: server.requests[0].startswith(b"GET /v2/team/app/manifests/v1 HTTP/1.1"))


def test_post_has_a_connection_of_its_own_here_too(run, make_https, context):
    with HTTP2Server(context) as server:
        transport, url = make_https(server)
        run(get(transport, url))
        run(get(transport, url, method="POST", body=b"a=b"))
        run(get(transport, url))
        assert server.streams == [2, 1]


def test_server_that_dies_at_once_is_no_answer(run, make_https, context):
    with HTTP2Server(context, dies_after=1) as server:
        transport, url = make_https(server)
        with pytest.raises(TransportError):
            run(get(transport, url))
