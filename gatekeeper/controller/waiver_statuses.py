"""The status of each Waiver in the cluster: written where it changed, and not too often."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ObjectAbsentError
from gatekeeper.cluster.resource import WAIVERS
from gatekeeper.cluster.times import whole_time
from gatekeeper.documents import fields
from gatekeeper.waivers.state import WaiverState, status_of
from provider.clock import Clock

# A status is written at most so often, seconds.
_SECONDS: Final = 3600.0
# So many statuses in one round.
_ROUND: Final = 50


class WaiverStatuses:
    """Writes them.

    Args:
        api: of the cluster.
        clock: says when.
        may_write: whether this process is still the one that writes.
    """

    def __init__(self, api: KubernetesApi, clock: Clock, may_write: Callable[[], bool]) -> None:
        self._api = api
        self._clock = clock
        self._may_write = may_write
        # When each was tried last, and what the API said of those that it refused, by uid: one that is made anew under
        # a name has no status yet.
        self._tried: dict[str, float] = {}
        self._refusals: dict[str, ClusterError] = {}

    def write(self, found: Sequence[Object], states: Sequence[WaiverState]) -> None:
        """Write those that changed; one that is refused holds up no other.

        Args:
            found: the Waivers.
            states: what became of each, in the same order.

        Raises:
            ClusterError: one stays refused, now or since an earlier round, or nobody answers.
        """
        there = {each.uid for each in states}
        self._tried = {uid: at for uid, at in self._tried.items() if uid in there}
        self._refusals = {uid: error for uid, error in self._refusals.items() if uid in there}
        left = _ROUND
        for each, state in zip(found, states, strict=True):
            before = fields.mapping(each, "status")
            said = self._said(state, before)
            if said == before:
                self._refusals.pop(state.uid, None)
            elif self._is_due(state.uid) and left and self._may_write():
                left -= 1
                self._apply(state, said)
        if self._refusals:
            raise next(iter(self._refusals.values()))

    def _said(self, state: WaiverState, before: Mapping[str, Any]) -> dict[str, Any]:
        day = f"{datetime.fromtimestamp(state.use.at, UTC):%Y-%m-%d}" if state.use else ""
        return status_of(state, before, whole_time(self._clock.now()), day)

    def _is_due(self, uid: str) -> bool:
        return self._clock.monotonic() - self._tried.get(uid, -_SECONDS) >= _SECONDS

    def _apply(self, state: WaiverState, said: Mapping[str, Any]) -> None:
        metadata = {"name": state.name}
        body = {"apiVersion": WAIVERS.api_version, "kind": WAIVERS.kind, "metadata": metadata, "status": said}
        try:
            self._api.apply_status(WAIVERS, body)
        except ObjectAbsentError:
            # It went in between: the next round does not find it.
            return
        except ClusterUnavailableError:
            # All others would wait for the same.
            raise
        except ClusterError as error:
            self._refusals[state.uid] = error
        else:
            self._refusals.pop(state.uid, None)
        self._tried[state.uid] = self._clock.monotonic()
