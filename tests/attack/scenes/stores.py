"""A store that somebody else writes to, empties, or plays: it costs time, and nothing but time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from tests.attack import bounds, images
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Reply, fact
from tests.attack.registries import Registry, answering
from tests.attack.stage import Stage
from tests.integration.store import servers

_IMAGES: Final = 60
_KEY_BYTES: Final = 32
_LARGE: Final = 3 * images.MEGABYTES
_SECONDS: Final = 4.0
_PLAYED_SECONDS: Final = 12.0

Entries = Mapping[str, bytes]
Writing = Callable[[Entries, random.Random], Mapping[str, bytes]]


def _others(entries: Entries, chance: random.Random) -> Mapping[str, bytes]:
    """What stands under one name stands under another of its kind."""
    moved = {}
    for kind in {name.split(":")[2] for name in entries}:
        names = [name for name in entries if name.split(":")[2] == kind]
        chance.shuffle(names)
        moved |= {name: entries[other] for name, other in zip(names, [*names[1:], names[0]], strict=True)}
    return moved


def _forged(entries: Entries, _: random.Random) -> Mapping[str, bytes]:
    """Sound documents of a younger image under the digests of others; seals of another key."""
    young = images.configuration("forged", created="2026-11-30T00:00:00Z")
    return {name: young if ":document:" in name else bytes(32) + body[32:] for name, body in entries.items()}


def _flipped(entries: Entries, chance: random.Random) -> Mapping[str, bytes]:
    changed = {}
    for name, body in entries.items():
        place = chance.randrange(len(body))
        changed[name] = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    return changed


def _noise(entries: Entries, chance: random.Random) -> Mapping[str, bytes]:
    return {name: chance.randbytes(chance.choice((0, 1, 31, 33, 4000))) for name in entries}


def _large(entries: Entries, _: random.Random) -> Mapping[str, bytes]:
    return dict.fromkeys(entries, b"[" * _LARGE)


def _older_version(entries: Entries, _: random.Random) -> Mapping[str, bytes]:
    return {name.replace(":1:", ":0:", 1): body for name, body in entries.items()}


_WRITINGS: Final[Mapping[str, Writing]] = {
    "entries under each other's names": _others,
    "a younger image under each digest, seals of another key": _forged,
    "one bit flipped": _flipped,
    "noise": _noise,
    "3 MB each": _large,
    "entries of another version of the form": _older_version,
}


def _flags(stage: Stage, address: tuple[str, int]) -> list[str]:
    key = stage.folder / "store.key"
    key.write_bytes(b"k" * _KEY_BYTES)
    return [f"--store={address[0]}:{address[1]}", f"--store-key={key}", "--store-tls=false"]


def _shop(stage: Stage) -> tuple[Registry, Mapping[str, tuple[str, str]]]:
    """A registry, and what is true of its images, by the questions about them: digest and date."""
    shelf, truth = {}, {}
    for number in range(_IMAGES):
        created = f"2026-06-{number % 28 + 1:02}T00:00:{number:02}Z"
        image = images.image(images.configuration(f"app-{number}", created=created))
        shelf |= images.shelf(f"app-{number}", image.documents)
        truth[f"app-{number}"] = image.manifest.digest, created
    registry = stage.registry(answering(shelf))
    return registry, {fact(f"{registry.host}/{name}:1"): told for name, told in truth.items()}


def _wrong(reply: Reply, truth: Mapping[str, tuple[str, str]]) -> list[str]:
    return [key for key, value in reply.values.items() if (value["digest"], value["created"]) != truth[key]]


@contextlib.contextmanager
def _store() -> Iterator[servers.Server | None]:
    """A real one; None where there is no such program."""
    if shutil.which("redis-server") is None:
        yield None
        return
    with servers.single() as running:
        yield running.all[0]


_LEFT_OUT: Final = Outcome("there is no redis-server", held=None)


def _written_by_somebody(stage: Stage) -> Outcome:
    """One replica fills the store, somebody changes each entry in some way, and a new replica asks."""
    with _store() as server:
        if server is None:
            return _LEFT_OUT
        registry, truth = _shop(stage)
        flags, chance = _flags(stage, server.address), random.Random(stage.theatre.seed)
        first = stage.provider(registry, flags=flags)
        stage.caller(first).ask(*truth, path="/audit")
        # A stop writes what waits.
        first.stop()
        with servers.client(server) as somebody:
            changed = _changed(servers.Servers((server.address,), [server]).keys(), chance)
            somebody.flushall()
            for name, body in changed.items():
                somebody.set(name, body)
        asked, replica = len(registry.requests), stage.provider(registry, flags=flags)
        reply = stage.caller(replica).ask(*truth, path="/audit")
    rejected = sum(1 for _ in replica.events("entry.rejected"))
    wrong = _wrong(reply, truth)
    return outcome(
        Check(f"{len(changed)} entries, {rejected} lines of what was passed over", rejected > 0),
        Check(f"{len(wrong)} wrong answers", not wrong),
        Check(f"{len(reply.values)} of {len(truth)} with a value", len(reply.values) == len(truth)),
        Check(f"after {reply.seconds:.2f} s, {len(registry.requests) - asked} requests", not reply.late),
        Check(f"{replica.meter.peak_mib:.0f} MiB at most", replica.meter.peak_mib <= bounds.MEMORY_MIB),
    )


def _changed(entries: Entries, chance: random.Random) -> Mapping[str, bytes]:
    """Each entry in one of the ways, by chance."""
    ways: dict[str, dict[str, bytes]] = {way: {} for way in _WRITINGS}
    for name in sorted(entries):
        ways[chance.choice(list(_WRITINGS))][name] = entries[name]
    return {name: body for way, some in ways.items() for name, body in _WRITINGS[way](some, chance).items()}


def _emptied(stage: Stage) -> Outcome:
    """Somebody empties it again and again while two replicas ask, and holds it now and then."""
    with _store() as server:
        if server is None:
            return _LEFT_OUT
        registry, truth = _shop(stage)
        flags = _flags(stage, server.address)
        callers = [stage.caller(stage.provider(registry, flags=[*flags, "--tag-ttl-seconds=0.2"])) for _ in range(2)]
        over = threading.Event()
        vandal = threading.Thread(target=_vandalise, args=(server, over), daemon=True)
        vandal.start()
        replies, end = [], time.monotonic() + _SECONDS
        while time.monotonic() < end:
            replies += [caller.ask(*truth) for caller in callers]
            time.sleep(0.1)
        over.set()
        vandal.join()
    missing = sum(len(truth) - len(reply.values) for reply in replies)
    return outcome(
        Check(f"{sum(len(_wrong(reply, truth)) for reply in replies)} wrong answers in {len(replies)} requests",
              not any(_wrong(reply, truth) for reply in replies)),
        Check(f"{missing} keys without a value{_reasons(replies)}", not missing),
        Check(f"slowest {max(reply.seconds for reply in replies):.2f} s", not any(reply.late for reply in replies)),
    )  # fmt: skip


def _vandalise(server: servers.Server, over: threading.Event) -> None:
    while not over.wait(0.1):
        with servers.client(server) as somebody:
            somebody.flushall()
        server.pause()
        over.wait(0.3)
        server.pause(go_on=True)


# What something answers that is no store; whatever it was asked.


class _Impostor:
    """Answers greetings as a store does, and every question with a lie, another on each connection.

    Attributes:
        told: how many lies it has begun.
    """

    def __init__(self, lies: Sequence[tuple[bytes, bytes]]) -> None:
        self._lies = itertools.cycle(lies)
        self._server: asyncio.Server | None = None
        self.told = 0

    async def open(self) -> tuple[str, int]:
        """Listen; where."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return host, port

    def close(self) -> None:
        """Take no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while heard := await reader.read(65536):
                greetings = heard.count(b"SETINFO")
                writer.write(b"+OK\r\n" * greetings + b"+PONG\r\n" * heard.count(b"PING"))
                if not greetings and b"PING" not in heard:
                    await self._lie(writer)
        writer.close()

    async def _lie(self, writer: asyncio.StreamWriter) -> None:
        head, part = next(self._lies)
        self.told += 1
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()


_PLAYED: Final[Mapping[str, tuple[bytes, bytes]]] = {
    "a text of 999 GB": (b"$999999999999\r\n", b"x" * 65536),
    "a line without end": (b"+", b"x" * 65536),
    "a list of 4,000,000,000": (b"*4000000000\r\n", b"$1\r\nx\r\n" * 5000),
    "lists within lists": (b"", b"*1\r\n" * 5000),
    "HTTP": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"\r\n"),
    "errors": (b"", b"-LOADING Redis is loading\r\n" * 1000),
    "numbers of 5,000 digits": (b"", b":" + b"9" * 5000 + b"\r\n"),
}


def _played(stage: Stage) -> Outcome:
    """Something listens where the store should, and answers what no store does."""
    registry, truth = _shop(stage)
    impostor = _Impostor(list(_PLAYED.values()))
    address = stage.loop.run(impostor.open())
    provider = stage.provider(registry, flags=[*_flags(stage, address), "--tag-ttl-seconds=0.05"])
    caller, replies = stage.caller(provider), []
    end = time.monotonic() + _PLAYED_SECONDS
    while time.monotonic() < end:
        replies.append(caller.ask(*truth))
        time.sleep(0.3)
    stage.loop.call(impostor.close)
    missing = sum(len(truth) - len(reply.values) for reply in replies)
    wrong = sum(len(_wrong(reply, truth)) for reply in replies)
    return outcome(
        Check(f"{impostor.told} lies", impostor.told >= len(_PLAYED)),
        Check(f"{wrong} wrong answers in {len(replies)} requests", not wrong),
        Check(f"{missing} keys without a value{_reasons(replies)}", not missing),
        Check(f"slowest {max(reply.seconds for reply in replies):.2f} s", not any(reply.late for reply in replies)),
        Check(f"{provider.meter.peak_mib:.0f} MiB at most", provider.meter.peak_mib <= bounds.MEMORY_MIB),
    )


def _reasons(replies: Sequence[Reply]) -> str:
    found = sorted({reason for reply in replies for reason in reply.reasons})
    return f" ({', '.join(found)})" if found else ""


SCENE: Final = Scene(
    "stores",
    "a store that somebody else writes to, empties, or plays",
    (
        Attack(
            f"A new replica finds {'; '.join(_WRITINGS)}",
            "the registry's own values, as without a store, in time",
            _written_by_somebody,
        ),
        Attack(
            "It is emptied and held for 0.3 s again and again while two replicas ask",
            "every key has its own value, in time",
            _emptied,
        ),
        Attack(
            f"Something else answers in its place: {', '.join(_PLAYED)}",
            f"the registry's own values, in time; {bounds.MEMORY_MIB} MiB at most",
            _played,
        ),
    ),
)
