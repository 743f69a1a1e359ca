"""From a deny line to its capsule and back: `denials REF --capsule`, `replay`; with the real opa."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli import clusters
from gatekeeper.cli.main import cli
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, PODS, Resource, constraints
from gatekeeper.denials.capsules import capsule_file
from gatekeeper.denials.capsules.capsule import digest_of
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.facts import LiveFacts, RecordedFacts
from gatekeeper.evaluation.opa import Opa
from gatekeeper.evaluation.program import StubAnswers, Template
from gatekeeper.own import maximum_image_age
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.translation import rendering
from gatekeeper.translation.translate import Translation
from provider.golang.rfc3339 import created_ns
from tests import quick_yaml
from tests.programs import ROOT, program
from tests.simulators import denials
from tests.simulators.cluster import ClusterSimulator

pytestmark = pytest.mark.integration

_OLD: Final = "registry.test/old:1"
_SIDE: Final = "registry.test/side:1"
_SECRET: Final = "pa55word"
_SECONDS: Final = 1_771_200_000
_DIGEST: Final = f"sha256:{'a' * 64}"
_PATH: Final = "spec.containers[1].image"
_ACCOUNT: Final = "system:serviceaccount:argocd:argocd-application-controller"

_RULE: Final = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: tidy}
spec:
  images: [{glob: "**"}]
  authorities: [{static: {action: pass}}]
  policy:
    fetchConfigFile: true
    includeSpec: true
    includeObjectMeta: true
    type: rego
    data: |
      package sigstore
      isCompliant[{"result": false, "error": sprintf("Not tidy: %v.", [what])}] {
        what := PLACE
      }
"""


def _fact(created: str = "2026-01-01T00:00:00Z", digest: str = _DIGEST) -> dict[str, Any]:
    dated = {"created": created, "createdNs": str(created_ns(created)), "createdFrom": "config"}
    config = {"created": created, "config": {"User": "root", "Env": [_SECRET]}}
    return {
        "image": _OLD,
        "digest": digest,
        **dated,
        "platforms": {"linux/amd64": {"digest": digest, **dated}},
        "config": {"linux/amd64": config},
    }


@dataclass
class Registries:
    """What registries say now; of signatures by the policies that name signers."""

    images: dict[str, dict[str, Any]]
    policies: Sequence[Translation] = ()

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        return RecordedFacts(self.images).named(self.policies).answers(keys)


def _registries() -> Registries:
    return Registries({_OLD: _fact(), _SIDE: _fact("2026-02-10T00:00:00Z")})


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> Registries:
    said = _registries()
    monkeypatch.setattr(LiveFacts, "answers", lambda _, keys: said.answers(keys))
    monkeypatch.setenv("BESTBEFORE_OPA", str(program("opa")))
    return said


