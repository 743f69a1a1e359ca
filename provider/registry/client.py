"""The registry client: an adapter over docker-registry-client.

That package knows the paths of the registry API and how a request is made of them. What it cannot do stands in
modules beside this one: OCI media types, bearer tokens by challenge, redirects that keep secrets, checked addresses,
limits. They all come in by the one door it has, the `method` that it calls instead of `requests.get`.
"""

from __future__ import annotations

import hashlib
import http.client
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

import requests

from provider import limits
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import NullObserver, Observer, Operation
from provider.reasons import Reason
from provider.registry import links, media_types
from provider.registry.addresses import AddressBook, SystemResolver
from provider.registry.call import Call
from provider.registry.connections import PooledTransport, tls_context
from provider.registry.credentials import Credential, Credentials, NoCredentials, ReloadedCredentials
from provider.registry.exchange import Exchange
from provider.registry.failures import of_status, translated
from provider.registry.gate import Gate
from provider.registry.reference import Reference
from provider.registry.settings import RegistrySettings
from provider.registry.tokens import Asker, Tokens
from provider.registry.transport import Request, Response, Transport
from provider.registry.wire import Errand, Wire

with warnings.catch_warnings():
    # On import the package switches off all warnings of the process.
    from docker_registry_client._BaseClient import BaseClientV2

# Of registries that do not know this part of the specification, or not for this repository.
_WITHOUT_REFERRERS: Final = frozenset({400, 404, 405, 406})
_DIGEST_HEADER: Final = "Docker-Content-Digest"


@dataclass(frozen=True)
class Fetched:
    """A document as it came.

    Attributes:
        digest: of the body, computed.
        media_type: what the registry called it.
        body: the document.
    """

    digest: str
    media_type: str
    body: bytes


@dataclass(frozen=True)
class Page:
    """A part of the list of what refers to a manifest.

    Attributes:
        body: an index.
        next: path and query of the next part; empty after the last.
    """

    body: bytes
    next: str


class _Answer:
    """What docker-registry-client expects of its `method`: as much of requests' Response as it uses."""

    def __init__(self, response: Response) -> None:
        self.status_code = response.status
        self.headers = response.headers
        self.content = response.body

    @property
    def reason(self) -> str:
        """The status in words."""
        return http.client.responses.get(self.status_code, "")

    def raise_for_status(self) -> None:
        """Raise requests.HTTPError for whatever is no success."""
        if self.status_code != http.HTTPStatus.OK:
            raise requests.HTTPError(f"status {self.status_code}", response=cast("requests.Response", self))


Method = Callable[..., _Answer]


class _RegistryApi(BaseClientV2):  # type: ignore[misc]
    """The package's client of one registry, asked for manifests and blobs by a method of our own."""

    def manifest(self, method: Method, repository: str, identifier: str) -> _Answer:
        """`/v2/{repository}/manifests/{identifier}`, any media type that we can read."""
        return cast(
            "_Answer",
            self._http_response(
                self.MANIFEST, method, schema=media_types.ACCEPTED, name=repository, reference=identifier
            ),
        )

    def blob(self, method: Method, repository: str, digest: str) -> _Answer:
        """`/v2/{repository}/blobs/{digest}`."""
        return cast("_Answer", self._http_response(self.BLOB, method, schema="*/*", name=repository, digest=digest))


