"""What looks after the cluster's trust roots, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tuf.ngclient import FetcherInterface

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.resource import TRUST_ROOTS
from gatekeeper.reconciliation.mirror import Mirror
from gatekeeper.trust.fetchers import MirrorFetcher
from gatekeeper.trustroots.board import RootBoard
from gatekeeper.trustroots.handover import HandoverMap
from gatekeeper.trustroots.keeper import KeeperParts, RootKeeper
from gatekeeper.trustroots.look import RootLooks
from gatekeeper.trustroots.look_threads import LookThreads
from gatekeeper.trustroots.mirror_slots import MirrorSlots
from gatekeeper.trustroots.provider_pods import NetworkRootPage, RootPage, RootPods
from gatekeeper.trustroots.report import RootReports
from gatekeeper.trustroots.root_object import RootObject
from gatekeeper.trustroots.schedule import LookSchedule
from gatekeeper.trustroots.worker import RootWorker
from provider.clock import Clock


@dataclass(frozen=True)
class RootCluster:
    """Where it works.

    Attributes:
        api: of the cluster.
        namespace: of the ConfigMaps and of the provider's Pods.
        name: of the ConfigMap that is handed over.
        clock: says when.
        fetcher: for one look at a mirror.
        page: reads what one Pod has loaded.
    """

    api: KubernetesApi
    namespace: str
    name: str
    clock: Clock
    fetcher: Callable[[], FetcherInterface] = MirrorFetcher
    page: RootPage = NetworkRootPage()  # noqa: RUF009 - it has no state

    def mirror(self) -> Mirror[RootObject]:
        """Of the objects, which knows nothing yet."""
        return Mirror(self.api, TRUST_ROOTS, RootObject.of, self.clock)

    def looks(self) -> RootLooks:
        """What looks at their sources."""
        return RootLooks(MirrorSlots(self.api, self.namespace, f"{self.name}-state-"), self.clock, self.fetcher)

    def keeper(
        self,
        objects: Mirror[RootObject],
        board: RootBoard,
        reports: RootReports,
        stir: Callable[[], None],
        may_write: Callable[[], bool],
    ) -> RootKeeper:
        """A keeper that knows nothing yet; what ends beside its rounds calls `stir`."""
        parts = KeeperParts(
            objects,
            HandoverMap(self.api, self.namespace, self.name),
            RootPods(self.api, self.namespace, self.page),
            LookThreads(self.looks(), stir),
            LookSchedule(self.clock),
            board,
        )
        return RootKeeper(parts, reports, self.clock, may_write)

    def worker(
        self,
        board: RootBoard,
        reports: RootReports,
        held: Callable[[], bool],
        unexpected: Callable[[Exception], None],
    ) -> RootWorker:
        """The threads; `held` says whether the Lease is ours, `unexpected` takes what nobody expects in a round."""
        return RootWorker(
            self.mirror,
            lambda objects, stir, may_write: self.keeper(objects, board, reports, stir, may_write),
            held,
            unexpected,
        )
