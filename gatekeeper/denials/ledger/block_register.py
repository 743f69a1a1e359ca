"""Open blocks and their metrics: each blocked workload is in one series, or in none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import Gauge

from gatekeeper.denials import limits
from gatekeeper.denials.ledger.blocks import BlockEnd, BlockName, Blocks, EndedBlock, WorkloadBlock, silence
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.requests import Line
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.lines.violation import AdmissionViolation
from provider.clock import Clock
from provider.foreign_text import shown
from provider.reasons import BlockCause


class BlockRegister:
    """Opens, touches and ends blocks; the caller sees to it that one thread at a time does.

    Args:
        clock: for ages.
        metrics: what is counted.
    """

    def __init__(self, clock: Clock, metrics: DenialMetrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._blocks = Blocks()
        # The series in which each workload is: that of its namespace may be another one by the time it leaves it.
        self._series: dict[WorkloadName, Gauge] = {}

    def __iter__(self) -> Iterator[WorkloadBlock]:
        return iter(self._blocks)

    def deny(self, line: Line, actor: Actor, blocked: WorkloadName) -> WorkloadBlock | None:
        """A real denial, or a refusal without a verdict; the block, if it was opened by this one.

        What is read so late that nobody tries any more neither opens a block nor touches one.
        """
        denied = _block(line, actor, blocked, self._clock.now())
        age = max(0.0, self._clock.now() - line.time) if line.time else 0.0
        if age >= silence(denied):
            return None
        if self._blocks.full(denied.name) and not self._make_room(denied.name):
            return None
        was = self._blocks.blocked(blocked)
        with self._counted(blocked):
            opened = self._blocks.deny(denied, self._clock.monotonic() - age)
        if was is None:
            self._metrics.workload_blocks.of(blocked.namespace, denied.cause, actor).inc()
        return denied if opened else None

    def end(self, blocked: WorkloadName, why: BlockEnd) -> Sequence[EndedBlock]:
        """A workload can start, or is gone: its blocks, which are over."""
        with self._counted(blocked):
            return self._blocks.end(blocked, why, self._clock.now())

    def end_silent(self) -> Sequence[EndedBlock]:
        """The blocks that are over because nobody has tried for long."""
        silent = self._blocks.silent(self._clock.monotonic())
        for ended in silent:
            with self._counted(ended.block.name.workload):
                self._blocks.drop(ended.block.name)
        return silent

    def ages(self) -> Iterator[tuple[WorkloadBlock, float]]:
        """Each block, and for how many seconds nobody has touched it."""
        return self._blocks.ages(self._clock.monotonic())

    def put_back(self, blocks: Iterable[tuple[WorkloadBlock, float]]) -> None:
        """Go on with the blocks of another process, which it counted; with their ages, seconds."""
        for block, age in blocks:
            with self._counted(block.name.workload):
                self._blocks.deny(block, self._clock.monotonic() - age)

    def _make_room(self, name: BlockName) -> bool:
        """Give up another block for this one, or this one; whether there is room. Either is counted."""
        self._metrics.fold_block()
        other = self._blocks.crowding_out(name)
        if other is None:
            return False
        with self._counted(other.workload):
            self._blocks.drop(other)
        return True

    @contextmanager
    def _counted(self, blocked: WorkloadName) -> Iterator[None]:
        """Keep the number of blocked workloads right over a change."""
        before = self._blocks.blocked(blocked)
        yield
        after = self._blocks.blocked(blocked)
        if before is after:
            return
        if before is not None:
            self._series.pop(blocked).dec()
        if after is not None:
            series = self._series[blocked] = self._metrics.blocked.of(blocked.namespace, after)
            series.inc()


def _block(line: Line, actor: Actor, blocked: WorkloadName, now: float) -> WorkloadBlock:
    violation = line if isinstance(line, AdmissionViolation) else None
    judgement = violation.judgement if violation else None
    time = min(line.time, now) if line.time else now
    return WorkloadBlock(
        name=BlockName(blocked, violation.policy if violation else "", _image(violation)),
        cause=violation.cause if violation else BlockCause.WEBHOOK,
        actor=actor,
        user=line.username,
        reason=judgement.reason if judgement else "",
        message=shown(line.message, limits.BLOCK_CHARACTERS),
        remedy=shown(judgement.remedy, limits.BLOCK_CHARACTERS) if judgement else "",
        ref=judgement.ref if judgement else "",
        opened=time,
        touched=time,
    )


def _image(violation: AdmissionViolation | None) -> str:
    """Cut: who creates Pods chooses it, and it stays in memory for an hour."""
    return shown(violation.image, limits.BLOCK_CHARACTERS) if violation else ""
