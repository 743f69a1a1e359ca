"""What of a valid policy this release does not carry over to Gatekeeper: named by path and reason, never dropped.

Separate from validation: a policy may be right and still be more than we can do. The tables name every field of the
API by its path (`[]` for any member); a test holds them against its definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, Protocol

from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.policy.decoding import shapes
from gatekeeper.policy.model import (
    ApiObject,
    Authority,
    ClusterImagePolicy,
    ConfigMapReference,
    Policy,
    RemotePolicy,
)

_OWN: Final = "spec.policy"
_AUTHORITY: Final = "spec.authorities[]"
_RULE: Final = f"{_AUTHORITY}.attestations[].policy"
_INPUTS: Final = ("fetchConfigFile", "includeSpec", "includeObjectMeta", "includeTypeMeta")

# Carried over: read when the template and its constraint are made.
TRANSLATED: Final = frozenset(
    {
        "apiVersion",
        "kind",
        "metadata",
        "spec.images[].glob",
        "spec.authorities[].name",
        "spec.authorities[].static.action",
        "spec.authorities[].static.message",
        "spec.authorities[].key.data",
        "spec.authorities[].key.hashAlgorithm",
        "spec.authorities[].keyless.url",
        "spec.authorities[].keyless.identities[].issuer",
        "spec.authorities[].keyless.identities[].issuerRegExp",
        "spec.authorities[].keyless.identities[].subject",
        "spec.authorities[].keyless.identities[].subjectRegExp",
        "spec.authorities[].keyless.trustRootRef",
        "spec.authorities[].keyless.insecureIgnoreSCT",
        "spec.authorities[].ctlog.url",
        "spec.authorities[].ctlog.trustRootRef",
        "spec.authorities[].rfc3161timestamp.trustRootRef",
        "spec.authorities[].source[].oci",
        "spec.authorities[].source[].tagPrefix",
        "spec.authorities[].source[].signaturePullSecrets[].name",
        "spec.authorities[].signatureFormat",
        "spec.authorities[].attestations[].name",
        "spec.authorities[].attestations[].predicateType",
        "spec.authorities[].attestations[].policy.type",
        "spec.authorities[].attestations[].policy.data",
        "spec.match[].group",
        "spec.match[].version",
        "spec.match[].resource",
        "spec.match[].selector.matchLabels",
        "spec.match[].selector.matchExpressions[].key",
        "spec.match[].selector.matchExpressions[].operator",
        "spec.match[].selector.matchExpressions[].values",
        "spec.mode",
        "spec.policy.type",
        "spec.policy.data",
        "spec.policy.fetchConfigFile",
        "spec.policy.includeSpec",
        "spec.policy.includeObjectMeta",
        "spec.policy.includeTypeMeta",
    }
)

# Without effect on any verdict, in policy-controller as here.
WITHOUT_EFFECT: Final = frozenset({"status"})

# Refused wherever it is given, with the reason. What is within such a field is refused with it.
REFUSED: Final = {
    f"{_AUTHORITY}.key.secretRef": "the public key in a Secret was not resolved",
    f"{_AUTHORITY}.key.kms": "the public key in a key management service was not read",
    f"{_AUTHORITY}.keyless.ca-cert": "authorities written into the policy are not supported, here as upstream",
    f"{_RULE}.configMapRef": "the text of an attestation's policy in a ConfigMap was not resolved",
    f"{_RULE}.remote": "the text of an attestation's policy at a URL was not resolved",
    **dict.fromkeys((f"{_RULE}.{name}" for name in _INPUTS), "an attestation's policy is given its statement only"),
    # Resolved before translation (`with_text`); left over only where nobody did.
    "spec.policy.configMapRef": "the policy's text in a ConfigMap was not resolved",
    "spec.policy.remote": "the policy's text at a URL was not resolved",
}
# What to do instead, where that is known.
HINTS: Final = {
    f"{_AUTHORITY}.key.secretRef": "name the Secret's file with --secret, or write the public key into key.data",
    f"{_RULE}.configMapRef": "write the text into policy.data",
    f"{_RULE}.remote": "write the text into policy.data",
    f"{_AUTHORITY}.key.kms": "export the public key (`cosign public-key --key …`) and write it into key.data",
    f"{_AUTHORITY}.keyless.ca-cert": "name a trust root with trustRootRef",
}
# How signatures are stored; empty is as legacy.
FORMATS: Final = ("", "legacy", "bundle")
_INLINE: Final = "write the policy's text into spec.policy.data"


class PolicyTexts(Protocol):
    """Fetches a policy's text that stands elsewhere, when the template is made."""

    def config_map(self, reference: ConfigMapReference) -> str:
        """The text under a ConfigMap's key.

        Raises:
            PolicyError: it cannot be had.
        """
        ...

    def remote(self, reference: RemotePolicy) -> str:
        """The text at an https URL, after its SHA-256 has been checked.

        Raises:
            PolicyError: it cannot be had, or is another text.
        """
        ...


