"""Registries that hang or are slow, asked for many images: others are answered meanwhile as if nothing were."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Final

from tests.attack import bounds, images
from tests.attack.assault import Assault, assault
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Caller, Reply, fact
from tests.attack.images import Document
from tests.attack.neighbour import beside
from tests.attack.registries import Exchange, hanging_but_for, silent
from tests.attack.stage import Stage

_CHILDREN: Final = 99
_IMAGES: Final = 10
_HOSTS: Final = 12
_KEYS: Final = 1_200
_A_CALL: Final = 400
_CROWD: Final = 8
_CROWD_KEYS: Final = 100
_AFTER_MS: Final = 500
_SINGLE_SECONDS: Final = 15.0


def _told(found: Assault) -> Outcome:
    return outcome(*found.checks(), Check(f"{found.processor:.1f} s of processor in {bounds.ATTACK_SECONDS:.0f} s"))


def _control(stage: Stage) -> Outcome:
    """No attack, but one more client: what the measure itself is worth on this machine."""
    provider = stage.provider()
    neighbour = stage.neighbour(provider)
    return _told(assault(stage, provider, neighbour, lambda number: [fact(f"{stage.healthy}/single/more-{number}:1")]))


def _hanging_children(stage: Stage) -> Outcome:
    shelf: dict[str, Document] = {}
    for number in range(40):
        shelf |= images.shelf(f"many-{number}", [images.missing_children(f"many-{number}", _CHILDREN)])
    registry = stage.foreign_registry(hanging_but_for(shelf), 1)
    provider = stage.provider(registry)
    neighbour = stage.neighbour(provider)
    return _told(assault(stage, provider, neighbour, lambda number: [fact(f"{registry.host}/many-{number}:1")]))


def _one_silent(stage: Stage) -> Outcome:
    registry = stage.foreign_registry(silent, 1)
    provider = stage.provider(registry)
    neighbour = stage.neighbour(provider)
    return _told(
        assault(
            stage,
            provider,
            neighbour,
            lambda number: [fact(f"{registry.host}/image-{number}-{one}:1") for one in range(_IMAGES)],
        )
    )


def _many_silent(stage: Stage) -> Outcome:
    hosts = [stage.foreign_registry(silent, number).host for number in range(1, 5)]
    hosts += [stage.unwelcoming_registry(number) for number in range(5, 9)]
    hosts += [stage.unreachable_registry(number) for number in range(9, _HOSTS + 1)]
    provider = stage.provider(*hosts)
    neighbour = stage.neighbour(provider)
    return _told(
        assault(
            stage,
            provider,
            neighbour,
            lambda number: [fact(f"{host}/image-{number}:1") for host in hosts],
        )
    )


def _many_keys(stage: Stage) -> Outcome:
    registry = stage.foreign_registry(silent, 1)
    provider = stage.provider(registry)
    neighbour = stage.neighbour(provider)
    return _told(
        assault(
            stage,
            provider,
            neighbour,
            lambda number: [fact(f"{registry.host}/image-{number}-{one}:1") for one in range(_A_CALL)],
            callers=_KEYS // _A_CALL,
        )
    )


def _seconds_to_value(caller: Caller, image: str) -> float:
    """Ask as Gatekeeper's users do, again and again, until there is a value."""
    begun, key = time.monotonic(), fact(image)
    while time.monotonic() < begun + _SINGLE_SECONDS:
        if key in caller.ask(key).values:
            return time.monotonic() - begun
        time.sleep(0.1)
    return _SINGLE_SECONDS


def _single(stage: Stage) -> Outcome:
    """Eight calls of a hundred keys, and one of a single one, to the same slow registry."""

    async def handler(exchange: Exchange) -> None:
        repository = exchange.request.repository
        await asyncio.sleep(_AFTER_MS / 1000)
        image = images.image(images.configuration(repository))
        await exchange.document(images.shelf(repository, image.documents).get(exchange.request.path))

    registry = stage.foreign_registry(handler, 1)
    provider = stage.provider(registry)
    caller, crowd = stage.caller(provider), stage.crowd(provider, _CROWD)
    alone = _seconds_to_value(caller, f"{registry.host}/single/first:1")
    neighbour = stage.neighbour(provider)
    quiet, begun = neighbour.alone(), time.monotonic()
    replies: list[Reply] = []
    calls: Sequence[Sequence[str]] = [
        [fact(f"{registry.host}/crowd-{one}/image-{number}:1") for number in range(_CROWD_KEYS)]
        for one in range(_CROWD)
    ]
    thread = threading.Thread(target=lambda: replies.extend(crowd.ask(calls)), daemon=True)
    thread.start()
    time.sleep(0.2)
    seconds = _seconds_to_value(caller, f"{registry.host}/single/second:1")
    thread.join()
    return outcome(
        Check(f"the single one after {seconds:.2f} s, alone {alone:.2f}", seconds <= 2 * alone + bounds.GRACE_SECONDS),
        *beside(quiet, neighbour.during(begun, time.monotonic())),
    )


_EXPECTED: Final = "a neighbour's p99 at most doubles, all of its answers have a value; own answers in time"

SCENE: Final = Scene(
    "fairness",
    "registries that hang or are slow",
    (
        Attack("None: one more client, who asks a healthy registry (a control)", _EXPECTED, _control),
        Attack(f"Indexes with {_CHILDREN} children that hang, one after the other", _EXPECTED, _hanging_children),
        Attack(f"{_IMAGES} images at a time of one silent host", _EXPECTED, _one_silent),
        Attack(
            f"An image at a time of each of {_HOSTS} hosts that are silent, shake no hands, or take no connection",
            _EXPECTED,
            _many_silent,
        ),
        Attack(f"{_KEYS:,} images at a time of one silent host, in calls of {_A_CALL}", _EXPECTED, _many_keys),
        Attack(
            f"{_CROWD} calls of {_CROWD_KEYS} images of a registry that takes {_AFTER_MS} ms, and a single image of it",
            "the single one takes at most twice as long as alone; a neighbour elsewhere as above",
            _single,
        ),
    ),
)
