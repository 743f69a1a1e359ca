"""Many policies translated at once by the real opa: what is wrong with one is said of that one alone."""

from __future__ import annotations

import pytest

from gatekeeper.evaluation import opa
from gatekeeper.policy import policy_of
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.translation import names
from gatekeeper.translation.translate import Translation, translate, translate_each

pytestmark = pytest.mark.integration

GOOD = "package sigstore\nisCompliant { input.config[_].created }\n"


def policy(name: str, rule: str) -> ClusterImagePolicy:
    spec = {
        "images": [{"glob": "**"}],
        "authorities": [{"static": {"action": "pass"}}],
        "policy": {"type": "rego", "fetchConfigFile": True, "data": rule},
    }
    kind = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "ClusterImagePolicy"}
    return policy_of({**kind, "metadata": {"name": name}, "spec": spec})


@pytest.fixture(scope="module")
def engine() -> opa.Opa:
    return opa.find()


BAD = {
    "unparsable": "package sigstore\nisCompliant { ( }\n",
    "undefined": "package sigstore\nisCompliant { undefined_function(1) }\n",
    "unsafe": "package sigstore\nisCompliant { x > 1 }\n",
    "strict": "package sigstore\nimport rego.v1\nisCompliant { true }\n",
    "recursive": "package sigstore\nisCompliant { helper }\nhelper { isCompliant }\n",
    "conflicting": "package sigstore\nisCompliant = 1\nisCompliant(x) { x }\n",
    "foreign": "package sigstore\nisCompliant { http.send({}) }\n",
}


def test_each_bad_rule_is_refused_and_every_good_one_translated(engine):
    policies = [policy(f"{kind}-bad", rule) for kind, rule in BAD.items()]
    policies += [policy(f"good-{number}", GOOD.replace("created", f"x{number}")) for number in range(5)]
    found = translate_each(policies, engine, engine)
    assert {name for name, each in found.items() if isinstance(each, Translation)} == {f"good-{n}" for n in range(5)}
    for kind in BAD:
        problems = found[f"{kind}-bad"]
        assert problems
        assert all(each.path == "spec.policy.data" for each in problems), problems


def test_each_is_translated_as_it_would_be_alone(engine):
    policies = [policy(f"good-{number}", GOOD.replace("created", f"x{number}")) for number in range(5)]
    together = translate_each(policies, engine, engine)
    for each in policies:
        assert together[each.name] == translate([each], engine, None, engine)[0]


def test_of_two_policies_with_one_constraint_the_first_has_it():
    static = {"images": [{"glob": "**"}], "authorities": [{"static": {"action": "pass"}}]}
    kind = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "ClusterImagePolicy"}
    long = "a" * 100
    taken = names.constraint_name(long)
    policies = [policy_of({**kind, "metadata": {"name": name}, "spec": static}) for name in (taken, long)]
    found = translate_each(policies)
    assert isinstance(found[taken], Translation)
    (problem,) = found[long]
    assert problem.path == "metadata.name"
    assert f"would become one Constraint {taken}" in problem.message
