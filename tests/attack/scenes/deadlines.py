"""Documents that cost time: answers come before their deadline, and nobody else waits for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.attack import images
from tests.attack.assault import assault
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact, plain
from tests.attack.images import Document
from tests.attack.registries import Exchange
from tests.attack.stage import Stage
from tests.simulators.gatekeeper import body

_ONES: Final = images.no_json("")[:-3]


def _config(name: str) -> list[Document]:
    return list(images.image(images.no_json(name)).documents)


def _manifest(name: str) -> list[Document]:
    return [Document(images.MANIFEST, images.no_json(name, 4 * images.MEGABYTES))]


def _empty_objects(name: str) -> list[Document]:
    return list(images.image(b"[" + b"{}," * 660_000 + b'"' + name.encode() + b'"]').documents)


def _texts(name: str) -> list[Document]:
    escapes = b'"' + rb"\u0041" * 330_000 + name.encode() + b'"'
    return list(images.image(b'{"created":"2026-01-01T00:00:00Z","x":' + escapes + b"}").documents)


def _asked(make: Callable[[str], list[Document]], ask: Callable[[str], str]) -> Callable[[Stage], Outcome]:
    """Fresh images of the kind again and again."""

    def run(stage: Stage) -> Outcome:
        async def handler(exchange: Exchange) -> None:
            repository = exchange.request.repository
            await exchange.document(images.shelf(repository, made(repository)).get(exchange.request.path))

        kept: dict[str, list[Document]] = {}

        def made(repository: str) -> list[Document]:
            return kept.setdefault(repository, make(repository))

        registry = stage.registry(handler)
        provider = stage.provider(registry)
        neighbour = stage.neighbour(provider)
        found = assault(stage, provider, neighbour, lambda number: [ask(f"{registry.host}/image-{number}:1")])
        return outcome(*found.checks(), Check(f"{found.processor / len(found.replies):.2f} s of processor a question"))

    return run


def _towards_us(stage: Stage) -> Outcome:
    """The same as a request's body, by somebody who may ask."""
    provider = stage.provider()
    neighbour = stage.neighbour(provider)
    caller = stage.caller(provider)
    request = body("x").replace(b'["x"]', _ONES + b"x")
    statuses = []

    def keys(_: int) -> list[str]:
        statuses.append(caller.send(request)[0])
        return [f"{stage.healthy}/single/any:1"]

    found = assault(stage, provider, neighbour, keys)
    answered = sorted(set(statuses))
    return outcome(*found.checks(), Check(f"status {', '.join(map(str, answered))}", answered == [413]))


_EXPECTED: Final = "own answers in time; a neighbour's p99 at most doubles"

SCENE: Final = Scene(
    "deadlines",
    "documents that cost time",
    (
        Attack("Configurations of 2 MB of `[1,1,…x`, asked with `config: true`", _EXPECTED, _asked(_config, fact)),
        Attack("The same, by plain keys", _EXPECTED, _asked(_config, plain)),
        Attack("Manifests of 4 MB of `[1,1,…x`", _EXPECTED, _asked(_manifest, plain)),
        Attack("Configurations of 2 MB of `[{},{},…]`", _EXPECTED, _asked(_empty_objects, fact)),
        Attack(r"Configurations of 2 MB of `\u0041`", _EXPECTED, _asked(_texts, fact)),
        Attack("Requests of 2 MB of `[1,1,…x` by a client", f"413; {_EXPECTED}", _towards_us),
    ),
)
