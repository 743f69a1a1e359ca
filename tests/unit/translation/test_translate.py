import copy
from dataclasses import dataclass, field, replace

import pytest
import yaml

from gatekeeper.evaluation.opa import OpaError
from gatekeeper.policy import PolicyError, load_policies
from gatekeeper.translation import names, policy_rule, schema
from gatekeeper.translation.rendering import render
from gatekeeper.translation.translate import coverage, objects, translate

RULE = "package sigstore\nisCompliant = true\n"
CIP = {
    "apiVersion": "policy.sigstore.dev/v1beta1",
    "kind": "ClusterImagePolicy",
    "metadata": {"name": "age"},
    "spec": {
        "images": [{"glob": "**"}],
        "authorities": [{"static": {"action": "pass"}}],
        "policy": {"type": "rego", "fetchConfigFile": True, "data": RULE},
    },
}


def cip(name="age", rule=RULE, **spec):
    made = copy.deepcopy(CIP)
    made["metadata"]["name"] = name
    made["spec"] |= spec
    if rule is None:
        del made["spec"]["policy"]
    else:
        made["spec"]["policy"]["data"] = rule
    return made


@pytest.fixture
def load(tmp_path):
    def read(*documents):
        file = tmp_path / "cips.yaml"
        file.write_text(yaml.safe_dump_all(documents))
        return load_policies([file])

    return read


@dataclass
class CheckerDouble:
    """Remembers what it compiles, and finds what a test tells it to, by file."""

    problems: dict = field(default_factory=dict)
    compiled: list = field(default_factory=list)

    def check(self, folder):
        texts = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.rego")}
        self.compiled.append(texts)
        return [each for file, each in self.problems.items() if file in texts]


def source(document):
    return document["spec"]["targets"][0]["code"][0]["source"]


def test_policy_with_a_rule_has_a_template_of_its_own(load):
    (made,) = translate(load(cip()).policies)
    kind = made.template["spec"]["crd"]["spec"]["names"]["kind"]
    assert made.template["metadata"]["name"] == kind.lower()
    assert f"package {kind.lower()}\n" in source(made.template)["rego"]
    assert source(made.template)["version"] == "v0"
    assert source(made.template)["libs"][-1] == RULE.replace("sigstore", f"lib.policies.{kind.lower()}")
    assert "template_rule" not in source(made.template)["rego"]
    (constraint,) = made.constraints
    assert constraint["kind"] == kind
    assert constraint["spec"]["enforcementAction"] == "deny"


def test_policies_without_a_rule_share_the_same_bytes(load):
    one, other = translate(load(cip("a", None), cip("b", None)).policies)
    assert one.template == other.template
    assert len(objects([one, other])) == 3


def test_translation_is_the_same_bytes_each_time(load):
    policies = load(cip("a"), cip("b", None), cip("c")).policies
    assert render(objects(translate(policies))) == render(objects(translate(policies)))


def test_templates_come_before_constraints(load):
    kinds = [each["kind"] for each in objects(translate(load(cip("a"), cip("b")).policies))]
    assert kinds[:2] == ["ConstraintTemplate"] * 2
    assert "ConstraintTemplate" not in kinds[2:]


def test_mode_is_the_constraint_s_action(load):
    (made,) = translate(load(cip(mode="warn")).policies)
    assert [each["spec"]["enforcementAction"] for each in made.constraints] == ["warn"]


def test_change_of_the_policy_changes_its_digest(load):
    def digest(document):
        (made,) = translate(load(document).policies)
        return made.constraints[0]["metadata"]["annotations"]["bestbefore.dev/policy-digest"]

    same = digest(cip())
    assert digest(cip()) == same
    assert digest(cip(rule=RULE + "\n")) != same
    assert digest(cip(mode="warn")) != same
    assert digest(cip(images=[{"glob": "registry.test/**"}])) != same


def test_parameters_fit_their_schema(load):
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}
    match = [{"resource": "pods", "version": "v1", "selector": selector}]
    (made,) = translate(load(cip(match=match)).policies)

    def unknown(value, known, path=""):
        if isinstance(value, dict) and "properties" in known:
            for name, inner in value.items():
                if name not in known["properties"]:
                    yield f"{path}.{name}"
                else:
                    yield from unknown(inner, known["properties"][name], f"{path}.{name}")
        if isinstance(value, list):
            for inner in value:
                yield from unknown(inner, known["items"], path)

    # A parameter that the schema does not know is dropped by the API server.
    for constraint in made.constraints:
        assert list(unknown(constraint["spec"]["parameters"], schema.parameters_schema())) == []


