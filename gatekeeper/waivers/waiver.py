"""A Waiver as people wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.waivers import limits
from provider.golang.rfc3339 import created_ns

GROUP_VERSION: Final = "bestbefore.dev/v1alpha1"
KIND: Final = "Waiver"

# All policies that take Waivers, in an emergency.
ALL_POLICIES: Final = "*"

SECOND: Final = 1_000_000_000


@dataclass(frozen=True)
class Waiver:
    """A Waiver as people wrote it; times are RFC 3339.

    Attributes:
        name: of the object.
        policies: whose denials it lets pass, by their names; `*` is all of them.
        namespaces: where, by their names.
        images: of which images: globs of repositories, or repositories with a digest.
        until: when it ends.
        reason: why.
        owner: whom to ask.
        since: when it was created, or what its file says (`spec.from`).
        ticket: where more is written; empty where nothing is.
        break_glass: whether it is for an emergency.
        planned: whether its file says when it begins; one that a cluster created holds as soon as it is there.
    """

    name: str
    policies: tuple[str, ...]
    namespaces: tuple[str, ...]
    images: tuple[str, ...]
    until: str
    reason: str
    owner: str
    since: str
    ticket: str = ""
    break_glass: bool = False
    planned: bool = False

    @property
    def start(self) -> int:
        """When it began, or will; nanoseconds since 1970."""
        return moment(self.since)

    @property
    def end(self) -> int:
        """When it ends, nanoseconds since 1970."""
        return moment(self.until)

    def has_begun(self, now: int) -> bool:
        """Whether it has begun, also where the clocks are not quite the same; `now` is nanoseconds since 1970."""
        return now >= self.start - (0 if self.planned else limits.CLOCK_DIFFERENCE * SECOND)

    def holds(self, now: int) -> bool:
        """Whether its times let it hold, whatever policies say; `now` is nanoseconds since 1970."""
        return self.start < self.end and now < self.end and self.end - self.start <= self.longest * SECOND

    @property
    def longest(self) -> int:
        """For how long it may hold at most where the policy does not say, seconds."""
        return limits.BREAK_GLASS if self.break_glass else limits.DAYS * limits.DAY

    def is_for(self, policy: str) -> bool:
        """Whether it names a policy."""
        return policy in self.policies or ALL_POLICIES in self.policies

    def entry(self) -> dict[str, Any]:
        """The form that it has in a Constraint's parameters (`waivers.entries`)."""
        found: dict[str, Any] = {
            "name": self.name,
            "from": self.since,
            "until": self.until,
            "policies": list(self.policies),
            "namespaces": list(self.namespaces),
            "images": list(self.images),
            "reason": self.reason,
            "owner": self.owner,
        }
        if self.ticket:
            found["ticket"] = self.ticket
        if self.break_glass:
            found["breakGlass"] = True
        return found


def moment(text: str) -> int:
    """A time in nanoseconds since 1970.

    Raises:
        ValueError: it is no time of RFC 3339.
    """
    found = created_ns(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of RFC 3339")
    return found
