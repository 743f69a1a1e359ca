"""Registries that fail at random, for as long as one likes: nothing late, nothing wrong."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.attack import bounds, healthy
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Caller, Reply, fact, plain
from tests.attack.images import Document
from tests.attack.registries import Exchange
from tests.attack.stage import Stage

_SECONDS: Final = 15.0
_REGISTRIES: Final = 3
_CALLERS: Final = 4
_KEYS: Final = 12
# How many images there are: few enough that some are asked for again.
_IMAGES: Final = 400
_PATHS: Final = ("/validate", "/validate", "/mutate", "/audit")
_WELL: Final = 0.7
# What a registry that fails may be said to be; no reason that lasts, for every image is sound.
_PASSING: Final = frozenset(
    {"Timeout", "RegistryUnavailable", "Throttled", "Overloaded", "NotFound", "Unauthorized", "AddressRefused"}
)


@dataclass
class _MoodyRegistry:
    """A registry that holds every image, and answers wrongly whenever it likes.

    Attributes:
        random: its moods.
        well: whether it has none any more.
    """

    random: random.Random
    well: bool = False
    moods: Counter[str] = field(default_factory=Counter)

    async def handler(self, exchange: Exchange) -> None:
        if self.well or self.random.random() < _WELL:
            await healthy.answer(exchange)
            return
        mood = self.random.choice(sorted(_MOODS))
        self.moods[mood] += 1
        document = healthy.shelf(exchange.request.repository).get(exchange.request.path)
        await _MOODS[mood](exchange, document, self.random)


async def _late(exchange: Exchange, _: Document | None, moods: random.Random) -> None:
    await asyncio.sleep(moods.choice((0.05, 0.3, 1.0, 2.5)))
    await healthy.answer(exchange)


async def _status(exchange: Exchange, _: Document | None, moods: random.Random) -> None:
    await exchange.answer(moods.choice((401, 403, 404, 408, 418, 500, 502, 503, 504)), b"{}")


async def _throttling(exchange: Exchange, _: Document | None, moods: random.Random) -> None:
    await exchange.answer(429, b"", {"Retry-After": moods.choice(("0", "1", "x"))})


async def _silent(exchange: Exchange, _: Document | None, moods: random.Random) -> None:
    exchange.hang_up()
    await asyncio.sleep(moods.choice((0.5, 3.0)))


async def _hang_up(exchange: Exchange, _: Document | None, __: random.Random) -> None:
    exchange.hang_up()


async def _reset(exchange: Exchange, _: Document | None, __: random.Random) -> None:
    exchange.hang_up()
    exchange.writer.transport.abort()


async def _cut(exchange: Exchange, document: Document | None, moods: random.Random) -> None:
    exchange.hang_up()
    body = document.body if document else b"{}"
    await exchange.answer(200, body[: moods.randrange(len(body))], length=str(len(body)))


async def _html(exchange: Exchange, _: Document | None, __: random.Random) -> None:
    await exchange.answer(200, b"<!doctype html>", {"Content-Type": "text/html"})


async def _empty(exchange: Exchange, _: Document | None, __: random.Random) -> None:
    await exchange.answer(200, b"")


async def _flipped(exchange: Exchange, document: Document | None, moods: random.Random) -> None:
    """One byte is another one; the digest stays what it was."""
    if document is None:
        await exchange.answer(404, b"{}")
        return
    position = moods.randrange(len(document.body))
    body = document.body[:position] + bytes([document.body[position] ^ 1]) + document.body[position + 1 :]
    headers = {"Content-Type": document.media_type, "Docker-Content-Digest": document.digest}
    await exchange.answer(200, body, headers)


async def _redirect(exchange: Exchange, _: Document | None, moods: random.Random) -> None:
    target = moods.choice((exchange.request.path, "/elsewhere", "https://127.0.0.1:9/x", "::", ""))
    await exchange.answer(307, b"", {"Location": target})


_MOODS: Final = {
    "late": _late,
    "a status": _status,
    "429": _throttling,
    "silent": _silent,
    "hangs up": _hang_up,
    "reset": _reset,
    "cut": _cut,
    "HTML": _html,
    "empty": _empty,
    "a flipped bit": _flipped,
    "redirect": _redirect,
}


def _wrong(reply: Reply, keys: dict[str, str]) -> list[str]:
    """What is not true in an answer, or lasts although it may pass; `keys` by their repositories."""
    if not reply.status or reply.failure:
        return [reply.failure or "no answer"]
    found = [f"{key}: {reason}" for key in keys if (reason := reply.reason(key)) and reason not in _PASSING]
    if reply.path != "/mutate":
        found += [f"{key} lasts" for key in reply.lasting]
    for key, value in reply.values.items():
        repository = keys[key]
        digest = healthy.digest(repository)
        if reply.path == "/mutate":
            found += [] if value == f"{key}@{digest}" else [f"{key}: {value}"]
        elif (value["digest"], value["created"]) != (digest, healthy.created(repository)):
            found.append(f"{key}: {value['digest']}, {value['created']}")
    return found


def _asking(
    caller: Caller, hosts: list[str], moods: random.Random, end: float, seen: list[tuple[Reply, list[str]]]
) -> None:
    while time.monotonic() < end:
        path = moods.choice(_PATHS)
        keys = {}
        for _ in range(moods.randint(1, _KEYS)):
            repository = f"{moods.choice(('single', 'index'))}/image-{moods.randrange(_IMAGES)}"
            image = f"{moods.choice(hosts)}/{repository}:1"
            keys[image if path == "/mutate" else moods.choice((plain, fact))(image)] = repository
        reply = caller.ask(*keys, path=path)
        seen.append((reply, _wrong(reply, keys)))
        time.sleep(moods.random() * 0.05)


def _random(stage: Stage) -> Outcome:
    seed = stage.theatre.seed
    seconds = 60 * stage.theatre.minutes if stage.theatre.minutes else _SECONDS
    moody = [_MoodyRegistry(random.Random(seed + number)) for number in range(_REGISTRIES)]
    registries = [stage.registry(each.handler) for each in moody]
    provider = stage.provider(*registries)
    hosts = [registry.host for registry in registries]
    seen: list[tuple[Reply, list[str]]] = []
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(
            target=_asking,
            args=(stage.caller(provider), hosts, random.Random(seed + 100 + number), end, seen),
            daemon=True,
        )
        for number in range(_CALLERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in moody:
        each.well = True
    late = [reply for reply, _ in seen if reply.late]
    wrong = [problem for _, problems in seen for problem in problems]
    values = sum(len(reply.values) for reply, _ in seen)
    faults = sum(sum(each.moods.values()) for each in moody)
    well = _well_again(stage.caller(provider), hosts)
    return outcome(
        Check(f"{len(seen)} answers with {values} values beside {faults} faults in {seconds:.0f} s"),
        Check(
            f"{len(late)} late"
            + (f" ({max(reply.seconds for reply in late):.2f} s on {late[0].path})" if late else ""),
            not late,
        ),
        Check(f"{len(wrong)} wrong" + (f" ({wrong[0][:120]})" if wrong else ""), not wrong),
        Check(
            f"all values again {well:.1f} s after the last fault" if well is not None else "not all values again soon",
            well is not None,
        ),
    )


def _well_again(caller: Caller, hosts: list[str]) -> float | None:
    """Seconds until fresh images of all registries have values; None when they have none soon."""
    begun = time.monotonic()
    for number in itertools.count():
        keys = [fact(f"{host}/single/well-{number}:1") for host in hosts]
        if set(keys) == set(caller.ask(*keys).values):
            return time.monotonic() - begun
        if time.monotonic() > begun + 3 * bounds.SOON_SECONDS:
            break
        time.sleep(0.1)
    return None


SCENE: Final = Scene(
    "moods",
    "registries that fail at random",
    (
        Attack(
            f"{_REGISTRIES} registries whose answers are late, cut, flipped, silent, … at random; {_CALLERS} callers",
            "nothing late; every value the image's own; nothing lasts that may pass; values again soon afterwards",
            _random,
        ),
    ),
)
