"""Keys of services that policies name: read again each minute, and the last good one kept while nobody answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.cluster.times import whole_time
from gatekeeper.policy.kms_reference import KmsReference
from gatekeeper.reconciliation.limits import KEY_KEPT_SECONDS, KEY_ROUND_SECONDS, KEY_SAID_SECONDS, KEY_SECONDS
from gatekeeper.reconciliation.report import KeyReading
from gatekeeper.resolution.kms.key_service import KeyService, KeyServiceError, ServiceKey
from provider.clock import Clock

# When a key that is gone was good: nothing of it is kept, whatever its service says next.
_NEVER: Final = float("-inf")
_IN_TURN: Final = "it is read when slower ones have had their time"


@dataclass(frozen=True)
class _KeptKey:
    """What is known of a key.

    Attributes:
        again: when it is read again, monotonic seconds.
        good_at: when it was last read, or asked for first; monotonic seconds.
        key: the last good one.
        error: why there is no newer one.
    """

    again: float
    good_at: float
    key: ServiceKey | None = None
    error: KeyServiceError | None = None


class KeptKeys:
    """Implements `KeyService`; one thread uses it.

    A key that never came since this process began refuses its policy for as long as another would be kept: what was in
    force before a restart stays. Then it is absent, and its authority vouches for nothing. One that its service says is
    gone, as somebody disabled or deleted it, is absent at once.

    Args:
        service: reads keys.
        clock: for the next time.
    """

    def __init__(self, service: KeyService[KmsReference], clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._known: dict[KmsReference, _KeptKey] = {}
        self._wanted: set[KmsReference] = set()
        self._spent = 0.0

    def begin(self) -> None:
        """A round begins: what no policy named in the last one is forgotten."""
        self._known = {name: kept for name, kept in self._known.items() if name in self._wanted}
        self._wanted = set()
        self._spent = 0.0

    def next(self) -> float:
        """When one of them is read again, monotonic seconds."""
        return min((kept.again for kept in self._known.values()), default=float("inf"))

    def public_key(self, reference: KmsReference) -> ServiceKey:
        """See `KeyService`."""
        now = self._clock.monotonic()
        self._wanted.add(reference)
        kept = self._known.get(reference) or _KeptKey(now, now)
        if kept.again <= now:
            kept = self._known[reference] = self._read(reference, kept)
        if kept.error is None and kept.key is not None:
            return kept.key
        late = now - kept.good_at >= KEY_KEPT_SECONDS
        if kept.key is not None and not late:
            return replace(kept.key, kept=self._why_kept(kept) if kept.error else "")
        raise KeyServiceError(str(kept.error or _IN_TURN), refuses=not late)

    def reading(self, name: str, reference: KmsReference) -> KeyReading:
        """When a key that a policy names was last read.

        Args:
            name: as the policy writes it.
            reference: the same by its parts.
        """
        kept = self._known.get(reference)
        if kept is None:
            return KeyReading(name)
        read_at = self._clock.now() - self._age(kept) if kept.key is not None else 0.0
        said = str(kept.error) if kept.error is not None else ""
        return KeyReading(name, read_at, said, gone=kept.error is not None and kept.error.gone)

    def _age(self, kept: _KeptKey) -> float:
        return self._clock.monotonic() - kept.good_at

    def _why_kept(self, kept: _KeptKey) -> str:
        """Why there is no newer key; empty while that is nobody's business."""
        age = self._age(kept)
        if age < KEY_SAID_SECONDS:
            return ""
        read_at = self._clock.now() - age
        since, until = whole_time(read_at), whole_time(read_at + KEY_KEPT_SECONDS)
        return f"was last read at {since}, and is used until {until}: {kept.error}"

    def _read(self, reference: KmsReference, before: _KeptKey) -> _KeptKey:
        begun = self._clock.monotonic()
        if self._spent > KEY_ROUND_SECONDS:
            return replace(before, error=before.error or KeyServiceError(_IN_TURN), again=begun)
        try:
            key = self._service.public_key(reference)
        except KeyServiceError as error:
            again = self._clock.monotonic() + KEY_SECONDS
            return _KeptKey(again, _NEVER, error=error) if error.gone else replace(before, error=error, again=again)
        finally:
            self._spent += self._clock.monotonic() - begun
        now = self._clock.monotonic()
        return _KeptKey(now + KEY_SECONDS, now, key)
