"""Addresses of Pods on the rig's node."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import node as nodes
from tests.e2e.rig.node import Node

_POD = {
    "metadata": {"namespace": "gatekeeper-system", "name": "manager"},
    "spec": {"containers": [{"name": "manager"}]},
}


class CreatedPod:
    """What a client says of a Pod that it has created."""

    def create(self, pod: Any) -> CreatedPod:
        self.pod = pod
        return self

    def expect_ok(self) -> Any:
        return self.pod


@pytest.fixture
def node(tmp_path: Path) -> Node:
    client: Any = CreatedPod()
    pair: Any = None
    return Node(client, pair, tmp_path, tmp_path, name="node", port=1)


def _failing(number: int) -> Any:
    def forwarding(port: int, target: int) -> None:
        raise OSError(number, "no")

    return forwarding


def test_without_a_network_of_our_own_a_pod_has_no_port(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "Forwarding", _failing(errno.EADDRNOTAVAIL))
    assert node.pod(_POD, 8888, 1).forwarding is None


def test_pod_for_which_no_address_is_left_never_has_another_ones(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "Forwarding", _failing(errno.EADDRINUSE))
    with pytest.raises(OSError, match="no"):
        node.pod(_POD, 8888, 1)
