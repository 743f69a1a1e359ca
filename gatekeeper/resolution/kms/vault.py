"""Vault and OpenBao, transit engine, over HTTP ("Transit secrets engine (API)", `GET /transit/keys/:name`).

Where they are and who we are stands in the environment, as their own programs have it: `VAULT_ADDR`, `VAULT_TOKEN` (or
the file `~/.vault-token`, which is read each time) and `VAULT_NAMESPACE`; as cosign has it,
`TRANSIT_SECRET_ENGINE_PATH`. `VAULT_TOKEN_FILE` names another file, as a mounted Secret is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from gatekeeper.policy.kms_reference import VaultKey
from gatekeeper.resolution.kms import answers
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey
from gatekeeper.resolution.kms.public_key import bad_answer, of_der, of_pem
from provider.registry import origin
from provider.registry.clouds.web import Web
from provider.registry.origin import Origin

ADDRESS: Final = "VAULT_ADDR"
AUTHORITIES: Final = "VAULT_CACERT"
_NAME: Final = "Vault"
_TOKEN_CHARACTERS: Final = 8192
_ED25519: Final = "ed25519"
# RFC 8410, section 4: what comes before the 32 bytes of a key.
_ED25519_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
_ED25519_BYTES: Final = 32


def where(environment: Mapping[str, str]) -> Origin | None:
    """The one server that may be asked; None where the environment names none."""
    try:
        return origin.of_url(environment.get(ADDRESS, ""))
    except ValueError:
        return None


class VaultService:
    """Reads keys of the transit engine.

    Args:
        web: sends.
        environment: see above.
        home: directory with `.vault-token`.
    """

    def __init__(self, web: Web, environment: Mapping[str, str], home: Path) -> None:
        self._web = web
        self._environment = environment
        self._home = home

    def public_key(self, reference: VaultKey) -> ServiceKey:
        """See `KeyService`."""
        if where(self._environment) is None:
            raise KeyServiceError(f"{_NAME}: {ADDRESS} is not set to the URL of the server")
        engine = self._environment.get("TRANSIT_SECRET_ENGINE_PATH") or "transit"
        path = f"{engine.strip('/')}/keys/{reference.name}"
        url = f"{self._environment[ADDRESS].rstrip('/')}/v1/{quote(path)}"
        found = answers.get(self._web, url, self._headers(), _NAME, f"to read {path}")
        return _newest(answers.member(found, "data"))

    def _headers(self) -> dict[str, str]:
        headers = {"X-Vault-Request": "true", "X-Vault-Token": self._token()}
        if namespace := self._environment.get("VAULT_NAMESPACE", ""):
            headers["X-Vault-Namespace"] = namespace
        return headers

    def _token(self) -> str:
        text = self._environment.get("VAULT_TOKEN", "")
        if not text:
            path = self._environment.get("VAULT_TOKEN_FILE") or self._home / ".vault-token"
            try:
                with Path(path).open(encoding="ascii") as source:
                    text = source.read(_TOKEN_CHARACTERS + 1)
            except (OSError, UnicodeDecodeError):
                text = ""
        text = text.strip()
        if not text.isprintable() or not text.isascii() or not 0 < len(text) <= _TOKEN_CHARACTERS:
            raise KeyServiceError(
                f"{_NAME}: there is no token: VAULT_TOKEN is not set, and the file has none (VAULT_TOKEN_FILE, or "
                "~/.vault-token)"
            )
        return text


def _newest(data: Mapping[str, object]) -> ServiceKey:
    version = answers.member(answers.member(data, "keys"), str(data.get("latest_version")))
    text = version.get("public_key")
    if not isinstance(text, str) or not text:
        raise bad_answer(_NAME, "a key that does not sign: it has no public half")
    if data.get("type") != _ED25519:
        return of_pem(text, _NAME)
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_answer(_NAME, "no base64") from error
    if len(content) != _ED25519_BYTES:
        raise bad_answer(_NAME, "no Ed25519 key")
    return of_der(_ED25519_PREFIX + content, _NAME)