def _deployment(image: str = _OLD, **spec: Any) -> dict[str, Any]:
    container = {
        "name": "web",
        "image": image,
        "env": [{"name": "TOKEN", "value": _SECRET}],
        "args": [_SECRET],
        "securityContext": {"runAsUser": 7},
    }
    metadata = {"labels": {"team": "shop"}, "annotations": {"note": _SECRET}}
    template = {"metadata": metadata, "spec": {"containers": [{"name": "side", "image": _SIDE}, container], **spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": template},
    }


def _pod(**spec: Any) -> dict[str, Any]:
    """The Pod that a ReplicaSet made of the Deployment."""
    template = _deployment(**spec)["spec"]["template"]
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d5f", "controller": True}
    metadata = {**template["metadata"], "name": "web-6d5f-x7k2p", "namespace": "shop", "ownerReferences": [owner]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


@dataclass
class Desk:
    """A denial's log, its policy and its workload, as files.

    Attributes:
        folder: where they are.
        ref: of the denial.
        sentence: what Gatekeeper said.
    """

    folder: Path
    registries: Registries
    ref: str = ""
    sentence: str = ""

    def deny(
        self, template: dict[str, Any], constraint: dict[str, Any], pod: dict[str, Any], mark: str = "", **request: Any
    ) -> None:
        """Write the line that Gatekeeper would have for the second container."""
        review = {
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "operation": "CREATE",
            "uid": "u-1",
            "dryRun": False,
            "namespace": "shop",
            "userInfo": {"username": _ACCOUNT},
            "object": pod,
            "oldObject": None,
            **request,
        }
        parameters = constraint["spec"]["parameters"]
        case = ConstraintReview(Template.of(template), parameters, review, _SECONDS * 10**9)
        evaluation = Evaluator(Opa(program("opa"))).evaluate([case], self.registries.answers)
        (violation,) = evaluation.violations[0]
        self.ref, self.sentence = violation.details["ref"], violation.msg
        line = denials.text(
            dict(violation.details),
            ts=_SECONDS,
            msg=f"denied admission: {mark}{violation.msg}",
            request_username=review["userInfo"].get("username", "ann"),
            constraint_kind=constraint["kind"],
            constraint_name=constraint["metadata"]["name"],
        )
        (self.folder / "log").write_text(f"{line}\n")

    def run(self, *words: object, given: bytes | None = None) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words], prog_name="bestbefore", input=given)

    def denials(self, *words: object) -> Result:
        return self.run("denials", self.ref, self.folder / "log", *words)

    def capsule(self, *words: object) -> Path:
        done = self.denials("--capsule", *words)
        assert done.exit_code == 0, done.stderr
        path = self.folder / "capsule.json"
        path.write_text(done.stdout)
        return path

    def file(self, name: str, *documents: dict[str, Any]) -> Path:
        path = self.folder / name
        path.write_text(rendering.render(list(documents)))
        return path


