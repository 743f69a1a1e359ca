"""The way through an image: from the manifest or index that a reference points to, to its configurations.

Of an index its children are visited side by side, level by level; of each child the configuration is fetched as soon as
its manifest is there. So a single image takes two sequential round trips, an index three.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from provider import limits
from provider.errors import ImageError
from provider.golang.decoding import Room
from provider.images import leaf
from provider.images.leaf import DocumentRequest, Leaf
from provider.loop import gathered
from provider.pace import Pace
from provider.questions.config_paths import ConfigPaths
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.client import Content
from provider.registry.content import media_types
from provider.registry.content.manifest import Descriptor, Index, Manifest
from provider.registry.memory import documents
from provider.registry.reference import Reference
from provider.registry.store import Store
from provider.steps import StepPurpose


@dataclass(slots=True, eq=False)
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


class Tree:
    """Visits an image; for one event loop.

    Args:
        store: has the documents.
        pace: for documents that take a while to read.
        config: whether policy-controller's document is asked for, which all children are part of, or which parts of it;
            facts are made of those that could run.
        artifacts: whether what is no image counts, too; its configuration may be anything.

    Attributes:
        gone: after `leaves`, the platforms that an index names and the registry does not have (a sparse index, as
            mirrors keep one); only where facts are made, and only beside platforms that are there.
    """

    def __init__(self, store: Store, pace: Pace, *, config: bool | ConfigPaths, artifacts: bool = False) -> None:
        self.gone: Sequence[Descriptor] = ()
        self._store = store
        self._pace = pace
        self._everything = config is not False
        self._artifacts = artifacts
        paths = config if isinstance(config, ConfigPaths) else None
        self._request = DocumentRequest(Room(limits.ITEM_BYTES), paths) if self._everything else None

    async def leaves(self, image: Reference, document: Content, call: Call) -> Sequence[Leaf]:
        """The manifests below a document, each with its configuration.

        Raises:
            ImageError: some of them cannot be had, for good or for now.
        """
        root = await self._parsed(document, f"manifest of {image.name}", call)
        if isinstance(root, Manifest):
            return (await self._leaf(_Node(image, None), root, call),)
        tree = _Node(image, None)
        await self._grow(tree, root, call)
        nodes = tuple(tree.walk())
        gone = [] if self._everything or not any(node.leaf for node in nodes) else [*filter(_is_gone, nodes)]
        self._raise_first([node.error for node in nodes if node.error and node not in gone])
        self.gone = tuple(node.descriptor for node in gone if node.descriptor)
        return tuple(node.leaf for node in nodes if node.leaf)

    def error_of(self, image: Reference, error: ImageError) -> ImageError:
        """Policy-controller's words for a manifest that is not there; a policy's author searches for them."""
        if error.reason is not Reason.NOT_FOUND or not self._everything:
            return error
        url = self._store.url(image)
        sentence = f"failed to get ref {image.text} : GET {url}: MANIFEST_UNKNOWN: manifest unknown"
        return ImageError(error.reason, sentence)

    async def _grow(self, root: _Node, document: Index, call: Call) -> None:
        """Fetch the tree below an index, a level at a time."""
        level = [(root, document)]
        count = 0
        for _ in range(limits.INDEX_DEPTH):
            for node, index in level:
                node.children = self._children(node.reference, index)
            nodes = [child for node, _ in level for child in node.children]
            count += len(nodes)
            if count > limits.INDEX_MANIFESTS:
                sentence = f"{root.reference.name}: more than {limits.INDEX_MANIFESTS} manifests in its indexes"
                raise ImageError(Reason.LIMIT_EXCEEDED, sentence)
            level = await self._visit_all(nodes, call)
            if not level:
                return
        sentence = f"{root.reference.name}: indexes within indexes, more than {limits.INDEX_DEPTH} deep"
        raise ImageError(Reason.CONTENT_INVALID, sentence)

    async def _visit_all(self, nodes: Sequence[_Node], call: Call) -> list[tuple[_Node, Index]]:
        """Visit nodes side by side; gives the indexes among them."""
        strands = [call.fork() for _ in nodes]
        found = await gathered(self._visit(node, strand) for node, strand in zip(nodes, strands, strict=True))
        call.join(strands)
        return [(node, index) for node, index in zip(nodes, found, strict=True) if index is not None]

    async def _visit(self, node: _Node, call: Call) -> Index | None:
        call.purpose = StepPurpose.PLATFORM
        try:
            document = await self._store.manifest(node.reference, call)
            found = await self._parsed(document, f"manifest of {node.reference.name}", call)
            if isinstance(found, Index):
                return found
            node.leaf = await self._leaf(node, found, call)
        except ImageError as error:
            # A fresh one: what was raised holds on to all that its frames held, the document among it.
            node.error = self.error_of(node.reference, error).again()
        return None

    async def _leaf(self, node: _Node, found: Manifest, call: Call) -> Leaf:
        call.purpose = StepPurpose.CONFIGURATION
        body = await self._store.blob(node.reference, found.config, limits.CONFIG_BYTES, call)
        await self._pace.wait_to_read(len(body), call)
        return leaf.read(node.reference, node.descriptor, found, body, self._request, artifacts=self._artifacts)

    async def _parsed(self, document: Content, what: str, call: Call) -> Manifest | Index:
        await self._pace.wait_to_read(len(document.body), call)
        return documents.parsed(document, what)

    def _children(self, image: Reference, index: Index) -> list[_Node]:
        return [
            _Node(image.at(descriptor.digest), descriptor)
            for descriptor in index.manifests
            if self._everything or _may_run(descriptor)
        ]

    def _raise_first(self, errors: Sequence[ImageError]) -> None:
        """Raise what keeps us from an answer; for now rather than for good, so that nobody caches half a truth."""
        if not errors:
            return
        worst = next((error for error in errors if not error.reason.durable), errors[0])
        if not self._everything:
            raise worst
        sentence = f"failed to get a ConfigFile: [{' '.join(error.message for error in errors)}]"
        raise ImageError(worst.reason, sentence, audit_only=worst.audit_only)


def _is_gone(node: _Node) -> bool:
    """Whether it is a platform, named by the index, that the registry does not know."""
    named = node.descriptor is not None and node.descriptor.platform is not None and node.descriptor.platform.name
    return bool(named) and node.error is not None and node.error.reason is Reason.NOT_FOUND


def _may_run(descriptor: Descriptor) -> bool:
    if descriptor.platform is not None:
        # CRI-O and Docker choose by the platform, and do not look at what the index calls a child.
        return not descriptor.platform.unknown
    if descriptor.artifact_type and descriptor.artifact_type not in media_types.CONFIGS:
        # A bill of materials, a chart: it names no platform, and says what it is.
        return False
    known = media_types.MANIFESTS | media_types.INDEXES | media_types.VAGUE
    return descriptor.media_type in known
