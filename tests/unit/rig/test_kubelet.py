"""The rig's kubelet reads logs as Kubernetes' does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.rig.kubelet import entry, reading
from tests.e2e.rig.kubelet.attempt import AttemptLog
from tests.e2e.rig.kubelet.reading import NoLogError, Wish
from tests.e2e.rig.kubelet.server import wish
from tests.e2e.rig.processes import wait_until

_ALL = Wish()
_SECONDS = 10.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the logs of one container."""
    return tmp_path / "gatekeeper-system" / "pod-1" / "manager"


@pytest.fixture
def log(folder: Path) -> Iterator[AttemptLog]:
    """The first attempt's."""
    with closing(AttemptLog(folder / "0.log")) as log:
        yield log


def _file(folder: Path, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "0.log"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def _read(path: Path, wished: Wish = _ALL) -> str:
    return b"".join(reading.read(path, wished)).decode()


def test_lines_of_both_streams_come_without_what_the_runtime_added(folder: Path) -> None:
    path = _file(folder, "2026-11-30T08:00:00.5Z stderr F one", "2026-11-30T08:00:01Z stdout F two")
    assert _read(path) == "one\ntwo\n"


def test_timestamps_have_nine_digits_and_the_zone_of_the_file(folder: Path) -> None:
    path = _file(folder, "2026-11-30T08:00:00.5Z stderr F one", "2026-11-30T09:00:01+01:00 stderr F two")
    assert _read(path, Wish(timestamps=True)) == (
        "2026-11-30T08:00:00.500000000Z one\n2026-11-30T09:00:01.000000000+01:00 two\n"
    )


def test_parts_of_a_long_line_are_joined_after_the_time_of_the_first(folder: Path) -> None:
    path = _file(folder, "2026-11-30T08:00:00Z stderr P one ", "2026-11-30T08:00:01Z stderr F two")
    assert _read(path, Wish(timestamps=True)) == "2026-11-30T08:00:00.000000000Z one two\n"


def test_since_is_compared_with_each_part_so_a_tail_may_come_without_a_time(folder: Path) -> None:
    path = _file(folder, "2026-11-30T08:00:00Z stderr P one ", "2026-11-30T08:00:01Z stderr F two")
    since = entry.nanoseconds("2026-11-30T08:00:01Z")
    assert _read(path, Wish(timestamps=True, since=since)) == "two\n"


def test_a_line_of_the_other_stream_is_glued_between_two_parts(folder: Path) -> None:
    path = _file(
        folder,
        "2026-11-30T08:00:00Z stderr P one ",
        "2026-11-30T08:00:00Z stdout F other",
        "2026-11-30T08:00:00Z stderr F two",
    )
    assert _read(path, Wish(timestamps=True)).splitlines() == [
        "2026-11-30T08:00:00.000000000Z one other",
        "2026-11-30T08:00:00.000000000Z two",
    ]


def test_the_api_server_hands_on_whole_seconds_so_a_second_comes_again() -> None:
    wished = wish({"sinceTime": "2026-11-30T08:00:01.9Z", "follow": "true", "timestamps": "true"})
    assert wished == Wish(follow=True, timestamps=True, since=entry.nanoseconds("2026-11-30T08:00:01Z"))


def test_what_is_no_entry_is_passed_over(folder: Path) -> None:
    path = _file(folder, "nonsense", "2026-11-30T08:00:00Z stderr F one")
    assert _read(path) == "one\n"


@pytest.mark.parametrize(("lines", "expected"), [(0, ""), (1, "two\n"), (2, "one\ntwo\n"), (9, "one\ntwo\n")])
def test_tail(folder: Path, lines: int, expected: str) -> None:
    path = _file(folder, "2026-11-30T08:00:00Z stderr F one", "2026-11-30T08:00:01Z stderr F two")
    assert _read(path, Wish(tail_lines=lines)) == expected


def test_limit_of_bytes_cuts_within_a_line_and_counts_the_timestamps(folder: Path) -> None:
    path = _file(folder, "2026-11-30T08:00:00Z stderr F one", "2026-11-30T08:00:01Z stderr F two")
    assert _read(path, Wish(limit_bytes=5)) == "one\nt"
    assert _read(path, Wish(limit_bytes=33, timestamps=True)) == "2026-11-30T08:00:00.000000000Z on"


def test_long_line_is_split_and_comes_back_whole(log: AttemptLog) -> None:
    line = b"x" * 1_000_000
    log.write([line])
    assert log.path.read_bytes().count(b"\n") == 62
    assert b"".join(reading.read(log.path, _ALL)) == line + b"\n"


@given(st.lists(st.binary(max_size=40_000).filter(lambda line: b"\n" not in line), max_size=3))
def test_whatever_is_written_comes_back(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    with closing(AttemptLog(tmp_path_factory.mktemp("logs") / "0.log")) as log:
        log.write(lines)
    assert b"".join(reading.read(log.path, _ALL)) == b"".join(line + b"\n" for line in lines)


def test_plain_log_is_the_last_attempts_and_previous_one_back(folder: Path) -> None:
    for number in range(3):
        AttemptLog(folder / f"{number}.log").close()
    assert reading.attempt(folder, Wish(), "pod-1") == folder / "2.log"
    assert reading.attempt(folder, Wish(previous=True), "pod-1") == folder / "1.log"


def test_while_a_restart_is_waited_for_both_are_the_dead_ones(log: AttemptLog, folder: Path) -> None:
    log.end()
    assert {reading.attempt(folder, Wish(previous=previous), "pod-1") for previous in (True, False)} == {log.path}


def test_without_a_restart_there_is_no_previous(log: AttemptLog, folder: Path) -> None:
    with pytest.raises(NoLogError, match='previous terminated container "manager" in pod "pod-1" not found'):
        reading.attempt(folder, Wish(previous=True), "pod-1")


def test_without_a_file_the_container_is_waiting(folder: Path) -> None:
    folder.mkdir(parents=True)
    with pytest.raises(NoLogError, match="waiting to start"):
        reading.attempt(folder, Wish(), "pod-1")


class _Follower:
    """Reads a log in a thread until it ends."""

    def __init__(self, path: Path) -> None:
        self.text = b""
        self._thread = threading.Thread(target=self._run, args=(path,), daemon=True)
        self._thread.start()

    def _run(self, path: Path) -> None:
        for piece in reading.read(path, Wish(follow=True)):
            self.text += piece

    def wait_for(self, text: bytes) -> None:
        wait_until(lambda: self.text == text, repr(text), _SECONDS)

    def over(self) -> bool:
        self._thread.join(_SECONDS)
        return not self._thread.is_alive()


@pytest.fixture
def follower(log: AttemptLog) -> Iterator[_Follower]:
    """Follows the first attempt."""
    follower = _Follower(log.path)
    yield follower
    if not log.path.with_suffix(".ended").exists():
        log.end()
    assert follower.over()


def test_follow_goes_on_over_rotations(log: AttemptLog, follower: _Follower) -> None:
    log.write([b"one"])
    follower.wait_for(b"one\n")
    log.write([b"two"])
    log.rotate()
    log.write([b"three"])
    follower.wait_for(b"one\ntwo\nthree\n")


def test_follow_waits_for_the_end_of_a_line(log: AttemptLog, follower: _Follower) -> None:
    log.write_raw(b"2026-11-30T08:00:00Z stderr F o")
    log.write_raw(b"ne\n")
    follower.wait_for(b"one\n")


def test_follow_ends_with_the_container(log: AttemptLog, follower: _Follower) -> None:
    log.write([b"one"])
    log.end()
    assert follower.over()
    assert follower.text == b"one\n"


def test_rotated_files_are_never_read(log: AttemptLog) -> None:
    log.write([b"one"])
    log.rotate()
    log.write([b"two"])
    assert _read(log.path) == "two\n"


def test_runtime_writes_both_streams_reopens_and_says_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    script = "echo one; echo two >&2; read _; echo three; exit 3"
    words: list[str | Path] = [sys.executable, "-m", "tests.e2e.rig.kubelet.runtime", path, "bash", "-c", script]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as runtime:
        wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") == 2, "two lines", _SECONDS)
        old = path.rename(tmp_path / "0.log.old")
        runtime.send_signal(signal.SIGUSR1)
        wait_until(path.exists, "new file", _SECONDS)
        output, _ = runtime.communicate(b"\n", _SECONDS)
    assert runtime.returncode == 3
    assert sorted(b"".join(reading.read(old, _ALL)).split()) == [b"one", b"two"]
    assert _read(path) == "three\n"
    assert sorted(output.split()) == [b"one", b"three", b"two"]
    assert reading.ended(path)


def test_runtime_kills_with_itself_what_it_runs(tmp_path: Path) -> None:
    words: list[str | Path] = [sys.executable, "-m", "tests.e2e.rig.kubelet.runtime", tmp_path / "0.log", "sleep", "60"]
    pid = tmp_path / "0.pid"
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as runtime:
        wait_until(lambda: pid.exists() and pid.read_text(), "process", _SECONDS)
        runtime.kill()
    wait_until(lambda: not _alive(int(pid.read_text())), "end of the process", _SECONDS)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
