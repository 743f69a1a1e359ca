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
    """

    artifact_type: str
    layers: Sequence[Layer]
    subject: str = ""


def read(body: bytes, what: str) -> Artifact:
    """Read a manifest.

    Raises:
        ImageError: `SignatureRejected`: it is none, or means different things to different readers.
    """
    try:
        fields = strict_object(body)
    except RejectedError as error:
        raise invalid(what, str(error)) from error
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


def _layer(value: object, what: str) -> Layer:
    digest = _digest(value, what)
    fields = value if isinstance(value, dict) else {}
    size, annotations = fields.get("size"), fields.get("annotations") or {}
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise invalid(what, "its size is no number of bytes")
    if not isinstance(annotations, dict) or not all(isinstance(note, str) for note in annotations.values()):
        raise invalid(what, "its annotations are no texts by name")
    return Layer(text(fields, "mediaType", what), digest, size, annotations)


def _digest(value: object, what: str) -> str:
    digest = value.get("digest") if isinstance(value, dict) else None
    if not isinstance(digest, str) or not is_digest(digest):
        raise invalid(what, "its digest is not sha256: and 64 hexadecimal digits")
    return digest
