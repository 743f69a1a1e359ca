"""The registry client: what the registry API can be asked (OCI distribution specification).

It knows how a request is made and what an answer must be like; whether one is needed is the store's affair. Every body
is limited while it is read and compared with its digest. What came without a digest to compare it with is `unvouched`:
nothing lasting can be said of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer, Operation
from provider.pace import Pace
from provider.reasons import Reason
from provider.registry import links, paths
from provider.registry.call import Call
from provider.registry.content import digests, media_types
from provider.registry.content.digests import is_digest
from provider.registry.content.manifest import Descriptor
from provider.registry.errand import Errand
from provider.registry.exchange import Exchange
from provider.registry.failover import Failover, HostAnswer, HostQuery
from provider.registry.mirrors.host import HostTable, NoMirrors, RegistryHost
from provider.registry.reference import Reference
from provider.registry.settings import RegistrySettings
from provider.registry.tokens import Tokens
from provider.registry.transport.schemes import Schemes
from provider.registry.transport.transport import Response, Transport
from provider.registry.wire import Wire

# Of registries that do not know this part of the specification, or not for this repository.
_WITHOUT_REFERRERS: Final = frozenset({400, 404, 405, 406, 410, 501})
# Of registries that cannot give a tag's digest without its manifest.
_WITHOUT_HEAD: Final = frozenset({400, 404, 405, 406, 501})
_DIGEST: Final = "docker-content-digest"
_MANIFEST_HEADERS: Final = {"Accept": media_types.ACCEPTED}
_BLOB_HEADERS: Final = {"Accept": "*/*"}
_INDEX_HEADERS: Final = {"Accept": media_types.OCI_INDEX}
_JSON_HEADERS: Final = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Content:
    """A document as it came.

    Attributes:
        digest: of the body, computed by the algorithm of the digest that was named before; SHA-256 without one.
        media_type: what the registry called it.
        body: the document.
        vouched: whether the body matched a digest that was named before, and was called a manifest.
        host: that sent it, `host[:port]`: the registry or a mirror of it.
    """

    digest: str
    media_type: str
    body: bytes
    vouched: bool = True
    host: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: of what refers to a manifest, or of tags.

    Attributes:
        body: an index, or the object that lists tags.
        next: query of the next part, `?…`; empty after the last.
        host: that sent it, and has the next part.
    """

    body: bytes
    next: str
    host: RegistryHost


