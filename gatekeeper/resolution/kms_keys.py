"""Puts public keys of key management services into policies (`spec.authorities[].key.kms`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.documents.problems import PolicyError, Problem, Severity
from gatekeeper.policy.kms_reference import KmsReference, parse
from gatekeeper.policy.model import AbsentKey, Authority, ClusterImagePolicy, KeyRef
from gatekeeper.policy.validation.keys import DEFAULT_HASH, hash_algorithm
from gatekeeper.resolution.kms.key_service import KeyService, KeyServiceError, ServiceKey

_UNTIL: Final = "until it can be read, this authority vouches for no image"


@dataclass(frozen=True)
class PolicyWithKeys:
    """A policy with public keys in the place of references.

    Attributes:
        policy: an authority whose key cannot be had now has an `AbsentKey`.
        warnings: which these are and why, and what of a key makes signatures fail.
    """

    policy: ClusterImagePolicy
    warnings: tuple[Problem, ...] = ()


def names(policy: ClusterImagePolicy) -> Iterator[KmsReference]:
    """The keys in services that a valid policy names."""
    for authority in policy.spec.authorities:
        if authority.key is not None and authority.key.kms:
            yield parse(authority.key.kms)


def resolve(policy: ClusterImagePolicy, service: KeyService[KmsReference]) -> PolicyWithKeys:
    """A valid policy with the keys of services written into it.

    Args:
        policy: the policy; without such keys it comes back as it is, and nothing is asked.
        service: reads them.

    Raises:
        PolicyError: what a service answered is no key that can be used.
    """
    if not any(True for _ in names(policy)):
        return PolicyWithKeys(policy)
    wrong: list[Problem] = []
    warnings: list[Problem] = []
    whole = []
    for index, authority in enumerate(policy.spec.authorities):
        path = f"spec.authorities[{index}].key.kms"
        try:
            key, warning = _key(authority.key, service)
        except KeyServiceError as error:
            wrong.append(Problem(path, str(error), fields=(path,)))
            continue
        whole.append(_with(authority, key))
        if warning:
            warnings.append(Problem(path, warning, Severity.WARNING, fields=(path,)))
    if wrong:
        raise PolicyError(wrong)
    return PolicyWithKeys(replace(policy, spec=replace(policy.spec, authorities=tuple(whole))), tuple(warnings))


def _with(authority: Authority, key: KeyRef | None) -> Authority:
    return authority if key is authority.key else replace(authority, key=key)


def _key(key: KeyRef | None, service: KeyService[KmsReference]) -> tuple[KeyRef | None, str]:
    """The key in place of the reference, and what is to be warned of."""
    if key is None or not key.kms:
        return key, ""
    try:
        found = service.public_key(parse(key.kms))
    except KeyServiceError as error:
        if error.refuses:
            raise
        why = f"the key {key.kms} cannot be had: {error}"
        return AbsentKey(hash_algorithm=key.hash_algorithm, why=why), f"{why}; {_UNTIL}"
    return replace(key, kms="", data=found.pem), _hash_warning(key, found)


def _hash_warning(key: KeyRef, found: ServiceKey) -> str:
    chosen = hash_algorithm(key.hash_algorithm)
    if not found.long_hash or chosen != DEFAULT_HASH:
        return ""
    return (
        f"the service signs with {found.long_hash} by this key, and the policy takes {DEFAULT_HASH}: its signatures "
        f"fail; write hashAlgorithm: {found.long_hash}"
    )
