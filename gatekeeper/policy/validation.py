"""What policy-controller's webhook checks of a policy, all of it at once, in its words.

Each function is for one object of the API and yields what is wrong with it, given its place; the order is that of the
document. Beyond the webhook stand a few checks of things that it lets through and that can never work; they are
marked, and are errors only where nothing that works is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gatekeeper.policy import globs, goregexp, keys, kms, selectors, sources, urls
from gatekeeper.policy.faults import (
    Fault,
    Place,
    disallowed,
    invalid,
    joined,
    missing,
    one_of_missing,
    one_of_several,
    warned,
)
from gatekeeper.policy.model import (
    GROUP,
    KIND,
    VERSIONS,
    Attestation,
    Authority,
    ClusterImagePolicy,
    ClusterImagePolicySpec,
    ConfigMapReference,
    Identity,
    ImagePattern,
    KeylessRef,
    KeyRef,
    MatchResource,
    ObjectMeta,
    Policy,
    RemotePolicy,
    Source,
    StaticRef,
    Url,
)
from gatekeeper.policy.problems import Problem
from provider import limits

MODES: Final = ("enforce", "warn")
ACTIONS: Final = ("fail", "pass")
POLICY_TYPES: Final = ("cue", "rego")
SIGNATURE_FORMATS: Final = ("legacy", "bundle")
# What may stand in `match[].resource`: what the webhook is called for.
RESOURCES: Final = ("cronjobs", "daemonsets", "deployments", "jobs", "pods", "replicasets", "statefulsets")
# Short names of predicate types that the webhook knows; other short names are warned of alike.
PREDICATE_ALIASES: Final = ("custom", "cyclonedx", "link", "slsaprovenance", "spdx", "spdxjson", "vuln")
FULCIO: Final = Url("https://fulcio.sigstore.dev")
# The namespace that the webhook runs in, where Secrets with keys are looked for.
SYSTEM_NAMESPACE: Final = "cosign-system"

_DEPRECATED: Final = "deprecated value, please use RFC 3986 conformant values"


def with_defaults(policy: ClusterImagePolicy) -> ClusterImagePolicy:
    """The policy with what was left out filled in, as the mutating webhook does before validation."""
    authorities = tuple(_named(authority, index) for index, authority in enumerate(policy.spec.authorities))
    mode = policy.spec.mode or MODES[0]
    return replace(policy, spec=replace(policy.spec, authorities=authorities, mode=mode))


def _named(authority: Authority, index: int) -> Authority:
    keyless = authority.keyless
    if keyless and not authority.key and not authority.static and keyless.url is None and keyless.ca_cert is None:
        keyless = replace(keyless, url=FULCIO)
    return replace(authority, name=authority.name or f"authority-{index}", keyless=keyless)


def validate(policy: ClusterImagePolicy, index: int = 0) -> list[Problem]:
    """Every problem of a policy that has its defaults; warnings too.

    Args:
        policy: the policy.
        index: its position among the documents of its file, which the webhook's words name for its metadata.
    """
    metadata = Place("metadata", f"[{index}].metadata")
    return joined([*_metadata(policy.metadata, metadata), *_spec(policy.spec, Place("spec", "spec"))])


def is_policy(api_version: str, kind: str) -> bool:
    """Whether an object is a ClusterImagePolicy of a version that is known."""
    return kind == KIND and api_version in {f"{GROUP}/{version}" for version in VERSIONS}


def _metadata(metadata: ObjectMeta, at: Place) -> Iterator[Fault]:
    if not metadata.name:
        yield missing(at / "name", hint="every object has a name")
    elif detail := selectors.name_fault(metadata.name):
        yield invalid(metadata.name, at / "name", detail)


def _spec(spec: ClusterImagePolicySpec, at: Place) -> Iterator[Fault]:
    if not spec.images:
        yield missing(at / "images")
    for index, image in enumerate(spec.images):
        yield from _image(image, (at / "images")[index])
    if not spec.authorities:
        yield missing(at / "authorities")
    for index, authority in enumerate(spec.authorities):
        yield from _authority(authority, (at / "authorities")[index])
    yield from _same_names(spec, at / "authorities")
    if spec.mode not in MODES:
        yield invalid(spec.mode, at / "mode", "unsupported mode")
    for index, match in enumerate(spec.match):
        yield from _match(match, (at / "match")[index])
    if spec.policy:
        # The webhook reports the policy's fields as if they stood in the spec itself.
        yield from _policy(spec.policy, at.member("policy", ""), within_spec=True)


def _image(image: ImagePattern, at: Place) -> Iterator[Fault]:
    if not image.glob:
        yield missing(at / "glob")
    elif detail := globs.fault(image.glob):
        yield invalid(image.glob, at / "glob", f"glob is invalid: {detail}")


def _same_names(spec: ClusterImagePolicySpec, at: Place) -> Iterator[Fault]:
    """Ours: a policy sees the authorities by name, so the later of two hides the earlier."""
    seen: dict[str, int] = {}
    for index, authority in enumerate(spec.authorities):
        if authority.name in seen:
            first = at[seen[authority.name]].path
            yield warned(authority.name, at[index] / "name", f"{first} has the same name, and the policy sees only one")
        seen.setdefault(authority.name, index)


def _authority(authority: Authority, at: Place) -> Iterator[Fault]:
    ways = (authority.key, authority.keyless, authority.static)
    choice = (at / "key", at / "keyless", at / "static")
    given = sum(way is not None for way in ways)
    if given != 1:
        # What else is wrong would only repeat this.
        yield one_of_several(*choice) if given else one_of_missing(*choice)
        return
    if authority.key:
        yield from _key(authority.key, at / "key")
    if authority.keyless:
        yield from _keyless(authority.keyless, at / "keyless")
    if authority.static:
        yield from _static(authority.static, at / "static")
        yield from _beside_static(authority, at)
    yield from _sources(authority, at)
    for index, attestation in enumerate(authority.attestations):
        # The webhook does not say which one.
        yield from _attestation(attestation, Place((at / "attestations")[index].path, (at / "attestations").words))
    if authority.signature_format and authority.signature_format not in SIGNATURE_FORMATS:
        detail = f"is taken for {SIGNATURE_FORMATS[0]}; the formats are {' and '.join(SIGNATURE_FORMATS)}"
        yield warned(authority.signature_format, at / "signatureFormat", detail)


def _beside_static(authority: Authority, at: Place) -> Iterator[Fault]:
    beside = {
        "attestations": bool(authority.attestations),
        "source": bool(authority.source),
        "ctlog": authority.ctlog is not None,
        "rfc3161timestamp": authority.rfc3161timestamp is not None,
    }
    for name, given in beside.items():
        if given:
            yield one_of_several(at / "static", at / name)


def _static(static: StaticRef, at: Place) -> Iterator[Fault]:
    if not static.action:
        yield missing(at / "action")
    elif static.action not in ACTIONS:
        yield invalid(static.action, at / "action", "unsupported action")


def _key(key: KeyRef, at: Place) -> Iterator[Fault]:
    # The webhook's path has the field in lower case.
    choice = (at / "data", at / "kms", at.member("secretRef", "secretref"))
    given = sum((bool(key.data), bool(key.kms), key.secret_ref is not None))
    if given != 1:
        yield one_of_several(*choice) if given else one_of_missing(*choice)
    if keys.hash_algorithm(key.hash_algorithm) is None:
        yield invalid(key.hash_algorithm, at / "hashAlgorithm", hint=f"one of {', '.join(keys.HASHES)}")
    if key.data:
        yield from _key_data(key.data, at / "data")
    if key.kms and (detail := kms.fault(key.kms)):
        yield invalid(key.kms, at / "kms", detail)
    if key.secret_ref:
        yield from _secret(key, at)


def _key_data(data: str, at: Place) -> Iterator[Fault]:
    if reason := keys.fault(data):
        # Somebody may have pasted the wrong half of the key.
        yield invalid("(not shown)" if keys.is_secret(data) else data, at, hint=reason)
    elif more := keys.extra_blocks(data):
        yield warned(f"{more + 1} keys", at, "only the first counts")


def _secret(key: KeyRef, at: Place) -> Iterator[Fault]:
    reference = key.secret_ref
    if reference and reference.namespace not in {"", SYSTEM_NAMESPACE}:
        detail = (
            "secretref.namespace is invalid. If set, it should use the same namespace where the policy-controller was "
            "deployed"
        )
        place = at.member("secretRef", "secretref").member("namespace", "namespace")
        yield invalid(reference.namespace, place, detail)
    if reference and not reference.name:
        # Ours: the webhook lets it through, and no key is ever found.
        yield Fault("a Secret has a name, which is missing", (at / "secretRef" / "name",))


def _keyless(keyless: KeylessRef, at: Place) -> Iterator[Fault]:
    choice = (at / "url", at / "ca-cert")
    if keyless.url is None and keyless.ca_cert is None:
        yield one_of_missing(*choice)
    if keyless.url is not None and keyless.ca_cert is not None:
        yield one_of_several(*choice)
    if keyless.ca_cert:
        yield from _key(keyless.ca_cert, at / "ca-cert")
    if not keyless.identities:
        yield missing(at / "identities")
    for index, identity in enumerate(keyless.identities):
        yield from _identity(identity, (at / "identities")[index])


def _identity(identity: Identity, at: Place) -> Iterator[Fault]:
    pairs = (
        ("issuer", identity.issuer, "issuerRegExp", identity.issuer_reg_exp),
        ("subject", identity.subject, "subjectRegExp", identity.subject_reg_exp),
    )
    for name, exact, pattern_name, pattern in pairs:
        if exact and pattern:
            yield one_of_several(at / name, at / pattern_name)
        if not exact and not pattern:
            yield missing(at / name, at / pattern_name)
        if pattern and (detail := goregexp.fault(pattern)):
            yield invalid(pattern, at / pattern_name, f"regex is invalid: {detail}")


def _sources(authority: Authority, at: Place) -> Iterator[Fault]:
    if len(authority.source) > 1:
        yield invalid("source", at / "source", "only single source is supported")
        return
    for index, source in enumerate(authority.source):
        yield from _source(source, (at / "source")[index])


def _source(source: Source, at: Place) -> Iterator[Fault]:
    nameless = [index for index, secret in enumerate(source.signature_pull_secrets) if not secret.name]
    if source.oci and (detail := sources.fault(source.oci)):
        yield invalid(source.oci, _nested(at / "oci", at, nameless), detail)
    elif sources.has_scheme(source.oci):
        # Ours: `https:` would be the registry's name.
        yield invalid(source.oci, at / "oci", "a registry or repository has no scheme")
    for position, index in enumerate(nameless):
        yield missing(_nested((at / "signaturePullSecrets")[index] / "name", at, nameless[position + 1 :]))


def _nested(place: Place, source: Place, outer: list[int]) -> Place:
    """The webhook puts what it found before each nameless secret under the path of that secret."""
    inner = place.words.removeprefix(source.words)
    for index in outer:
        inner = f".signaturePullSecrets[{index}]{inner}"
    return replace(place, words=source.words + inner)


def _attestation(attestation: Attestation, at: Place) -> Iterator[Fault]:
    if not attestation.name:
        yield missing(at / "name")
    predicate = attestation.predicate_type
    if not predicate:
        yield missing(at / "predicateType")
    elif predicate in PREDICATE_ALIASES or not urls.is_request_uri(predicate):
        yield warned(predicate, at / "predicateType", _DEPRECATED)
    if attestation.policy:
        yield from _policy(attestation.policy, at / "policy", within_spec=False)


def _policy(policy: Policy, at: Place, *, within_spec: bool) -> Iterator[Fault]:
    if policy.type not in POLICY_TYPES:
        yield invalid(policy.type, at / "type", f"only [{','.join(POLICY_TYPES)}] are supported at the moment")
    choice = (at / "data", at / "configMapRef", at / "remote")
    given = sum((bool(policy.data), policy.config_map_ref is not None, policy.remote is not None))
    if given != 1:
        yield one_of_several(*choice) if given else missing(*choice)
    yield from _policy_data(policy.data, at / "data")
    if policy.remote:
        yield from _remote(policy.remote, at / "remote")
    if policy.config_map_ref:
        yield from _config_map(policy.config_map_ref, at / "configMapRef")
    if not within_spec:
        yield from _only_within_spec(policy, at)


def _policy_data(data: str, at: Place) -> Iterator[Fault]:
    """Ours: what is made of the policy has to fit into etcd."""
    size = len(data.encode("utf-8", "surrogatepass"))
    if size > limits.POLICY_BYTES:
        detail = f"the policy's text may have {limits.POLICY_BYTES // limits.KIB} KiB at most"
        yield invalid(f"{size // limits.KIB} KiB", at, detail)


def _only_within_spec(policy: Policy, at: Place) -> Iterator[Fault]:
    flags = {
        "fetchConfigFile": policy.fetch_config_file,
        "includeSpec": policy.include_spec,
        "includeObjectMeta": policy.include_object_meta,
        "includeTypeMeta": policy.include_type_meta,
    }
    for name, value in flags.items():
        if value is not None:
            yield disallowed(at / name)


def _remote(remote: RemotePolicy, at: Place) -> Iterator[Fault]:
    parsed = urls.parse(remote.url.partition("#")[0])
    if parsed.scheme != "https" or not parsed.host:
        detail = "url valid is invalid. host and https scheme are expected"
        yield invalid(urls.as_printed(remote.url), at / "url", detail)
    if not remote.sha256sum:
        yield missing(at / "sha256sum")


def _config_map(reference: ConfigMapReference, at: Place) -> Iterator[Fault]:
    if not reference.name:
        yield missing(at / "name")
    if not reference.key:
        yield missing(at / "key")


def _match(match: MatchResource, at: Place) -> Iterator[Fault]:
    if match.resource and match.resource not in RESOURCES:
        yield replace(
            invalid(match.resource, at / "resource", "unsupported resource name"), hint=f"one of {', '.join(RESOURCES)}"
        )
    if match.selector is not None:
        if not (match.resource or match.version or match.group):
            yield invalid(match.resource, at / "selector", "selector requires a resource type to match the labels")
        # Ours: Kubernetes finds these only when it evaluates the selector.
        for path, sentence in selectors.faults(match.selector):
            yield Fault(sentence, (at / "selector" / path,))
    yield from _never(match, at)


def _never(match: MatchResource, at: Place) -> Iterator[Fault]:
    """Ours: an entry that can hold for no object."""
    if not match.resource:
        yield warned("", at / "resource", "an entry without a resource never matches")
    elif not match.version:
        yield warned("", at / "version", "an entry without a version never matches; write the version, or *")
