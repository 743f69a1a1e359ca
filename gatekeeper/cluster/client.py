"""The Kubernetes API by lightkube, the only place that knows it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx2
import msgspec
from lightkube import ApiError, ConfigError
from lightkube.config.client_adapter import ConnectionParams
from lightkube.core.generic_client import ALL_NS, GenericSyncClient
from lightkube.generic_resource import GenericGlobalResource, GenericNamespacedResource, create_api_info
from lightkube.types import PatchType

from gatekeeper.cluster import limits
from gatekeeper.cluster.access import Access
from gatekeeper.cluster.api import Object, ObjectPage, WatchEvent, WatchKind
from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterError,
    ClusterUnavailableError,
    ConflictError,
    ObjectAbsentError,
    ObjectInvalidError,
    VersionGoneError,
)
from gatekeeper.cluster.resource import Resource
from provider.foreign_text import shown

_FIELD_MANAGER: Final = "bestbefore"
_ERRORS: Final[Mapping[int, type[ClusterError]]] = {
    400: ObjectInvalidError,
    401: AccessDeniedError,
    403: AccessDeniedError,
    404: ObjectAbsentError,
    405: ObjectAbsentError,
    409: ConflictError,
    410: VersionGoneError,
    413: ObjectInvalidError,
    422: ObjectInvalidError,
}
# What the API server says when a webhook refuses; its code is the webhook's, mostly 403.
_REFUSAL: Final = "admission webhook "


class LightkubeApi:
    """Implements `gatekeeper.cluster.api.KubernetesApi`; several threads may use it.

    Args:
        access: the way to the API server.

    Raises:
        NoClusterError: its certificates cannot be used.
    """

    def __init__(self, access: Access) -> None:
        with _translated("reach the API server"):
            self._client = _client(access, limits.READ_SECONDS, limits.CALL_SECONDS, limits.ANSWER_BYTES)
            # A watch lasts, and each of its objects has a bound of its own.
            self._watching = _client(access, limits.WATCH_SILENCE_SECONDS, 2.0 * limits.WATCH_SECONDS, None)

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object:
        """One object; see the Protocol."""
        with _translated(f"get {_place(resource, namespace)} {name}"):
            return self._request("get", resource, namespace, name=name)

    def pages(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> Iterator[ObjectPage]:
        """All objects, a page at a time; see the Protocol."""
        call = f"list {_place(resource, namespace)}"
        parameters = {
            "limit": resource.page,
            "labelSelector": labels or None,
            "fieldSelector": fields or None,
        }
        where = (namespace or ALL_NS) if resource.namespaced else None
        request = self._client.prepare_request("list", _model(resource), namespace=where, params=parameters)
        chunks = self._client.list_chunks(request)
        for _ in range(limits.PAGES):
            with _translated(call):
                chunk = next(chunks, None)
                objects = [_object(each) for each in chunk[1]] if chunk else []
            if chunk is None:
                return
            yield ObjectPage(objects, chunk[0] or "")
        raise ClusterUnavailableError(f"{call}: more than {limits.PAGES} pages")

    def create(self, resource: Resource, body: Object) -> Object:
        """A new object; see the Protocol."""
        with _translated(f"create {_described(resource, body)}"):
            return self._write("post", resource, body)

    def replace(self, resource: Resource, body: Object) -> Object:
        """Write an object over another; see the Protocol."""
        with _translated(f"replace {_described(resource, body)}"):
            return self._write("put", resource, body)

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()  # type: ignore[no-untyped-call]
        self._watching.close()  # type: ignore[no-untyped-call]

    def apply(self, resource: Resource, body: Object) -> Object:
        """Have an object with these fields; see the Protocol."""
        with _translated(f"apply {_described(resource, body)}"):
            return self._apply(_model(resource), resource, body)

    def apply_status(self, resource: Resource, body: Object) -> Object:
        """Have the status of an object with these fields; see the Protocol."""
        with _translated(f"apply the status of {_described(resource, body)}"):
            return self._apply(_model(resource, "status"), resource, body)

    def _apply(self, model: Any, resource: Resource, body: Object) -> Object:  # noqa: ANN401 - a class of lightkube's
        answer = self._client.request(
            "patch",
            model,
            namespace=body["metadata"].get("namespace", "") if resource.namespaced else None,
            obj={**body, "apiVersion": resource.api_version, "kind": resource.kind},
            name=body["metadata"]["name"],
            headers={"Content-Type": PatchType.APPLY.value},
            params={"force": "true"},
        )
        return _object(answer)

    def scale(self, resource: Resource, name: str, namespace: str, replicas: int) -> None:
        """Have a workload run so many Pods; see the Protocol."""
        with _translated(f"scale {_place(resource, namespace)} {name}"):
            self._client.request(
                "patch",
                _model(resource, "scale"),
                namespace=namespace,
                obj={"spec": {"replicas": replicas}},
                name=name,
                headers={"Content-Type": PatchType.MERGE.value},
            )

    def delete(self, resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> None:
        """Have an object go; see the Protocol."""
        where = namespace if resource.namespaced else None
        request = self._client.prepare_request("delete", _model(resource), name=name, namespace=where)
        request.data = {"preconditions": {"uid": uid}} if uid else None
        with _translated(f"delete {_place(resource, namespace)} {name}"):
            _raise_for_status(self._client.send(self._client.build_adapter_request(request)))

    def watch(self, resource: Resource, version: str, namespace: str = "", *, labels: str = "") -> Iterator[WatchEvent]:
        """What happens from a version on; see the Protocol."""
        call = f"watch {_place(resource, namespace)}"
        parameters = {
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": limits.WATCH_SECONDS,
            "labelSelector": labels or None,
        }
        where = (namespace or ALL_NS) if resource.namespaced else None
        request = self._watching.prepare_request(
            "list", _model(resource), namespace=where, watch=True, params=parameters
        )
        with _translated(call):
            answer = self._watching.send(self._watching.build_adapter_request(request), stream=True)
        with contextlib.closing(answer):
            with _translated(call):
                if answer.is_error:
                    answer.read()
                _raise_for_status(answer)
            lines = _lines(answer)
            while True:
                with _translated(call):
                    line = next(lines, None)
                    event = _event(call, line) if line is not None else None
                if event is None:
                    return
                yield event

    def _write(self, method: str, resource: Resource, body: Object) -> Object:
        namespace = body["metadata"].get("namespace", "")
        return self._request(method, resource, namespace, obj=_model(resource)(body))

    def _request(self, method: str, resource: Resource, namespace: str, **what: Any) -> Object:  # noqa: ANN401
        where = namespace if resource.namespaced else None
        return _object(self._client.request(method, _model(resource), namespace=where, **what))


def _client(access: Access, silence: float, seconds: float, size: int | None) -> GenericSyncClient:
    timeout = httpx2.Timeout(silence, connect=limits.CONNECT_SECONDS)
    transport = _BoundedTransport(httpx2.HTTPTransport(verify=access.tls()), seconds, size)
    parameters = ConnectionParams(timeout=timeout, trust_env=False, transport=transport)
    return GenericSyncClient(parameters, access.config, field_manager=_FIELD_MANAGER)


def _raise_for_status(answer: httpx2.Response) -> None:
    GenericSyncClient.raise_for_status(answer)  # type: ignore[no-untyped-call]


def _lines(answer: httpx2.Response) -> Iterator[bytes]:
    """The lines of an answer that goes on; the last one, where the connection broke in it, is left out."""
    left = b""
    for piece in answer.iter_raw():
        *whole, left = (left + piece).split(b"\n")
        yield from whole
        if len(left) > limits.WATCH_LINE_BYTES:
            raise httpx2.ReadError(f"an object of more than {limits.WATCH_LINE_BYTES} bytes")


def _event(call: str, line: bytes) -> WatchEvent:
    found = msgspec.json.decode(line)
    if found["type"] == "ERROR":
        status = found["object"]
        raise _refused(call, int(status.get("code") or 0), str(status.get("message") or ""))
    return WatchEvent(WatchKind(found["type"]), _object(found["object"]))


@functools.cache
def _model(resource: Resource, subresource: str = "") -> Any:  # noqa: ANN401 - a class of lightkube's
    """A class of plain dictionaries for a kind, or for a subresource of it.

    lightkube's registry of such classes has one for each kind of the whole process, and refuses a second: not used.
    """
    base = GenericNamespacedResource if resource.namespaced else GenericGlobalResource
    information = create_api_info(resource.group, resource.version, resource.kind, resource.plural)
    if subresource:
        information = dataclasses.replace(information, action=subresource)
    return type(resource.kind, (base,), {"_api_info": information})


def _object(answer: Any) -> Object:  # noqa: ANN401 - whatever was answered
    """An object has metadata; so much our callers rely on."""
    if not isinstance(answer, dict) or not isinstance(answer.get("metadata"), dict):
        raise ValueError("no object")  # noqa: TRY004 - of an answer, not of an argument
    return answer


def _place(resource: Resource, namespace: str) -> str:
    return f"{resource.plural} in {namespace}" if namespace else resource.plural


def _described(resource: Resource, body: Object) -> str:
    metadata = body["metadata"]
    return f"{_place(resource, metadata.get('namespace', ''))} {metadata.get('name') or metadata.get('generateName')}"


@contextlib.contextmanager
def _translated(call: str) -> Iterator[None]:
    """What lightkube raises becomes one of our errors; nothing of a request's headers gets into their words."""
    try:
        yield
    except ApiError as error:
        raise _refused(call, int(error.status.code or 0), error.status.message or "") from error
    except httpx2.HTTPStatusError as error:
        # No JSON: `404 page not found` for a kind that does not exist, or something that stands in front.
        raise _refused(call, error.response.status_code, "") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise ClusterUnavailableError(f"{call}: no answer ({type(error).__name__})") from error
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ClusterUnavailableError(f"{call}: the answer cannot be read ({type(error).__name__})") from error
    except ConfigError as error:
        raise AccessDeniedError(f"{call}: there is no token") from error


