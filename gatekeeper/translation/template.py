"""The ConstraintTemplate of a ClusterImagePolicy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gatekeeper.translation import library, names
from gatekeeper.translation.attestation_rules import AttestationRule, with_rules
from gatekeeper.translation.policy_text import CUE_IMPORT
from gatekeeper.translation.schema import coverage_schema, parameters_schema, rule_parameters_schema
from gatekeeper.waivers.waiver import GROUP_VERSION as WAIVER_GROUP_VERSION
from gatekeeper.waivers.waiver import KIND as WAIVER_KIND
from provider.questions.config_paths import ConfigPaths

__all__ = [
    "TemplateSource",
    "coverage_schema",
    "document",
    "rule_package",
    "rule_parameters_schema",
    "rule_source",
    "shared_source",
]

TARGET: Final = "admission.k8s.gatekeeper.sh"

# Rego v0: a template and its libraries have one language version, and ClusterImagePolicy rules are v0.
LANGUAGE: Final = "v0"

# How `template_own` names the rule that judges; each kind has another.
_RULE_IMPORT: Final = "import data.lib.bestbefore.age as rule"

# The line of template_rule.rego that says what to ask for.
_ALL_OF_THE_CONFIG: Final = "_config := true"

# The line of templates that says which Waivers of the cluster there are, and what stands there in one that reads them.
# Without referential rules Gatekeeper refuses a template that mentions `data.inventory`; so only those do that opt in.
# They are read in place: a function would be given all of every Waiver, and OPA would turn all of it into its own form.
READS_WAIVERS: Final = f'data.inventory.cluster["{WAIVER_GROUP_VERSION}"].{WAIVER_KIND}'
_NO_WAIVERS: Final = "_synced := []"
_SYNCED: Final = f"""_synced := [waiver |
	namespace := workload.namespace(input.review)
	some name
	found := {READS_WAIVERS}[name]
	namespace in found.spec.namespaces
	not found.metadata.deletionTimestamp
	since := found.metadata.creationTimestamp
	waiver := {{"name": name, "spec": found.spec, "since": since, "planned": false}}
]"""


@dataclass(frozen=True)
class TemplateSource:
    """The Rego of a template.

    Attributes:
        main: the text that holds `violation`.
        libs: the libraries in the order they are written.
    """

    main: str
    libs: tuple[str, ...]


def shared_source(*, synced_waivers: bool = False) -> TemplateSource:
    """The Rego of the template that every policy without a rule of its own shares."""
    main = library.module("template_authorities")
    return TemplateSource(_with_waivers(main.text, synced=synced_waivers), _texts(main))


def rule_source(  # noqa: PLR0913 - what a template is made of
    kind: str,
    rule: str,
    config: ConfigPaths | None = None,
    attestations: Sequence[AttestationRule] = (),
    statements: Mapping[str, ConfigPaths | None] | None = None,
    *,
    synced_waivers: bool = False,
) -> TemplateSource:
    """The Rego of a template with rules.

    Args:
        kind: the template's Kind.
        rule: the library that holds the policy's own rule, in `rule_package(kind)`; empty where it has none.
        config: the paths that the rule reads of each platform's configuration; None where it may read all of it.
        attestations: the rules of attestations.
        statements: by rule of an attestation, the paths that it reads of a statement; None where it may read all of it.
        synced_waivers: whether it reads the cluster's Waivers.
    """
    name = "template_rule" if rule else "template_authorities"
    package = library.module(name).package
    text = re.sub(rf"\b{package}\b", names.template_name(kind), library.module(name).text)
    if config is not None:
        text = text.replace(_ALL_OF_THE_CONFIG, f"_config := {json.dumps(config.to_json())}")
    if attestations:
        text = with_rules(text, kind, attestations, statements)
    text = _with_waivers(text, synced=synced_waivers)
    rules = (*(each.library.text for each in attestations), *((rule,) if rule else ()))
    main = library.parsed(name, text)
    if any(f"import data.{CUE_IMPORT}\n" in each for each in rules):
        main = replace(main, imports=(*main.imports, CUE_IMPORT))
    return TemplateSource(text, (*_texts(main), *rules))


def own_source(kind: str, rule: str, *, synced_waivers: bool = False) -> TemplateSource:
    """The Rego of a policy of our own: `rule` is the module that judges."""
    text = library.module("template_own").text.replace(_RULE_IMPORT, _RULE_IMPORT.replace("age", rule))
    text = _with_waivers(text, synced=synced_waivers)
    main = library.parsed("template_own", re.sub(r"\btemplate_own\b", names.template_name(kind), text))
    return TemplateSource(main.text, _texts(main))


def rule_package(kind: str) -> str:
    """The package that a policy's rule is carried over to."""
    return f"lib.policies.{names.template_name(kind)}"


def document(
    kind: str, source: TemplateSource, annotations: Mapping[str, str], schema: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The ConstraintTemplate object (templates.gatekeeper.sh/v1); `schema` is a policy's own parameters by default."""
    parameters = parameters_schema() if schema is None else dict(schema)
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": names.template_name(kind), "annotations": dict(annotations)},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}, "validation": {"openAPIV3Schema": parameters}}},
            "targets": [
                {
                    "target": TARGET,
                    "code": [
                        {
                            "engine": "Rego",
                            "source": {"version": LANGUAGE, "rego": source.main, "libs": list(source.libs)},
                        }
                    ],
                }
            ],
        },
    }


def with_waivers(text: str) -> str:
    """The main text of a template of ours, so that it reads the cluster's Waivers."""
    return text.replace(_NO_WAIVERS, _SYNCED)


def _with_waivers(text: str, *, synced: bool) -> str:
    return with_waivers(text) if synced else text


def _texts(main: library.Module) -> tuple[str, ...]:
    return tuple(each.text for each in library.with_imports(main))
