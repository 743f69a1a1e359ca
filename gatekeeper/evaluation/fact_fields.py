"""The fields of an image's facts, as a person writes them and as they are recorded; any other is misspelt.

A field that nobody reads would be a silent one: with `craeted` in place of `created` an image is judged as if nobody
had written anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

DATES: Final = frozenset({"created", "createdNs", "createdFrom"})
FAILURE: Final = frozenset({"reason", "message"})
PLATFORM: Final = DATES | {"digest", "gone"}
SIGNATURE: Final = frozenset({"status", "by"})
IMAGE: Final = (
    FAILURE
    | DATES
    | {
        "image",
        "digest",
        "reference",
        "platforms",
        "signature",
        "config",
        "observedAt",
        "ref",
        "attested",
        "signed",
        "signatures",
    }
)


def unknown(holder: Mapping[str, Any], known: Collection[str], path: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a mapping that are not known: the path of each, and a sentence with the one that may be meant."""
    for name in sorted(map(str, holder.keys() - set(known))):
        close = get_close_matches(name, known, 1, 0.7)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
        yield f"{path}{name}", f"there is no such field; {hint}"
