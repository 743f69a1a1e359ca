"""What is stored beside images: manifests of artifacts, and lists of what refers to a manifest.

(OCI image specification, `manifest.md`; OCI distribution specification, "Listing Referrers".)

In a list every entry stands by itself: one that cannot be read is passed over, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.content import manifest, media_types
from provider.registry.content.manifest import Descriptor, invalid

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


@dataclass(frozen=True)
class DescriptorList:
    """A list of descriptors.

    Attributes:
        entries: those that can be read, in order; annotations are texts.
        problems: of the others; a sentence each.
    """

    entries: Sequence[Descriptor]
    problems: Sequence[str] = ()


def read(body: bytes, what: str) -> Artifact:
    """Read a manifest, all of which counts.

    Raises:
        ImageError: `ContentInvalid`: it is none, or means different things to different readers; `LimitExceeded`.
    """
    fields = _manifest(body, what)
    layers = [_layer(layer, f"{what}: layers[{number}]") for number, layer in enumerate(_list(fields, "layers", what))]
    return Artifact(
        _text(fields, "artifactType", what),
        tuple(layers),
        subject_of(body, what),
        _texts(fields.get("annotations") or {}, what),
    )


def read_layers(body: bytes, what: str) -> DescriptorList:
    """Read the layers of a manifest, each of which stands by itself.

    Raises:
        ImageError: `ContentInvalid`: it is no manifest, or means different things to different readers;
            `LimitExceeded`.
    """
    layers = _list(_manifest(body, what), "layers", what)
    return _readable(layers, f"{what}: layers", _layer)


def subject_of(body: bytes, what: str) -> str:
    """The digest of what a manifest refers to; empty when it refers to nothing.

    Raises:
        ImageError: as for `read_layers`.
    """
    subject = _manifest(body, what).get("subject")
    return manifest.descriptor(subject, f"{what}: subject").digest if subject is not None else ""


def read_referrers(body: bytes, what: str) -> DescriptorList | None:
    """Read a list of referrers, which is an index.

    Returns:
        None for an object that names no manifests and does not call itself an index: it is no such list.

    Raises:
        ImageError: `ContentInvalid`; `LimitExceeded`.
    """
    fields = manifest.read_object(body, what)
    if "manifests" not in fields and fields.get("mediaType") != media_types.OCI_INDEX:
        return None
    entries = _list(fields, "manifests", what)
    if len(entries) > limits.REFERRERS:
        raise ImageError(Reason.LIMIT_EXCEEDED, f"{what}: there are {len(entries)}, more than {limits.REFERRERS}")
    return _readable(entries, f"{what}: manifests", _referrer)


def _readable(values: list[Any], what: str, read_one: Callable[[object, str], Descriptor]) -> DescriptorList:
    entries: list[Descriptor] = []
    problems: list[str] = []
    for number, value in enumerate(values):
        try:
            entries.append(read_one(value, f"{what}[{number}]"))
        except ImageError as error:
            problems.append(error.message)
    return DescriptorList(tuple(entries), tuple(problems))


def _manifest(body: bytes, what: str) -> Mapping[str, Any]:
    fields = manifest.read_object(body, what)
    if fields.keys() & _INDEX_FIELDS:
        raise invalid(what, "it is no manifest of an artifact")
    return fields


def _list(fields: Mapping[str, Any], name: str, what: str) -> list[Any]:
    value = fields.get(name) or []
    if not isinstance(value, list):
        raise invalid(what, f"its {name} are no list")
    return value


def _layer(value: object, what: str) -> Descriptor:
    """A layer's; its media type as written, because signatures are distinguished by it."""
    fields = manifest.fields_of(value, what)
    return replace(_referrer(value, what), media_type=_text(fields, "mediaType", what))


def _referrer(value: object, what: str) -> Descriptor:
    found = manifest.descriptor(value, what)
    return replace(found, annotations=_texts(found.annotations, what))


def _texts(annotations: object, what: str) -> Mapping[str, str]:
    found = manifest.fields_of(annotations, f"{what}: annotations")
    if not all(note is None or isinstance(note, str) for note in found.values()):
        raise invalid(what, "its annotations are no texts by name")
    # null is an empty text, as in Go. The names are as written.
    as_written = annotations if isinstance(annotations, dict) else found
    return {name: note or "" for name, note in as_written.items()}


def _text(fields: Mapping[str, Any], name: str, what: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise invalid(what, f"its {name} is no string")
    return value
