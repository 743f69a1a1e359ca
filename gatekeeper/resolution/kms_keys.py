"""Puts public keys of key management services into policies (`spec.authorities[].key.kms`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gatekeeper.documents.problems import PolicyError, Problem, Severity
from gatekeeper.policy.kms_reference import KmsReference, parse
from gatekeeper.policy.model import AbsentKey, Authority, ClusterImagePolicy, KeyRef
from gatekeeper.policy.validation.keys import DEFAULT_HASH, hash_algorithm
from gatekeeper.resolution.kms.key_service import KeyService, KeyServiceError, ServiceKey

_UNTIL: Final = "until it can be read, this authority vouches for no image"


class KeyWarningReason(StrEnum):
    """What is to be warned of, one word."""

    # The last good key is used, because there is no newer answer.
    KEPT = "KeyKept"
    # There is none: its authority vouches for no image.
    UNAVAILABLE = "KeyUnavailable"
    # Its service signs with another hash than the policy takes.
    HASH_DIFFERS = "HashAlgorithmDiffers"


@dataclass(frozen=True)
class KeyWarning:
    """A warning about a key in a service.

    Attributes:
        reason: one word.
        problem: the same for people, with the path of the field.
    """

    reason: KeyWarningReason
    problem: Problem


@dataclass(frozen=True)
class PolicyWithKeys:
    """A policy with public keys in the place of references.

    Attributes:
        policy: an authority whose key cannot be had now has an `AbsentKey`.
        warnings: which these are and why, which are older than they should be, and what of a key makes signatures fail.
    """

    policy: ClusterImagePolicy
    warnings: tuple[KeyWarning, ...] = ()


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
    warnings: list[KeyWarning] = []
    whole = []
    for index, authority in enumerate(policy.spec.authorities):
        path = f"spec.authorities[{index}].key.kms"
        try:
            key, said = _key(authority.key, service)
        except KeyServiceError as error:
            wrong.append(Problem(path, str(error), fields=(path,)))
            continue
        whole.append(_with(authority, key))
        for reason, sentence in said.items():
            warnings.append(KeyWarning(reason, Problem(path, sentence, Severity.WARNING, fields=(path,))))
    if wrong:
        raise PolicyError(wrong)
    return PolicyWithKeys(replace(policy, spec=replace(policy.spec, authorities=tuple(whole))), tuple(warnings))


def _with(authority: Authority, key: KeyRef | None) -> Authority:
    return authority if key is authority.key else replace(authority, key=key)


def _key(key: KeyRef | None, service: KeyService[KmsReference]) -> tuple[KeyRef | None, Mapping[KeyWarningReason, str]]:
    """The key in place of the reference, and what is to be warned of."""
    if key is None or not key.kms:
        return key, {}
    try:
        found = service.public_key(parse(key.kms))
    except KeyServiceError as error:
        if error.refuses:
            raise
        why = f"the key {key.kms} cannot be had: {error}"
        absent = AbsentKey(hash_algorithm=key.hash_algorithm, why=why)
        return absent, {KeyWarningReason.UNAVAILABLE: f"{why}; {_UNTIL}"}
    return replace(key, kms="", data=found.pem), dict(_warnings(key, found))


def _warnings(key: KeyRef, found: ServiceKey) -> Iterator[tuple[KeyWarningReason, str]]:
    if found.kept:
        yield KeyWarningReason.KEPT, f"the key {key.kms} {found.kept}"
    if differs := _hash_warning(key, found):
        yield KeyWarningReason.HASH_DIFFERS, differs


def _hash_warning(key: KeyRef, found: ServiceKey) -> str:
    chosen = hash_algorithm(key.hash_algorithm)
    if not found.long_hash or chosen != DEFAULT_HASH:
        return ""
    return (
        f"the service signs with {found.long_hash} by this key, and the policy takes {DEFAULT_HASH}: its signatures "
        f"fail; write hashAlgorithm: {found.long_hash}"
    )
