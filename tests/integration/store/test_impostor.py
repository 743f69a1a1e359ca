"""Something that listens where the store should, and answers without an end: it gets no memory and no time of ours."""

import asyncio
import contextlib

import pytest

from provider import limits
from provider.cache.shared.settings import StoreKind
from provider.cache.shared.value_store import StoreError

pytestmark = pytest.mark.integration

ENDLESS = {
    "a text": (b"$999999999999\r\n", b"x" * 65536),
    "a text without a length": (b"$-5\r\n", b"x" * 65536),
    "a line": (b"+", b"x" * 65536),
    "a list": (b"*4000000000\r\n", b"$1\r\nx\r\n" * 5000),
    "lists within lists": (b"", b"*1\r\n" * 5000),
    "a list of lists": (b"*4000000000\r\n", b"*1\r\n:1\r\n" * 5000),
    "numbers": (b"", b":" + b"9" * 5000 + b"\r\n"),
}
# What lies in the buffers of two sockets counts as sent, too.
BUFFERS = 16 * limits.MIB


class Impostor:
    """Greets as a store does; each question gets an answer without an end."""

    def __init__(self, head, part):
        self.head, self.part = head, part
        self.sent = 0
        self._tasks = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A writer that is closed closes its socket in a later turn of the loop.
        await self._server.wait_closed()
        await asyncio.sleep(0.01)

    @property
    def address(self):
        return self._server.sockets[0].getsockname()

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        with contextlib.suppress(OSError), contextlib.closing(writer):
            while heard := await reader.read(65536):
                greetings = heard.count(b"SETINFO")
                writer.write(b"+OK\r\n" * greetings)
                if not greetings:
                    await self._answer(writer)

    async def _answer(self, writer):
        writer.write(self.head)
        while True:
            writer.write(self.part)
            await writer.drain()
            self.sent += len(self.part)


@pytest.mark.parametrize("answer", ENDLESS)
@pytest.mark.parametrize("kind", StoreKind)
def test_answer_without_an_end_is_given_up(run, connect, kind, answer):
    async def ask():
        async with Impostor(*ENDLESS[answer]) as impostor:
            store = connect((impostor.address,), kind=kind, primary="mymaster")
            with pytest.raises(StoreError):
                await store.read(["a"], 100)
            await store.close()
            return impostor.sent

    assert run(ask()) <= limits.STORE_ANSWER_BYTES + BUFFERS


def test_others_have_their_turn_while_a_long_answer_is_read(run, connect):
    async def ask():
        turns = 0

        async def others():
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        async with Impostor(*ENDLESS["a list"]) as impostor:
            store = connect((impostor.address,))
            task = asyncio.ensure_future(others())
            with pytest.raises(StoreError):
                await store.read(["a"], 100)
            task.cancel()
            await store.close()
            return turns

    assert run(ask()) > 10


def test_second_question_may_have_as_much_as_the_first(run, connect):
    """The bound is of what one question is answered, not of a connection."""
    body = b"x" * 3_000_000

    async def ask(reader, writer):
        with contextlib.closing(writer):
            while heard := await reader.read(65536):
                if b"SETINFO" in heard:
                    writer.write(b"+OK\r\n" * heard.count(b"SETINFO"))
                else:
                    writer.write(b"$%d\r\n%s\r\n" % (len(body), body))

    async def works():
        async with await asyncio.start_server(ask, "127.0.0.1", 0) as server:
            store = connect((server.sockets[0].getsockname(),))
            found = [await store.read(["a"], len(body)) for _ in range(5)]
            await store.close()
            await asyncio.sleep(0.01)
            return found

    assert run(works()) == [[body]] * 5
