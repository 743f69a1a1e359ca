"""Tags that move while somebody looks, and a HEAD that is not what GET gives: every value is of one image."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.attack import images
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Reply, fact
from tests.attack.registries import Exchange, Handler
from tests.attack.stage import Stage

_VERSIONS: Final = 2
_PLATFORMS: Final = 3
_SECONDS: Final = 4.0
_TAG_PATH: Final = "/manifests/1"
# Each question looks anew.
_LOOK_ANEW: Final = "--tag-ttl-seconds=0.05"


class _Version:
    """What a tag pointed to at a time: an index whose platforms all have one date."""

    def __init__(self, number: int) -> None:
        self.created = f"2026-0{number + 1}-01T00:00:00Z"
        made = [
            images.image(images.configuration(f"v{number}-{each}", f"arch{each}" if each else "amd64", self.created))
            for each in range(_PLATFORMS)
        ]
        self.index = images.index(image.manifest for image in made)
        documents = [self.index, *(document for image in made for document in image.documents)]
        self.shelf = images.shelf("app", documents)


_ALL: Final = tuple(_Version(number) for number in range(_VERSIONS))
_TRUE: Final = {(version.index.digest, version.created) for version in _ALL}


def _moving(*, old_is_kept: bool) -> Callable[[], Handler]:
    """Each look at the tag sees the other version; children of that which is gone are there or not."""

    def made() -> Handler:
        turns: Iterator[_Version] = itertools.cycle(_ALL)
        now = next(turns)

        async def handler(exchange: Exchange) -> None:
            nonlocal now
            path = exchange.request.path
            if path.endswith(_TAG_PATH):
                now = next(turns)
                await exchange.document(now.index)
                return
            shelves = _ALL if old_is_kept else (now,)
            await exchange.document(next((each.shelf[path] for each in shelves if path in each.shelf), None))

        return handler

    return made


def _head(headers: Callable[[], Mapping[str, str]], status: int = 200) -> Callable[[], Handler]:
    """GET is sound; HEAD of the tag says something else."""

    def made() -> Handler:
        async def handler(exchange: Exchange) -> None:
            path = exchange.request.path
            if exchange.request.method == "HEAD" and path.endswith(_TAG_PATH):
                await exchange.answer(status, b"", {"Content-Type": images.INDEX, **headers()})
            else:
                await exchange.document(_ALL[0].shelf.get(path))

        return handler

    return made


def _digest_of_the_other() -> Handler:
    """The header of GET and HEAD names one version, the body is the other."""

    async def handler(exchange: Exchange) -> None:
        path = exchange.request.path
        if path.endswith(_TAG_PATH):
            headers = {"Content-Type": images.INDEX, "Docker-Content-Digest": _ALL[1].index.digest}
            await exchange.answer(200, _ALL[0].index.body, headers)
        else:
            await exchange.document(_ALL[0].shelf.get(path))

    return handler


def _named(digest: str) -> Callable[[], Mapping[str, str]]:
    return lambda: {"Docker-Content-Digest": digest}


_numbers: Final = itertools.count()


def _always_new() -> Mapping[str, str]:
    return {"Docker-Content-Digest": images.digest(str(next(_numbers)).encode())}


_REGISTRIES: Final[Mapping[str, Callable[[], Handler]]] = {
    "a tag that moves with each look": _moving(old_is_kept=True),
    "the same, and what it pointed to is gone": _moving(old_is_kept=False),
    "a digest in the header that is another's": _digest_of_the_other,
    "HEAD that names a digest which is nowhere": _head(_named(images.digest(b"nowhere"))),
    "HEAD that names another with each look": _head(_always_new),
    "HEAD without a digest": _head(dict),
    "HEAD with 5,000 letters as digest": _head(_named("sha256:" + "a" * 5000)),
    "HEAD with a digest of no known kind": _head(_named("md5:d41d8cd98f00b204e9800998ecf8427e")),
    "HEAD with 404": _head(dict, 404),
    "HEAD with 405": _head(dict, 405),
    "HEAD with a length of 10^18": _head(lambda: {"Content-Length": "9" * 18, **_named(_ALL[0].index.digest)()}),
}


def _moved(stage: Stage) -> Outcome:
    held = [stage.registry(made()) for made in _REGISTRIES.values()]
    caller = stage.caller(stage.provider(*held, flags=[_LOOK_ANEW]))
    keys = [fact(f"{registry.host}/app:1") for registry in held]
    replies: list[Reply] = []
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        replies.append(caller.ask(*keys))
        time.sleep(0.1)
    told = [value for reply in replies for value in reply.values.values()]
    mixed = [value for value in told if (value["digest"], value["created"]) not in _TRUE]
    lasting = {reply.reason(key) for reply in replies for key in reply.lasting}
    silent = [name for name, key in zip(_REGISTRIES, keys, strict=True) if not any(key in r.values for r in replies)]
    reasons = sorted({reason for reply in replies for reason in reply.reasons})
    return outcome(
        Check(f"{len(told)} values of {len(_REGISTRIES)} registries, {len(mixed)} of two images", not mixed),
        Check(f"{len(lasting)} lasting answers", not lasting),
        Check(", ".join(f"`{reason}`" for reason in reasons) or "all with a value"),
        Check(f"never a value: {'; '.join(silent) or 'none'}", len(silent) <= 1),
        Check(f"slowest {max(reply.seconds for reply in replies):.2f} s", not any(reply.late for reply in replies)),
    )


SCENE: Final = Scene(
    "moving",
    "tags that move, and a HEAD that differs from GET",
    (
        Attack(
            f"Asked again and again: {'; '.join(_REGISTRIES)}",
            "every value has digest and date of one image; nothing lasts that may pass; in time",
            _moved,
        ),
    ),
)
