"""Rules and dashboards as the chart brings them into the cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.integration.chart.helm import CHART, Helm, Object, Rendering, component
from tests.integration.rules import promtool

pytestmark = pytest.mark.integration

RULES = "prometheusRule.enabled=true"
DASHBOARDS = "grafana.dashboards.enabled=true"


def alerts(rendering: Rendering) -> list[Object]:
    return [
        rule
        for found in rendering.of("PrometheusRule")
        for group in found["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


@pytest.fixture(scope="module")
def full(helm: Helm) -> Rendering:
    return helm.render(CHART / "ci" / "full-values.yaml")


def test_rules_are_those_of_the_files(helm: Helm) -> None:
    rendered = {found["metadata"]["name"]: found["spec"] for found in helm.render(values=[RULES]).of("PrometheusRule")}
    for name, file in (("bestbefore", "own"), ("bestbefore-control-plane", "control-plane")):
        assert rendered.pop(name) == yaml.safe_load((CHART / "rules" / f"{file}.yaml").read_text(encoding="utf-8"))
    assert not rendered


def test_rules_with_every_value_are_rules_for_promtool(full: Rendering, tmp_path: Path) -> None:
    for found in full.of("PrometheusRule"):
        file = tmp_path / "rules.yaml"
        file.write_text(yaml.safe_dump(found["spec"]), encoding="utf-8")
        done = promtool.run("check", "rules", file)
        assert done.returncode == 0, done.stdout + done.stderr


def test_rules_over_the_control_plane_can_be_elsewhere(full: Rendering) -> None:
    places = {found["metadata"]["name"]: found["metadata"]["namespace"] for found in full.of("PrometheusRule")}
    assert places == {
        "freshness": "monitoring",
        "freshness-by-namespace": "monitoring",
        "freshness-control-plane": "kube-system",
    }
    assert {found["metadata"]["labels"]["release"] for found in full.of("PrometheusRule")} == {"prometheus"}


def test_alerts_are_named_labelled_and_left_out_as_the_values_say(full: Rendering) -> None:
    found = alerts(full)
    names = {rule["alert"] for rule in found}
    files = {rule["alert"] for rule in promtool.alerts()}
    assert names == {f"Prod{name}" for name in files - {"BestbeforeAuditViolations"}}
    assert {rule["labels"]["team"] for rule in found} == {"platform"}
    (slow,) = (rule for rule in found if rule["alert"] == "ProdBestbeforeSlow")
    assert (slow["labels"]["severity"], slow["for"]) == ("info", "1h")
    (failing,) = (rule for rule in found if rule["alert"] == "ProdBestbeforeKeysFailing")
    assert (failing["labels"]["severity"], failing["for"]) == ("warning", "10m")


def test_page_of_an_alert_is_where_the_documentation_is(full: Rendering) -> None:
    for rule in alerts(full):
        name = rule["alert"].removeprefix("Prod")
        assert rule["annotations"]["runbook_url"] == f"https://docs.example.com/bestbefore/runbooks/{name}.md"


def test_stale_audit_is_judged_by_the_interval_of_gatekeeper(helm: Helm) -> None:
    rendered = helm.render(values=[RULES, "gatekeeper.auditIntervalSeconds=60"])
    (stale,) = (rule for rule in alerts(rendered) if rule["alert"] == "BestbeforeAuditStale")
    assert stale["expr"].endswith("> 3 * 60")


def test_texts_of_alerts_keep_their_braces(helm: Helm) -> None:
    assert all("{{ $value" in rule["annotations"]["description"] for rule in alerts(helm.render(values=[RULES])))


def test_rules_over_the_control_plane_can_be_left_out(helm: Helm) -> None:
    assert helm.render(values=[RULES, "prometheusRule.controlPlane.enabled=false"]).one("PrometheusRule", "monitoring")


def test_dashboards_are_those_of_the_files_and_the_sidecar_finds_them(helm: Helm) -> None:
    rendered = helm.render(values=[DASHBOARDS])
    maps = [found for found in rendered.of("ConfigMap") if component(found) == "monitoring"]
    assert len(maps) == 3
    for found in maps:
        assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
        ((name, text),) = found["data"].items()
        assert text == (CHART / "dashboards" / name.removeprefix("bestbefore-")).read_text(encoding="utf-8")


def test_links_of_dashboards_lead_to_the_documentation(helm: Helm) -> None:
    rendered = helm.render(values=[DASHBOARDS, "docsUrl=https://wiki.example.com/bb"])
    (denials,) = (found for found in rendered.of("ConfigMap") if found["metadata"]["name"].endswith("-denials"))
    ((_, text),) = denials["data"].items()
    assert "https://wiki.example.com/bb/reference/reasons.md#" in text
    assert json.loads(text)["uid"] == "bestbefore-denials"


def test_folder_is_named_as_the_sidecar_wants_it(full: Rendering) -> None:
    for found in full.of("ConfigMap"):
        if component(found) == "monitoring":
            assert found["metadata"]["annotations"]["k8s-sidecar-target-directory"] == "Admission"
            assert found["metadata"]["namespace"] == "monitoring"


def test_objects_of_the_operator_read_the_config_maps(full: Rendering) -> None:
    maps = {found["metadata"]["name"]: found for found in full.of("ConfigMap")}
    found = list(full.of("GrafanaDashboard"))
    assert len(found) == 3
    for dashboard in found:
        reference = dashboard["spec"]["configMapRef"]
        assert reference["key"] in maps[reference["name"]]["data"]
        assert dashboard["spec"]["instanceSelector"] == {"matchLabels": {"dashboards": "platform"}}
        assert dashboard["spec"]["folder"] == "Admission"


def test_neither_is_there_unless_it_is_wanted(rendering: Rendering) -> None:
    assert not [found for found in rendering.objects if component(found) == "monitoring"]
