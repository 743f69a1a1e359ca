"""A private image is admitted by its Pod's pull secret and by nothing else, with the rights that the chart gives.

Two tenants have one private image each in the same registry, and a pull secret of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import seed
from tests.e2e.rig import accounts, objects
from tests.e2e.rig.audit import Audit
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, translate, until
from tests.e2e.rig.private_registry import PrivateRegistry
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.pull_secrets import grant, policy, pull_secret, readable
from tests.e2e.rig.registry import days_ago
from tests.e2e.rig.world import World
from tests.integration.chart.account_rights import AccountRight

_ANN, _BOB = ("ann", "secret-a"), ("bob", "secret-b")
_SECRET = "regcred"
_RETRY_SECONDS = 30.0


@dataclass(frozen=True)
class Tenant:
    """A namespace with an image that only its pull secret opens."""

    namespace: str
    image: str

    def pod(self, *secrets: str, image: str = "") -> Object:
        """A Pod of the tenant's, with these pull secrets."""
        listed = [{"name": name} for name in secrets]
        return objects.pod(self.namespace, image or self.image, imagePullSecrets=listed)


@pytest.fixture(scope="module")
def door(world: World) -> Iterator[PrivateRegistry]:
    """The registry's, for Ann's image and Bob's."""
    for name in ("tenants/ann", "tenants/bob"):
        world.registry.push(name, days_ago(1), "v1")
    world.registry.push("tenants/ann", days_ago(31), "old")
    opened = PrivateRegistry(world.registry.host, {"tenants/ann": _ANN, "tenants/bob": _BOB})
    yield opened
    opened.stop()


@pytest.fixture(scope="module")
def tenants(world: World, door: PrivateRegistry) -> tuple[Tenant, Tenant]:
    """Ann and Bob."""
    found = []
    for name, user in (("ann", _ANN), ("bob", _BOB)):
        space = world.namespace()
        world.client.create(pull_secret(space, _SECRET, door.host, user)).expect_ok()
        found.append(Tenant(space, f"{door.host}/tenants/{name}:v1"))
    return found[0], found[1]


@pytest.fixture(scope="module", autouse=True)
def in_force(
    world: World, provider: RealProvider, door: PrivateRegistry, tenants: tuple[Tenant, Tenant]
) -> Iterator[list[Object]]:
    """The provider reads the tenants' pull secrets, by the chart's rights, and the policy asks as Pods pull."""
    policies, before = Policies(world.client), (provider.insecure_registries, provider.options)
    with readable(world, [tenant.namespace for tenant in tenants]) as options:
        provider.stop()
        provider.insecure_registries = [*provider.insecure_registries, door.host]
        provider.options = options
        try:
            provider.start()
            documents = translate(policy("as-pods-pull"), world.folder)
            policies.enforce(documents, tenants[0].pod())
            yield documents
        finally:
            policies.remove()
            provider.stop()
            provider.insecure_registries, provider.options = before
    provider.start()


def test_rights_that_are_missing_are_seen_before_a_pod_is_denied_for_it(
    world: World, provider: RealProvider, tenants: tuple[Tenant, Tenant]
) -> None:
    """What the real API server says of the chart's rights, and of none."""

    spaces = [tenant.namespace for tenant in tenants]
    rights = [AccountRight("get", kind, space) for kind in ("secrets", "serviceaccounts") for space in spaces]

    def seen(count: int) -> bool:
        lines = provider.metrics().splitlines()
        return any('setting="pull_secret_namespace"' in line and line.endswith(f" {count}.0") for line in lines)

    def may_any() -> bool:
        return any(accounts.may(world.client, "bestbefore", NAMESPACE, right) for right in rights)

    wait_until(lambda: seen(0), "rights", _RETRY_SECONDS)
    for space in spaces:
        accounts.unbind(world.client, space)
    try:
        # The API server knows of it a moment later, and the provider asks when it starts.
        wait_until(lambda: not may_any(), "rights taken away", _RETRY_SECONDS)
        provider.stop()
        provider.start()
        wait_until(lambda: seen(len(rights)), "missing rights", _RETRY_SECONDS)
    finally:
        grant(world, spaces)
    wait_until(lambda: seen(0), "rights again", _RETRY_SECONDS)


def test_private_image_is_admitted_by_its_pod_s_pull_secret(
    client: KubernetesClient, tenants: tuple[Tenant, Tenant]
) -> None:
    for tenant in tenants:
        answer = client.create(tenant.pod(_SECRET), dry_run=True)
        assert answer.status == 201, answer.message


def test_old_image_is_denied_for_its_age_and_not_for_want_of_credentials(
    client: KubernetesClient, tenants: tuple[Tenant, Tenant]
) -> None:
    ann, _ = tenants
    answer = client.create(ann.pod(_SECRET, image=ann.image.replace(":v1", ":old")), dry_run=True)
    assert answer.status == 403
    assert seed.SENTENCE in answer.message


