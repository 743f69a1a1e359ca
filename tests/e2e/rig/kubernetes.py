"""A client of the Kubernetes API that keeps apart what tests tell apart: admitted, denied, broken.

It speaks HTTPS itself, for tests want the status, the warnings and the time of each request as they came.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.e2e.rig.processes import POLL_SECONDS, RigError

Object = dict[str, Any]

_MANAGER = "rig"
_REQUEST_SECONDS = 60
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')
_CREATED_LATE_SECONDS = 60.0
# What the API server says where a webhook of a busy machine did not answer in time.
_WEBHOOK_LATE = "context deadline exceeded"


@dataclass(frozen=True)
class Answer:
    """What the API server said.

    Attributes:
        status: the HTTP status.
        body: the object, or the Status object that says what went wrong.
        text: the same as it came, which of a log is all there is.
        warnings: the texts of its Warning headers.
        seconds: from request to answer.
    """

    status: int
    body: Object
    text: str
    warnings: tuple[str, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it was accepted."""
        return self.status < http.client.MULTIPLE_CHOICES

    @property
    def message(self) -> str:
        """The sentence of a refusal, empty for an object."""
        return str(self.body.get("message", "")) if not self.ok else ""

    def expect_ok(self) -> Object:
        """The object.

        Raises:
            RigError: it was refused.
        """
        if not self.ok:
            raise RigError(f"the API server answered {self.status}: {self.message}")
        return self.body


@dataclass(frozen=True)
class Endpoint:
    """Where the API server is and who we are.

    Attributes:
        port: on 127.0.0.1.
        token: bearer token of a member of system:masters.
        authority: PEM of the authority that its certificate is checked against.
    """

    port: int
    token: str
    authority: str


@dataclass
class KubernetesClient:
    """One kept connection to the API server. Not to be shared between threads: `clone` it.

    Attributes:
        endpoint: the API server, and who we are.
        user: whom we play; ourselves where empty.
    """

    endpoint: Endpoint
    user: str = ""
    _plurals: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)
    _connection: http.client.HTTPSConnection | None = None

    def clone(self) -> KubernetesClient:
        """Another client of the same API server, for another thread."""
        return KubernetesClient(self.endpoint, self.user, dict(self._plurals))

    def playing(self, user: str) -> KubernetesClient:
        """Another client, whose requests are those of a user (by impersonation)."""
        return KubernetesClient(self.endpoint, user, dict(self._plurals))

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def create(self, obj: Object, *, dry_run: bool = False) -> Answer:
        """Create an object, or have its creation judged without storing it."""
        return self.request("POST", self._collection(obj), obj, query={"dryRun": "All"} if dry_run else {})

    def apply(self, obj: Object) -> Object:
        """Server-side apply; repeated for a while where the kind is not served yet, or a webhook was late.

        Raises:
            RigError: it was refused.
        """
        end = time.monotonic() + _CREATED_LATE_SECONDS
        while True:
            try:
                answer = self.try_apply(obj)
            except UnknownKindError:
                if time.monotonic() > end:
                    raise
            else:
                late = answer.status == http.client.NOT_FOUND or _WEBHOOK_LATE in answer.message
                if not late or time.monotonic() > end:
                    return answer.expect_ok()
            time.sleep(POLL_SECONDS)

    def try_apply(self, obj: Object, *, dry_run: bool = False) -> Answer:
        """Server-side apply, once."""
        query = {"fieldManager": _MANAGER, "force": "true"} | ({"dryRun": "All"} if dry_run else {})
        return self.request("PATCH", self.path(obj), obj, query=query, content_type="application/apply-patch+yaml")

    def get(self, obj: Object) -> Answer:
        """Read an object, named by what `obj` says of itself."""
        return self.request("GET", self.path(obj))

    def delete(self, obj: Object) -> Answer:
        """Delete an object without a period of grace."""
        return self.request("DELETE", self.path(obj), query={"gracePeriodSeconds": "0"})

    def patch(self, obj: Object, change: Object, subresource: str = "") -> Answer:
        """Merge a change into an object or one of its subresources."""
        path = self.path(obj) + (f"/{subresource}" if subresource else "")
        content_type = "application/merge-patch+json"
        if subresource == "ephemeralcontainers":
            content_type = "application/strategic-merge-patch+json"
        return self.request("PATCH", path, change, content_type=content_type)

    def path(self, obj: Object) -> str:
        """The URL path of an object.

        Raises:
            UnknownKindError: the API server does not serve its kind (yet).
        """
        return f"{self._collection(obj)}/{obj['metadata']['name']}"

    def _collection(self, obj: Object) -> str:
        version, kind = obj["apiVersion"], obj["kind"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        plural, namespaced = self._resource(root, kind)
        namespace = obj["metadata"].get("namespace", "default")
        return f"{root}/namespaces/{namespace}/{plural}" if namespaced else f"{root}/{plural}"

    def _resource(self, root: str, kind: str) -> tuple[str, bool]:
        if (root, kind) not in self._plurals:
            for resource in self.request("GET", root).body.get("resources", []):
                if "/" not in resource["name"]:
                    self._plurals[root, resource["kind"]] = (resource["name"], resource["namespaced"])
        try:
            return self._plurals[root, kind]
        except KeyError:
            raise UnknownKindError(f"the API server serves no kind {kind} under {root}") from None

    def request(
        self,
        method: str,
        path: str,
        body: Object | str | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Send one request; once more on a new connection where the kept one has been closed."""
        target = f"{path}?{urlencode(query)}" if query else path
        content = body if isinstance(body, str) else json.dumps(body) if body is not None else None
        headers = {"Authorization": f"Bearer {self.endpoint.token}", "Content-Type": content_type}
        if self.user:
            headers["Impersonate-User"] = self.user
        try:
            return self._exchange(method, target, content, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            self.close()
            return self._exchange(method, target, content, headers)

    def _exchange(self, method: str, target: str, content: str | None, headers: Mapping[str, str]) -> Answer:
        if self._connection is None:
            context = ssl.create_default_context(cadata=self.endpoint.authority)
            self._connection = http.client.HTTPSConnection(
                "127.0.0.1", self.endpoint.port, timeout=_REQUEST_SECONDS, context=context
            )
        started = time.monotonic()
        try:
            self._connection.request(method, target, content and content.encode(), dict(headers))
            response = self._connection.getresponse()
            text = response.read()
        except BaseException:
            self.close()
            raise
        seconds = time.monotonic() - started
        warnings = tuple(_warnings(response.headers.get_all("Warning", [])))
        return Answer(response.status, _object(text), text.decode("utf-8", "replace"), warnings, seconds)


class UnknownKindError(RigError):
    """A kind that the API server does not serve (yet)."""


def _object(text: bytes) -> Object:
    try:
        value = json.loads(text)
    except ValueError:
        return {"message": text.decode("utf-8", "replace")}
    return value if isinstance(value, dict) else {"value": value}


def _warnings(headers: list[str]) -> list[str]:
    # The client reads headers as Latin-1; the API server writes UTF-8.
    readable = [header.encode("latin-1").decode("utf-8") for header in headers]
    return [re.sub(r"\\(.)", r"\1", text) for header in readable for text in _WARNING.findall(header)]
