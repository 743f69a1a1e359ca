"""One question → facts.

The way through an image: the manifest or index that the reference points to; of an index its children, side by side,
level by level; of each child its configuration, fetched by the same thread as soon as its manifest is there. So a
single image takes two sequential round trips, an index three.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from provider import limits
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.foreign_text import shown
from provider.golang import rfc3339
from provider.golang.structs import DecodeError
from provider.images import config_file, default_authorities, image_config
from provider.images.default_authorities import DefaultAuthorities
from provider.images.image_config import ImageConfig
from provider.observer import NullObserver, Observer
from provider.questions.answer import Answer, Facts, PlatformFacts, Proofs, Signature
from provider.questions.question import FactQuestion, ProofQuestion, Question, key_of
from provider.questions.question import ref as ref_of
from provider.reasons import Reason
from provider.registry import media_types, reference
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.content import Content, Seen
from provider.registry.manifest import Descriptor, Index, Manifest
from provider.registry.reference import Reference
from provider.registry.settings import RegistrySettings

if TYPE_CHECKING:
    from provider.signatures.examination import Examination

_UNNAMED: Final = "unknown"


@dataclass(frozen=True)
class Leaf:
    """One manifest of an image.

    Attributes:
        reference: the image itself, or the repository at the child's digest.
        descriptor: what the index says of it; None for the image itself.
        manifest: the document.
        config: its configuration, as it came.
    """

    reference: Reference
    descriptor: Descriptor | None
    manifest: Manifest
    config: bytes


@dataclass
class _Node:
    """A place in the tree of indexes, filled when it has been fetched."""

    reference: Reference
    descriptor: Descriptor | None
    leaf: Leaf | None = None
    children: list[_Node] = field(default_factory=list)
    error: ImageError | None = None

    def walk(self) -> Iterator[_Node]:
        """Every node, in the order of the documents."""
        yield self
        for child in self.children:
            yield from child.walk()


class Prover(Protocol):
    """Knows who signed images; may be used by many threads."""

    def prove(self, question: ProofQuestion, deadline: Deadline, ref: str | None = None) -> Proofs:
        """What cryptography proves.

        Raises:
            ImageError: nothing is proved, or there is no answer.
        """
        ...

    def examine(self, question: ProofQuestion, deadline: Deadline) -> Examination:
        """How far each signature came.

        Raises:
            ImageError: there is no answer.
        """
        ...


class ImageInspector:
    """Answers questions about images; may be used by many threads."""

    def __init__(  # noqa: PLR0913, PLR0917 - what the builder has
        self,
        content: Content,
        client: RegistryClient,
        observer: Observer,
        workers: int,
        prover: Prover | None = None,
        authorities: DefaultAuthorities | None = None,
    ) -> None:
        self._prover = prover
        self._authorities = authorities
        self._content = content
        self._client = client
        self._observer = observer
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="children")

    def inspect(self, question: Question, deadline: Deadline, ref: str | None = None) -> Answer:
        """The facts or the proofs that a question asks for.

        Args:
            question: what is asked.
            deadline: by when the work must be done; every wait within honours it.
            ref: short name of the key that asks; computed from the question where it is not given.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        if isinstance(question, FactQuestion):
            return self._inspect(question, deadline, ref)
        if self._prover is None:
            raise ImageError(Reason.QUESTION_UNSUPPORTED, "this provider proves no signatures")
        return self._prover.prove(question, deadline, ref)

    def examine(self, question: ProofQuestion, deadline: Deadline) -> Examination:
        """How far each signature of an image came in its verification.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        if self._prover is None:
            raise ImageError(Reason.QUESTION_UNSUPPORTED, "this provider proves no signatures")
        return self._prover.examine(question, deadline)

    def _inspect(self, question: FactQuestion, deadline: Deadline, ref: str | None) -> Facts:
        call = Call(deadline, ref or ref_of(key_of(question)))
        image = reference.parse(question.image)
        try:
            seen = self._seen(image, question.config, call)
            signature = self._signature(f"{image.context}@{seen.document.digest}", question, call)
            leaves = self._leaves(image, seen, question.config, call)
        finally:
            self._observer.round_trips(call.round_trips)
        facts = _facts(image, seen, leaves, with_config=question.config)
        return facts if signature is None else replace(facts, signature=signature.result())

    def _signature(self, image: str, question: FactQuestion, call: Call) -> Future[Signature] | None:
        """Who signed an image, looked up beside its age; None where nobody asks."""
        if self._authorities and question.plain:
            return self._pool.submit(self._authorities.signature, image, call.deadline, call.ref)
        return None

    def resolve(self, image: str, deadline: Deadline, ref: str | None = None) -> str:
        """The image as a Pod's field should name it: as written, with the digest behind; unchanged if it has one.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        parsed = reference.parse(image)
        if parsed.digest:
            return image
        seen = self._content.seen(parsed, Call(deadline, ref or ref_of(image)))
        return f"{image}@{seen.document.digest}"

    def close(self) -> None:
        """Stop taking work; what goes on ends by its own deadline."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _seen(self, image: Reference, with_config: bool, call: Call) -> Seen:  # noqa: FBT001 - the question's own word
        try:
            return self._content.seen(image, call)
        except ImageError as error:
            raise self._upstream_words(image, error) if with_config else error from error

    def _leaves(self, image: Reference, seen: Seen, everything: bool, call: Call) -> Sequence[Leaf]:  # noqa: FBT001
        document = seen.document
        if isinstance(document, Manifest):
            return (Leaf(image, None, document, self._content.config(image, document.config, call)),)
        root = _Node(image, None)
        self._grow(root, document, everything, call)
        nodes = tuple(root.walk())
        _raise_first([node for node in nodes if node.error], everything)
        return tuple(node.leaf for node in nodes if node.leaf)

    def _grow(self, root: _Node, document: Index, everything: bool, call: Call) -> None:  # noqa: FBT001
        """Fetch the tree below an index, a level at a time."""
        level = [(root, document)]
        count = 0
        for _ in range(limits.INDEX_DEPTH):
            for node, index in level:
                node.children = _children(node.reference, index, everything)
            nodes = [child for node, _ in level for child in node.children]
            count += len(nodes)
            if count > limits.INDEX_MANIFESTS:
                sentence = f"{root.reference.name}: more than {limits.INDEX_MANIFESTS} manifests in its indexes"
                raise ImageError(Reason.LIMIT_EXCEEDED, sentence)
            level = self._visit_all(nodes, everything, call)
            if not level:
                return
        sentence = f"{root.reference.name}: indexes within indexes, more than {limits.INDEX_DEPTH} deep"
        raise ImageError(Reason.CONTENT_INVALID, sentence)

    def _visit_all(self, nodes: Sequence[_Node], everything: bool, call: Call) -> list[tuple[_Node, Index]]:  # noqa: FBT001
        """Visit nodes side by side, the first in this thread; gives the indexes among them."""
        strands = [call.fork() for _ in nodes]
        jobs = [
            self._pool.submit(self._visit, node, everything, strand)
            for node, strand in zip(nodes[1:], strands[1:], strict=True)
        ]
        found = [self._visit(nodes[0], everything, strands[0])] if nodes else []
        found += [job.result() for job in jobs]
        call.join(strands)
        return [(node, index) for node, index in zip(nodes, found, strict=True) if index is not None]

    def _visit(self, node: _Node, everything: bool, call: Call) -> Index | None:  # noqa: FBT001
        try:
            document = self._content.manifest(node.reference, call)
            if isinstance(document, Index):
                return document
            config = self._content.config(node.reference, document.config, call)
        except ImageError as error:
            node.error = self._upstream_words(node.reference, error) if everything else error
            return None
        node.leaf = Leaf(node.reference, node.descriptor, document, config)
        return None

    def _upstream_words(self, image: Reference, error: ImageError) -> ImageError:
        """Policy-controller's words for a manifest that is not there; a policy's author searches for them."""
        if error.reason is not Reason.NOT_FOUND:
            return error
        url = self._client.url(image)
        return ImageError(
            error.reason, f"failed to get ref {image.text} : GET {url}: MANIFEST_UNKNOWN: manifest unknown"
        )


def build_inspector(
    settings: RegistrySettings,
    clock: Clock,
    observer: Observer | None = None,
    trust_roots: Mapping[str, Path] | None = None,
    authorities: Mapping[str, Path] | None = None,
) -> ImageInspector:
    """The inspector with everything below it.

    Args:
        settings: how registries are reached.
        clock: for every time to live.
        observer: is told of requests and look-ups.
        trust_roots: files of trust roots, by the names that questions give them.
        authorities: files of public keys whose signatures fact sheets tell of, by name.

    Raises:
        SettingsError: a file that the settings name cannot be used.
    """
    observer = observer or NullObserver()
    client = RegistryClient(settings, clock, observer=observer)
    content = Content(client, clock, observer, memory_bytes=settings.memory_bytes, tag_ttl=settings.tag_ttl)

    def prover() -> Prover:
        # Imported when the first question comes: who asks for no signatures shall not pay for their libraries.
        from provider.signatures.verifier import build_verifier  # noqa: PLC0415

        return build_verifier(content, client, clock, observer, trust_roots or {}, tag_ttl=settings.tag_ttl)

    lazy = _Lazy(prover)
    if trust_roots or authorities:
        # They were named to be used, and a damaged file is to be found now.
        lazy.build()
    defaults = DefaultAuthorities(default_authorities.read(authorities or {}), lazy.prove)
    return ImageInspector(content, client, observer, settings.workers, lazy, defaults)


class _Lazy:
    """A prover that is built when it is first asked."""

    def __init__(self, build: Callable[[], Prover]) -> None:
        self._built_by = build
        self._lock = threading.Lock()
        self._prover: Prover | None = None

    def prove(self, question: ProofQuestion, deadline: Deadline, ref: str | None = None) -> Proofs:
        """See `Prover`."""
        return self.build().prove(question, deadline, ref)

    def examine(self, question: ProofQuestion, deadline: Deadline) -> Examination:
        """See `Prover`."""
        return self.build().examine(question, deadline)

    def build(self) -> Prover:
        """The prover, built if it was not.

        Raises:
            SettingsError: a trust root cannot be used.
        """
        with self._lock:
            self._prover = self._prover or self._built_by()
            return self._prover


def _children(image: Reference, index: Index, everything: bool) -> list[_Node]:  # noqa: FBT001
    """The children to look at: all of them for policy-controller's document, for facts those that could run."""
    return [
        _Node(image.at(descriptor.digest), descriptor)
        for descriptor in index.manifests
        if everything or _may_run(descriptor)
    ]


