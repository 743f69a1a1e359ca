"""How each registry is reached: by TLS, by plain HTTP where the settings say so, and on this machine by what it speaks.

Commands reach loopback addresses by plain HTTP, and a registry there may speak TLS all the same: it then answers 400,
or no HTTP at all. It is asked again over TLS, and from then on. Nothing ever goes the other way, and `serve` guesses
nothing: it uses TLS for whatever its settings do not name.
"""

from __future__ import annotations

from typing import Final

from provider import limits
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.origin import Origin
from provider.registry.settings import RegistrySettings
from provider.registry.transport.transport import Response

_BAD_REQUEST: Final = 400


class Schemes:
    """Knows the origin of each registry; for one event loop."""

    def __init__(self, settings: RegistrySettings, clock: Clock) -> None:
        self._settings = settings
        self._found: Memory[str, str] = Memory(clock, limits.CHALLENGES)

    def origin(self, registry: str) -> Origin:
        """How to reach the registry of a reference."""
        if self._found.get(registry) == "https":
            return origin.of_registry("https", registry)
        return self._settings.origin(registry)

    def secured(self, registry: str, answer: Response | ImageError) -> Origin | None:
        """The origin to try instead after an answer, or without one; None where there is no reason to.

        Args:
            registry: as the reference names it.
            answer: what came from its origin.
        """
        where = self.origin(registry)
        if where.secure or registry in self._settings.insecure_registries or self._found.get(registry):
            return None
        if isinstance(answer, Response) and answer.status != _BAD_REQUEST:
            self._found.put(registry, "http")
            return None
        if isinstance(answer, ImageError) and (answer.reason is not Reason.REGISTRY_UNAVAILABLE or answer.unconnected):
            return None
        return origin.of_registry("https", registry)

    def speaks_tls(self, registry: str) -> None:
        """It answered over TLS."""
        self._found.put(registry, "https")
