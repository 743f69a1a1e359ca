"""Rules at URLs: each is fetched once, for its SHA-256 is in the policy; what cannot be had is tried again later."""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.policy.model import ConfigMapReference, RemotePolicy
from gatekeeper.policy.support import PolicyTexts
from gatekeeper.reconciliation.limits import REMOTE_AGAIN_SECONDS, REMOTE_ROUND_SECONDS
from gatekeeper.resolution.texts import ConfigMapsAndUrls, Fetch
from provider.clock import Clock

_PATH = "spec.policy.remote"


@dataclass(frozen=True)
class _Attempt:
    text: str
    error: PolicyError | None
    until: float


class RemoteTexts:
    """Remembers them; one thread uses it.

    Args:
        fetch: the bytes at an https URL; raises `PolicyError`.
        clock: for what is tried again.
    """

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: dict[RemotePolicy, _Attempt] = {}
        self._wanted: set[RemotePolicy] = set()
        self._spent = 0.0

    def begin(self) -> None:
        """A round begins: what no policy named in the last one is forgotten."""
        self._known = {name: attempt for name, attempt in self._known.items() if name in self._wanted}
        self._wanted = set()
        self._spent = 0.0

    def read(self, reference: RemotePolicy) -> str:
        """The text at a URL.

        Raises:
            PolicyError: it cannot be had, or not in this round.
        """
        self._wanted.add(reference)
        known = self._known.get(reference)
        if known is None or (known.error is not None and known.until <= self._clock.monotonic()):
            known = self._attempt(reference)
            self._known[reference] = known
        if known.error is not None:
            raise known.error
        return known.text

    def _attempt(self, reference: RemotePolicy) -> _Attempt:
        begun = self._clock.monotonic()
        if self._spent > REMOTE_ROUND_SECONDS:
            waits = Problem(_PATH, f"{reference.url} is fetched when slower ones have had their time", fields=(_PATH,))
            return _Attempt("", PolicyError([waits]), begun)
        try:
            text = ConfigMapsAndUrls({}, self._fetch).remote(reference)
        except PolicyError as error:
            return _Attempt("", error, self._clock.monotonic() + REMOTE_AGAIN_SECONDS)
        finally:
            self._spent += self._clock.monotonic() - begun
        return _Attempt(text, None, 0.0)


@dataclass(frozen=True)
class ClusterTexts:
    """Implements `PolicyTexts` by ConfigMaps of the cluster, and URLs.

    Attributes:
        config_maps: those that the policy names.
        remotes: what stands at URLs.
    """

    config_maps: PolicyTexts
    remotes: RemoteTexts

    def config_map(self, reference: ConfigMapReference) -> str:
        """See `PolicyTexts`."""
        return self.config_maps.config_map(reference)

    def remote(self, reference: RemotePolicy) -> str:
        """See `PolicyTexts`."""
        return self.remotes.read(reference)
