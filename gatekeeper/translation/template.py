"""The ConstraintTemplate of a ClusterImagePolicy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.translation import library, names
from gatekeeper.translation.schema import coverage_schema, parameters_schema

__all__ = ["Source", "coverage_schema", "document", "rule_package", "rule_source", "shared_source"]

TARGET: Final = "admission.k8s.gatekeeper.sh"

# Rego v0: a template and its libraries have one language version, and ClusterImagePolicy rules are v0.
LANGUAGE: Final = "v0"


@dataclass(frozen=True)
class Source:
    """The Rego of a template.

    Attributes:
        main: the text that holds `violation`.
        libs: the libraries in the order they are written.
    """

    main: str
    libs: tuple[str, ...]


def shared_source() -> Source:
    """The Rego of the template that every policy without a rule of its own shares."""
    main = library.module("template_authorities")
    return Source(main.text, _texts(main))


def rule_source(kind: str, rule: str) -> Source:
    """The Rego of a template with a rule: `rule` is the library that holds it, in `rule_package(kind)`."""
    main = library.module("template_rule")
    text = re.sub(r"\btemplate_rule\b", names.template_name(kind), main.text)
    return Source(text, (*_texts(main), rule))


def rule_package(kind: str) -> str:
    """The package that a policy's rule is carried over to."""
    return f"lib.policies.{names.template_name(kind)}"


def document(
    kind: str, source: Source, annotations: Mapping[str, str], schema: Mapping[str, Any] | None = None
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


def _texts(main: library.Module) -> tuple[str, ...]:
    return tuple(each.text for each in library.with_imports(main))
