"""Keys of services in policies: read once, and what cannot be had leaves everything else as it is."""

from __future__ import annotations

import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.policy import policy_of
from gatekeeper.policy.kms_reference import VaultKey
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey
from gatekeeper.resolution.kms.single_looks import LOOKS_SECONDS, SingleLooks
from gatekeeper.resolution.kms_keys import KeyWarningReason, resolve
from gatekeeper.translation.translate import translate
from tests.simulators.clock import FakeClock
from tests.simulators.key_services import KeyServiceStub, pem, public_key

A, B = VaultKey("a"), VaultKey("b")
PEM = pem(public_key())


def policy(*keys: dict[str, str]):
    spec = {"images": [{"glob": "**"}], "authorities": [{"name": f"n{i}", "key": key} for i, key in enumerate(keys)]}
    head = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": {"name": "p"}}
    return policy_of({**head, "spec": spec})


def authorities(found):
    (translation,) = translate([found.policy])
    return translation.constraints[0]["spec"]["parameters"]["authorities"]


def test_key_of_a_service_is_as_one_that_is_written_there():
    by_service = resolve(policy({"kms": "hashivault://a"}), KeyServiceStub({A: ServiceKey(PEM)}))
    written = resolve(policy({"data": PEM}), KeyServiceStub())
    assert by_service.policy.spec == written.policy.spec
    assert by_service.warnings == ()


def test_key_that_cannot_be_had_is_that_authoritys_own_matter():
    found = resolve(policy({"kms": "hashivault://a"}, {"kms": "hashivault://b"}), KeyServiceStub({B: ServiceKey(PEM)}))
    first, second = authorities(found)
    assert first == {
        "name": "n0",
        "absent": {"message": "the key hashivault://a cannot be had: Vault: vault.test cannot be reached"},
    }
    assert second["verify"]["key"]["data"] == PEM
    (warning,) = found.warnings
    assert warning.reason is KeyWarningReason.UNAVAILABLE
    assert warning.problem.path == "spec.authorities[0].key.kms"
    assert warning.problem.message.endswith("until it can be read, this authority vouches for no image")


def test_answer_that_is_no_key_is_an_error_by_its_path():
    bad = KeyServiceError("Vault answered with no PEM text", refuses=True)
    with pytest.raises(PolicyError) as caught:
        resolve(policy({"data": PEM}, {"kms": "hashivault://a"}), KeyServiceStub({A: bad}))
    (problem,) = caught.value.problems
    assert (problem.path, problem.message) == ("spec.authorities[1].key.kms", "Vault answered with no PEM text")


@pytest.mark.parametrize(("chosen", "warned"), [("", True), ("sha256", True), ("sha384", False), ("sha512", False)])
def test_key_whose_service_signs_with_another_hash_is_warned_of(chosen, warned):
    key = {"kms": "hashivault://a", **({"hashAlgorithm": chosen} if chosen else {})}
    found = resolve(policy(key), KeyServiceStub({A: ServiceKey(PEM, "sha384")}))
    said = [each.problem.message for each in found.warnings]
    assert [each.endswith("write hashAlgorithm: sha384") for each in said] == [True] * warned


def test_command_reads_each_key_once_and_makes_nothing_for_policies_without():
    stub, made = KeyServiceStub({A: ServiceKey(PEM)}), []
    looks = SingleLooks(lambda: made.append(1) or stub, FakeClock())
    resolve(policy({"data": PEM}), looks)
    assert made == []
    for _ in range(3):
        resolve(policy({"kms": "hashivault://a"}, {"kms": "hashivault://b"}), looks)
    assert (made, stub.asked) == ([1], [A, B])


def test_command_asks_no_more_when_keys_took_too_long():
    clock = FakeClock()

    class Slow(KeyServiceStub):
        def public_key(self, reference):
            clock.advance(LOOKS_SECONDS + 1)
            return super().public_key(reference)

    stub = Slow()
    found = resolve(policy({"kms": "hashivault://a"}, {"kms": "hashivault://b"}), SingleLooks(lambda: stub, clock))
    assert stub.asked == [A]
    assert "other keys took more than" in found.warnings[1].problem.message
