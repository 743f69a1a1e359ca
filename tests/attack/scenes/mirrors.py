"""Hosts between us and a registry: mirrors that an operator named, and proxies. The digest decides."""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provider import limits
from tests.attack import bounds, images, namespace
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact
from tests.attack.images import Document
from tests.attack.provider import Provider
from tests.attack.registries import Exchange, Handler, Registry, answering
from tests.attack.stage import Stage

_BLOB_BYTES: Final = 10 * images.MEGABYTES
_FOLDER: Final = "hosts"
# Of the registry behind the proxy.
_NUMBER: Final = 3
_PASSWORD: Final = "s3cret-of-the-proxy"

Lie = Callable[[Exchange, Document], Awaitable[None]]


def _led(stage: Stage, registry: str, text: str) -> str:
    """The flag of a folder in which a registry has a `hosts.toml`."""
    _file(stage, registry).parent.mkdir(parents=True)
    _file(stage, registry).write_text(text)
    return f"--hosts-dir={stage.folder / _FOLDER}"


def _file(stage: Stage, registry: str) -> Path:
    host, _, port = registry.partition(":")
    return stage.folder / _FOLDER / (f"{host}_{port}_" if port else host) / "hosts.toml"


def _hosts(*mirrors: Registry) -> str:
    """The mirrors in their order, which give documents and do not say what tags are."""
    return "\n".join(f'[host."http://{mirror.host}"]\ncapabilities = ["pull"]' for mirror in mirrors)


async def _other_bytes(exchange: Exchange, document: Document) -> None:
    body = document.body.replace(b"linux", b"plan9").replace(b"layers", b"sreyal")
    await exchange.answer(200, body, {"Content-Type": document.media_type, "Docker-Content-Digest": document.digest})


async def _younger_image(exchange: Exchange, document: Document) -> None:
    """A sound image of today in place of the one that was asked for."""
    younger = images.image(images.configuration("younger", created="2026-11-30T00:00:00Z"))
    other = younger.config if document.media_type == images.CONFIG else younger.manifest
    await exchange.answer(200, other.body, {"Content-Type": other.media_type, "Docker-Content-Digest": other.digest})


async def _page(exchange: Exchange, _: Document) -> None:
    await exchange.answer(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})


async def _nothing(exchange: Exchange, _: Document) -> None:
    await exchange.answer(200, b"", {"Content-Length": "0"})


async def _elsewhere(exchange: Exchange, _: Document) -> None:
    await exchange.answer(307, b"", {"Location": "http://127.0.0.1:9/v2/x"})


_LIES: Final[Mapping[str, Lie]] = {
    "other bytes under the digest": _other_bytes,
    "another image, whose own digest it says": _younger_image,
    "a page with 200": _page,
    "nothing with 200": _nothing,
    "a redirect to loopback": _elsewhere,
}


def _lying(shelf: Mapping[str, Document], lie: Lie) -> Handler:
    async def handler(exchange: Exchange) -> None:
        document = shelf.get(exchange.request.path)
        await (lie(exchange, document) if document is not None else exchange.document(None))

    return handler


def _lying_mirrors(stage: Stage) -> Outcome:
    """A registry for each lie, whose only mirror tells it: by tag and by digest."""
    named, mirrors, keys, wanted, folder = [], [], [], {}, ""
    for number, lie in enumerate(_LIES.values()):
        image = images.image(images.configuration(f"sound-{number}"))
        shelf = images.shelf("app", image.documents)
        registry, mirror = stage.registry(answering(shelf)), stage.registry(_lying(shelf, lie))
        folder = _led(stage, registry.host, _hosts(mirror))
        named.append(registry)
        mirrors.append(mirror)
        for key in (fact(f"{registry.host}/app:1"), fact(f"{registry.host}/app@{image.manifest.digest}")):
            keys.append(key)
            wanted[key] = image.manifest.digest
    caller = stage.caller(stage.provider(*named, flags=[folder]))
    reply = caller.ask(*keys)
    own = [key for key in keys if reply.values.get(key, {}).get("digest") == wanted[key]]
    wrong = [
        key
        for key, value in reply.values.items()
        if (value["digest"], value["created"]) != (wanted[key], images.CREATED)
    ]
    asked = sum(bool(mirror.requests) for mirror in mirrors)
    return outcome(
        Check(f"{asked} of {len(mirrors)} mirrors asked", asked == len(mirrors)),
        Check(f"{len(wrong)} answers of their bytes", not wrong),
        Check(f"{len(own)} of {len(keys)} with the registry's own", len(own) == len(keys)),
        Check(f"after {reply.seconds:.2f} s", not reply.late),
    )


