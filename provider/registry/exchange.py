"""One question to a registry, with what it takes: proof of who we are, and the redirects to where the bytes lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import redirects
from provider.registry.call import Call
from provider.registry.settings import RegistrySettings
from provider.registry.tokens import Asker, Tokens
from provider.registry.transport import Request, Response
from provider.registry.wire import Errand, Wire

_UNAUTHORIZED: Final = 401
_DENIED: Final = frozenset({401, 403})


class Exchange:
    """Asks registries; for one event loop."""

    def __init__(self, settings: RegistrySettings, wire: Wire, tokens: Tokens) -> None:
        self._settings = settings
        self._wire = wire
        self._tokens = tokens

    async def ask(self, request: Request, asker: Asker, errand: Errand, call: Call) -> Response:
        """The answer to a request, whatever its status.

        Raises:
            ImageError: there was no answer, or no way to prove who we are.
        """
        request, response = await self._authorised(request, asker, errand, call)
        for _ in range(limits.REDIRECTS):
            if response.status not in redirects.STATUSES:
                break
            request = redirects.following(request, response, self._settings, errand.what)
            response = await self._wire.send(request, errand, call)
        if response.status in redirects.STATUSES:
            sentence = f"{errand.what}: {asker.where.authority} redirects more than {limits.REDIRECTS} times"
            raise ImageError(Reason.REGISTRY_UNAVAILABLE, sentence)
        if response.status in _DENIED and asker.credential.helper:
            sentence = (
                "has credentials in a credential helper, which is a program and not run here: name them in `auths`"
            )
            raise ImageError(Reason.UNAUTHORIZED, f"{errand.what}: {asker.where.authority} {sentence}")
        return response

    async def _authorised(self, request: Request, asker: Asker, errand: Errand, call: Call) -> tuple[Request, Response]:
        known = await self._tokens.known(asker, call)
        first = _with(request, known)
        response = await self._wire.send(first, errand, call)
        if response.status != _UNAUTHORIZED:
            return first, response
        header = response.header("www-authenticate")
        wanted = await self._tokens.answer(header, asker, call, known)
        if wanted is None or wanted == known:
            return first, response
        second = _with(request, wanted)
        answer = await self._wire.send(second, errand, call)
        if answer.status != _UNAUTHORIZED:
            self._tokens.taken(header, asker)
        return second, answer


def _with(request: Request, authorization: str | None) -> Request:
    if authorization is None:
        return request
    return replace(request, headers={**request.headers, "Authorization": authorization})
