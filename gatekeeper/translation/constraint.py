"""The Constraint of a ClusterImagePolicy: where it applies, what it does, and the parameters a person may read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from gatekeeper.documents import fields, workloads
from gatekeeper.documents.problems import Problem
from gatekeeper.documents.product import PREFIX
from gatekeeper.policy.model import Authority, ClusterImagePolicy, LabelSelector, MatchResource
from gatekeeper.translation import authority_parameters, names
from gatekeeper.translation.marks import NAMESPACE_LABEL
from gatekeeper.translation.object_paths import paths_read
from gatekeeper.translation.policy_text import rego_read
from gatekeeper.waivers.limits import MOST_DAYS
from gatekeeper.waivers.terms import WaiverTerms
from gatekeeper.waivers.waiver import Waiver

GROUP_VERSION: Final = "constraints.gatekeeper.sh/v1beta1"
COVERAGE_KIND: Final = "ClusterImagePolicyCoverage"
COVERAGE_NAME: Final = "no-matching-policies"

DIGEST_ANNOTATION: Final = PREFIX + "digest"
DIGEST_SETTINGS: Final = ("require", "warn", "off")
POD_CREDENTIALS_ANNOTATION: Final = PREFIX + "pod-credentials"
POD_CREDENTIALS_SETTINGS: Final = ("true", "false")
STALE_ANNOTATION: Final = PREFIX + "stale"
STALE_SETTINGS: Final = ("allow", "deny")
WAIVERS_ANNOTATION: Final = PREFIX + "waivers"
WAIVERS_SETTINGS: Final = ("allow", "deny")
MAX_DAYS_ANNOTATION: Final = PREFIX + "waivers-max-days"
_CHOICES: Final = {
    DIGEST_ANNOTATION: DIGEST_SETTINGS,
    POD_CREDENTIALS_ANNOTATION: POD_CREDENTIALS_SETTINGS,
    STALE_ANNOTATION: STALE_SETTINGS,
    WAIVERS_ANNOTATION: WAIVERS_SETTINGS,
}


def documents(policy: ClusterImagePolicy, kind: str, annotations: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """The Constraints that enforce a policy.

    One, unless the policy denies some things and only warns of others: the action belongs to the Constraint, so then
    there is a twin that warns, each reporting its own class.
    """
    values, name = parameters(policy), names.constraint_name(policy.name)
    if policy.spec.mode == "warn":
        return (_constraint(kind, name, "warn", values, annotations),)
    if values["digest"] == "off" and "waivers" not in values:
        return (_constraint(kind, name, "deny", values, annotations),)
    return (
        _constraint(kind, name, "deny", {**values, "reports": "deny"}, annotations),
        _constraint(kind, name + names.WARN_SUFFIX, "warn", {**values, "reports": "warn"}, annotations),
    )


def coverage_document(
    entries: Sequence[Mapping[str, Any]], action: str, annotations: Mapping[str, str]
) -> dict[str, Any]:
    """The Constraint for images that no policy covers.

    Args:
        entries: which images of which objects each policy is for, as `coverage_entry` has them.
        action: `deny` or `warn`.
        annotations: of the object.
    """
    covered: dict[str, Any] = {"policies": [dict(each) for each in entries], "workloads": workload_kinds()}
    return _constraint(COVERAGE_KIND, COVERAGE_NAME, action, covered, annotations)


def coverage_entry(policy: ClusterImagePolicy) -> dict[str, Any]:
    """Which images of which objects a policy is for; its Constraint's parameters begin with the same."""
    return {"name": policy.name, **_selection(policy)}


def parameters(policy: ClusterImagePolicy) -> dict[str, Any]:
    """The parameters of a policy's Constraint, in the form that the library reads."""
    found = coverage_entry(policy)
    found["authorities"] = [_authority(authority) for authority in policy.spec.authorities]
    found["digest"] = digest_setting(policy)
    found["workloads"] = workload_kinds()
    if pod_credentials(policy):
        found["podCredentials"] = True
    if policy.metadata.annotations.get(STALE_ANNOTATION) == "deny":
        found["stale"] = "deny"
    terms = waiver_terms(policy)
    if terms.allowed:
        found["waivers"] = terms.to_json()
    if policy.metadata.generation:
        found["generation"] = policy.metadata.generation
    rule = policy.spec.policy
    if rule is not None:
        found["rego"] = {
            "fetchConfigFile": bool(rule.fetch_config_file),
            "includeSpec": bool(rule.include_spec),
            "includeObjectMeta": bool(rule.include_object_meta),
            "includeTypeMeta": bool(rule.include_type_meta),
        }
        if rule.include_spec or rule.include_object_meta:
            found["rego"]["reads"] = [list(path) for path in paths_read(rego_read(rule))]
    return found