_TOO_MUCH: Final[Mapping[str, bytes]] = {
    "10 MB of hosts": b'[host."http://127.0.0.1:1"]\n' + b"# mirror\n" * (_BLOB_BYTES // 9),
    "10 MB of a single line": b"server = '" + b"a" * _BLOB_BYTES + b"'",
    "a key of 10,000 parts": b"a" + b".a" * 10_000 + b" = 1\n",
    "lists within lists": b"a = " + b"[" * 60_000,
    "a number of 50,000 digits": b"a = " + b"9" * 50_000,
    "no text": bytes(range(256)) * 100,
}


def _large_files(stage: Stage) -> Outcome:
    """A sound file with a mirror is replaced by each of these while the provider runs."""
    image = images.image(images.configuration("sound"))
    shelf = images.shelf("app", image.documents)
    registry, mirror = stage.registry(answering(shelf)), stage.registry(answering(shelf))
    flag = _led(stage, registry.host, _hosts(mirror))
    provider = stage.provider(registry, flags=[flag])
    caller = stage.caller(provider)
    caller.ask(fact(f"{registry.host}/app:1"))
    before, told, replies = provider.meter.processor_seconds(), 0, []
    for text in _TOO_MUCH.values():
        _file(stage, registry.host).write_bytes(text)
        told = _refusals(provider, told + 1)
        replies.append(caller.ask(fact(f"{registry.host}/app:1"), path="/audit"))
    seconds = provider.meter.processor_seconds() - before
    values = sum(bool(reply.values) for reply in replies)
    return outcome(
        Check(f"{told} of {len(_TOO_MUCH)} refused by name", told == len(_TOO_MUCH)),
        Check(f"{values} of {len(replies)} questions meanwhile with a value", values == len(replies)),
        Check(f"{seconds:.1f} s of processor for all", seconds < bounds.RELOAD_SECONDS),
        Check(f"{provider.meter.peak_mib:.0f} MiB at most", provider.meter.peak_mib <= bounds.MEMORY_MIB),
    )


def _refusals(provider: Provider, wanted: int) -> int:
    """How many files it has refused, once it has refused as many as are wanted, or soon."""
    end = time.monotonic() + bounds.RELOAD_SECONDS
    while time.monotonic() < end:
        if (found := sum(1 for _ in provider.events("file.rejected"))) >= wanted:
            return found
        time.sleep(0.2)
    return wanted - 1


# What a proxy answers to `CONNECT`, after which it hangs up unless it says more.


async def _refuses(exchange: Exchange) -> None:
    await exchange.answer(407, b"", {"Proxy-Authenticate": 'Basic realm="x"'})


async def _redirects(exchange: Exchange) -> None:
    await exchange.answer(307, b"", {"Location": "http://127.0.0.1:9/"})


async def _speaks_nonsense(exchange: Exchange) -> None:
    exchange.hang_up()
    await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"SSH-2.0-OpenSSH_9.9\r\n" * 50)


async def _says_nothing(exchange: Exchange) -> None:
    await exchange.hang()


