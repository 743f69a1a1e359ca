"""What an image's configuration says of itself, as found.

Read leniently, for facts: a value of an unexpected type is as good as none. Keys are matched as Go matches them,
without regard to case and the last one counting, because that is how runtimes read them. What policy-controller makes
of the same document is `provider.images.config_file`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provider.errors import ImageError
from provider.golang import encoding_json
from provider.reasons import Reason
from provider.registry.content.manifest import Platform

_FIELDS: Final = ("created", "os", "architecture", "variant", "os.version")
_LENGTHS: Final = frozenset(map(len, _FIELDS))


@dataclass(frozen=True)
class ImageConfig:
    """The parts of a configuration that facts are made of.

    Attributes:
        created: the text found; None when there is none, or no text.
        platform: what it is made to run on.
    """

    created: str | None
    platform: Platform


def read(body: bytes, what: str) -> ImageConfig:
    """Read a configuration.

    Args:
        body: the document.
        what: how messages call it.

    Raises:
        ImageError: `ContentInvalid` when it is no JSON object; `LimitExceeded` when it holds more than anybody's.
    """
    try:
        document = encoding_json.scan(body)
    except encoding_json.SyntaxProblemError as error:
        raise ImageError(Reason.CONTENT_INVALID, f"{what}: it is no JSON: {error}") from error
    except encoding_json.WeightError as error:
        raise ImageError(Reason.LIMIT_EXCEEDED, f"{what}: {error}") from error
    if not isinstance(document, tuple):
        raise ImageError(Reason.CONTENT_INVALID, f"{what}: it is no JSON object")
    # What is no text leaves what an equal key said before, as null does in Go. Folding to such a name keeps the length.
    found = {
        encoding_json.folded(key): value for key, value in document if len(key) in _LENGTHS and isinstance(value, str)
    }
    platform = Platform(*(found.get(name, "") for name in _FIELDS[1:]))
    return ImageConfig(found.get("created"), platform)
