"""An entry of a transparency log, and its place in the log's tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class InclusionProof:
    """Where an entry stands in a log's tree (RFC 9162, section 2.1.3).

    Attributes:
        index: of the leaf.
        size: of the tree.
        root: hash of the tree.
        hashes: the path.
        checkpoint: the log's signed word on size and root.
    """

    index: int
    size: int
    root: bytes
    hashes: Sequence[bytes]
    checkpoint: str


@dataclass(frozen=True)
class LogEntry:
    """An entry of a transparency log.

    Attributes:
        index: in the log.
        log_id: of the log.
        kind: name and version of the body's form.
        integrated_time: seconds since 1970; 0 when it does not say.
        promise: the signed entry timestamp; empty without one.
        proof: None without one.
        body: what the log holds, canonical.
    """

    index: int
    log_id: bytes
    kind: tuple[str, str]
    integrated_time: int
    promise: bytes
    proof: InclusionProof | None
    body: bytes
