"""The policy of a denial, and what made its Pod, from the cluster: as far as its reader may read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, Resource, constraints
from gatekeeper.denials.capsules.capsule import CapsulePolicy
from gatekeeper.denials.capsules.capsule_making import Evidence
from gatekeeper.denials.lines.violation import AdmissionViolation
from gatekeeper.documents import workloads
from gatekeeper.evaluation.program import Template

_VERSION: Final = "v1"


def read(api: KubernetesApi, violation: AdmissionViolation, given: Evidence) -> tuple[Evidence, list[str]]:
    """What the cluster has of a denial beside what is given, and a sentence for each thing that could not be read.

    What is given is not read: its reader may have no right to.
    """
    problems: list[str] = []
    policy = given.policy or _policy(api, violation, problems)
    found = _object(api, violation, problems) if given.object is None else given.object
    return Evidence(policy, found), problems


def _policy(api: KubernetesApi, violation: AdmissionViolation, problems: list[str]) -> CapsulePolicy | None:
    name = violation.constraint
    try:
        template = api.get(CONSTRAINT_TEMPLATES, name.kind.lower())
        made = api.get(constraints(name.kind), name.name)
        return CapsulePolicy(name, Template.of(template), _parameters(made))
    except ClusterError as error:
        problems.append(str(error))
    except (KeyError, IndexError, TypeError, AttributeError):
        problems.append(f"the template of {name.kind} cannot be read: it has no Rego in spec.targets[0]")
    return None


def _parameters(made: Object) -> Mapping[str, Any]:
    spec = made.get("spec")
    parameters = spec.get("parameters") if isinstance(spec, Mapping) else None
    return parameters if isinstance(parameters, Mapping) else {}


def _object(api: KubernetesApi, violation: AdmissionViolation, problems: list[str]) -> Object | None:
    """What made the Pod, or the object itself where it is there: an update of it was denied."""
    said, resource = violation.judgement, violation.resource
    owner = said.owner if said else None
    kind, name = (owner.kind, owner.name) if owner else (resource.kind, resource.name)
    known = workloads.BY_KIND.get(kind)
    if known is None:
        problems.append(f"{kind} {name} is of no kind whose Pods are known here")
        return None
    try:
        return api.get(Resource(known.group, _VERSION, known.resource, kind), name, resource.namespace)
    except ClusterError as error:
        problems.append(str(error))
        return None
