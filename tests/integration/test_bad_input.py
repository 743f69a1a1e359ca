"""Policies and objects that are not what they should be, before the real OPA: a sentence, an exit code, in time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli.main import cli
from gatekeeper.evaluation import opa
from provider import limits
from tests.engine import engine

pytestmark = pytest.mark.integration

IMAGE = "registry.test/app:1"
# Every level multiplies: not finished before the sun goes out.
ENDLESS = """\
package sigstore

many := numbers.range(1, 100000)

isCompliant {
  count({[a, b, c] | a := many[_]; b := many[_]; c := many[_]; a * b == c + 1000000}) > 0
}
"""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real OPA with little patience."""
    impatient = replace(engine(), seconds=2.0)
    monkeypatch.setattr(opa, "find", lambda *_: impatient)


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    file = tmp_path / "facts.json"
    fact = {"digest": "sha256:0", "created": None, "createdNs": None, "config": {"linux/amd64": {}}}
    file.write_text(json.dumps({"version": 1, "images": {IMAGE: fact}}))
    return file


def policy(folder: Path, rego: str) -> Path:
    file = folder / "policy.yaml"
    rule = {"type": "rego", "fetchConfigFile": True, "data": rego}
    spec = {"images": [{"glob": "**"}], "authorities": [{"static": {"action": "pass"}}], "policy": rule}
    value = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": {"name": "p"}}
    file.write_text(yaml.safe_dump({**value, "spec": spec}))
    return file


def check(policy: Path, facts: Path, *words: object) -> Result:
    arguments = ["check", "--policy", policy, "--facts", facts, *words]
    return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="bestbefore")


@pytest.mark.usefixtures("quick")
def test_rule_that_never_ends_is_no_verdict_and_is_told_within_the_limit(tmp_path: Path, facts: Path) -> None:
    done = check(policy(tmp_path, ENDLESS), facts, "--image", IMAGE, "--output", "json")
    assert done.exit_code == 3
    assert "no verdict: the policy's rule did not finish within 2 s" in done.stderr
    found = json.loads(done.stdout)
    assert (found["allowed"], found["reason"]) == (False, "Timeout")


def test_rule_of_the_largest_size_that_is_taken_is_evaluated(tmp_path: Path, facts: Path) -> None:
    engine()
    text = "package sigstore\nisCompliant = true\n"
    large = text + "#" * (limits.POLICY_BYTES - len(text))
    assert check(policy(tmp_path, large), facts, "--image", IMAGE).exit_code == 0


# Objects of a shape that no API server would let through; each holds our image where it can.
ODD: list[Any] = [
    {"spec": 1},
    {"spec": []},
    {"spec": {"containers": {"a": 1}}},
    {"spec": {"containers": [1, None, [], "x"]}},
    {"spec": {"containers": [{"image": 1}]}},
    {"spec": {"containers": [{"image": ["a"]}], "volumes": "x"}},
    {"spec": {"containers": [{}], "volumes": [{"image": "x"}]}},
    {"spec": {"template": []}, "kind": "Deployment"},
    {"spec": {"jobTemplate": {"spec": 1}}, "kind": "CronJob"},
    {"metadata": {"namespace": 1, "name": []}, "spec": {"containers": [{"image": ""}]}},
    {"metadata": {"labels": "x"}, "spec": {"containers": [{"image": ""}]}},
    {"metadata": {"labels": {"a": 1}}, "spec": {"initContainers": [{"image": "NOT OK"}]}},
]


@pytest.mark.parametrize("value", ODD, ids=json.dumps)
def test_odd_object_is_no_traceback_and_its_images_are_not_admitted_unseen(
    tmp_path: Path, facts: Path, value: dict[str, Any]
) -> None:
    engine()
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **value}))
    done = check(policy(tmp_path, "package sigstore\nisCompliant = true\n"), facts, "--resource", odd)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    # Without an image nothing was judged, which is no yes.
    assert done.exit_code in {1, 2}, done.output
