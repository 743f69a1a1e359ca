"""Archives of mirrors: unpacked in memory, within limits, by plain names alone."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.trust import archive, limits
from gatekeeper.trust.errors import TrustSourceError
from tests.simulators.tuf_repository import packed


def refusal(content: bytes) -> str:
    with pytest.raises(TrustSourceError) as caught:
        archive.unpack(content)
    return str(caught.value)


def test_files_have_their_names_in_the_repository() -> None:
    files = {"repository/1.root.json": b"a", "./repository/timestamp.json": b"b", "other/x": b"c"}
    assert archive.unpack(packed(files)) == {"1.root.json": b"a", "timestamp.json": b"b", "other/x": b"c"}


@pytest.mark.parametrize("name", ["../x", "repository/../../x", "/etc/passwd", "a//b", "a\\b", "a\nb", "x" * 600])
def test_name_that_is_no_plain_one_is_refused(name: str) -> None:
    assert "is no plain name" in refusal(packed({name: b"x"}))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE], ids=["sym", "hard", "pipe", "device"]
)
def test_member_that_is_no_file_is_refused(kind: bytes) -> None:
    assert "is no plain file" in refusal(packed({"a": b"", "b": b"x"}, a=kind))


def test_folders_are_passed_over() -> None:
    assert archive.unpack(packed({"repository": b"", "repository/a": b"x"}, repository=tarfile.DIRTYPE)) == {"a": b"x"}


def test_name_that_is_there_twice_is_refused() -> None:
    assert "is twice in the archive" in refusal(packed({"repository/a": b"1", "a": b"2"}))


def test_archive_that_unpacks_to_10_gib_is_let_go_after_32_mib() -> None:
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as packer:
        for _ in range(160):
            packer.write(bytes(1 << 20))
    # Another 64 members of 160 MiB of zeros: 10 GiB.
    bomb = stream.getvalue() * 64
    tracemalloc.start()
    assert refusal(bomb) == f"the archive unpacks to more than {limits.MIRROR_BYTES} bytes"
    assert tracemalloc.get_traced_memory()[1] < 4 * limits.MIRROR_BYTES
    tracemalloc.stop()


def test_file_and_number_of_files_have_limits() -> None:
    assert "is too large" in refusal(packed({"a": bytes(limits.MIRROR_FILE_BYTES + 1)}))
    assert "more than 1000 members" in refusal(packed({f"f{number}": b"" for number in range(1001)}))


def test_size_that_a_header_only_says_is_no_memory() -> None:
    header = tarfile.TarInfo("a")
    header.size = 10 << 30
    assert refusal(gzip.compress(header.tobuf() + bytes(1024)))


@pytest.mark.parametrize(
    "content",
    [b"", b"x", gzip.compress(b""), gzip.compress(b"x" * 2000), gzip.compress(b"x")[:-4]],
    ids=["empty", "no gzip", "gzip of nothing", "no tar", "half"],
)
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    assert refusal(content)


@given(st.binary(max_size=2000), st.integers(0, 1500), st.integers(0, 255))
def test_bytes_of_a_stranger_unpack_or_are_refused(content: bytes, place: int, value: int) -> None:
    whole = bytearray(gzip.decompress(packed({"repository/a": content[:600], "b": b"x"})))
    whole[place] = value
    for each in (content, gzip.compress(content), gzip.compress(bytes(whole))):
        with contextlib.suppress(TrustSourceError):
            assert archive.unpack(each)
