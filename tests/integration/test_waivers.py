"""Waivers in the templates of every kind of policy, by the engine that Gatekeeper has."""

import pytest
import yaml

from gatekeeper.evaluation import program
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.own.signed_images import KIND as SIGNED
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import translate
from gatekeeper.waivers.reading import waiver
from gatekeeper.waivers.terms import WaiverTerms
from gatekeeper.waivers.waiver import moment
from tests import many_images
from tests.engine import engine
from tests.unit.waivers.texts import document, synced

pytestmark = pytest.mark.integration

IMAGE = "registry.test/vendor/agent:1"
NOW = moment("2026-02-16T00:00:00Z")
OLD = {
    "digest": "sha256:00",
    "platforms": {
        "linux/amd64": {
            "created": "2025-12-01T00:00:00Z",
            "createdNs": "1764547200000000000",
            "createdFrom": "config",
        }
    },
}
ANSWERS = StubAnswers({f'{{"image":"{IMAGE}","v":1}}': OLD}, {})
REVIEW = {
    "operation": "CREATE",
    "uid": "7",
    "namespace": "shop",
    "kind": {"group": "", "version": "v1", "kind": "Pod"},
    "userInfo": {"username": "ann"},
    "object": {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": IMAGE}]},
    },
    "oldObject": None,
}
REFUSING = (
    'package sigstore\nisCompliant[response] { response := {"result": false, "error": "never good", "warning": ""} }\n'
)


def age(**terms):
    """MaximumImageAge: its template that reads the cluster's Waivers, and its two Constraints."""
    policy = MaximumImageAge(waivers=WaiverTerms(**{"allowed": True, **terms}))
    return policy.KIND.template(synced_waivers=True), policy.constraints()


def translated(tmp_path, rule="", digest="off", allowed="allow"):
    """A ClusterImagePolicy that refuses everything, by a rule or by its authority."""
    action = "pass" if rule else "fail"
    spec = {"images": [{"glob": "**"}], "authorities": [{"static": {"action": action}}]}
    if rule:
        spec["policy"] = {"type": "rego", "data": rule}
    metadata = {
        "name": "maximum-image-age",
        "annotations": {"bestbefore.dev/waivers": allowed, "bestbefore.dev/digest": digest},
    }
    file = tmp_path / "cip.yaml"
    head = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy"}
    file.write_text(yaml.safe_dump({**head, "metadata": metadata, "spec": spec}))
    (made,) = translate(load_policies([file]).policies, engine(), synced_waivers=True)
    return made.template, made.constraints


def said(made, waivers=(), now=NOW, answers=NOTHING):
    """What the Constraint that denies says, and the one that warns."""
    template, constraints = made
    cases = [ConstraintReview(Template.of(template), each["spec"]["parameters"], REVIEW, now) for each in constraints]
    found = Evaluator(engine(), waivers=waivers).violations(cases, answers)
    return tuple([each.details["reason"] for each in violations] for violations in found)


def test_waiver_of_the_cluster_lets_pass_and_is_shown():
    made = age()
    assert said(made, answers=ANSWERS) == (["ImageTooOld"], [])
    assert said(made, [synced()], answers=ANSWERS) == ([], ["Waived"])
    assert said(made, [synced()], moment("2026-03-01T00:00:00Z"), ANSWERS) == (["ImageTooOld"], [])


@pytest.mark.parametrize("rule", ["", REFUSING], ids=["authorities", "rule"])
def test_translated_policies_are_waived_alike(tmp_path, rule):
    made = translated(tmp_path, rule)
    reason = "PolicyFailed" if rule else "StaticDeny"
    assert said(made) == ([reason], [])
    assert said(made, [synced()]) == ([], ["Waived"])
    assert said(made, [synced(namespaces=["other"])]) == ([reason], [])
    assert said(made, [synced(policies=["other"])]) == ([reason], [])


def test_missing_digest_is_waived_too(tmp_path):
    made = translated(tmp_path, digest="require")
    assert said(made) == (["DigestMissing", "StaticDeny"], [])
    assert said(made, [synced()]) == ([], ["Waived", "Waived"])


def test_policy_without_the_annotation_takes_none(tmp_path):
    template, constraints = translated(tmp_path, allowed="deny")
    assert len(constraints) == 1
    assert said((template, constraints), [synced()]) == (["StaticDeny"],)


def test_templates_that_do_not_opt_in_never_mention_the_inventory():
    for kind in (MaximumImageAge.KIND, SIGNED):
        assert not Template.of(kind.template()).reads_waivers
        assert "data.inventory" not in str(kind.template())
        assert Template.of(kind.template(synced_waivers=True)).reads_waivers
        assert not Template.of(kind.template(synced_waivers=True)).reads_inventory


def test_files_and_cluster_give_one_verdict():
    template, constraints = age(entries=(waiver(document()),))
    assert said((template, constraints), answers=ANSWERS) == ([], ["Waived"])


