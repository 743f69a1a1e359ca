"""What is kept of mirrors, pages of Pods, threads, and the worker."""

from __future__ import annotations

import json
import threading
import zlib

import pytest

from gatekeeper.trustroots import limits, mirror_state
from gatekeeper.trustroots.board import RootBoard
from gatekeeper.trustroots.errors import NoRoomError
from gatekeeper.trustroots.look import RootLook
from gatekeeper.trustroots.look_threads import LookThreads
from gatekeeper.trustroots.mirror_slots import MirrorSlots
from gatekeeper.trustroots.root_object import RootObject
from gatekeeper.trustroots.worker import RootWorker
from tests.simulators.cluster import ClusterSimulator

MIRROR = 64 * "a"


def packed(files):
    return zlib.compress(json.dumps(files).encode())


def test_state_of_a_mirror_comes_back_as_it_was(tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    files = {f"{MIRROR}/last.json": "{}", f"{MIRROR}/metadata/root_history/2.root.json": "[]"}
    for name, text in files.items():
        (before / name).parent.mkdir(parents=True, exist_ok=True)
        (before / name).write_text(text)
    (before / MIRROR / "metadata" / "root.json").symlink_to("root_history/2.root.json")
    mirror_state.unpack(mirror_state.pack(before), after)
    assert {path.relative_to(after).as_posix(): path.read_text() for path in after.rglob("*.json")} == files


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        zlib.compress(b"["),
        zlib.compress(b"[]"),
        zlib.compress(b" " * (limits.STATE_UNPACKED_BYTES + 1)),
        packed({f"{MIRROR}/{number}.json": "" for number in range(limits.STATE_FILES + 1)}),
        packed({"../x.json": "", "/x.json": "", f"{MIRROR}/../x.json": "", f"{MIRROR}/metadata/.x.json": "", "x": ""}),
        packed({f"{MIRROR}/x.json": 1}),
    ],
    ids=["empty", "plain", "broken", "list", "large", "many", "names", "numbers"],
)
def test_what_nobody_packed_so_is_as_nothing(tmp_path, content):
    mirror_state.unpack(content, tmp_path / "folder")
    assert not list(tmp_path.rglob("*.json"))


def test_more_than_may_be_kept_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "STATE_BYTES", 1)
    with pytest.raises(NoRoomError):
        mirror_state.pack(tmp_path)


def test_slot_of_a_mirror_that_nobody_names_is_taken_the_oldest_first(monkeypatch):
    monkeypatch.setattr(limits, "MIRRORS", 2)
    slots = MirrorSlots(ClusterSimulator(), "here", "state-")
    for number, mirror in enumerate(("one", "two")):
        slots.write(slots.of(mirror, frozenset({"one", "two"})), mirror, mirror.encode(), 100.0 + number)
    assert [slots.of(mirror, frozenset()).content for mirror in ("one", "two")] == [b"one", b"two"]
    taken = slots.of("three", frozenset({"three"}))
    assert (taken.name, taken.content) == ("state-0", b"")
    with pytest.raises(NoRoomError):
        slots.of("three", frozenset({"one", "two"}))


class Looks:
    """Looks that wait until they may end."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.broken = False

    def at(self, found, wanted):
        assert self.may_end.wait(10)
        if self.broken:
            raise RuntimeError
        return RootLook(found)


@pytest.fixture
def looks():
    return Looks()


def test_so_many_looks_go_on_side_by_side_and_one_of_each_object(looks):
    ended = threading.Semaphore(0)
    threads = LookThreads(looks, ended.release)
    objects = [RootObject(f"r{number}", "", 1, {}) for number in range(limits.LOOKS + 1)]
    assert threads.begin(objects[0], frozenset())
    assert not threads.begin(objects[0], frozenset())
    assert [threads.begin(each, frozenset()) for each in objects[1:]] == [True] * (limits.LOOKS - 1) + [False]
    assert threads.done() == []
    looks.may_end.set()
    for _ in range(limits.LOOKS):
        assert ended.acquire(timeout=10)
    assert len(threads.done()) == limits.LOOKS
    assert threads.begin(objects[0], frozenset())


def test_look_that_ends_unexpectedly_is_its_objects_own_problem(looks):
    looks.broken = True
    looks.may_end.set()
    ended = threading.Event()
    threads = LookThreads(looks, ended.set)
    threads.begin(RootObject("own", "", 1, {}), frozenset())
    assert ended.wait(10)
    [look] = threads.done()
    assert "RuntimeError" in look.problems[0]


class Objects:
    def run(self, stop, changed):
        stop.wait()


class Keeper:
    """Takes rounds, of which the first ends unexpectedly."""

    def __init__(self) -> None:
        self.rounds = 0
        self.second = threading.Event()

    def round(self):
        self.rounds += 1
        if self.rounds == 1:
            raise RuntimeError
        self.second.set()
        return 1000.0


def test_round_that_ends_unexpectedly_ends_no_rounds_after_it(monkeypatch):
    monkeypatch.setattr(limits, "UNEXPECTED_SECONDS", 0.0)
    keeper, said, stop = Keeper(), [], threading.Event()
    worker = RootWorker(Objects, lambda *_: keeper, lambda: True, said.append)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    assert keeper.second.wait(10)
    stop.set()
    thread.join(10)
    assert [type(each) for each in said] == [RuntimeError]


def test_board_calls_whoever_listens_when_something_changes_and_only_then():
    board, called = RootBoard(), []
    board.listen(lambda: called.append(board.digests()))
    board.say({"own": "a"}, {})
    board.say({"own": "a"}, {})
    board.say({"own": "a"}, {"own": "late"})
    assert called == [{"own": "a"}, {"own": "a"}]
