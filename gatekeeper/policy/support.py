"""What of a valid policy this release does not carry over to Gatekeeper: told by path and reason, never dropped.

Separate from validation: a policy may be right and still be more than we can do. The tables name every field of the
API by its path (`[]` for any member); a test holds them against its definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from gatekeeper.policy.decoding import shapes
from gatekeeper.policy.model import Authority, ClusterImagePolicy, ConfigMapReference, Policy, RemotePolicy
from gatekeeper.policy.problems import Problem

_AUTHORITY: Final = "spec.authorities[]"

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
    f"{_AUTHORITY}.key": "signatures by a public key are not supported yet",
    f"{_AUTHORITY}.keyless": "signatures by an identity (keyless) are not supported yet",
    f"{_AUTHORITY}.ctlog": "transparency logs are not supported yet",
    f"{_AUTHORITY}.rfc3161timestamp": "timestamps are not supported yet",
    f"{_AUTHORITY}.source": "signatures in another place than the image are not supported yet",
    f"{_AUTHORITY}.attestations": "attestations are not supported yet",
    f"{_AUTHORITY}.signatureFormat": "formats of signatures are not supported yet",
    # Resolved before translation (`with_text`); left over only where nobody did.
    "spec.policy.configMapRef": "the policy's text in a ConfigMap was not resolved",
    "spec.policy.remote": "the policy's text at a URL was not resolved",
}
_INLINE: Final = "write the policy's text into spec.policy.data"

_CUE: Final = "policies in CUE are not supported, for Gatekeeper evaluates Rego only"
CUE_RECIPE: Final = (
    "write the same rule in Rego: `type: rego`, `package sigstore`, and a rule `isCompliant` with a line for each "
    'field that the CUE text constrains, such as `input.config[_].config.User == "nonroot"`; CUE passes a field '
    "that is absent, Rego does not, so add `not` or `object.get` where it may be"
)


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
    """The policy with its text in `spec.policy.data`, wherever it stood.

    Raises:
        PolicyError: the text cannot be had.
    """
    rule = policy.spec.policy
    if rule is None or rule.data:
        return policy
    text = texts.config_map(rule.config_map_ref) if rule.config_map_ref else texts.remote(rule.remote or RemotePolicy())
    inline = replace(rule, data=text, config_map_ref=None, remote=None)
    return replace(policy, spec=replace(policy.spec, policy=inline))


def unsupported(policy: ClusterImagePolicy) -> list[Problem]:
    """Everything in a valid policy that this release does not carry over; empty when it carries all of it over."""
    problems = list(_refused(policy))
    if policy.spec.policy and policy.spec.policy.type == "cue":
        problems.append(Problem("spec.policy.type", _CUE, hint=CUE_RECIPE, fields=("spec.policy.type",)))
    return problems


def _refused(policy: ClusterImagePolicy) -> Iterator[Problem]:
    for index, authority in enumerate(policy.spec.authorities):
        for name in _given(authority):
            reason = REFUSED.get(f"{_AUTHORITY}.{name}")
            # Beside `static` a format of signatures has no effect, as in policy-controller.
            if reason and not (authority.static and name == "signatureFormat"):
                path = f"spec.authorities[{index}].{name}"
                yield Problem(path, reason, fields=(path,))
    for name in _given(policy.spec.policy or Policy()):
        path = f"spec.policy.{name}"
        if path in REFUSED:
            yield Problem(path, REFUSED[path], hint=_INLINE, fields=(path,))


def _given(struct: Authority | Policy) -> Sequence[str]:
    """The names in JSON of the fields that are not empty."""
    return [name for name, (attribute, _) in shapes(type(struct)).items() if getattr(struct, attribute) not in _EMPTY]


_EMPTY: Final[Iterable[Any]] = (None, "", ())
