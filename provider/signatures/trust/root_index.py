"""What a folder of trust roots holds: an index, and a file for each of them, named by its content.

The controller writes such a folder as a ConfigMap, the provider reads it. Of one name there may be several: while one
trust root takes the place of another, questions of both have an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from provider import limits
from provider.errors import FileError
from provider.foreign_text import shown

INDEX: Final = "index.json"
"""The file that says which others count."""
PAGE: Final = "/trust-roots"
"""Where a provider says which it has loaded, on its plain port: `{"roots": {NAME: [DIGEST, …]}}`."""
_VERSION: Final = 1
_DIGEST: Final = re.compile("sha256:[0-9a-f]{64}", re.ASCII)
# As names of Kubernetes objects are; the rest of a file's name has 70 characters, of 253.
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.\-]{0,178}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class RootIndex:
    """Which trust roots there are.

    Attributes:
        digests: of each name, `sha256:…`; the first is the one that a question without a digest means.
    """

    digests: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def text(self) -> str:
        """As the file has it."""
        roots = {name: list(found) for name, found in sorted(self.digests.items())}
        return json.dumps({"v": _VERSION, "roots": roots}, separators=(",", ":"))


def read(body: bytes) -> RootIndex:
    """The index in a file.

    Raises:
        FileError: it is none.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FileError("it is no JSON that can be read") from error
    roots = found.get("roots") if isinstance(found, dict) else None
    if not isinstance(found, dict) or found.get("v") != _VERSION or not isinstance(roots, dict):
        raise FileError(f"it is no index of trust roots of version {_VERSION}")
    if len(roots) > limits.TRUST_ROOTS:
        raise FileError(f"it names {len(roots)} trust roots, more than {limits.TRUST_ROOTS}")
    return RootIndex({name: _digests(name, digests) for name, digests in roots.items()})


def is_name(name: str) -> bool:
    """Whether a trust root of this name can be in such a folder."""
    return _NAME.fullmatch(name) is not None


def file_name(name: str, digest: str) -> str:
    """The file of a trust root."""
    return f"{name}.{digest.removeprefix('sha256:')}.json"


def _digests(name: str, digests: object) -> Sequence[str]:
    whole = isinstance(digests, list) and 0 < len(digests) <= limits.TRUST_ROOT_VERSIONS
    if not is_name(name) or not isinstance(digests, list) or not whole:
        raise FileError(f"{shown(name)} and what it says of it are no trust root")
    if not all(isinstance(each, str) and _DIGEST.fullmatch(each) for each in digests):
        raise FileError(f"{shown(name)}: a digest is sha256: and 64 hexadecimal digits")
    return tuple(digests)
