"""The story with the chart: its definitions, its settings and its account; apply a policy, and it is in force.

There are no nodes, so the chart's Pods do not run: the rig runs the same commands with the same settings, as the
account that the chart makes, with the rights that it gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e import seed
from tests.e2e.rig import accounts, control, definitions, objects
from tests.e2e.rig.control import ACCOUNT, Control
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World
from tests.integration.chart import account_rights
from tests.programs import ROOT

_SECONDS = 40.0
_POLICY = ROOT / "policies" / "maximum-image-age" / "cip.yaml"
_NAME = seed.NAME
_SPACE = "cosign-system"
_REFERENCES = (
    f"controller.policies.references[0].namespace={_SPACE}",
    "controller.policies.references[0].configMaps={rules}",
)


@pytest.fixture(autouse=True)
def _defined(world: World) -> Iterator[None]:
    """The chart's definitions; with them goes what is left of their kinds."""
    with definitions.of_chart(world):
        yield


@contextmanager
def _running(world: World, folder: Path, rights: Sequence[Object], *values: str) -> Iterator[Control]:
    """A controller with the chart's settings, which has these rights."""
    accounts.revoke(world.client)
    accounts.grant(world.client, rights)
    given, all_rights = (account_rights.of(each, ACCOUNT) for each in (rights, control.rights(NAMESPACE, *values)))
    missing = [each for each in all_rights if not account_rights.allows(given, each)]

    def has_more() -> bool:
        return any(accounts.may(world.client, ACCOUNT, NAMESPACE, each) for each in missing)

    try:
        # The API server learns a moment later that those of the test before are gone.
        wait_until(lambda: not has_more(), "end of other rights", _SECONDS)
        account = accounts.kubeconfig(world.server, NAMESPACE, ACCOUNT, folder / "account")
        config = control.settings(NAMESPACE, folder, *values)
        running = Control(account, config, folder / "state", world.logs, objects.unique("chart-policies"))
        with running.running():
            yield running
    finally:
        for each in rights:
            world.client.delete(each)


@pytest.fixture
def installed(world: World, provider: RealProvider, tmp_path: Path) -> Iterator[Control]:
    """The chart as its page says, with a ConfigMap that policies may name."""
    world.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _SPACE}})
    control.forget(world.client, NAMESPACE)
    with _running(world, tmp_path, control.rights(NAMESPACE, *_REFERENCES), *_REFERENCES) as running:
        yield running


def test_policy_that_is_applied_is_in_force_follows_its_edits_and_ends_with_its_object(
    world: World, installed: Control, namespace: str, old: PushedImage, fresh: PushedImage, tmp_path: Path
) -> None:
    assert world.client.create(objects.pod(namespace, old.reference), dry_run=True).ok
    world.kubectl("apply", f"--filename={_POLICY}")
    world.kubectl("wait", "--for=create", f"policystatus/{_NAME}", f"--timeout={4 * _SECONDS:.0f}s")
    world.kubectl("wait", "--for=condition=Ready", f"policystatus/{_NAME}", f"--timeout={4 * _SECONDS:.0f}s")
    denied = world.client.create(objects.pod(namespace, old.reference), dry_run=True)
    assert denied.status == 403
    assert seed.OWN_SENTENCE in denied.message
    assert world.client.create(objects.pod(namespace, fresh.reference), dry_run=True).ok
    pods = _status(world)["pods"]
    assert pods["enforced"] == pods["total"] > 0
    assert installed.total("policy_in_force", policy=_NAME) == 1

    broken = tmp_path / "broken.yaml"
    broken.write_text(_POLICY.read_text("utf-8").replace("time.now_ns()", "time.no_such_clock()"), "utf-8")
    world.kubectl("apply", f"--filename={broken}")
    world.kubectl("wait", "--for=condition=Degraded", f"policystatus/{_NAME}", f"--timeout={4 * _SECONDS:.0f}s")
    said = _conditions(world)
    assert said["Ready"]["status"] == "False"
    assert said["Ready"]["reason"] == "RuleInvalid"
    assert "no_such_clock" in said["Ready"]["message"]
    assert said["Enforced"]["status"] == "True"
    denied = world.client.create(objects.pod(namespace, old.reference), dry_run=True)
    assert seed.OWN_SENTENCE in denied.message

    world.kubectl("delete", f"--filename={_POLICY}")
    pod = objects.pod(namespace, old.reference)
    wait_until(lambda: world.client.create(pod, dry_run=True).ok, "admitted image", _SECONDS)
    wait_until(lambda: _gone(world), "end of the status", _SECONDS)
    assert _failures(installed) == []


