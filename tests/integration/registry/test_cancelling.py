"""Giving up: the socket is closed, nothing waits for it, and nobody else notices."""

import asyncio
import contextlib

import pytest

from provider import limits
from tests.integration.registry.conftest import gather, get, soon
from tests.simulators.raw_server import RawServer

pytestmark = pytest.mark.integration


def say_nothing(connection):
    connection.ask()
    connection.wait_for_close()


async def cancelled(work, after=0.1):
    """Begin, and give up after a while; whether it ended as cancelled."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(after)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return task.cancelled()


def test_cancelled_request_closes_its_connection(run, make_transport):
    with RawServer(say_nothing) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})
        assert run(cancelled(get(transport, f"http://{host}")))
        run(asyncio.sleep(0.05))
        assert soon(lambda: server.connections and server.connections[0].closed.is_set())
        assert transport._under_way == {}


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"], ids=["", "headers", "body"]
)
def test_request_may_be_cancelled_at_any_moment(run, make_transport, head):
    def begin(connection):
        connection.ask()
        connection.send(head)
        connection.wait_for_close()

    with RawServer(begin) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})
        for after in (0, 0.01, 0.1):
            assert run(cancelled(get(transport, f"http://{host}"), after))
        run(asyncio.sleep(0.05))
        assert soon(lambda: all(connection.closed.is_set() for connection in server.connections))


def test_cancelled_requests_give_their_handles_to_nobody_before_they_are_free(run, make_transport):
    """A handle that libcurl still has must not be set for another request."""

    def answer(connection):
        while request := connection.ask():
            if b"/silent" not in request:
                connection.answer(request.split()[1])

    with RawServer(answer) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})

        async def mixed():
            for round_ in range(5):
                silent = [
                    asyncio.ensure_future(get(transport, f"http://{host}", path=f"/silent{number}"))
                    for number in range(10)
                ]
                await asyncio.sleep(0.02)
                for task in silent:
                    task.cancel()
                paths = [f"/{round_}/{number}" for number in range(10)]
                answers = await gather(*(get(transport, f"http://{host}", path=path) for path in paths))
                assert [answer.body.decode() for answer in answers] == paths
                await gather(*silent)

        run(mixed())


def test_hundred_that_give_up_at_once_leave_nothing(run, make_transport):
    with RawServer(say_nothing) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})

        async def all_at_once():
            tasks = [asyncio.ensure_future(get(transport, f"http://{host}")) for _ in range(100)]
            await asyncio.sleep(0.5)
            for task in tasks:
                task.cancel()
            await gather(*tasks)
            # The loop turns, and libcurl lets go.
            await asyncio.sleep(0.05)

        run(all_at_once())
        assert transport._under_way == {}
        assert soon(lambda: all(connection.closed.is_set() for connection in server.connections))


def test_exchange_that_we_end_cancels_nobody_who_waits(run, make_transport, monkeypatch):
    monkeypatch.setattr(limits, "READ_SECONDS", 0.3)
    with RawServer(say_nothing) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})

        async def question():
            [error] = await gather(get(transport, f"http://{host}"))
            return error, asyncio.current_task().cancelling()

        error, cancelling = run(question())
        assert str(error) == "no answer in time"
        assert cancelling == 0


def test_who_is_cancelled_while_we_end_his_exchange_is_cancelled(run, make_transport, monkeypatch):
    monkeypatch.setattr(limits, "READ_SECONDS", 5)
    with RawServer(say_nothing) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})

        async def at_the_same_moment():
            task = asyncio.ensure_future(get(transport, f"http://{host}"))
            while not transport._under_way:  # noqa: ASYNC110 - nothing says when
                await asyncio.sleep(0.01)
            [answer] = transport._under_way.values()
            answer.heard -= 10
            transport._sweep()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            return task.cancelled()

        assert run(at_the_same_moment())


def test_closing_ends_what_is_under_way(run, make_transport):
    with RawServer(say_nothing) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})

        async def close_meanwhile():
            task = asyncio.ensure_future(get(transport, f"http://{host}"))
            await asyncio.sleep(0.1)
            await transport.close()
            [result] = await gather(task)
            return result

        assert isinstance(run(close_meanwhile()), asyncio.CancelledError)
        assert soon(lambda: server.connections and server.connections[0].closed.is_set())


def test_transport_that_was_never_used_is_closed(run, make_transport):
    run(make_transport().close())
