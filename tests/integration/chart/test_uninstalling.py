"""The hook that runs before the release goes: what it runs, as whom, and when it gives up."""

from __future__ import annotations

import pytest

from gatekeeper.cli.output import Exit
from gatekeeper.trustroots import limits as root_limits
from gatekeeper.uninstallation import limits
from tests.integration.chart.helm import CHART, NAMESPACE, Helm, Object, Rendering, component

pytestmark = pytest.mark.integration

_PART = "uninstall"
# Helm's own default.
_HELM_SECONDS = 300


def _hooks(rendering: Rendering) -> list[Object]:
    return [found for found in rendering.objects if component(found) == _PART]


def _words(rendering: Rendering) -> list[str]:
    """The command, without the ConfigMaps of trust roots."""
    (container,) = rendering.pod_of(_PART)["containers"]
    return [word for word in container["args"] if not word.startswith("--config-map=")]


def test_every_part_of_the_hook_runs_before_the_deletion_and_the_job_last(rendering: Rendering) -> None:
    hooks = {found["kind"]: found["metadata"]["annotations"] for found in _hooks(rendering)}
    assert {each["helm.sh/hook"] for each in hooks.values()} == {"pre-delete"}
    weights = {kind: int(each["helm.sh/hook-weight"]) for kind, each in hooks.items()}
    assert all(weight < weights["Job"] for kind, weight in weights.items() if kind != "Job")


def test_rights_end_with_the_hook_and_a_failed_job_stays_to_be_read(rendering: Rendering) -> None:
    for found in _hooks(rendering):
        policies = set(found["metadata"]["annotations"]["helm.sh/hook-delete-policy"].split(","))
        kept = {"hook-failed"} if found["kind"] == "Job" else set()
        assert policies == {"before-hook-creation", "hook-succeeded", "hook-failed"} - kept


def test_job_runs_the_command_in_the_namespace_of_the_release(helm: Helm, rendering: Rendering) -> None:
    (container,) = rendering.pod_of(_PART)["containers"]
    assert container["image"] == rendering.pod["containers"][0]["image"]
    assert container["args"][:3] == ["uninstall", f"--namespace={NAMESPACE}", "--hook"]
    apart = helm.render(CHART / "ci" / "secret-values.yaml")
    assert _words(apart) == ["uninstall", "--namespace=bestbefore", "--hook"]


def test_account_is_its_own_and_bound_to_its_own_roles(rendering: Rendering) -> None:
    pod = rendering.pod_of(_PART)
    assert pod["automountServiceAccountToken"] is True
    assert pod["serviceAccountName"] == rendering.one("ServiceAccount", _PART)["metadata"]["name"]
    for kind in ("Role", "ClusterRole"):
        binding, role = rendering.one(f"{kind}Binding", _PART), rendering.one(kind, _PART)
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == (kind, role["metadata"]["name"])
        (subject,) = binding["subjects"]
        assert (subject["name"], subject["namespace"]) == (pod["serviceAccountName"], NAMESPACE)


def test_nothing_can_be_written_and_a_name_is_said_where_there_is_one(rendering: Rendering) -> None:
    rules = [rule for kind in ("Role", "ClusterRole") for rule in rendering.one(kind, _PART)["rules"]]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "delete", "patch"}
    (scale,) = (rule for rule in rules if "patch" in rule["verbs"])
    assert (scale["resources"], scale["resourceNames"]) == (["deployments/scale"], ["bestbefore-controller"])
    nameless = {tuple(rule["resources"]) for rule in rules if "delete" in rule["verbs"] and "resourceNames" not in rule}
    assert nameless == {("constrainttemplates",), ("*",), ("policystatuses",)}


def test_secrets_are_given_by_name_and_the_right_is_for_these_alone(rendering: Rendering) -> None:
    (container,) = rendering.pod_of(_PART)["containers"]
    given = [word.removeprefix("--secret=") for word in container["args"] if word.startswith("--secret=")]
    rules = rendering.one("Role", _PART)["rules"]
    assert [name for rule in rules if "secrets" in rule["resources"] for name in rule["resourceNames"]] == given


def test_config_maps_are_those_that_the_controller_may_write(helm: Helm, rendering: Rendering) -> None:
    (container,) = rendering.pod_of(_PART)["containers"]
    given = [word.removeprefix("--config-map=") for word in container["args"] if word.startswith("--config-map=")]
    for part in (_PART, "controller"):
        roles = [role for role in rendering.of("Role") if component(role) == part]
        rules = [rule for role in roles for rule in role["rules"] if "configmaps" in rule["resources"]]
        assert [name for rule in rules for name in rule.get("resourceNames", [])] == given
    assert len(given) == root_limits.MIRRORS + 1
    without = helm.render(values=["controller.trustRoots.enabled=false"])
    assert "configmaps" not in str(without.one("Role", _PART)["rules"])


def test_secret_of_somebody_else_is_not_given(helm: Helm) -> None:
    theirs = helm.render(CHART / "ci" / "secret-values.yaml")
    assert len(_words(theirs)) == 3
    assert not [rule for rule in theirs.one("Role", _PART)["rules"] if "secrets" in rule["resources"]]


def test_what_another_try_would_not_change_is_not_tried_again(rendering: Rendering) -> None:
    job = rendering.one("Job", _PART)["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"]["values"] == [Exit.DENIED, Exit.USAGE]
    assert Exit.NO_VERDICT not in rule["onExitCodes"]["values"]
    # As Kubernetes wants it with such rules.
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert rule["onExitCodes"]["containerName"] == job["template"]["spec"]["containers"][0]["name"]


def test_job_ends_before_helm_stops_waiting(rendering: Rendering) -> None:
    deadline = rendering.one("Job", _PART)["spec"]["activeDeadlineSeconds"]
    assert limits.STOP_SECONDS + 6 * limits.GONE_SECONDS < deadline < _HELM_SECONDS


def test_hook_reaches_dns_and_the_api_server_alone(rendering: Rendering) -> None:
    policy = rendering.one("NetworkPolicy", _PART)["spec"]
    dns, server = policy["egress"]
    assert {port["port"] for port in dns["ports"]} == {53, 5353}
    assert {port["port"] for port in server["ports"]} == {443, 6443}
    labels = rendering.one("Job", _PART)["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()


def test_hook_can_be_left_out(helm: Helm) -> None:
    assert _hooks(helm.render(values=["uninstall.enabled=false"])) == []
