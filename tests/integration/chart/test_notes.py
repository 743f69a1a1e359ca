"""What a person reads after `helm install`."""

from __future__ import annotations

import shutil

import pytest

from tests.integration.chart.helm import CHART, Helm

pytestmark = pytest.mark.integration

WARNINGS = [
    (["provider.replicas=1"], "provider.replicas (or provider.autoscaling.minReplicas) is 1"),
    (["provider.podDisruptionBudget.enabled=false"], "provider.podDisruptionBudget.enabled is false"),
    (["image.tag=latest"], "image.digest is empty"),
    ([], "image.registry is empty"),
    (["provider.insecureRegistries={plain.lab:5000}"], "provider.insecureRegistries (plain.lab:5000)"),
    (["provider.networkPolicy.enabled=false"], "provider.networkPolicy.enabled is false"),
    (
        ["provider.podDisruptionBudget.unhealthyPodEvictionPolicy=IfHealthyBudget"],
        "provider.podDisruptionBudget.unhealthyPodEvictionPolicy is IfHealthyBudget",
    ),
    (["provider.preStopSleepSeconds=0"], "provider.preStopSleepSeconds is 0"),
    (["provider.resources.limits.cpu=1"], "provider.resources.limits.cpu is set"),
    (["grafana.dashboards.enabled=true", "controller.log.format=text"], "controller.log.format is text"),
    (["mutation.enabled=false"], "mutation.enabled is false"),
    (["provider.securityContext.readOnlyRootFilesystem=false"], "weaker than the default"),
    (["provider.podSecurityContext.runAsNonRoot=false"], "weaker than the default"),
    (
        [f"provider.podSecurityContext.{number}=null" for number in ("runAsUser", "runAsGroup", "fsGroup")],
        "provider.podSecurityContext.fsGroup is null",
    ),
    (
        [],
        "whether Gatekeeper writes denials into its log cannot be seen from here. kubectl -n",
    ),
    ([], "crds.clusterImagePolicies is false, and the cluster has no kind ClusterImagePolicy"),
    (["crds.clusterImagePolicies=true", "controller.policies.enabled=false"], "nobody brings it into force"),
    (["crds.clusterImagePolicies=true", "controller.enabled=false"], "nobody brings it into force"),
    (
        ["controller.policies.shadow=true", "mutation.enabled=false"],
        "controller.policies.shadow is true: no ClusterImagePolicy denies",
    ),
    (["controller.rbac.create=false"], "controller.rbac.create is false"),
    (["controller.networkPolicy.enabled=false"], "controller.networkPolicy.enabled is false"),
    (["prometheusRule.enabled=true", "controller.enabled=false"], "controller.enabled is false: nobody counts denials"),
    (["grafana.dashboards.enabled=true"], "docsUrl is empty"),
    (["prometheusRule.enabled=true"], "unless Prometheus finds the Pods in another way"),
    (["gatekeeper.namespace=gk", "gatekeeper.clientCA.secretName=copy"], "the copy of ca.crt in the Secret copy"),
]
# Without a cluster nobody knows whether Gatekeeper writes denials, and the notes say so.
SAFE = ["image.registry=registry.example.com", f"image.digest=sha256:{'0' * 64}", "controller.enabled=false"]


@pytest.fixture(scope="module")
def notes(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """A chart whose only object is the notes: `helm template` prints none."""
    chart = tmp_path_factory.mktemp("notes") / "bestbefore"
    shutil.copytree(CHART, chart)
    text = (chart / "templates" / "NOTES.txt").read_text(encoding="utf-8")
    for file in (chart / "templates").glob("*.yaml"):
        file.unlink()
    (chart / "templates" / "NOTES.txt").unlink()
    (chart / "templates" / "_notes.tpl").write_text(f'{{{{ define "notes" }}}}{text}{{{{ end }}}}', encoding="utf-8")
    wrapped = 'kind: Notes\ntext: {{ include "notes" . | toJson }}\n'
    (chart / "templates" / "notes.yaml").write_text(wrapped, encoding="utf-8")
    return Helm(helm.program, chart)


def read(notes: Helm, values: list[str]) -> str:
    return str(notes.render(values=values).one("Notes")["text"])


@pytest.mark.parametrize(("values", "words"), WARNINGS, ids=str)
def test_unsafe_value_is_warned_of(notes: Helm, values: list[str], words: str) -> None:
    assert words in read(notes, values)


def test_safe_values_are_not_warned_of(notes: Helm) -> None:
    assert "WARNINGS" not in read(notes, SAFE)


def test_notes_say_how_to_check_and_in_which_order_to_remove(notes: Helm) -> None:
    text = read(notes, SAFE)
    assert "kubectl -n gatekeeper-system rollout status deployment/bestbefore" in text
    removal = text.partition("REMOVE")[2]
    assert removal.index("what people applied themselves") < removal.index("helm -n gatekeeper-system uninstall")
    assert "bestbefore uninstall -n" not in removal


def test_notes_of_a_release_without_the_hook_name_its_command(notes: Helm) -> None:
    removal = read(notes, ["uninstall.enabled=false"]).partition("REMOVE")[2]
    assert removal.index("bestbefore uninstall -n gatekeeper-system") < removal.index("helm -n gatekeeper-system un")


def test_notes_say_what_holds_of_policies(notes: Helm) -> None:
    text = read(notes, ["crds.clusterImagePolicies=true", "controller.policies.noMatch=warn"])
    assert "kubectl apply -f POLICY.yaml" in text
    assert "While none is in force, everything is admitted" in text
    assert "people are warned" in text
    assert "bestbefore translate POLICY" not in text
    assert "has no kind ClusterImagePolicy" not in text
    without = read(notes, ["controller.policies.enabled=false"])
    assert "bestbefore translate POLICY.yaml | kubectl apply --server-side -f -" in without
    assert "policystatus" not in without


def test_notes_keep_the_providers_own_namespace_out_of_policies(notes: Helm) -> None:
    assert "Label neither gatekeeper-system nor kube-system" in read(notes, SAFE)


def test_emergency_exit_of_the_notes_is_that_of_the_page(notes: Helm) -> None:
    page = (CHART.parents[1] / "docs" / "how-to" / "nothing-can-be-deployed.md").read_text(encoding="utf-8")
    exits = [line.strip() for line in read(notes, SAFE).splitlines() if line.startswith("    kubectl")]
    assert len(exits) == 2
    assert all(f"$ {line}\n" in page for line in exits)


def test_every_warning_has_a_case_here() -> None:
    text = (CHART / "templates" / "NOTES.txt").read_text(encoding="utf-8")
    twice = 2
    # What only a cluster can make them say: helm/bestbefore/tests/notes_test.yaml.
    there = 3
    assert text.count("append $warnings") == len(WARNINGS) - twice + there
