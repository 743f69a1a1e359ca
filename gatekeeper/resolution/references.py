"""Which objects of a cluster a policy names: Secrets with keys, ConfigMaps with its rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.policy.model import ClusterImagePolicy, Policy
from gatekeeper.policy.validation.authorities import SYSTEM_NAMESPACE


class ReferenceKind(StrEnum):
    """What is named."""

    SECRET = "Secret"  # noqa: S105 - a kind
    CONFIG_MAP = "ConfigMap"


@dataclass(frozen=True)
class PolicyReference:
    """An object that a policy names.

    Attributes:
        kind: what it is.
        namespace: where it lies.
        name: its name.
        path: of the field that names it.
    """

    kind: ReferenceKind
    namespace: str
    name: str
    path: str

    def __str__(self) -> str:
        """As messages name it: `Secret cosign-system/key`."""
        return f"{self.kind} {self.namespace}/{self.name}"


def references(policy: ClusterImagePolicy, namespace: str = SYSTEM_NAMESPACE) -> Iterator[PolicyReference]:
    """The objects that a policy names, in the order of its fields.

    Args:
        policy: a valid one.
        namespace: where Secrets are, whatever the policy says, and a ConfigMap that is named without one.
    """
    for index, authority in enumerate(policy.spec.authorities):
        if authority.key is not None and authority.key.secret_ref is not None:
            path = f"spec.authorities[{index}].key.secretRef"
            yield PolicyReference(ReferenceKind.SECRET, namespace, authority.key.secret_ref.name, path)
        for number, each in enumerate(authority.attestations):
            path = f"spec.authorities[{index}].attestations[{number}].policy.configMapRef"
            yield from _config_map(each.policy, path, namespace)
    yield from _config_map(policy.spec.policy, "spec.policy.configMapRef", namespace)


def _config_map(rule: Policy | None, path: str, namespace: str) -> Iterator[PolicyReference]:
    if rule is not None and not rule.data and rule.config_map_ref is not None:
        named = rule.config_map_ref
        yield PolicyReference(ReferenceKind.CONFIG_MAP, named.namespace or namespace, named.name, path)
