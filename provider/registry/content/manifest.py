"""Manifests and indexes, as far as facts about an image need them.

A document must mean one thing to everybody. Container runtimes read JSON with Go's decoder, which takes the last of
several equal keys and takes upper case for lower case; so a document in which two keys differ by nothing else,
and one that is manifest and index at once (CVE-2021-41190), is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provider import json_weight, limits
from provider.errors import ImageError
from provider.foreign_text import shown
from provider.reasons import Reason
from provider.registry.content import media_types
from provider.registry.content.digests import EXPECTED, is_digest

_SCHEMA: Final = 2
_ATTESTATION: Final = "vnd.docker.reference.type"
_UNKNOWN: Final = "unknown"
_CREATED: Final = "org.opencontainers.image.created"


@dataclass(frozen=True)
class Platform:
    """What a manifest is made to run on (OCI image index specification, `platform`)."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = ""

    @property
    def name(self) -> str:
        """`os[/architecture][/variant][:os.version]`, empty without an `os`, as go-containerregistry has it."""
        if not self.os:
            return ""
        parts = "/".join(filter(None, (self.os, self.architecture, self.variant)))
        return f"{parts}:{self.os_version}" if self.os_version else parts

    @property
    def unknown(self) -> bool:
        """Whether it is what BuildKit writes for things that do not run."""
        return self.os == _UNKNOWN and self.architecture == _UNKNOWN


@dataclass(frozen=True)
class Descriptor:
    """Points to a document (OCI image specification, `descriptor.md`).

    Attributes:
        media_type: empty when it does not say.
        digest: `sha256:…` or `sha512:…`.
        size: bytes, as announced.
        platform: None when it does not say.
        artifact_type: empty when it does not say.
        annotations: as written; values are of any type.
    """

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    artifact_type: str = ""
    annotations: Mapping[str, Any] = field(default_factory=dict)

    def annotation(self, name: str) -> str:
        """An annotation that is a text; empty without one."""
        value = self.annotations.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def attestation(self) -> bool:
        """Whether BuildKit marked it as no image."""
        return bool(self.annotations.get(_ATTESTATION))


@dataclass(frozen=True)
class Manifest:
    """An image for one platform.

    Attributes:
        media_type: of the document.
        digest: of the document.
        config: points to its configuration.
        created: its annotation `org.opencontainers.image.created` (OCI image specification, `annotations.md`), as
            found; None when there is none, or no text.
    """

    media_type: str
    digest: str
    config: Descriptor
    created: str | None = None


@dataclass(frozen=True)
class Index:
    """A list of images, or of further indexes."""

    media_type: str
    digest: str
    manifests: tuple[Descriptor, ...] = field(default=())


def parse(body: bytes, content_type: str, digest: str, what: str) -> Manifest | Index:
    """Read a manifest or an index.

    Args:
        body: the document, already checked against its digest.
        content_type: what the registry called it.
        digest: of the body.
        what: how messages call it.

    Raises:
        ImageError: `ContentInvalid`; `LimitExceeded` for an index with too many manifests.
    """
    fields = read_object(body, what)
    media_type = _media_type(fields, content_type, what)
    if fields.get("schemaVersion", _SCHEMA) != _SCHEMA or "fsLayers" in fields:
        raise invalid(what, "it is of schema version 1, which is not supported")
    if media_type in media_types.INDEXES:
        if "config" in fields or "layers" in fields:
            raise invalid(what, "it is an index and a manifest at once")
        return Index(media_type, digest, descriptors(fields.get("manifests"), what, limits.INDEX_MANIFESTS))
    if "manifests" in fields:
        raise invalid(what, "it is an index and a manifest at once")
    config = descriptor(fields.get("config"), f"{what}: config")
    return Manifest(media_type, digest, config, _created(fields.get("annotations")))


