"""An inventory: what runs in a cluster and what makes it, and nothing that only one Pod has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.inventory.pod_shape import PodShape


@dataclass(frozen=True, slots=True)
class ImageId:
    """What a node says it runs.

    Attributes:
        list: `containers`, `initContainers`, `ephemeralContainers` or `volumes`.
        name: of the container or volume.
        id: the container runtime's id of the image: `registry/repo@sha256:…`, or a local one.
    """

    list: str
    name: str
    id: str


@dataclass(frozen=True, slots=True)
class PodGroup:
    """Pods of one workload that are judged alike: the same images, also as their nodes say, labels and places.

    Attributes:
        maker: the kind of the object that made them, `ReplicaSet`; empty where nothing did, `Node` of static Pods.
        maker_name: its name.
        shape: one of them, without what only it has.
        ids: what their nodes say that they run.
        count: how many there are.
    """

    maker: str
    maker_name: str
    shape: PodShape
    ids: tuple[ImageId, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class RunningWorkload:
    """What people know and can change, at the top of the chain of owners.

    Attributes:
        name: namespace, kind and name.
        api_version: of the object.
        uid: of the object; empty where it is not known.
        shape: its pod template; None where it could not be read, because it is of a kind that nobody knows here.
        previous: the pod template of the revision before; None where there is none.
        revision: the name of what holds that one.
        pods: what runs of it.
        replicas: how many Pods are wanted; None where it does not say.
        schedule: of a CronJob, else empty.
        time_zone: of the schedule; empty for that of the controller, which is UTC as a rule.
        ran: of a CronJob that waits from one run to the next (`@every 1h`): when it ran last, or was created;
            nanoseconds since 1970, None of others and where it is not known.
        suspended: of a CronJob or Job, that it makes no Pods.
        finished: of a Job, that it has done its work or given up.
        current: the name of the ReplicaSet that holds the present revision; empty where it is not known.
        partitioned: of a StatefulSet, that some Pods stay at the revision before, and come again as they are.
        held: of a Deployment, that no ReplicaSet has its template, as while it is paused: Pods come again as they are.
    """

    name: WorkloadName
    api_version: str = ""
    uid: str = ""
    shape: PodShape | None = None
    previous: PodShape | None = None
    revision: str = ""
    pods: tuple[PodGroup, ...] = ()
    replicas: int | None = None
    schedule: str = ""
    time_zone: str = ""
    suspended: bool = False
    finished: bool = False
    current: str = ""
    partitioned: bool = False
    ran: int | None = None
    held: bool = False

    @property
    def running(self) -> int:
        """How many Pods run of it."""
        return sum(each.count for each in self.pods)


@dataclass(frozen=True)
class WorkloadInventory:
    """What runs, and may run again.

    Attributes:
        taken: when it was read; nanoseconds since 1970.
        namespaces: the labels of those that were read, by name.
        workloads: sorted by namespace, kind and name.
        team_label: the label of a namespace that says whose it is; empty for none.
        problems: what could not be read, or was left out, a sentence each.
        gaps: those of them after which more may run than stands here, as a list ended too early; empty of a file.
    """

    taken: int = 0
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    workloads: Sequence[RunningWorkload] = ()
    team_label: str = ""
    problems: Sequence[str] = ()
    gaps: Sequence[str] = ()

    def team(self, namespace: str) -> str:
        """Whose a namespace is; empty where its label does not say."""
        return self.namespaces.get(namespace, {}).get(self.team_label, "") if self.team_label else ""

    @property
    def pods(self) -> int:
        """How many Pods run."""
        return sum(each.running for each in self.workloads)
