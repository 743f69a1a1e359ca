"""One question to a registry, with what it takes: proof of who we are, and the redirects to where the bytes lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import paths, redirects
from provider.registry.call import Call
from provider.registry.challenge import Challenge
from provider.registry.credentials.credential import ANONYMOUS
from provider.registry.errand import Errand
from provider.registry.settings import RegistrySettings
from provider.registry.tokens import Authorization, TokenRequest, Tokens
from provider.registry.transport.transport import Request, Response
from provider.registry.wire import Wire

_UNAUTHORIZED: Final = 401
_DENIED: Final = frozenset({401, 403})
# What registries say to a token that they no longer take; of these only 401 can say what they want instead.
_REFUSED: Final = frozenset({400, 401, 403})
# Why a token service gives no token, whatever it is asked for.
_NOT_OF_SCOPE: Final = frozenset({Reason.TIMEOUT, Reason.THROTTLED, Reason.OVERLOADED, Reason.ADDRESS_REFUSED})


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A first answer that says what is wanted.

    Attributes:
        request: what was asked.
        response: what came.
        shown: what was shown and was not enough; None for nothing.
        challenges: what is wanted, in the order to try it.
    """

    request: Request
    response: Response
    shown: Authorization | None
    challenges: Sequence[Challenge]


class Exchange:
    """Asks registries; for one event loop."""

    def __init__(self, settings: RegistrySettings, wire: Wire, tokens: Tokens) -> None:
        self._settings = settings
        self._wire = wire
        self._tokens = tokens

    async def ask(self, request: Request, asker: TokenRequest, errand: Errand, call: Call) -> Response:
        """The answer to a request, whatever its status.

        Raises:
            ImageError: there was no answer, or no way to prove who we are.
        """
        if asker.credential.confined and not asker.where.secure:
            asker = replace(asker, credential=ANONYMOUS)
        request, response = await self._authorised(request, asker, errand, call)
        for _ in range(limits.REDIRECTS):
            if response.status not in redirects.STATUSES:
                break
            request = redirects.following(request, response, self._settings, errand.what)
            if request.origin == asker.where:
                response = await self._wire.send(request, errand, call)
            else:
                request, response = await self._authorised(request, self._guest(request, asker), errand, call)
        if response.status in redirects.STATUSES:
            sentence = f"{errand.what}: {asker.where.authority} redirects more than {limits.REDIRECTS} times"
            raise ImageError(Reason.REGISTRY_UNAVAILABLE, sentence)
        if response.status in _DENIED and asker.credential.absence:
            sentence = f"wants credentials, and {asker.credential.absence}"
            raise ImageError(Reason.UNAUTHORIZED, f"{errand.what}: {asker.where.authority} {sentence}")
        return response

    def _guest(self, request: Request, asker: TokenRequest) -> TokenRequest:
        """Who we are where a registry sent us: nobody, unless the settings say that its credentials are good there."""
        shown = self._settings.shares(asker.where, request.origin) and not asker.credential.confined
        repository = paths.repository(request.target) or asker.repository
        return TokenRequest(request.origin, repository, asker.credential if shown else ANONYMOUS, request.connection)

    async def _authorised(
        self, request: Request, asker: TokenRequest, errand: Errand, call: Call
    ) -> tuple[Request, Response]:
        known = await self._tokens.known(asker, call)
        first = _with(request, known)
        response = await self._wire.send(first, errand, call)
        if response.status not in _REFUSED:
            return first, response
        header = response.header("www-authenticate") if response.status == _UNAUTHORIZED else ""
        challenges = self._tokens.wanted(header, asker) if header else ()
        if challenges:
            return await self._answered(request, asker, errand, call, _Refusal(first, response, known, challenges))
        asked = first
        renewed = await self._tokens.renewed(known, asker, call)
        if renewed is not None:
            asked = _with(request, renewed)
            response = await self._wire.send(asked, errand, call)
        if response.status == _UNAUTHORIZED:
            self._tokens.forget(asker)
        return asked, response

    async def _answered(
        self, request: Request, asker: TokenRequest, errand: Errand, call: Call, refusal: _Refusal
    ) -> tuple[Request, Response]:
        """The answer after a challenge, whatever of what it may mean is enough."""
        asked, response, last = refusal.request, refusal.response, refusal.challenges[-1]
        for wanted in refusal.challenges:
            try:
                authorization = await self._tokens.answer(wanted, asker, call, refusal.shown)
            except ImageError as error:
                if wanted is last or error.reason in _NOT_OF_SCOPE:
                    raise
                continue
            if authorization is None or authorization == refusal.shown:
                continue
            asked = _with(request, authorization)
            response = await self._wire.send(asked, errand, call)
            enough = response.status not in _DENIED
            if enough or (wanted is last and response.status != _UNAUTHORIZED):
                self._tokens.taken(wanted, asker)
            if enough:
                break
        return asked, response


def _with(request: Request, authorization: Authorization | None) -> Request:
    if authorization is None:
        return request
    headers = {**request.headers, "Authorization": authorization.header}
    return replace(request, headers=headers, account=authorization.account)
