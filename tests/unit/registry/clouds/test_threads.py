"""A library that hangs, raises, prints or returns nonsense harms nobody but its cloud."""

import asyncio
import logging
import sys
import threading

import pytest

from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.hush import Hush
from provider.registry.clouds.places import CloudName
from provider.registry.clouds.threads import CloudThreads

SECRET = "s3cr3t"


@pytest.fixture
def release():
    """What works of a test wait for; whatever happens, they end."""
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name == "cloud":
            thread.join(10)


def run(*works):
    """The outcomes of works, each (cloud, function), side by side."""

    async def go():
        threads = CloudThreads()
        return await asyncio.gather(*(threads.run(*work) for work in works), return_exceptions=True)

    return asyncio.run(go())


def test_result_comes_from_another_thread():
    [found] = run((CloudName.ECR, threading.get_ident))
    assert found != threading.get_ident()


@pytest.mark.parametrize(
    "error",
    [ValueError(SECRET), SystemExit(SECRET), KeyboardInterrupt(SECRET), MemoryError(SECRET)],
    ids=lambda one: type(one).__name__,
)
def test_whatever_a_library_raises_is_a_sentence_without_its_text(error):
    def fail():
        raise error

    [found] = run((CloudName.ECR, fail))
    assert isinstance(found, CloudError)
    assert str(found) == f"its library failed ({type(error).__name__})"
    assert found.__cause__ is found.__context__ is None


def test_sentence_of_ours_is_kept():
    def fail():
        try:
            int(SECRET)
        except ValueError as error:
            raise CloudError("install it") from error

    [found] = run((CloudName.ECR, fail))
    assert str(found) == "install it"
    assert found.__cause__ is found.__context__ is None


def test_what_it_prints_and_logs_is_shown_nowhere(capfd, caplog):
    def chatter():
        print(SECRET)  # noqa: T201 - what a library might do
        print(SECRET, file=sys.stderr)  # noqa: T201 - as above
        sys.stdout.writelines([SECRET])
        for name in ("botocore.credentials", "azure.identity._internal", "msal", "google.auth.transport"):
            logging.getLogger(name).warning(SECRET)
        sys.stdout.flush()
        return 1

    assert run((CloudName.ECR, chatter)) == [1]
    assert SECRET not in "".join(capfd.readouterr()) + caplog.text


def test_others_print_meanwhile(capsys, release):
    async def go():
        work = asyncio.ensure_future(CloudThreads().run(CloudName.ECR, release.wait))
        await asyncio.sleep(0)
        print("a line of ours")  # noqa: T201 - as above
        release.set()
        await work

    asyncio.run(go())
    assert "a line of ours" in capsys.readouterr().out


def test_streams_are_as_they_were_afterwards():
    before = sys.stdout, sys.stderr
    hush = Hush()
    with hush.thread(), hush.thread():
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr) == before


def test_one_that_hangs_keeps_its_thread_and_no_neighbour_waits(release):
    async def go():
        threads = CloudThreads()
        hung = asyncio.ensure_future(threads.run(CloudName.ECR, release.wait))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(threads.run(CloudName.ECR, lambda: "second"))
        assert await threads.run(CloudName.GOOGLE, lambda: "neighbour") == "neighbour"
        assert not second.done()
        hung.cancel()
        await asyncio.sleep(0)
        # Nobody waits for it any more; its thread is still there.
        assert not second.done()
        release.set()
        return await second

    assert asyncio.run(go()) == "second"


def test_two_clouds_that_hang_leave_the_third_its_turn(release):
    async def go():
        threads = CloudThreads()
        hung = [asyncio.ensure_future(threads.run(name, release.wait)) for name in (CloudName.ECR, CloudName.GOOGLE)]
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            found = await threads.run(CloudName.AZURE, lambda: "azure")
        release.set()
        await asyncio.gather(*hung)
        return found

    assert asyncio.run(go()) == "azure"


def test_each_cloud_has_one_thread_at_most(release):
    async def go():
        threads = CloudThreads()
        works = [asyncio.ensure_future(threads.run(name, release.wait)) for name in CloudName for _ in range(3)]
        await asyncio.sleep(0.01)
        count = sum(thread.name == "cloud" for thread in threading.enumerate())
        release.set()
        await asyncio.gather(*works)
        return count

    assert asyncio.run(go()) == len(CloudName)


def test_who_gives_up_in_the_queue_takes_no_place(release):
    async def go():
        threads = CloudThreads()
        hung = asyncio.ensure_future(threads.run(CloudName.AZURE, release.wait))
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(threads.run(CloudName.AZURE, lambda: "x"))
        await asyncio.sleep(0)
        waiting.cancel()
        release.set()
        await hung
        return await threads.run(CloudName.AZURE, lambda: "azure")

    assert asyncio.run(go()) == "azure"


def test_process_that_stops_does_not_wait_for_a_thread(release):
    async def go():
        work = asyncio.ensure_future(CloudThreads().run(CloudName.ECR, release.wait))
        await asyncio.sleep(0)
        work.cancel()

    asyncio.run(go())
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "cloud")
