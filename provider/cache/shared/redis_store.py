"""Redis or Valkey, by the client library: one server, Sentinel, Cluster; TLS, passwords, users.

The library is an extra, `bestbefore[store]`, and only this module and `bounded_connection` import it. Its own retries
are off: who waits and how long is decided one storey higher.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import redis.asyncio as redis
from redis import exceptions
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider

from provider import limits
from provider.cache.shared.bounded_connection import bounded
from provider.cache.shared.settings import StoreKind, StoreSettings
from provider.cache.shared.value_store import Entry, StoreError, StoreTrouble

# From the special to the general; what a server answers to one command, or why there is no answer.
_TROUBLES: Final = (
    (exceptions.OutOfMemoryError, StoreTrouble.FULL),
    (exceptions.ReadOnlyError, StoreTrouble.READ_ONLY),
    (exceptions.NoPermissionError, StoreTrouble.REFUSED),
    (exceptions.AuthenticationError, StoreTrouble.REFUSED),
    (exceptions.AuthorizationError, StoreTrouble.REFUSED),
    (exceptions.TimeoutError, StoreTrouble.TIMEOUT),
    (exceptions.ConnectionError, StoreTrouble.CONNECTION),
    (exceptions.RedisError, StoreTrouble.ERROR),
    (OSError, StoreTrouble.CONNECTION),
)

Password = Callable[[], str]


class _Credentials(CredentialProvider):
    """User and password of each new connection: the file may have been replaced."""

    def __init__(self, user: str, password: Password) -> None:
        self._user = user
        self._password = password

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        return (self._user, self._password()) if self._user else (self._password(),)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        # The library's own warns of itself.
        return self.get_credentials()


class RedisStore:
    """Implements `ValueStore`; connects at the first question.

    Args:
        settings: how it is reached.
        password: that of now; None where there is none.
        sentinel_password: that of the Sentinels; None where there is none.
    """

    def __init__(
        self, settings: StoreSettings, password: Password | None = None, sentinel_password: Password | None = None
    ) -> None:
        self._settings = settings
        self._password = password
        self._sentinel_password = sentinel_password
        self._client: Any = None
        self._sentinels: Sequence[Any] = ()

    async def read(self, names: Sequence[str], most: int) -> Sequence[bytes]:
        """See `ValueStore`."""
        with _translated():
            pipeline = self._connected().pipeline(transaction=False)
            for name in names:
                # No more than we are ready to take, whatever somebody wrote.
                pipeline.getrange(name, 0, most)
            found = await pipeline.execute(raise_on_error=False)
            return [_body(one) for one in found]

    async def write(self, entries: Sequence[Entry]) -> None:
        """See `ValueStore`."""
        with _translated():
            kept = await self._lengthened([entry for entry in entries if entry.fixed])
            rest = [entry for entry in entries if entry.name not in kept]
            if not rest:
                return
            pipeline = self._connected().pipeline(transaction=False)
            for entry in rest:
                pipeline.set(entry.name, entry.body, ex=entry.seconds)
            _raise_first(await pipeline.execute(raise_on_error=False))

    async def _lengthened(self, entries: Sequence[Entry]) -> set[str]:
        """The names of those that are there already, and live on."""
        if not entries:
            return set()
        pipeline = self._connected().pipeline(transaction=False)
        for entry in entries:
            pipeline.expire(entry.name, entry.seconds)
        found = await pipeline.execute(raise_on_error=False)
        _raise_first(found)
        return {entry.name for entry, there in zip(entries, found, strict=True) if there}

    async def claim(self, name: str, seconds: float) -> bool:
        """See `ValueStore`."""
        with _translated():
            return bool(await self._connected().set(name, b"1", nx=True, px=int(seconds * 1000)))

    async def drop(self, names: Sequence[str]) -> int:
        """See `ValueStore`."""
        with _translated():
            pipeline = self._connected().pipeline(transaction=False)
            for name in names:
                # Not `unlink`: of a Cluster that is no command of a pipeline.
                pipeline.execute_command("UNLINK", name)
            found = await pipeline.execute(raise_on_error=False)
            _raise_first(found)
        return sum(found)

    async def names(self, beginning: str, most: int) -> Sequence[str]:
        """The names that begin so, in no order; no more than `most` + 1 of them. For people: it walks through all.

        Raises:
            StoreError: there is no answer.
        """
        found: set[str] = set()
        with _translated():
            async for name in self._connected().scan_iter(match=f"{beginning}*", count=limits.STORE_BATCH):
                found.add(name.decode("utf-8", "replace"))
                if len(found) > most:
                    break
        return sorted(found)

    async def ping(self) -> None:
        """See `ValueStore`."""
        with _translated():
            await self._connected().ping()

    async def close(self) -> None:
        """See `ValueStore`."""
        clients = [self._client, *self._sentinels] if self._client is not None else []
        self._client, self._sentinels = None, ()
        for client in clients:
            await client.aclose()

    def _connected(self) -> Any:  # noqa: ANN401 - one of three classes without a common base
        if self._client is None:
            self._client = self._made()
        return self._client

    def _made(self) -> Any:  # noqa: ANN401 - as above
        settings, common = self._settings, _common(self._settings)
        own = common | _identity(settings.user, self._password)
        own["max_connections"] = limits.STORE_CONNECTIONS
        if settings.kind is StoreKind.CLUSTER:
            nodes = [ClusterNode(host, port) for host, port in settings.addresses]
            return _bounded_cluster(redis.RedisCluster(startup_nodes=nodes, require_full_coverage=False, **own))
        if settings.kind is StoreKind.SENTINEL:
            theirs = common | _identity("", self._sentinel_password)
            sentinel = Sentinel(settings.addresses, sentinel_kwargs=theirs, **own)  # type: ignore[no-untyped-call]
            self._sentinels = [_bounded(one) for one in sentinel.sentinels]
            return _bounded(sentinel.master_for(settings.primary))
        host, port = settings.addresses[0]
        return _bounded(redis.Redis(host=host, port=port, **own))


def _bounded(client: Any) -> Any:  # noqa: ANN401 - as above
    pool = client.connection_pool
    pool.connection_class = bounded(pool.connection_class)
    return client


def _bounded_cluster(client: Any) -> Any:  # noqa: ANN401 - as above
    """With bounds for the nodes that are named, and for those that they name."""
    kind = bounded(client.connection_kwargs["connection_class"])
    client.connection_kwargs["connection_class"] = kind
    for node in client.startup_nodes:
        node.connection_class = kind
    return client


def _common(settings: StoreSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "socket_connect_timeout": limits.STORE_CONNECT_SECONDS,
        "socket_timeout": limits.STORE_WRITE_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        # What Redis 6 and every Valkey speak; nothing is pushed at us.
        "protocol": 2,
    }
    if settings.tls:
        options |= {
            "ssl": True,
            "ssl_ca_certs": _text(settings.ca_file),
            "ssl_certfile": _text(settings.cert_file),
            "ssl_keyfile": _text(settings.cert_key_file),
        }
    return options


def _identity(user: str, password: Password | None) -> dict[str, Any]:
    return {} if password is None else {"credential_provider": _Credentials(user, password)}


def _text(path: object) -> str | None:
    return None if path is None else str(path)


@contextmanager
def _translated() -> Iterator[None]:
    """The library's errors become ours; what it says may hold addresses, and stays out."""
    try:
        yield
    except asyncio.CancelledError:
        raise
    except Exception as error:
        raise _error(error) from error


def _error(error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    trouble = next((trouble for kind, trouble in _TROUBLES if isinstance(error, kind)), StoreTrouble.ERROR)
    return StoreError(trouble, f"{trouble.value} ({type(error).__name__})")


def _raise_first(found: Sequence[object]) -> None:
    for one in found:
        if isinstance(one, Exception):
            raise one


def _body(found: object) -> bytes:
    """A value; a name under which somebody keeps something else has none."""
    if isinstance(found, exceptions.NoPermissionError | exceptions.ConnectionError | exceptions.TimeoutError):
        raise found
    return found if isinstance(found, bytes) else b""
