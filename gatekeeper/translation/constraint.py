"""The Constraint of a ClusterImagePolicy: where it applies, what it does, and the parameters a person may read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from gatekeeper.policy.model import Authority, ClusterImagePolicy, LabelSelector, MatchResource
from gatekeeper.translation import names

GROUP_VERSION: Final = "constraints.gatekeeper.sh/v1beta1"
COVERAGE_KIND: Final = "ClusterImagePolicyCoverage"
COVERAGE_NAME: Final = "no-matching-policies"

# Where policies apply: namespaces that opted in, as with policy-controller.
NAMESPACE_LABEL: Final = "policy.sigstore.dev/include"

_KINDS: Final = (
    ("", ("Pod", "ReplicationController")),
    ("apps", ("ReplicaSet", "Deployment", "StatefulSet", "DaemonSet")),
    ("batch", ("Job", "CronJob")),
)


def document(policy: ClusterImagePolicy, kind: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    """The Constraint that enforces a policy."""
    action = "warn" if policy.spec.mode == "warn" else "deny"
    return _constraint(kind, names.constraint_name(policy.name), action, parameters(policy), annotations)


def coverage_document(
    policies: Sequence[ClusterImagePolicy], action: str, annotations: Mapping[str, str]
) -> dict[str, Any]:
    """The Constraint for images that none of the policies covers; `action` is `deny` or `warn`."""
    covered = {"policies": [{"name": each.name, **_selection(each)} for each in policies]}
    return _constraint(COVERAGE_KIND, COVERAGE_NAME, action, covered, annotations)


def parameters(policy: ClusterImagePolicy) -> dict[str, Any]:
    """The parameters of a policy's Constraint, in the form that the library reads."""
    found: dict[str, Any] = {"name": policy.name, **_selection(policy)}
    found["authorities"] = [_authority(authority) for authority in policy.spec.authorities]
    rule = policy.spec.policy
    if rule is not None:
        found["rego"] = {
            "fetchConfigFile": bool(rule.fetch_config_file),
            "includeSpec": bool(rule.include_spec),
            "includeObjectMeta": bool(rule.include_object_meta),
            "includeTypeMeta": bool(rule.include_type_meta),
        }
    return found


def kinds(wanted: Collection[str] | None = None) -> list[dict[str, list[str]]]:
    """`spec.match.kinds` for everything that brings Pods, or for the kinds wanted of it."""
    rows = [(group, [kind for kind in every if wanted is None or kind in wanted]) for group, every in _KINDS]
    return [{"apiGroups": [group], "kinds": named} for group, named in rows if named]


def _constraint(
    kind: str, name: str, action: str, values: Mapping[str, Any], annotations: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "apiVersion": GROUP_VERSION,
        "kind": kind,
        "metadata": {"name": name, "annotations": dict(annotations)},
        "spec": {
            "enforcementAction": action,
            "match": {
                "kinds": kinds(),
                "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: "true"}},
            },
            "parameters": dict(values),
        },
    }


def _selection(policy: ClusterImagePolicy) -> dict[str, Any]:
    found: dict[str, Any] = {"images": [{"glob": image.glob} for image in policy.spec.images]}
    if policy.spec.match:
        found["match"] = [_match(entry) for entry in policy.spec.match]
    return found


def _match(entry: MatchResource) -> dict[str, Any]:
    found: dict[str, Any] = {"resource": entry.resource, "group": entry.group, "version": entry.version}
    if entry.selector is not None:
        found["selector"] = _selector(entry.selector)
    return found


def _selector(selector: LabelSelector) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if selector.match_labels:
        found["matchLabels"] = dict(selector.match_labels)
    if selector.match_expressions:
        found["matchExpressions"] = [
            {"key": each.key, "operator": each.operator, "values": list(each.values)}
            for each in selector.match_expressions
        ]
    return found


def _authority(authority: Authority) -> dict[str, Any]:
    found: dict[str, Any] = {"name": authority.name}
    if authority.static is not None:
        found["static"] = {"action": authority.static.action, "message": authority.static.message}
    return found
