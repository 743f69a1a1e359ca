"""What the webhook checks of a policy's rule: its language, where its text is, what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatekeeper.policy.model import ConfigMapReference, Policy, RemotePolicy
from gatekeeper.policy.validation.field_errors import (
    FieldError,
    FieldPath,
    disallowed,
    invalid,
    missing,
    one_of_several,
)
from provider import limits
from provider.golang import net_url

POLICY_TYPES: Final = ("cue", "rego")


def check(policy: Policy, at: FieldPath, *, within_spec: bool) -> Iterator[FieldError]:
    """What is wrong with a rule; outside of the spec (in an attestation) it may not ask for more input."""
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


def _policy_data(data: str, at: FieldPath) -> Iterator[FieldError]:
    """Ours: what is made of the policy has to fit into etcd."""
    size = len(data.encode("utf-8", "surrogatepass"))
    if size > limits.POLICY_BYTES:
        detail = f"the policy's text may have {limits.POLICY_BYTES // limits.KIB} KiB at most"
        yield invalid(f"{size // limits.KIB} KiB", at, detail)


def _only_within_spec(policy: Policy, at: FieldPath) -> Iterator[FieldError]:
    flags = {
        "fetchConfigFile": policy.fetch_config_file,
        "includeSpec": policy.include_spec,
        "includeObjectMeta": policy.include_object_meta,
        "includeTypeMeta": policy.include_type_meta,
    }
    for name, value in flags.items():
        if value is not None:
            yield disallowed(at / name)


def _remote(remote: RemotePolicy, at: FieldPath) -> Iterator[FieldError]:
    parsed = net_url.parse(remote.url.partition("#")[0])
    if parsed.scheme != "https" or not parsed.host:
        detail = "url valid is invalid. host and https scheme are expected"
        yield invalid(net_url.as_printed(remote.url), at / "url", detail)
    if not remote.sha256sum:
        yield missing(at / "sha256sum")


def _config_map(reference: ConfigMapReference, at: FieldPath) -> Iterator[FieldError]:
    if not reference.name:
        yield missing(at / "name")
    if not reference.key:
        yield missing(at / "key")
