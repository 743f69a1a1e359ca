"""Who we are to a registry."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Credential:
    """Who we are to a registry; secrets stay out of `repr`.

    Attributes:
        username: empty for nobody.
        password: of the user.
        identity_token: refresh token of the registry's token service, instead of a password.
        registry_token: bearer token that the registry itself takes, without a token service.
        name: where it stands, `auths[reg.io] of config.json`; says nothing of the secret, and is no part of who we are.
        principal: who it is by a name that lasts, where secrets come and go; empty where the secret says who.
        confined: whether it is shown to the registry itself alone, whatever settings say of its token service.
        absence: why who was to say gave nobody, after "it wants credentials, and"; empty where nobody was to.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    principal: str = ""
    confined: bool = False
    absence: str = ""
    name: str = field(default="", compare=False)

    @property
    def anonymous(self) -> bool:
        """Whether there is nothing to prove."""
        return not (self.username or self.identity_token or self.registry_token)

    @property
    def shown_as(self) -> str:
        """Its name, for people."""
        return "anonymous" if self.anonymous else self.name or "without a name"

    @property
    def identity(self) -> str:
        """Stands for the credential in cache keys: equal for equal ones, and reveals nothing about the secret."""
        if self.anonymous:
            return "anonymous"
        if self.principal:
            # Apart by its form: what somebody writes as a user and password is nobody's principal.
            return "principal " + hashlib.sha256(_bytes(self.principal)).hexdigest()
        parts = (self.username, self.password, self.identity_token, self.registry_token)
        return hashlib.sha256(_bytes("\0".join(parts))).hexdigest()

    @property
    def basic(self) -> str:
        """Value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(_bytes(f"{self.username}:{self.password}")).decode()


ANONYMOUS: Final = Credential()


def _bytes(text: str) -> bytes:
    """As it was given: a password in another encoding than UTF-8 is sent in its own bytes."""
    return text.encode("utf-8", "surrogateescape")
