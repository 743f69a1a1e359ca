"""The registry client: what the registry API can be asked (OCI distribution specification).

It knows how a request is made and what an answer must be like; whether one is needed is the store's affair. Every body
is limited while it is read and compared with its digest. What came without a digest to compare it with is `unvouched`:
nothing lasting can be said of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer, Operation
from provider.pace import Pace
from provider.reasons import Reason
from provider.registry import digests, links, media_types, paths
from provider.registry.call import Call
from provider.registry.digests import is_digest
from provider.registry.errand import Errand
from provider.registry.exchange import Exchange
from provider.registry.failures import of_status
from provider.registry.manifest import Descriptor
from provider.registry.reference import Reference
from provider.registry.schemes import Schemes
from provider.registry.settings import RegistrySettings
from provider.registry.tokens import TokenRequest, Tokens
from provider.registry.transport import Request, Response, Transport
from provider.registry.wire import Wire

# Of registries that do not know this part of the specification, or not for this repository.
_WITHOUT_REFERRERS: Final = frozenset({400, 404, 405, 406, 410, 501})
# Of registries that cannot give a tag's digest without its manifest.
_WITHOUT_HEAD: Final = frozenset({400, 404, 405, 406, 501})
_DIGEST: Final = "docker-content-digest"
_MANIFEST_HEADERS: Final = {"Accept": media_types.ACCEPTED}
_BLOB_HEADERS: Final = {"Accept": "*/*"}
_INDEX_HEADERS: Final = {"Accept": media_types.OCI_INDEX}


@dataclass(frozen=True, slots=True)
class Content:
    """A document as it came.

    Attributes:
        digest: of the body, computed by the algorithm of the digest that was named before; SHA-256 without one.
        media_type: what the registry called it.
        body: the document.
        vouched: whether the body matched a digest that was named before, and was called a manifest.
    """

    digest: str
    media_type: str
    body: bytes
    vouched: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list of what refers to a manifest.

    Attributes:
        body: an index.
        next: path and query of the next part; empty after the last.
    """

    body: bytes
    next: str


