"""What policy-controller's webhook checks of a policy, all of it at once, in its words.

Each function is for one object of the API and yields what is wrong with it, given its place; the order is that of the
document. Beyond the webhook stand a few checks of things that it lets through and that can never work; they are
marked, and are errors only where nothing that works is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gatekeeper.policy import authorities, globs, rules, selectors
from gatekeeper.policy.faults import (
    Fault,
    Place,
    invalid,
    joined,
    missing,
    warned,
)
from gatekeeper.policy.model import (
    GROUP,
    KIND,
    VERSIONS,
    Authority,
    ClusterImagePolicy,
    ClusterImagePolicySpec,
    ImagePattern,
    MatchResource,
    ObjectMeta,
    Url,
)
from gatekeeper.policy.problems import Problem

MODES: Final = ("enforce", "warn")
# What may stand in `match[].resource`: what the webhook is called for.
RESOURCES: Final = ("cronjobs", "daemonsets", "deployments", "jobs", "pods", "replicasets", "statefulsets")
FULCIO: Final = Url("https://fulcio.sigstore.dev")


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
        yield from authorities.check(authority, (at / "authorities")[index])
    yield from _same_names(spec, at / "authorities")
    if spec.mode not in MODES:
        yield invalid(spec.mode, at / "mode", "unsupported mode")
    for index, match in enumerate(spec.match):
        yield from _match(match, (at / "match")[index])
    if spec.policy:
        # The webhook reports the policy's fields as if they stood in the spec itself.
        yield from rules.check(spec.policy, at.member("policy", ""), within_spec=True)


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
