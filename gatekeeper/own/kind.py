"""The kind of a policy of our own: its ConstraintTemplate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatekeeper.own.exemption import exemption_schema
from gatekeeper.own.schema import choice
from gatekeeper.translation import template
from gatekeeper.translation.schema import pod_credentials, reasons_url, stale, workload_kinds
from gatekeeper.waivers.schema import waivers_schema
from provider.version import VERSION


@dataclass(frozen=True)
class PolicyKind:
    """What one policy of our own is, whatever its parameters say.

    Attributes:
        name: the Constraint kind, `MaximumImageAge`.
        title: the same in words.
        description: what it is for, a sentence or two.
        rule: the Rego module that judges, as `lib.bestbefore.judgement` says.
        exempt: what an exemption lets images do, "may be older".
        parameters: the schemas of its own parameters, by name.
        required: those that a Constraint must have.
        alternatives: those of which a Constraint must have one at least; none where it need not.
    """

    name: str
    title: str
    description: str
    rule: str
    exempt: str
    parameters: Mapping[str, Any]
    required: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()

    def schema(self) -> dict[str, Any]:
        """The OpenAPI schema of the parameters; the API server refuses what it can before a Pod meets it."""
        return {
            "type": "object",
            **({"required": list(self.required)} if self.required else {}),
            **({"anyOf": [{"required": [name]} for name in self.alternatives]} if self.alternatives else {}),
            "properties": {
                **self.parameters,
                "exemptions": {
                    "description": f"Images that {self.exempt} for a time.",
                    "type": "array",
                    "items": exemption_schema(),
                },
                "workloads": workload_kinds(),
                "reasonsUrl": reasons_url(),
                "podCredentials": pod_credentials(),
                "stale": stale(),
                "name": {
                    "description": "The policy's name, by which Waivers name it. Without one none of them is for it.",
                    "type": "string",
                },
                "waivers": waivers_schema(),
                "twin": {
                    "description": "In the Constraint of a pair that warns: the parameters by which the one that "
                    "denies lets pass, too, as `unknownAge: allow`. What is not named here is warned of. Written by "
                    "the generator.",
                    "type": "object",
                    "additionalProperties": {"type": "string", "enum": ["allow", "off"]},
                },
                "reports": choice(
                    ("all", "deny", "warn"),
                    "Which verdicts this Constraint reports: those of a pair share them, a single one reports `all`. "
                    "Written by the generator.",
                ),
            },
        }

    def template(self, *, synced_waivers: bool = False) -> dict[str, Any]:
        """The ConstraintTemplate; `synced_waivers` is whether it reads the Waivers of the cluster."""
        annotations = {
            "metadata.gatekeeper.sh/title": self.title,
            "metadata.gatekeeper.sh/version": VERSION,
            "description": self.description,
        }
        source = template.own_source(self.name, self.rule, synced_waivers=synced_waivers)
        return template.document(self.name, source, annotations, self.schema())