class RegistryClient:
    """Asks registries; for one event loop.

    Args:
        settings: how they are reached.
        transport: moves the bytes.
        clock: for every wait.
        observer: gets reports of requests.
        pace: when what came may be read; one of its own where it is not given.
        hosts: of each registry; without them each is its own.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it is made of
        self,
        settings: RegistrySettings,
        transport: Transport,
        clock: Clock,
        observer: Observer,
        pace: Pace | None = None,
        hosts: HostTable | None = None,
    ) -> None:
        self._schemes = Schemes(settings, clock)
        self._wire = Wire(transport, clock, observer, settings.user_agent, pace or Pace())
        self._exchange = Exchange(settings, self._wire, Tokens(settings, self._wire, clock, observer))
        self._failover = Failover(hosts or NoMirrors(), self._schemes, self._exchange, clock)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._wire.close()

    def url(self, reference: Reference) -> str:
        """The URL of a reference's manifest."""
        return f"{self._schemes.origin(reference.registry)}{_path(reference)}"

    async def identity(self, reference: Reference, call: Call) -> str:
        """Stands for who asks in cache keys: for what is shown to any host that may answer."""
        return await self._failover.identity(reference, call)

    async def manifest(self, reference: Reference, call: Call) -> Content:
        """GET the manifest or index that a reference points to.

        A tag for which other hosts are asked than for content is resolved first.

        Raises:
            ImageError: no answer, an answer that is none, or content that does not match its digest.
        """
        if reference.digest is None and self._failover.splits(reference.registry):
            digest = await self.tag(reference, call)
            reference = reference.at(digest) if digest else reference
        operation = Operation.MANIFEST if reference.digest else Operation.RESOLVE
        errand = Errand(operation, f"manifest of {reference.name}", reference.context, limits.MANIFEST_BYTES)
        found: list[Content] = []

        def check(response: Response) -> None:
            found[:] = [_manifest(reference, response, errand)]

        query = HostQuery("GET", _path(reference), _MANIFEST_HEADERS, reference, errand, not reference.digest)
        answer = await self._ask(replace(query, check=check), call)
        return replace(found[0], host=answer.name)

    async def tag(self, reference: Reference, call: Call) -> str:
        """HEAD what a tag points to: the digest; empty where the registry does not say so without the manifest.

        Raises:
            ImageError: no answer, or no right to one.
        """
        errand = Errand(Operation.RESOLVE, f"manifest of {reference.name}", reference.context, 0)
        query = HostQuery("HEAD", _path(reference), _MANIFEST_HEADERS, reference, errand, resolve=True)
        answer = await self._failover.ask(query, call)
        if answer.response.status in _WITHOUT_HEAD:
            return ""
        if answer.response.status != HTTPStatus.OK:
            raise answer.failure(errand.what)
        digest = answer.response.header(_DIGEST)
        return digest if is_digest(digest) else ""

    async def blob(self, reference: Reference, descriptor: Descriptor, limit: int, call: Call) -> bytes:
        """GET a blob of the reference's repository.

        Raises:
            ImageError: as for `manifest`; `LimitExceeded` when its descriptor says more than `limit` bytes;
                `ContentInvalid` when it has another length than its descriptor says.
        """
        query = _blob(reference, descriptor, limit)
        errand = query.errand
        if descriptor.size > limit:
            raise ImageError(Reason.LIMIT_EXCEEDED, f"{errand.what}: {descriptor.size} bytes, more than {limit}")
        response = (await self._ask(query, call)).response
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
        query = self._referrers(reference)
        answer = await self._failover.ask(query, call)
        response = answer.response
        if response.status in _WITHOUT_REFERRERS or (response.status == HTTPStatus.OK and not _is_index(response)):
            return None
        return _page(query, answer)

    async def referrers_page(self, reference: Reference, call: Call, page: Page) -> Page:
        """GET a further page, of the host that has the one before.

        Args:
            reference: the manifest.
            call: the work that this belongs to.
            page: the page before, which names another.

        Raises:
            ImageError: no answer.
        """
        query = self._referrers(reference)
        return await self._further(query, page, call)

    async def tags(self, reference: Reference, call: Call) -> Page:
        """GET the tags of the reference's repository, the first page of them.

        Raises:
            ImageError: no answer; a registry that lists none says `NotFound`, or that we have no right to it.
        """
        query = _tags(reference)
        first = replace(query, path=f"{query.path}?n={limits.LISTED_TAGS_A_PAGE}")
        return _page(query, await self._failover.ask(first, call))

    async def tags_page(self, reference: Reference, call: Call, page: Page) -> Page:
        """GET a further page of tags; as for `referrers_page`."""
        return await self._further(_tags(reference), page, call)

    async def _further(self, query: HostQuery, page: Page, call: Call) -> Page:
        further = replace(query, path=query.path + page.next)
        return _page(query, await self._failover.ask_one(page.host, further, call))

    def _referrers(self, reference: Reference) -> HostQuery:
        path = paths.referrers(reference.repository, reference.identifier)
        errand = Errand(Operation.REFERRERS, _referrers_of(reference), reference.context, limits.MANIFEST_BYTES)
        return HostQuery("GET", path, _INDEX_HEADERS, reference, errand, resolve=True, good=_lists)

    async def present(self, reference: Reference, call: Call, verb: str = "HEAD") -> None:
        """Is a manifest there? The registry itself is asked, whatever mirrors it has.

        Args:
            reference: with a tag, or a digest.
            call: the work that this belongs to.
            verb: `GET` where one does not know whether the registry takes HEAD.

        Raises:
            ImageError: it is not there, or not for us (`NotFound`, `Unauthorized`), or there was no answer.
        """
        limit = 0 if verb == "HEAD" else limits.MANIFEST_BYTES
        errand = Errand(Operation.MANIFEST, f"manifest of {reference.name}", reference.context, limit)
        query = HostQuery(verb, _path(reference), _MANIFEST_HEADERS, reference, errand)
        answer = await self._failover.ask_itself(query, call)
        if answer.response.status != HTTPStatus.OK:
            raise answer.failure(errand.what)

    def mirrored(self, registry: str) -> bool:
        """Whether a registry has mirrors."""
        return self._failover.mirrored(registry)

    async def prove_manifest(self, reference: Reference, call: Call) -> None:
        """May this credential read a manifest by digest here? The registry says so to a HEAD, a mirror by sending it.

        Raises:
            ImageError: it may not, or there was no answer.
        """
        errand = Errand(Operation.MANIFEST, f"manifest of {reference.name}", reference.context, limits.MANIFEST_BYTES)

        def check(response: Response) -> None:
            _manifest(reference, response, errand)

        shown = HostQuery("GET", _path(reference), _MANIFEST_HEADERS, reference, errand, check=check)
        await self._ask(_said(shown), call)

    async def prove_blob(self, reference: Reference, descriptor: Descriptor, call: Call) -> None:
        """May this credential read a blob here? As for `prove_manifest`.

        Raises:
            ImageError: it may not, or there was no answer.
        """
        await self._ask(_said(_blob(reference, descriptor, descriptor.size)), call)

    async def _ask(self, query: HostQuery, call: Call) -> HostAnswer:
        """The answer to a request, which must be a success."""
        answer = await self._failover.ask(query, call)
        if answer.response.status != HTTPStatus.OK:
            raise answer.failure(query.errand.what)
        return answer


