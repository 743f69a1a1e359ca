"""Proving who we are to a registry: Basic, or a bearer token from the service that the registry names.

The protocol is the distribution project's token specification: a 401 names a realm, a service and a scope; the realm
gives a token for them. The realm is text from outside. It must be reached by TLS (or be the registry itself), its
address is checked like any other, and it is shown a credential only if it belongs to the registry: the same origin,
the same domain (Docker Hub's is auth.docker.io), or a host that the settings name.

A challenge that gave a token that was taken is remembered for a time, so that the next repository costs one request,
not two. It is forgotten as soon as it gives none: then the registry is asked without, and says anew what it wants. A
registry's one bad answer therefore spoils one question, and a private repository's none of the public ones beside it.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from provider import json_weight, limits
from provider.cache.flight import Flights
from provider.cache.keys import TokenKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer, Operation
from provider.reasons import Reason
from provider.registry import challenge, failures, origin
from provider.registry.call import Call
from provider.registry.challenge import Challenge
from provider.registry.credentials import Credential
from provider.registry.origin import Origin
from provider.registry.settings import RegistrySettings
from provider.registry.transport import Request, Response
from provider.registry.wire import Errand, Wire

_OK: Final = 200
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_TOKEN_OVERHEAD: Final = 512
# A token is not used in its last seconds: it must still be good when it arrives.
_MARGIN: Final = 5.0
_PARENT_LABELS: Final = 2


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for what.

    Attributes:
        where: the registry.
        repository: whose content is to be read.
        credential: who we are there.
    """

    where: Origin
    repository: str
    credential: Credential

    @property
    def scope(self) -> str:
        """What a token must allow."""
        return f"repository:{self.repository}:pull"


class Tokens:
    """Gives the Authorization header for a repository; for one event loop."""

    def __init__(self, settings: RegistrySettings, wire: Wire, clock: Clock, observer: Observer) -> None:
        self._settings = settings
        self._wire = wire
        self._observer = observer
        self._tokens: Memory[TokenKey, str] = Memory(
            clock, limits.TOKENS_MEMORY_BYTES, lambda token: len(token) + _TOKEN_OVERHEAD
        )
        self._challenges: Memory[Origin, Challenge] = Memory(clock, limits.CHALLENGES)
        self._flights: Flights[TokenKey, str] = Flights()

    async def known(self, asker: Asker, call: Call) -> str | None:
        """The header without asking the registry first; None when nothing is known of it, or no token is to be had."""
        remembered = self._challenges.get(asker.where)
        if remembered is None:
            return None
        try:
            async with asyncio.timeout(limits.KNOWN_REALM_SECONDS):
                return await self._header(replace(remembered, scope=asker.scope), asker, call)
        except (ImageError, TimeoutError):
            # What was true a while ago, of another repository, may not be of this one: ask the registry itself.
            self._challenges.discard(asker.where)
            return None

    async def answer(self, header: str, asker: Asker, call: Call, tried: str | None) -> str | None:
        """The header that a 401 asks for; None when it asks for nothing we have.

        Args:
            header: `WWW-Authenticate`.
            asker: who asks for what.
            call: the work that this belongs to.
            tried: the header that was not enough; a token in it is not used again.

        Raises:
            ImageError: `Unauthorized` when the realm may not be asked; what keeps it from giving a token.
        """
        self._challenges.discard(asker.where)
        wanted = challenge.read(header)
        if wanted is None:
            return None
        if not wanted.scope:
            wanted = replace(wanted, scope=asker.scope)
        key = self._key(wanted, asker)
        if tried == f"Bearer {self._tokens.get(key)}":
            self._tokens.discard(key)
        return await self._header(wanted, asker, call)

    def taken(self, header: str, asker: Asker) -> None:
        """The registry took what `answer` made of a challenge: it is asked for in the same way next time."""
        wanted = challenge.read(header)
        if wanted is not None and wanted.scope in {"", asker.scope}:
            self._challenges.put(asker.where, replace(wanted, scope=""), limits.CHALLENGE_SECONDS)

    async def _header(self, wanted: Challenge, asker: Asker, call: Call) -> str | None:
        if wanted.scheme == "basic":
            return None if asker.credential.anonymous else asker.credential.basic
        key = self._key(wanted, asker)
        token = self._tokens.get(key)
        self._observer.cache_lookup("memory", "token", "miss" if token is None else "hit")
        if token is None:
            token = await self._flights.run(
                key, lambda: self._fetch(key, wanted, asker, call), call.claim, call.deadline
            )
        return f"Bearer {token}"

    @staticmethod
    def _key(wanted: Challenge, asker: Asker) -> TokenKey:
        return TokenKey(wanted.realm, wanted.service, wanted.scope, asker.credential.identity)

    async def _fetch(self, key: TokenKey, wanted: Challenge, asker: Asker, call: Call) -> str:
        realm = self._realm(wanted, asker)
        what = f"token for {asker.where.authority}/{asker.repository}"
        errand = Errand(Operation.TOKEN, what, asker.repository, limits.TOKEN_BYTES)
        response = await self._wire.send(_request(wanted, realm, asker.credential), errand, call)
        if response.status != _OK:
            raise failures.of_status(realm.authority, what, response.status)
        token, seconds = _token(response, what)
        self._tokens.put(key, token, seconds)
        return token

    def _realm(self, wanted: Challenge, asker: Asker) -> Origin:
        try:
            realm = origin.of_url(wanted.realm)
        except ValueError as error:
            raise _refused(asker, f"the token service it names is unusable: {error}") from error
        if not realm.secure and realm != asker.where and (asker.where.secure or not self._settings.plain_http(realm)):
            raise _refused(asker, "the token service it names would be asked without TLS")
        if not (asker.credential.anonymous or self._belongs(realm, asker.where)):
            sentence = "is not shown credentials, for it is of another domain: name it in the provider's settings"
            raise _refused(asker, f"its token service {realm.authority} {sentence}")
        return realm

    def _belongs(self, realm: Origin, registry: Origin) -> bool:
        if realm == registry or self._settings.names(realm):
            return True
        parent = registry.host.partition(".")[2]
        of_parent = realm.host == parent or realm.host.endswith("." + parent)
        return realm.secure and parent.count(".") + 1 >= _PARENT_LABELS and of_parent and not parent[-1:].isdigit()


