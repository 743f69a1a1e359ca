"""Suites: every problem of one is shown, with its path, at once; what a case expects is compared with what was said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.documents.problems import PolicyError
from gatekeeper.evaluation import suite
from gatekeeper.evaluation.facts import RecordedFacts

IMAGE = "registry.test/app:1"
GOOD = {
    "policies": ["cip.yaml"],
    "now": "2026-01-31T12:00:00Z",
    "facts": {IMAGE: {"created": "2026-01-01T00:00:00Z"}},
    "cases": [{"name": "it is admitted", "image": IMAGE, "verdict": "allowed"}],
}


def written(folder: Path, content: Any) -> Path:
    file = folder / suite.FILE_NAME
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return file


def changed(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **fields}.items() if value is not None}


def case_with(**fields: Any) -> dict[str, Any]:
    case = {**GOOD["cases"][0], **fields}
    return changed(cases=[{name: value for name, value in case.items() if value is not None}])


def problems_in(folder: Path, content: Any) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        suite.read(written(folder, content))
    return [str(problem) for problem in caught.value.problems]


def test_suite_is_read_with_paths_from_its_own_folder(tmp_path: Path) -> None:
    found = suite.read(written(tmp_path, {**GOOD, "configMaps": ["maps.yaml"], "templates": ["t.yaml"]}))
    assert found.policies == (tmp_path / "cip.yaml",)
    assert found.config_maps == (tmp_path / "maps.yaml",)
    assert found.templates == (tmp_path / "t.yaml",)
    assert found.no_match == "allow"
    (case,) = found.cases
    assert (case.name, case.verdict, case.messages) == ("it is admitted", "allowed", ())
    (container,) = case.reviews[0].object["spec"]["containers"]
    assert (case.reviews[0].object["kind"], container["image"]) == ("Pod", IMAGE)
    assert case.now == 1_769_860_800_000_000_000


def test_times_need_no_quotes(tmp_path: Path) -> None:
    text = yaml.safe_dump(GOOD).replace("'", "")
    assert "now: 2026-01-31T12:00:00Z" in text
    (case,) = suite.read(written(tmp_path, text)).cases
    assert case.facts[IMAGE]["created"] == "2026-01-01T00:00:00Z"


def test_fact_is_completed_to_what_the_provider_would_send(tmp_path: Path) -> None:
    (case,) = suite.read(written(tmp_path, GOOD)).cases
    fact = case.facts[IMAGE]
    assert fact["createdNs"] == "1767225600000000000"
    assert set(fact["platforms"]) == set(fact["config"]) == {"linux/amd64"}
    assert fact["config"]["linux/amd64"]["created"] == fact["created"]


def test_own_words_of_a_fact_win_over_what_is_filled_in(tmp_path: Path) -> None:
    fact = {"config": {"linux/arm64": {"config": {"User": "app"}}}, "digest": "sha256:1"}
    (case,) = suite.read(written(tmp_path, changed(facts={IMAGE: fact}))).cases
    assert case.facts[IMAGE]["config"]["linux/arm64"]["config"] == {"User": "app"}
    assert case.facts[IMAGE]["digest"] == "sha256:1"
    assert case.facts[IMAGE]["createdNs"] is None


def test_error_is_a_fact_too(tmp_path: Path) -> None:
    (case,) = suite.read(written(tmp_path, changed(facts={IMAGE: {"reason": "NotFound"}}))).cases
    assert case.facts[IMAGE] == {"reason": "NotFound"}


def test_facts_of_a_case_stand_beside_and_above_those_of_the_suite(tmp_path: Path) -> None:
    content = case_with(facts={"other:1": {}, IMAGE: {"created": "2025-01-01T00:00:00Z"}})
    (case,) = suite.read(written(tmp_path, content)).cases
    assert set(case.facts) == {IMAGE, "other:1"}
    assert case.facts[IMAGE]["created"] == "2025-01-01T00:00:00Z"


def test_facts_may_be_a_file_that_was_recorded_and_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "facts.json").write_text(json.dumps({"version": 1, "images": {IMAGE: {"created": None}}}))
    read = []
    real = RecordedFacts.read
    monkeypatch.setattr(RecordedFacts, "read", lambda path: read.append(path) or real(path))
    content = changed(facts="facts.json", cases=GOOD["cases"] * 3)
    assert [case.facts for case in suite.read(written(tmp_path, content)).cases] == [{IMAGE: {"created": None}}] * 3
    assert read == [tmp_path / "facts.json"]


def test_resource_is_an_object_or_a_file_of_objects(tmp_path: Path) -> None:
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}} for name in ("a", "b")]
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump_all(pods))
    (inline,) = suite.read(written(tmp_path, case_with(image=None, resource=pods[0]))).cases
    (file,) = suite.read(written(tmp_path, case_with(resource="pods.yaml"))).cases
    assert [review.object for review in inline.reviews] == pods[:1]
    assert [review.object["metadata"]["name"] for review in file.reviews] == ["a", "b"]
    assert [review.object["spec"]["containers"][0]["image"] for review in file.reviews] == [IMAGE, IMAGE]


def test_case_has_a_time_of_its_own_or_that_of_the_suite(tmp_path: Path) -> None:
    (case,) = suite.read(written(tmp_path, case_with(now="1970-01-01T00:00:01Z"))).cases
    assert case.now == 1_000_000_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected one document, got 0"),
        (yaml.safe_dump_all([GOOD, GOOD]), "expected one document, got 2"),
        (changed(cases=None), "cases: expected at least one case"),
        (changed(cases=[]), "cases: expected at least one case"),
        (changed(cases={"a": 1}), "cases: expected at least one case"),
        (changed(cases=["a"]), "cases[0]: expected a case"),
        (changed(policies=None), "policies: expected policies or templates to test"),
        (changed(policies="cip.yaml"), "policies: expected a list of texts"),
        (changed(templates=[1]), "templates: expected a list of texts"),
        (changed(polices=[]), "polices: there is no such field; there are cases, configMaps, facts"),
        (changed(noMatch="perhaps"), "noMatch: expected one of deny, warn, allow, got 'perhaps'"),
        (changed(noMatch=["deny"]), "noMatch: expected one of deny, warn, allow"),
        (changed(now=None), "cases[0].now: expected a time by RFC 3339 here or in the suite, got None"),
        (changed(now="2300-01-01T00:00:00Z"), "cases[0].now: expected a time from 1677-09-22 to 2262-04-11"),
        (changed(now="yesterday"), "cases[0].now: expected a time by RFC 3339 here or in the suite, got 'yesterday'"),
        (changed(facts=[1]), "facts: expected a file of recorded facts, or facts by image"),
        (changed(facts={IMAGE: "old"}), "facts: expected a file of recorded facts, or facts by image"),
        (changed(facts={IMAGE: {"reason": "Gone"}}), f"facts.{IMAGE}.reason: 'Gone' is no reason code"),
        (changed(facts={IMAGE: {"reason": ["x"]}}), "is no reason code"),
        (
            changed(facts={IMAGE: {"craeted": None}}),
            f"facts.{IMAGE}.craeted: there is no such field; did you mean created?",
        ),
        (changed(facts={"NOT OK": {}}), "facts.NOT OK: could not parse reference"),
        (case_with(asked=True), "cases[0].asked: expected false"),
        (case_with(messges=[]), "cases[0].messges: there is no such field; there are asked, "),
        (
            case_with(resource={"apiVersion": "v1", "kind": "Service"}),
            "cases[0].resource: an object of kind Service has no place for images",
        ),
        (changed(facts="nowhere.json"), "facts: "),
        (case_with(name=None), "cases[0].name: expected a sentence"),
        (case_with(name=1), "cases[0].name: expected a sentence"),
        (case_with(image=None), "cases[0]: nothing to judge: expected image, images or resource"),
        (case_with(image=1), "cases[0].image: expected an image"),
        (case_with(image="NOT OK"), "cases[0]: could not parse reference"),
        (case_with(images=["a", 1]), "cases[0].images: expected a list of texts"),
        (case_with(resource=[1]), "cases[0].resource: expected an object, or a file of objects"),
        (case_with(resource={"kind": "Pod"}), "cases[0].resource.apiVersion: expected text"),
        (case_with(resource="nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (case_with(verdict=None), "cases[0].verdict: expected one of allowed, warned, denied, got None"),
        (case_with(verdict="pass"), "cases[0].verdict: expected one of allowed, warned, denied, got 'pass'"),
        (case_with(messages="no"), "cases[0].messages: expected a list of texts"),
        (case_with(facts=1), "cases[0].facts: expected a file of recorded facts, or facts by image"),
        (case_with(says="x"), "cases[0].says: there is no such field"),
    ],
)
def test_fault_of_a_suite_is_told_with_its_path(tmp_path: Path, content: Any, said: str) -> None:
    assert any(said in problem for problem in problems_in(tmp_path, content)), problems_in(tmp_path, content)


@pytest.mark.parametrize(
    "content",
    ["[1]", "a: [", "a: 1\na: 2\n", "text", "\x00", "? [a]\n: b\n", "cases: &a [*a]\n", "a: !!python/object x"],
)
def test_what_is_no_suite_is_refused_by_its_file(tmp_path: Path, content: str) -> None:
    assert all(problem.startswith(str(tmp_path)) for problem in problems_in(tmp_path, content))


def test_every_fault_is_told_at_once_and_each_once(tmp_path: Path) -> None:
    case = {"image": "NOT OK", "verdict": "pass"}
    found = problems_in(tmp_path, changed(facts=1, cases=[case, case]))
    assert len(found) == len(set(found)) == 7


def test_facts_that_stand_in_a_case_and_those_without_a_date_are_known(tmp_path: Path) -> None:
    facts = {
        "a/b:1": {},
        "a/b:2": {"created": None},
        "a/b:3": {"config": {"linux/arm64": {}}},
        "a/b:4": {"reason": "Timeout"},
    }
    (case,) = suite.read(written(tmp_path, case_with(facts=facts))).cases
    assert case.own_facts == set(facts)
    assert case.undated == {"a/b:1", "a/b:3"}
    (case,) = suite.read(written(tmp_path, changed(facts={IMAGE: {}}))).cases
    assert (case.own_facts, case.undated) == (frozenset(), {IMAGE})


def test_what_is_no_object_in_a_directory_of_objects_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "objects"
    folder.mkdir()
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": []}}
    (folder / "pod.yaml").write_text(yaml.safe_dump(pod))
    (folder / "values.yaml").write_text("replicas: 1\n")
    (case,) = suite.read(written(tmp_path, case_with(image=None, resource="objects"))).cases
    assert len(case.reviews) == 1
    assert case.passed_over == (f"not judged: {folder / 'values.yaml'}: it is no Kubernetes object",)
    (other,) = suite.read(written(tmp_path, GOOD)).cases
    assert other.passed_over == ()
