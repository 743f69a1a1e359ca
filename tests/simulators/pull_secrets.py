"""Secrets and service accounts of a cluster in memory, as the API server sends them.

    cluster = ClusterObjects()
    cluster.secret("shop", "regcred", {"reg.io": ("puller", "secret")})
    cluster.account("shop", "web", "regcred")
    cluster.fail("shop", "regcred", ReadFault.FORBIDDEN)

What was read stands in `reads`: `secrets shop/regcred`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

from provider.pullsecrets.reader import ClusterResource, ReadError, ReadFault

JSON_TYPE = "kubernetes.io/dockerconfigjson"
OLDER_TYPE = "kubernetes.io/dockercfg"


class ClusterObjects:
    """See `provider.pullsecrets.reader.ClusterReader`."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.delay = 0.0
        self._objects: dict[tuple[ClusterResource, str, str], bytes] = {}
        self._failures: dict[tuple[str, str], ReadFault] = {}

    def secret(self, namespace: str, name: str, users: Mapping[str, tuple[str, str]]) -> None:
        """Hold a pull secret: user and password by registry."""
        self.hold(ClusterResource.SECRET, namespace, name, secret_object(JSON_TYPE, {"auths": auths(users)}))

    def account(self, namespace: str, name: str, *pull_secrets: str) -> None:
        """Hold a service account with these `imagePullSecrets`."""
        listed = [{"name": each} for each in pull_secrets]
        self.hold(
            ClusterResource.SERVICE_ACCOUNT, namespace, name, {"kind": "ServiceAccount", "imagePullSecrets": listed}
        )

    def hold(self, resource: ClusterResource, namespace: str, name: str, document: Mapping[str, Any] | bytes) -> None:
        """Hold an object as it is."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self._objects[resource, namespace, name] = body

    def forget(self, resource: ClusterResource, namespace: str, name: str) -> None:
        """Lose an object."""
        del self._objects[resource, namespace, name]

    def fail(self, namespace: str, name: str, cause: ReadFault | None) -> None:
        """Give no object of this name, for this cause; for None give it again."""
        if cause is None:
            self._failures.pop((namespace, name), None)
        else:
            self._failures[namespace, name] = cause

    async def read(self, resource: ClusterResource, namespace: str, name: str) -> bytes:
        """See `ClusterReader`."""
        self.reads.append(f"{resource} {namespace}/{name}")
        await asyncio.sleep(self.delay)
        if cause := self._failures.get((namespace, name)):
            raise ReadError(cause)
        if (resource, namespace, name) not in self._objects:
            raise ReadError(ReadFault.MISSING)
        return self._objects[resource, namespace, name]


def auths(users: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The member `auths` of a Docker configuration."""
    return {
        host: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
        for host, (user, password) in users.items()
    }


def secret_object(kind: str, content: object) -> dict[str, Any]:
    """A Secret of a type, whose content is JSON, or bytes as they are."""
    key = ".dockercfg" if kind == OLDER_TYPE else ".dockerconfigjson"
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return {"kind": "Secret", "apiVersion": "v1", "type": kind, "data": {key: base64.b64encode(raw).decode()}}