@pytest.mark.parametrize(
    "bad",
    [
        synced(images="registry.test/vendor/agent"),
        synced(images=["registry.test/vendor/agent:1"]),
        synced(policies=["*"]),
        synced(policies="maximum-image-age"),
        synced(until="2026-05-03T00:00:00Z"),
        synced(until="2026-01-01T00:00:00Z"),
        synced(until=20270101),
        synced(reason="short"),
        synced(owner=None),
        synced(unknown="field"),
        synced(breakGlass="yes"),
        {**synced(), "spec": "text"},
        {**synced(), "spec": None},
        {"metadata": {"name": "late"}, "spec": synced()["spec"]},
    ],
    ids=[
        "images-text",
        "tag",
        "all-without-emergency",
        "policies-text",
        "91-days",
        "end-before-start",
        "number-as-time",
        "reason",
        "owner",
        "unknown-field",
        "emergency-text",
        "spec-text",
        "no-spec",
        "never-created",
    ],
)
def test_bad_waiver_disables_itself_only(bad):
    made = age()
    assert said(made, [bad], answers=ANSWERS) == (["ImageTooOld"], [])
    assert said(made, [bad, synced("good")], answers=ANSWERS) == ([], ["Waived"])


def test_waivers_that_overlap_hold_until_the_last_one_ends():
    waivers = [synced("a", until="2026-02-20T00:00:00Z"), synced("b"), synced("c", until="2026-02-25T00:00:00Z")]
    assert said(age(), waivers, moment("2026-02-28T23:59:59Z"), ANSWERS) == ([], ["Waived"])
    assert said(age(), waivers, moment("2026-03-01T00:00:00Z"), ANSWERS) == (["ImageTooOld"], [])


def test_waiver_that_is_being_deleted_lets_nothing_pass():
    leaving = synced()
    leaving["metadata"]["deletionTimestamp"] = "2026-02-15T00:00:00Z"
    assert said(age(), [leaving], answers=ANSWERS) == (["ImageTooOld"], [])


def test_waiver_in_the_parameters_holds_also_where_the_cluster_has_none():
    made = age(entries=(waiver(document(namespaces=["shop", "other"])),))
    assert said(made, answers=ANSWERS) == ([], ["Waived"])
    assert said(made, [synced(namespaces=["other"])], answers=ANSWERS) == ([], ["Waived"])


def evaluated(folder, constraint, waivers):
    """What a Constraint has against the image, and how many expressions that takes."""
    folder.mkdir()
    template = Template.of(age()[0])
    case = ConstraintReview(template, constraint["spec"]["parameters"], REVIEW, NOW)
    program.write(folder, [template], [{**case.to_json(), "book": 0}], [ANSWERS], waivers=waivers)
    printed = many_images.evaluated(folder, "--profile", "--profile-limit", "1000000")
    (violation,) = many_images.violations(printed)
    return violation["details"], sum(each["num_eval"] + each["num_redo"] for each in printed["profile"])


def named(images, **changes):
    """Waivers that cover other images; `images` gives those of each by its number."""
    return [synced(f"w{index}", images=images(index), **changes) for index in range(500)]


@pytest.mark.parametrize(
    ("waivers", "most"),
    [
        (named(lambda _: ["registry.test/vendor/agent"], namespaces=["other"]), 5),
        (named(lambda _: ["registry.test/vendor/agent"], policies=["other"]), 26),
        (named(lambda index: [f"registry.test/vendor-{index}/agent"]), 45),
        (named(lambda index: [f"registry.test/vendor-{index}/agent-{each}" for each in range(32)]), 45),
        (named(lambda index: [f"registry.test/vendor-{index}/agent-{each}*" for each in range(32)]), 52),
        (named(lambda index: [f"registry.test/*/agent-{index}-{each}" for each in range(32)]), 56),
    ],
    ids=["other-namespaces", "other-policies", "one-image", "32-images", "32-globs", "32-globs-that-begin-alike"],
)
def test_each_of_500_waivers_costs_a_denial_few_steps_however_many_images_it_has(tmp_path, waivers, most):
    denying = age()[1][0]
    (denial, none), (other, all_of_them) = (
        evaluated(tmp_path / str(len(each)), denying, each) for each in ([], waivers)
    )
    assert denial["reason"] == other["reason"] == "ImageTooOld"
    assert (all_of_them - none) / len(waivers) < most


def test_of_500_waivers_that_hold_few_are_looked_at(tmp_path):
    """The one that ends last is shown; what the others say is not looked at."""
    waivers = [synced(f"w{index}", until=f"2026-03-01T00:{index // 60:02}:{index % 60:02}Z") for index in range(500)]
    found, steps = evaluated(tmp_path / "all", age()[1][1], waivers)
    assert found["waiver"]["name"] == "w499"
    assert steps / len(waivers) < 85
