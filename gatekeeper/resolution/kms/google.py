"""Cloud KMS of Google ("Cloud KMS API", `cryptoKeyVersions.getPublicKey`); who we are says its own library.

Tokens go to `cloudkms.googleapis.com` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from gatekeeper.policy.kms_reference import GoogleKey
from gatekeeper.resolution.kms import answers
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey
from gatekeeper.resolution.kms.public_key import bad_answer, of_pem, with_long_hash
from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.web import Web
from provider.registry.origin import Origin

_NAME: Final = "Cloud KMS"
_HOST: Final = "cloudkms.googleapis.com"
_LIST: Final = "cloudkms.cryptoKeyVersions.list"
_VIEW: Final = "cloudkms.cryptoKeyVersions.viewPublicKey"
_PSS: Final = "RSA_SIGN_PSS_"
_SIGNS: Final = ("EC_SIGN_", "RSA_SIGN_")


def allowed(where: Origin) -> bool:
    """Whether tokens may go there."""
    return where == Origin("https", _HOST, 443)


class GoogleService:
    """Reads keys of Cloud KMS.

    Args:
        web: sends to it.
        token: an access token; raises `CloudError`.
    """

    def __init__(self, web: Web, token: Callable[[], str]) -> None:
        self._web = web
        self._token = token

    def public_key(self, reference: GoogleKey) -> ServiceKey:
        """See `KeyService`."""
        try:
            headers = {"Authorization": f"Bearer {self._token()}"}
        except CloudError as error:
            raise KeyServiceError(f"{_NAME}: {error}") from error
        version = reference.version or self._newest(reference.name, headers)
        found = self._get(f"{reference.name}/cryptoKeyVersions/{version}/publicKey", headers, _VIEW)
        algorithm = str(found.get("algorithm", ""))
        if algorithm.startswith(_PSS):
            raise bad_answer(_NAME, "a key that signs with PSS, and such signatures are never taken")
        if algorithm and not algorithm.startswith(_SIGNS):
            raise bad_answer(_NAME, "a key that does not sign as images are signed")
        return with_long_hash(of_pem(found.get("pem"), _NAME))

    def _newest(self, name: str, headers: Mapping[str, str]) -> int:
        """The number of the newest version that is enabled."""
        query = urlencode({"filter": "state=ENABLED", "orderBy": "name desc"})
        found = self._get(f"{name}/cryptoKeyVersions?{query}", headers, _LIST).get("cryptoKeyVersions")
        numbers = [_number(each) for each in found] if isinstance(found, list) else []
        if not any(numbers):
            raise KeyServiceError(f"{_NAME}: no version of the key is enabled", gone=True)
        return max(numbers)

    def _get(self, path: str, headers: Mapping[str, str], right: str) -> Mapping[str, Any]:
        path, mark, query = path.partition("?")
        return answers.get(self._web, f"https://{_HOST}/v1/{quote(path)}{mark}{query}", headers, _NAME, right)


def _number(version: object) -> int:
    """Of a version that may be used its number, else 0."""
    if not isinstance(version, dict) or version.get("state") != "ENABLED":
        return 0
    number = str(version.get("name", "")).rpartition("/")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0  # noqa: PLR2004 - digits
