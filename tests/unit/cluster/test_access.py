"""A kubeconfig that we cannot use in full is refused with a sentence that says what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.cluster import access
from gatekeeper.cluster.errors import NoClusterError


def kubeconfig(folder: Path, name: str = "config", user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    file = folder / name
    document = {
        "current-context": "home",
        "contexts": [{"name": "home", "context": {"cluster": "east", "user": "me"}}],
        "clusters": [
            {"name": "west", "cluster": {"server": "https://west.example.com", "proxy-url": "http://west"}},
            {"name": "east", "cluster": {"server": "https://east.example.com", **cluster}},
        ],
        "users": [{"name": "me", "user": user or {"token": "t0ps3cret"}}],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def test_kubeconfig_of_one_file_is_used_whatever_its_other_clusters_have(tmp_path):
    assert access.find(kubeconfig(tmp_path)).server == "https://east.example.com"


@pytest.mark.parametrize(
    ("user", "cluster", "said"),
    [
        (
            {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "login"}},
            {},
            "user me: exec.apiVersion",
        ),
        ({"auth-provider": {"name": "oidc"}}, {}, "user me: auth-provider"),
        (None, {"proxy-url": "http://user:t0ps3cret@proxy"}, "cluster east: proxy-url"),
        (None, {"tls-server-name": "kubernetes"}, "cluster east: tls-server-name"),
    ],
)
def test_what_would_be_left_out_or_fail_later_is_refused_by_name(tmp_path, user, cluster, said):
    file = kubeconfig(tmp_path, user=user, **cluster)
    with pytest.raises(NoClusterError) as caught:
        access.find(file)
    assert said in caught.value.message
    assert str(file) in caught.value.message
    assert "t0ps3cret" not in caught.value.message


def test_program_of_a_version_that_can_be_run_is_used(tmp_path):
    program = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "login"}}
    assert access.find(kubeconfig(tmp_path, user=program)).server == "https://east.example.com"


def test_kubeconfig_of_several_files_is_refused_with_what_to_do(tmp_path, monkeypatch):
    one, two = kubeconfig(tmp_path, "one"), kubeconfig(tmp_path, "two")
    monkeypatch.setenv("KUBECONFIG", f"{one}:{two}")
    with pytest.raises(NoClusterError, match="names 2 files, and one is read: `kubectl config view --flatten"):
        access.find()
    monkeypatch.setenv("KUBECONFIG", f":{one}:")
    assert access.find().server == "https://east.example.com"
