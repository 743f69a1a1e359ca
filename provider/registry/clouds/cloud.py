"""What a cloud is asked for, and why it gives nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from provider.registry.clouds.places import CloudName, CloudPlace
from provider.registry.credentials.credential import Credential


class CloudError(Exception):
    """A cloud gave no token; the sentence says what to do, and nothing that came from outside."""


@dataclass(frozen=True, slots=True)
class CloudToken:
    """What a cloud gave.

    Attributes:
        credential: who we are at the place that it was asked for.
        ends_at: until when it is good; seconds since 1970.
    """

    credential: Credential
    ends_at: float


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that says who we are to the cloud itself; see `CloudToken`."""

    text: str = field(repr=False)
    ends_at: float


class Cloud(Protocol):
    """Gives tokens; for one event loop."""

    @property
    def name(self) -> CloudName:
        """Which one."""
        ...

    async def token(self, place: CloudPlace) -> CloudToken:
        """A token that is good at a place of this cloud.

        Raises:
            CloudError: there is none.
        """
        ...