class RegistryClient:
    """Reads manifests and blobs from registries; may be used by many threads.

    Every body is limited while it is read and compared with its digest.
    """

    def __init__(
        self,
        settings: RegistrySettings,
        clock: Clock,
        *,
        transport: Transport | None = None,
        credentials: Credentials | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Settings become objects here.

        Raises:
            SettingsError: the CA file or the Docker config cannot be used.
        """
        observer = observer or NullObserver()
        self._settings = settings
        self._credentials = credentials or _credentials(settings, clock)
        self._transport = transport or _transport(settings, clock, observer)
        wire = Wire(self._transport, Gate(settings, clock, observer), clock, observer, settings.user_agent)
        self._exchange = Exchange(settings, wire, Tokens(settings, wire, clock, observer))

    def close(self) -> None:
        """Let go of idle connections."""
        self._transport.close()

    def credential(self, reference: Reference) -> Credential:
        """Who we are where this image is."""
        return self._credentials.of(reference.registry, reference.repository)

    def url(self, reference: Reference) -> str:
        """The URL of a reference's manifest."""
        where = self._settings.origin(reference.registry)
        return f"{where}/v2/{reference.repository}/manifests/{reference.identifier}"

    def manifest(self, reference: Reference, call: Call) -> Fetched:
        """GET the manifest or index that a reference points to.

        Raises:
            ImageError: no answer, an answer that is none, or content that does not match its digest.
        """
        operation = Operation.MANIFEST if reference.digest else Operation.RESOLVE
        errand = Errand(operation, f"manifest of {reference.name}", reference.context, limits.MANIFEST_BYTES)
        answer = self._manifest("GET", reference, errand, call)
        fetched = Fetched(_sha256(answer.content), answer.headers.get("Content-Type", ""), answer.content)
        announced = reference.digest or answer.headers.get(_DIGEST_HEADER, "")
        if announced.startswith("sha256:") and announced != fetched.digest:
            raise _mismatch(errand)
        return fetched

    def blob(self, reference: Reference, digest: str, limit: int, call: Call) -> bytes:
        """GET a blob of the reference's repository.

        Raises:
            ImageError: as for `manifest`; `LimitExceeded` when it is longer than `limit`.
        """
        errand = _blob_errand(reference, digest, limit)
        answer = self._blob("GET", reference, digest, errand, call)
        if _sha256(answer.content) != digest:
            raise _mismatch(errand)
        return answer.content

    def referrers(self, reference: Reference, call: Call, page: str = "") -> Page | None:
        """GET what refers to the manifest of a reference with a digest, a page of it.

        Args:
            reference: the manifest.
            call: the work that this belongs to.
            page: `next` of the page before; empty for the first.

        Returns:
            None from a registry without this interface.

        Raises:
            ImageError: no answer.
        """
        where = self._settings.origin(reference.registry)
        errand = Errand(Operation.REFERRERS, f"referrers of {reference.name}", reference.context, limits.MANIFEST_BYTES)
        path = f"/v2/{reference.repository}/referrers/"
        request = Request("GET", where, page or path + reference.identifier, {"Accept": media_types.OCI_INDEX})
        asker = Asker(where, reference.repository, self.credential(reference))
        with translated(reference.registry, errand.what):
            response = self._exchange.ask(request, asker, errand, call)
        if not page and response.status in _WITHOUT_REFERRERS:
            return None
        if response.status != http.HTTPStatus.OK:
            raise of_status(reference.registry, errand.what, response.status)
        try:
            return Page(response.body, links.following(response.headers.get("Link", ""), where, path))
        except ValueError as error:
            raise ImageError(Reason.REGISTRY_UNAVAILABLE, f"{errand.what}: {reference.registry}: {error}") from error

    def prove_manifest(self, reference: Reference, call: Call) -> None:
        """HEAD a manifest by digest: may this credential read it here?

        Raises:
            ImageError: it may not, or there was no answer.
        """
        errand = Errand(Operation.MANIFEST, f"manifest of {reference.name}", reference.context, 0)
        self._manifest("HEAD", reference, errand, call)

    def prove_blob(self, reference: Reference, digest: str, call: Call) -> None:
        """HEAD a blob: may this credential read it here?

        Raises:
            ImageError: it may not, or there was no answer.
        """
        self._blob("HEAD", reference, digest, _blob_errand(reference, digest, 0), call)

    def _manifest(self, verb: str, reference: Reference, errand: Errand, call: Call) -> _Answer:
        method = self._method(verb, reference, errand, call)
        with translated(reference.registry, errand.what):
            return self._api(reference).manifest(method, reference.repository, reference.identifier)

    def _blob(self, verb: str, reference: Reference, digest: str, errand: Errand, call: Call) -> _Answer:
        method = self._method(verb, reference, errand, call)
        with translated(reference.registry, errand.what):
            return self._api(reference).blob(method, reference.repository, digest)

    def _api(self, reference: Reference) -> _RegistryApi:
        return _RegistryApi(str(self._settings.origin(reference.registry)))

    def _method(self, verb: str, reference: Reference, errand: Errand, call: Call) -> Method:
        where = self._settings.origin(reference.registry)
        asker = Asker(where, reference.repository, self.credential(reference))

        def method(url: str, *, headers: Mapping[str, str], **_: object) -> _Answer:
            request = Request(verb, where, url.removeprefix(str(where)), {"Accept": headers["Accept"]})
            return _Answer(self._exchange.ask(request, asker, errand, call))

        return method


def _credentials(settings: RegistrySettings, clock: Clock) -> Credentials:
    return ReloadedCredentials(settings.docker_config, clock) if settings.docker_config else NoCredentials()


def _transport(settings: RegistrySettings, clock: Clock, observer: Observer) -> Transport:
    addresses = AddressBook(settings, SystemResolver(clock))
    return PooledTransport(addresses, lambda: tls_context(settings.ca_file), observer)


def _sha256(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


def _blob_errand(reference: Reference, digest: str, limit: int) -> Errand:
    return Errand(Operation.BLOB, f"configuration {digest} of {reference.name}", reference.context, limit)


def _mismatch(errand: Errand) -> ImageError:
    return ImageError(Reason.CONTENT_INVALID, f"{errand.what}: the content does not match its digest")