def _manifest(reference: Reference, response: Response, errand: Errand) -> Content:
    """The document that came.

    Raises:
        ImageError: it does not match the digest that was asked for, or that came with it.
    """
    media_type = response.header("content-type")
    announced = reference.digest or response.header(_DIGEST)
    digest = digests.of(response.body, announced) if is_digest(announced) else digests.of(response.body)
    if is_digest(announced) and announced != digest:
        raise _mismatch(errand)
    vouched = reference.digest is not None or (is_digest(announced) and media_types.may_be_manifest(media_type))
    return Content(digest, media_type, response.body, vouched)


def _page(query: HostQuery, answer: HostAnswer) -> Page:
    """A page of a list, and where the next one is."""
    response = answer.response
    if response.status != HTTPStatus.OK:
        raise answer.failure(query.errand.what)
    path = answer.host.path(query.path)
    try:
        following = links.following(response.header("link"), answer.where, path)
    except ValueError as error:
        sentence = f"{query.errand.what}: {answer.name}: {error}"
        raise ImageError(Reason.REGISTRY_UNAVAILABLE, sentence) from error
    # The path is that of the list; a part without a query would be the first one again, and ends by its number.
    return Page(response.body, following and (following.removeprefix(path) or "?"), answer.host)


def _lists(response: Response) -> bool:
    """Whether a mirror has a list; one with nothing in it may only not have heard of any."""
    return response.status == HTTPStatus.OK and _is_index(response) and b'"digest"' in response.body


def _is_index(response: Response) -> bool:
    kind = media_types.essence(response.header("content-type"))
    return kind == media_types.OCI_INDEX and bool(response.body.strip())


def _tags(reference: Reference) -> HostQuery:
    errand = Errand(Operation.TAGS, f"tags of {reference.context}", reference.context, limits.MANIFEST_BYTES)
    return HostQuery("GET", paths.tags(reference.repository), _JSON_HEADERS, reference, errand, resolve=True)


def _referrers_of(reference: Reference) -> str:
    return f"referrers of {reference.name}"


def _path(reference: Reference) -> str:
    return paths.manifest(reference.repository, reference.identifier)


def _blob(reference: Reference, descriptor: Descriptor, limit: int) -> HostQuery:
    """The question for a blob; no more is read than its descriptor says."""
    size = min(descriptor.size, limit)
    what = f"blob {descriptor.digest} of {reference.name}"
    errand = Errand(Operation.BLOB, what, reference.context, size, size)

    def check(response: Response) -> None:
        if not digests.matches(descriptor.digest, response.body):
            raise _mismatch(errand)

    path = paths.blob(reference.repository, descriptor.digest)
    return HostQuery("GET", path, _BLOB_HEADERS, reference, errand, check=check)


def _said(shown: HostQuery) -> HostQuery:
    """The question whether something may be read, of which mirrors are asked for all."""
    errand = replace(shown.errand, limit=0, size=0)
    return replace(shown, verb="HEAD", errand=errand, check=lambda _: None, of_mirrors=shown)


def _mismatch(errand: Errand) -> ImageError:
    sentence = f"{errand.what}: what came does not match its digest"
    return ImageError(Reason.REGISTRY_UNAVAILABLE, sentence, unfit=True)
