"""Who reads the documents of attestations: small ones whoever verifies them, large ones a process of its own.

The process is started when there is work for it, does one piece at a time, and ends when there has been none for a
while. One that does not answer in time is ended, and so is one that answers what is no answer: then there is no result,
which is passing, and the next work has a new one.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final, Protocol

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.signatures.alive import Alive
from provider.signatures.document_work import DocumentWork
from provider.signatures.rejection import RejectionError

_PROGRAM: Final = ("-P", "-m", "provider.signatures.reader_program")
_FAILED: Final = "the process that reads large attestations gave no answer"
# What a line of an answer may have: a statement that has room in an answer of ours, and what JSON makes of it.
_LINE_BYTES: Final = 8 * limits.ITEM_BYTES


class DocumentReader(Protocol):
    """Does work on documents."""

    async def result(self, work: DocumentWork, alive: Alive) -> object:
        """What comes of it.

        Args:
            work: what is to be done.
            alive: asked when its turn comes; what it raises is passed on.

        Raises:
            RejectionError: the document is none.
            ImageError: nobody did it: passing.
        """
        ...

    def close(self) -> None:
        """End what was started for it; the next work starts it again."""
        ...


class ReaderHere:
    """Does it here and now, however large the document is."""

    async def result(self, work: DocumentWork, alive: Alive) -> object:
        """See `DocumentReader`."""
        alive()
        return work.run()

    def close(self) -> None:
        """See `DocumentReader`: nothing was started."""


class ReaderProcess:
    """Does large work in a process of its own; for one event loop.

    Args:
        program: what is started, by default our own.
    """

    def __init__(self, program: Sequence[str] = (sys.executable, *_PROGRAM)) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = asyncio.Lock()
        self._end: asyncio.TimerHandle | None = None

    async def result(self, work: DocumentWork, alive: Alive) -> object:
        """See `DocumentReader`."""
        if work.size <= limits.READ_AT_ONCE_BYTES:
            return work.run()
        async with self._turn:
            alive()
            return await self._read(work)

    def close(self) -> None:
        """See `DocumentReader`."""
        if self._end is not None:
            self._end.cancel()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    async def _read(self, work: DocumentWork) -> object:
        if self._end is not None:
            self._end.cancel()
        try:
            process = self._process = self._process or self._start()
            async with asyncio.timeout(limits.READER_SECONDS):
                # In a thread, which waits for the pipes.
                fields, body = await asyncio.to_thread(_exchange, process, work)
            result = _result(work, fields, body)
        except RejectionError:
            self._rest()
            raise
        except (OSError, ValueError, KeyError, TypeError, TimeoutError) as error:
            self.close()
            raise ImageError(Reason.OVERLOADED, _FAILED) from error
        except BaseException:
            # Whoever waited for it is gone, and its answer would be taken for the next one's.
            self.close()
            raise
        self._rest()
        return result

    def _start(self) -> subprocess.Popen[bytes]:
        # Of our own environment it gets nothing but where our packages are.
        found = os.pathsep.join(path for path in sys.path if path)
        return subprocess.Popen(
            self._program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": found},
            start_new_session=True,
        )

    def _rest(self) -> None:
        self._end = asyncio.get_running_loop().call_later(limits.READER_IDLE_SECONDS, self.close)


def _exchange(process: subprocess.Popen[bytes], work: DocumentWork) -> tuple[Mapping[str, Any], bytes]:
    """One piece of work, and what came back.

    Raises:
        OSError: the process takes nothing.
        ValueError, KeyError, TypeError: it answers what is no answer, or nothing.
    """
    asked, answers = _pipe(process.stdin), _pipe(process.stdout)
    fields, body = work.to_wire()
    asked.write(json.dumps({**fields, "bytes": len(body)}).encode() + b"\n")
    asked.write(body)
    asked.flush()
    found = json.loads(answers.readline(_LINE_BYTES))
    size = found["bytes"]
    if not 0 <= size <= len(body):
        raise ValueError(f"{size} bytes")
    rest = answers.read(size)
    if len(rest) != size:
        raise ValueError(f"{len(rest)} of {size} bytes")
    return found, rest


def _result(work: DocumentWork, fields: Mapping[str, Any], body: bytes) -> object:
    if "rejected" in fields:
        raise RejectionError(str(fields["rejected"]), lasting=bool(fields["lasting"]))
    return work.result_from_wire(fields["result"], body)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("no pipe")
    return pipe
