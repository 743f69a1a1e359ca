"""AWS KMS (`GetPublicKey`), by botocore, which signs the requests.

An endpoint that a policy names is asked only where it is one of Amazon's own, or the environment names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from gatekeeper.policy.kms_reference import AmazonKey
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey
from gatekeeper.resolution.kms.public_key import bad_answer, of_der, with_long_hash
from provider.registry import origin
from provider.registry.clouds import amazon
from provider.registry.clouds.cloud import CloudError
from provider.registry.origin import Origin

_NAME: Final = "AWS KMS"
_NOBODY: Final = f"{_NAME}: nobody is known here: there is no role, and no key in the environment"
_HTTPS: Final = 443
_HOSTS: Final = re.compile(
    r"kms(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)"
    r"|vpce-[a-z0-9-]+\.kms\.[a-z0-9-]+\.vpce\.amazonaws\.com(?:\.cn)?",
    re.ASCII,
)
_DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_ABSENT: Final = frozenset({"NotFoundException", "DisabledException", "KMSInvalidStateException"})
# Of a key without a public half ("GetPublicKey", errors).
_UNSUITED: Final = frozenset({"UnsupportedOperationException", "InvalidKeyUsageException"})


def allowed(named: frozenset[str]) -> Callable[[Origin], bool]:
    """Which hosts the library may ask.

    Args:
        named: `HOST` or `HOST:PORT` of endpoints beside Amazon's own.
    """

    def one(where: Origin) -> bool:
        if amazon.allowed(where):
            return True
        return where.secure and (
            where.authority in named or (where.port == _HTTPS and _HOSTS.fullmatch(where.host) is not None)
        )

    return one


class AmazonService:
    """Reads keys of AWS KMS.

    Args:
        client: a client of KMS in a region, by the library; the endpoint is a URL, or empty for Amazon's own.
        may_ask: whether an endpoint may be asked.
    """

    def __init__(self, client: Callable[[str, str], Any], may_ask: Callable[[Origin], bool]) -> None:
        self._client = client
        self._may_ask = may_ask

    def public_key(self, reference: AmazonKey) -> ServiceKey:
        """See `KeyService`."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415 - an extra

        try:
            found = self._client(reference.region, self._endpoint(reference.endpoint)).get_public_key(
                KeyId=reference.arn
            )
        except NoCredentialsError as error:
            raise KeyServiceError(_NOBODY) from error
        except ClientError as error:
            raise _refusal(error.response) from error
        except CloudError as error:
            raise KeyServiceError(f"{_NAME}: {error}") from error
        except (BotoCoreError, ValueError) as error:
            raise KeyServiceError(f"{_NAME}: its library failed ({type(error).__name__})") from error
        return _key(found)

    def _endpoint(self, endpoint: str) -> str:
        if not endpoint:
            return ""
        url = f"https://{endpoint}"
        try:
            where = origin.of_url(url)
        except ValueError as error:
            raise KeyServiceError(f"{_NAME}: its endpoint is no HOST:PORT") from error
        if not self._may_ask(where):
            raise KeyServiceError(
                f"{_NAME}: the endpoint {where.authority} is none of Amazon's; if it is meant to be asked, name it "
                "in the environment variable KMS_ENDPOINTS"
            )
        return url


def _key(found: Mapping[str, Any]) -> ServiceKey:
    if found.get("KeyUsage", "SIGN_VERIFY") != "SIGN_VERIFY":
        raise bad_answer(_NAME, "a key that does not sign")
    return with_long_hash(of_der(found.get("PublicKey"), _NAME))


def _refusal(response: Mapping[str, Any]) -> KeyServiceError:
    code = response.get("Error", {}).get("Code", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", "unknown")
    if code in _DENIED:
        return KeyServiceError(f"{_NAME} denies it: the role needs the right kms:GetPublicKey")
    if code in _ABSENT:
        return KeyServiceError(f"{_NAME} has no such key, or it is disabled", gone=True)
    if code in _UNSUITED:
        return bad_answer(_NAME, "a key that does not sign: it has no public half")
    return KeyServiceError(f"{_NAME} refused (status {status})")
