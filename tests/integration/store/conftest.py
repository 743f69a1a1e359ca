"""The client on real servers, on an event loop of the test's own.

What fails on it and nobody waits for fails the test.
"""

import asyncio

import pytest

from provider import limits
from provider.cache.shared.redis_store import RedisStore
from provider.cache.shared.settings import StoreSettings


@pytest.fixture
def run():
    """Gives the result of a coroutine."""
    lost = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, context: lost.append(context))

    def run(work):
        return loop.run_until_complete(asyncio.wait_for(work, 30))

    yield run
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert not lost


@pytest.fixture
def connect(run, tmp_path, monkeypatch):
    """Makes a store of settings; it is closed with the test."""
    # On a busy machine a handshake takes longer than a replica waits for one.
    monkeypatch.setattr(limits, "STORE_CONNECT_SECONDS", 10)
    stores = []

    def connect(addresses, *, password=None, sentinel_password=None, **settings):
        found = StoreSettings(addresses, tmp_path / "key", **settings)
        store = RedisStore(found, password, sentinel_password)
        stores.append(store)
        return store

    yield connect
    for store in stores:
        run(store.close())
