"""Proving who we are to a registry: Basic, or a bearer token from the service that the registry names.

The protocol is the distribution project's token specification: a 401 names a realm, a service and a scope; the realm
gives a token for them. The realm is text from outside. It must be reached by TLS (or be the registry itself), its
address is checked like any other, and it is shown a credential only if it belongs to the registry: the same origin,
the same domain (Docker Hub's is auth.docker.io), or a host that the settings name, for all registries or for this one.

A challenge that gave a token that was taken is remembered for a time, so that the next repository costs one request,
not two. It is forgotten as soon as it gives none: then the registry is asked without, and says anew what it wants. A
registry's one bad answer therefore spoils one question, and a private repository's none of the public ones beside it.

A scope that is not ours (`aws`, `*`, `pull,push`, another repository's) is asked for as it stands, and where that gives
nothing, ours is. A scope that names no repository is good for the whole registry, and so is its token.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from provider import json_weight, limits
from provider.cache.flight import Flights
from provider.cache.keys import ChallengeKey, TokenKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer, Operation
from provider.reasons import Reason
from provider.registry import challenge, failures, origin
from provider.registry.call import Call
from provider.registry.challenge import Challenge
from provider.registry.credentials.credential import Credential
from provider.registry.errand import Errand
from provider.registry.origin import Origin
from provider.registry.settings import RegistrySettings
from provider.registry.transport.connection import HostConnection
from provider.registry.transport.transport import Request, Response
from provider.registry.wire import Wire
from provider.steps import StepTarget

_OK: Final = 200
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_TOKEN_OVERHEAD: Final = 512
# A token is not used in its last seconds: it must still be good when it arrives.
_MARGIN: Final = 5.0
_PARENT_LABELS: Final = 2


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Who asks for what.

    Attributes:
        where: the registry.
        repository: whose content is to be read.
        credential: who we are there.
        connection: how connections to it are made; None for as to all.
    """

    where: Origin
    repository: str
    credential: Credential
    connection: HostConnection | None = None

    @property
    def scope(self) -> str:
        """What a token must allow."""
        return f"repository:{self.repository}:pull"


@dataclass(frozen=True, slots=True)
class Authorization:
    """What is shown to a registry.

    Attributes:
        header: value of the Authorization header.
        token: key of the token in it; None of a credential.
        remembered: whether the token was there before, and may have been withdrawn since.
        account: the name of the credential.
    """

    header: str
    token: TokenKey | None = None
    remembered: bool = False
    account: str = field(default="", compare=False)


