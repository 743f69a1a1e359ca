"""Keys of services for one run of a command: each is read once, and all of them together for a bounded time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gatekeeper.policy.kms_reference import KmsReference
from gatekeeper.resolution.kms.key_service import KeyService, KeyServiceError, ServiceKey
from provider.clock import Clock

# How long a command reads keys before it asks for no more, seconds.
LOOKS_SECONDS: Final = 30.0


class SingleLooks:
    """Implements `KeyService`.

    Args:
        service: makes what reads; called when the first key is wanted.
        clock: for the time that it takes.
    """

    def __init__(self, service: Callable[[], KeyService[KmsReference]], clock: Clock) -> None:
        self._make = service
        self._clock = clock
        self._service: KeyService[KmsReference] | None = None
        self._known: dict[KmsReference, ServiceKey | KeyServiceError] = {}
        self._spent = 0.0

    def public_key(self, reference: KmsReference) -> ServiceKey:
        """See `KeyService`."""
        if reference not in self._known:
            self._known[reference] = self._look(reference)
        found = self._known[reference]
        if isinstance(found, KeyServiceError):
            raise found
        return found

    def _look(self, reference: KmsReference) -> ServiceKey | KeyServiceError:
        if self._spent > LOOKS_SECONDS:
            return KeyServiceError(f"it was not asked for: other keys took more than {LOOKS_SECONDS:g} s together")
        self._service = self._service or self._make()
        begun = self._clock.monotonic()
        try:
            return self._service.public_key(reference)
        except KeyServiceError as error:
            return error
        finally:
            self._spent += self._clock.monotonic() - begun
