"""What a person reads after `helm install`."""

from __future__ import annotations

import shutil

import pytest

from tests.integration.chart.helm import CHART, Helm

pytestmark = pytest.mark.integration

WARNINGS = [
    (["provider.replicas=1"], "provider.replicas is 1"),
    (["provider.podDisruptionBudget.enabled=false"], "provider.podDisruptionBudget.enabled is false"),
    (["image.tag=latest"], "image.digest is empty"),
    ([], "image.registry is empty"),
    (["provider.insecureRegistries={plain.lab:5000}"], "provider.insecureRegistries (plain.lab:5000)"),
    (["provider.networkPolicy.enabled=false"], "provider.networkPolicy.enabled is false"),
    (["mutation.enabled=false"], "mutation.enabled is false"),
    (["provider.securityContext.readOnlyRootFilesystem=false"], "weaker than the default"),
    (["provider.podSecurityContext.runAsNonRoot=false"], "weaker than the default"),
    (["provider.timeouts.validate=3"], "provider.timeouts.validate is 3 s or more"),
    (["gatekeeper.namespace=gk", "gatekeeper.clientCA.secretName=copy"], "the copy of ca.crt in the Secret copy"),
]
SAFE = ["image.registry=registry.example.com", f"image.digest=sha256:{'0' * 64}"]


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
    assert text.index("the constraints, then their ConstraintTemplates") < text.index("uninstall bestbefore")


def test_notes_keep_the_providers_own_namespace_out_of_policies(notes: Helm) -> None:
    assert "Label neither gatekeeper-system nor kube-system" in read(notes, SAFE)


def test_every_warning_has_a_case_here() -> None:
    text = (CHART / "templates" / "NOTES.txt").read_text(encoding="utf-8")
    twice = 1
    assert text.count("append $warnings") == len(WARNINGS) - twice