def _may_run(descriptor: Descriptor) -> bool:
    if descriptor.platform is not None and descriptor.platform.unknown:
        return False
    known = media_types.MANIFESTS | media_types.INDEXES | media_types.VAGUE
    return descriptor.media_type in known


def _raise_first(failed: Sequence[_Node], everything: bool) -> None:  # noqa: FBT001
    """Raise what keeps us from an answer; for now rather than for good, so that nobody caches half a truth."""
    errors = [node.error for node in failed if node.error]
    if not errors:
        return
    worst = next((error for error in errors if not error.reason.durable), errors[0])
    if not everything:
        raise worst
    raise ImageError(worst.reason, f"failed to get a ConfigFile: [{' '.join(error.message for error in errors)}]")


def _facts(image: Reference, seen: Seen, leaves: Sequence[Leaf], *, with_config: bool) -> Facts:
    config = _config(leaves, seen) if with_config else None
    platforms = _platforms(leaves)
    if not platforms and not with_config:
        raise _no_platform(image, leaves)
    oldest = min(platforms.values(), key=_by_age, default=None)
    return Facts(
        image=image.name,
        digest=seen.document.digest,
        reference=f"{image.context}@{seen.document.digest}",
        created=oldest.created if oldest and oldest.created_ns is not None else None,
        created_ns=oldest.created_ns if oldest else None,
        platforms=platforms,
        config=config,
        observed_at=seen.observed_at,
    )


