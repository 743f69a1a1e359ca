"""What a registry may answer that is no image: passing where it may be different in ten seconds, and named."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from provider import limits
from tests.attack import bounds, images
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Caller, Reply, fact, plain, proof
from tests.attack.images import Document
from tests.attack.registries import Exchange, Handler, Registry
from tests.attack.stage import Stage
from tests.simulators.signing import SigningWorld

_HTML: Final = b"<!doctype html><title>Sign in</title>"
_RETRY_SECONDS: Final = 4.0
_SPACES: Final = 4_060
_CHALLENGED: Final = 10
# What such challenges may cost beside short ones, seconds of processor for all together.
_SPACES_SECONDS: Final = 0.15
_LEVELS: Final = 600

Misbehaviour = Callable[[Exchange, Document], Awaitable[None]]


async def _html(exchange: Exchange, _: Document) -> None:
    await exchange.answer(200, _HTML, {"Content-Type": "text/html"})


async def _empty(exchange: Exchange, document: Document) -> None:
    await exchange.answer(200, b"", {"Content-Type": document.media_type})


async def _cut(exchange: Exchange, document: Document) -> None:
    await exchange.answer(
        200, document.body[:-10], {"Content-Type": document.media_type}, length=str(len(document.body))
    )
    exchange.hang_up()


async def _shortened(exchange: Exchange, document: Document) -> None:
    await exchange.answer(200, document.body[:-10], {"Content-Type": document.media_type})


async def _another(exchange: Exchange, document: Document) -> None:
    other = document.body.replace(b"linux", b"plan9").replace(b"layers", b"sreyal")
    await exchange.answer(200, other, {"Content-Type": document.media_type, "Docker-Content-Digest": document.digest})


async def _gzipped(exchange: Exchange, document: Document) -> None:
    headers = {"Content-Type": document.media_type, "Content-Encoding": "gzip"}
    await exchange.answer(200, gzip.compress(document.body), headers | {"Docker-Content-Digest": document.digest})


async def _no_http(exchange: Exchange, _: Document) -> None:
    exchange.hang_up()
    await exchange.send(b"SSH-2.0-OpenSSH_9.9\r\n")


async def _no_content(exchange: Exchange, _: Document) -> None:
    await exchange.answer(204)


async def _partial(exchange: Exchange, document: Document) -> None:
    await exchange.answer(
        206, document.body[:20], {"Content-Type": document.media_type, "Content-Range": "bytes 0-19/99"}
    )


_PASSING: Final[Mapping[str, Misbehaviour]] = {
    "HTML with 200": _html,
    "an empty body": _empty,
    "a body that is cut": _cut,
    "a shortened one": _shortened,
    "another than its digest says": _another,
    "gzip": _gzipped,
    "no HTTP": _no_http,
    "204": _no_content,
    "206": _partial,
}


class _FaultyRegistry:
    """A registry that holds every image, and answers one kind of document wrongly as long as it is ill.

    Attributes:
        ill: whether it does.
    """

    def __init__(self, misbehaviour: Misbehaviour, kind: str) -> None:
        self._misbehaviour = misbehaviour
        self._kind = kind
        self.ill = True

    async def handler(self, exchange: Exchange) -> None:
        repository, path = exchange.request.repository, exchange.request.path
        image = images.image(images.configuration(repository))
        document = images.shelf(repository, image.documents).get(path)
        if document is not None and self.ill and f"/{self._kind}/" in path:
            await self._misbehaviour(exchange, document)
        else:
            await exchange.document(document)


def _until_value(caller: Caller, key: str) -> float | None:
    """Seconds until it has one; None when it has none soon."""
    begun = time.monotonic()
    while time.monotonic() < begun + bounds.SOON_SECONDS:
        if key in caller.ask(key).values:
            return time.monotonic() - begun
        time.sleep(0.1)
    return None


def _passing(stage: Stage) -> Outcome:
    """Each fault, in a manifest by tag, in one by digest and in a configuration; then the registry is well again."""
    cases = [(name, kind, fault) for name, fault in _PASSING.items() for kind in ("manifests", "blobs")]
    faulty = [_FaultyRegistry(fault, kind) for _, kind, fault in cases]
    registries = [stage.registry(each.handler) for each in faulty]
    caller = stage.caller(stage.provider(*registries))
    pinned = images.image(images.configuration("pinned")).manifest.digest
    keys = [[fact(f"{registry.host}/tagged:1"), plain(f"{registry.host}/pinned@{pinned}")] for registry in registries]
    lasting, late = [], []
    for (name, kind, _), asked in zip(cases, keys, strict=True):
        reply = caller.ask(*asked)
        late += [reply.seconds] * reply.late
        lasting += [f"{name} ({kind}): {reply.problems[key]}"[:90] for key in asked if key in reply.lasting]
        lasting += [f"{name} ({kind}) has a value" for key in asked if key in reply.values and not _harmless(name)]
    for each in faulty:
        each.ill = False
    healed = [_until_value(caller, key) for asked in keys for key in asked]
    unwell = sum(seconds is None for seconds in healed)
    text = f"{len(lasting)} of {2 * len(cases)} lasting ({'; '.join(lasting[:2])}, …)" if lasting else "all passing"
    return outcome(
        Check(text, not lasting),
        Check(f"{len(healed) - unwell} of {len(healed)} with a value soon after", not unwell),
        Check("all in time" if not late else f"{len(late)} late", not late),
    )


def _harmless(name: str) -> bool:
    """Whether the bytes may be believed all the same: they match their digest."""
    return name == "gzip"


def _in_time(reply: Reply, key: str, expected: frozenset[str]) -> list[Check]:
    reason = reply.reason(key) or "a value"
    return [Check(f"`{reason}` after {reply.seconds:.2f} s", reason in expected and not reply.late)]


_LENGTHS: Final = ("9" * 5000, "-1", "+5", "5, 6", "0x10", "1e3", "", " ", "99999999999999999999999", "5\t")


def _content_lengths(stage: Stage) -> Outcome:
    well = images.image(images.configuration("well"))

    async def handler(exchange: Exchange) -> None:
        number = exchange.request.repository.removeprefix("length-")
        if number.isdecimal():
            await exchange.answer(200, b"{}", {"Content-Type": images.MANIFEST}, length=_LENGTHS[int(number)] or " ")
            exchange.hang_up()
        else:
            await exchange.document(images.shelf("well", well.documents).get(exchange.request.path))

    registry = stage.registry(handler)
    caller = stage.caller(stage.provider(registry))
    reasons, late = set(), 0
    for number in range(len(_LENGTHS)):
        key = fact(f"{registry.host}/length-{number}:1")
        reply = caller.ask(key)
        reasons.add(reply.reason(key) or "a value")
        late += reply.late
    seconds = _until_value(caller, fact(f"{registry.host}/well:1"))
    known = {"RegistryUnavailable", "LimitExceeded", "ContentInvalid", "Timeout", "a value"}
    return outcome(
        Check(f"{len(_LENGTHS)} lengths: {', '.join(f'`{reason}`' for reason in sorted(reasons))}", reasons <= known),
        Check(f"{late} late" if late else "all in time", not late),
        Check(
            "a good image has " + ("no value" if seconds is None else f"a value after {seconds:.2f} s"),
            seconds is not None,
        ),
    )


_EXPIRIES: Final = (
    *("-1" + "0" * 400, "1" + "0" * 400, "1e400", "-1e400", "NaN", "-Infinity", '"x"', "null", "[]", "true", "-5", "0"),
    "9" * 5000,
)


def _expiries(stage: Stage) -> Outcome:
    """Tokens that end in odd ways: one that is sound is used all the same."""
    held = [_giving(stage, text) for text in _EXPIRIES]
    caller = stage.caller(stage.provider(*held))
    reasons: dict[str, int] = {}
    late = 0
    for registry in held:
        key = fact(f"{registry.host}/app:1")
        reply = caller.ask(key)
        reason = reply.reason(key) or "a value"
        reasons[reason] = reasons.get(reason, 0) + 1
        late += reply.late
    text = ", ".join(f"{count} times `{reason}`" for reason, count in reasons.items())
    # Numbers that are none in JSON may make the whole answer unreadable.
    return outcome(Check(text, set(reasons) <= {"a value", "RegistryUnavailable"}), Check(f"{late} late", not late))


def _giving(stage: Stage, expires: str) -> Registry:
    image = images.image(images.configuration("app"))
    shelf = images.shelf("app", image.documents)

    async def handler(exchange: Exchange) -> None:
        request = exchange.request
        if request.path.startswith("/token"):
            await exchange.answer(200, b'{"token":"t","expires_in":%b}' % expires.encode())
        elif "authorization" not in request.headers:
            realm = f'Bearer realm="http://{registry.host}/token",service="s"'
            await exchange.answer(401, b"", {"WWW-Authenticate": realm})
        else:
            await exchange.document(shelf.get(request.path))

    registry = stage.registry(handler)
    return registry


def _retry_after(text: str) -> Callable[[Stage], Outcome]:
    def run(stage: Stage) -> Outcome:
        async def handler(exchange: Exchange) -> None:
            await exchange.answer(429, b"", {"Retry-After": text})

        registry = stage.registry(handler)
        caller = stage.caller(stage.provider(registry))
        caller.ask(fact(f"{registry.host}/first:1"))
        asked, begun, number, reasons = len(registry.requests), time.monotonic(), 0, set()
        while time.monotonic() < begun + _RETRY_SECONDS:
            key = fact(f"{registry.host}/image-{number}:1")
            reasons.add(caller.ask(key).reason(key))
            number += 1
            time.sleep(0.2)
        more = len(registry.requests) - asked
        return outcome(
            Check(f"{more} requests to it in {_RETRY_SECONDS:.0f} s", not more),
            Check(", ".join(f"`{reason}`" for reason in sorted(reasons)), reasons == {"Throttled"}),
        )

    return run


_ODD_TIMES: Final = (
    *("-1", "1e9", "0x10", "inf", "nan", "", " ", "1, 2", "\u00b2", "9" * 400, "Fri, 31 Dec 9999 23:59:59 +9999"),
    *("Fri, 99 Dec 2026 99:99:99 GMT", "Thu, 01 Jan 0000 00:00:00 GMT", "Fri, 31 Dec 1 23:59:59 -2400", "x" * 4000),
)


def _odd_times(stage: Stage) -> Outcome:
    """Retry-After in ways that mean nothing, each by a registry of its own."""

    def saying(text: str) -> Handler:
        async def handler(exchange: Exchange) -> None:
            await exchange.answer(429, b"", {"Retry-After": text})

        return handler

    held = [stage.registry(saying(text)) for text in _ODD_TIMES]
    caller = stage.caller(stage.provider(*held))
    reply = caller.ask(*(fact(f"{registry.host}/app:1") for registry in held))
    reasons = sorted(set(reply.reasons))
    return outcome(
        Check(f"{len(held)} times {', '.join(f'`{reason}`' for reason in reasons)}", reasons == ["Throttled"]),
        Check(f"after {reply.seconds:.2f} s", not reply.late),
    )


def _challenge(header: str) -> Handler:
    async def handler(exchange: Exchange) -> None:
        await exchange.answer(401, b"", {"WWW-Authenticate": header})

    return handler


def _spaces(stage: Stage) -> Outcome:
    """Challenges that a careless expression takes quadratic time for, beside short ones.

    They name a scope that is not the image's, so that each of them has to be read.
    """
    short = stage.registry(_challenge('Bearer scope="x"'))
    long = [
        stage.registry(_challenge(header))
        for header in (
            'Bearer scope="x"' + filling
            for filling in (
                " " * _SPACES + "!",
                "," * _SPACES,
                "," + " " * _SPACES + "!",
                ' a="' + "\\" * _SPACES,
                ",a=b" * (_SPACES // 4),
            )
        )
    ]
    provider = stage.provider(short, *long)
    caller = stage.caller(provider)
    caller.ask(fact(f"{short.host}/warm:1"))

    def cost(registry: Registry) -> float:
        before = provider.meter.processor_seconds()
        for number in range(_CHALLENGED):
            caller.ask(fact(f"{registry.host}/image-{number}:1"))
        return provider.meter.processor_seconds() - before

    usual = cost(short)
    costs = [cost(registry) for registry in long]
    return outcome(
        Check(
            f"{max(costs):.2f} s of processor for {_CHALLENGED}, short ones {usual:.2f} s",
            max(costs) <= usual + _SPACES_SECONDS,
        )
    )


def _odd_documents(stage: Stage) -> Outcome:
    """Documents that match their digests and are none, or more than is read."""
    huge = {"schemaVersion": 2, "mediaType": images.INDEX, "manifests": []}
    entry = Document(images.MANIFEST, b"x").descriptor()
    bodies: dict[str, tuple[str, bytes]] = {
        "600 levels": ("config", images.deep(_LEVELS)),
        "100,000 levels": ("config", images.deep(100_000)),
        "a surrogate alone": ("config", rb'{"created":"\ud800","os":"\udfff","architecture":"\ud800"}'),
        "a date in the year 99999": ("config", images.configuration("x", created="99999-01-01T00:00:00Z")),
        "a number of 5,000 digits": ("config", b'{"created":"2026-01-01T00:00:00Z","x":' + b"9" * 5000 + b"}"),
        "1e999999": ("config", b'{"created":"2026-01-01T00:00:00Z","config":{"Healthcheck":{"Interval":1e999999}}}'),
        "a list": ("config", b"[]"),
        "no UTF-8": ("config", b'{"created":"\xff\xfe"}'),
        "NUL": ("config", b'{"created":"2026-01-01T00:00:00Z\\u0000"}'),
        "a key twice": ("config", b'{"created":"2026-01-01T00:00:00Z","created":null,"CREATED":7}'),
        "an index of itself": (
            "manifest",
            images.canonical(huge | {"manifests": [entry | {"mediaType": images.INDEX}] * 3}),
        ),
        "an index of 20,000": ("manifest", images.canonical(huge | {"manifests": [entry] * 20_000})),
        "a size of -1": ("manifest", images.canonical(huge | {"manifests": [entry | {"size": -1}]})),
        "no digest": ("manifest", images.canonical(huge | {"manifests": [entry | {"digest": "sha256:../../x"}]})),
        "a manifest that is a number": ("manifest", b"7"),
        "a schema of 1": ("manifest", b'{"schemaVersion":1,"name":"a","tag":"b","history":[]}'),
        "a manifest of 5 MB": ("manifest", b"{" + b" " * (5 * images.MEGABYTES) + b"}"),
        "a configuration that is an index": (
            "manifest",
            images.canonical(
                {"schemaVersion": 2, "mediaType": images.MANIFEST, "config": {"digest": [], "size": {}}, "layers": 7}
            ),
        ),
    }
    shelf: dict[str, Document] = {}
    for number, (kind, body) in enumerate(bodies.values()):
        name = f"odd-{number}"
        documents = images.image(body).documents if kind == "config" else [Document(images.INDEX, body)]
        shelf |= images.shelf(name, list(documents))

    async def handler(exchange: Exchange) -> None:
        await exchange.document(shelf.get(exchange.request.path))

    registry = stage.registry(handler)
    caller = stage.caller(stage.provider(registry))
    found: dict[str, int] = {}
    late, internal = [], []
    for number, name in enumerate(bodies):
        for ask in (plain, fact):
            key = ask(f"{registry.host}/odd-{number}:1")
            reply = caller.ask(key)
            reason = reply.reason(key) or "a value"
            found[reason] = found.get(reason, 0) + 1
            late += [name] * reply.late
            internal += [name] * (reason in {"Internal", "no answer"})
    text = ", ".join(f"{count} times `{reason}`" for reason, count in sorted(found.items()))
    return outcome(
        Check(text + (f" ({', '.join(dict.fromkeys(internal))})" if internal else ""), not internal),
        Check("all in time" if not late else f"late: {', '.join(dict.fromkeys(late))}", not late),
    )


_LINKS: Final = (
    "/v2/app/referrers/../../other/secret/manifests/1",
    "../../../../../v2/other/secret/manifests/1",
    "/v2/other/secret/referrers/DIGEST?n=1",
    "/v2/app/referrers/DIGEST/../../manifests/1",
    "/v2/app/referrers/DIGEST/%2e%2e/%2e%2e/manifests/1",
    "http://127.0.0.1:9/v2/app/referrers/DIGEST",
    "//127.0.0.1:9/v2/app/referrers/DIGEST",
    "file:///etc/passwd",
)


def _links(stage: Stage) -> Outcome:
    """Lists whose next page is somewhere else."""
    image = images.image(images.configuration("app"))
    digest = image.manifest.digest
    list_path = f"/v2/app/referrers/{digest}"
    shelf = images.shelf("app", image.documents)
    held = [stage.registry(_listing(shelf, list_path, link.replace("DIGEST", digest))) for link in _LINKS]
    endless = stage.registry(_listing(shelf, list_path, f"{list_path}?last=1"))
    caller = stage.caller(stage.provider(*held, endless))
    # Any key will do: the list is asked for before a signature is looked at.
    verify = {"key": {"data": SigningWorld().key.public_pem, "hashAlgorithm": "sha256"}, "format": "bundle"}
    # What is imported with the first question about signatures is not what is asked about here.
    caller.ask(proof(f"{stage.healthy}/single/other:1", verify), path="/audit")
    keys = [proof(f"{registry.host}/app@{digest}", verify) for registry in [*held, endless]]
    reply = caller.ask(*keys)
    allowed = {list_path, *shelf, f"/v2/app/manifests/sha256-{digest.removeprefix('sha256:')}"}
    stray = [
        request.path for registry in held for request in registry.requests if request.path.split("?")[0] not in allowed
    ]
    pages = len(endless.requests)
    asked = sum(any(request.path.startswith(list_path) for request in registry.requests) for registry in held)
    return outcome(
        Check(f"{asked} of {len(held)} lists read", asked == len(held)),
        Check(f"{len(stray)} requests elsewhere" + (f" (`{stray[0]}`)" if stray else ""), not stray),
        Check(f"{pages} requests for a list without end", pages <= limits.REFERRER_PAGES + len(shelf) + 2),
        Check(", ".join(sorted({f"`{reason}`" for reason in reply.reasons})), len(reply.reasons) == len(keys)),
        Check(f"after {reply.seconds:.2f} s", not reply.late),
    )


def _listing(shelf: Mapping[str, Document], path: str, link: str) -> Handler:
    empty: dict[str, Any] = {"schemaVersion": 2, "mediaType": images.INDEX, "manifests": []}

    async def handler(exchange: Exchange) -> None:
        if exchange.request.path.startswith(path):
            headers = {"Content-Type": images.INDEX, "Link": f'<{link}>; rel="next"'}
            await exchange.answer(200, json.dumps(empty).encode(), headers)
        else:
            await exchange.document(shelf.get(exchange.request.path))

    return handler


SCENE: Final = Scene(
    "answers",
    "what a registry answers that is no image",
    (
        Attack(
            f"{', '.join(_PASSING)}: in manifests and configurations, by tag and by digest",
            "nothing of it is lasting, so that nobody caches it; once the registry is well, values soon",
            _passing,
        ),
        Attack(
            "Content-Length of 5,000 digits, negative, twice, …",
            "answers in time, never `Internal`; the registry's next image has a value soon",
            _content_lengths,
        ),
        Attack("Tokens that expire in minus 10^400 s, `NaN`, a text, …", "a value, or no usable token", _expiries),
        Attack(
            "429 with `Retry-After: 99999999999999999999`",
            f"taken as {limits.RETRY_AFTER_SECONDS:.0f} s: it is left alone",
            _retry_after("99999999999999999999"),
        ),
        Attack(
            "429 with a date in the year 9999",
            "likewise",
            _retry_after("Fri, 31 Dec 9999 23:59:59 GMT"),
        ),
        Attack(
            "429 with a time that is negative, no number, 400 digits, a date that there is not, …",
            "`Throttled`, in time",
            _odd_times,
        ),
        Attack(
            f"401 with {_SPACES:,} spaces, commas, quotes in the challenge, {_CHALLENGED} times each",
            f"{_SPACES_SECONDS} s of processor more than short ones at most",
            _spaces,
        ),
        Attack(
            f"Documents that match their digests: {_LEVELS} levels with one `\\u`, 5,000 digits, an index of 20,000, …",
            "answers in time, never `Internal`",
            _odd_documents,
        ),
        Attack(
            "Lists of signatures whose next page is elsewhere, or without end",
            f"nothing elsewhere is asked for, {limits.REFERRER_PAGES} pages at most; an answer in time",
            _links,
        ),
    ),
)