def test_private_image_is_denied_without_a_pull_secret(
    client: KubernetesClient, tenants: tuple[Tenant, Tenant]
) -> None:
    ann, _ = tenants
    answer = client.create(ann.pod(), dry_run=True)
    assert answer.status == 403
    assert "Unauthorized" in answer.message


def test_other_tenant_s_pod_is_not_admitted_by_a_secret_of_the_same_name(
    client: KubernetesClient, tenants: tuple[Tenant, Tenant]
) -> None:
    ann, bob = tenants
    assert client.create(ann.pod(_SECRET), dry_run=True).status == 201
    answer = client.create(bob.pod(_SECRET, image=ann.image), dry_run=True)
    assert answer.status == 403
    assert "Unauthorized" in answer.message
    assert f"pull secret {bob.namespace}/{_SECRET}" in answer.message


def test_pull_secret_that_is_missing_is_named_and_nothing_of_another_stands_in_the_denial(
    client: KubernetesClient, tenants: tuple[Tenant, Tenant]
) -> None:
    ann, _ = tenants
    answer = client.create(ann.pod("nowhere"), dry_run=True)
    assert answer.status == 403
    assert f"pull secret {ann.namespace}/nowhere does not exist" in answer.message
    assert client.create(ann.pod("nowhere", _SECRET), dry_run=True).status == 201


def test_namespace_whose_secrets_may_not_be_read_is_named(
    world: World, client: KubernetesClient, door: PrivateRegistry, tenants: tuple[Tenant, Tenant]
) -> None:
    """The setting names it, and somebody took the rights away."""
    ann, bob = tenants
    right = AccountRight("get", "secrets", bob.namespace)
    accounts.revoke(world.client)
    try:
        # The API server knows of it a moment later.
        wait_until(
            lambda: not accounts.may(world.client, "bestbefore", NAMESPACE, right), "end of the right", _RETRY_SECONDS
        )
        fresh = Tenant(bob.namespace, f"{door.host}/tenants/bob:v1")
        world.client.create(pull_secret(bob.namespace, "unseen", door.host, _BOB)).expect_ok()
        answer = client.create(fresh.pod("unseen"), dry_run=True)
        assert answer.status == 403
        assert f"pull secret {bob.namespace}/unseen may not be read" in answer.message
    finally:
        grant(world, [ann.namespace, bob.namespace])
    pod = fresh.pod("unseen")
    until(lambda: client.create(pod, dry_run=True), lambda found: found.status == 201, "admission", _RETRY_SECONDS)


def test_workload_is_admitted_by_the_pull_secrets_of_its_service_account(
    client: KubernetesClient, tenants: tuple[Tenant, Tenant]
) -> None:
    ann, _ = tenants
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": ann.namespace}}
    client.create({**account, "imagePullSecrets": [{"name": _SECRET}]}).expect_ok()
    workload = objects.workload("Deployment", ann.namespace, ann.image)
    assert client.create(workload, dry_run=True).status == 403
    workload["spec"]["template"]["spec"]["serviceAccountName"] = "web"
    answer = client.create(workload, dry_run=True)
    assert answer.status == 201, answer.message


def test_secret_that_is_corrected_admits_soon(
    world: World, client: KubernetesClient, door: PrivateRegistry, tenants: tuple[Tenant, Tenant]
) -> None:
    ann, _ = tenants
    wrong = pull_secret(ann.namespace, "corrected", door.host, ("ann", "wrong"))
    client.create(wrong).expect_ok()
    pod = ann.pod("corrected")
    answer = client.create(pod, dry_run=True)
    assert answer.status == 403
    assert "wrong" not in answer.message
    right = pull_secret(ann.namespace, "corrected", door.host, _ANN)
    client.patch(wrong, {"data": right["data"]}).expect_ok()
    until(lambda: client.create(pod, dry_run=True), lambda found: found.status == 201, "admission", _RETRY_SECONDS)


def test_audit_asks_with_the_pod_s_pull_secret(
    world: World, client: KubernetesClient, tenants: tuple[Tenant, Tenant], in_force: list[Object]
) -> None:
    ann, _ = tenants
    old = ann.pod(_SECRET, image=ann.image.replace(":v1", ":old"))
    world.label(ann.namespace, {"policy.sigstore.dev/include": None})
    try:
        # Gatekeeper sees it a moment later.
        until(lambda: client.create(old, dry_run=True), lambda answer: answer.ok, "admission", _RETRY_SECONDS)
        client.create(old).expect_ok()
    finally:
        world.label(ann.namespace, objects.INCLUDE)
    assert seed.OWN_SENTENCE in Audit(client, in_force).violation(old)["message"]


def test_no_secret_stands_in_the_provider_s_log(world: World, tenants: tuple[Tenant, Tenant]) -> None:
    assert tenants
    text = (Path(world.logs) / "provider.log").read_text("utf-8", errors="replace")
    assert not [word for word in ("secret-a", "secret-b") if word in text]