def _by_age(platform: PlatformFacts) -> tuple[bool, int]:
    """Sorts the oldest first, and before it those whose date cannot be read."""
    return platform.created_ns is not None, platform.created_ns or 0


def _platforms(leaves: Iterable[Leaf]) -> dict[str, PlatformFacts]:
    platforms: dict[str, PlatformFacts] = {}
    for leaf in leaves:
        config = image_config.read(leaf.config, f"configuration of {leaf.reference.name}")
        if not _runs(leaf, config):
            continue
        facts = PlatformFacts(leaf.manifest.digest, config.created, rfc3339.created_ns(config.created))
        name = _platform_name(leaf, config)
        # Of two for one platform nobody knows which a node takes: the older one counts.
        platforms[name] = min(platforms.get(name, facts), facts, key=_by_age)
    return platforms


def _runs(leaf: Leaf, config: ImageConfig) -> bool:
    """Whether a runtime could take it: the index's word on the platform comes first, as it does for containerd."""
    platform = leaf.descriptor.platform if leaf.descriptor else None
    effective = platform or config.platform
    if effective.unknown:
        return False
    if leaf.descriptor and leaf.descriptor.attestation and not effective.os:
        return False
    return leaf.manifest.config.media_type in media_types.CONFIGS or bool(config.platform.os)


def _platform_name(leaf: Leaf, config: ImageConfig) -> str:
    told = leaf.descriptor.platform.name if leaf.descriptor and leaf.descriptor.platform else ""
    own = "" if config.platform.unknown else config.platform.name
    return own or told or _UNNAMED


def _no_platform(image: Reference, leaves: Sequence[Leaf]) -> ImageError:
    if len(leaves) == 1:
        kind = shown(leaves[0].manifest.config.media_type) or "of no type"
        return ImageError(Reason.CONTENT_INVALID, f"{image.name} is no image that runs: its configuration is {kind}")
    return ImageError(Reason.CONTENT_INVALID, f"{image.name}: the index names no platform that an image could run on")


def _config(leaves: Sequence[Leaf], seen: Seen) -> dict[str, Any]:
    """What policy-controller puts into `input.config`; of two with one name the later one, as there."""
    documents: dict[str, Any] = {}
    problems: list[str] = []
    for leaf in leaves:
        try:
            name, document = config_file.decode(leaf.config)
        except DecodeError as error:
            problems.append(f"getting ConfigFile for {leaf.reference.text}: {error}")
        else:
            documents[name] = document
    if problems:
        single = isinstance(seen.document, Manifest)
        sentence = problems[0] if single else f"failed to get a ConfigFile: [{' '.join(problems)}]"
        raise ImageError(Reason.CONTENT_INVALID, sentence)
    return documents
