"""Secrets and ConfigMaps that policies name, read by their names and nothing else."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import CONFIG_MAPS, SECRETS
from gatekeeper.reconciliation.limits import REFERENCE_BYTES, REFERENCE_SECONDS
from gatekeeper.resolution.references import PolicyReference, ReferenceKind
from provider.clock import Clock

_RESOURCES: Final = {ReferenceKind.SECRET: SECRETS, ReferenceKind.CONFIG_MAP: CONFIG_MAPS}


@dataclass(frozen=True)
class ReferenceContent:
    """What a name meant when it was last looked at.

    Attributes:
        at: monotonic seconds.
        content: of the object by its keys; None where it cannot be read.
        error: why.
    """

    at: float
    content: Mapping[str, bytes] | None
    error: ClusterError | None = None


class ReferenceReader:
    """Reads them again now and then; what was read before holds while nobody answers.

    Args:
        api: of the cluster.
        clock: for the next time.
    """

    def __init__(self, api: KubernetesApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[PolicyReference, ReferenceContent] = {}

    def read(self, reference: PolicyReference) -> ReferenceContent:
        """What it means, by the last look that is recent enough."""
        known = self._known.get(reference)
        now = self._clock.monotonic()
        if known is None or now - known.at >= REFERENCE_SECONDS:
            known = self._look(reference, now)
            self._known[reference] = known
        return known

    def keep(self, wanted: frozenset[PolicyReference]) -> None:
        """Forget what no policy names any more."""
        self._known = {name: reading for name, reading in self._known.items() if name in wanted}

    def errors(self) -> list[ClusterError]:
        """What could not be read, those that are not there apart."""
        found = (reading.error for reading in self._known.values())
        return [error for error in found if error is not None and not isinstance(error, ObjectAbsentError)]

    def next(self) -> float | None:
        """When one of them is read again, monotonic seconds; None where there is none."""
        return min((reading.at + REFERENCE_SECONDS for reading in self._known.values()), default=None)

    def _look(self, reference: PolicyReference, now: float) -> ReferenceContent:
        try:
            found = self._api.get(_RESOURCES[reference.kind], reference.name, reference.namespace)
        except ClusterError as error:
            return ReferenceContent(now, None, error)
        return ReferenceContent(now, _content(found, reference.kind))


def _content(found: Mapping[str, Any], kind: ReferenceKind) -> Mapping[str, bytes]:
    """The data of an object, as far as they are such, within bounds."""
    data = found.get("data")
    texts = {name: text for name, text in data.items() if isinstance(text, str)} if isinstance(data, Mapping) else {}
    if sum(map(len, texts.values())) > 2 * REFERENCE_BYTES:
        return {}
    if kind is ReferenceKind.CONFIG_MAP:
        return {name: text.encode() for name, text in texts.items()}
    try:
        return {name: base64.b64decode(text, validate=True) for name, text in texts.items()}
    except binascii.Error:
        return {}
