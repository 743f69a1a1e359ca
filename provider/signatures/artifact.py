"""What signatures are wrapped in: manifests of artifacts (OCI image specification, `manifest.md`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.reference import is_digest
from provider.signatures.encoding import strict_object
from provider.signatures.rejection import RejectedError

_INDEX_FIELDS: Final = frozenset({"manifests", "fsLayers"})


@dataclass(frozen=True)
class Layer:
    """A layer's descriptor.

    Attributes:
        media_type: empty when it does not say.
        digest: `sha256:…`.
        size: bytes, as announced.
        annotations: as written.
    """

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """A manifest.

    Attributes:
        artifact_type: empty when it does not say.
        layers: in order.
        subject: digest of what it refers to; empty when it refers to nothing.
        annotations: as written.
    """

    artifact_type: str
    layers: Sequence[Layer]
    subject: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Descriptor:
    """What refers to a manifest, as a list of referrers tells it.

    Attributes:
        digest: `sha256:…`.
        artifact_type: empty when it does not say.
        annotations: as told, which may be none.
    """

    digest: str
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


def read_referrers(body: bytes, what: str) -> Sequence[Descriptor]:
    """Read a list of referrers: an index (OCI distribution specification, "Listing Referrers").

    Raises:
        ImageError: `SignatureRejected`.
    """
    manifests = _object(body, what).get("manifests") or []
    if not isinstance(manifests, list):
        raise invalid(what, "its manifests are no list")
    return tuple(_descriptor(one, f"{what}: manifests[{number}]") for number, one in enumerate(manifests))


def read(body: bytes, what: str) -> Artifact:
    """Read a manifest.

    Raises:
        ImageError: `SignatureRejected`: it is none, or means different things to different readers.
    """
    fields = _object(body, what)
    if fields.keys() & _INDEX_FIELDS:
        raise invalid(what, "it is no manifest of an artifact")
    layers = fields.get("layers") or []
    if not isinstance(layers, list):
        raise invalid(what, "its layers are no list")
    subject = fields.get("subject")
    return Artifact(
        text(fields, "artifactType", what),
        tuple(_layer(layer, f"{what}: layers[{number}]") for number, layer in enumerate(layers)),
        _digest(subject, f"{what}: subject") if subject is not None else "",
        _annotations(fields, what),
    )


def text(fields: Mapping[str, Any], name: str, what: str) -> str:
    """A member that is a text or absent.

    Raises:
        ImageError: `SignatureRejected`.
    """
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise invalid(what, f"its {name} is no string")
    return value


def invalid(what: str, why: str) -> ImageError:
    """What is fetched in place of a signature is none; it may be replaced at any time, so this is passing."""
    return ImageError(Reason.SIGNATURE_REJECTED, f"{what}: {why}")


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        return strict_object(body)
    except RejectedError as error:
        raise invalid(what, str(error)) from error


def _layer(value: object, what: str) -> Layer:
    digest = _digest(value, what)
    fields = value if isinstance(value, dict) else {}
    size = fields.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise invalid(what, "its size is no number of bytes")
    return Layer(text(fields, "mediaType", what), digest, size, _annotations(fields, what))


def _descriptor(value: object, what: str) -> Descriptor:
    digest = _digest(value, what)
    fields = value if isinstance(value, dict) else {}
    return Descriptor(digest, text(fields, "artifactType", what), _annotations(fields, what))


def _annotations(fields: Mapping[str, Any], what: str) -> Mapping[str, str]:
    annotations = fields.get("annotations") or {}
    if not isinstance(annotations, dict) or not all(isinstance(note, str) for note in annotations.values()):
        raise invalid(what, "its annotations are no texts by name")
    return annotations


def _digest(value: object, what: str) -> str:
    digest = value.get("digest") if isinstance(value, dict) else None
    if not isinstance(digest, str) or not is_digest(digest):
        raise invalid(what, "its digest is not sha256: and 64 hexadecimal digits")
    return digest