def test_rule_in_a_config_map_is_read_where_the_values_name_it_and_nowhere_else(
    world: World, installed: Control, namespace: str, old: PushedImage
) -> None:
    policy = yaml.safe_load(_POLICY.read_text("utf-8"))
    rule = policy["spec"]["policy"].pop("data")
    for name in ("rules", "others"):
        metadata = {"name": name, "namespace": _SPACE}
        world.client.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"rego": rule}})
        policy["spec"]["policy"]["configMapRef"] = {"name": name, "key": "rego"}
        world.client.apply({**policy, "metadata": {"name": name}})
    seconds, program = _SECONDS, installed.program
    wait_until(lambda: _state(world, "rules") == "enforced", "a rule in force", seconds, program)
    wait_until(lambda: _state(world, "others") == "rejected", "a rule that nobody may read", seconds, program)
    message = _conditions(world, "others")["Ready"]["message"]
    assert f"get configmaps in {_SPACE} others" in message
    assert 'cannot get resource "configmaps"' in message
    assert world.client.create(objects.pod(namespace, old.reference), dry_run=True).status == 403
    # One after the other: what vanishes together is held.
    world.client.delete({**policy, "metadata": {"name": "rules"}}).expect_ok()
    wait_until(lambda: _left(world) == [], "end of the policy", _SECONDS)
    world.client.delete({**policy, "metadata": {"name": "others"}}).expect_ok()


@pytest.mark.parametrize(
    ("resource", "verb"),
    [
        ("constrainttemplates", "create"),
        ("constrainttemplates", "watch"),
        ("*", "patch"),
        ("clusterimagepolicies", "list"),
    ],
)
def test_right_that_is_missing_is_named(
    world: World, provider: RealProvider, tmp_path: Path, resource: str, verb: str
) -> None:
    control.forget(world.client, NAMESPACE)
    with _running(world, tmp_path, _without(control.rights(NAMESPACE), resource, verb)) as running:
        world.kubectl("apply", f"--filename={_POLICY}")
        what = f'cannot {verb} resource "{resource.replace("*", "")}'
        wait_until(lambda: any(what in each for each in _failures(running)), "name of the right", _SECONDS)
        assert running.total("source_errors_total", source="policies", reason="forbidden") > 0
        if verb in {"create", "patch"}:
            wait_until(lambda: what in _conditions(world)["Ready"]["message"], "the same in the status", _SECONDS)
            assert _conditions(world)["Ready"]["reason"] == "AccessDenied"
        world.kubectl("delete", f"--filename={_POLICY}")
        # What could be written of it is taken away by those who may.
        accounts.grant(world.client, control.rights(NAMESPACE))
        wait_until(lambda: _left(world) == [], "end of the policy", _SECONDS)


def _without(rights: Sequence[Object], resource: str, verb: str) -> list[Object]:
    def less(rule: dict[str, Any]) -> dict[str, Any]:
        if resource not in rule["resources"]:
            return rule
        return {**rule, "verbs": [each for each in rule["verbs"] if each != verb]}

    # A rule without verbs is none.
    return [
        {**each, "rules": [rule for rule in map(less, each["rules"]) if rule["verbs"]]} if "rules" in each else each
        for each in rights
    ]


def _left(world: World) -> list[str]:
    path = "/apis/templates.gatekeeper.sh/v1/constrainttemplates"
    selector = {"labelSelector": "app.kubernetes.io/managed-by=bestbefore"}
    found = world.client.request("GET", path, query=selector).expect_ok()["items"]
    return [each["metadata"]["name"] for each in found]


def _failures(running: Control) -> list[str]:
    """What the log says that could not be read or written of policies."""
    sources = {"policies", "policy_statuses"}
    return [each["problem"] for each in running.events("source.failed") if each["source"] in sources]


def _object(name: str) -> Object:
    return {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "PolicyStatus", "metadata": {"name": name}}


def _status(world: World, name: str = _NAME) -> Object:
    found = world.client.get(_object(name))
    status: Object = found.body.get("status", {}) if found.ok else {}
    return status


def _state(world: World, name: str) -> str:
    return str(_status(world, name).get("state", ""))


def _conditions(world: World, name: str = _NAME) -> dict[str, dict[str, Any]]:
    found = {each["type"]: each for each in _status(world, name).get("conditions", [])}
    return {"Ready": {"message": "", "reason": ""}, **found}


def _gone(world: World, name: str = _NAME) -> bool:
    return world.client.get(_object(name)).status == 404