class _AmbiguousObject(dict[str, Any]):
    """An object with keys that Go's decoder takes for one."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    return fields if len({key.casefold() for key in fields}) == len(pairs) else _AmbiguousObject(fields)


_KNOWN: Final[Mapping[str, str]] = {
    name.casefold(): name
    for name in (
        *("schemaVersion", "mediaType", "config", "layers", "manifests", "fsLayers"),
        *("digest", "size", "platform", "annotations", "artifactType", "subject"),
        *("os", "architecture", "variant", "os.version"),
    )
}


def fields_of(value: object, what: str) -> dict[str, Any]:
    """An object, with known keys spelt as they are looked up.

    Raises:
        ImageError: `ContentInvalid`: it is none, or means different things to different readers.
    """
    if not isinstance(value, dict):
        raise invalid(what, "it is no JSON object")
    if isinstance(value, _AmbiguousObject):
        raise invalid(what, "two of its keys differ in case only, or not at all")
    return {_KNOWN.get(str(key).casefold(), str(key)): item for key, item in value.items()}


def read_object(body: bytes, what: str) -> dict[str, Any]:
    """A document that is one object.

    Raises:
        ImageError: `ContentInvalid`; `LimitExceeded` when it would build too much.
    """
    try:
        json_weight.check(body)
        # Bytes that are no UTF-8 spoil the text that they stand in, not the document: as in Go.
        document = json.loads(body.decode("utf-8", "replace"), object_pairs_hook=_unique)
    except json_weight.WeightError as error:
        raise ImageError(Reason.LIMIT_EXCEEDED, f"{what}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise invalid(what, "it is no JSON") from error
    return fields_of(document, what)


def _media_type(fields: Mapping[str, Any], content_type: str, what: str) -> str:
    named, own = media_types.essence(content_type), fields.get("mediaType", "")
    if not isinstance(own, str):
        raise invalid(what, "its mediaType is no string")
    known = media_types.MANIFESTS | media_types.INDEXES
    if named in media_types.VAGUE:
        named = own
    if named not in known:
        raise invalid(what, f"its media type is {shown(named) or 'absent'}, which is no image's")
    if own and own != named:
        raise invalid(what, f"the registry calls it {named}, it calls itself {shown(own)}")
    return named


def _created(annotations: object) -> str | None:
    """Read leniently: what nobody asked for spoils nothing. Where names differ in case only, none is the date's."""
    if not isinstance(annotations, dict) or isinstance(annotations, _AmbiguousObject):
        return None
    value = annotations.get(_CREATED)
    return value if isinstance(value, str) else None


def descriptors(value: object, what: str, most: int) -> tuple[Descriptor, ...]:
    """A list of descriptors.

    Raises:
        ImageError: `ContentInvalid`; `LimitExceeded` for more than `most`.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise invalid(what, "its manifests are no list")
    if len(value) > most:
        raise ImageError(Reason.LIMIT_EXCEEDED, f"{what}: the index names {len(value)} manifests, more than {most}")
    return tuple(descriptor(entry, f"{what}: manifests[{number}]") for number, entry in enumerate(value))


def descriptor(value: object, what: str) -> Descriptor:
    """A descriptor.

    Raises:
        ImageError: `ContentInvalid`.
    """
    fields = fields_of(value, what)
    digest = fields.get("digest")
    media_type, size, annotations = _or(fields, "mediaType", ""), _or(fields, "size", 0), _or(fields, "annotations", {})
    artifact_type = _or(fields, "artifactType", "")
    if not isinstance(digest, str) or not is_digest(digest):
        raise invalid(what, f"its digest is not {EXPECTED}")
    if not isinstance(media_type, str) or isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise invalid(what, "its mediaType is no string, or its size no number of bytes")
    if not isinstance(annotations, dict) or isinstance(annotations, _AmbiguousObject):
        raise invalid(what, "its annotations are no object, or two of their names differ in case only")
    platform = _platform(fields.get("platform"), what)
    kind = artifact_type if isinstance(artifact_type, str) else ""
    return Descriptor(media_types.essence(media_type), digest, size, platform, kind, annotations)


def _platform(value: object, what: str) -> Platform | None:
    if value is None:
        return None
    fields = fields_of(value, f"{what}.platform")
    texts = [_or(fields, name, "") for name in ("os", "architecture", "variant", "os.version")]
    if not all(isinstance(text, str) for text in texts):
        raise invalid(what, "its platform has a value that is no string")
    return Platform(*texts)


def _or(fields: Mapping[str, Any], name: str, default: object) -> Any:  # noqa: ANN401 - of any type, checked by the caller
    """A field; null is as good as none, as in Go."""
    value = fields.get(name)
    return default if value is None else value


def invalid(what: str, why: str) -> ImageError:
    """A document that is not what it should be, or that nobody should rely on."""
    return ImageError(Reason.CONTENT_INVALID, f"{what}: {why}")
