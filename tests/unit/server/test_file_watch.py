"""Files are looked at while nobody asks."""

from __future__ import annotations

import asyncio

from provider import limits
from provider.server.file_watch import FileWatch


class Observer:
    def __init__(self):
        self.failed = []

    def loop_lagged(self, seconds):
        pass

    def loop_failed(self, message, error):
        self.failed.append(str(error))

    def loop_ended(self, error):
        pass


def test_files_are_looked_at_again_and_again_and_one_that_fails_spoils_no_other(monkeypatch):
    monkeypatch.setattr(limits, "FILE_WATCH_SECONDS", 0)
    observer, looks = Observer(), []

    async def watched():
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()

        def bad():
            raise RuntimeError("no descriptor is left")

        def good():
            looks.append(None)
            if len(looks) == 3:
                loop.call_soon_threadsafe(enough.set)

        watch = FileWatch([bad, good], observer)
        watch.begin()
        await enough.wait()

    asyncio.run(watched())
    assert len(looks) >= 3
    assert observer.failed[:3] == ["no descriptor is left"] * 3


def test_watch_that_has_ended_wants_no_thread_of_a_process_that_ends(monkeypatch):
    monkeypatch.setattr(limits, "FILE_WATCH_SECONDS", 0)
    observer = Observer()

    async def watched():
        looked = asyncio.Event()
        loop = asyncio.get_running_loop()
        watch = FileWatch([lambda: loop.call_soon_threadsafe(looked.set)], observer)
        watch.begin()
        await looked.wait()
        watch.end()
        # As the interpreter does it at its end: from now on no thread takes anything.
        await loop.shutdown_default_executor()
        for _ in range(20):
            await asyncio.sleep(0)

    asyncio.run(watched())
    assert observer.failed == []
