"""What an authority of a ClusterImagePolicy asks the provider to prove: the member `verify` of a question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatekeeper.documents.problems import Problem
from gatekeeper.policy import predicate_types
from gatekeeper.policy.model import AbsentKey, Attestation, Authority, Identity, KeylessRef, KeyRef
from gatekeeper.policy.validation import keys
from gatekeeper.translation import attestation_rules
from provider.errors import ImageError, QuestionError
from provider.questions import attestation_question, proof_question
from provider.questions.attestation_question import AttestationWish
from provider.questions.proof_question import (
    Format,
    HashAlgorithm,
    Key,
    Keyless,
    LogName,
    SignatureSource,
    TrustRootName,
    Verify,
)
from provider.registry import reference

# What cosign calls the signatures of an image.
_SIGNATURE_TAG: Final = f"sha256-{'0' * 64}.sig"

# The OCI distribution specification, "Pulling manifests".
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(f"{_PART}(?:/{_PART})*", re.ASCII)


def parameters(authority: Authority) -> dict[str, Any]:
    """What the Constraint's parameters hold of an authority that looks at signatures.

    `verify` stands in the question as it is; `identities` are matched in Rego and are no part of it, so that policies
    share answers. Where attestations are wanted it is called `attestor`, and where a timestamp is, `stamped`: who does
    not know these must not be content without them, be it a template of an earlier release, or an API server that
    leaves out what is new to it.
    """
    if isinstance(authority.key, AbsentKey):
        # Nothing is asked: neither a template of an earlier release nor an API server makes a yes of it.
        return {"absent": {"message": authority.key.why}}
    found: dict[str, Any] = {asked_as(authority): proof_question.write(_verify(authority))}
    if authority.keyless is not None:
        found["identities"] = [identity_fields(each) for each in authority.keyless.identities]
    if authority.attestations:
        found["attestations"] = [_attestation(each) for each in authority.attestations]
    return found


def asked_as(authority: Authority) -> str:
    """The field that says what is asked for."""
    if authority.attestations:
        return "attestor"
    return "stamped" if authority.rfc3161timestamp is not None else "verify"


def _attestation(attestation: Attestation) -> dict[str, Any]:
    """An entry as parameters hold it; which parts of statements its rule reads stands in the template beside the rule.

    Existence alone is wanted where there is no rule.
    """
    predicate_type, form = predicate_types.meaning(attestation.predicate_type)
    wish = attestation_question.write(AttestationWish(predicate_type, form))
    found: dict[str, Any] = {
        "name": attestation.name,
        "type": attestation.predicate_type,
        "wish": {name: value for name, value in wish.items() if name != "statement"},
    }
    if name := attestation_rules.name_of(attestation):
        found["rule"] = name
    return found


def problems(authority: Authority, at: str) -> Iterator[Problem]:
    """What the provider would refuse for good of what an authority asks: it decides itself, by its own functions.

    Args:
        authority: a valid one that looks at signatures.
        at: its path.
    """
    from provider.signatures.trust import keys as provider_keys  # noqa: PLC0415 - imports cryptography

    if isinstance(authority.key, AbsentKey):
        return
    verify = _verify(authority)
    if verify.key is not None:
        try:
            provider_keys.load(verify.key.data, verify.key.hash_algorithm)
        except ImageError as error:
            yield _refused(f"{at}.key.data", f"the provider does not take it: {error.message}")
    if verify.source.oci:
        yield from _source_problems(verify.source, f"{at}.source[0].oci")
    try:
        proof_question.read(proof_question.write(verify))
    except QuestionError as error:
        yield _refused(at, f"the provider does not take its question: {error.message}")


def problems_in(verify: Mapping[str, Any]) -> Iterator[str]:
    """What the provider would refuse for good of a question's member `verify`, as it stands in parameters."""
    from provider.signatures.trust import keys as provider_keys  # noqa: PLC0415 - imports cryptography

    try:
        asked = proof_question.read(dict(verify))
        if asked.key is not None:
            provider_keys.load(asked.key.data, asked.key.hash_algorithm)
    except (ImageError, QuestionError) as error:
        yield f"the provider does not take it: {error.message}"


def _source_problems(source: SignatureSource, path: str) -> Iterator[Problem]:
    if "/" not in source.oci:
        # The webhook takes a registry alone; validation warns of it, and every image is denied.
        return
    if not _REPOSITORY.fullmatch(source.oci.partition("/")[2]):
        yield _refused(path, f"no signature can be there: no registry has a repository of the name {source.oci}")
        return
    try:
        reference.parse(f"{source.oci}:{source.tag_prefix}{_SIGNATURE_TAG}")
    except ImageError as error:
        yield _refused(path, f"no signature can be there: {error.message}")


def _refused(path: str, sentence: str) -> Problem:
    return Problem(path, sentence, fields=(path,))


def _verify(authority: Authority) -> Verify:
    return Verify(
        key=_key(authority.key) if authority.key else None,
        keyless=_keyless(authority.keyless) if authority.keyless else None,
        source=_source(authority),
        format=Format.BUNDLE if authority.signature_format == Format.BUNDLE else Format.LEGACY,
        log=_log(authority),
        timestamp=TrustRootName(authority.rfc3161timestamp.trust_root_ref) if authority.rfc3161timestamp else None,
    )


def _log(authority: Authority) -> LogName | None:
    """The log asked for, as upstream has it.

    None where a timestamp of a trust root is, and none of a key where `ctlog` names neither a log nor a trust root.
    """
    if authority.ctlog is None or (authority.rfc3161timestamp and authority.rfc3161timestamp.trust_root_ref):
        return None
    if authority.key is not None and authority.ctlog.names_nothing:
        return None
    return LogName(str(authority.ctlog.url or ""), TrustRootName(authority.ctlog.trust_root_ref))


def _key(key: KeyRef) -> Key:
    return Key(_first_block(key.data), _hash(key.hash_algorithm))


def _first_block(pem: str) -> str:
    """Of several PEM blocks upstream takes the first that is well-formed; what stands around it is nobody's."""
    block = keys.first_block(pem)
    return block.text if block else pem


def _hash(text: str) -> HashAlgorithm:
    """As upstream reads it: what it does not know exactly as written is the default."""
    return HashAlgorithm(text) if text in set(HashAlgorithm) else HashAlgorithm.SHA256


def _keyless(keyless: KeylessRef) -> Keyless:
    return Keyless(TrustRootName(keyless.trust_root_ref), bool(keyless.insecure_ignore_sct))


def _source(authority: Authority) -> SignatureSource:
    if not authority.source:
        return SignatureSource()
    first = authority.source[0]
    pull_secrets = tuple(each.name for each in first.signature_pull_secrets)
    return SignatureSource(first.oci, first.tag_prefix or "", pull_secrets)


def identity_fields(identity: Identity) -> dict[str, str]:
    """An identity as parameters hold it: what is empty is left out."""
    fields = {
        "issuer": identity.issuer,
        "issuerRegExp": identity.issuer_reg_exp,
        "subject": identity.subject,
        "subjectRegExp": identity.subject_reg_exp,
    }
    return {name: text for name, text in fields.items() if text}
