"""Seeded fuzzing: texts that are nearly sound, towards the process and towards each parser by itself."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

from provider.reasons import Reason
from tests.attack import healthy, images, mutations, parsers
from tests.attack.assault import in_time
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import ABSENT, INTERNAL, Reply, fact, plain, proof
from tests.attack.images import Document
from tests.attack.registries import Exchange
from tests.attack.stage import Stage
from tests.simulators.gatekeeper import body
from tests.simulators.signing import SigningWorld, canonical

_SECONDS: Final = 6.0
_PARSERS_SECONDS: Final = 12.0
# No text of some hundred bytes may take longer.
_TEXT_SECONDS: Final = 0.5
_BATCH: Final = 16
_REASONS: Final = frozenset(str(reason) for reason in Reason) - {INTERNAL}
_REFERENCE: Final = "registry.nowhere.test:5000/team/app:v1"


def _seconds(stage: Stage, usual: float, share: float = 0.25) -> float:
    """How long one of them goes on: of the minutes that were asked for, a share."""
    return 60 * stage.theatre.minutes * share if stage.theatre.minutes else usual


def _foreign(reply: Reply, keys: list[str]) -> list[str]:
    """Keys whose answer is none of ours."""
    if not reply.status or reply.failure:
        return [reply.failure or ABSENT]
    return [reason for key in keys if (reason := reply.reason(key)) and reason not in _REASONS]


def _of(foreign: Counter[str]) -> Check:
    text = ", ".join(f"{count} times `{reason}`" for reason, count in foreign.items())
    return Check(text or "all by our own reasons", not foreign)


def _keys(stage: Stage) -> Outcome:
    """Keys and requests by somebody who may ask."""
    chance, provider = Random(stage.theatre.seed), stage.provider()
    caller = stage.caller(provider)
    sound = [_REFERENCE, fact(_REFERENCE), proof(_REFERENCE, {"key": {"data": "x", "hashAlgorithm": "sha256"}})]
    request = body(*sound)
    foreign: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    replies: list[Reply] = []
    end = time.monotonic() + _seconds(stage, _SECONDS)
    while time.monotonic() < end:
        keys = [mutations.text(chance.choice(sound), chance) for _ in range(_BATCH)]
        replies.append(caller.ask(*keys, path=chance.choice(("/validate", "/mutate"))))
        foreign.update(_foreign(replies[-1], keys))
        statuses[caller.send(mutations.mutated(request, chance))[0]] += 1
    bad = {status: count for status, count in statuses.items() if status >= 500}
    return outcome(
        Check(f"{len(replies) * _BATCH:,} keys and {statuses.total():,} requests"),
        _of(foreign),
        Check("no status of 500" if not bad else f"status {bad}", not bad),
        in_time(replies),
    )


def _documents(stage: Stage) -> Outcome:
    """Documents that match their digests: configurations, manifests, indexes."""
    seed = stage.theatre.seed

    def shelf(repository: str) -> dict[str, Document]:
        chance = Random(f"{seed} {repository}")
        sound = images.image(images.configuration(repository))
        which = chance.randrange(3)
        config = mutations.mutated(sound.config.body, chance) if which == 0 else sound.config.body
        image = images.image(config)
        manifest = (
            Document(images.MANIFEST, mutations.mutated(image.manifest.body, chance)) if which == 1 else image.manifest
        )
        many = images.index([manifest, sound.manifest])
        if which == 2:
            many = Document(images.INDEX, mutations.mutated(many.body, chance))
        documents = [manifest, image.config, *sound.documents]
        first = many if chance.random() < 0.5 or which == 2 else manifest
        return dict(images.shelf(repository, [first, *documents, many]))

    async def handler(exchange: Exchange) -> None:
        await exchange.document(shelf(exchange.request.repository).get(exchange.request.path))

    return _asked(stage, handler, lambda chance, image: chance.choice((plain, fact))(image))


def _headers(stage: Stage) -> Outcome:
    """Headers of sound documents, tokens and lists."""
    sound = {
        "WWW-Authenticate": 'Bearer realm="http://127.0.0.1:9/token?a=b",service="s",scope="repository:x:pull"',
        "Docker-Content-Digest": images.digest(b"x"),
        "Content-Type": images.MANIFEST,
        "Location": "/v2/x/blobs/sha256:0?a=b",
        "Link": '</v2/x/referrers/y?last=1>; rel="next"',
        "Retry-After": "1",
        "Content-Encoding": "identity",
        "Transfer-Encoding": "identity",
        "ETag": '"x"',
    }
    chance = Random(stage.theatre.seed)

    async def handler(exchange: Exchange) -> None:
        document = healthy.shelf(exchange.request.repository).get(exchange.request.path)
        status = chance.choice((200, 200, 200, 200, 401, 302, 307, 404, 100, 204, 304, 500, 503, 999))
        names = chance.sample(sorted(sound), 3)
        headers = {name: mutations.header(sound[name], chance) for name in names}
        await exchange.answer(status, document.body if document else b"{}", headers)
        if status in {100, 204, 304} or "Transfer-Encoding" in headers:
            exchange.hang_up()

    return _asked(stage, handler, lambda chance, image: chance.choice((plain, fact))(image))


def _asked(stage: Stage, handler: Any, ask: Callable[[Random, str], str]) -> Outcome:
    """Fresh images of a registry, some at a time."""
    chance = Random(stage.theatre.seed + 1)
    # Several: one that fails is left alone for a while.
    registries = [stage.registry(handler) for _ in range(_BATCH)]
    caller = stage.caller(stage.provider(*registries))
    foreign: Counter[str] = Counter()
    replies: list[Reply] = []
    values = 0
    end = time.monotonic() + _seconds(stage, _SECONDS)
    while time.monotonic() < end:
        keys = [
            ask(chance, f"{registry.host}/image-{len(replies)}-{number}:1")
            for number, registry in enumerate(registries)
        ]
        replies.append(caller.ask(*keys))
        foreign.update(_foreign(replies[-1], keys))
        values += len(replies[-1].values)
    return outcome(Check(f"{len(replies) * _BATCH:,} images, {values:,} with a value"), _of(foreign), in_time(replies))


def _tokens(stage: Stage) -> Outcome:
    """What token services answer, and lists of signatures with what is in them."""
    world = SigningWorld()
    seed = stage.theatre.seed
    chance = Random(seed)
    held: list[str] = []

    async def handler(exchange: Exchange) -> None:
        request = exchange.request
        if request.path.startswith("/token"):
            text = b'{"token":"t","access_token":"t","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}'
            await exchange.answer(200, mutations.mutated(text, chance))
        elif "authorization" not in request.headers:
            await exchange.answer(401, b"", {"WWW-Authenticate": f'Bearer realm="http://{held[0]}/token",service="s"'})
        else:
            await exchange.document(_signed(request.repository).get(request.path))

    def _signed(repository: str) -> dict[str, Document]:
        random = Random(f"{seed} {repository}")
        image = images.image(images.configuration(repository))
        raw = canonical(world.bundle(image.manifest.digest, world.key, entry=None))
        bundle = Document("application/vnd.dev.sigstore.bundle.v0.3+json", mutations.mutated(raw, random))
        manifest = {
            "schemaVersion": 2,
            "mediaType": images.MANIFEST,
            "artifactType": bundle.media_type,
            "config": Document("application/vnd.oci.empty.v1+json", b"{}").descriptor(),
            "layers": [bundle.descriptor()],
            "subject": image.manifest.descriptor(),
        }
        artifact = Document(images.MANIFEST, images.canonical(manifest))
        listed = {"schemaVersion": 2, "mediaType": images.INDEX, "manifests": [artifact.descriptor()]}
        found = Document(
            images.INDEX,
            mutations.mutated(json.dumps(listed).encode(), random)
            if random.random() < 0.3
            else json.dumps(listed).encode(),
        )
        paths = dict(images.shelf(repository, image.documents)) | dict(
            images.shelf(repository, [artifact, bundle], "sig")
        )
        return paths | {f"/v2/{repository}/referrers/{image.manifest.digest}": found}

    registry = stage.registry(handler)
    held.append(registry.host)
    verify = {"key": {"data": world.key.public_pem, "hashAlgorithm": "sha256"}, "format": "any"}
    caller = stage.caller(stage.provider(registry))
    caller.ask(proof(f"{registry.host}/first:1", verify), path="/audit")
    foreign: Counter[str] = Counter()
    replies: list[Reply] = []
    end = time.monotonic() + _seconds(stage, _SECONDS)
    while time.monotonic() < end:
        keys = [proof(f"{registry.host}/image-{len(replies)}-{number}:1", verify) for number in range(_BATCH)]
        replies.append(caller.ask(*keys))
        foreign.update(_foreign(replies[-1], keys))
    return outcome(Check(f"{len(replies) * _BATCH:,} images"), _of(foreign), in_time(replies))


def _parsers(stage: Stage) -> Outcome:
    """Each parser by itself, in this process, in turn."""
    chance = Random(stage.theatre.seed)
    found: dict[str, Counter[str]] = {}
    slow: Counter[str] = Counter()
    count = 0
    every = parsers.parsers()
    end = time.monotonic() + _seconds(stage, _PARSERS_SECONDS, 1.0)
    while time.monotonic() < end:
        for parser in every:
            for _ in range(_BATCH):
                raw = mutations.mutated(chance.choice(parser.texts), chance)
                begun = time.thread_time()
                problem = parsers.failure(parser, raw)
                count += 1
                slow[parser.name] += time.thread_time() - begun > _TEXT_SECONDS
                if problem:
                    found.setdefault(parser.name, Counter())[f"{problem} for {raw[:60]!r}"] += 1
    bad = [f"{name}: {sum(kinds.values())} ({kinds.most_common(1)[0][0]})" for name, kinds in found.items()]
    dear = [name for name, times in slow.items() if times]
    return outcome(
        Check(f"{count:,} texts for {len(every)} parsers"),
        Check("nothing foreign raised" if not bad else f"foreign: {'; '.join(bad)}", not bad),
        Check("none dear" if not dear else f"dear: {', '.join(dear)}", not dear),
    )


_EXPECTED: Final = "answers in time, by our own reasons, never `Internal`"

SCENE: Final = Scene(
    "fuzzing",
    "texts that are nearly sound, seeded",
    (
        Attack("Keys and requests", _EXPECTED, _keys, namespace=True),
        Attack("Configurations, manifests, indexes", _EXPECTED, _documents),
        Attack("Headers: challenges, digests, types, redirects, links, encodings", _EXPECTED, _headers),
        Attack("Tokens, lists of signatures, bundles", _EXPECTED, _tokens),
        Attack(
            "Each parser of foreign text by itself",
            f"refused in our own words, {_TEXT_SECONDS} s of processor a text at most",
            _parsers,
        ),
    ),
)
