"""`translate --diff` against the state of a cluster: what the API server adds is no difference."""

from __future__ import annotations

from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli.main import cli
from tests import quick_yaml
from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import Policies


def compared(policy: Path, state: str, option: str) -> Result:
    words = ["translate", str(policy), option, "-", "--no-match", "deny"]
    return CliRunner().invoke(cli, words, input=state, prog_name="bestbefore")


def test_state_of_a_cluster_differs_from_another_policy_only(
    client: KubernetesClient, policies: Policies, tmp_path: Path
) -> None:
    text = seed.policy(objects.unique("compared"))
    (tmp_path / "policy.yaml").write_text(text)
    done = CliRunner().invoke(cli, ["translate", str(tmp_path / "policy.yaml"), "--no-match", "deny"])
    documents = list(quick_yaml.load_all(done.stdout))
    policies.install(documents)
    items = [client.get(document).expect_ok() for document in documents]
    state = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})
    same = compared(tmp_path / "policy.yaml", state, "--diff")
    assert (same.exit_code, same.stdout) == (0, "")
    (tmp_path / "policy.yaml").write_text(text.replace("limit = 30 * day", "limit = 31 * day"))
    other = compared(tmp_path / "policy.yaml", state, "--diff")
    assert other.exit_code == 1
    changed = [line[0] + line[1:].strip() for line in other.stdout.splitlines() if line[0] in "+-" and line[1] == " "]
    digests = [line for line in changed if "bestbefore.dev/policy-digest: " in line]
    assert [line for line in changed if line not in digests] == ["-limit = 30 * day", "+limit = 31 * day"]
