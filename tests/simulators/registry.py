"""A registry in memory: a valid world, of which a test changes one thing.

    registry = RegistrySimulator()
    registry.push_image("team/app", "v1", created="2026-01-01T00:00:00Z")
    registry.fail("blob", 500)

As a transport (`provider.registry.transport`) it answers for every host, without sockets; time passes on the
virtual loop of `tests.simulators.loop`, by `delay`, or `delays` of one registry:

    client = RegistryClient(RegistrySettings(), registry, clock, NullObserver())

`peak` is the most requests that were under way at a time.

On sockets it is a real HTTP server on a free port of 127.0.0.1, with TLS if asked for:

    with registry.serve() as address: ...            # 127.0.0.1:PORT
    with registry.serve(context) as address: ...

With `quota` set these headers stand in answers with manifests.

With `referrers_page` set it has the referrers interface, with so many on a page.

What was asked stands in `requests` and, by kind, in `counts`: `manifest`, `blob`, `referrer`, `tags`, `token`, `other`,
each with its method before it when that is not GET (`HEAD blob`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from provider import limits
from provider.clock import Deadline
from provider.registry import origin
from provider.registry.content import media_types
from provider.registry.transport.transport import (
    BrokenError,
    Cause,
    Request,
    Response,
    SilentError,
    TooLargeError,
    UnreachableError,
)

CREATED = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class PushedManifest:
    """A manifest or index in the registry."""

    digest: str
    size: int
    media_type: str
    platform: Mapping[str, str] | None = None
    config: str = ""


@dataclass(frozen=True)
class ReceivedRequest:
    """A request that came."""

    method: str
    host: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    kind: str


@dataclass
class Fault:
    """What goes wrong with requests of a kind.

    Attributes:
        kind: `manifest`, `blob`, `token`, `any`.
        status, headers, body: of the answer instead of the right one.
        how: `answer` as above; `cut` the body in the middle; `close` without an answer; `silent`; `unreachable`.
        times: how often; None for always.
        match: part of the path; empty for all.
    """

    kind: str
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"errors": [{"code": "SIMULATED", "message": "as told"}]}'
    how: str = "answer"
    times: int | None = None
    match: str = ""


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    how: str = "answer"


def canonical(value: object) -> bytes:
    """JSON as we push it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def sha256(body: bytes) -> str:
    """The digest of a document."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def config_of(**fields: Any) -> dict[str, Any]:
    """An image configuration; a field given as None is left out."""
    base: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": {"User": "65532"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "ab" * 32]},
    }
    return {name: value for name, value in (base | fields).items() if value is not None}


class RegistrySimulator:
    """Holds repositories and answers as a registry does (OCI distribution specification)."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.faults: list[Fault] = []
        self.connections = 0
        self.delay = 0.0
        self.delays: dict[str, float] = {}
        self.under_way = 0
        self.peak = 0
        self.challenge: str | None = None
        self.authorizations: set[str] | None = None
        self.public: set[str] = set()
        self.token_answer: Mapping[str, Any] = {"token": "t-anonymous", "expires_in": 300}
        self.token_scopes: set[str] | None = None
        self.token_paths: set[str] = set()
        self.token_refusal = 401
        self.refusal: int | None = None
        self.blob_location: Callable[[str], str] | None = None
        self.content_digest: str | None = None
        self.referrers_page: int | None = None
        self.quota: Mapping[str, str] = {}
        self._manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._blobs: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()
        self._released = threading.Event()

    # What is in it.

    def push_blob(self, repository: str, body: bytes) -> str:
        """Hold a blob; gives its digest."""
        self._blobs[repository, sha256(body)] = body
        return sha256(body)

    def push_manifest(
        self,
        repository: str,
        tag: str | None,
        body: bytes | Mapping[str, Any],
        media_type: str = media_types.OCI_MANIFEST,
    ) -> PushedManifest:
        """Hold a manifest as it is, under its digest and a tag."""
        content = body if isinstance(body, bytes) else canonical(body)
        digest = sha256(content)
        for name in filter(None, (tag, digest)):
            self._manifests[repository, name] = (media_type, content)
        return PushedManifest(digest, len(content), media_type)

    def push_image(
        self,
        repository: str,
        tag: str | None = None,
        *,
        config: bytes | None = None,
        docker: bool = False,
        config_type: str | None = None,
        annotations: Any = None,
        **fields: Any,
    ) -> PushedManifest:
        """Hold an image; `config` is its configuration as it is, `fields` change the usual one."""
        document = config_of(**fields)
        body = canonical(document) if config is None else config
        types = (
            (media_types.DOCKER_MANIFEST, media_types.DOCKER_CONFIG)
            if docker
            else (media_types.OCI_MANIFEST, media_types.OCI_CONFIG)
        )
        digest = self.push_blob(repository, body)
        manifest = {
            "schemaVersion": 2,
            "mediaType": types[0],
            "config": {"mediaType": config_type or types[1], "digest": digest, "size": len(body)},
            "layers": [],
            **({} if annotations is None else {"annotations": annotations}),
        }
        pushed = self.push_manifest(repository, tag, manifest, types[0])
        names = ("os", "architecture", "variant", "os.version")
        platform = {name: document[name] for name in names if name in document}
        return PushedManifest(pushed.digest, pushed.size, pushed.media_type, platform, digest)

    def push_index(
        self,
        repository: str,
        tag: str | None,
        children: Sequence[PushedManifest | Mapping[str, Any]],
        *,
        docker: bool = False,
    ) -> PushedManifest:
        """Hold an index of what was pushed, or of descriptors as they are."""
        media_type = media_types.DOCKER_LIST if docker else media_types.OCI_INDEX
        entries = [descriptor(child) if isinstance(child, PushedManifest) else child for child in children]
        body = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
        return self.push_manifest(repository, tag, body, media_type)

    def push_attestation(self, repository: str, about: PushedManifest) -> Mapping[str, Any]:
        """Hold what BuildKit adds to an index; gives its descriptor there."""
        pushed = self.push_image(repository, os="unknown", architecture="unknown", created=None)
        notes = {
            "vnd.docker.reference.digest": about.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        }
        return descriptor(pushed) | {"annotations": notes}

    def hold(self, kind: str, repository: str, name: str, body: bytes, media_type: str = "") -> None:
        """Hold a `manifest` or `blob` as it is under any name, such as a digest of another algorithm."""
        if kind == "manifest":
            self._manifests[repository, name] = (media_type, body)
        else:
            self._blobs[repository, name] = body

    def tag(self, repository: str, tag: str, digest: str) -> None:
        """Let a tag point to what is there."""
        self._manifests[repository, tag] = self._manifests[repository, digest]

    def tamper(self, repository: str, name: str, body: bytes) -> None:
        """Hold other content under the name or digest of a manifest or blob."""
        if (repository, name) in self._manifests:
            self._manifests[repository, name] = (self._manifests[repository, name][0], body)
        else:
            self._blobs[repository, name] = body

    def forget(self, repository: str, name: str) -> None:
        """Lose a manifest or a blob."""
        self._manifests.pop((repository, name), None)
        self._blobs.pop((repository, name), None)

    # What goes wrong.

    def fail(self, kind: str, status: int = 500, **how: Any) -> Fault:
        """Answer requests of a kind wrongly; see `Fault`."""
        fault = Fault(kind, status, **how)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.faults.clear()
        self._released.set()

    def require_token(self, realm: str, service: str = "simulator", accept: Sequence[str] = ("t-anonymous",)) -> None:
        """Answer only requests that carry one of these bearer tokens, but for repositories in `public`.

        The realm gives `token_answer`, in whose token `{scope}` is what was asked for; for other scopes than
        `token_scopes` it answers `token_refusal`. With `refusal` the registry says no by that status, and makes no
        challenge.
        """
        self.challenge = f'Bearer realm="{realm}",service="{service}",scope="repository:{{repository}}:pull"'
        self.authorizations = {f"Bearer {token}" for token in accept}

    # What was asked.

    def documents(self) -> Iterator[tuple[str, str, str, bytes]]:
        """Everything in it: `blobs` or a media type, repository, name, content; blobs first, indexes last."""
        for (repository, digest), body in self._blobs.items():
            yield "blobs", repository, digest, body
        for (repository, name), (media_type, body) in sorted(self._manifests.items(), key=lambda one: len(one[1][1])):
            yield media_type, repository, name, body

    @property
    def counts(self) -> Counter[str]:
        """Requests by kind."""
        return Counter(
            asked.kind if asked.method in {"GET", "POST"} else f"{asked.method} {asked.kind}" for asked in self.requests
        )

    # As a transport.

    async def send(self, request: Request, limit: int, deadline: Deadline) -> Response:
        """See `provider.registry.transport.transport.Transport`."""
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            # At least one turn of the loop, as with any network.
            await asyncio.sleep(self.delays.get(request.origin.authority, self.delay))
            if deadline.passed():
                raise SilentError(own=True)
            return await self._sent(request, limit, deadline)
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        """See `provider.registry.transport.transport.Transport`."""

    async def _sent(self, request: Request, limit: int, deadline: Deadline) -> Response:
        answer = self.answer(
            request.method, request.origin.authority, request.target, request.headers, request.body or b""
        )
        body = b"" if request.method == "HEAD" else answer.body
        await self._misbehave(answer.how, deadline)
        if answer.status // 100 == 2 and len(body) > limit:
            raise TooLargeError(limit)
        if answer.status // 100 != 2:
            body = body[: limits.ERROR_BYTES]
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)

    async def _misbehave(self, how: str, deadline: Deadline) -> None:
        if how == "silent":
            await asyncio.sleep(min(limits.READ_SECONDS, deadline.remaining()))
            raise SilentError(own=deadline.passed())
        if how == "unreachable":
            raise UnreachableError(Cause.CONNECTION)
        if how == "cut":
            raise BrokenError("the answer was cut short")
        if how == "close":
            raise BrokenError("it closed the connection without an answer")

    # On sockets.

    @contextmanager
    def serve(self, context: ssl.SSLContext | None = None) -> Iterator[str]:
        """Serve on a free port of 127.0.0.1; gives `127.0.0.1:PORT`."""
        server = _Server(("127.0.0.1", 0), _handler(self))
        server.registry = self
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            self._released.set()
            server.shutdown()
            server.server_close()
            thread.join()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request that is under way on sockets."""
        with self._lock:
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1

    def wait_until_healed(self, seconds: float) -> None:
        """What a silent server does."""
        self._released.wait(seconds)

    # The registry itself.

    def answer(self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to a request, right or wrong."""
        parts = urlsplit(target)
        kind, repository, name = ("token", "", "") if parts.path in self.token_paths else _split(parts.path)
        heads = {key.title(): value for key, value in headers.items()}
        with self._lock:
            self.requests.append(ReceivedRequest(method, host, parts.path, parse_qs(parts.query), heads, body, kind))
            fault = self._fault(kind, parts.path)
        # A form is a query in another place.
        form = parts.query or (body.decode("utf-8", "replace") if kind == "token" else "")
        right = self._right(kind, repository, name, heads, parse_qs(form))
        if fault is None:
            return right
        if fault.how == "answer":
            return Answer(fault.status, fault.headers, fault.body)
        return Answer(right.status, right.headers, right.body, fault.how)

    def _fault(self, kind: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.kind in {kind, "any"} and fault.match in path and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def _right(  # noqa: PLR0911 - one for each kind
        self, kind: str, repository: str, name: str, headers: Mapping[str, str], query: Mapping[str, Sequence[str]]
    ) -> Answer:
        if kind == "token":
            return self._token(query)
        if kind == "store":
            return self._blob("", name, redirected=True)
        closed = self.authorizations is not None and repository not in self.public
        if closed and headers.get("Authorization") not in (self.authorizations or ()):
            if self.refusal is not None:
                return _json(self.refusal, {"errors": [{"code": "DENIED"}]})
            challenge = (self.challenge or "").format(repository=repository)
            return _json(
                401, {"errors": [{"code": "UNAUTHORIZED"}]}, {"WWW-Authenticate": challenge} if challenge else {}
            )
        if kind == "manifest":
            return self._manifest(repository, name)
        if kind == "blob":
            return self._blob(repository, name, redirected=False)
        if kind == "referrer" and self.referrers_page is not None:
            return self._referrers(repository, name, int(query.get("last", ["0"])[0]))
        if kind == "tags":
            return self._tags(repository, query)
        return _json(200 if name == "v2" else 404, {})

    def _tags(self, repository: str, query: Mapping[str, Sequence[str]]) -> Answer:
        """A page of tags in their alphabetical order, as many as asked for."""
        tags = sorted(name for place, name in self._manifests if place == repository and ":" not in name)
        if not any(place == repository for place, _ in self._manifests):
            return _json(404, {"errors": [{"code": "NAME_UNKNOWN"}]})
        after, most = query.get("last", [""])[0], int(query.get("n", ["100"])[0])
        page = [tag for tag in tags if tag > after][:most]
        more = page and page[-1] != tags[-1]
        link = {"Link": f'</v2/{repository}/tags/list?last={page[-1]}&n={most}>; rel="next"'} if more else {}
        return _json(200, {"name": repository, "tags": page}, link)

    def _token(self, query: Mapping[str, Sequence[str]]) -> Answer:
        scope = " ".join(query.get("scope", []))
        if self.token_scopes is not None and scope not in self.token_scopes:
            return _json(self.token_refusal, {})
        if isinstance(self.token_answer.get("token"), str):
            return _json(200, {**self.token_answer, "token": self.token_answer["token"].replace("{scope}", scope)})
        return _json(200, self.token_answer)

    def _manifest(self, repository: str, name: str) -> Answer:
        found = self._manifests.get((repository, name))
        if found is None:
            return _json(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]})
        media_type, body = found
        digest = self.content_digest or (name if ":" in name else sha256(body))
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest, **self.quota}
        return Answer(200, headers, body)

    def _referrers(self, repository: str, digest: str, first: int) -> Answer:
        """A page of the manifests whose subject it is."""
        entries = []
        for (place, name), (media_type, body) in self._manifests.items():
            manifest = json.loads(body) if place == repository and name.startswith("sha256:") else {}
            if (manifest.get("subject") or {}).get("digest") == digest:
                entry = {"mediaType": media_type, "digest": name, "size": len(body)}
                entries.append(
                    entry | {key: manifest[key] for key in ("artifactType", "annotations") if key in manifest}
                )
        page = entries[first : first + (self.referrers_page or 0)]
        headers = {"Content-Type": media_types.OCI_INDEX}
        if first + len(page) < len(entries):
            following = f"/v2/{repository}/referrers/{digest}?last={first + len(page)}"
            headers["Link"] = f'<{following}>; rel="next"'
        index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": page}
        return Answer(200, headers, canonical(index))

    def _blob(self, repository: str, digest: str, *, redirected: bool) -> Answer:
        bodies = {key[1]: body for key, body in self._blobs.items()} if redirected else {}
        body = bodies.get(digest) if redirected else self._blobs.get((repository, digest))
        if body is None:
            return _json(404, {"errors": [{"code": "BLOB_UNKNOWN"}]})
        if self.blob_location is not None and not redirected:
            return Answer(307, {"Location": self.blob_location(digest)}, b"")
        return Answer(200, {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}, body)


