"""Logs of the rig outlive a run that begins beside it, and the last ones are found."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.rig import run_logs


def test_another_run_leaves_the_logs_alone_and_the_last_run_is_found(tmp_path: Path) -> None:
    first = run_logs.folder(tmp_path, "world")
    (first / "etcd.log").write_text("first")
    second = run_logs.folder(tmp_path, "world")
    assert (first / "etcd.log").read_text() == "first"
    assert list(second.iterdir()) == []
    assert (tmp_path / "world").resolve() == second.resolve()


def test_rigs_have_folders_of_their_own(tmp_path: Path) -> None:
    world, cluster = (run_logs.folder(tmp_path, rig) for rig in ("world", "cluster"))
    assert (tmp_path / "world").resolve() == world.resolve()
    assert (tmp_path / "cluster").resolve() == cluster.resolve()


def test_old_runs_go(tmp_path: Path) -> None:
    runs = [run_logs.folder(tmp_path, "world") for _ in range(run_logs.RUNS_KEPT + 3)]
    assert [run.exists() for run in runs] == [False] * 3 + [True] * run_logs.RUNS_KEPT
