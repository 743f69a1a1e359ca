"""Waivers from files: what is wrong with one is said by its path."""

import pytest
import yaml

from gatekeeper.documents.problems import PolicyError
from gatekeeper.waivers.reading import problems_of, waiver, waivers_of
from tests.unit.waivers.texts import DIGEST, document, synced

EMERGENCY = {"breakGlass": True, "ticket": "SEC-12", "until": "2026-02-02T00:00:00Z"}


def said(made):
    return [f"{each.path}: {each.message}" for each in problems_of(made)]


def test_waiver_of_a_file_begins_when_it_says():
    made = waiver(document())
    assert (made.since, made.until) == ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
    assert said(document()) == []


def test_waiver_of_a_cluster_begins_when_it_was_created():
    assert said(synced()) == []
    assert waiver(synced(created="2026-02-03T00:00:00Z")).since == "2026-02-03T00:00:00Z"


def test_time_of_creation_that_cannot_be_read_is_told():
    (problem,) = said(synced(created="soon"))
    assert problem == "metadata.creationTimestamp: 'soon' is no time of RFC 3339 (2027-01-01T00:00:00Z)"


def test_blanks_are_no_reason_no_owner_and_no_ticket():
    assert said(document(reason=" " * 12)) == ["spec.reason: is empty"]
    assert said(document(owner=" ")) == ["spec.owner: is empty"]
    assert said(document(**{**EMERGENCY, "ticket": " "})) == ["spec.ticket: is required with `breakGlass: true`"]


@pytest.mark.parametrize(
    "nothing", ["\u200b" * 12, "\u202e\u2066" * 6, "-" * 12], ids=["no-width", "direction", "dashes"]
)
def test_what_nobody_can_read_is_no_reason_no_owner_and_no_ticket(nothing):
    assert said(document(reason=nothing, owner=nothing)) == [
        "spec.reason: has no letter and no digit",
        "spec.owner: has no letter and no digit",
    ]
    assert said(document(**{**EMERGENCY, "ticket": nothing})) == ["spec.ticket: is required with `breakGlass: true`"]


def test_reason_and_owner_may_be_of_any_script():
    assert said(document(owner="команда", reason="供应商十二月会重新构建")) == []