def with_text(policy: ClusterImagePolicy, texts: PolicyTexts) -> ClusterImagePolicy:
    """The policy with its text, and those of its attestations, in their `data`, wherever they stood.

    Raises:
        PolicyError: a text cannot be had.
    """
    whole = tuple(_with_texts(each, f"spec.authorities[{n}]", texts) for n, each in enumerate(policy.spec.authorities))
    rule = _inline(policy.spec.policy, "spec.policy", texts)
    if rule is policy.spec.policy and whole == policy.spec.authorities:
        return policy
    return replace(policy, spec=replace(policy.spec, policy=rule, authorities=whole))


def _with_texts(authority: Authority, at: str, texts: PolicyTexts) -> Authority:
    if not any(each.policy and not each.policy.data for each in authority.attestations):
        return authority
    inline = tuple(
        replace(each, policy=_inline(each.policy, f"{at}.attestations[{number}].policy", texts))
        for number, each in enumerate(authority.attestations)
    )
    return replace(authority, attestations=inline)


def _inline(rule: Policy | None, at: str, texts: PolicyTexts) -> Policy | None:
    if rule is None or rule.data:
        return rule
    try:
        text = _text(rule, texts)
    except PolicyError as error:
        # Whoever has the texts knows the policy's own place only.
        raise PolicyError(replace(each, path=each.path.replace(_OWN, at, 1)) for each in error.problems) from error
    return replace(rule, data=text, config_map_ref=None, remote=None)


def _text(rule: Policy, texts: PolicyTexts) -> str:
    return texts.config_map(rule.config_map_ref) if rule.config_map_ref else texts.remote(rule.remote or RemotePolicy())


def unsupported(policy: ClusterImagePolicy) -> list[Problem]:
    """Everything in a valid policy that this release does not carry over; empty when it carries all of it over."""
    return list(_refused(policy))


def _refused(policy: ClusterImagePolicy) -> Iterator[Problem]:
    for index, authority in enumerate(policy.spec.authorities):
        for path in _given(authority, f"spec.authorities[{index}]"):
            reason = REFUSED.get(_general(path))
            if reason:
                yield Problem(path, reason, hint=HINTS.get(_general(path), ""), fields=(path,))
        if authority.signature_format not in FORMATS and authority.static is None:
            path = f"spec.authorities[{index}].signatureFormat"
            yield Problem(path, f"invalid value: {authority.signature_format}", hint="legacy or bundle", fields=(path,))
    for path in _given(policy.spec.policy or Policy(), "spec.policy"):
        if path in REFUSED:
            yield Problem(path, REFUSED[path], hint=_INLINE, fields=(path,))


def _given(struct: ApiObject, at: str) -> Iterator[str]:
    """The paths of the fields that are not empty, outer ones first."""
    for name, (attribute, _) in shapes(type(struct)).items():
        value = getattr(struct, attribute)
        if value in _EMPTY:
            continue
        path = f"{at}.{name}"
        yield path
        members = enumerate(value) if isinstance(value, tuple) else ()
        within = [(path, value)] if isinstance(value, ApiObject) else [(f"{path}[{n}]", one) for n, one in members]
        for place, one in within:
            if isinstance(one, ApiObject):
                yield from _given(one, place)


def _general(path: str) -> str:
    return re.sub(r"\[[0-9]+\]", "[]", path)


_EMPTY: Final[Iterable[Any]] = (None, "", ())