def kinds(wanted: Collection[str] | None = None) -> list[dict[str, list[str]]]:
    """`spec.match.kinds` for everything that brings Pods, or for the kinds wanted of it."""
    chosen = [each for each in workloads.KINDS if wanted is None or each.kind in wanted]
    groups = dict.fromkeys(each.group for each in chosen)
    return [{"apiGroups": [group], "kinds": [each.kind for each in chosen if each.group == group]} for group in groups]


def workload_kinds(wanted: Collection[str] | None = None) -> list[str]:
    """The kinds of workloads among those that a Constraint matches: what it judges as such it judges no second time."""
    return [each.kind for each in workloads.KINDS if each.maker and (wanted is None or each.kind in wanted)]


def with_reasons_url(made: Mapping[str, Any], url: str) -> dict[str, Any]:
    """A Constraint with the parameter `reasonsUrl`."""
    spec = made["spec"]
    return {**made, "spec": {**spec, "parameters": {**spec["parameters"], "reasonsUrl": url}}}


def with_waivers(made: Mapping[str, Any], waivers: Sequence[Waiver]) -> dict[str, Any]:
    """A Constraint with those of the Waivers in its parameters that name its policy, where that takes some."""
    spec = made["spec"]
    given = spec.get("parameters") or {}
    entries = [each.entry() for each in waivers if each.is_for(given.get("name", ""))]
    if not entries or not takes_waivers(made):
        return dict(made)
    terms = given["waivers"]
    written = {**terms, "entries": [*terms.get("entries", ()), *entries]}
    return {**made, "spec": {**spec, "parameters": {**given, "waivers": written}}}


def takes_waivers(made: Mapping[str, Any]) -> bool:
    """Whether the policy of a Constraint takes Waivers."""
    return fields.value(made, "spec", "parameters", "waivers", "allowed") is True


def digest_setting(policy: ClusterImagePolicy) -> str:
    """What the policy makes of an image without a digest: `require`, `warn` or `off`.

    As its annotation says; else `require` where signatures are looked at, because those are of a digest.
    """
    named = policy.metadata.annotations.get(DIGEST_ANNOTATION)
    if named is not None:
        return named
    signed = any(authority.static is None for authority in policy.spec.authorities)
    return "require" if signed else "off"


def pod_credentials(policy: ClusterImagePolicy) -> bool:
    """Whether its images are asked for as their Pods pull; its annotation says so."""
    return policy.metadata.annotations.get(POD_CREDENTIALS_ANNOTATION) == "true"


def waiver_terms(policy: ClusterImagePolicy) -> WaiverTerms:
    """What the policy's annotations say of Waivers; without one it takes none."""
    days = policy.metadata.annotations.get(MAX_DAYS_ANNOTATION)
    allowed = policy.metadata.annotations.get(WAIVERS_ANNOTATION) == "allow"
    return WaiverTerms(allowed, int(days) if days is not None else None)


def problems(policy: ClusterImagePolicy) -> Iterator[Problem]:
    """Annotations of ours on the policy that cannot be read, and what needs one."""
    for name, value in policy.metadata.annotations.items():
        path = f"metadata.annotations[{name}]"
        if name in _CHOICES and value not in _CHOICES[name]:
            expected = ", ".join(_CHOICES[name])
            yield Problem(path, f"invalid value: {value}", hint=f"expected one of {expected}", fields=(path,))
        elif name == MAX_DAYS_ANNOTATION:
            yield from _days_problems(path, value)
        elif name not in _CHOICES and name.startswith(PREFIX):
            *others, last = sorted((*_CHOICES, MAX_DAYS_ANNOTATION))
            there = f"{', '.join(others)} and {last}"
            yield Problem(path, "there is no such annotation", hint=f"there are {there}", fields=(path,))
    if not pod_credentials(policy):
        yield from _unread_secrets(policy)


def _days_problems(path: str, value: str) -> Iterator[Problem]:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", value, re.ASCII) or int(value) > MOST_DAYS:
        hint = f"expected a number of days from 1 to {MOST_DAYS}, in quotes"
        yield Problem(path, f"invalid value: {value}", hint=hint, fields=(path,))


def _unread_secrets(policy: ClusterImagePolicy) -> Iterator[Problem]:
    for index, authority in enumerate(policy.spec.authorities):
        if authority.source and authority.source[0].signature_pull_secrets:
            path = f"spec.authorities[{index}].source[0].signaturePullSecrets"
            sentence = "signatures are read with Secrets of the Pod's namespace only where Pods' credentials are used"
            hint = f'annotate the policy with {POD_CREDENTIALS_ANNOTATION}: "true", and switch them on in the provider'
            yield Problem(path, sentence, hint=hint, fields=(path,))


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
    return {"name": authority.name, **authority_parameters.parameters(authority)}
