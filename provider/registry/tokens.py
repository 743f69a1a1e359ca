"""Proving who we are to a registry: Basic, or a bearer token from the service that the registry names.

The protocol is the distribution project's token specification: a 401 names a realm, a service and a scope; the realm
gives a token for them. The realm is text from outside. It must be reached by TLS (or be the registry itself), its
address is checked like any other, and it is shown a credential only if it belongs to the registry: the same origin,
the same domain (Docker Hub's is auth.docker.io), or a host that the settings name. A registry whose challenge is
known is not asked for it again: the next repository costs one request, not two.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from provider import limits
from provider.cache.flight import Flights
from provider.cache.keys import TokenKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer, Operation
from provider.reasons import Reason
from provider.registry import failures, origin
from provider.registry.call import Call
from provider.registry.credentials import Credential
from provider.registry.origin import Origin
from provider.registry.settings import RegistrySettings
from provider.registry.transport import Request, Response
from provider.registry.wire import Errand, Wire

_OK: Final = 200
_SCHEME: Final = re.compile(r"(?:^|,)\s*(bearer|basic)(?=\s|,|$)", re.IGNORECASE)
_PARAMETER: Final = re.compile(r'\s*,?\s*([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))')
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_CHALLENGES: Final = 1024
_CHALLENGE_CHARACTERS: Final = 4096
# A token is not used in its last seconds: it must still be good when it arrives.
_MARGIN: Final = 5.0
_PARENT_LABELS: Final = 2


@dataclass(frozen=True)
class Challenge:
    """What a 401 asks for.

    Attributes:
        scheme: `basic` or `bearer`.
        realm: URL of the token service.
        service: name of the registry there.
        scope: what to ask for; empty when the registry did not say.
    """

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Asker:
    """Who asks for what.

    Attributes:
        where: the registry.
        repository: path within it.
        credential: who we are there.
    """

    where: Origin
    repository: str
    credential: Credential

    @property
    def scope(self) -> str:
        """What reading the repository takes."""
        return f"repository:{self.repository}:pull"


def challenge(header: str) -> Challenge | None:
    """Read a WWW-Authenticate header; None when neither Bearer nor Basic is in it, or it is unreasonably long."""
    found = [] if len(header) > _CHALLENGE_CHARACTERS else list(_SCHEME.finditer(header))
    for wanted in ("bearer", "basic"):
        for match in found:
            if match[1].lower() == wanted:
                return _with_parameters(wanted, header, match.end())
    return None


def _with_parameters(scheme: str, header: str, position: int) -> Challenge:
    parameters: dict[str, str] = {}
    while match := _PARAMETER.match(header, position):
        value = match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
        parameters.setdefault(match[1].lower(), value)
        position = match.end()
    return Challenge(scheme, parameters.get("realm", ""), parameters.get("service", ""), parameters.get("scope", ""))


class Tokens:
    """Gives the Authorization header for a repository."""

    def __init__(self, settings: RegistrySettings, wire: Wire, clock: Clock, observer: Observer) -> None:
        self._settings = settings
        self._wire = wire
        self._observer = observer
        self._tokens: Memory[TokenKey, str] = Memory(clock, limits.TOKENS)
        self._challenges: Memory[Origin, Challenge] = Memory(clock, _CHALLENGES)
        self._flights: Flights[TokenKey, str] = Flights()

    def known(self, asker: Asker, call: Call) -> str | None:
        """The header without asking the registry first; None when nothing is known of it.

        Raises:
            ImageError: the token service gives none.
        """
        remembered = self._challenges.get(asker.where)
        if remembered is None:
            return None
        return self._header(replace(remembered, scope=asker.scope), asker, call)

    def answer(self, header: str, asker: Asker, call: Call) -> str | None:
        """The header that a 401 asks for; None when it asks for nothing we have.

        Raises:
            ImageError: `Unauthorized` when the realm may not be asked, or gives no token.
        """
        wanted = challenge(header)
        if wanted is None:
            return None
        if wanted.scope in {"", asker.scope}:
            wanted = replace(wanted, scope=asker.scope)
            self._challenges.put(asker.where, wanted)
        self._tokens.discard(self._key(wanted, asker))
        return self._header(wanted, asker, call)

    def _header(self, wanted: Challenge, asker: Asker, call: Call) -> str | None:
        if wanted.scheme == "basic":
            return None if asker.credential.anonymous else asker.credential.basic
        key = self._key(wanted, asker)
        token = self._tokens.get(key)
        self._observer.cache_lookup("memory", "token", "miss" if token is None else "hit")
        if token is None:
            token = self._flights.run(key, lambda: self._fetch(key, wanted, asker, call), call.deadline)
        return f"Bearer {token}"

    @staticmethod
    def _key(wanted: Challenge, asker: Asker) -> TokenKey:
        return TokenKey(wanted.realm, wanted.service, wanted.scope, asker.credential.identity)

    def _fetch(self, key: TokenKey, wanted: Challenge, asker: Asker, call: Call) -> str:
        realm = self._realm(wanted, asker)
        what = f"token for {asker.where.authority}/{asker.repository}"
        errand = Errand(Operation.TOKEN, what, asker.repository, limits.TOKEN_BYTES)
        response = self._wire.send(_request(wanted, realm, asker.credential), errand, call)
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
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        document = None
    fields = document if isinstance(document, dict) else {}
    token = fields.get("token") or fields.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ImageError(Reason.REGISTRY_UNAVAILABLE, f"{what}: the token service's answer has no usable token")
    seconds = fields.get("expires_in")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        seconds = limits.TOKEN_DEFAULT_SECONDS
    return token, max(0.0, min(seconds, limits.TOKEN_SECONDS) - _MARGIN)


def _refused(asker: Asker, why: str) -> ImageError:
    return ImageError(Reason.UNAUTHORIZED, f"{asker.where.authority}/{asker.repository} wants a token, but {why}")
