"""How commands reach registries: what their options and the environment say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run

IMAGE = "reg.invalid/app:1"


def test_proxy_that_is_none_is_refused_without_being_shown(run: Run) -> None:
    done = run("facts", "--proxy", "ftp://me:hunter2@proxy.lab", IMAGE)
    assert done.exit_code == 2
    assert "must be http://" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_proxy_of_the_environment_that_is_none_is_refused_alike(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://me:hunter2@proxy.lab")
    done = run("facts", IMAGE)
    assert done.exit_code != 0
    assert "HTTPS_PROXY: must be http://" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_folder_of_hosts_with_a_file_that_cannot_be_used_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "reg.invalid" / "hosts.toml"
    file.parent.mkdir()
    file.write_text("server = ")
    done = run("facts", "--hosts-dir", tmp_path, IMAGE)
    assert done.exit_code != 0
    assert f"hosts_dir {file.parent}: hosts.toml: it is no TOML" in done.stderr
