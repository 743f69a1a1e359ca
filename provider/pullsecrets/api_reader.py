"""Asks the API server of the cluster that this process runs in, as the service account of its Pod.

It reads objects, and what that account may read. One request an object (Kubernetes API concepts, "Retrieving
resources"), over the transport that registries are asked by; whom to believe and who we are stand in files that the
kubelet mounts. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from provider import limits
from provider.clock import Clock, Deadline
from provider.errors import ImageError, SettingsError
from provider.pullsecrets import rights
from provider.pullsecrets.reader import ClusterResource, ReadError, ReadFault
from provider.registry import origin
from provider.registry.origin import Origin
from provider.registry.transport.transport import Request, Response, TooLargeError, Transport, TransportError
from provider.version import VERSION

AUTHORITY: Final = "ca.crt"
TOKEN: Final = "token"  # noqa: S105 - a file's name
_REVIEWS: Final = "authorization.k8s.io/v1"
_TOKEN_TEXT: Final = re.compile(r"[\x21-\x7e]+")
_CAUSES: Final[Mapping[int, ReadFault]] = {
    HTTPStatus.UNAUTHORIZED: ReadFault.UNKNOWN_TO_IT,
    HTTPStatus.FORBIDDEN: ReadFault.FORBIDDEN,
    HTTPStatus.NOT_FOUND: ReadFault.MISSING,
}


class ApiReader:
    """See `ClusterReader` and `RightsReader`; for one event loop.

    Args:
        transport: moves the bytes; it believes the cluster's authority and no other.
        server: the API server.
        account: folder with our token.
        clock: for every deadline.
    """

    def __init__(self, transport: Transport, server: Origin, account: Path, clock: Clock) -> None:
        self._transport = transport
        self._server = server
        self._account = account
        self._clock = clock
        self._places = asyncio.Semaphore(limits.CLUSTER_READS)

    async def read(self, resource: ClusterResource, namespace: str, name: str) -> bytes:
        """See `ClusterReader`."""
        response = await self._ask("GET", f"/api/v1/namespaces/{namespace}/{resource}/{name}")
        if response.status != HTTPStatus.OK:
            raise ReadError(_CAUSES.get(response.status, ReadFault.UNAVAILABLE))
        return response.body

    async def readable(self, namespace: str) -> frozenset[ClusterResource] | None:
        """See `RightsReader`: a SelfSubjectRulesReview, which every account may make (`system:basic-user`)."""
        review = {"apiVersion": _REVIEWS, "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
        response = await self._ask("POST", f"/apis/{_REVIEWS}/selfsubjectrulesreviews", json.dumps(review).encode())
        if response.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise ReadError(_CAUSES.get(response.status, ReadFault.UNAVAILABLE))
        return rights.readable_of(response.body)

    async def _ask(self, method: str, target: str, body: bytes = b"") -> Response:
        headers = {
            "Authorization": f"Bearer {self._token()}",
            "Accept": "application/json",
            "User-Agent": f"bestbefore/{VERSION}",
            **({"Content-Type": "application/json"} if body else {}),
        }
        request = Request(method, self._server, target, headers, body)
        async with self._places:
            deadline = Deadline.after(self._clock, limits.CLUSTER_READ_SECONDS)
            try:
                return await self._transport.send(request, limits.CLUSTER_OBJECT_BYTES, deadline)
            except TooLargeError as error:
                raise ReadError(ReadFault.TOO_LARGE) from error
            except (TransportError, ImageError) as error:
                raise ReadError(ReadFault.UNAVAILABLE) from error

    def _token(self) -> str:
        """Who we are, read each time: the kubelet replaces it within the hour."""
        try:
            with (self._account / TOKEN).open("rb") as file:
                content = file.read(limits.CLUSTER_TOKEN_BYTES + 1)
            token = content.decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ReadError(ReadFault.UNKNOWN_TO_IT) from error
        if len(content) > limits.CLUSTER_TOKEN_BYTES or not _TOKEN_TEXT.fullmatch(token):
            raise ReadError(ReadFault.UNKNOWN_TO_IT)
        return token


def server_of(environment: Mapping[str, str]) -> Origin:
    """The API server, as the kubelet names it to every container.

    Raises:
        SettingsError: this is no container of a cluster.
    """
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "443")
    try:
        return origin.of_url(f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}")
    except ValueError as error:
        sentence = "there is no API server to read them from: KUBERNETES_SERVICE_HOST names none"
        raise SettingsError([f"pull_secret_namespace: {sentence}"]) from error
