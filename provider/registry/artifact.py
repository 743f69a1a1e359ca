"""What is stored beside images: manifests of artifacts, and lists of what refers to a manifest.

(OCI image specification, `manifest.md`; OCI distribution specification, "Listing Referrers".)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from provider import limits
from provider.registry import manifest
from provider.registry.manifest import Descriptor, invalid

_INDEX_FIELDS: Final = frozenset({"manifests", "fsLayers"})


@dataclass(frozen=True)
class Artifact:
    """A manifest.

    Attributes:
        artifact_type: empty when it does not say.
        layers: in order; annotations are texts.
        subject: digest of what it refers to; empty when it refers to nothing.
        annotations: as written, texts.
    """

    artifact_type: str
    layers: Sequence[Descriptor]
    subject: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


def read(body: bytes, what: str) -> Artifact:
    """Read a manifest.

    Raises:
        ImageError: `ContentInvalid`: it is none, or means different things to different readers; `LimitExceeded`.
    """
    fields = manifest.read_object(body, what)
    if fields.keys() & _INDEX_FIELDS:
        raise invalid(what, "it is no manifest of an artifact")
    layers = fields.get("layers") or []
    if not isinstance(layers, list):
        raise invalid(what, "its layers are no list")
    subject = fields.get("subject")
    return Artifact(
        _text(fields, "artifactType", what),
        tuple(_described(layer, f"{what}: layers[{number}]") for number, layer in enumerate(layers)),
        manifest.descriptor(subject, f"{what}: subject").digest if subject is not None else "",
        _texts(fields.get("annotations") or {}, what),
    )


def read_referrers(body: bytes, what: str) -> Sequence[Descriptor]:
    """Read a list of referrers, which is an index.

    Raises:
        ImageError: `ContentInvalid`; `LimitExceeded`.
    """
    entries = manifest.descriptors(manifest.read_object(body, what).get("manifests"), what, limits.REFERRERS)
    return tuple(_checked(one, f"{what}: manifests[{number}]") for number, one in enumerate(entries))


def _described(value: object, what: str) -> Descriptor:
    """A layer's; its media type as written, for signatures are told apart by it."""
    fields = manifest.fields_of(value, what)
    return _checked(replace(manifest.descriptor(value, what), media_type=_text(fields, "mediaType", what)), what)


def _checked(descriptor: Descriptor, what: str) -> Descriptor:
    _texts(descriptor.annotations, what)
    return descriptor


def _texts(annotations: object, what: str) -> Mapping[str, str]:
    found = manifest.fields_of(annotations, f"{what}: annotations")
    if not all(isinstance(note, str) for note in found.values()):
        raise invalid(what, "its annotations are no texts by name")
    return annotations if isinstance(annotations, dict) else found


def _text(fields: Mapping[str, Any], name: str, what: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise invalid(what, f"its {name} is no string")
    return value
