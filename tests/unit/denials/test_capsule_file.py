"""The file of a capsule: read as it was written, and refused in every other state."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.denials import limits
from gatekeeper.denials.capsules import capsule_file
from gatekeeper.denials.capsules.capsule import Capsule, CapsulePolicy, Lack, Part, digest_of
from gatekeeper.denials.capsules.capsule_file import CapsuleError
from gatekeeper.denials.lines.violation import ConstraintName
from gatekeeper.evaluation.program import Template

_KEY = '{"image":"registry.test/old:1","v":1}'
_POLICY = CapsulePolicy(
    ConstraintName("MaximumImageAge", "age"),
    Template("MaximumImageAge", "package maximumimageage\n", ("package lib.bestbefore.x\n",)),
    {"maxAge": "30d"},
)
CAPSULE = Capsule(
    sentence="Image is 45 days old.",
    constraint=_POLICY.constraint,
    image="registry.test/old:1",
    path="spec.containers[0].image",
    ref="9fa3b115b4d0",
    clock=1_771_200_000_000_000_000,
    opa="1.17.1",
    review={"operation": "CREATE", "object": {"kind": "Pod"}},
    holds=(("spec", "os"), ("metadata", "labels")),
    answers={_KEY: {"value": {"digest": "sha256:00", "platforms": {"linux/amd64": {"created": None}}}}},
    policy=_POLICY,
    lacks=(Lack(Part.OBJECT, "the object is not known"),),
    left_out=("config.Env",),
)


def _bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def _signed(**changes: Any) -> bytes:
    """A capsule with other fields, and the digest that fits."""
    document = {**capsule_file.write(CAPSULE), **changes}
    document.pop("digest", None)
    return _bytes({**document, "digest": digest_of(document)})


def _refusal(content: bytes) -> str:
    with pytest.raises(CapsuleError) as caught:
        capsule_file.read(content)
    return str(caught.value)


def test_capsule_is_read_as_it_was_written() -> None:
    assert capsule_file.read(_bytes(capsule_file.write(CAPSULE))) == CAPSULE


def test_order_and_space_of_the_file_do_not_matter() -> None:
    document = dict(reversed(capsule_file.write(CAPSULE).items()))
    assert capsule_file.read(json.dumps(document, indent=7).encode()) == CAPSULE


def test_capsule_without_a_policy_is_read() -> None:
    assert capsule_file.read(_signed(policy=None)).policy is None


def test_same_template_has_the_same_digest_wherever_it_stands() -> None:
    other = CapsulePolicy(ConstraintName("MaximumImageAge", "b"), _POLICY.template, {})
    assert other.digest == _POLICY.digest
    changed = CapsulePolicy(other.constraint, Template("MaximumImageAge", "package a\n", ()), {})
    assert changed.digest != _POLICY.digest


def _altered(value: Any, places: list[Any]) -> None:
    """Change each leaf once; `places` gets a copy of the whole for each."""
    document = copy.deepcopy(value)
    waiting: list[Any] = [document]
    while waiting:
        each = waiting.pop()
        keys = list(each) if isinstance(each, dict) else range(len(each))
        for key in keys:
            if isinstance(each[key], dict | list):
                waiting.append(each[key])
                continue
            old, each[key] = each[key], "altered"
            places.append(copy.deepcopy(document))
            each[key] = old


def test_every_altered_fact_is_refused_by_the_digest() -> None:
    altered: list[Any] = []
    _altered(capsule_file.write(CAPSULE), altered)
    assert len(altered) > 20
    for each in altered:
        if each["kind"] != "altered" and each["version"] != "altered":
            assert "digest: the file was altered" in _refusal(_bytes(each))


@pytest.mark.parametrize("length", [0, 1, 50, 500])
def test_file_that_is_cut_off_is_refused(length: int) -> None:
    assert _refusal(_bytes(capsule_file.write(CAPSULE))[:length]) == "it is not JSON, or cut off"


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5, []])
def test_another_version_is_refused(version: Any) -> None:
    assert "version: " in _refusal(_signed(version=version))


@pytest.mark.parametrize("content", [b"{}", b"[]", b"7", b"null", b'"x"', b'{"kind": "Pod"}', b"\xff\xfe\x00"])
def test_what_is_no_capsule_is_refused(content: bytes) -> None:
    assert "it is no" in _refusal(content)


def test_file_that_is_too_large_is_refused_unread() -> None:
    assert f"larger than {limits.CAPSULE_BYTES} bytes" in _refusal(b"{" * (limits.CAPSULE_BYTES + 1))


def test_field_that_stands_twice_is_refused() -> None:
    text = _bytes(capsule_file.write(CAPSULE)).decode()
    twice = text.replace('"sentence":', '"sentence": "other", "sentence":', 1)
    assert _refusal(twice.encode()) == "the field sentence stands twice in one object"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999"])
def test_number_that_is_none_is_refused(number: str) -> None:
    text = _bytes(capsule_file.write(CAPSULE)).decode().replace('"CREATE"', number)
    assert "number" in _refusal(text.encode())


def test_file_that_is_nested_too_deep_is_refused() -> None:
    assert "nested" in _refusal(b'{"a":' + b"[" * 500 + b"]" * 500 + b"}")
    assert _refusal(b"[" * 1_000_000)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"sentence": 7}, "sentence: expected a text"),
        ({"clock": 7}, "clock: expected a text"),
        ({"clock": "soon"}, "clock: expected nanoseconds"),
        ({"clock": "9" * 19}, "clock: expected nanoseconds"),
        ({"clock": "٣"}, "clock: expected nanoseconds"),
        ({"review": []}, "review: expected an object"),
        ({"constraint": "x"}, "constraint: expected an object"),
        ({"constraint": {"kind": "A"}}, "constraint.name: expected a text"),
        ({"holds": ["spec"]}, "holds[0]: expected a list of names"),
        ({"holds": [[]]}, "holds[0]: expected a list of names"),
        ({"holds": [[7]]}, "holds[0]: expected a text"),
        ({"answers": []}, "answers: expected an object"),
        ({"answers": {"k": {}}}, "answers.k: expected one of value, error and passing"),
        ({"answers": {"k": {"value": 7}}}, "answers.k.value: expected an object"),
        ({"answers": {"k": {"error": None}}}, "answers.k.error: expected a text"),
        ({"answers": {"k": {"value": {}, "error": "x"}}}, "answers.k: expected one of"),
        ({"answers": {"k": {"passing": {"reason": "x"}}}}, "answers.k.passing.message: expected a text"),
        ({"policy": 7}, "policy: expected an object"),
        ({"policy": {}}, "policy.template: expected an object"),
        ({"missing": {}}, "missing: expected a list"),
        ({"missing": [{"part": "x", "why": "y"}]}, "missing[0].part: expected one of policy"),
        ({"leftOut": [7]}, "leftOut[0]: expected a text"),
        ({"more": 7}, "more: there is no such field"),
        ({"constraint": {"kind": "A", "name": "a", "more": 7}}, "constraint.more: there is no such field"),
        ({"missing": [{"part": "object", "why": "y", "more": 7}]}, "missing: there is no such field"),
        ({"clock": "007"}, "clock: there is no such field, or it is written otherwise"),
    ],
)
def test_field_of_a_wrong_type_is_named(changes: dict[str, Any], place: str) -> None:
    assert place in _refusal(_signed(**changes))


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ({"rego": "no package"}, "has no package line"),
        ({"libs": ["package maximumimageage\n"]}, "a package stands twice"),
        ({"rego": f"package {'a' * 300}\n"}, "its name is too long"),
        ({"language": "v2"}, "policy.template.language: expected v0 or v1"),
        ({"kind": None}, "policy.template.kind: expected a text"),
    ],
)
def test_template_that_cannot_be_used_is_refused(template: dict[str, Any], place: str) -> None:
    policy = capsule_file.write(CAPSULE)["policy"]
    assert place in _refusal(_signed(policy={**policy, "template": {**policy["template"], **template}}))


def test_template_with_another_digest_is_refused() -> None:
    policy = capsule_file.write(CAPSULE)["policy"]
    said = _refusal(_signed(policy={**policy, "templateDigest": "sha256:00"}))
    assert said == "policy.templateDigest: the template has another digest"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_end_in_anything_but_a_refusal(content: bytes) -> None:
    assert _refusal(content)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
_FIELDS = sorted(capsule_file.write(CAPSULE).keys() - {"kind", "version", "digest"})


@given(st.sampled_from(_FIELDS), _JSON)
def test_any_value_of_any_field_is_read_or_refused_by_name(name: str, value: Any) -> None:
    content = _signed(**{name: value})
    with contextlib.suppress(CapsuleError):
        assert capsule_file.read(content) is not None


@given(st.dictionaries(st.text(max_size=9), _JSON, max_size=3))
def test_facts_come_back_as_they_were(value: dict[str, Any]) -> None:
    content = _signed(answers={"k": {"value": value}}, review=value)
    found = capsule_file.read(content)
    assert (found.answers["k"]["value"], found.review) == (value, value)
