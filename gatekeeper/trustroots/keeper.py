"""Rounds: which TrustRoot objects there are, what came of looks at them, and what is handed over next.

Each round begins with the ConfigMap as the cluster has it, so that it makes no difference which process wrote it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gatekeeper.cluster.errors import ClusterError, ConflictError
from gatekeeper.reconciliation.mirror import Mirror
from gatekeeper.trustroots import limits, rotation
from gatekeeper.trustroots.board import RootBoard
from gatekeeper.trustroots.handover import FoundHandover, HandedOver, HandedRoot, HandoverMap
from gatekeeper.trustroots.look import RootLook, mirror_of
from gatekeeper.trustroots.look_threads import PendingLooks
from gatekeeper.trustroots.provider_pods import PodRoots, RootPods
from gatekeeper.trustroots.report import RootReport, RootReports, RootRoundReport
from gatekeeper.trustroots.root_object import RootObject
from gatekeeper.trustroots.rotation import RootSurroundings
from gatekeeper.trustroots.schedule import LookSchedule
from provider import limits as provider_limits
from provider.clock import Clock

_Key = tuple[str, str]


@dataclass(frozen=True)
class KeeperParts:
    """What the keeper works with.

    Attributes:
        objects: the cluster's TrustRoots; somebody else keeps them.
        handover: the ConfigMap for the provider's Pods.
        pods: say what they have loaded.
        looks: go on beside the rounds.
        schedule: says when each object is looked at.
        board: what policies are to ask for, and do.
    """

    objects: Mirror[RootObject]
    handover: HandoverMap
    pods: RootPods
    looks: PendingLooks
    schedule: LookSchedule
    board: RootBoard


@dataclass
class _Round:
    """What one round knows."""

    objects: Mapping[str, RootObject]
    before: HandedOver
    pods: Sequence[PodRoots] = ()
    pods_error: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    faults: list[ClusterError] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)


class RootKeeper:
    """Keeps what is handed over as it should be.

    Args:
        parts: see there.
        reports: take what each round found.
        clock: says when.
        may_write: whether this process is still the one that writes.
    """

    def __init__(
        self, parts: KeeperParts, reports: RootReports, clock: Clock, may_write: Callable[[], bool] = lambda: True
    ) -> None:
        self._parts = parts
        self._reports = reports
        self._clock = clock
        self._may_write = may_write
        self._known: HandedOver | None = None
        self._needed: dict[_Key, float] = {}
        self._awaited: dict[_Key, float] = {}
        self._gone: dict[str, float] = {}

    def round(self) -> float:
        """One round; after how many seconds the next one is due although nothing happens."""
        if not self._may_write():
            return limits.REST_SECONDS
        mirror, objects = self._parts.objects, self._parts.objects.objects
        if objects is None and not mirror.absent:
            self._reports.take(RootRoundReport(known=False, faults=[mirror.error] if mirror.error else []))
            return limits.SOON_SECONDS
        self._look(objects or {})
        try:
            found = self._parts.handover.read()
        except ClusterError as error:
            self._reports.take(RootRoundReport(known=False, faults=[error]))
            return limits.SOON_SECONDS
        this = self._begun(objects or {}, found)
        after = self._after(this)
        kept = self._written(this, found, after)
        self._known = kept
        self._tell(this, kept)
        return limits.SOON_SECONDS if self._is_going_on(this, kept) else limits.REST_SECONDS

    def _look(self, objects: Mapping[str, RootObject]) -> None:
        schedule, looks = self._parts.schedule, self._parts.looks
        schedule.keep(objects)
        for look in looks.done():
            there = objects.get(look.object.name)
            if there is not None and there.version == look.object.version:
                schedule.took(look)
        due = list(schedule.due(objects))
        if due:
            wanted = frozenset(filter(None, map(mirror_of, objects.values())))
            for each in due:
                looks.begin(each, wanted)

    def _is_going_on(self, this: _Round, kept: HandedOver) -> bool:
        """Whether a look goes on, or Pods are still to load a trust root."""
        unlooked = any(self._parts.schedule.last(each) is None for each in this.objects.values())
        return unlooked or any(digest for _, digest in self._awaiting(this, kept))

    def _begun(self, objects: Mapping[str, RootObject], found: FoundHandover) -> _Round:
        this = _Round(objects, found.content or self._known or HandedOver())
        if found.content is None and this.before.roots:
            this.repaired.append("the ConfigMap with the provider's trust roots")
        awaited = {(name, digest) for name, digest in self._awaiting(this, this.before) if digest}
        now = self._clock.monotonic()
        self._awaited = {key: self._awaited.get(key, now) for key in awaited}
        if awaited:
            try:
                this.pods = self._parts.pods.loaded()
            except ClusterError as error:
                this.pods_error = error.message
                this.faults.append(error)
        return this

    def _awaiting(self, this: _Round, there: HandedOver) -> Iterator[_Key]:
        for name, root in there.roots.items():
            yield name, rotation.awaited(root, self._last(this, name))

    def _last(self, this: _Round, name: str) -> RootLook | None:
        found = this.objects.get(name)
        return self._parts.schedule.last(found) if found is not None else None

    def _after(self, this: _Round) -> HandedOver:
        """What should be handed over next."""
        self._needed = {key: at for key, at in self._needed.items() if key in this.before.bodies}
        gone = self._gone_names(this)
        bodies = dict(this.before.bodies)
        roots: dict[str, HandedRoot] = {}
        for name in sorted(this.before.roots.keys() | this.objects.keys()):
            look = self._last(this, name)
            if name in gone:
                continue
            after = rotation.step(this.before.roots.get(name, HandedRoot()), look, self._around(this, name))
            if look is not None and look.body:
                bodies[name, look.digest] = look.body
            if after is not None:
                roots[name] = after
        return self._fitting(this, roots, bodies)

    def _gone_names(self, this: _Round) -> frozenset[str]:
        """Names whose object somebody has deleted; while the cluster has no such kind, nobody is known to have."""
        now = self._clock.monotonic()
        lost = set() if self._parts.objects.absent else this.before.roots.keys() - this.objects.keys()
        self._gone = {name: self._gone.get(name, now) for name in lost}
        return frozenset(name for name, since in self._gone.items() if now - since >= limits.GONE_SECONDS)

    def _around(self, this: _Round, name: str) -> RootSurroundings:
        def everywhere(digest: str) -> bool:
            return bool(this.pods) and all(pod.has(name, digest) for pod in this.pods)

        def needed(digest: str) -> bool:
            return self._is_needed(this, name, digest)

        return RootSurroundings(self._clock.now(), everywhere, needed)

    def _is_needed(self, this: _Round, name: str, digest: str) -> bool:
        """Whether somebody may still ask for it."""
        now, asked = self._clock.monotonic(), self._parts.board.asked()
        root = this.before.roots[name]
        at = self._needed.setdefault((name, digest), now)
        if asked is None or (name, digest) in asked or digest == root.in_force:
            self._needed[name, digest] = at = now
        return now - at < limits.UNASKED_SECONDS

    def _fitting(self, this: _Round, roots: Mapping[str, HandedRoot], bodies: Mapping[_Key, str]) -> HandedOver:
        """As much of it as fits; what is there already comes before what is new, and what does not fit is named."""
        fitting: dict[str, HandedRoot] = {}
        for name in sorted(roots, key=lambda each: (each not in this.before.roots, each)):
            there = this.before.roots.get(name, HandedRoot()).digests
            old = tuple(each for each in roots[name].digests if each in there)
            fitting |= {name: dataclasses.replace(roots[name], digests=old)} if old else {}
        for name in sorted(roots, key=lambda each: (each not in fitting, each)):
            grown = {**fitting, name: roots[name]}
            if len(grown) > provider_limits.TRUST_ROOTS:
                this.problems[name] = f"there are more than {provider_limits.TRUST_ROOTS} trust roots: it is not used"
            elif HandedOver(grown, bodies).size > limits.HANDED_OVER_BYTES:
                this.problems[name] = (
                    f"it has no room: what is handed over to the provider may have {limits.HANDED_OVER_BYTES} bytes"
                )
            else:
                fitting = grown
        used = {(name, digest) for name, root in fitting.items() for digest in root.digests}
        return HandedOver(dict(sorted(fitting.items())), {key: body for key, body in bodies.items() if key in used})

    def _written(self, this: _Round, found: FoundHandover, after: HandedOver) -> HandedOver:
        """What is handed over now; nothing is written where nothing changes."""
        if after == found.content or (found.content is None and not after.roots):
            return after
        if not self._may_write():
            return this.before
        try:
            self._parts.handover.write(after, found)
        except ConflictError:
            # Somebody was quicker: the next round sees what there is.
            return this.before
        except ClusterError as error:
            this.faults.append(error)
            return this.before
        return after

    def _tell(self, this: _Round, kept: HandedOver) -> None:
        late = {name: said for name in kept.roots if (said := self._late(this, name))}
        in_force = {name: root.in_force for name, root in kept.roots.items() if root.in_force}
        self._parts.board.say(in_force, late)
        removed = sorted(this.before.roots.keys() - kept.roots.keys())
        reports = [self._report(this, each, kept, late) for _, each in sorted(this.objects.items())]
        known = [each for each in reports if each is not None]
        self._reports.take(
            RootRoundReport(known=True, roots=known, removed=removed, faults=this.faults, repaired=this.repaired)
        )

    def _late(self, this: _Round, name: str) -> str:
        for (of, digest), since in self._awaited.items():
            if of == name and self._clock.monotonic() - since >= limits.LATE_SECONDS:
                return f"the newest TrustRoot {name} is not asked for yet: {self._why_late(this, name, digest)}"
        return ""

    def _why_late(self, this: _Round, name: str, digest: str) -> str:
        if this.pods_error:
            return f"the provider's Pods cannot be asked: {this.pods_error}"
        if not this.pods:
            return "no Pod of the provider is ready"
        without = [pod.name for pod in this.pods if not pod.has(name, digest)]
        more = f" and {len(without) - limits.PODS_NAMED} more" if len(without) > limits.PODS_NAMED else ""
        return f"not loaded by {', '.join(without[: limits.PODS_NAMED])}{more}"

    def _report(self, this: _Round, found: RootObject, kept: HandedOver, late: Mapping[str, str]) -> RootReport | None:
        look = self._parts.schedule.last(found)
        root = kept.roots.get(found.name)
        if look is None:
            return None
        problems = [*look.problems, *([this.problems[found.name]] if found.name in this.problems else [])]
        if root is None and look.body and found.name not in this.problems:
            problems.append(f"TrustRootStale: nothing newer than {limits.KEPT_SECONDS / 86_400:g} days could be had")
        return RootReport(
            found.name,
            found.uid,
            look.source,
            root.in_force if root is not None else "",
            look.digest,
            root.verified if root is not None else 0.0,
            _end(root, look),
            [each[: limits.SENTENCE_CHARACTERS] for each in problems],
            look.remarks,
            late.get(found.name, ""),
        )


def _end(root: HandedRoot | None, look: RootLook) -> float:
    ends = [look.ends] if look.ends else []
    if root is not None and not look.standing:
        ends.append(root.verified + limits.KEPT_SECONDS)
    return min(ends, default=0.0)
