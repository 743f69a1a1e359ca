"""Where the questions of a Constraint name trust roots, and by which digest of theirs.

The question names the digest, so that an answer by the old trust root can never be taken for one by the new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

# Members of questions (wire).
_WHERE: Final = frozenset({"keyless", "ctlog", "timestamp"})
_NAME: Final = "trustRoot"
_DIGEST: Final = "trustRootDigest"


def named(found: object) -> Iterator[tuple[str, str]]:
    """The trust roots in an object's questions, name and digest; the public good instance has no name here."""
    if isinstance(found, Mapping):
        for key, each in found.items():
            if key in _WHERE and isinstance(each, Mapping) and isinstance(name := each.get(_NAME), str) and name:
                yield name, str(each.get(_DIGEST) or "")
            yield from named(each)
    elif isinstance(found, list | tuple):
        for each in found:
            yield from named(each)


def with_digests(found: Any, digests: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """The same with these digests, by name; without one where none is given."""
    if isinstance(found, Mapping):
        return {key: _with_digest(key, with_digests(each, digests), digests) for key, each in found.items()}
    if isinstance(found, list | tuple):
        return [with_digests(each, digests) for each in found]
    return found


def _with_digest(key: str, found: Any, digests: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    if key not in _WHERE or not isinstance(found, dict) or not isinstance(name := found.get(_NAME), str) or not name:
        return found
    bare = {each: value for each, value in found.items() if each != _DIGEST}
    digest = digests.get(name, "")
    return {**bare, _DIGEST: digest} if digest else bare
