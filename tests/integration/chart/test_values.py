"""values.yaml, its schema, its README and the templates say the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import jsonschema
import yaml

from scripts import chart_readme
from tests.integration.chart.helm import CHART, VALUE_FILES
from tests.programs import ROOT

VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
TEMPLATES = "".join(file.read_text(encoding="utf-8") for file in sorted((CHART / "templates").iterdir()))
DOCUMENTED = {value.path for value in chart_readme.values(VALUES)}
# For a parent chart's condition.
NOT_READ = {"enabled"}


def test_every_value_has_a_comment() -> None:
    assert set(leaves(yaml.safe_load(VALUES))) == DOCUMENTED


def leaves(tree: dict[str, object], parent: str = "") -> Iterator[str]:
    """Paths of values; a value that is documented as a whole has none below it."""
    for name, value in tree.items():
        path = f"{parent}{name}"
        if isinstance(value, dict) and path not in DOCUMENTED:
            yield from leaves(value, f"{path}.")
        else:
            yield path


def test_every_value_is_used_by_a_template() -> None:
    mentioned = set(re.findall(r"\.Values\.([\w.]+)", TEMPLATES))
    assert DOCUMENTED - mentioned == set()


def test_templates_use_no_value_that_does_not_exist() -> None:
    values = yaml.safe_load(VALUES)
    for path in set(re.findall(r"\.Values\.([\w.]+)", TEMPLATES)):
        chart_readme.look_up(values, path)


def test_schema_knows_exactly_the_values_that_exist() -> None:
    assert set(schema_leaves(SCHEMA)) - NOT_READ == DOCUMENTED


def schema_leaves(node: dict[str, object], parent: str = "") -> Iterator[str]:
    properties = node.get("properties")
    if not isinstance(properties, dict) or parent.rstrip(".") in DOCUMENTED:
        yield parent.rstrip(".")
        return
    for name, value in properties.items():
        yield from schema_leaves(value, f"{parent}{name}.")


def test_schema_is_a_schema_and_the_defaults_satisfy_it() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(yaml.safe_load(VALUES), SCHEMA)


def test_every_object_of_the_schema_is_closed_or_foreign() -> None:
    open_ones = {path for path, node in objects(SCHEMA) if node.get("additionalProperties") is None}
    assert open_ones == {
        "global",
        "provider.podSecurityContext",
        "provider.securityContext",
        "provider.livenessProbe",
        "provider.readinessProbe",
        "provider.autoscaling.behavior",
        "provider.affinity",
        "provider.dnsConfig",
        "controller.podSecurityContext",
        "controller.securityContext",
        "controller.livenessProbe",
        "controller.readinessProbe",
        "controller.affinity",
        "controller.dnsConfig",
    }


def objects(node: dict[str, object], parent: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if node.get("type") == "object":
        yield parent, node
    properties = node.get("properties", {})
    assert isinstance(properties, dict)
    for name, value in properties.items():
        yield from objects(value, f"{parent}.{name}".lstrip("."))


def test_readme_has_the_table_that_values_yaml_makes() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts" / "chart_readme.py", "--check"], check=False)
    assert done.returncode == 0


def test_chart_and_program_have_one_version() -> None:
    from provider.version import VERSION  # noqa: PLC0415 - the only test that needs the program

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], str(chart["appVersion"])) == (VERSION, VERSION)


def test_full_value_file_sets_every_value_that_can_be_set_beside_others() -> None:
    """Else a template's branch is never rendered."""
    assert {file.name for file in VALUE_FILES} == {
        "autoscaled-values.yaml",
        "defaults-values.yaml",
        "full-values.yaml",
        "openshift-values.yaml",
        "cert-manager-values.yaml",
        "secret-values.yaml",
        "small-values.yaml",
        "store-values.yaml",
        "trust-values.yaml",
    }
    touched = {path for file in VALUE_FILES for path in leaves(yaml.safe_load(file.read_text(encoding="utf-8")))}
    assert DOCUMENTED - touched <= UNTOUCHED


UNTOUCHED = {
    "controller.securityContext",
    "controller.livenessProbe",
    "controller.readinessProbe",
    "prometheusRule.controlPlane.enabled",
    "grafana.dashboards.labels",
    "nameOverride",
    "image.registry",
    "certificates.helm.validityDays",
    "provider.revisionHistoryLimit",
    "provider.timeouts.audit",
    "provider.timeouts.mutate",
    "provider.waits.audit",
    "provider.waits.mutate",
    "provider.drainSeconds",
    "provider.securityContext",
    "provider.livenessProbe",
    "provider.readinessProbe",
    "provider.terminationGracePeriodSeconds",
    "metrics.podMonitor.namespace",
    "metrics.podMonitor.additionalLabels",
    "metrics.podMonitor.annotations",
    "metrics.podMonitor.scrapeTimeout",
    "metrics.podMonitor.relabelings",
    "metrics.podMonitor.metricRelabelings",
}
