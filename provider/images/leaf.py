"""One manifest of an image with its configuration, read: the document itself is let go of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provider.errors import ImageError
from provider.golang.structs import DecodeError, Room
from provider.images import config_file, image_config
from provider.images.config_file import LimitError
from provider.images.image_config import ImageConfig
from provider.reasons import Reason
from provider.registry.manifest import Descriptor, Manifest
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
        document: policy-controller's document; None where it was not asked for.
        problem: why that document cannot be made, in Go's words; empty where it can.
    """

    reference: Reference
    descriptor: Descriptor | None
    manifest: Manifest
    config: ImageConfig | None
    name: str = ""
    document: Mapping[str, Any] | None = None
    problem: str = ""


def read(
    reference: Reference, descriptor: Descriptor | None, manifest: Manifest, body: bytes, room: Room | None
) -> Leaf:
    """Read a configuration.

    Args:
        reference: see `Leaf`.
        descriptor: see `Leaf`.
        manifest: see `Leaf`.
        body: the configuration as it came.
        room: what policy-controller's documents of one answer may take together; None where they are not asked for.

    Raises:
        ImageError: `ContentInvalid` when it is no JSON object, `LimitExceeded` when it would build too much.
    """
    name, document = "", None
    if room is not None:
        try:
            name, document = config_file.decode(body, room)
        except LimitError as error:
            raise ImageError(Reason.LIMIT_EXCEEDED, f"configuration of {reference.name}: {error}") from error
        except DecodeError as error:
            problem = f"getting ConfigFile for {reference.text}: {error}"
            return Leaf(reference, descriptor, manifest, None, problem=problem)
    config = image_config.read(body, f"configuration of {reference.name}")
    return Leaf(reference, descriptor, manifest, config, name, document)
