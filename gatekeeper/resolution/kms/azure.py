"""Key Vault and Managed HSM of Azure ("Key Vault REST API", Get Key); who we are says its own library.

A token is made for the service of one of Azure's clouds, and goes to that service's hosts alone.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

from gatekeeper.policy.kms_reference import AzureKey
from gatekeeper.resolution.kms import answers
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey
from gatekeeper.resolution.kms.public_key import bad_answer, of_der, with_long_hash
from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.web import Web
from provider.registry.origin import Origin

_NAME: Final = "Key Vault"
_VERSION: Final = "7.4"
_RIGHT: Final = "keys/get (the role Key Vault Crypto User or Reader with keys/read)"
# Each is a service of which a token may be made.
SERVICES: Final = (
    "vault.azure.net",
    "vault.azure.cn",
    "vault.usgovcloudapi.net",
    "managedhsm.azure.net",
    "managedhsm.azure.cn",
    "managedhsm.usgovcloudapi.net",
)
_COORDINATE_BYTES: Final = 66
_MODULUS_BYTES: Final = 1024


def service_of(host: str) -> str:
    """The service that a host is one of; empty for none."""
    name, _, service = host.partition(".")
    return service if name and service in SERVICES else ""


def allowed(where: Origin) -> bool:
    """Whether a token may go there."""
    return where.secure and where.port == 443 and bool(service_of(where.host))  # noqa: PLR2004 - of HTTPS


class AzureService:
    """Reads keys of Key Vaults.

    Args:
        web: sends to them.
        token: a token that is good at a service; raises `CloudError`.
    """

    def __init__(self, web: Web, token: Callable[[str], str]) -> None:
        self._web = web
        self._token = token

    def public_key(self, reference: AzureKey) -> ServiceKey:
        """See `KeyService`."""
        service = service_of(reference.host)
        if not service:
            raise KeyServiceError(f"{_NAME}: {reference.host} is none of its hosts (NAME.{SERVICES[0]})")
        try:
            headers = {"Authorization": f"Bearer {self._token(service)}"}
        except CloudError as error:
            raise KeyServiceError(f"{_NAME}: {error}") from error
        path = "/".join(part for part in ("keys", reference.name, reference.version) if part)
        url = f"https://{reference.host}/{path}?api-version={_VERSION}"
        found = answers.get(self._web, url, headers, _NAME, _RIGHT)
        return with_long_hash(of_der(_of_jwk(answers.member(found, "key")), _NAME))


def _of_jwk(key: Mapping[str, Any]) -> bytes:
    """A key of its JSON form (RFC 7518, section 6), as DER; those in an HSM are spelt with `-HSM`."""
    # cryptography costs 50 ms to import.
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    curves: dict[object, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    kind = str(key.get("kty", "")).removesuffix("-HSM")
    made: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    try:
        if kind == "EC" and isinstance(key.get("crv"), str) and key["crv"] in curves:
            x, y = (_number(key.get(name), _COORDINATE_BYTES) for name in ("x", "y"))
            made = ec.EllipticCurvePublicNumbers(x, y, curves[key["crv"]]).public_key()
        elif kind == "RSA":
            e, n = (_number(key.get(name), _MODULUS_BYTES) for name in ("e", "n"))
            made = rsa.RSAPublicNumbers(e, n).public_key()
        else:
            raise bad_answer(_NAME, "a key whose kind is not supported: EC on P-256, P-384, P-521, and RSA are")
    except ValueError as error:
        raise bad_answer(_NAME, "no key") from error
    return made.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _number(text: object, most: int) -> int:
    if not isinstance(text, str) or not text or len(text) > 2 * most:
        raise ValueError("no number")
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("no base64") from error
    return int.from_bytes(content, "big")