def _refused(call: str, code: int, said: str) -> ClusterError:
    kind = ObjectInvalidError if said.startswith(_REFUSAL) else _ERRORS.get(code, ClusterUnavailableError)
    explanation = f": {shown(said, limits.SAID_CHARACTERS)}" if said else ""
    return kind(f"{call}: {code}{explanation}")


class _BoundedTransport(httpx2.BaseTransport):
    """A transport whose answers end, by bytes (None: whoever reads them counts) and by time."""

    def __init__(self, inner: httpx2.BaseTransport, seconds: float, size: int | None) -> None:
        self._inner = inner
        self._seconds = seconds
        self._size = size

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange."""
        ends = time.monotonic() + self._seconds
        # Unpacked, a small answer could be of any size.
        request.headers["Accept-Encoding"] = "identity"
        answer = self._inner.handle_request(request)
        return httpx2.Response(
            answer.status_code,
            headers=answer.headers,
            stream=_BoundedStream(answer.stream, ends, self._size),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _BoundedStream(httpx2.SyncByteStream):
    def __init__(self, inner: Any, ends: float, size: int | None) -> None:  # noqa: ANN401 - either kind of stream
        self._inner = inner
        self._ends = ends
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        for piece in self._inner:
            read += len(piece)
            if self._size is not None and read > self._size:
                raise httpx2.ReadError(f"more than {self._size} bytes")
            if time.monotonic() > self._ends:
                raise httpx2.ReadTimeout("not done in time")
            yield piece

    def close(self) -> None:
        self._inner.close()
