"""What the ledger has to know of the cluster: what a refused call of the webhook means, which namespaces opted in."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from typing import Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.resource import NAMESPACES, VALIDATING_WEBHOOKS
from gatekeeper.denials.ledger.ledger import Ledger, Surroundings
from gatekeeper.denials.limits import NAMESPACES as MOST_NAMESPACES
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.doctor.webhook import VALIDATION
from gatekeeper.translation.marks import NAMESPACE_LABEL

# Namespaces that ask for policies, as with policy-controller.
OPTED_IN: Final = f"{NAMESPACE_LABEL}=true"


class ClusterFacts:
    """Reads them now and then.

    Args:
        api: of the cluster.
        ledger: takes them; its counters of these namespaces are to exist.
        health: takes note whether they can be read.
        gitops: accounts that the administrator named.
    """

    def __init__(
        self,
        api: KubernetesApi,
        ledger: Ledger,
        health: SourceHealth,
        gitops: Collection[str],
    ) -> None:
        self._api = api
        self._ledger = ledger
        self._health = health
        self._gitops = frozenset(gitops)

    def look(self) -> None:
        """Read them, once; what was known stays where something cannot be read."""
        try:
            self._ledger.tell(Surroundings(self._gitops, fails_closed=self._fails_closed()))
            self._ledger.cover(list(itertools.islice(self._opted_in(), MOST_NAMESPACES)))
        except ClusterError as error:
            self._health.failed(SourceName.CLUSTER, problem_of(error), error.message)
        else:
            self._health.succeeded(SourceName.CLUSTER)

    def _fails_closed(self) -> bool:
        for page in self._api.pages(VALIDATING_WEBHOOKS):
            for configuration in page:
                for webhook in configuration.get("webhooks") or ():
                    if webhook.get("name") == VALIDATION:
                        return bool(webhook.get("failurePolicy") == "Fail")
        return False

    def _opted_in(self) -> Iterator[str]:
        for page in self._api.pages(NAMESPACES, labels=OPTED_IN):
            yield from (namespace["metadata"]["name"] for namespace in page)