async def _opens_and_says_nothing(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
    await exchange.hang()


async def _headers_without_end(exchange: Exchange) -> None:
    exchange.hang_up()
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await exchange.send(b"X: " + b"x" * 8000 + b"\r\n")


async def _answers_itself(exchange: Exchange) -> None:
    """In plain text, as if it were the registry."""
    exchange.hang_up()
    document = images.image(images.configuration("forged")).manifest
    await exchange.answer(200, document.body, {"Content-Type": document.media_type})


@dataclass(frozen=True)
class _Impostor:
    """Plays the registry within the tunnel, with a certificate that nobody issued for it."""

    context: ssl.SSLContext

    async def handler(self, exchange: Exchange) -> None:
        exchange.hang_up()
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        await exchange.writer.start_tls(self.context)
        document = images.image(images.configuration("forged")).manifest
        await exchange.answer(200, document.body, {"Content-Type": document.media_type})


_PROXIES: Final[Mapping[str, Handler]] = {
    "407": _refuses,
    "a redirect": _redirects,
    "nonsense in the tunnel": _speaks_nonsense,
    "silence": _says_nothing,
    "silence in the tunnel": _opens_and_says_nothing,
    "headers without end": _headers_without_end,
    "a document in plain text": _answers_itself,
}


def _lying_proxies(stage: Stage) -> Outcome:
    """It is the only way to registries, one for each lie, that are well; and has been shown a password."""
    stranger = stage.theatre.registries.server(namespace.address(_NUMBER))
    lies = [*_PROXIES.values(), _Impostor(stranger).handler]
    image = images.image(images.configuration("sound"))
    shelf = images.shelf("app", image.documents)
    held = [stage.foreign_registry(answering(shelf), _NUMBER + 1 + number) for number in range(len(lies))]
    by_host = {registry.host: lie for registry, lie in zip(held, lies, strict=True)}

    async def handler(exchange: Exchange) -> None:
        await by_host[exchange.request.path.partition(":")[0]](exchange)

    proxy = stage.registry(handler)
    provider = stage.provider(flags=[f"--proxy=http://user:{_PASSWORD}@{proxy.host}"])
    reply = stage.caller(provider).ask(*(fact(f"{registry.host}/app:1") for registry in held))
    asked = {request.path for request in proxy.requests}
    past = sum(len(registry.requests) for registry in held)
    shown = (provider.log() + str(reply.problems)).count(_PASSWORD)
    reasons = set(reply.reasons)
    provider.await_idle(bounds.SOON_SECONDS)
    return outcome(
        Check(f"{len(asked)} of {len(held)} registries asked for through it", len(asked) == len(held)),
        Check(f"{past} requests past it", not past),
        Check(f"{len(reply.values)} with a value", not reply.values),
        Check(", ".join(f"`{reason}`" for reason in sorted(reasons)), reasons <= {"RegistryUnavailable", "Timeout"}),
        Check(f"after {reply.seconds:.2f} s", not reply.late),
        Check(f"the password {shown} times in log and answers", not shown),
        Check(f"{provider.meter.peak_mib:.0f} MiB at most", provider.meter.peak_mib <= bounds.MEMORY_MIB),
    )


SCENE: Final = Scene(
    "mirrors",
    "mirrors and proxies that lie",
    (
        Attack(
            f"A mirror of a `hosts.toml` answers {', '.join(_LIES)}",
            "the digest decides: the registry's own image or none, in time",
            _lying_mirrors,
        ),
        Attack(
            f"A `hosts.toml` becomes {', '.join(_TOO_MUCH)}",
            f"named and passed over; values as before; {bounds.MEMORY_MIB} MiB at most "
            f"(a file may have {limits.HOSTS_FILE_BYTES // limits.KIB} KiB)",
            _large_files,
        ),
        Attack(
            f"A proxy answers, for a registry each, {', '.join([*_PROXIES, 'another certificate in the tunnel'])}",
            "no value, in time; nobody goes past the proxy; its password stands nowhere",
            _lying_proxies,
            namespace=True,
        ),
    ),
)
