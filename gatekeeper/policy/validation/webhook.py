"""What policy-controller's webhook checks of a policy, all of it at once, in its words.

Each function is for one object of the API and yields what is wrong with it, given its place; the order is that of the
document. Beyond the webhook stand a few checks of things that it lets through and that can never work; they are
marked, and are errors only where nothing that works is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gatekeeper.documents import workloads
from gatekeeper.documents.problems import Problem
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
from gatekeeper.policy.validation import authorities, globs, reach, rules, selectors
from gatekeeper.policy.validation.field_errors import (
    FieldError,
    FieldPath,
    invalid,
    joined,
    missing,
    warned,
)

MODES: Final = ("enforce", "warn")
# What may stand in `match[].resource`: what the webhook is called for.
RESOURCES: Final = tuple(sorted(each.resource for each in workloads.KINDS if each.matchable))
# How all kinds that bring Pods are served.
_VERSION: Final = "v1"
_TAGS_ONLY: Final = (
    "names a tag: in a cluster Pods are pinned to digests (REPOSITORY@sha256:…), which this glob never covers; "
    "a workload's tags are not pinned, and it covers them"
)
_TAGS_ONLY_HINT: Final = "cover both by REPOSITORY:* and REPOSITORY@*, or see what is left by check --pinned"
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


def validate(
    policy: ClusterImagePolicy, index: int = 0, namespace: str = authorities.SYSTEM_NAMESPACE
) -> list[Problem]:
    """Every problem of a policy that has its defaults; warnings too.

    Args:
        policy: the policy.
        index: its position among the documents of its file, which the webhook's words name for its metadata.
        namespace: where Secrets are read.
    """
    metadata = FieldPath("metadata", f"[{index}].metadata")
    return joined([*_metadata(policy.metadata, metadata), *_spec(policy.spec, FieldPath("spec", "spec"), namespace)])


def is_policy(api_version: str, kind: str) -> bool:
    """Whether an object is a ClusterImagePolicy of a version that is known."""
    return kind == KIND and api_version in {f"{GROUP}/{version}" for version in VERSIONS}


def _metadata(metadata: ObjectMeta, at: FieldPath) -> Iterator[FieldError]:
    if not metadata.name:
        yield missing(at / "name", hint="every object has a name")
    elif detail := selectors.name_fault(metadata.name):
        yield invalid(metadata.name, at / "name", detail)


def _spec(spec: ClusterImagePolicySpec, at: FieldPath, namespace: str) -> Iterator[FieldError]:
    if not spec.images:
        yield missing(at / "images")
    for index, image in enumerate(spec.images):
        yield from _image(image, (at / "images")[index], pods=_looks_at_pods(spec))
    if not spec.authorities:
        yield missing(at / "authorities")
    for index, authority in enumerate(spec.authorities):
        yield from authorities.check(authority, (at / "authorities")[index], namespace)
    yield from _same_names(spec, at / "authorities")
    if spec.mode not in MODES:
        yield invalid(spec.mode, at / "mode", "unsupported mode", hint=f"one of {', '.join(MODES)}")
    for index, match in enumerate(spec.match):
        yield from _match(match, (at / "match")[index])
    if spec.policy:
        # The webhook reports the policy's fields as if they stood in the spec itself.
        yield from rules.check(spec.policy, at.member("policy", ""), within_spec=True)


def _image(image: ImagePattern, at: FieldPath, *, pods: bool) -> Iterator[FieldError]:
    if not image.glob:
        yield missing(at / "glob")
    elif detail := globs.problem(image.glob):
        yield invalid(image.glob, at / "glob", f"glob is invalid: {detail}")
    else:
        yield from _reach(image.glob, at / "glob", pods=pods)


def _reach(glob: str, at: FieldPath, *, pods: bool) -> Iterator[FieldError]:
    """Ours: a glob that covers nothing, not its registry by the usual name, or nothing that is pinned to a digest."""
    detail, hint = reach.warning(glob)
    if detail:
        yield replace(warned(glob, at, detail), hint=hint)
        return
    detail, hint = reach.misses_usual_name(glob)
    if detail:
        yield replace(warned(glob, at, detail), hint=hint)
    if pods and reach.covers_tags_only(glob):
        yield replace(warned(glob, at, _TAGS_ONLY), hint=_TAGS_ONLY_HINT)


def _looks_at_pods(spec: ClusterImagePolicySpec) -> bool:
    return not spec.match or any(match.resource == "pods" for match in spec.match)


def _same_names(spec: ClusterImagePolicySpec, at: FieldPath) -> Iterator[FieldError]:
    """Ours: a policy sees the authorities by name, so the later of two hides the earlier."""
    seen: dict[str, int] = {}
    for index, authority in enumerate(spec.authorities):
        if authority.name in seen:
            first = at[seen[authority.name]].path
            yield warned(authority.name, at[index] / "name", f"{first} has the same name, and the policy sees only one")
        seen.setdefault(authority.name, index)


def _match(match: MatchResource, at: FieldPath) -> Iterator[FieldError]:
    if match.resource and match.resource not in RESOURCES:
        yield replace(
            invalid(match.resource, at / "resource", "unsupported resource name"), hint=f"one of {', '.join(RESOURCES)}"
        )
    if match.selector is not None:
        if not (match.resource or match.version or match.group):
            yield invalid(match.resource, at / "selector", "selector requires a resource type to match the labels")
        # Ours: Kubernetes finds these only when it evaluates the selector.
        for path, sentence in selectors.problems(match.selector):
            yield FieldError(sentence, (at / "selector" / path,))
    yield from _never(match, at)


def _never(match: MatchResource, at: FieldPath) -> Iterator[FieldError]:
    """Ours: an entry that can hold for no object."""
    if not match.resource:
        yield warned("", at / "resource", "an entry without a resource never matches")
    elif not match.version:
        yield warned("", at / "version", "an entry without a version never matches; write the version, or *")
    elif known := next((each for each in workloads.KINDS if each.resource == match.resource), None):
        if match.group != known.group:
            group = f"the group {known.group}" if known.group else "the core group, which is the empty text"
            yield warned(match.group, at / "group", f"never matches: {match.resource} are of {group}")
        if match.version not in {"*", _VERSION}:
            yield warned(match.version, at / "version", f"never matches: {match.resource} are served as {_VERSION}")
