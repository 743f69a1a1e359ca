"""What the ledger remembers over a restart: one JSON document with its version and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from gatekeeper.denials import limits
from gatekeeper.denials.ledger.blocks import BlockName, WorkloadBlock
from gatekeeper.denials.ledger.metrics import Counts
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from provider.reasons import BlockCause

_VERSION: Final = 1
_GENERATIONS: Final = 2


class SnapshotError(Exception):
    """A snapshot cannot be used; the message says why, without any of its text."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a new process goes on with.

    Attributes:
        saved: when it was made, seconds since 1970.
        counts: values of the counters.
        seen: fingerprints of what was counted, the older generation first.
        cursors: how far each Pod's log was read.
        blocks: those that are open, and for how many seconds nobody had touched them.
    """

    saved: float
    counts: Counts
    seen: Sequence[Sequence[str]]
    cursors: Mapping[str, str]
    blocks: Sequence[tuple[WorkloadBlock, float]]

    def text(self) -> str:
        """As a JSON document; without the blocks where it would be too large: the next try opens them again."""
        whole = self._document(self.blocks)
        return whole if len(whole.encode()) <= limits.SNAPSHOT_BYTES else self._document(())

    def _document(self, blocks: Sequence[tuple[WorkloadBlock, float]]) -> str:
        body = {
            "saved": self.saved,
            "counts": self.counts,
            "seen": self.seen,
            "cursors": self.cursors,
            "blocks": [[asdict(block), age] for block, age in blocks],
        }
        return _json({"version": _VERSION, "digest": _digest(body), "body": body})


def read(text: str) -> Snapshot:
    """A snapshot from its text.

    Raises:
        SnapshotError: it is cut off, altered, too large, or another version's.
    """
    if len(text) > limits.SNAPSHOT_BYTES:
        raise SnapshotError(f"it has {len(text)} characters; at most {limits.SNAPSHOT_BYTES} are read")
    try:
        document = json.loads(text)
        if document["version"] != _VERSION:
            raise SnapshotError("another version wrote it")
        body = document["body"]
        if document["digest"] != _digest(body):
            raise SnapshotError("it was altered: its digest is another one")
        return _snapshot(body)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SnapshotError("it is cut off, or no snapshot") from error


def _digest(body: object) -> str:
    return f"sha256:{hashlib.sha256(_json(body).encode()).hexdigest()}"


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _snapshot(body: Mapping[str, Any]) -> Snapshot:
    seen = [[str(key) for key in keys] for keys in body["seen"]]
    if len(seen) != _GENERATIONS:
        raise SnapshotError("it is no snapshot: seen has not two generations")
    return Snapshot(
        saved=float(body["saved"]),
        counts={
            str(name): [([str(label) for label in labels], float(value)) for labels, value in samples]
            for name, samples in body["counts"].items()
        },
        seen=seen,
        cursors={str(pod): str(written) for pod, written in body["cursors"].items()},
        blocks=[(_block(fields), float(age)) for fields, age in body["blocks"]],
    )


def _block(fields: Mapping[str, Any]) -> WorkloadBlock:
    name = fields["name"]
    return WorkloadBlock(
        **{
            **fields,
            "name": BlockName(WorkloadName(**name["workload"]), str(name["policy"]), str(name["image"])),
            "cause": BlockCause(fields["cause"]),
            "actor": Actor(fields["actor"]),
            "opened": float(fields["opened"]),
            "touched": float(fields["touched"]),
            "denials": int(fields["denials"]),
        }
    )
