"""What the accounts of the chart may do, by the real API server; and that it is enough for the real programs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.e2e.rig import accounts, processes
from tests.e2e.rig.control import Control, settings
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import command_line
from tests.e2e.rig.world import World
from tests.integration.chart import account_rights
from tests.integration.chart.account_rights import EVERYWHERE, AccountRight
from tests.integration.chart.helm import Helm
from tests.programs import program

_CONTROLLER, _DOCTOR, _PROVIDER = "bestbefore-controller", "bestbefore-doctor", "bestbefore"
_OTHERS = (_DOCTOR, _PROVIDER, "bestbefore-uninstall")
_SECONDS = 60.0
_SPACE = "cosign-system"
_OWNERS = "controller.owners.enabled=true"
_REFERENCES = (
    f"controller.policies.references[0].namespace={_SPACE}",
    "controller.policies.references[0].secrets={key}",
    "controller.policies.references[0].configMaps={rules}",
)
_EVERYTHING = (_OWNERS, *_REFERENCES)
_SECRET = (
    "certificates.mode=secret",
    "certificates.secret.name=own",
    "certificates.caBundle=-----BEGIN CERTIFICATE-----",
)
_MODES = {
    "default": (),
    "certificates of cert-manager": ("certificates.mode=certManager",),
    "own certificates": _SECRET,
    "everything": _EVERYTHING,
    "policies off": ("controller.policies.enabled=false",),
    "shadow": ("controller.policies.shadow=true", "mutation.enabled=false", *_REFERENCES),
    "policies alone": (
        "controller.denials.source=off",
        "controller.coverage.enabled=false",
        "controller.audit.enabled=false",
        "controller.doctor.enabled=false",
    ),
    "no rights": ("controller.rbac.create=false",),
    "no controller": ("controller.enabled=false", *_SECRET),
}
_WORKLOADS = ("pods", "deployments.apps", "jobs.batch")
_CHANGES = ("create", "update", "patch", "delete")
# What none of the accounts may do, whatever is switched on.
_NEVER = [
    *(
        AccountRight("create", f"{each}.authentication.k8s.io", EVERYWHERE)
        for each in ("tokenreviews", "tokenrequests")
    ),
    AccountRight("create", "serviceaccounts/token", NAMESPACE),
    AccountRight("impersonate", "users", EVERYWHERE),
    *(
        AccountRight(verb, kind, where)
        for verb in ("list", "watch", "get", *_CHANGES)
        for kind in ("secrets", "configmaps")
        for where in (NAMESPACE, _SPACE)
        # To create a Secret or a ConfigMap cannot be allowed by name.
        if (verb, where) != ("create", NAMESPACE)
    ),
    *(AccountRight("create", f"pods/{each}", NAMESPACE) for each in ("exec", "attach", "portforward", "eviction")),
    *(AccountRight("get", f"{each}/proxy", NAMESPACE) for each in ("pods", "nodes", "services")),
    AccountRight("get", "pods/log", "default"),
    AccountRight("watch", "pods", NAMESPACE),
    *(AccountRight(verb, kind, "default") for verb in _CHANGES for kind in _WORKLOADS),
    *(
        AccountRight(verb, f"{kind}.{group}", EVERYWHERE)
        for verb in _CHANGES
        for kind, group in (
            ("validatingwebhookconfigurations", "admissionregistration.k8s.io"),
            ("mutatingwebhookconfigurations", "admissionregistration.k8s.io"),
            ("validatingadmissionpolicies", "admissionregistration.k8s.io"),
            ("customresourcedefinitions", "apiextensions.k8s.io"),
            ("clusterimagepolicies", "policy.sigstore.dev"),
            ("clusterimagepolicies/status", "policy.sigstore.dev"),
            ("configs", "config.gatekeeper.sh"),
            ("assign", "mutations.gatekeeper.sh"),
            ("clusterroles", "rbac.authorization.k8s.io"),
            ("rolebindings", "rbac.authorization.k8s.io"),
            ("constrainttemplates/status", "templates.gatekeeper.sh"),
        )
    ),
    *(AccountRight(verb, "namespaces", EVERYWHERE) for verb in _CHANGES),
    # By an annotation of it a person accepts that a policy ends.
    *(AccountRight(verb, "policystatuses.bestbefore.dev", EVERYWHERE) for verb in ("update", "patch")),
    AccountRight("delete", "events.events.k8s.io", "default"),
    AccountRight("update", "leases.coordination.k8s.io", NAMESPACE, "another"),
    AccountRight("update", "leases.coordination.k8s.io", "kube-system", _CONTROLLER),
]


@pytest.fixture(scope="module", autouse=True)
def _space(world: World) -> None:
    """The namespace of keys."""
    world.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _SPACE}})


@pytest.fixture
def granted(world: World, request: pytest.FixtureRequest) -> Iterator[Sequence[Object]]:
    """What the chart renders of accounts and rights, with the values of a mode; taken away afterwards."""
    documents = render(*_MODES[getattr(request, "param", "default")])
    accounts.revoke(world.client)
    accounts.grant(world.client, documents)
    yield documents
    for document in documents:
        world.client.delete(document)


@cache
def render(*values: str) -> list[Object]:
    """The accounts and rights of the chart."""
    documents = Helm(program("helm")).render(values=values, namespace=NAMESPACE).objects
    return [dict(found) for found in documents if found["kind"] in accounts.RIGHTS]


@pytest.mark.parametrize("granted", _MODES, indirect=True)
def test_accounts_may_do_what_their_switches_give_and_nothing_else(world: World, granted: Sequence[Object]) -> None:
    # Those that only a part of the values has, such as Events in one namespace, are among them.
    every = {right for values in _MODES.values() for right in account_rights.of(render(*values), _CONTROLLER)}
    _compare(world, granted, _CONTROLLER, every)


@pytest.mark.parametrize("granted", ["everything"], indirect=True)
@pytest.mark.parametrize("account", _OTHERS)
def test_other_accounts_have_their_own_rights_alone(world: World, granted: Sequence[Object], account: str) -> None:
    every = {right for each in (*_OTHERS, _CONTROLLER) for right in account_rights.of(granted, each)}
    _compare(world, granted, account, every)


def _compare(world: World, granted: Sequence[Object], account: str, rights: set[AccountRight]) -> None:
    """Whether the API server says of each right what the rendered objects say; the last word may take a moment."""
    given = account_rights.of(granted, account)
    wanted = {right: account_rights.allows(given, right) for right in rights | {*_NEVER}}
    assert not any(wanted[right] for right in _NEVER)

    def differs(right: AccountRight) -> bool:
        return accounts.may(world.client, account, NAMESPACE, right) is not wanted[right]

    for right in filter(differs, wanted):
        wait_until(lambda: not differs(right), f"agreement about {account} and {right}", _SECONDS)  # noqa: B023


def test_provider_may_do_nothing(granted: Sequence[Object]) -> None:
    assert account_rights.of(granted, _PROVIDER) == set()


def test_rights_are_enough_for_the_real_controller(world: World, granted: Sequence[Object], tmp_path: Path) -> None:
    kubeconfig = accounts.kubeconfig(world.server, NAMESPACE, _CONTROLLER, tmp_path / "account")
    state = tmp_path / "state"
    control = Control(kubeconfig, settings(NAMESPACE, tmp_path), state, world.logs, "chart-rights")
    control.start()
    try:
        processes.wait_until(lambda: control.total("leader") == 1, "a controller that counts", _SECONDS)
        sources = {"denial_log", "audit", "policies"}
        processes.wait_until(lambda: sources <= read(control), f"{sources} are read", _SECONDS)
        assert control.total("source_errors_total", reason="forbidden") == 0
    finally:
        control.stop()


def test_rights_of_helm_test_are_enough_for_the_real_doctor(
    world: World, seed_policy: list[Object], granted: Sequence[Object], tmp_path: Path
) -> None:
    kubeconfig = accounts.kubeconfig(world.server, NAMESPACE, _DOCTOR, tmp_path / "account")
    command = [*command_line(), "doctor", f"--kubeconfig={kubeconfig}", f"--gatekeeper-namespace={NAMESPACE}"]
    done = subprocess.run(
        [*command, "--output=json"], capture_output=True, text=True, timeout=3 * _SECONDS, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)
    assert found["versions"].keys() >= {"bestbefore", "Kubernetes", "Gatekeeper"}
    assert "may not" not in done.stdout


def read(control: Control) -> set[str]:
    """The sources that were read."""
    series = control.series("source_last_success_timestamp_seconds")
    return {labels["source"] for labels, value in series if value > 0}
