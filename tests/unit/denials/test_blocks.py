"""Blocks have a bound, and nobody in one namespace can hide those of another by reaching it."""

from __future__ import annotations

from gatekeeper.denials.ledger.blocks import BlockName, Blocks, WorkloadBlock
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from provider.reasons import BlockCause
from tests.simulators.clock import EPOCH


def _block(namespace: str, number: int = 0) -> WorkloadBlock:
    name = BlockName(WorkloadName(namespace, "Pod", f"pod-{number}"), "policy", "image")
    return WorkloadBlock(name, BlockCause.POLICY, Actor.PERSON, "ann", "", "", "", "", EPOCH, EPOCH)


def _opened(blocks: Blocks, block: WorkloadBlock, moment: float) -> bool:
    """Open it as the ledger does."""
    if blocks.full(block.name):
        other = blocks.crowding_out(block.name)
        if other is None:
            return False
        blocks.drop(other)
    return blocks.deny(block, moment)


def _namespaces(blocks: Blocks) -> list[str]:
    return sorted(block.name.workload.namespace for block in blocks)


def test_flood_in_one_namespace_hides_no_other_namespaces_blocks() -> None:
    blocks = Blocks(capacity=6)
    for number in range(20):
        _opened(blocks, _block("noisy", number), number)
    assert [_opened(blocks, _block(name), 30) for name in ("shop", "web")] == [True, True]
    for number in range(20, 40):
        _opened(blocks, _block("noisy", number), number)
    assert _namespaces(blocks) == ["noisy", "noisy", "noisy", "noisy", "shop", "web"]


def test_block_that_nobody_touched_for_longest_goes_first() -> None:
    blocks = Blocks(capacity=3)
    for number in (0, 1, 2):
        _opened(blocks, _block("noisy", number), number)
    _opened(blocks, _block("noisy", 0), 5)
    _opened(blocks, _block("shop"), 6)
    assert sorted(block.name.workload.name for block in blocks) == ["pod-0", "pod-0", "pod-2"]


def test_namespace_with_as_many_blocks_as_another_takes_none_from_it() -> None:
    blocks = Blocks(capacity=4)
    for number in (0, 1):
        assert _opened(blocks, _block("shop", number), 0)
        assert _opened(blocks, _block("web", number), 0)
    assert not _opened(blocks, _block("shop", 2), 1)
    assert _namespaces(blocks) == ["shop", "shop", "web", "web"]


def test_block_that_is_touched_needs_no_room() -> None:
    blocks = Blocks(capacity=1)
    _opened(blocks, _block("shop"), 0)
    assert not blocks.full(_block("shop").name)
    assert len(blocks) == 1
