"""Images as documents: what registries hold, sound or not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
CREATED: Final = "2026-06-01T00:00:00Z"
MEGABYTES: Final = 1_000_000


@dataclass(frozen=True)
class Document:
    """A manifest, an index or a blob."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """`sha256:…`."""
        return digest(self.body)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        """How another document names it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body), **more}


@dataclass(frozen=True)
class Image:
    """A manifest and the configuration that it names."""

    manifest: Document
    config: Document

    @property
    def documents(self) -> tuple[Document, Document]:
        """Both."""
        return self.manifest, self.config


def digest(body: bytes) -> str:
    """The digest of any bytes."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def canonical(document: object) -> bytes:
    """JSON, always the same for the same document."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def configuration(name: str, architecture: str = "amd64", created: str = CREATED, **more: Any) -> bytes:
    """A sound configuration; the name makes it another one."""
    document = {
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": {"Labels": {"name": name}},
        "rootfs": {"type": "layers", "diff_ids": [digest(name.encode())]},
    }
    return canonical(document | more)


def image(config: bytes) -> Image:
    """An image with a configuration, whatever that is."""
    document = Document(CONFIG, config)
    layer = {"mediaType": LAYER, "digest": digest(b"layer"), "size": 5}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": document.descriptor(), "layers": [layer]}
    return Image(Document(MANIFEST, canonical(manifest)), document)


def index(children: Iterable[Document]) -> Document:
    """An index of manifests, each for an architecture of its own."""
    entries = [
        child.descriptor(platform={"os": "linux", "architecture": "amd64" if number == 0 else f"arch{number}"})
        for number, child in enumerate(children)
    ]
    return Document(INDEX, canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}))


def missing_children(name: str, count: int) -> Document:
    """An index of manifests that are nowhere."""
    return index(Document(MANIFEST, f"{name} {number}".encode()) for number in range(count))


def shelf(repository: str, documents: Sequence[Document], tag: str = "1") -> Mapping[str, Document]:
    """Paths of a registry at which documents are found: all by digest, the first by its tag, too."""
    paths = {f"/v2/{repository}/{_kind(document)}/{document.digest}": document for document in documents}
    paths[f"/v2/{repository}/manifests/{tag}"] = documents[0]
    return paths


def _kind(document: Document) -> str:
    return "manifests" if document.media_type in {MANIFEST, INDEX} else "blobs"


# Configurations that cost more than they look.


def with_history(name: str, size: int = 2 * MEGABYTES - 1000) -> bytes:
    """One with as many empty entries of history as fit."""
    head = configuration(name)[:-1] + b',"history":['
    return head + b",".join([b"{}"] * ((size - len(head)) // 3)) + b"]}"


def with_spaces(name: str, size: int = 2 * MEGABYTES - 1000) -> bytes:
    """One that is nearly nothing but spaces."""
    body = configuration(name)
    return body[:-1] + b" " * (size - len(body)) + b"}"


def no_json(name: str, size: int = 2 * MEGABYTES - 1000) -> bytes:
    """`[1,1,1,…` that is none at its very end."""
    return b"[" + b"1," * ((size - len(name)) // 2 - 2) + b'"' + name.encode() + b'"x'


def deep(levels: int = 600) -> bytes:
    """A text deep within lists that needs an escape."""
    return b'{"created":"2026-01-01T00:00:00Z","deep":' + b"[" * levels + rb'"\u00e9"' + b"]" * levels + b"}"
