"""What went wrong for one caller is not told to another, and closes no registry for them."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from tests.attack import images, names
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Caller, Reply, fact
from tests.attack.namespace import address
from tests.attack.registries import Exchange
from tests.attack.stage import HEALTHY_ADDRESS, Stage

# An answer that is slow, and not so slow that it is taken for silent; and how many of them one question takes: a
# challenge, a token, a redirect to the registry itself and one that leads elsewhere.
_HOP_SECONDS: Final = 7.4
_HOPS: Final = 4
# How long a question is worked on at most, seconds (docs/reference/limits.md, `WORK_SECONDS`).
_WORK_SECONDS: Final = 30.0
_LOOK_UP_MS: Final = 900
_LOOKS_SECONDS: Final = 3.0
_SECRET: Final = "team-of-somebody-else"


def _refused(stage: Stage) -> Outcome:
    """A registry that accepts no connection, asked for a private image and then for another one."""
    registry = stage.registry(_nothing)
    host = registry.host
    stage.loop.call(registry.close)
    provider = stage.provider(registry)
    caller = stage.caller(provider)
    caller.ask(fact(f"{host}/{_SECRET}/private:1"))
    return outcome(*_unnamed(caller, host))


async def _nothing(exchange: Exchange) -> None:
    exchange.hang_up()


def _throttled(stage: Stage) -> Outcome:
    """A registry that says 429, likewise."""

    async def handler(exchange: Exchange) -> None:
        await exchange.answer(429, b"", {"Retry-After": "30"})

    registry = stage.registry(handler)
    caller = stage.caller(stage.provider(registry))
    caller.ask(fact(f"{registry.host}/{_SECRET}/private:1"))
    return outcome(*_unnamed(caller, registry.host))


def _silent(stage: Stage) -> Outcome:
    """A registry that is silent, likewise."""

    async def handler(exchange: Exchange) -> None:
        await exchange.hang()

    registry = stage.registry(handler)
    caller = stage.caller(stage.provider(registry))
    caller.ask(*(fact(f"{registry.host}/{_SECRET}/private-{number}:1") for number in range(3)))
    return outcome(*_unnamed(caller, registry.host))


def _unnamed(caller: Caller, host: str) -> list[Check]:
    key = fact(f"{host}/other:1")
    reply = caller.ask(key)
    named = _SECRET in reply.problems.get(key, "")
    text = "names the first caller's image" if named else "does not name the first caller's image"
    return [
        Check(f"the next caller's `{reply.reason(key)}` {text}", not named),
        Check(f"after {reply.seconds:.2f} s", not reply.late),
    ]


def _late_to_a_healthy_one(stage: Stage) -> Outcome:
    """A slow registry redirects to a healthy one when next to nothing is left of the work's time."""
    stage.name_server()
    healthy = names.name(address(HEALTHY_ADDRESS), "h", _LOOK_UP_MS)
    target = images.image(images.configuration(_SECRET))
    first_hop = _WORK_SECONDS - (_HOPS - 1) * _HOP_SECONDS - _LOOK_UP_MS / 2000

    async def handler(exchange: Exchange) -> None:
        path, _, second = exchange.request.path.partition("?hop=")
        known = "authorization" in exchange.request.headers
        await asyncio.sleep(_HOP_SECONDS if known or path.startswith("/token") else first_hop)
        if path.startswith("/token"):
            await exchange.answer(200, b'{"token":"t"}')
        elif not known:
            realm = f'Bearer realm="http://{registry.host}/token",service="s"'
            await exchange.answer(401, b"", {"WWW-Authenticate": realm})
        else:
            where = f"https://{healthy}{path}" if second else f"{path}?hop=1"
            await exchange.answer(307, b"", {"Location": where})

    registry = stage.registry(handler)
    provider = stage.provider(registry)
    slow, other = stage.caller(provider), stage.caller(provider)
    begun = time.monotonic()
    slow.ask(fact(f"{registry.host}/single/{_SECRET}@{target.manifest.digest}"))
    time.sleep(max(0.0, begun + _WORK_SECONDS - 0.2 - time.monotonic()))
    replies: list[tuple[str, Reply]] = []
    until = time.monotonic() + _LOOKS_SECONDS
    number = 0
    while time.monotonic() < until:
        key = fact(f"{healthy}/single/after-{number}:1")
        replies.append((key, other.ask(key)))
        number += 1
        time.sleep(0.1)
    reasons = [reply.reason(key) for key, reply in replies if reply.reason(key)]
    told = any(_SECRET in problem for _, reply in replies for problem in reply.problems.values())
    return outcome(
        Check(
            f"{len(reasons)} of {len(replies)} others without a value" + (f" (`{reasons[0]}`)" if reasons else ""),
            not reasons,
        ),
        Check("the first caller's image was named" if told else "nobody else's image named", not told),
    )


_EXPECTED: Final = "the next caller's answer does not name the first caller's image"

LATE: Final = Attack(
    f"A slow registry redirects to a healthy one when half of the {_LOOK_UP_MS} ms is left that its name takes",
    "the healthy one is answered to others at once; nobody else's image is named",
    _late_to_a_healthy_one,
    namespace=True,
)

SCENE: Final = Scene(
    "budgets",
    "one caller's trouble is not another's",
    (
        Attack("A registry that refuses connections, asked for a private image, then for another", _EXPECTED, _refused),
        Attack("The same, and it says 429", _EXPECTED, _throttled),
        Attack("The same, and it is silent", _EXPECTED, _silent),
    ),
)
