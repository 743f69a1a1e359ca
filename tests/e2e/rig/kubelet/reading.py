"""What a kubelet makes of a container's log, as Kubernetes 1.36 does (cri-client/pkg/logs, kubelet_pods.go).

- `sinceTime` is compared with each part of a long line, and has whole seconds by the time it comes here.
- A part that follows another one has no timestamp of its own, whichever stream it is of.
- A follow goes on over a rotation: it reads the old file to its end, then the new one. It ends when the container does.
- `previous` is one attempt back. While a container waits for its restart, plain and previous both are the dead one's.
- `tailLines` counts the file's lines, so parts of a long line each.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tests.e2e.rig.kubelet.entry import Entry, parse

POLL_SECONDS: Final = 0.005
_BATCH: Final = 1 << 16


class NoLogError(Exception):
    """A kubelet's 400, in its words."""


@dataclass(frozen=True)
class Wish:
    """What a request asks for.

    Attributes:
        since: nanoseconds since 1970; 0 for all.
        tail_lines: none for all.
        limit_bytes: none for all.
    """

    follow: bool = False
    timestamps: bool = False
    previous: bool = False
    since: int = 0
    tail_lines: int | None = None
    limit_bytes: int | None = None


def attempt(folder: Path, wish: Wish, pod: str) -> Path:
    """The log of the attempt that is meant.

    Args:
        folder: `…/NAMESPACE/POD/CONTAINER`.
        wish: only its `previous` counts.
        pod: the Pod's name, for the sentence.

    Raises:
        NoLogError: there is none.
    """
    container = folder.name
    numbers = sorted(int(path.stem) for path in folder.glob("*.log"))
    if not numbers:
        raise NoLogError(f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating')
    last = folder / f"{numbers[-1]}.log"
    if not wish.previous or ended(last):
        return last
    if len(numbers) == 1:
        raise NoLogError(f'previous terminated container "{container}" in pod "{pod}" not found')
    return folder / f"{numbers[-2]}.log"


def ended(log: Path) -> bool:
    """Whether the process that wrote it has ended."""
    return log.with_suffix(".ended").exists()


def read(log: Path, wish: Wish, gone: Callable[[], bool] = lambda: False) -> Iterator[bytes]:
    """What the API server gets, in pieces; with `follow` until the container ends or the reader is gone."""
    remain = wish.limit_bytes
    for piece in _texts(log, wish, gone):
        if remain is not None and len(piece) >= remain:
            yield piece[:remain]
            return
        yield piece
        remain = remain if remain is None else remain - len(piece)


def _texts(log: Path, wish: Wish, gone: Callable[[], bool]) -> Iterator[bytes]:
    whole, size = True, 0
    batch: list[bytes] = []
    for entry in _entries(log, wish, gone):
        if entry is None:
            if batch:
                yield b"".join(batch)
            batch, size = [], 0
            continue
        if entry.nanoseconds >= wish.since if wish.since else True:
            text = f"{entry.stamp} ".encode() + entry.text if wish.timestamps and whole else entry.text
            batch.append(text)
            size += len(text)
            if size > _BATCH:
                yield b"".join(batch)
                batch, size = [], 0
        whole = entry.text.endswith(b"\n") if entry.text else True


def _entries(log: Path, wish: Wish, gone: Callable[[], bool]) -> Iterator[Entry | None]:
    """Entries as they come; none where there is nothing more at the moment."""
    for line in _lines(log, wish, gone):
        if line is None:
            yield None
        elif (entry := parse(line)) is not None:
            yield entry


def _lines(log: Path, wish: Wish, gone: Callable[[], bool]) -> Iterator[bytes | None]:
    file = log.open("rb")
    try:
        file.seek(_tail_start(file, wish.tail_lines))
        while True:
            # Before the read: what a container writes before its end is there by then.
            over = not wish.follow or ended(log) or not log.parent.exists()
            moved = wish.follow and _moved(log, file)
            yield from _available(file, incomplete=not wish.follow)
            yield None
            if moved:
                file.close()
                file = log.open("rb")
            elif over or gone():
                return
            else:
                time.sleep(POLL_SECONDS)
    finally:
        file.close()


def _available(file: IO[bytes], *, incomplete: bool) -> Iterator[bytes]:
    """The lines that are there; what has no newline yet is left for later, or comes where `incomplete` ones may."""
    for line in file:
        if line.endswith(b"\n") or incomplete:
            yield line
        else:
            file.seek(-len(line), os.SEEK_CUR)
            return


def _moved(log: Path, file: IO[bytes]) -> bool:
    """Whether the name has a new file by now."""
    try:
        return not os.path.samestat(log.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _tail_start(file: IO[bytes], lines: int | None) -> int:
    if lines is None:
        return 0
    content = file.read()
    position = len(content)
    # A last line without its newline does not count.
    for _ in range(lines + 1):
        position = content.rfind(b"\n", 0, position)
        if position < 0:
            return 0
    return position + 1