def test_uncovered_images_have_a_template_of_their_own(load):
    made = coverage(load(cip("a"), cip("b", None)).policies, "warn")
    (constraint,) = made.constraints
    assert constraint["spec"]["enforcementAction"] == "warn"
    assert [each["name"] for each in constraint["spec"]["parameters"]["policies"]] == ["a", "b"]


def test_every_problem_of_every_policy_is_told(load):
    policies = load(
        cip("a", "package other\n"), cip("b", "package sigstore\nx := http.send({})\ny := data.z\n")
    ).policies
    with pytest.raises(PolicyError) as caught:
        translate(policies)
    assert len(caught.value.problems) == 3
    assert all(
        "failed evaluating rego policy for type ClusterImagePolicy" in str(each) for each in caught.value.problems
    )


def test_problem_names_the_file(load):
    loaded = load(cip(rule="package other\n"))
    with pytest.raises(PolicyError, match=r"cips\.yaml: spec\.policy\.data: "):
        translate(loaded.policies, documents=loaded.documents)


def test_rules_are_compiled_in_one_run(load):
    checker = CheckerDouble()
    translate(load(cip("a"), cip("b"), cip("c", None)).policies, checker)
    (texts,) = checker.compiled
    rules = [text for file, text in texts.items() if file.endswith("/sigstore.rego")]
    templates = [text for file, text in texts.items() if file.endswith("/template.rego")]
    assert (len(rules), len(templates)) == (2, 2)
    assert all(text.startswith("package lib.policies.cip") for text in rules)


def test_what_is_compiled_is_what_the_templates_hold(load):
    checker = CheckerDouble()
    (made,) = translate(load(cip()).policies, checker)
    held = source(made.template)
    assert set(checker.compiled[0].values()) == {held["rego"], *held["libs"]}


def test_rule_that_does_not_fit_its_template_is_told(load):
    loaded = load(cip("a"))
    kind = translate(loaded.policies)[0].template["spec"]["crd"]["spec"]["names"]["kind"]
    file = f"{kind}/template.rego"
    checker = CheckerDouble({file: OpaError("rego_type_error", "not called", file, 34)})
    with pytest.raises(PolicyError) as caught:
        translate(loaded.policies, checker)
    (problem,) = caught.value.problems
    assert problem.message.endswith("sigstore.rego:1: rego_type_error: not called")


def test_rule_that_says_v1_is_compiled_as_written_too(load):
    checker = CheckerDouble()
    rule = "package sigstore\nimport rego.v1\nisCompliant := true\n"
    translate(load(cip(rule=rule)).policies, checker)
    assert list(checker.compiled[0].values()) == [rule]
    assert not any("import rego.v1" in text for text in checker.compiled[1].values())


def test_what_the_engine_finds_is_told_of_its_policy(load):
    loaded = load(cip("a"), cip("b"))
    kind = translate(loaded.policies)[1].template["spec"]["crd"]["spec"]["names"]["kind"]
    file = f"{kind}/sigstore.rego"
    checker = CheckerDouble({file: OpaError("rego_type_error", "undefined", file, 2)})
    with pytest.raises(PolicyError) as caught:
        translate(loaded.policies, checker)
    (problem,) = caught.value.problems
    assert problem.message.endswith("sigstore.rego:2: rego_type_error: undefined")


def test_rule_with_problems_of_its_own_is_not_compiled(load):
    checker = CheckerDouble()
    with pytest.raises(PolicyError):
        translate(load(cip(rule="package other\n")).policies, checker)
    assert checker.compiled == []


def test_rule_is_compiled_also_beside_one_that_is_refused(load):
    checker = CheckerDouble()
    with pytest.raises(PolicyError):
        translate(load(cip("a", rule="package other\n"), cip("b")).policies, checker)
    assert len(checker.compiled) == 1


