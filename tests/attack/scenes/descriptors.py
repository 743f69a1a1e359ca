"""A provider that may open few files."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from typing import Final

from tests.attack import bounds, images
from tests.attack.assault import in_time
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact
from tests.attack.registries import Exchange
from tests.attack.stage import Stage
from tests.bench import process
from tests.e2e.rig import processes

_FILES: Final = 200
_STRANGERS: Final = 300
_SECONDS: Final = 3.0
_HOSTS: Final = 12
_KEYS: Final = 480
_SHARE: Final = 0.5
_PREFIX: Final = ("prlimit", f"--nofile={_FILES}:{_FILES}")


def _strangers(stage: Stage) -> Outcome:
    """More connections than it may have, made anew when they are dropped, beside a loop that does nothing but turn."""
    provider = stage.provider(prefix=_PREFIX)
    caller = stage.caller(provider)
    caller.ask(fact(f"{stage.healthy}/single/before:1"))
    busy = processes.start("busy", [sys.executable, "-c", "while True: pass"], stage.folder)
    before, begun = provider.meter.processor_seconds(), process.processor_seconds(busy.process.pid)
    with contextlib.ExitStack() as stack:
        stack.callback(busy.stop)
        for _ in range(int(_SECONDS)):
            for _ in range(_STRANGERS):
                with contextlib.suppress(OSError):
                    stack.enter_context(socket.create_connection(("127.0.0.1", provider.port), timeout=0.02))
            time.sleep(1)
        turned = process.processor_seconds(busy.process.pid) - begun
        computed = provider.meter.processor_seconds() - before
    time.sleep(bounds.SOON_SECONDS)
    after = [stage.caller(provider).ask(fact(f"{stage.healthy}/single/after-{number}:1")) for number in range(5)]
    values = sum(bool(reply.values) for reply in after)
    return outcome(
        Check(f"{computed / turned:.0%} of what a busy loop computes meanwhile", computed <= _SHARE * turned),
        Check(f"{values} of {len(after)} questions afterwards with a value", values == len(after)),
        in_time(after),
    )


def _registries(stage: Stage) -> Outcome:
    """More requests to registries at a time than it may have connections."""

    async def handler(exchange: Exchange) -> None:
        await asyncio.sleep(0.3)
        image = images.image(images.configuration(exchange.request.repository))
        await exchange.document(images.shelf(exchange.request.repository, image.documents).get(exchange.request.path))

    held = [stage.registry(handler) for _ in range(_HOSTS)]
    provider = stage.provider(*held, prefix=_PREFIX)
    caller = stage.caller(provider)
    before, begun = provider.meter.processor_seconds(), time.monotonic()
    keys = [fact(f"{held[number % _HOSTS].host}/image-{number}:1") for number in range(_KEYS)]
    replies = [caller.ask(*keys)]
    # What did not come in time is asked for again, as Gatekeeper's users do.
    for _ in range(4):
        time.sleep(2)
        replies.append(caller.ask(*keys))
    share = (provider.meter.processor_seconds() - before) / (time.monotonic() - begun)
    values = len(replies[-1].values)
    return outcome(
        Check(f"{values} of {_KEYS} with a value after {time.monotonic() - begun:.0f} s", values == _KEYS),
        Check(f"{share:.0%} of a processor", share <= _SHARE),
        in_time(replies),
    )


SCENE: Final = Scene(
    "descriptors",
    f"a provider that may open {_FILES} files",
    (
        Attack(
            f"{_STRANGERS} connections of strangers a second that say nothing, for {_SECONDS:.0f} s",
            f"it waits: {_SHARE:.0%} of what a busy loop computes meanwhile at most; afterwards it answers as before",
            _strangers,
        ),
        Attack(
            f"{_KEYS} images of {_HOSTS} slow registries in one call",
            f"it waits: all have a value in the end, in time each; {_SHARE:.0%} of a processor at most",
            _registries,
        ),
    ),
)