def _request(wanted: Challenge, realm: Origin, credential: Credential) -> Request:
    parts = urlsplit(wanted.realm)
    path = parts.path or "/"
    fields = {"service": wanted.service, "scope": wanted.scope}
    if credential.identity_token:
        fields |= {"grant_type": "refresh_token", "client_id": "bestbefore", "refresh_token": credential.identity_token}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        target = path + (f"?{parts.query}" if parts.query else "")
        return Request("POST", realm, target, headers, urlencode(fields).encode())
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    headers = {} if credential.anonymous else {"Authorization": credential.basic}
    return Request("GET", realm, f"{path}?{query}", headers)


def _token(response: Response, what: str) -> tuple[str, float]:
    try:
        json_weight.check(response.body)
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        document = None
    fields = document if isinstance(document, dict) else {}
    token = fields.get("token") or fields.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ImageError(Reason.REGISTRY_UNAVAILABLE, f"{what}: the token service's answer has no usable token")
    return token, _lifetime(fields.get("expires_in"))


def _lifetime(told: object) -> float:
    """Seconds for which a token is used; a number of any size may be told, or none."""
    if isinstance(told, bool) or not isinstance(told, int | float) or (isinstance(told, float) and math.isnan(told)):
        told = limits.TOKEN_DEFAULT_SECONDS
    # Bounded first: an integer may have too many digits to be reckoned with.
    seconds = min(max(told, 0.0), limits.TOKEN_SECONDS)
    return float(max(0.0, seconds - _MARGIN))


def _refused(asker: Asker, why: str) -> ImageError:
    return ImageError(Reason.UNAUTHORIZED, f"{asker.where.authority}/{asker.repository} wants a token, but {why}")
