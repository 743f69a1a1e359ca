"""All key management services behind one face; what belongs to one is imported when the first key of it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from gatekeeper.policy.kms_reference import AmazonKey, AzureKey, GoogleKey, KmsReference, VaultKey
from gatekeeper.resolution.kms.key_service import KeyService, KeyServiceError, ServiceKey
from provider.registry.clouds.hush import Hush
from provider.registry.clouds.web import FixedWeb, Web
from provider.registry.origin import Origin

# Endpoints of KMS that may be asked beside the clouds' own, `HOST` or `HOST:PORT`, separated by commas.
ENDPOINTS: Final = "KMS_ENDPOINTS"

Allowed = Callable[[Origin], bool]


class KeyServices:
    """Reads keys of whichever service a reference names; on one thread at a time.

    Args:
        environment: says where Vault is, and which endpoints may be asked; the clouds' libraries read their own
            variables.
        web: makes what sends to some hosts, by whom they must be certified: a PEM file, or None for everybody's.
        home: directory with Vault's token.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        web: Callable[[Allowed, str | None], Web],
        home: Path,
    ) -> None:
        self._environment = environment
        self._web = web
        self._home = home
        self._hush = Hush()
        self._amazon: KeyService[AmazonKey] | None = None
        self._azure: KeyService[AzureKey] | None = None
        self._google: KeyService[GoogleKey] | None = None

    def public_key(self, reference: KmsReference) -> ServiceKey:
        """See `KeyService`."""
        with self._hush.thread():
            try:
                return self._read(reference)
            except KeyServiceError:
                raise
            except Exception as error:
                # Whatever a library raises: its message may have a secret in it.
                raise KeyServiceError(f"the library of the service failed ({type(error).__name__})") from error

    def _read(self, reference: KmsReference) -> ServiceKey:
        match reference:
            case AmazonKey():
                self._amazon = self._amazon or self._of_amazon()
                return self._amazon.public_key(reference)
            case AzureKey():
                self._azure = self._azure or self._of_azure()
                return self._azure.public_key(reference)
            case GoogleKey():
                self._google = self._google or self._of_google()
                return self._google.public_key(reference)
            case VaultKey():
                return self._of_vault().public_key(reference)

    def _of_amazon(self) -> KeyService[AmazonKey]:
        from gatekeeper.resolution.kms import amazon  # noqa: PLC0415 - see above
        from provider.registry.clouds.amazon import EXTRA, AmazonLibrary  # noqa: PLC0415 - see above

        _require(EXTRA, "ecr")
        texts = self._environment.get(ENDPOINTS, "").split(",")
        may_ask = amazon.allowed(frozenset(each.strip().lower() for each in texts if each.strip()))
        library = AmazonLibrary(self._web(may_ask, None))
        return amazon.AmazonService(
            lambda region, endpoint: library.client("kms", region, **({"endpoint_url": endpoint} if endpoint else {})),
            may_ask,
        )

    def _of_azure(self) -> KeyService[AzureKey]:
        from gatekeeper.resolution.kms import azure  # noqa: PLC0415 - see above
        from provider.registry.clouds.azure import EXTRA, AzureLibrary, allowed  # noqa: PLC0415 - see above

        _require(EXTRA, "azure")
        identities = self._web(allowed, None)
        libraries = {each: AzureLibrary(identities, f"https://{each}/.default") for each in azure.SERVICES}
        return azure.AzureService(self._web(azure.allowed, None), lambda service: libraries[service].token().text)

    def _of_google(self) -> KeyService[GoogleKey]:
        from gatekeeper.resolution.kms import google  # noqa: PLC0415 - see above
        from provider.registry.clouds.google import EXTRA, GoogleLibrary, allowed  # noqa: PLC0415 - see above

        _require(EXTRA, "google")
        library = GoogleLibrary(self._web(allowed, None))
        return google.GoogleService(self._web(google.allowed, None), library.access_token)

    def _of_vault(self) -> KeyService[VaultKey]:
        from gatekeeper.resolution.kms import vault  # noqa: PLC0415 - see above

        there = vault.where(self._environment)
        web = self._web(lambda where: where == there, self._environment.get(vault.AUTHORITIES))
        return vault.VaultService(web, self._environment, self._home)


def _require(module: str, extra: str) -> None:
    try:
        found = find_spec(module) is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise KeyServiceError(f"the library of the service is not installed: pip install 'bestbefore[{extra}]'")


def of_environment(environment: Mapping[str, str]) -> KeyServices:
    """The services as this process may reach them.

    Args:
        environment: its variables.
    """
    import certifi  # noqa: PLC0415 - only policies with such keys need it

    def web(allowed: Allowed, authorities: str | None) -> Web:
        chosen = authorities or environment.get("SSL_CERT_FILE") or certifi.where()
        return FixedWeb(allowed, Path(chosen))

    return KeyServices(environment, web, Path(environment.get("HOME") or "/"))
