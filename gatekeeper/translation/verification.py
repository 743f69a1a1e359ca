"""What an authority of a ClusterImagePolicy asks the provider to prove: the member `verify` of a question."""

from __future__ import annotations

import re
from typing import Any

from gatekeeper.policy.model import Authority, Identity, KeylessRef, KeyRef
from provider.questions import proof_question
from provider.questions.proof_question import (
    Format,
    HashAlgorithm,
    Key,
    Keyless,
    LogName,
    Source,
    TrustRootName,
    Verify,
)


def parameters(authority: Authority) -> dict[str, Any]:
    """What the Constraint's parameters hold of an authority that looks at signatures.

    `verify` stands in the question as it is; `identities` are matched in Rego and are no part of it, so that policies
    share answers.
    """
    found: dict[str, Any] = {"verify": proof_question.write(_verify(authority))}
    if authority.keyless is not None:
        found["identities"] = [identity_fields(each) for each in authority.keyless.identities]
    return found


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
    """The log asked for; none where a timestamp of a trust root is, for upstream looks at no log then."""
    if authority.ctlog is None or (authority.rfc3161timestamp and authority.rfc3161timestamp.trust_root_ref):
        return None
    return LogName(str(authority.ctlog.url or ""), TrustRootName(authority.ctlog.trust_root_ref))


def _key(key: KeyRef) -> Key:
    return Key(_first_block(key.data), _hash(key.hash_algorithm))


def _first_block(pem: str) -> str:
    """Of several PEM blocks upstream takes the first; what stands around it is nobody's."""
    found = re.search(r"-----BEGIN ([^-\n]+)-----.*?-----END \1-----", pem, re.DOTALL)
    return f"{found.group()}\n" if found else pem


def _hash(text: str) -> HashAlgorithm:
    """As upstream reads it: what it does not know exactly as written is the default."""
    return HashAlgorithm(text) if text in set(HashAlgorithm) else HashAlgorithm.SHA256


def _keyless(keyless: KeylessRef) -> Keyless:
    return Keyless(TrustRootName(keyless.trust_root_ref), bool(keyless.insecure_ignore_sct))


def _source(authority: Authority) -> Source:
    if not authority.source:
        return Source()
    first = authority.source[0]
    return Source(first.oci, first.tag_prefix or "")


def identity_fields(identity: Identity) -> dict[str, str]:
    """An identity as parameters hold it: what is empty is left out."""
    fields = {
        "issuer": identity.issuer,
        "issuerRegExp": identity.issuer_reg_exp,
        "subject": identity.subject,
        "subjectRegExp": identity.subject_reg_exp,
    }
    return {name: text for name, text in fields.items() if text}
