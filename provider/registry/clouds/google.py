"""Artifact Registry and Container Registry, by google-auth: the service account that GKE or the node gives.

Asked is the metadata server alone; no files, and no programs that such a file may name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from provider.registry.clouds.cloud import CloudError, CloudToken
from provider.registry.clouds.names import GOOGLE_METADATA
from provider.registry.clouds.places import CloudName, CloudPlace
from provider.registry.clouds.web import Web, WebAnswer
from provider.registry.credentials.credential import Credential
from provider.registry.origin import Origin

EXTRA: Final = "google.auth"
# "Configure authentication to Artifact Registry for Docker": the user of an access token.
_USER: Final = "oauth2accesstoken"
_NOBODY: Final = (
    "the metadata server gives no token here: does the node pool have Workload Identity, and the service account "
    "an account of IAM?"
)


def allowed(where: Origin) -> bool:
    """Whether Google's library may ask there."""
    return where.scheme == "http" and where.port == 80 and where.host in GOOGLE_METADATA  # noqa: PLR2004 - of HTTP


class GoogleLibrary:
    """Fetches access tokens; on one thread at a time.

    Args:
        web: sends.
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    def token(self, place: CloudPlace) -> CloudToken:  # noqa: ARG002 - the same everywhere
        """A token for all registries of Google that we may read.

        Raises:
            CloudError: there is none.
        """
        return self._token()

    def access_token(self) -> str:
        """A token for all services of Google that we may use.

        Raises:
            CloudError: there is none.
        """
        return self._token().credential.password

    def _token(self) -> CloudToken:
        from google.auth.compute_engine import Credentials  # noqa: PLC0415 - an extra
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - as above

        credentials: Any = Credentials()
        try:
            credentials.refresh(self._request)
        except GoogleAuthError as error:
            raise CloudError(_NOBODY) from error
        text, expiry = credentials.token, credentials.expiry
        if not isinstance(text, str) or not text or not isinstance(expiry, dt.datetime):
            raise CloudError("the metadata server answered with no usable token")
        name = CloudName.GOOGLE.value
        principal = f"{name} {credentials.service_account_email}"
        credential = Credential(_USER, text, principal=principal, confined=True, name=name)
        return CloudToken(credential, expiry.replace(tzinfo=expiry.tzinfo or dt.UTC).timestamp())

    def _request(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> _Response:
        """As `google.auth.transport.Request` says."""
        return _Response(self._web.send(method, url, headers or {}, body))


class _Response:
    """As `google.auth.transport.Response` says."""

    def __init__(self, answer: WebAnswer) -> None:
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.headers.items()}
        self.data = answer.body
