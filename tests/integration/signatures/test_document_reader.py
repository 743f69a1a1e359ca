"""The process that reads large documents: what it gives, and what is said when it gives nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provider import limits
from provider.errors import ImageError
from provider.questions.attestation_question import AttestationWish
from provider.questions.config_paths import ConfigPaths
from provider.reasons import Reason
from provider.signatures.alive import always
from provider.signatures.document_reader import ReaderProcess
from provider.signatures.document_work import StatementReading
from provider.signatures.rejection import RejectionError
from tests.simulators.attesting import TYPE, statement

pytestmark = pytest.mark.integration

DIGEST = "sha256:" + "a" * 64
WISH = AttestationWish(TYPE, statement=ConfigPaths((("predicate", "n"),)))


def large(number: int, image: str = DIGEST) -> StatementReading:
    said = statement(DIGEST, predicate={"n": number, "x": ["y" * 90] * (limits.READ_AT_ONCE_BYTES // 90)})
    return StatementReading(said, image, "sha256:1", WISH)


@pytest.fixture
def reader() -> Iterator[ReaderProcess]:
    found = ReaderProcess()
    yield found
    found.close()


def test_one_process_reads_one_document_after_the_other(reader: ReaderProcess) -> None:
    async def read() -> list[object]:
        return await asyncio.gather(*(reader.result(large(number), always) for number in range(3)))

    found = asyncio.run(read())
    assert [each.statement for each in found] == [{"predicate": {"n": number}} for number in range(3)]  # type: ignore[attr-defined]


def test_rejection_is_passed_on_and_the_next_document_is_read(reader: ReaderProcess) -> None:
    async def read() -> object:
        with pytest.raises(RejectionError, match="no matching subject digest found"):
            await reader.result(large(1, "sha256:" + "b" * 64), always)
        return await reader.result(large(2), always)

    assert asyncio.run(read()).statement == {"predicate": {"n": 2}}  # type: ignore[attr-defined]


def test_small_document_needs_no_process() -> None:
    reader = ReaderProcess(("/nowhere",))
    small = StatementReading(statement(DIGEST, predicate={"n": 1}), DIGEST, "sha256:1", WISH)
    assert asyncio.run(reader.result(small, always)).statement == {"predicate": {"n": 1}}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "program",
    [
        "pass",
        "import sys; sys.stdin.readline(); print('[]')",
        "import sys; sys.stdin.buffer.read(400000); print('no JSON')",
        'print(\'{"bytes":5,"result":{}}\')',
        "print('{\"bytes\":99999999}')",
        "import time; time.sleep(600)",
        None,
    ],
    ids=["ends", "no object", "no JSON", "cut off", "too much", "hangs", "is not there"],
)
def test_process_that_gives_no_answer_is_ended_and_nothing_is_proved(
    program: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "READER_SECONDS", 1.0)
    reader = ReaderProcess((sys.executable, "-c", program) if program else ("/nowhere",))
    with pytest.raises(ImageError) as refused:
        asyncio.run(reader.result(large(1), always))
    assert refused.value.reason is Reason.OVERLOADED
    assert not refused.value.reason.durable
    assert reader._process is None


def test_document_that_takes_too_much_memory_has_no_answer_and_the_next_one_has() -> None:
    script = "from provider import limits; limits.READER_MEMORY_BYTES = 48 * 2**20\n"
    script += "from provider.signatures.reader_program import main; main()"
    reader = ReaderProcess((sys.executable, "-c", script))

    async def read() -> object:
        wide = statement(DIGEST, predicate=[{"a": number} for number in range(250_000)])
        with pytest.raises(ImageError) as refused:
            await reader.result(StatementReading(wide, DIGEST, "sha256:1", WISH), always)
        assert refused.value.reason is Reason.OVERLOADED
        return await reader.result(large(2), always)

    assert asyncio.run(read()).statement == {"predicate": {"n": 2}}  # type: ignore[attr-defined]
    reader.close()


def test_who_gives_up_waiting_leaves_no_answer_to_the_next(reader: ReaderProcess) -> None:
    async def read() -> object:
        first = asyncio.create_task(reader.result(large(1), always))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.wait([first])
        return await reader.result(large(2), always)

    assert asyncio.run(read()).statement == {"predicate": {"n": 2}}  # type: ignore[attr-defined]


def test_process_ends_when_nobody_needs_it(reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READER_IDLE_SECONDS", 0.05)

    async def read() -> object:
        await reader.result(large(1), always)
        async with asyncio.timeout(20):
            while reader._process is not None:  # noqa: ASYNC110 - nothing says when
                await asyncio.sleep(0.01)

    asyncio.run(read())


def test_process_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTBEFORE_SECRET", "hush")
    script = "import os, sys; sys.exit() if 'BESTBEFORE_SECRET' in os.environ else None\n"
    script += "from provider.signatures.reader_program import main; main()"
    reader = ReaderProcess((sys.executable, "-c", script))
    assert asyncio.run(reader.result(large(1), always)).statement == {"predicate": {"n": 1}}  # type: ignore[attr-defined]
    reader.close()


def test_process_goes_before_the_provider_where_memory_runs_short(reader: ReaderProcess) -> None:
    asyncio.run(reader.result(large(1), always))
    assert reader._process is not None
    assert Path(f"/proc/{reader._process.pid}/oom_score_adj").read_text().strip() == "1000"
