"""Credentials of a registry, and what was read with them: shown to nobody else."""

from __future__ import annotations

import base64
import json
from typing import Final

from tests.attack import images, namespace
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import fact, plain
from tests.attack.registries import Exchange, Request
from tests.attack.stage import Stage

_PASSWORD: Final = "s3cret-of-the-registry"
# Where the registry is that has credentials.
_REGISTRY: Final = namespace.address(1)
_BASIC: Final = "Basic " + base64.b64encode(f"user:{_PASSWORD}".encode()).decode()


def _docker_config(stage: Stage, *places: str) -> str:
    file = stage.folder / "config.json"
    file.write_text(json.dumps({"auths": {place: {"username": "user", "password": _PASSWORD} for place in places}}))
    return f"--docker-config={file}"


def _shown(requests: list[Request]) -> list[Request]:
    """Requests that carry the credentials, or a token that was got for them."""
    return [
        request
        for request in requests
        if "authorization" in request.headers or _PASSWORD in request.path or _PASSWORD in str(request.headers)
    ]


class _Thief:
    """A host that takes what it is sent, and asks for more."""

    async def handler(self, exchange: Exchange) -> None:
        if exchange.request.path.startswith("/token"):
            await exchange.answer(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})
        else:
            await exchange.answer(
                401, b"", {"WWW-Authenticate": 'Basic realm="x", Bearer realm="https://' + _REGISTRY + '/t"'}
            )


def _ways(thief: str) -> dict[str, tuple[int, dict[str, str]]]:
    """How the registry sends its own visitors to somebody else, by the image that is asked for."""
    return {
        "redirected": (307, {"Location": f"https://{thief}/v2/x/manifests/1"}),
        "moved": (301, {"Location": f"//{thief}/v2/x/manifests/1"}),
        "other-port": (302, {"Location": f"https://{thief}:443/"}),
        "realm": (401, {"WWW-Authenticate": f'Bearer realm="https://{thief}/token",service="s"'}),
        "realm-with-port": (401, {"WWW-Authenticate": f'Bearer realm="https://{thief}:443/token",service="s"'}),
        "realm-as-user": (401, {"WWW-Authenticate": f'Bearer realm="https://{_REGISTRY}@{thief}/token",service="s"'}),
        "both": (401, {"WWW-Authenticate": f'Bearer realm="https://{thief}/token", Basic realm="x"'}),
    }


def _elsewhere(stage: Stage) -> Outcome:
    """A registry with credentials whose answers lead to a sibling's address."""
    thief = stage.foreign_registry(_Thief().handler, 2)
    ways = _ways(thief.host)
    # Of these it wants credentials first, and gets them, before it sends its visitors away.
    asking = {"basic": 'Basic realm="x"', "bearer": f'Bearer realm="https://{_REGISTRY}/token",service="s"'}

    async def handler(exchange: Exchange) -> None:
        request = exchange.request
        if request.path.startswith("/token"):
            await exchange.answer(200, b'{"token":"of-this-registry"}')
        elif request.repository in asking and "authorization" not in request.headers:
            await exchange.answer(401, b"", {"WWW-Authenticate": asking[request.repository]})
        else:
            status, headers = ways.get(request.repository, ways["redirected"])
            await exchange.answer(status, b"", headers)

    registry = stage.foreign_registry(handler, 1)
    caller = stage.caller(stage.provider(flags=[_docker_config(stage, registry.host)]))
    keys = [fact(f"{registry.host}/{way}:1") for way in (*asking, *ways)]
    reply = caller.ask(*keys)
    shown = _shown(thief.requests)
    own = sum(request.headers.get("authorization") == _BASIC for request in registry.requests)
    return outcome(
        Check(f"{len(thief.requests)} requests elsewhere, {len(shown)} with credentials", not shown),
        Check(f"{len(reply.values)} of {len(keys)} with a value", not reply.values),
        Check(f"{own} requests to the registry itself with them", own > 0),
        Check(f"after {reply.seconds:.2f} s", not reply.late),
    )


def _private_digest(stage: Stage) -> Outcome:
    """An image that one repository's credentials have fetched, asked for by its digest under other names."""
    image = images.image(images.configuration("private"))
    shelf = images.shelf("private/app", image.documents)

    async def guarded(exchange: Exchange) -> None:
        request = exchange.request
        if request.repository.startswith("private/") and request.headers.get("authorization") != _BASIC:
            await exchange.answer(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})
        else:
            await exchange.document(shelf.get(request.path))

    registry = stage.registry(guarded)
    other = stage.registry(guarded)
    caller = stage.caller(stage.provider(registry, other, flags=[_docker_config(stage, f"{registry.host}/private")]))
    digest = image.manifest.digest
    own = fact(f"{registry.host}/private/app@{digest}")
    before = caller.ask(own)
    keys = [
        ask(f"{place}@{digest}")
        for place in (f"{registry.host}/public/app", f"{other.host}/private/app", f"{other.host}/app/x")
        for ask in (fact, plain)
    ]
    reply = caller.ask(*keys)
    told = [key for key in keys if key in reply.values]
    return outcome(
        Check("its own repository has a value" if own in before.values else before.reason(own), own in before.values),
        Check(f"{len(told)} of {len(keys)} other names have one", not told),
        Check(", ".join(sorted({f"`{reason}`" for reason in reply.reasons}))),
    )


SCENE: Final = Scene(
    "credentials",
    "credentials, and what was read with them",
    (
        Attack(
            "A registry with credentials redirects to another host, or names a token service there",
            "no credentials are shown to the other host",
            _elsewhere,
            namespace=True,
        ),
        Attack(
            "The digest of a private image that is known, asked for under other repositories and registries",
            "no value: those who hold it not, or refuse it, are asked",
            _private_digest,
        ),
    ),
)
