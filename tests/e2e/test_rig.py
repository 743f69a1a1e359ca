"""The rig itself, without the product: what it admits, what it refuses, and that it notices what does not compile."""

from __future__ import annotations

import pytest

from tests.e2e.rig import objects, stubs
from tests.e2e.rig.gatekeeper import CLIENT_NAME
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies
from tests.e2e.rig.processes import RigError
from tests.e2e.rig.provider import provider_object
from tests.e2e.rig.stubs import StubProvider
from tests.e2e.rig.world import World

_REGO = """
package rigstub

violation[{"msg": msg}] {
    keys := [container.image | container := input.review.object.spec.containers[_]]
    response := external_data({"provider": "rig-stub", "keys": keys})
    answer := response.responses[_]
    answer[1] == "no"
    msg := sprintf("the stub says no to %v", [answer[0]])
}
"""


def test_without_a_policy_any_image_is_admitted(client: KubernetesClient, namespace: str) -> None:
    answer = client.create(objects.pod(namespace, "registry.invalid/anything"))
    assert answer.status == 201
    assert answer.warnings == ()


def test_a_template_denies_by_the_answer_of_a_provider_that_it_reached_by_mutual_tls(
    world: World, client: KubernetesClient, namespace: str, policies: Policies
) -> None:
    with StubProvider(world.provider_pair, stubs.values(lambda key: "no" if "bad" in key else "yes")) as stub:
        world.apply_provider(provider_object("rig-stub", stub.url, world.authority))
        control = objects.pod(namespace, "registry.invalid/bad")
        denial = policies.enforce([_template(_REGO), _constraint(namespace)], control)
        assert denial.status == 403
        assert "[rigstub] the stub says no to registry.invalid/bad" in denial.message
        assert client.create(objects.pod(namespace, "registry.invalid/good")).status == 201
        assert set(stub.clients) == {CLIENT_NAME}


def test_a_template_that_does_not_compile_is_accepted_and_noticed_by_its_status(
    client: KubernetesClient, policies: Policies
) -> None:
    with pytest.raises(RigError, match="does not compile"):
        policies.install([_template('package rigstub\nviolation[{"msg": msg}] { msg := nowhere }')])


def _template(rego: str) -> Object:
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "rigstub"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "RigStub"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
        },
    }


def _constraint(namespace: str) -> Object:
    kinds = [{"apiGroups": [""], "kinds": ["Pod"]}]
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "RigStub",
        "metadata": {"name": "rigstub"},
        "spec": {"match": {"kinds": kinds, "namespaces": [namespace]}},
    }
