"""The names of what a ClusterImagePolicy becomes.

A ClusterImagePolicy's name is up to 253 characters with dots and leading digits; a Kind is an identifier of at most
59 characters whose lower-case form names the template, and other Gatekeeper objects have at most 63. A digest of the
whole name keeps the mapping injective where readable letters alone would not be (`a-b` and `ab`).
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

KIND_CHARACTERS: Final = 59
OBJECT_CHARACTERS: Final = 63
SHARED_KIND: Final = "ClusterImagePolicyAuthorities"
WARN_SUFFIX: Final = "-warn"
ENFORCED_SUFFIX: Final = "-enforced"

_PREFIX: Final = "Cip"
_DIGEST_CHARACTERS: Final = 10


def kind_of(policy: str) -> str:
    """The Kind of the template of a policy with a rule of its own: `Cip`, the name in camel case, ten hex digits."""
    words = re.split(r"[^a-z0-9]+", policy.lower())
    readable = "".join(word.capitalize() for word in words)
    room = KIND_CHARACTERS - len(_PREFIX) - _DIGEST_CHARACTERS
    return _PREFIX + readable[:room] + _digest(policy)


def template_name(kind: str) -> str:
    """The name of a ConstraintTemplate: Gatekeeper demands the Kind in lower case."""
    return kind.lower()


def constraint_name(policy: str) -> str:
    """The name of a policy's Constraint, with room for the suffix of its warning twin.

    The policy's own name wherever that cannot be taken for another's.
    """
    room = OBJECT_CHARACTERS - len(WARN_SUFFIX)
    if len(policy) <= room and not policy.endswith((WARN_SUFFIX, ENFORCED_SUFFIX)):
        return policy
    return _shortened(policy, room)


def enforced_name(constraint: str) -> str:
    """The name of the Constraint that enforces in some namespaces while one of this name is in the shadow."""
    room = OBJECT_CHARACTERS - len(ENFORCED_SUFFIX)
    return (constraint if len(constraint) <= room else _shortened(constraint, room)) + ENFORCED_SUFFIX


def _shortened(name: str, room: int) -> str:
    return name[: room - _DIGEST_CHARACTERS - 1].rstrip("-.") + "-" + _digest(name)


def _digest(policy: str) -> str:
    return hashlib.sha256(policy.encode()).hexdigest()[:_DIGEST_CHARACTERS]