class RegistryClient:
    """Asks registries; for one event loop.

    Args:
        settings: how they are reached.
        transport: moves the bytes.
        clock: for every wait.
        observer: gets reports of requests.
        pace: when what came may be read; one of its own where it is not given.
    """

    def __init__(
        self,
        settings: RegistrySettings,
        transport: Transport,
        clock: Clock,
        observer: Observer,
        pace: Pace | None = None,
    ) -> None:
        self._schemes = Schemes(settings, clock)
        self._wire = Wire(transport, clock, observer, settings.user_agent, pace or Pace())
        self._exchange = Exchange(settings, self._wire, Tokens(settings, self._wire, clock, observer))

    async def close(self) -> None:
        """Let go of all connections."""
        await self._wire.close()

    def url(self, reference: Reference) -> str:
        """The URL of a reference's manifest."""
        return f"{self._schemes.origin(reference.registry)}{_path(reference)}"

    async def manifest(self, reference: Reference, call: Call) -> Content:
        """GET the manifest or index that a reference points to.

        Raises:
            ImageError: no answer, an answer that is none, or content that does not match its digest.
        """
        operation = Operation.MANIFEST if reference.digest else Operation.RESOLVE
        errand = Errand(operation, f"manifest of {reference.name}", reference.context, limits.MANIFEST_BYTES)
        response = await self._ask("GET", _path(reference), _MANIFEST_HEADERS, reference, errand, call)
        media_type = response.header("content-type")
        announced = reference.digest or response.header(_DIGEST)
        digest = digests.of(response.body, announced) if is_digest(announced) else digests.of(response.body)
        if is_digest(announced) and announced != digest:
            raise _mismatch(errand)
        vouched = reference.digest is not None or (is_digest(announced) and media_types.may_be_manifest(media_type))
        return Content(digest, media_type, response.body, vouched)

    async def tag(self, reference: Reference, call: Call) -> str:
        """HEAD what a tag points to: the digest; empty where the registry does not say so without the manifest.

        Raises:
            ImageError: no answer, or no right to one.
        """
        errand = Errand(Operation.RESOLVE, f"manifest of {reference.name}", reference.context, 0)
        response = await self._response("HEAD", _path(reference), _MANIFEST_HEADERS, reference, errand, call)
        if response.status in _WITHOUT_HEAD:
            return ""
        if response.status != HTTPStatus.OK:
            raise of_status(reference.registry, errand.what, response.status)
        digest = response.header(_DIGEST)
        return digest if is_digest(digest) else ""

    async def blob(self, reference: Reference, descriptor: Descriptor, limit: int, call: Call) -> bytes:
        """GET a blob of the reference's repository.

        Raises:
            ImageError: as for `manifest`; `LimitExceeded` when its descriptor says more than `limit` bytes;
                `ContentInvalid` when it has another length than its descriptor says.
        """
        errand = _blob_errand(reference, descriptor, limit)
        if descriptor.size > limit:
            raise ImageError(Reason.LIMIT_EXCEEDED, f"{errand.what}: {descriptor.size} bytes, more than {limit}")
        path = paths.blob(reference.repository, descriptor.digest)
        response = await self._ask("GET", path, _BLOB_HEADERS, reference, errand, call)
        if not digests.matches(descriptor.digest, response.body):
            raise _mismatch(errand)
        if len(response.body) != descriptor.size:
            sentence = f"{errand.what}: it has {len(response.body)} bytes, its descriptor says {descriptor.size}"
            raise ImageError(Reason.CONTENT_INVALID, sentence)
        return response.body

    async def referrers(self, reference: Reference, call: Call) -> Page | None:
        """GET what refers to the manifest of a reference with a digest, the first page of it.

        Returns:
            None from a registry without this interface. Cosign takes any answer for that which is not called an index;
            some registries and proxies answer 200 with a web page, or with nothing.

        Raises:
            ImageError: no answer.
        """
        path = paths.referrers(reference.repository, reference.identifier)
        response = await self._referrers(reference, path, call)
        if response.status in _WITHOUT_REFERRERS or (response.status == HTTPStatus.OK and not _is_index(response)):
            return None
        return self._page(reference, response)

    async def referrers_page(self, reference: Reference, call: Call, page: str) -> Page:
        """GET a further page.

        Args:
            reference: the manifest.
            call: the work that this belongs to.
            page: `next` of the page before.

        Raises:
            ImageError: no answer.
        """
        return self._page(reference, await self._referrers(reference, page, call))

    async def _referrers(self, reference: Reference, target: str, call: Call) -> Response:
        errand = Errand(Operation.REFERRERS, _referrers_of(reference), reference.context, limits.MANIFEST_BYTES)
        return await self._response("GET", target, _INDEX_HEADERS, reference, errand, call)

    def _page(self, reference: Reference, response: Response) -> Page:
        what = _referrers_of(reference)
        if response.status != HTTPStatus.OK:
            raise of_status(reference.registry, what, response.status)
        where = self._schemes.origin(reference.registry)
        path = paths.referrers(reference.repository, reference.identifier)
        try:
            return Page(response.body, links.following(response.header("link"), where, path))
        except ValueError as error:
            raise ImageError(Reason.REGISTRY_UNAVAILABLE, f"{what}: {reference.registry}: {error}") from error

    async def prove_manifest(self, reference: Reference, call: Call) -> None:
        """HEAD a manifest by digest: may this credential read it here?

        Raises:
            ImageError: it may not, or there was no answer.
        """
        errand = Errand(Operation.MANIFEST, f"manifest of {reference.name}", reference.context, 0)
        await self._ask("HEAD", _path(reference), _MANIFEST_HEADERS, reference, errand, call)

    async def prove_blob(self, reference: Reference, descriptor: Descriptor, call: Call) -> None:
        """HEAD a blob: may this credential read it here?

        Raises:
            ImageError: it may not, or there was no answer.
        """
        errand = _blob_errand(reference, descriptor, 0)
        await self._ask(
            "HEAD", paths.blob(reference.repository, descriptor.digest), _BLOB_HEADERS, reference, errand, call
        )

    async def _ask(  # noqa: PLR0913, PLR0917 - the parts of a request
        self, verb: str, target: str, headers: dict[str, str], reference: Reference, errand: Errand, call: Call
    ) -> Response:
        """The answer to a request, which must be a success."""
        response = await self._response(verb, target, headers, reference, errand, call)
        if response.status != HTTPStatus.OK:
            raise of_status(reference.registry, errand.what, response.status)
        return response

    async def _response(  # noqa: PLR0913, PLR0917 - as above
        self, verb: str, target: str, headers: dict[str, str], reference: Reference, errand: Errand, call: Call
    ) -> Response:
        await call.prepare(reference.registry, reference.repository)
        asker = TokenRequest(
            self._schemes.origin(reference.registry),
            reference.repository,
            call.credential(reference.registry, reference.repository),
        )
        try:
            response = await self._exchange.ask(Request(verb, asker.where, target, headers), asker, errand, call)
            secured = self._schemes.secured(reference.registry, response)
        except ImageError as error:
            secured = self._schemes.secured(reference.registry, error)
            if secured is None:
                raise
        if secured is None:
            return response
        asker = replace(asker, where=secured)
        response = await self._exchange.ask(Request(verb, secured, target, headers), asker, errand, call)
        self._schemes.speaks_tls(reference.registry)
        return response


def _is_index(response: Response) -> bool:
    kind = media_types.essence(response.header("content-type"))
    return kind == media_types.OCI_INDEX and bool(response.body.strip())


def _referrers_of(reference: Reference) -> str:
    return f"referrers of {reference.name}"


def _path(reference: Reference) -> str:
    return paths.manifest(reference.repository, reference.identifier)


def _blob_errand(reference: Reference, descriptor: Descriptor, limit: int) -> Errand:
    what = f"blob {descriptor.digest} of {reference.name}"
    # No more is read than the descriptor says.
    size = min(descriptor.size, limit)
    return Errand(Operation.BLOB, what, reference.context, size, size)


def _mismatch(errand: Errand) -> ImageError:
    sentence = f"{errand.what}: what came does not match its digest"
    return ImageError(Reason.REGISTRY_UNAVAILABLE, sentence, unfit=True)
