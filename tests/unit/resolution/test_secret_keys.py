import base64
from dataclasses import replace

import pytest

from gatekeeper.documents.document import Document
from gatekeeper.policy import PolicyError, policy_of
from gatekeeper.resolution.secret_keys import SecretKeys, secrets
from tests.unit.policy.test_support import KEY


def referring(name="k"):
    return policy_of(
        {
            "apiVersion": "policy.sigstore.dev/v1beta1",
            "kind": "ClusterImagePolicy",
            "metadata": {"name": "p"},
            "spec": {"images": [{"glob": "**"}], "authorities": [{"key": {"secretRef": {"name": name}}}]},
        }
    )


def secret(**fields):
    return Document("s.yaml", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k"}, **fields})


def problems(call):
    with pytest.raises(PolicyError) as error:
        call()
    return "\n".join(map(str, error.value.problems))


def test_key_of_a_secret_is_written_into_the_policy():
    given = secrets([secret(data={"cosign.pub": base64.b64encode(KEY.encode()).decode()})])
    (authority,) = SecretKeys(given).resolve(referring()).spec.authorities
    assert (authority.key.data, authority.key.secret_ref) == (KEY, None)


def test_plain_text_of_a_secret_is_read_too():
    assert secrets([secret(stringData={"cosign.pub": KEY})]) == {"k": {"cosign.pub": KEY.encode()}}


def test_policy_without_secrets_is_left_as_it_is():
    policy = referring()
    assert SecretKeys({}).resolve(policy) is not None
    assert SecretKeys({}).resolve(policy) == policy


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({}, 'secret "k" contains no data'),
        ({"a": b"x", "b": b"y"}, 'secret "k" contains multiple data entries, only one is supported'),
        ({"a": b"\xff\xfe"}, 'secret "k" contains an invalid public key'),
    ],
)
def test_secret_that_holds_no_key_is_refused_in_upstreams_words(entries, said):
    assert said in problems(lambda: SecretKeys({"k": entries}).resolve(referring()))


def test_secret_that_was_not_given_is_named():
    assert "cosign-system/other was not given" in problems(
        lambda: SecretKeys({"k": {"a": KEY.encode()}}).resolve(referring("other"))
    )


def test_private_key_in_a_secret_is_refused_and_not_shown():
    body = "MC4CAQAwBQYDK2VwBCIEIHNlY3JldHNlY3JldHNlY3JldHNlY3JldHNlY3JldDEy"
    private = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    said = problems(lambda: SecretKeys({"k": {"a": private.encode()}}).resolve(referring()))
    assert "spec.authorities[0].key.data" in said
    assert "MC4CAQ" not in said


@pytest.mark.parametrize(
    "document",
    [
        Document("s.yaml", {"kind": "ConfigMap", "metadata": {"name": "k"}}),
        secret(metadata={"name": "k", "namespace": "default"}),
        secret(metadata={}),
        secret(data={"a": "not base64!"}),
        secret(data={"a": 7}),
        secret(data=["a"]),
    ],
)
def test_object_that_is_no_usable_secret_is_refused(document):
    assert problems(lambda: secrets([document]))


def test_two_secrets_of_one_name_are_refused():
    one = secret(stringData={"a": KEY})
    assert "a second Secret k" in problems(lambda: secrets([one, replace(one, file="t.yaml")]))