@pytest.fixture(scope="module")
def denied(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The desk as every test finds it: it is judged once."""
    made = Desk(tmp_path_factory.mktemp("denied"), _registries())
    template = maximum_image_age.KIND.template()
    deny, warn = MaximumImageAge().constraints()
    made.deny(template, deny, _pod())
    made.file("policy.yaml", deny, warn)
    made.file("deployment.yaml", _deployment())
    return made


@pytest.fixture
def desk(tmp_path: Path, registries: Registries, denied: Desk) -> Desk:
    """An image that is too old, denied by MaximumImageAge."""
    shutil.copytree(denied.folder, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path, registries, denied.ref, denied.sentence)


@pytest.fixture
def whole(desk: Desk) -> Path:
    """A capsule that lacks nothing."""
    return desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", desk.folder / "deployment.yaml")


def test_denial_is_shown_with_what_its_image_says_now(desk: Desk) -> None:
    done = desk.denials()
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    for part in (
        "ReplicaSet web-6d5f",
        "(serviceaccount)",
        "ImageTooOld: Image is 46 days old",
        "Asked again now",
        _DIGEST,
    ):
        assert part in text
    assert "cause policy" in text


def test_denial_is_shown_to_programs_too(desk: Desk) -> None:
    found = json.loads(desk.denials("-o", "json").stdout)
    assert (found["ref"], found["count"], found["facts"]["digest"]) == (desk.ref, 1, _DIGEST)


def test_moved_tag_is_said(desk: Desk, registries: Registries) -> None:
    registries.images[_OLD] = _fact(digest=f"sha256:{'b' * 64}")
    done = desk.denials()
    assert f"when it was denied it was {_DIGEST}: the tag names another image now" in done.stderr


def test_question_without_an_answer_now_ends_with_1(desk: Desk, registries: Registries) -> None:
    registries.images[_OLD] = {"reason": "NotFound", "message": "gone"}
    done = desk.denials()
    assert done.exit_code == 1
    assert "NotFound: gone" in done.stdout


def test_ref_of_no_denial_ends_with_1(desk: Desk) -> None:
    done = desk.run("denials", "0123456789ab", desk.folder / "log")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no denial in what was read has the ref 0123456789ab" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--capsule", "-"],
        ["--policy", "p", "-"],
        ["--policy", "p", "0123456789ab", "-"],
        ["-f", "0123456789ab", "-"],
        ["0123456789ab"],
        ["0123456789ab", "0123456789ac", "-"],
        ["a", "b"],
        [],
    ],
)
def test_words_that_make_no_sense_end_with_2(desk: Desk, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(desk.folder / "nowhere"))
    assert desk.run("denials", *words, given=b"").exit_code == 2


def test_whole_capsule_gives_the_same_sentence(desk: Desk, whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveFacts, "answers", lambda *_: pytest.fail("a registry was asked"))
    done = desk.run("replay", whole)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "the same sentence",
        f"  image  {_OLD} (spec.containers[1].image)",
        f"  then   {desk.sentence}",
    ]
    found = json.loads(desk.run("replay", "-", "-o", "json", given=whole.read_bytes()).stdout)
    assert (found["outcome"], found["then"], found["now"]) == ("same", desk.sentence, [desk.sentence])


def test_capsule_is_the_same_each_time(desk: Desk, whole: Path) -> None:
    first = whole.read_bytes()
    again = desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", desk.folder / "deployment.yaml")
    assert again.read_bytes() == first


def test_capsule_holds_no_secret(whole: Path) -> None:
    text = whole.read_text()
    assert _SECRET not in text
    assert json.loads(text)["review"]["object"]["spec"]["containers"] == [
        {"name": "side", "image": _SIDE},
        {"name": "web", "image": _OLD},
    ]


def test_person_has_no_name_in_a_capsule(desk: Desk) -> None:
    deny, _ = MaximumImageAge().constraints()
    desk.deny(maximum_image_age.KIND.template(), deny, _pod(), userInfo={"username": "ann@example.com"})
    capsule = desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", desk.folder / "deployment.yaml")
    assert "ann@example.com" not in capsule.read_text()
    assert desk.run("replay", capsule).exit_code == 0


@pytest.mark.parametrize(
    ("now", "outcome", "code"),
    [("+0d", "same", 0), ("+14d", "other", 1), ("2026-01-15", "admitted", 1), ("-60d", "other", 1)],
)
def test_another_time_is_asked_for(desk: Desk, whole: Path, now: str, outcome: str, code: int) -> None:
    done = desk.run("replay", whole, "--now", now, "-o", "json")
    assert (json.loads(done.stdout)["outcome"], done.exit_code) == (outcome, code)


def test_another_policy_is_asked_for(desk: Desk, whole: Path) -> None:
    softer = desk.file("softer.yaml", *MaximumImageAge(max_age="90d").constraints())
    done = desk.run("replay", whole, "--policy", softer)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "nothing against this image"
    same = desk.run("replay", whole, "--policy", desk.folder / "policy.yaml")
    assert same.exit_code == 0


def test_policy_that_asks_for_more_is_refused_by_name(desk: Desk, whole: Path) -> None:
    rule = desk.folder / "rule.yaml"
    rule.write_text(_RULE.replace("PLACE", "input.metadata.labels.team"))
    done = desk.run("replay", whole, "--policy", rule)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "the policy reads metadata.labels.team of the object, which the capsule does not hold" in done.stderr


def test_policy_with_another_question_is_refused_by_name(desk: Desk, whole: Path) -> None:
    rule = desk.folder / "rule.yaml"
    rule.write_text(_RULE.replace("PLACE", 'input.config["linux/amd64"].created').replace("include", "#include"))
    done = desk.run("replay", whole, "--policy", rule)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "the capsule has no answer to the question" in done.stderr


def test_altered_fact_is_refused_by_the_digest(desk: Desk, whole: Path) -> None:
    whole.write_text(whole.read_text().replace("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"))
    done = desk.run("replay", whole)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "digest: the file was altered since it was written" in done.stderr


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff", b"[[[[", b'{"kind": "bestbefore-capsule", "version": 2}'])
def test_what_is_no_capsule_ends_with_2(desk: Desk, content: bytes) -> None:
    done = desk.run("replay", "-", given=content)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: -: ")


@pytest.mark.parametrize("name", ["nowhere.json", "", ".", "a\0b"])
def test_file_that_cannot_be_read_ends_with_2(desk: Desk, name: str) -> None:
    assert desk.run("replay", name).exit_code == 2


@pytest.mark.parametrize(
    "body",
    [
        'x := http.send({"method": "GET", "url": "http://127.0.0.1/"})',
        "x := opa.runtime()",
        'x := net.lookup_ip_addr("localhost")',
        "x := nowhere.at(1)",
        "{",
    ],
)
def test_capsule_of_a_stranger_reaches_nothing(desk: Desk, whole: Path, body: str) -> None:
    document = json.loads(whole.read_text())
    text = f"package maximumimageage\nviolation[x] {{ {body} }}"
    template = {**document["policy"]["template"], "rego": text}
    document["policy"] = {**document["policy"], "template": template, "templateDigest": digest_of(template)}
    document.pop("digest")
    done = desk.run("replay", "-", given=json.dumps({**document, "digest": digest_of(document)}).encode())
    assert (done.exit_code, done.stdout) == (2, "")


def test_capsule_without_the_policy_says_so_and_is_not_replayed(desk: Desk) -> None:
    capsule = desk.capsule("--resource", desk.folder / "deployment.yaml")
    done = desk.run("replay", capsule)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "the policy is not known: give MaximumImageAge maximum-image-age by --policy" in done.stderr
    found = desk.run("replay", capsule, "-o", "json")
    assert json.loads(found.stdout)["outcome"] == "unknown"


def test_capsule_without_a_time_says_so_and_is_not_replayed(desk: Desk) -> None:
    line = json.loads((desk.folder / "log").read_text())
    (desk.folder / "log").write_text(json.dumps({**line, "ts": None}))
    capsule = desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", desk.folder / "deployment.yaml")
    done = desk.run("replay", capsule)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "the log does not say when it was" in done.stderr


def test_capsule_without_the_object_says_so_and_is_not_replayed(desk: Desk) -> None:
    capsule = desk.capsule("--policy", desk.folder / "policy.yaml")
    done = desk.run("replay", capsule)
    assert done.exit_code == 3
    assert "give the manifest of ReplicaSet web-6d5f by --resource" in done.stderr


def test_another_object_is_no_evidence(desk: Desk) -> None:
    other = desk.file("other.yaml", _deployment("registry.test/other:1"))
    capsule = desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", other)
    (lack,) = json.loads(capsule.read_text())["missing"]
    assert lack == {
        "part": "object",
        "why": f"the object that was given has registry.test/other:1 at {_PATH}, the denial has {_OLD}",
    }


def test_moved_tag_is_asked_for_by_the_digest_that_it_had(desk: Desk, registries: Registries) -> None:
    registries.images[_OLD] = _fact("2026-02-14T00:00:00Z", f"sha256:{'b' * 64}")
    registries.images[f"registry.test/old@{_DIGEST}"] = _fact()
    capsule = desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", desk.folder / "deployment.yaml")
    document = json.loads(capsule.read_text())
    value = document["answers"]['{"image":"registry.test/old:1","v":1}']["value"]
    assert (value["digest"], value["image"], value["ref"]) == (_DIGEST, _OLD, desk.ref)
    assert desk.run("replay", capsule).exit_code == 0


def test_moved_tag_of_what_is_gone_makes_no_capsule_that_can_be_replayed(desk: Desk, registries: Registries) -> None:
    registries.images[_OLD] = _fact(digest=f"sha256:{'b' * 64}")
    capsule = desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", desk.folder / "deployment.yaml")
    (lack,) = json.loads(capsule.read_text())["missing"]
    assert lack["part"] == "answer"
    assert desk.run("replay", capsule).exit_code == 3


def test_image_that_is_gone_makes_no_capsule_that_can_be_replayed(desk: Desk, registries: Registries) -> None:
    registries.images[_OLD] = {"reason": "NotFound", "message": "gone"}
    capsule = desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", desk.folder / "deployment.yaml")
    (lack,) = json.loads(capsule.read_text())["missing"]
    assert lack["why"] == f"nothing is known of {_OLD} now, of which something was when it was denied"


def test_policy_that_says_something_else_is_found_out(desk: Desk) -> None:
    other = desk.file("other.yaml", *MaximumImageAge(max_age="31d").constraints())
    capsule = desk.capsule("--policy", other, "--resource", desk.folder / "deployment.yaml")
    (lack,) = json.loads(capsule.read_text())["missing"]
    assert lack["part"] == "sentence"
    assert "31 days are allowed" in lack["why"]


def _translated(desk: Desk, place: str, pod: dict[str, Any]) -> Path:
    path = desk.folder / "rule.yaml"
    path.write_text(_RULE.replace("PLACE", place))
    made = list(quick_yaml.load_all(desk.run("translate", path).stdout))
    template, constraint = (
        next(each for each in made if (each["kind"] == "ConstraintTemplate") is flag) for flag in (True, False)
    )
    desk.deny(template, constraint, pod)
    return path


def _one(pod: dict[str, Any]) -> dict[str, Any]:
    """The Pod with its second container alone."""
    spec = {**pod["spec"], "containers": pod["spec"]["containers"][1:]}
    return {**pod, "spec": spec}


@pytest.mark.parametrize(
    ("place", "held"),
    [
        ("input.metadata.labels.team", {"metadata": {"labels": {"team": "shop"}}}),
        ("input.spec.hostNetwork", {"spec": {"hostNetwork": True}}),
        ("input.spec.containers[0].securityContext.runAsUser", {}),
    ],
)
def test_what_a_rule_reads_is_held(desk: Desk, place: str, held: dict[str, Any]) -> None:
    pod = _one(_pod(hostNetwork=True))
    rule = _translated(desk, place, pod)
    capsule = desk.capsule("--policy", rule, "--resource", desk.file("pod.yaml", pod))
    text = capsule.read_text()
    assert _SECRET not in text
    found = json.loads(text)["review"]["object"]
    for part, fields in held.items():
        assert fields.items() <= found[part].items()
    assert desk.run("replay", capsule).exit_code == 0


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("input.spec.containers[0].env[0].value", "spec.containers[0].env of the object"),
        ("input.spec.containers[0].args[0]", "spec.containers[0].args of the object"),
        ("input.metadata.annotations.note", "metadata.annotations of the object"),
        ('input.config["linux/amd64"].config.Env', "config.Env of the image configuration"),
    ],
)
def test_what_is_never_held_is_named_where_a_rule_reads_it(desk: Desk, place: str, named: str) -> None:
    pod = _one(_pod())
    rule = _translated(desk, place, pod)
    capsule = desk.capsule("--policy", rule, "--resource", desk.file("pod.yaml", pod))
    held = {name: each for name, each in json.loads(capsule.read_text()).items() if name in {"review", "answers"}}
    assert _SECRET not in json.dumps(held)
    done = desk.run("replay", capsule)
    assert (done.exit_code, done.stdout) == (3, "")
    assert f"the policy reads {named}, which a capsule never holds" in done.stderr


@pytest.mark.parametrize("signed", [[], [{"by": "release", "reason": "SignatureRejected", "message": "bad"}]])
def test_missing_signature_is_replayed_too(desk: Desk, registries: Registries, signed: list[dict[str, str]]) -> None:
    """Who signed is no fact that lasts: the provider answers with a failure that may pass."""
    folder = ROOT / "policies" / "signed-images"
    template = quick_yaml.load((folder / "template.yaml").read_text())
    deny, warn = quick_yaml.load_all((folder / "constraint.yaml").read_text())
    image = f"registry.example.com/payments/ledger:2.2@{_DIGEST}"
    registries.images[image] = {"image": image, "digest": _DIGEST, "signed": signed}
    registries.policies = [Translation("SignedImages", template, (deny,))]
    pod = _one(_pod())
    pod["spec"]["containers"][0]["image"] = image
    desk.deny(template, deny, pod)
    policy = desk.file("signed.yaml", template, deny, warn)
    done = desk.run("replay", desk.capsule("--policy", policy))
    assert done.exit_code == 0, done.stderr
    shown = desk.denials()
    assert shown.exit_code == 1
    assert "SignatureAbsent" in shown.stdout.partition("Asked again now")[2]


def test_failure_that_has_passed_cannot_be_replayed(desk: Desk, registries: Registries) -> None:
    known = registries.images.pop(_OLD)
    deny, _ = MaximumImageAge().constraints()
    desk.deny(maximum_image_age.KIND.template(), deny, _pod())
    registries.images[_OLD] = known
    capsule = desk.capsule("--policy", desk.folder / "policy.yaml", "--resource", desk.folder / "deployment.yaml")
    (lack,) = json.loads(capsule.read_text())["missing"]
    assert lack["part"] == "sentence"
    assert "the policy does not say what it said, but: Image is 46 days old" in lack["why"]


def test_expanded_workload_is_replayed_as_the_pod_that_was_judged(desk: Desk) -> None:
    deny, warn = MaximumImageAge().constraints()
    for each in (deny, warn):
        each["spec"]["parameters"] |= {"workloads": [], "workloadsMatched": False}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": ""}
    pod = _pod()
    pod["metadata"] |= {"name": "web-pod", "ownerReferences": [owner]}
    expanded = {"uid": "", "userInfo": {}, "dryRun": None}
    desk.deny(maximum_image_age.KIND.template(), deny, pod, "[Implied by expand-deployments] ", **expanded)
    line = json.loads((desk.folder / "log").read_text())
    line |= {"resource_group": "apps", "resource_kind": "Deployment", "resource_name": "web"}
    (desk.folder / "log").write_text(json.dumps(line))
    policy = desk.file("policy.yaml", deny, warn)
    capsule = desk.capsule("--policy", policy, "--resource", desk.folder / "deployment.yaml")
    document = json.loads(capsule.read_text())
    assert document["sentence"].startswith("[Implied by expand-deployments] ")
    assert document["review"]["userInfo"] == {}
    done = desk.run("replay", capsule)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "the same sentence"), done.stderr


def test_everything_is_read_from_the_cluster(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = ClusterSimulator()
    monkeypatch.setattr(clusters, "connect", lambda *_: simulator.cluster)
    labels = {"control-plane": "controller-manager", "gatekeeper.sh/operation": "webhook"}
    pod = {"name": "gatekeeper-1", "namespace": "gatekeeper-system", "uid": "1", "labels": labels}
    simulator.add(PODS, {"metadata": pod})
    simulator.log("gatekeeper-system", "gatekeeper-1").write((desk.folder / "log").read_text().strip())
    simulator.add(CONSTRAINT_TEMPLATES, maximum_image_age.KIND.template())
    simulator.add(constraints("MaximumImageAge"), MaximumImageAge().constraints()[0])
    owner = _deployment()
    made = {**owner, "kind": "ReplicaSet", "metadata": {"name": "web-6d5f", "namespace": "shop"}}
    simulator.add(Resource("apps", "v1", "replicasets", "ReplicaSet"), made)
    done = desk.run("denials", desk.ref, "--capsule")
    assert (done.exit_code, done.stderr) == (0, "")
    assert desk.run("replay", "-", given=done.stdout.encode()).exit_code == 0


def test_capsule_is_canonical(whole: Path) -> None:
    document = json.loads(whole.read_text())
    assert capsule_file.write(capsule_file.read(whole.read_bytes())) == document
