"""What the webhook checks of an authority: keys, identities, sources, attestations.

Each function is for one object of the API and yields what is wrong with it, given its place. "Ours" marks what the
webhook lets through and what can never work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gatekeeper.policy.model import (
    Attestation,
    Authority,
    Identity,
    KeylessRef,
    KeyRef,
    Source,
    StaticRef,
)
from gatekeeper.policy.validation import keys, kms, rules, sources
from gatekeeper.policy.validation.field_errors import (
    FieldError,
    FieldPath,
    invalid,
    missing,
    one_of_missing,
    one_of_several,
    warned,
)
from provider import limits
from provider.golang import net_url, regexp

ACTIONS: Final = ("fail", "pass")
SIGNATURE_FORMATS: Final = ("legacy", "bundle")
# Short names of predicate types that the webhook knows; other short names are warned of alike.
PREDICATE_ALIASES: Final = ("custom", "cyclonedx", "link", "slsaprovenance", "spdx", "spdxjson", "vuln")
# The namespace that the webhook runs in, where Secrets with keys are looked for.
SYSTEM_NAMESPACE: Final = "cosign-system"
_DEPRECATED: Final = "deprecated value, please use RFC 3986 conformant values"


def check(authority: Authority, at: FieldPath, namespace: str = SYSTEM_NAMESPACE) -> Iterator[FieldError]:
    """What is wrong with an authority.

    Args:
        authority: the authority.
        at: its place.
        namespace: where Secrets are read, the only one that a policy may name for them.
    """
    ways = (authority.key, authority.keyless, authority.static)
    choice = (at / "key", at / "keyless", at / "static")
    given = sum(way is not None for way in ways)
    if given != 1:
        # What else is wrong would only repeat this.
        yield one_of_several(*choice) if given else one_of_missing(*choice)
        return
    if authority.key:
        yield from _key(authority.key, at / "key", namespace)
    if authority.keyless:
        yield from _keyless(authority.keyless, at / "keyless", namespace)
    if authority.static:
        yield from _static(authority.static, at / "static")
        yield from _beside_static(authority, at)
    yield from _sources(authority, at)
    for index, attestation in enumerate(authority.attestations):
        # The webhook does not say which one.
        yield from _attestation(attestation, FieldPath((at / "attestations")[index].path, (at / "attestations").words))
    if authority.key and authority.ctlog is not None and authority.ctlog.names_nothing:
        yield warned("{}", at / "ctlog", "names no log, so none is asked; write url or trustRootRef, or leave it out")
    if authority.signature_format and authority.signature_format not in SIGNATURE_FORMATS:
        detail = f"is taken for {SIGNATURE_FORMATS[0]}; the formats are {' and '.join(SIGNATURE_FORMATS)}"
        yield warned(authority.signature_format, at / "signatureFormat", detail)


def _beside_static(authority: Authority, at: FieldPath) -> Iterator[FieldError]:
    beside = {
        "attestations": bool(authority.attestations),
        "source": bool(authority.source),
        "ctlog": authority.ctlog is not None,
        "rfc3161timestamp": authority.rfc3161timestamp is not None,
    }
    for name, given in beside.items():
        if given:
            yield one_of_several(at / "static", at / name)


def _static(static: StaticRef, at: FieldPath) -> Iterator[FieldError]:
    if not static.action:
        yield missing(at / "action")
    elif static.action not in ACTIONS:
        yield invalid(static.action, at / "action", "unsupported action")


def _key(key: KeyRef, at: FieldPath, namespace: str) -> Iterator[FieldError]:
    # The webhook's path has the field in lower case.
    choice = (at / "data", at / "kms", at.member("secretRef", "secretref"))
    given = sum((bool(key.data), bool(key.kms), key.secret_ref is not None))
    if given != 1:
        yield one_of_several(*choice) if given else one_of_missing(*choice)
    if keys.hash_algorithm(key.hash_algorithm) is None:
        yield invalid(key.hash_algorithm, at / "hashAlgorithm", hint=f"one of {', '.join(keys.HASHES)}")
    if key.data:
        yield from _key_data(key.data, at / "data")
    if key.kms and (detail := kms.problem(key.kms)):
        yield invalid(key.kms, at / "kms", detail)
    elif key.kms and given == 1 and (detail := kms.own_problem(key.kms)):
        # Ours: the webhook takes any text behind the prefixes but Amazon's.
        yield invalid(key.kms, at / "kms", detail)
    if key.secret_ref:
        yield from _secret(key, at, namespace)


def _key_data(data: str, at: FieldPath) -> Iterator[FieldError]:
    if reason := keys.problem(data):
        # Somebody may have pasted the wrong half of the key.
        yield invalid("(not shown)" if keys.is_secret(data) else data, at, hint=reason)
    elif more := keys.extra_blocks(data):
        yield warned(f"{more + 1} keys", at, "only the first counts")


def _secret(key: KeyRef, at: FieldPath, namespace: str) -> Iterator[FieldError]:
    reference = key.secret_ref
    if reference and reference.namespace not in {"", namespace}:
        detail = (
            "secretref.namespace is invalid. If set, it should use the same namespace where the policy-controller was "
            "deployed"
        )
        place = at.member("secretRef", "secretref").member("namespace", "namespace")
        yield invalid(reference.namespace, place, detail)
    if reference and not reference.name:
        # Ours: the webhook lets it through, and no key is ever found.
        yield FieldError("a Secret has a name, which is missing", (at / "secretRef" / "name",))


def _keyless(keyless: KeylessRef, at: FieldPath, namespace: str) -> Iterator[FieldError]:
    # Neither cannot be: the public Fulcio is the default.
    if keyless.url is not None and keyless.ca_cert is not None:
        yield one_of_several(at / "url", at / "ca-cert")
    if keyless.ca_cert:
        yield from _key(keyless.ca_cert, at / "ca-cert", namespace)
    if not keyless.identities:
        yield missing(at / "identities")
    for index, identity in enumerate(keyless.identities):
        yield from _identity(identity, (at / "identities")[index])


def _identity(identity: Identity, at: FieldPath) -> Iterator[FieldError]:
    pairs = (
        ("issuer", identity.issuer, "issuerRegExp", identity.issuer_reg_exp),
        ("subject", identity.subject, "subjectRegExp", identity.subject_reg_exp),
    )
    for name, exact, pattern_name, pattern in pairs:
        if exact and pattern:
            yield one_of_several(at / name, at / pattern_name)
        if not exact and not pattern:
            yield missing(at / name, at / pattern_name)
        if len(pattern) > limits.PATTERN_CHARACTERS:
            # Ours: as long as that, it is no identity.
            yield invalid(pattern, at / pattern_name, f"is longer than {limits.PATTERN_CHARACTERS} characters")
        elif pattern and (detail := regexp.problem(pattern)):
            yield invalid(pattern, at / pattern_name, f"regex is invalid: {detail}")
        if "*" in exact:
            detail = (
                f"is compared letter by letter, so it never matches; write a regular expression into {pattern_name}"
            )
            yield warned(exact, at / name, detail)
        for field, text in ((name, exact), (pattern_name, pattern)):
            if text != text.strip():
                yield warned(text, at / field, "has white space at an end, so it never matches")


def _sources(authority: Authority, at: FieldPath) -> Iterator[FieldError]:
    if len(authority.source) > 1:
        yield invalid("source", at / "source", "only single source is supported")
        return
    for index, source in enumerate(authority.source):
        yield from _source(source, (at / "source")[index])


def _source(source: Source, at: FieldPath) -> Iterator[FieldError]:
    nameless = [index for index, secret in enumerate(source.signature_pull_secrets) if not secret.name]
    if source.oci and (detail := sources.problem(source.oci)):
        yield invalid(source.oci, _nested(at / "oci", at, nameless), detail)
    elif sources.has_scheme(source.oci):
        # Ours: `https:` would be the registry's name.
        yield invalid(source.oci, at / "oci", "a registry or repository has no scheme")
    elif source.oci and "/" not in source.oci:
        # Ours: the webhook takes it, and looks on Docker Hub for a repository of that name.
        yield warned(
            source.oci, at / "oci", "is a registry, not a repository in one, so no signature will be found there"
        )
    for position, index in enumerate(nameless):
        yield missing(_nested((at / "signaturePullSecrets")[index] / "name", at, nameless[position + 1 :]))


def _nested(place: FieldPath, source: FieldPath, outer: list[int]) -> FieldPath:
    """The webhook puts what it found before each nameless secret under the path of that secret."""
    inner = place.words.removeprefix(source.words)
    for index in outer:
        inner = f".signaturePullSecrets[{index}]{inner}"
    return replace(place, words=source.words + inner)


def _attestation(attestation: Attestation, at: FieldPath) -> Iterator[FieldError]:
    if not attestation.name:
        yield missing(at / "name")
    predicate = attestation.predicate_type
    if not predicate:
        yield missing(at / "predicateType")
    elif predicate in PREDICATE_ALIASES or not net_url.is_request_uri(predicate):
        yield warned(predicate, at / "predicateType", _DEPRECATED)
    if attestation.policy:
        yield from rules.check(attestation.policy, at / "policy", within_spec=False)
