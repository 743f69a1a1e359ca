"""A file that may be replaced while we run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provider.errors import FileError
from provider.mounted_file import MountedFile
from tests.simulators.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def told():
    return []


@pytest.fixture
def mounted(tmp_path, clock, told):
    def parse(body):
        if body == b"bad":
            raise FileError("it is bad")
        if body == b"odd":
            raise RuntimeError("secret")
        return body.decode()

    def made():
        return MountedFile(tmp_path / "file", 10, parse, clock, 5.0, lambda found: told.append(str(found)))

    return made


def replace(path, body):
    new = path.with_name("new")
    new.write_bytes(body)
    new.replace(path)


def test_content_is_that_of_the_last_good_file(mounted, tmp_path, told):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    file = mounted()
    for body in (b"bad", b"x" * 11, b"two"):
        replace(path, body)
        file.look()
    assert file.content() == "two"
    assert told == ["one", "it is bad", "it has more than 10 bytes", "two"]
    assert file.error is None


def test_pipe_in_place_of_a_file_is_refused_and_not_waited_for(mounted, tmp_path, told):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    file = mounted()
    path.unlink()
    os.mkfifo(path)
    file.look()
    assert file.content() == "one"
    assert told == ["one", "it is no regular file any more"]


def test_pipe_is_read_once_at_the_start_as_a_shell_gives_it(tmp_path, clock, told):
    readable, writable = os.pipe()
    os.write(writable, b"one")
    os.close(writable)
    path = Path(f"/dev/fd/{readable}")
    file = MountedFile(path, 10, bytes.decode, clock, 5.0, lambda found: told.append(str(found)))
    clock.advance(6.0)
    assert file.content() == "one"
    os.close(readable)
    assert told == ["one"]


def test_who_asks_while_a_file_is_read_gets_what_is_in_force(tmp_path, clock):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    seen = []

    def parse(body):
        if body == b"two":
            seen.append(file.content())
        return body.decode()

    file = MountedFile(path, 10, parse, clock, 0.0, lambda _: None)
    replace(path, b"two")
    file.look()
    assert seen == ["one"]
    assert file.content() == "two"


def test_file_is_believed_for_a_while(mounted, tmp_path, clock):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    file = mounted()
    replace(path, b"two")
    clock.advance(4.9)
    assert file.content() == "one"
    clock.advance(0.2)
    assert file.content() == "two"


def test_file_that_is_gone_is_told_once_and_comes_back(mounted, tmp_path, told):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    file = mounted()
    path.rename(tmp_path / "away")
    file.look()
    file.look()
    assert file.content() == "one"
    (tmp_path / "away").rename(path)
    file.look()
    assert told == ["one", "cannot read it: No such file or directory", "one"]


def test_next_bad_file_is_told_even_if_it_is_bad_in_the_same_way(mounted, tmp_path, told):
    path = tmp_path / "file"
    path.write_bytes(b"bad")
    file = mounted()
    assert file.content() is None
    replace(path, b"bad")
    file.look()
    file.look()
    assert told == ["it is bad", "it is bad"]


def test_swapped_link_is_another_file_as_in_a_mounted_secret(mounted, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "file").symlink_to("data/file")
    file = mounted()
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "data")
    file.look()
    assert file.content() == "two"


@pytest.mark.parametrize("first", [True, False])
def test_failure_that_nobody_expected_is_the_files_own(mounted, tmp_path, told, first):
    path = tmp_path / "file"
    path.write_bytes(b"odd" if first else b"one")
    file = mounted()
    replace(path, b"odd" if not first else b"two")
    file.look()
    assert file.content() == ("two" if first else "one")
    assert "it cannot be used (RuntimeError)" in told


def test_directory_in_the_place_of_a_file_changes_nothing(mounted, tmp_path, told):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    file = mounted()
    path.unlink()
    path.mkdir()
    for _ in range(3):
        file.look()
    assert file.content() == "one"
    assert told == ["one", "cannot read it: Is a directory"]
    path.rmdir()
    path.write_bytes(b"")
    file.look()
    assert file.content() == ""