@pytest.mark.parametrize("place", ["configMapRef", "remote"])
def test_problem_of_a_rule_that_stands_elsewhere_names_the_reference(load, place):
    loaded = load(cip(rule="package other\n"))
    (name,) = loaded.documents
    document = replace(loaded.documents[name], value={"spec": {"policy": {place: {"name": "a"}}}})
    with pytest.raises(PolicyError, match=rf"spec\.policy\.{place}: failed evaluating"):
        translate(loaded.policies, documents={name: document})


def test_template_that_no_cluster_takes_is_refused(load, monkeypatch):
    monkeypatch.setattr(policy_rule, "TEMPLATE_BYTES", 10_000)
    with pytest.raises(PolicyError, match="a cluster takes 10000"):
        translate(load(cip(rule=RULE + "#" * 10_000)).policies)


# What the question asks for.

READING = "package sigstore\nisCompliant = input.config[_].created\n"


class ParserDouble:
    """Has the syntax tree of READING, as a library of whatever policy, and of no other text."""

    def parse(self, text):
        if "isCompliant = input.config[_].created" not in text:
            return None
        platform = {"type": "var", "value": "$0"}
        path = [{"type": "string", "value": name} for name in ("config", "created")]
        value = {"type": "ref", "value": [{"type": "var", "value": "input"}, path[0], platform, path[1]]}
        name = {"type": "var", "value": "isCompliant"}
        body = [{"index": 0, "terms": {"type": "boolean", "value": True}}]
        return {"rules": [{"head": {"name": "isCompliant", "value": value, "ref": [name]}, "body": body}]}


def main_text(translation):
    return translation.template["spec"]["targets"][0]["code"][0]["source"]["rego"]


def test_template_asks_for_what_the_rule_is_proved_to_read(load):
    (made,) = translate(load(cip(rule=READING)).policies, parser=ParserDouble())
    assert '\n_config := [["created"]]\n' in main_text(made)
    assert main_text(made).count("_config") == 2


@pytest.mark.parametrize("parser", [None, ParserDouble()])
def test_template_asks_for_all_of_the_configuration_where_nothing_is_proved(load, parser):
    (made,) = translate(load(cip()).policies, parser=parser)
    assert "\n_config := true\n" in main_text(made)


def test_rule_that_gets_no_configuration_is_not_looked_at(load):
    rule = {"type": "rego", "data": READING}
    (made,) = translate(load(cip(policy=rule)).policies, parser=ParserDouble())
    assert "\n_config := true\n" in main_text(made)


def test_constraint_cannot_disagree_with_the_rule_about_what_is_asked_for(load):
    plain, proved = (translate(load(cip(rule=READING)).policies, parser=each) for each in (None, ParserDouble()))
    assert plain[0].constraints == proved[0].constraints


def test_made_objects_name_their_policy_and_the_version(load):
    with_rule, without = translate(load(cip("a"), cip("b", None)).policies)
    marks = ("bestbefore.dev/cluster-image-policy", "bestbefore.dev/translator-version", "bestbefore.dev/policy-digest")
    for each, name in ((with_rule.template, "a"), *((made, "a") for made in with_rule.constraints)):
        assert [each["metadata"]["annotations"].get(mark) is not None for mark in marks] == [True] * 3
        assert each["metadata"]["annotations"]["bestbefore.dev/cluster-image-policy"] == name
    assert list(without.template["metadata"]["annotations"]) == ["bestbefore.dev/translator-version"]


def test_template_for_uncovered_images_has_its_own_parameters(load):
    known = coverage(load(cip()).policies, "deny").template["spec"]["crd"]["spec"]["validation"]["openAPIV3Schema"]
    assert "policies" in known["properties"]
    assert known == schema.coverage_schema()


def test_what_is_not_supported_is_refused(load):
    given = cip()
    given["spec"]["policy"] |= {"type": "cue", "data": "for x in y {z: x}"}
    with pytest.raises(PolicyError) as caught:
        translate(load(given).policies)
    assert [problem.path for problem in caught.value.problems] == ["spec.policy.data"]


def test_two_policies_that_would_become_one_constraint_are_refused(load, monkeypatch):
    monkeypatch.setattr(names, "constraint_name", lambda *_: "one")
    with pytest.raises(PolicyError, match=r"the policies a and b would become one Constraint one; rename one"):
        translate(load(cip("a", None), cip("b", None)).policies)
    assert len(translate(load(cip("a"), cip("b")).policies)) == 2
