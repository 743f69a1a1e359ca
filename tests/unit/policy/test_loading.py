"""Files to policies: several at once, and what may stand beside them."""

from __future__ import annotations

import copy
import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.policy import PolicyError, Severity, load_policies, policy_of, problems_of
from gatekeeper.policy.model import ClusterImagePolicy
from provider import limits

POLICY = {
    "apiVersion": "policy.sigstore.dev/v1beta1",
    "kind": "ClusterImagePolicy",
    "metadata": {"name": "one"},
    "spec": {"images": [{"glob": "**"}], "authorities": [{"static": {"action": "pass"}}]},
}
TEXT = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: NAME}
spec:
  images: [{glob: "**"}]
  authorities: [{static: {action: pass}}]
"""
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: k, namespace: NAMESPACE}\ndata: {k: c2VjcmV0}\n"


def text(*names: str) -> str:
    return "---\n".join(TEXT.replace("NAME", name) for name in names)


def load(content: str):
    return load_policies(["-"], io.BytesIO(content.encode()))


def refusals(content: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load(content)
    return [str(problem) for problem in caught.value.problems]


def changed(**spec):
    value = copy.deepcopy(POLICY)
    value["spec"].update(spec)
    return value


def test_what_was_left_out_is_filled_in():
    (policy,) = load(text("one")).policies
    assert policy.name == "one"
    assert policy.spec.mode == "enforce"
    assert policy.spec.authorities[0].name == "authority-0"


def test_keyless_without_a_url_gets_the_public_one():
    policy = policy_of(changed(authorities=[{"keyless": {"identities": [{"issuer": "a", "subject": "b"}]}}]))
    assert policy.spec.authorities[0].keyless.url == "https://fulcio.sigstore.dev"


def test_the_policies_of_all_files_come_in_their_order(tmp_path):
    (tmp_path / "b.yaml").write_text(text("two", "three"))
    (tmp_path / "a.yaml").write_text(text("one"))
    loaded = load_policies([tmp_path])
    assert [policy.name for policy in loaded.policies] == ["one", "two", "three"]
    assert loaded.documents["three"].index == 2


def test_a_list_of_policies_is_read():
    items = "\n".join(
        f"- {line}" if number == 0 else f"  {line}" for number, line in enumerate(text("one").splitlines())
    )
    loaded = load(f"apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicyList\nitems:\n{items}\n")
    assert [policy.name for policy in loaded.policies] == ["one"]


def test_a_problem_within_a_list_has_the_path_within_the_file():
    (problem,) = refusals('{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Pod", "apiVersion": "v1"}]}')
    assert problem.startswith("-: items[0]: unknown type v1/Pod")


def test_where_constraints_are_taken_it_is_said_that_they_are(tmp_path):
    waiver = tmp_path / "waiver.yaml"
    waiver.write_text("apiVersion: bestbefore.dev/v1alpha1\nkind: Waiver\nmetadata: {name: w}\n")
    with pytest.raises(PolicyError) as caught:
        load_policies([waiver], with_constraints=True)
    assert "or a Constraint of Gatekeeper; Waivers are for --waiver)" in str(caught.value)
    (tmp_path / "empty.yaml").write_text("")
    with pytest.raises(PolicyError, match="no ClusterImagePolicy found, and no Constraint"):
        load_policies([tmp_path / "empty.yaml"], with_constraints=True)


def test_two_policies_of_one_name_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_text(text("one"))
    (tmp_path / "b.yaml").write_text(text("two", "one"))
    with pytest.raises(PolicyError) as caught:
        load_policies([tmp_path])
    (problem,) = caught.value.problems
    assert (problem.path, problem.document, problem.line) == ("metadata.name", 2, 10)
    assert str(problem).endswith(f'duplicate policy named "one" (the first is in {tmp_path / "a.yaml"})')


def test_the_problems_of_all_files_are_told_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text("{]")
    (tmp_path / "b.yaml").write_text(text("one").replace('"**"', "a?"))
    (tmp_path / "c.yaml").write_text(text("two").replace("pass", "allow"))
    with pytest.raises(PolicyError) as caught:
        load_policies([tmp_path, tmp_path / "missing.yaml"])
    files = [problem.file.rpartition("/")[2] for problem in caught.value.problems]
    assert files == ["a.yaml", "missing.yaml", "b.yaml", "c.yaml"]  # what cannot be read comes first


def test_a_secret_of_policy_controller_and_a_trust_root_may_stand_beside_policies():
    root = "apiVersion: policy.sigstore.dev/v1alpha1\nkind: TrustRoot\nmetadata: {name: own}\n"
    loaded = load(f"{text('one')}---\n{SECRET.replace('NAMESPACE', 'cosign-system')}---\n{root}")
    assert loaded.warnings == ()
    assert [each.name for each in loaded.secrets] == ["k"]
    assert [each.name for each in loaded.trust_roots] == ["own"]
    assert "no ClusterImagePolicy found" in refusals(root)[0]


@pytest.mark.parametrize("braces", ['"{{ .Values.name }}"', "'{{- include \"x\" . -}}'", '"a-{{ .Release.Name }}"'])
def test_a_policy_that_helm_has_not_rendered_is_refused_by_name(braces):
    (problem,) = refusals(text("one").replace("name: one", f"name: {braces}"))
    assert "metadata.name: it has not been rendered" in problem
    assert "helm template CHART" in problem


def test_a_secret_of_another_namespace_is_refused_without_its_content():
    (problem,) = refusals(f"{text('one')}---\n{SECRET.replace('NAMESPACE', 'shop')}")
    assert "invalid value: shop: [1].metadata.namespace" in problem
    assert "c2VjcmV0" not in problem


@pytest.mark.parametrize("content", ["", "# nothing\n", SECRET.replace("NAMESPACE", "cosign-system")])
def test_files_without_a_policy_are_refused(content):
    assert "-: no ClusterImagePolicy found" in refusals(content)


def test_a_rule_up_to_the_limit_is_accepted_and_beyond_it_refused_by_its_size():
    rule = {"type": "rego", "data": "#" * limits.POLICY_BYTES}
    assert problems_of(changed(policy=rule)) == []
    (problem,) = problems_of(changed(policy={"type": "rego", "data": "#" * limits.MIB}))
    assert (
        str(problem)
        == "spec.policy.data: invalid value: 1024 KiB: spec.data: the policy's text may have 512 KiB at most"
    )


def test_a_long_value_is_shown_in_part():
    (problem,) = problems_of(changed(images=[{"glob": "?" * 100_000}]))
    assert len(str(problem)) < 5000


def test_a_problem_of_very_many_fields_names_some_of_them():
    (problem,) = problems_of(changed(images=[{}] * 10_000))
    assert problem.message.endswith(", and 9900 more")
    assert len(problem.fields) == 10_000


def test_very_many_unknown_fields_are_told_without_suggestions_for_each():
    problems = problems_of(changed(**{f"image{number}": [] for number in range(5_000)}))
    assert len(problems) == 5_000
    assert problems[0].hint
    assert not problems[-1].hint


def test_a_regular_expression_beyond_the_limit_is_refused_unread():
    identity = {"issuer": "a", "subjectRegExp": "[" + "[:" * limits.MIB}
    (problem,) = problems_of(changed(authorities=[{"keyless": {"identities": [identity]}}]))
    assert problem.detail == "is longer than 16384 characters"


def test_control_characters_of_a_value_do_not_reach_the_terminal():
    (problem,) = problems_of(changed(mode="\x1b[31mwarn\x9b"))
    assert "\x1b" not in str(problem)
    assert "\x9b" not in str(problem)


def test_an_unknown_field_hides_no_other_problem():
    problems = problems_of(changed(imags=[], mode="audit"))
    assert [problem.path for problem in problems] == ["spec.imags", "spec.mode"]


def test_a_field_of_the_wrong_type_is_not_also_missing():
    problems = problems_of(changed(authorities=[{"static": []}], images={}))
    assert [problem.path for problem in problems] == ["spec.images", "spec.authorities[0].static"]


def test_equal_problems_are_joined_as_the_webhook_joins_them():
    problems = problems_of(changed(images=[{}, {}], authorities=[{"static": {}}]))
    (problem,) = problems
    assert problem.text == (
        "missing field(s): spec.authorities[0].static.action, spec.images[0].glob, spec.images[1].glob"
    )
    assert problem.path == "spec"
    assert problem.fields == ("spec.images[0].glob", "spec.images[1].glob", "spec.authorities[0].static.action")


def test_the_webhooks_path_is_translated_where_the_problem_does_not_say_it():
    (problem,) = problems_of(changed(images=[{}], policy={"type": "rego", "configMapRef": {"name": "a"}}))
    assert problem.text == "missing field(s): spec.configMapRef.key, spec.images[0].glob"
    assert problem.hint == "spec.configMapRef.key is spec.policy.configMapRef.key"


def test_the_webhooks_words_keep_their_two_lines():
    (problem,) = problems_of(changed(mode="audit"))
    assert problem.text == "invalid value: audit: spec.mode\nunsupported mode"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["images", "authorities", "policy", "match", "mode"])


@given(st.dictionaries(FIELDS, JSON))
def test_any_spec_is_a_policy_or_has_problems(spec):
    value = {**POLICY, "spec": spec}
    problems = [problem for problem in problems_of(value) if problem.severity is Severity.ERROR]
    if problems:
        with pytest.raises(PolicyError):
            policy_of(value)
    else:
        assert isinstance(policy_of(value), ClusterImagePolicy)


@given(JSON)
def test_any_object_is_a_policy_or_has_problems(value):
    assert problems_of(value if isinstance(value, dict) else {"spec": value})


def test_reading_policies_needs_neither_http_nor_cryptography():
    modules = "requests,flask,cryptography,yaml,urllib3"
    program = f"import sys, gatekeeper.policy\nprint([name for name in '{modules}'.split(',') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("content", "status"), [(text("one"), 0), ("{]", 2)])
def test_the_module_checks_files_by_itself(tmp_path, content, status):
    path = tmp_path / "policy.yaml"
    path.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "gatekeeper.policy", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) is bool(status)
