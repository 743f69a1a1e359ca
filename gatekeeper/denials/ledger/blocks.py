"""Blocks: what cannot start now, and since when. Calls are many, because controllers try again; blocks are few.

A block is a workload that a policy denies because of one image. However many blocks it has, it is one blocked workload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from gatekeeper.denials import limits
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from provider.reasons import BlockCause

# Whose a workload is that several causes block: the platform's first, because somebody can do something now, and what
# is left when that has passed is the workload's own.
_ORDER = (BlockCause.WEBHOOK, BlockCause.PROVIDER, BlockCause.REGISTRY, BlockCause.IMAGE, BlockCause.POLICY)


class BlockEnd(StrEnum):
    """Why a block is over. Where `silent`, nobody tried for long, and it is not known why."""

    ADMITTED = "admitted"
    SCALED_DOWN = "scaled_down"
    DELETED = "deleted"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class BlockName:
    """Which block.

    Attributes:
        workload: what is blocked.
        policy: by which policy; empty where there was no verdict.
        image: because of which image; empty where nobody says.
    """

    workload: WorkloadName
    policy: str
    image: str


@dataclass(frozen=True, slots=True)
class WorkloadBlock:
    """A block that is open, as the last denial has it.

    Attributes:
        name: which one.
        cause: whose it is.
        actor: who tried last.
        user: who that was.
        reason: why, from the list of reasons; empty of foreign templates.
        message: what Gatekeeper said.
        remedy: what to do; empty where nobody says.
        ref: finds the provider's log line; empty where nobody says.
        opened: when it was first denied, seconds since 1970.
        touched: when it was last denied, seconds since 1970.
        denials: how many were seen.
    """

    name: BlockName
    cause: BlockCause
    actor: Actor
    user: str
    reason: str
    message: str
    remedy: str
    ref: str
    opened: float
    touched: float
    denials: int = 1


@dataclass(frozen=True, slots=True)
class EndedBlock:
    """A block that is over.

    Attributes:
        block: as it was.
        why: it is.
        seconds: how long it lasted: to its last denial where nobody tried again, else to now.
    """

    block: WorkloadBlock
    why: BlockEnd
    seconds: float


@dataclass(slots=True)
class _OpenBlock:
    """What the last denial says, and what all of them say together; a retry changes four numbers."""

    block: WorkloadBlock
    last: float
    opened: float
    touched: float
    denials: int

    def touch(self, block: WorkloadBlock, last: float) -> None:
        if last >= self.last:
            self.block, self.last = block, last
        self.opened = min(self.opened, block.opened)
        self.touched = max(self.touched, block.touched)
        self.denials += block.denials

    def shown(self) -> WorkloadBlock:
        return replace(self.block, opened=self.opened, touched=self.touched, denials=self.denials)


class Blocks:
    """The blocks that are open.

    Ages are measured by a clock that never goes back; what a line says of its time is used for people only.

    Args:
        capacity: of blocks; when it is reached, the namespace with most of them gives one up for another's.
    """

    def __init__(self, capacity: int = limits.BLOCKS) -> None:
        self._capacity = capacity
        self._open: dict[BlockName, _OpenBlock] = {}
        self._of: dict[WorkloadName, dict[BlockName, BlockCause]] = {}
        self._in: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[WorkloadBlock]:
        return iter([each.shown() for each in self._open.values()])

    def full(self, name: BlockName) -> bool:
        """Whether this one cannot be opened, because there are too many."""
        return len(self._open) >= self._capacity and name not in self._open

    def crowding_out(self, name: BlockName) -> BlockName | None:
        """The block that gives its place up for this one; None where this one has to go without.

        Who may create Pods in one namespace must not be able to hide the blocks of all the others.
        """
        most = max(self._in.values())
        if self._in[name.workload.namespace] + 1 >= most:
            return None
        namespace = next(one for one, count in self._in.items() if count == most)
        return next(one for one in self._open if one.workload.namespace == namespace)

    def deny(self, block: WorkloadBlock, last: float) -> bool:
        """Open a block, or touch the one of this name; whether it was opened.

        Args:
            block: what the denial says.
            last: when the denial was, by the clock that never goes back.
        """
        known = self._open.pop(block.name, None)
        opened = known is None
        if known is None:
            known = _OpenBlock(block, last, block.opened, block.touched, block.denials)
            self._in[block.name.workload.namespace] += 1
        else:
            known.touch(block, last)
        # The one that was touched last stands last.
        self._open[block.name] = known
        self._of.setdefault(block.name.workload, {})[block.name] = known.block.cause
        return opened

    def blocked(self, workload: WorkloadName) -> BlockCause | None:
        """Whose a workload is; None where it is not blocked."""
        causes = self._of.get(workload)
        return min(causes.values(), key=_ORDER.index) if causes else None

    def end(self, workload: WorkloadName, why: BlockEnd, now: float) -> Sequence[EndedBlock]:
        """End all blocks of a workload.

        Args:
            workload: what is admitted, or gone.
            why: which of these.
            now: seconds since 1970.
        """
        names = list(self._of.get(workload, ()))
        return [EndedBlock(block, why, max(0.0, now - block.opened)) for block in map(self.drop, names)]

    def silent(self, moment: float) -> Sequence[EndedBlock]:
        """The blocks that nobody has touched for so long that nobody tries any more; they stay until they are dropped.

        Args:
            moment: now, by the clock that never goes back.
        """
        silent = [each.shown() for each in self._open.values() if moment - each.last >= silence(each.block)]
        return [EndedBlock(block, BlockEnd.SILENT, max(0.0, block.touched - block.opened)) for block in silent]

    def ages(self, moment: float) -> Iterator[tuple[WorkloadBlock, float]]:
        """Each block, and for how many seconds nobody has touched it."""
        for each in self._open.values():
            yield each.shown(), max(0.0, moment - each.last)

    def drop(self, name: BlockName) -> WorkloadBlock:
        """Take a block away; as it was."""
        block = self._open.pop(name).shown()
        self._in[name.workload.namespace] -= 1
        if not self._in[name.workload.namespace]:
            del self._in[name.workload.namespace]
        names = self._of[name.workload]
        del names[name]
        if not names:
            del self._of[name.workload]
        return block


def silence(block: WorkloadBlock) -> float:
    """After how many seconds without a denial nobody tries any more."""
    if block.name.workload.kind == "CronJob":
        return limits.CRON_SILENCE_SECONDS
    if block.actor is Actor.CONTROLLER:
        return limits.CONTROLLER_SILENCE_SECONDS
    return limits.PERSON_SILENCE_SECONDS
