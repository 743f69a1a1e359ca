"""A cluster with TrustRoots, a mirror, Pods of the provider that mount what is handed over, and Constraints that ask.

world = RootWorld(folder, body)
world.add_pod("a")
world.apply_remote("own")
world.run()                 # rounds, kubelets and Constraints, until a minute has passed
world.ask("own")            # what each Pod answers to what the Constraints ask
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.resource import CONFIG_MAPS, PODS, TRUST_ROOTS
from gatekeeper.controller.trust_roots import RootCluster
from gatekeeper.trustroots.board import RootBoard
from gatekeeper.trustroots.handover import HandoverMap
from gatekeeper.trustroots.keeper import KeeperParts, RootKeeper
from gatekeeper.trustroots.look import RootLook, RootLooks
from gatekeeper.trustroots.provider_pods import RootPods
from gatekeeper.trustroots.report import RootReport, RootRoundReport
from gatekeeper.trustroots.root_object import RootObject
from gatekeeper.trustroots.schedule import LookSchedule
from provider.errors import ImageError
from provider.questions.proof_question import TrustRootName
from provider.signatures.trust.root_folder import RootFolder
from provider.signatures.trust.trust_roots import TrustRoots
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.rights import LimitedApi, NeededRight
from tests.simulators.trust_mirror import URL, MemoryMirror
from tests.simulators.tuf_repository import TufRepository

NAMESPACE = "gatekeeper-system"
NAME = "bestbefore-trust-roots"
LABELS = {"app.kubernetes.io/part-of": "bestbefore", "app.kubernetes.io/component": "provider"}


class ImmediateLooks:
    """Implements `PendingLooks`: a look has ended when it was begun, unless `held`."""

    def __init__(self, looks: RootLooks) -> None:
        self._looks = looks
        self._done: list[RootLook] = []
        self.held = False
        self.begun: list[str] = []

    def begin(self, found: RootObject, wanted: frozenset[str]) -> bool:
        self.begun.append(found.name)
        if not self.held:
            self._done.append(self._looks.at(found, wanted))
        return not self.held

    def done(self) -> list[RootLook]:
        done, self._done = self._done, []
        return done


class PodSimulator:
    """A Pod of the provider: its folder, and the very code that reads it."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        folder.mkdir()
        self.path = folder
        self.folder = RootFolder(folder, clock)
        self.roots = TrustRoots({}, clock, folder=self.folder)
        # Its kubelet may be slow, its port may be closed.
        self.mounts = True
        self.answers = True

    def mount(self, data: Mapping[str, str]) -> None:
        for old in self.path.iterdir():
            old.unlink()
        for name, text in data.items():
            (self.path / name).write_text(text, "utf-8")
        self.folder.look()


class Holder:
    """A process that holds the Lease, or believes so."""

    def __init__(self, world: RootWorld) -> None:
        place = RootCluster(world.api, NAMESPACE, NAME, world.clock, lambda: world.mirror, world)
        self.world = world
        self.board = RootBoard()
        self.objects = place.mirror()
        self.looks = ImmediateLooks(place.looks())
        self.reports: list[RootRoundReport] = []
        parts = KeeperParts(
            self.objects,
            HandoverMap(world.api, NAMESPACE, NAME),
            RootPods(world.api, NAMESPACE, world),
            self.looks,
            LookSchedule(world.clock, lambda: 0.0),
            self.board,
        )
        self.keeper = RootKeeper(parts, self, world.clock, lambda: self.holds)
        self.holds = True

    def take(self, found: RootRoundReport) -> None:
        self.reports.append(found)

    def report(self, name: str) -> RootReport:
        return next(each for each in self.reports[-1].roots if each.name == name)

    def round(self) -> float:
        for _ in range(2):
            try:
                self.objects.turn(lambda: None)
            except ClusterError:
                break
        return self.keeper.round()


class RootWorld:
    """See above; it is the page of each Pod, too."""

    def __init__(self, folder: Path, body: bytes) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.cluster = ClusterSimulator(page=100)
        # What processes call instead of the cluster itself.
        self.api: KubernetesApi = self.cluster
        self.repository = TufRepository({"trusted_root.json": body})
        self.mirror = MemoryMirror(self.repository.files)
        self.pods: dict[str, PodSimulator] = {}
        # What the Constraints ask for, by name.
        self.asked: dict[str, str] = {}
        self.refusals: list[str] = []
        self.holder = Holder(self)

    def restart(self) -> None:
        """Another process, which knows nothing."""
        self.holder = Holder(self)

    def limit(self, allows: Callable[[NeededRight], bool]) -> None:
        """The process has these rights, and no others."""
        self.api = LimitedApi(self.cluster, allows)
        self.restart()

    def add_pod(self, name: str) -> PodSimulator:
        self.pods[name] = PodSimulator(self.folder / name, self.clock)
        self.cluster.add(
            PODS,
            {
                "metadata": {"name": name, "namespace": NAMESPACE, "labels": LABELS},
                "status": {"podIP": name, "conditions": [{"type": "Ready", "status": "True"}]},
            },
        )
        return self.pods[name]

    def apply(self, name: str, spec: Mapping[str, Any]) -> None:
        self.cluster.apply(TRUST_ROOTS, {"metadata": {"name": name}, "spec": spec})

    def apply_remote(self, name: str = "own") -> None:
        root = base64.b64encode(self.repository.root).decode()
        self.apply(name, {"remote": {"mirror": URL, "root": root}})

    def apply_inline(self, name: str, document: Mapping[str, Any]) -> None:
        self.apply(name, {"trustedRootJSON": base64.b64encode(json.dumps(document).encode()).decode()})

    def sign(self, document: Mapping[str, Any]) -> None:
        """The mirror's repository signs for another trust root."""
        self.repository.publish({"trusted_root.json": json.dumps(document).encode()})

    def data(self) -> dict[str, str]:
        """What is handed over."""
        found = [each for each in self.cluster.objects(CONFIG_MAPS) if each["metadata"]["name"] == NAME]
        return dict(found[0].get("data", {})) if found else {}

    def handed_over(self, name: str = "own") -> list[str]:
        """The digests of a name, in their order."""
        index = json.loads(self.data().get("index.json", '{"roots": {}}'))
        return list(index["roots"].get(name, []))

    def read(self, host: str, port: int) -> Mapping[str, frozenset[str]] | None:
        """See `RootPage`."""
        pod = self.pods[host]
        if not pod.answers:
            return None
        return {name: frozenset(digests) for name, digests in pod.folder.digests().items()}

    def run(self, seconds: float = 60.0) -> None:
        """So much time: in each step a round, kubelets, Constraints, and a question of each to each Pod."""
        ends = self.clock.monotonic() + seconds
        while self.clock.monotonic() < ends:
            rest = self.holder.round()
            self.reconcile()
            self.ask()
            for pod in self.pods.values():
                if pod.mounts and self.data():
                    pod.mount(self.data())
            self.ask()
            self.clock.advance(min(rest, 5.0))

    def reconcile(self) -> None:
        """Constraints ask for what the board says."""
        for name, digest in (self.holder.board.digests() or {}).items():
            self.asked[name] = digest
        self.holder.board.named(frozenset(self.asked.items()))

    def ask(self) -> None:
        for name, digest in self.asked.items():
            for pod in self.pods.values():
                try:
                    pod.roots.find(TrustRootName(name, digest))
                except ImageError as error:
                    self.refusals.append(error.message)
