"""Registries that ask for tokens in ways that lead nowhere."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.attack import bounds, images
from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.caller import Caller, fact
from tests.attack.registries import Exchange, Registry, silent
from tests.attack.stage import Stage

_TOKEN: Final = "t-anonymous"
_PAUSE_SECONDS: Final = 0.05


@dataclass
class _PrivateRegistry:
    """A registry that holds every image, some of them for those with a token only.

    Attributes:
        challenge: of the next 401; `REALM` in it is its own token service.
        private: which repositories want a token.
        times: how many 401 there are in all; None for no end.
        token_status: of its token service.
        authority: where it is, once known.
    """

    challenge: str
    private: Callable[[str], bool] = lambda _: True
    times: int | None = None
    token_status: int = 200
    authority: str = ""
    tokens: Sequence[str] = field(default_factory=lambda: [_TOKEN])

    async def handler(self, exchange: Exchange) -> None:
        request = exchange.request
        if request.path.startswith("/token"):
            await exchange.answer(self.token_status, json.dumps({"token": self.tokens[0]}).encode())
            return
        repository = request.repository
        carried = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.private(repository) and carried not in self.tokens and self.times != 0:
            self.times = None if self.times is None else self.times - 1
            challenge = self.challenge.replace("REALM", f"http://{self.authority}/token")
            await exchange.answer(401, b"{}", {"WWW-Authenticate": challenge})
            return
        image = images.image(images.configuration(repository))
        await exchange.document(images.shelf(repository, image.documents).get(request.path))

    def opened(self, stage: Stage) -> Registry:
        registry = stage.registry(self.handler)
        self.authority = registry.host
        return registry


def _until_answered(caller: Caller, host: str, repository: str = "next") -> Check:
    """Ask for one fresh image after the other until one has a value; how long that took."""
    begun, reason, number = time.monotonic(), "", 0
    while time.monotonic() < begun + 2 * bounds.SOON_SECONDS:
        key = fact(f"{host}/{repository}-{number}:1")
        reason = caller.ask(key).reason(key)
        if not reason:
            seconds = time.monotonic() - begun
            return Check(f"the next image answered after {seconds:.2f} s", seconds <= bounds.wait("/validate"))
        number += 1
        time.sleep(_PAUSE_SECONDS)
    return Check(f"`{reason}` for all of {number} next images in {time.monotonic() - begun:.0f} s", held=False)


def _bad_once(challenge: str) -> Callable[[Stage], Outcome]:
    def run(stage: Stage) -> Outcome:
        guarded = _PrivateRegistry(challenge, times=1)
        registry = guarded.opened(stage)
        caller = stage.caller(stage.provider(registry))
        key = fact(f"{registry.host}/first:1")
        first = caller.ask(key)
        return outcome(
            Check(f"the first {first.seconds:.2f} s, `{first.reason(key) or 'a value'}`", not first.late),
            _until_answered(caller, registry.host),
        )

    return run


def _moved(stage: Stage) -> Outcome:
    """The realm that gave tokens is gone, and the registry names another."""
    old = _PrivateRegistry("", private=lambda _: False)
    old_realm = old.opened(stage)
    guarded = _PrivateRegistry(f'Bearer realm="http://{old_realm.host}/token",service="s"')
    registry = guarded.opened(stage)
    caller = stage.caller(stage.provider(registry, old_realm))
    before = fact(f"{registry.host}/first:1")
    good = caller.ask(before)
    old.token_status = 404
    guarded.tokens = ["t-new"]
    guarded.challenge = 'Bearer realm="REALM",service="s"'
    return outcome(
        Check(
            "before it moved: " + ("a value" if before in good.values else good.reason(before)), before in good.values
        ),
        _until_answered(caller, registry.host),
    )


def _private(repository: str) -> bool:
    return repository.startswith("private")


def _beside_private(stage: Stage) -> Outcome:
    """A private repository names a realm that says nothing; public ones want no token."""
    realm = stage.registry(silent)
    guarded = _PrivateRegistry(f'Bearer realm="http://{realm.host}/token",service="s"', private=_private)
    registry = guarded.opened(stage)
    caller = stage.caller(stage.provider(registry, realm))
    key = fact(f"{registry.host}/private/one:1")
    first = caller.ask(key)
    return outcome(
        Check(f"the private one {first.seconds:.2f} s, `{first.reason(key)}`", not first.late),
        _until_answered(caller, registry.host, "public/next"),
    )


def _broken_service(status: int) -> Callable[[Stage], Outcome]:
    def run(stage: Stage) -> Outcome:
        guarded = _PrivateRegistry('Bearer realm="REALM",service="s"', private=_private, token_status=status)
        registry = guarded.opened(stage)
        caller = stage.caller(stage.provider(registry))
        key = fact(f"{registry.host}/private/one:1")
        first = caller.ask(key)
        return outcome(
            Check(f"the private one {first.seconds:.2f} s, `{first.reason(key)}`", not first.late),
            _until_answered(caller, registry.host, "public/next"),
        )

    return run


def _attack(done: str, run: Callable[[Stage], Outcome], then: str = "the next image is answered at once") -> Attack:
    return Attack(done, then, run)


SCENE: Final = Scene(
    "challenges",
    "tokens that are asked for and not to be had",
    (
        _attack("One 401 without a realm, then none", _bad_once('Bearer service="s"')),
        _attack("One 401 whose realm nobody serves", _bad_once('Bearer realm="http://127.0.0.1:9/token",service="s"')),
        _attack("One 401 whose realm is no URL", _bad_once('Bearer realm="nowhere:\\\\\\\\[::",service="s"')),
        _attack("One 401 that wants Basic, then none", _bad_once('Basic realm="x"')),
        _attack("A realm that gave tokens is gone, and the registry names another", _moved),
        _attack(
            "A private repository's realm is silent, beside public repositories of the registry",
            _beside_private,
            "a public one is answered at once",
        ),
        _attack(
            "A token service that answers 500, beside public repositories of the registry",
            _broken_service(500),
            "a public one is answered at once",
        ),
    ),
)