class Tokens:
    """Gives the Authorization header for a repository; for one event loop."""

    def __init__(self, settings: RegistrySettings, wire: Wire, clock: Clock, observer: Observer) -> None:
        self._settings = settings
        self._wire = wire
        self._observer = observer
        self._tokens: Memory[TokenKey, str] = Memory(
            clock, limits.TOKENS_MEMORY_BYTES, lambda token: len(token) + _TOKEN_OVERHEAD
        )
        self._challenges: Memory[ChallengeKey, Challenge] = Memory(clock, limits.CHALLENGES)
        self._renewals: Memory[TokenKey, bool] = Memory(clock, limits.CHALLENGES)
        self._flights: Flights[TokenKey, str] = Flights()

    async def known(self, asker: TokenRequest, call: Call) -> Authorization | None:
        """What to show without asking the registry first; None when nothing is known of it, or there is no token."""
        remembered = self._remembered(asker)
        if remembered is None:
            return None
        try:
            async with asyncio.timeout(limits.KNOWN_REALM_SECONDS):
                return await self._authorization(remembered, asker, call)
        except (ImageError, TimeoutError):
            # What was true a while ago, of another repository, may not be of this one: ask the registry itself.
            self.forget(asker)
            return None

    def wanted(self, header: str, asker: TokenRequest) -> Sequence[Challenge]:
        """What a 401 may mean, in the order to try it; empty when it asks for nothing we have.

        Of our own repository no more is asked for than we need, unless that is not enough.

        Args:
            header: `WWW-Authenticate`.
            asker: who asks for what.
        """
        found = challenge.read(header)
        if found is None:
            return ()
        self.forget(asker)
        ours = replace(found, scope=asker.scope)
        if found.scheme == "basic" or found.scope in {"", asker.scope}:
            return (ours,)
        return (ours, found) if challenge.names_repository(found.scope, asker.repository) else (found, ours)

    async def answer(
        self, wanted: Challenge, asker: TokenRequest, call: Call, tried: Authorization | None
    ) -> Authorization | None:
        """What a challenge asks for; None when we have it not.

        Args:
            wanted: one of those of `wanted`.
            asker: who asks for what.
            call: the work that this belongs to.
            tried: what was not enough; a token in it is not used again.

        Raises:
            ImageError: `Unauthorized` when the realm may not be asked; what keeps it from giving a token.
        """
        key = self._key(wanted, asker)
        if tried is not None and tried.header == f"Bearer {self._tokens.get(key)}":
            self._tokens.discard(key)
        return await self._authorization(wanted, asker, call)

    def taken(self, wanted: Challenge, asker: TokenRequest) -> None:
        """The registry took what `answer` made of a challenge: it is asked for in the same way next time."""
        if wanted.scope == asker.scope:
            self._challenges.put(_key_of(asker), replace(wanted, scope=""), limits.CHALLENGE_SECONDS)
            return
        repository = asker.repository if challenge.names_repository(wanted.scope) else ""
        self._challenges.put(_key_of(asker, repository), wanted, limits.CHALLENGE_SECONDS)

    def forget(self, asker: TokenRequest) -> None:
        """What was known of how to ask is so no more: the registry is to say anew what it wants."""
        self._challenges.discard(_key_of(asker, asker.repository))
        self._challenges.discard(_key_of(asker))

    async def renewed(self, tried: Authorization | None, asker: TokenRequest, call: Call) -> Authorization | None:
        """Another token instead of a remembered one that a registry refused without saying what it wants.

        A token that has been renewed so is refused for another reason: it is not renewed again for a time.

        Returns:
            None where there is none to be had, or none that would help.
        """
        remembered = self._remembered(asker)
        if tried is None or tried.token is None or not tried.remembered or remembered is None:
            return None
        if tried.header == f"Bearer {self._tokens.get(tried.token)}":
            if self._renewals.get(tried.token):
                return None
            self._renewals.put(tried.token, value=True, seconds=limits.TOKEN_RENEWAL_SECONDS)
            self._tokens.discard(tried.token)
        try:
            return await self._authorization(remembered, asker, call)
        except ImageError:
            # What the registry said then stands.
            return None

    def _remembered(self, asker: TokenRequest) -> Challenge | None:
        found = self._challenges.get(_key_of(asker, asker.repository))
        found = found or self._challenges.get(_key_of(asker))
        return None if found is None else replace(found, scope=found.scope or asker.scope)

    async def _authorization(self, wanted: Challenge, asker: TokenRequest, call: Call) -> Authorization | None:
        account = asker.credential.shown_as
        if wanted.scheme == "basic":
            return Authorization(asker.credential.basic, account=account) if asker.credential.username else None
        if asker.credential.registry_token:
            # The registry's own: no token service is asked, and none sees it.
            return Authorization(f"Bearer {asker.credential.registry_token}", account=account)
        key = self._key(wanted, asker)
        token = self._tokens.get(key)
        self._observer.cache_lookup("memory", "token", "miss" if token is None else "hit")
        if token is not None:
            return Authorization(f"Bearer {token}", key, remembered=True, account=account)
        what = _token_for(asker)
        token = await call.share(
            self._flights, key, lambda: self._fetch(key, wanted, asker, call), StepTarget.TOKEN, what
        )
        return Authorization(f"Bearer {token}", key, account=account)

    @staticmethod
    def _key(wanted: Challenge, asker: TokenRequest) -> TokenKey:
        return TokenKey(wanted.realm, wanted.service, wanted.scope, asker.credential.identity)

    async def _fetch(self, key: TokenKey, wanted: Challenge, asker: TokenRequest, call: Call) -> str:
        realm = self._realm(wanted, asker)
        what = _token_for(asker)
        errand = Errand(Operation.TOKEN, what, asker.repository, limits.TOKEN_BYTES)
        led_by = asker.where.authority if realm != asker.where else ""
        connection = self._connection(realm, asker)
        request = replace(_request(wanted, realm, asker.credential), connection=connection, led_by=led_by)
        response = await self._wire.send(request, errand, call)
        if response.status != _OK:
            renewal = bool(asker.credential.identity_token)
            raise failures.of_token_status(realm.authority, what, response.status, renewal=renewal)
        token, seconds = _token(response, what)
        self._tokens.put(key, token, seconds)
        return token

    def _realm(self, wanted: Challenge, asker: TokenRequest) -> Origin:
        try:
            realm = origin.of_url(wanted.realm)
        except ValueError as error:
            raise _refused(asker, f"the token service it names is unusable: {error}") from error
        if not realm.secure and realm != asker.where and (asker.where.secure or not self._settings.plain_http(realm)):
            raise _refused(asker, "the token service it names would be asked without TLS")
        if asker.credential.confined and realm != asker.where:
            raise _refused(asker, f"its token service {realm.authority} is another host: no cloud token is shown there")
        if not (asker.credential.anonymous or self._belongs(realm, asker.where)):
            sentence = "is not shown credentials, because it is of another domain: if both are of one owner, set"
            pair = f"`credential_host` (in commands --credential-host) to {asker.where.authority}={realm.authority}"
            raise _refused(asker, f"its token service {realm.authority} {sentence} {pair}")
        return realm

    def _connection(self, realm: Origin, asker: TokenRequest) -> HostConnection | None:
        """To a token service as to its registry; our certificate is shown where credentials are."""
        if asker.connection is None or self._belongs(realm, asker.where):
            return asker.connection
        return asker.connection.elsewhere()

    def _belongs(self, realm: Origin, registry: Origin) -> bool:
        if realm == registry or self._settings.names(realm) or self._settings.shares(registry, realm):
            return True
        parent = registry.host.partition(".")[2]
        of_parent = realm.host == parent or realm.host.endswith("." + parent)
        return realm.secure and parent.count(".") + 1 >= _PARENT_LABELS and of_parent and not parent[-1:].isdigit()