@pytest.mark.parametrize(
    "image",
    [
        "registry.test/vendor/agent",
        "registry.test:5000/vendor/*",
        "registry.test/**",
        "**",
        "docker.io/library/nginx",
        f"registry.test/vendor/agent@{DIGEST}",
    ],
)
def test_repositories_and_digests_are_taken(image):
    assert said(document(images=[image])) == []


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        ("registry.test/vendor/agent:1", "has a tag, which a pinned Pod does not have"),
        (f"registry.test/vendor/agent:1@{DIGEST}", "has a tag"),
        (f"registry.test/vendor/*@{DIGEST}", "has a star beside a digest; name the one repository"),
        ("nginx", "has no registry; write for example docker.io/library/nginx"),
        ("nginx:1.27", "has no registry; write for example docker.io/library/nginx"),
        ("registry.test/Vendor/agent", "is no glob of repositories"),
        ("registry.test/vendor/agent@sha256:12", "is no glob of repositories"),
        ("registry.test/(vendor|other)/agent", "is no glob of repositories"),
        ("", "has no registry"),
    ],
)
def test_image_that_is_no_repository_is_told(image, sentence):
    (problem,) = said(document(images=["registry.test/good", image]))
    assert problem.startswith("spec.images[1]: ")
    assert sentence in problem


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"policies": None}, "spec.policies: expected a list of 1 to 16 texts, got no list"),
        ({"policies": []}, "spec.policies: expected a list of 1 to 16 texts, got 0"),
        ({"policies": [f"p{n}" for n in range(17)]}, "spec.policies: expected a list of 1 to 16 texts, got 17"),
        ({"policies": 7}, "spec.policies: expected a list of 1 to 16 texts, got no list"),
        ({"policies": ["Policy!"]}, "spec.policies[0]: 'Policy!' is no name of a policy"),
        ({"policies": [7]}, "spec.policies[0]: expected a text of at most 1024 characters"),
        ({"policies": ["*"]}, "spec.policies: `*` needs `breakGlass: true`"),
        ({"namespaces": ["*"]}, "spec.namespaces[0]: '*' is no name of a namespace; selectors and stars are not taken"),
        ({"namespaces": [f"n{n}" for n in range(65)]}, "spec.namespaces: expected a list of 1 to 64 texts, got 65"),
        ({"images": ["**"] * 33}, "spec.images: expected a list of 1 to 32 texts, got 33"),
        ({"until": None}, "spec.until: expected a text of at most 1024 characters"),
        ({"until": "soon"}, "spec.until: 'soon' is no time of RFC 3339 (2027-01-01T00:00:00Z)"),
        ({"until": "2026-02-30T00:00:00Z"}, "spec.until: '2026-02-30T00:00:00Z' is no time of RFC 3339"),
        ({"until": "2026-03-01"}, "spec.until: '2026-03-01' is no time of RFC 3339"),
        ({"until": "2026-01-01T00:00:00Z"}, "spec.until: 2026-01-01T00:00:00Z is not after 2026-02-01T00:00:00Z"),
        ({"until": "2027-02-03T00:00:00Z"}, "spec.until: is more than 366 days after it begins"),
        ({"from": None}, "spec.from: is missing"),
        ({"from": "now"}, "spec.from: 'now' is no time of RFC 3339"),
        ({"reason": "short"}, "spec.reason: expected 10 characters at least"),
        ({"reason": ["long enough"]}, "spec.reason: expected a text of at most 1024 characters"),
        ({"owner": ""}, "spec.owner: is empty"),
        ({"ticket": 12}, "spec.ticket: expected a text of at most 1024 characters"),
        ({"breakGlass": "true"}, "spec.breakGlass: expected true or false"),
        ({"breakGlass": True, "until": "2026-02-02T00:00:00Z"}, "spec.ticket: is required with `breakGlass: true`"),
        ({**EMERGENCY, "until": "2026-02-02T00:00:01Z"}, "spec.until: with `breakGlass: true` it is at most 24 hours"),
        ({"selector": {}}, "spec.selector: there is no such field; there are breakGlass, from, images"),
    ],
)
def test_field_that_is_wrong_is_told_by_its_path(changes, problem):
    (found,) = said(document(**changes))
    assert found.startswith(problem)


def test_emergency_may_name_all_policies():
    assert said(document(policies=["*"], **EMERGENCY)) == []


def test_several_problems_are_told_at_once():
    assert len(said(document(policies=[], owner="", until="soon"))) == 3


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ({}, "no kind of no version"),
        ({"kind": "Waiver"}, "Waiver of no version"),
        ({"apiVersion": "bestbefore.dev/v1", "kind": "Waiver"}, "Waiver of bestbefore.dev/v1"),
    ],
    ids=["nothing", "kind", "version"],
)
def test_other_kind_is_no_waiver(value, got):
    (problem,) = said(value)
    assert problem == f"kind: expected a Waiver of bestbefore.dev/v1alpha1, got {got}"


@pytest.mark.parametrize("spec", [None, [], "text"])
def test_waiver_without_a_spec_is_told(spec):
    (problem,) = said({**document(), "spec": spec})
    assert problem.startswith("spec: expected an object with policies, namespaces, images")


def test_files_with_problems_name_file_line_and_value(tmp_path):
    file = tmp_path / "waivers.yaml"
    good, bad, twice = document("good"), document("bad", images=["agent:1"]), document("good")
    file.write_text(yaml.safe_dump_all([good, bad, twice], sort_keys=False))
    with pytest.raises(PolicyError) as caught:
        waivers_of([file])
    texts = list(map(str, caught.value.problems))
    assert len(texts) == 2
    assert "waivers.yaml" in texts[0]
    assert "spec.images[0]" in texts[0]
    assert "agent:1" in texts[0]
    assert "there is another Waiver good" in texts[1]


def test_list_of_kubectl_is_read(tmp_path):
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [synced("a"), synced("b")]}))
    assert [each.name for each in waivers_of([file])] == ["a", "b"]
