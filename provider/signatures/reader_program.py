"""Reads large documents for the provider, in a process of its own: `python -m provider.signatures.reader_program`.

Work comes on the standard input and what came of it goes to the standard output: one line of JSON each, which says how
many bytes follow it. It ends when its input does. What it may map of memory is bounded; where that is not enough it
ends without an answer, and whoever asked has none.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from provider import limits
from provider.signatures.document_work import Division, StatementReading
from provider.signatures.rejection import RejectionError

_WORKS: Final[Mapping[str, type[Division | StatementReading]]] = {
    "division": Division,
    "statement": StatementReading,
}


def main() -> None:
    """Work until the input ends."""
    memory = limits.READER_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Where memory runs short this is what can be done without.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer what is asked, one after the other."""
    while line := asked.readline():
        fields = json.loads(line)
        found, body = _answer(fields, asked.read(fields["bytes"]))
        answers.write(json.dumps({**found, "bytes": len(body)}).encode() + b"\n")
        answers.write(body)
        answers.flush()


def _answer(fields: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    kind = _WORKS[fields["work"]]
    try:
        result = kind.from_wire(fields, body).run()
    except RejectionError as error:
        return {"rejected": str(error), "lasting": error.lasting}, b""
    found, rest = kind.result_to_wire(result)  # type: ignore[arg-type]  # of its own work
    return {"result": found}, rest


if __name__ == "__main__":
    main()