def _token_for(asker: TokenRequest) -> str:
    return f"token for {asker.where.authority}/{asker.repository}"


def _key_of(asker: TokenRequest, repository: str = "") -> ChallengeKey:
    return ChallengeKey(str(asker.where), repository)


def _request(wanted: Challenge, realm: Origin, credential: Credential) -> Request:
    parts = urlsplit(wanted.realm)
    path = parts.path or "/"
    fields = {"service": wanted.service, "scope": wanted.scope}
    if credential.identity_token:
        fields |= {"grant_type": "refresh_token", "client_id": "bestbefore", "refresh_token": credential.identity_token}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        target = path + (f"?{parts.query}" if parts.query else "")
        return Request("POST", realm, target, headers, urlencode(fields).encode(), account=credential.shown_as)
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    headers = {} if credential.anonymous else {"Authorization": credential.basic}
    return Request("GET", realm, f"{path}?{query}", headers, account=credential.shown_as)


def _token(response: Response, what: str) -> tuple[str, float]:
    try:
        json_weight.check(response.body)
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        document = None
    fields = document if isinstance(document, dict) else {}
    given = (fields.get("token"), fields.get("access_token"))
    token = next((each for each in given if isinstance(each, str) and _TOKEN.fullmatch(each)), None)
    if token is None:
        raise ImageError(Reason.REGISTRY_UNAVAILABLE, f"{what}: the token service's answer has no usable token")
    return token, _lifetime(fields.get("expires_in"))


def _lifetime(given: object) -> float:
    """Seconds for which a token is used; a number of any size may be given, or none."""
    if (
        isinstance(given, bool)
        or not isinstance(given, int | float)
        or (isinstance(given, float) and math.isnan(given))
    ):
        given = limits.TOKEN_DEFAULT_SECONDS
    # Bounded first: an integer may have too many digits to be reckoned with.
    seconds = min(max(given, 0.0), limits.TOKEN_SECONDS)
    return float(max(0.0, seconds - _MARGIN))


def _refused(asker: TokenRequest, why: str) -> ImageError:
    return ImageError(Reason.UNAUTHORIZED, f"{asker.where.authority}/{asker.repository} wants a token, but {why}")
