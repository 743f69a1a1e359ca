"""ACR, by azure-identity: the workload identity of a service account, or the node's managed identity.

It gives a token of Entra ID that is good at registries alone. A registry exchanges it for a refresh token of its own
("Azure Container Registry: authentication", `POST /oauth2/exchange`): that is asked as registries are always asked,
with all checks of addresses, by libcurl.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlencode

import requests
import urllib3
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from provider import json_weight, limits
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.registry.clouds.cloud import AccessToken, CloudError, CloudToken
from provider.registry.clouds.names import AZURE_HOSTS, AZURE_METADATA
from provider.registry.clouds.places import CloudName, CloudPlace
from provider.registry.clouds.threads import CloudThreads
from provider.registry.clouds.web import Web
from provider.registry.credentials.credential import Credential
from provider.registry.origin import Origin
from provider.registry.transport.transport import Request, Response, Transport, TransportError

EXTRA: Final = "azure.identity"
# The audience of registries, in all of Azure's clouds: at other services of Azure the token is good for nothing.
_SCOPE: Final = "https://containerregistry.azure.net/.default"
_WORKLOAD: Final = "AZURE_FEDERATED_TOKEN_FILE"
_NOBODY: Final = (
    "nobody is known here: give the Pod the label azure.workload.identity/use and its service account the annotation "
    "azure.workload.identity/client-id, and let that identity trust this cluster; or give the node an identity"
)
_OK: Final = 200
_DENIED: Final = frozenset({400, 401, 403})
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def allowed(where: Origin) -> bool:
    """Whether Azure's library may ask there."""
    if where.scheme == "http":
        return where.port == 80 and where.host in AZURE_METADATA  # noqa: PLR2004 - of HTTP
    return where.port == 443 and where.host in AZURE_HOSTS  # noqa: PLR2004 - of HTTPS


class AzureLibrary:
    """Fetches tokens of Entra ID; on one thread at a time.

    Args:
        web: sends.
        scope: the service that the tokens are good at; registries by default.
    """

    def __init__(self, web: Web, scope: str = _SCOPE) -> None:
        self._web = web
        self._scope = scope
        self._credential: Any = None

    def token(self) -> AccessToken:
        """A token that says who we are to the service; the library keeps it until shortly before its end.

        Raises:
            CloudError: there is none.
        """
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - an extra

        try:
            self._credential = self._credential or self._begun()
            found = self._credential.get_token(self._scope)
        except (AzureError, ValueError) as error:
            raise CloudError(_NOBODY) from error
        return AccessToken(found.token, float(found.expires_on))

    def _begun(self) -> Any:  # noqa: ANN401 - only there with the extra
        from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415 - as above
        from azure.identity import ManagedIdentityCredential, WorkloadIdentityCredential  # noqa: PLC0415 - as above

        session = requests.Session()
        session.trust_env = False
        session.adapters.clear()
        session.mount("http", _Adapter(self._web))
        options: dict[str, Any] = {
            "transport": RequestsTransport(session=session, session_owner=False),
            "retry_total": 0,
        }
        if os.environ.get(_WORKLOAD):
            return WorkloadIdentityCredential(**options)
        return ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID"), **options)


class _Adapter(BaseAdapter):
    """What requests sends with."""

    def __init__(self, web: Web) -> None:
        super().__init__()
        self._web = web

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """See `requests.adapters.BaseAdapter`."""
        answer = self._web.send(request.method or "GET", request.url or "", dict(request.headers), request.body)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.raw = urllib3.HTTPResponse(
            BytesIO(answer.body), headers=answer.headers, status=answer.status, preload_content=False
        )
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None:
        """See `requests.adapters.BaseAdapter`."""


class AzureCloud:
    """Gives refresh tokens of registries; for one event loop.

    Args:
        identity: says who we are to registries; blocks.
        threads: where it runs.
        transport: asks registries.
        clock: for how long they may take.
    """

    name: Final = CloudName.AZURE

    def __init__(
        self, identity: Callable[[], AccessToken], threads: CloudThreads, transport: Transport, clock: Clock
    ) -> None:
        self._identity = identity
        self._threads = threads
        self._transport = transport
        self._clock = clock

    async def token(self, place: CloudPlace) -> CloudToken:
        """See `Cloud`."""
        identity = await self._threads.run(self.name, self._identity)
        fields = {"grant_type": "access_token", "service": place.host, "access_token": identity.text}
        request = Request(
            "POST", Origin("https", place.host, 443), "/oauth2/exchange", _FORM, urlencode(fields).encode()
        )
        deadline = Deadline.after(self._clock, limits.CLOUD_SECONDS)
        try:
            response = await self._transport.send(request, limits.TOKEN_BYTES, deadline)
        except (TransportError, ImageError) as error:
            raise CloudError(f"{place.host} cannot be reached, or did not answer in time") from error
        return self._read(response, place)

    def _read(self, response: Response, place: CloudPlace) -> CloudToken:
        if response.status in _DENIED:
            raise CloudError(f"{place.host} does not take this identity: give it the role AcrPull there")
        if response.status != _OK:
            raise CloudError(f"{place.host} exchanges no token (status {response.status})")
        refresh = _document(response.body).get("refresh_token")
        if not isinstance(refresh, str) or not 0 < len(refresh) <= limits.CREDENTIAL_CHARACTERS:
            raise CloudError(f"{place.host} answered with no usable token")
        name = self.name.value
        principal = f"{name} {place.host} {os.environ.get('AZURE_CLIENT_ID', '')}"
        credential = Credential(identity_token=refresh, principal=principal, confined=True, name=name)
        return CloudToken(credential, self._end(refresh))

    def _end(self, refresh: str) -> float:
        """Until when a refresh token is good, as it says itself (RFC 7519, section 4.1.4)."""
        claims = refresh.split(".")[1] if refresh.count(".") == 2 else ""  # noqa: PLR2004 - three parts
        try:
            ends = _document(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))).get("exp")
        except (binascii.Error, ValueError):
            ends = None
        if isinstance(ends, bool) or not isinstance(ends, int | float):
            return self._clock.now() + limits.CLOUD_TOKEN_DEFAULT_SECONDS
        return float(min(ends, self._clock.now() + limits.CLOUD_TOKEN_SECONDS))


def _document(text: bytes) -> Mapping[str, Any]:
    try:
        json_weight.check(text)
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
