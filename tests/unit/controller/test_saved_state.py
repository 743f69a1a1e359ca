"""What is kept over a restart."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gatekeeper.controller.saved_state import SavedState, user_key
from gatekeeper.controller.state_file import StateError, StateFile
from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from tests.simulators.sources import HealthSimulator


class Part:
    """Implements `SavedPart`: a word, which must not be `bad`."""

    def __init__(self, word: str) -> None:
        self.word = word

    def snapshot(self) -> str:
        return self.word

    def restore(self, text: str) -> None:
        if text == "bad":
            raise SnapshotError("it is bad")
        self.word = text


def test_bad_file_costs_its_own_part_alone(tmp_path: Path):
    (tmp_path / "a.json").write_text("bad")
    (tmp_path / "b.json").write_text("kept")
    parts, health = {"a": Part("new"), "b": Part("new"), "c": Part("new")}, HealthSimulator()
    SavedState(tmp_path, parts, health).restore()
    assert [part.word for part in parts.values()] == ["new", "kept", "new"]
    assert health.events == [(SourceName.STATE, SourceProblem.INVALID)]
    assert health.said == [f"{tmp_path}/a.json: it is bad"]


def test_without_a_directory_nothing_is_kept_and_nothing_is_wrong():
    health = HealthSimulator()
    state = SavedState(None, {"a": Part("new")}, health)
    state.restore()
    state.save()
    assert health.events == []


def test_file_that_cannot_be_read_is_said(tmp_path: Path):
    (tmp_path / "a.json").mkdir()
    health = HealthSimulator()
    SavedState(tmp_path, {"a": Part("new")}, health).restore()
    assert health.events == [(SourceName.STATE, SourceProblem.INVALID)]
    assert "Is a directory" in health.said[0]


def test_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gatekeeper.controller.state_file.SNAPSHOT_BYTES", 10)
    file = StateFile(tmp_path / "a.json")
    file.write("x" * 11)
    with pytest.raises(StateError, match="larger than 10 bytes"):
        file.read()


def test_old_text_stays_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = StateFile(tmp_path / "a.json")
    file.write("old")

    def killed(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(StateError, match="Input/output error"):
        file.write("new")
    assert file.read() == "old"


def test_key_for_names_of_users_is_the_same_after_a_restart_and_nobody_elses(tmp_path: Path):
    key = user_key(tmp_path)
    assert user_key(tmp_path) == key
    assert len(key) >= 32
    assert stat.S_IMODE((tmp_path / "user-key").stat().st_mode) == 0o600
    assert user_key(None) != user_key(None)
    (tmp_path / "user-key").write_text("cut")
    assert user_key(tmp_path) not in {key, b"cut"}
