"""Mirrors of a `hosts.toml`, real programs among them."""

import json
import os
import subprocess
import sys

import pytest

from provider.registry.reference import parse
from tests.integration.registry.conftest import copy

# Nobody has this name (RFC 6761, section 6.4).
IMAGE = parse("registry.invalid/team/app:v1")


@pytest.fixture
def hosts_dir(tmp_path):
    """Writes the `hosts.toml` of a registry; gives the folder of all."""

    def write(text, registry="registry.invalid"):
        path = tmp_path / "certs.d" / registry / "hosts.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path / "certs.d"

    return write


def test_registry_that_is_away_is_read_from_a_real_mirror(run, registry, real_registry, make_client, hosts_dir, call):
    pushed = registry.push_image("team/app", "v1")
    copy(registry, real_registry)
    client = make_client(hosts_dir=hosts_dir(f'[host."http://{real_registry}"]\n'))
    found = run(client.manifest(IMAGE, call))
    assert (found.digest, found.host) == (pushed.digest, real_registry)


def test_facts_come_from_the_mirror(registry, real_registry, hosts_dir, tmp_path):
    pushed = registry.push_image("team/app", "v1")
    copy(registry, real_registry)
    folder = hosts_dir(f'[host."http://{real_registry}"]\n')
    command = [sys.executable, "-m", "gatekeeper.cli", "facts", "--hosts-dir", folder, "--output", "json", IMAGE.text]
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert pushed.digest in json.dumps(json.loads(done.stdout))
