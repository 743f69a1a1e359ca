"""The Constraint of a ClusterImagePolicy: where it applies, what it does, and the parameters a person may read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from gatekeeper.policy.model import Authority, ClusterImagePolicy, LabelSelector, MatchResource
from gatekeeper.policy.problems import Problem
from gatekeeper.translation import names, verification

GROUP_VERSION: Final = "constraints.gatekeeper.sh/v1beta1"
COVERAGE_KIND: Final = "ClusterImagePolicyCoverage"
COVERAGE_NAME: Final = "no-matching-policies"

ANNOTATION_PREFIX: Final = "bestbefore.dev/"
DIGEST_ANNOTATION: Final = ANNOTATION_PREFIX + "digest"
DIGEST_SETTINGS: Final = ("require", "warn", "off")

# Where policies apply: namespaces that opted in, as with policy-controller.
NAMESPACE_LABEL: Final = "policy.sigstore.dev/include"

_KINDS: Final = (
    ("", ("Pod", "ReplicationController")),
    ("apps", ("ReplicaSet", "Deployment", "StatefulSet", "DaemonSet")),
    ("batch", ("Job", "CronJob")),
)


def documents(policy: ClusterImagePolicy, kind: str, annotations: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """The Constraints that enforce a policy.

    One, unless the policy denies some things and only warns of others: the action belongs to the Constraint, so then
    there is a twin that warns, each reporting its own class.
    """
    values, name = parameters(policy), names.constraint_name(policy.name)
    if policy.spec.mode == "warn":
        return (_constraint(kind, name, "warn", values, annotations),)
    if values["digest"] == "off":
        return (_constraint(kind, name, "deny", values, annotations),)
    return (
        _constraint(kind, name, "deny", {**values, "reports": "deny"}, annotations),
        _constraint(kind, name + names.WARN_SUFFIX, "warn", {**values, "reports": "warn"}, annotations),
    )


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
    found["digest"] = digest_setting(policy)
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


def digest_setting(policy: ClusterImagePolicy) -> str:
    """What the policy makes of an image without a digest: `require`, `warn` or `off`.

    As its annotation says; else `require` where signatures are looked at, for those are of a digest.
    """
    named = policy.metadata.annotations.get(DIGEST_ANNOTATION)
    if named is not None:
        return named
    signed = any(authority.static is None for authority in policy.spec.authorities)
    return "require" if signed else "off"


def problems(policy: ClusterImagePolicy) -> Iterator[Problem]:
    """Annotations of ours on the policy that cannot be read."""
    for name, value in policy.metadata.annotations.items():
        if name != DIGEST_ANNOTATION and name.startswith(ANNOTATION_PREFIX):
            path = f"metadata.annotations[{name}]"
            yield Problem(path, "there is no such annotation", hint=f"there is {DIGEST_ANNOTATION}", fields=(path,))
        if name == DIGEST_ANNOTATION and value not in DIGEST_SETTINGS:
            path = f"metadata.annotations[{name}]"
            expected = ", ".join(DIGEST_SETTINGS)
            yield Problem(path, f"invalid value: {value}", hint=f"expected one of {expected}", fields=(path,))


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
    if authority.static is not None:
        static = {"action": authority.static.action, "message": authority.static.message}
        return {"name": authority.name, "static": static}
    return {"name": authority.name, **verification.parameters(authority)}
