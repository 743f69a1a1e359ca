"""The process: what is wrong with its surroundings is said at once, all of it."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.controller.process import run
from gatekeeper.controller.settings import load


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """The process takes over the lines of libraries; not for the tests behind this one."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level


def test_surroundings_that_cannot_be_used_are_all_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        flags = {
            "metrics_listen": f"127.0.0.1:{taken.getsockname()[1]}",
            "kubeconfig": str(tmp_path / "none"),
            "state_dir": str(tmp_path / "nowhere"),
            "hash_users": "true",
        }
        assert run(load(flags, {})) == 2
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 3
    assert f"kubeconfig: there is no way to a cluster: Configuration file {tmp_path}/none not found" in err
    assert f"state_dir: {tmp_path}/nowhere is no directory" in err
    assert "metrics_listen: cannot listen on 127.0.0.1:" in err
    (line,) = map(json.loads, out.splitlines())
    assert (line["event"], line["hash_users"], line["logger"]) == ("config.loaded", True, "controller")
