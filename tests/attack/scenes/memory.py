"""What a single caller may make the provider hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tests.attack import bounds, images
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Reply, fact, plain
from tests.attack.images import Document
from tests.attack.provider import Provider
from tests.attack.registries import Exchange, Handler, answering
from tests.attack.stage import Stage
from tests.attack.streams import in_chunks

_CHILDREN: Final = 99
_SETTLES_SECONDS: Final = 15.0
_HOSTS: Final = 6
_TOKEN_CHARACTERS: Final = 65_000
_REPOSITORIES: Final = 4_200
_KEYS: Final = 300
_DRIPPING: Final = 32


def _costs(provider: Provider, replies: Iterable[Reply]) -> Outcome:
    """Memory at its highest, and whether what was asked had its answer in time."""
    replies = list(replies)
    # What goes on in the background when the caller has its answer counts as well.
    provider.await_idle(_SETTLES_SECONDS)
    late = [reply for reply in replies if reply.late or not reply.status]
    longest = max(reply.seconds for reply in replies)
    return outcome(
        Check(f"{provider.meter.peak_mib:.0f} MiB at most", provider.meter.peak_mib <= bounds.MEMORY_MIB),
        Check(f"answers after {longest:.2f} s at most", not late),
        Check(f"{provider.meter.processor_seconds():.1f} s of processor"),
    )


def _asked(handler: Handler, keys: Callable[[str], Sequence[str]], hosts: int = 1) -> Callable[[Stage], Outcome]:
    """A fresh provider is asked about the same images at several hosts at a time, in a call for each."""

    def run(stage: Stage) -> Outcome:
        held = [stage.registry(handler) for _ in range(hosts)]
        provider = stage.provider(*held)
        return _costs(provider, stage.crowd(provider, hosts).ask([keys(registry.host) for registry in held]))

    return run


def _history(stage: Stage) -> Outcome:
    image = images.image(images.with_history("one"))
    return _asked(answering(images.shelf("one", image.documents)), lambda host: [fact(f"{host}/one:1")])(stage)


def _index_of(make: Callable[[str], bytes], ask: Callable[[str], str]) -> Callable[[Stage], Outcome]:
    def run(stage: Stage) -> Outcome:
        children = [images.image(make(f"child-{number}")) for number in range(_CHILDREN)]
        documents: list[Document] = [images.index(child.manifest for child in children)]
        documents += [document for child in children for document in child.documents]
        shelf = images.shelf("many", documents)
        return _asked(answering(shelf), lambda host: [ask(f"{host}/many:1")], _HOSTS)(stage)

    return run


def _many(make: Callable[[str], bytes], ask: Callable[[str], str]) -> Callable[[Stage], Outcome]:
    def run(stage: Stage) -> Outcome:
        shelf: dict[str, Document] = {}
        for number in range(_CHILDREN):
            shelf |= images.shelf(f"image-{number}", images.image(make(f"image-{number}")).documents)
        names = [f"image-{number}:1" for number in range(_CHILDREN)]
        return _asked(answering(shelf), lambda host: [ask(f"{host}/{name}") for name in names], _HOSTS)(stage)

    return run


def _chunks(stage: Stage) -> Outcome:
    shelf: dict[str, Document] = {}
    for number in range(_DRIPPING):
        shelf |= images.shelf(f"image-{number}", images.image(images.with_spaces(f"image-{number}")).documents)

    async def handler(exchange: Exchange) -> None:
        document = shelf.get(exchange.request.path)
        if document is not None and document.media_type == images.CONFIG:
            await in_chunks(exchange, document.body, 2)
        else:
            await exchange.document(document)

    return _asked(handler, lambda host: [fact(f"{host}/image-{number}:1") for number in range(_DRIPPING)])(stage)


def _tokens(stage: Stage) -> Outcome:
    authority: list[str] = []

    async def handler(exchange: Exchange) -> None:
        if exchange.request.path.startswith("/token"):
            token = f"{len(registry.requests):08d}" + "t" * _TOKEN_CHARACTERS
            await exchange.answer(200, json.dumps({"token": token, "expires_in": 3600}).encode())
        elif "authorization" in exchange.request.headers:
            await exchange.document(None)
        else:
            challenge = f'Bearer realm="http://{authority[0]}/token",service="s"'
            await exchange.answer(401, b"{}", {"WWW-Authenticate": challenge})

    registry = stage.registry(handler)
    authority.append(registry.host)
    provider = stage.provider(registry)
    crowd = stage.crowd(provider, 2)
    calls = [
        [plain(f"{registry.host}/r{number}:1") for number in range(first, first + _KEYS)]
        for first in range(0, _REPOSITORIES, _KEYS)
    ]
    replies = []
    for first in range(0, len(calls), 2):
        replies += crowd.ask(calls[first : first + 2])
    given = sum(request.path.startswith("/token") for request in registry.requests)
    found = _costs(provider, replies)
    return Outcome(f"{given} tokens, {found.measured}", found.held)


_EXPECTED: Final = f"{bounds.MEMORY_MIB} MiB at most, and an answer in time"

SCENE: Final = Scene(
    "memory",
    "what a single caller may make it hold",
    (
        Attack("`config: true` of an image with 2 MB of `history: [{},{},…]`", _EXPECTED, _history),
        Attack(
            f"The same of an index of {_CHILDREN} such, at {_HOSTS} registries",
            _EXPECTED,
            _index_of(images.with_history, fact),
        ),
        Attack(
            f"{_CHILDREN} plain keys of images with 2 MB of spaces, at {_HOSTS} registries",
            _EXPECTED,
            _many(images.with_spaces, plain),
        ),
        Attack(
            f"A plain key of an index of {_CHILDREN} such, at {_HOSTS} registries",
            _EXPECTED,
            _index_of(images.with_spaces, plain),
        ),
        Attack(f"{_DRIPPING} configurations of 2 MB in chunks of 2 bytes", _EXPECTED, _chunks),
        Attack(f"{_REPOSITORIES:,} repositories with tokens of 64 KB", _EXPECTED, _tokens),
    ),
)
