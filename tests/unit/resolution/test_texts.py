"""Texts of policies that stand in ConfigMaps and at URLs."""

from __future__ import annotations

import hashlib

import pytest

from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import PolicyError
from gatekeeper.policy.model import ConfigMapReference, RemotePolicy
from gatekeeper.resolution.texts import ConfigMapsAndUrls, config_maps

TEXT = "package sigstore\n"
CONTENT = TEXT.encode()
URL = "https://example.org/policy.rego"


def config_map(name="rules", namespace=None, data=None, **more):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return Document("maps.yaml", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data, **more})


def texts(*documents, content=CONTENT):
    return ConfigMapsAndUrls(config_maps(documents), lambda _: content)


def remote(content):
    return RemotePolicy(url=URL, sha256sum=hashlib.sha256(content).hexdigest())


def refusal(action):
    with pytest.raises(PolicyError) as caught:
        action()
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize("namespace", [None, "cosign-system"])
def test_config_map_is_looked_for_in_the_namespace_of_policy_controller(namespace):
    given = texts(config_map(namespace=namespace, data={"age.rego": TEXT}))
    assert given.config_map(ConfigMapReference(name="rules", key="age.rego")) == TEXT
    assert given.config_map(ConfigMapReference(name="rules", namespace="cosign-system", key="age.rego")) == TEXT


def test_config_map_of_another_namespace_is_another_one():
    given = texts(config_map(namespace="shop", data={"age.rego": TEXT}))
    assert given.config_map(ConfigMapReference(name="rules", namespace="shop", key="age.rego")) == TEXT
    said = refusal(lambda: given.config_map(ConfigMapReference(name="rules", key="age.rego")))
    assert "spec.policy.configMapRef: the ConfigMap cosign-system/rules was not given" in said
    assert "--config-map" in said


@pytest.mark.parametrize(("data", "there"), [(None, "none"), ({"b": "", "a": ""}, "a, b")])
def test_key_that_is_not_there_is_told_with_those_that_are(data, there):
    given = texts(config_map(data=data))
    said = refusal(lambda: given.config_map(ConfigMapReference(name="rules", key="age.rego")))
    assert "cosign-system/rules has no key age.rego" in said
    assert f"it has {there}" in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"kind": "Secret", "metadata": {"name": "x"}}, "maps.yaml: kind: expected a ConfigMap, got Secret"),
        ({}, "maps.yaml: kind: expected a ConfigMap, got nothing"),
        ({"kind": "ConfigMap"}, "metadata.name: expected a name"),
        ({"kind": "ConfigMap", "metadata": "x"}, "metadata.name: expected a name"),
        ({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": ["a"]}, "data: expected texts by their keys"),
        ({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": 1}}, "data: expected texts by their keys"),
    ],
)
def test_what_is_no_config_map_is_refused_with_its_place(value, said):
    assert said in refusal(lambda: config_maps([Document("maps.yaml", value)]))


def test_every_problem_of_every_object_is_told_at_once():
    said = refusal(lambda: config_maps([Document("a.yaml", {}), config_map(), Document("b.yaml", {"kind": "Pod"})]))
    assert len(said.splitlines()) == 2


def test_second_config_map_of_one_name_is_refused():
    said = refusal(lambda: texts(config_map(data={"a": "1"}), config_map(namespace="cosign-system", data={"a": "2"})))
    assert "metadata.name: a second ConfigMap cosign-system/rules" in said


def test_text_at_a_url_is_taken_where_its_sum_is_right():
    assert texts().remote(remote(TEXT.encode())) == TEXT
    reference = remote(TEXT.encode())
    assert texts().remote(RemotePolicy(url=URL, sha256sum=reference.sha256sum.upper())) == TEXT


def test_changed_text_is_refused_with_both_sums():
    said = refusal(lambda: texts(content=b"package sigstore # changed\n").remote(remote(TEXT.encode())))
    assert hashlib.sha256(b"package sigstore # changed\n").hexdigest() in said
    assert f"expected {hashlib.sha256(TEXT.encode()).hexdigest()}" in said
    assert "spec.policy.remote" in said


def test_text_that_is_no_utf_8_is_refused():
    content = b"package sigstore\n# \xff\n"
    assert f"the text at {URL} is no UTF-8" in refusal(lambda: texts(content=content).remote(remote(content)))