def descriptor(pushed: PushedManifest) -> dict[str, Any]:
    """How an index names what was pushed."""
    entry: dict[str, Any] = {"mediaType": pushed.media_type, "digest": pushed.digest, "size": pushed.size}
    if pushed.platform is not None:
        entry["platform"] = dict(pushed.platform)
    return entry


def _split(path: str) -> tuple[str, str, str]:
    """Kind, repository and name of a path."""
    if path.startswith("/token"):
        return "token", "", ""
    if path.startswith("/store/"):
        return "store", "", path.removeprefix("/store/")
    if path.startswith("/v2/") and path.endswith("/tags/list"):
        return "tags", path.removeprefix("/v2/").removesuffix("/tags/list"), ""
    for kind in ("manifest", "blob", "referrer"):
        before, found, name = path.removeprefix("/v2/").rpartition(f"/{kind}s/")
        if found:
            return kind, before, name
    return "other", "", path.strip("/")


def _json(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, canonical(body))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client may connect many times at once.
    request_queue_size = 256
    registry: RegistrySimulator

    def get_request(self) -> Any:
        self.registry.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that goes away is what tests are about."""


def _handler(registry: RegistrySimulator) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one short class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_HEAD(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' name
            pass

        def _serve(self) -> None:
            with registry.counted():
                self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if registry.delay:
                time.sleep(registry.delay)
            answer = registry.answer(self.command, self.headers["Host"], self.path, dict(self.headers.items()), body)
            if answer.how == "silent":
                # Longer than anybody waits.
                registry.wait_until_healed(2 * limits.READ_SECONDS)
            if answer.how in {"silent", "close", "unreachable"}:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body[: len(answer.body) // 2] if answer.how == "cut" else answer.body)
            self.close_connection = self.close_connection or answer.how == "cut"

    return Handler


def origin_of(address: str, scheme: str = "http") -> origin.Origin:
    """The origin of a served simulator."""
    return origin.of_registry(scheme, address)
