"""One manifest of an image with its configuration, read: the document itself is let go of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provider import limits
from provider.errors import ImageError
from provider.golang.decoding import DecodeError, Room, RoomError
from provider.images import config_file, image_config
from provider.images.config_file import LimitError
from provider.images.image_config import ImageConfig
from provider.questions.config_paths import ConfigPaths
from provider.reasons import Reason
from provider.registry.content import media_types
from provider.registry.content.manifest import Descriptor, Manifest, Platform
from provider.registry.reference import Reference


@dataclass(frozen=True, slots=True)
class Leaf:
    """One manifest of an image.

    Attributes:
        reference: the image itself, or the repository at the child's digest.
        descriptor: what the index says of it; None for the image itself.
        manifest: the document.
        config: what its configuration says; None where `problem` stands.
        name: of the platform, as policy-controller's document has it; empty where that was not asked for.
        document: policy-controller's document, or the parts of it that were asked for; None where it was not.
        problem: why that document cannot be made, in Go's words; empty where it can.
    """

    reference: Reference
    descriptor: Descriptor | None
    manifest: Manifest
    config: ImageConfig | None
    name: str = ""
    document: Mapping[str, Any] | None = None
    problem: str = ""


@dataclass(frozen=True)
class DocumentRequest:
    """That policy-controller's documents are asked for.

    Attributes:
        room: what those of one answer may take together.
        paths: the parts of them that are asked for; None for all.
    """

    room: Room
    paths: ConfigPaths | None = None

    def document(self, body: bytes) -> tuple[str, Mapping[str, Any]]:
        """The platform's name and the document of one configuration.

        Raises:
            LimitError: it holds more than anybody's, or than there is room for.
            DecodeError: it cannot be made, in Go's words.
        """
        if self.paths is None:
            return config_file.decode(body, self.room)
        # A label of 600 KiB does no harm where it is cut off: only what is left counts.
        name, whole = config_file.decode(body, Room(limits.ITEM_BYTES, counts_texts=False))
        document = self.paths.cut(whole)
        try:
            self.room.take(len(json.dumps(document)))
        except RoomError as error:
            raise config_file.too_large() from error
        return name, document


def read(  # noqa: PLR0913 - what was found, and what is asked
    reference: Reference,
    descriptor: Descriptor | None,
    manifest: Manifest,
    body: bytes,
    request: DocumentRequest | None,
    *,
    artifacts: bool = False,
) -> Leaf:
    """Read a configuration.

    Args:
        reference: see `Leaf`.
        descriptor: see `Leaf`.
        manifest: see `Leaf`.
        body: the configuration as it came.
        request: what is asked of policy-controller's documents; None where they are not asked for.
        artifacts: whether a configuration that is no image's may be anything; then it says nothing.

    Raises:
        ImageError: `ContentInvalid` when it is no JSON object, `LimitExceeded` when it would build too much.
    """
    name, document = "", None
    if request is not None:
        try:
            name, document = request.document(body)
        except LimitError as error:
            raise ImageError(Reason.LIMIT_EXCEEDED, f"configuration of {reference.name}: {error}") from error
        except DecodeError as error:
            problem = f"getting ConfigFile for {reference.text}: {error}"
            return Leaf(reference, descriptor, manifest, None, problem=problem)
    try:
        config = image_config.read(body, f"configuration of {reference.name}")
    except ImageError as error:
        foreign = manifest.config.media_type not in media_types.CONFIGS
        if not (artifacts and foreign and error.reason is Reason.CONTENT_INVALID):
            raise
        config = ImageConfig(None, Platform())
    return Leaf(reference, descriptor, manifest, config, name, document)
