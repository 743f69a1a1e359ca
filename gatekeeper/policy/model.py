"""The whole ClusterImagePolicy, typed: every field of its v1alpha1 and v1beta1 definitions.

The two versions have the same fields, so there is one model. Each class stands for one object of the API and bears
its name there, since decoding errors name it; `json` names what differs from the attribute. A field that is None was
not given; text that is empty means the same as text that was not given, as it does to the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from gatekeeper.documents.scalars import Json

# ruff: noqa: RUF009 - the calls in defaults make fields; none of them is mutable.

GROUP: Final = "policy.sigstore.dev"
VERSIONS: Final = ("v1alpha1", "v1beta1")
KIND: Final = "ClusterImagePolicy"


def _json(name: str, default: Json = "") -> Json:
    return field(default=default, metadata={"json": name})


def _text(go: str) -> Json:
    """Text of a type of its own in Go."""
    return field(default="", metadata={"go": go})


def _mapping(name: str) -> Json:
    return field(default_factory=dict, metadata={"json": name})


class Url(str):
    """A URL as written; empty where an empty one was written, which is not the same as none."""

    __slots__ = ()


class Timestamp(str):
    """A moment, RFC 3339."""

    __slots__ = ()


class ApiObject:
    """An object of the API."""

    # The package of its type in Go, which decoding errors name; empty for the policy's own version.
    package: ClassVar[str] = ""
    # Fields of a Go type embedded in this one: decoding errors name that type in the path.
    embedded: ClassVar[Mapping[str, str]] = {}


@dataclass(frozen=True)
class SecretReference(ApiObject):
    """A Secret that holds a public key."""

    package: ClassVar[str] = "v1"
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True)
class KeyRef(ApiObject):
    """A public key: exactly one of `data` (PEM), `secret_ref` and `kms` (`awskms://…`)."""

    secret_ref: SecretReference | None = _json("secretRef", None)
    data: str = ""
    kms: str = ""
    hash_algorithm: str = _json("hashAlgorithm")


@dataclass(frozen=True)
class AbsentKey(KeyRef):
    """In place of a key that cannot be had now; no policy can say it. Its authority vouches for no image.

    Attributes:
        why: one sentence without a full stop: which key, and whose fault it is.
    """

    why: str = ""


@dataclass(frozen=True)
class Identity(ApiObject):
    """Who may have signed; the regular expressions are Go's and not anchored."""

    issuer: str = ""
    subject: str = ""
    issuer_reg_exp: str = _json("issuerRegExp")
    subject_reg_exp: str = _json("subjectRegExp")


@dataclass(frozen=True)
class KeylessRef(ApiObject):
    """Signed with a short-lived certificate; any of the identities will do."""

    url: Url | None = None
    identities: tuple[Identity, ...] = ()
    ca_cert: KeyRef | None = _json("ca-cert", None)
    trust_root_ref: str = _json("trustRootRef")
    insecure_ignore_sct: bool | None = _json("insecureIgnoreSCT", None)


@dataclass(frozen=True)
class StaticRef(ApiObject):
    """Passes or fails without looking: `action` is `pass` or `fail`."""

    action: str = ""
    message: str = ""


@dataclass(frozen=True)
class TLog(ApiObject):
    """The transparency log in which the signature must be."""

    url: Url | None = None
    trust_root_ref: str = _json("trustRootRef")

    @property
    def names_nothing(self) -> bool:
        """Whether it names neither a log nor whose logs are believed: `ctlog: {}`."""
        return not self.url and not self.trust_root_ref


@dataclass(frozen=True)
class RFC3161Timestamp(ApiObject):
    """The time-stamping authority that must have seen the signature."""

    trust_root_ref: str = _json("trustRootRef")


@dataclass(frozen=True)
class LocalObjectReference(ApiObject):
    """A Secret in the namespace of the workload."""

    package: ClassVar[str] = "v1"
    name: str = ""


@dataclass(frozen=True)
class Source(ApiObject):
    """Where the signatures are, if not beside the image."""

    oci: str = ""
    signature_pull_secrets: tuple[LocalObjectReference, ...] = _json("signaturePullSecrets", ())
    tag_prefix: str | None = _json("tagPrefix", None)


@dataclass(frozen=True)
class RemotePolicy(ApiObject):
    """A policy's text at an https URL."""

    url: Url = Url("")
    sha256sum: str = ""


@dataclass(frozen=True)
class ConfigMapReference(ApiObject):
    """A policy's text in a ConfigMap."""

    name: str = ""
    namespace: str = ""
    key: str = ""


@dataclass(frozen=True)
class Policy(ApiObject):
    """Rego or CUE (`type`), from exactly one of `data`, `config_map_ref` and `remote`."""

    type: str = ""
    data: str = ""
    config_map_ref: ConfigMapReference | None = _json("configMapRef", None)
    remote: RemotePolicy | None = None
    fetch_config_file: bool | None = _json("fetchConfigFile", None)
    include_spec: bool | None = _json("includeSpec", None)
    include_object_meta: bool | None = _json("includeObjectMeta", None)
    include_type_meta: bool | None = _json("includeTypeMeta", None)


@dataclass(frozen=True)
class Attestation(ApiObject):
    """An attestation that must exist, and what it must say."""

    name: str = ""
    predicate_type: str = _json("predicateType")
    policy: Policy | None = None


@dataclass(frozen=True)
class Authority(ApiObject):
    """One way to be accepted: exactly one of `key`, `keyless` and `static`."""

    name: str = ""
    key: KeyRef | None = None
    keyless: KeylessRef | None = None
    static: StaticRef | None = None
    source: tuple[Source, ...] = ()
    ctlog: TLog | None = None
    attestations: tuple[Attestation, ...] = ()
    rfc3161timestamp: RFC3161Timestamp | None = None
    signature_format: str = _json("signatureFormat")


@dataclass(frozen=True)
class ImagePattern(ApiObject):
    """Images by glob (see `globs`)."""

    glob: str = ""


@dataclass(frozen=True)
class LabelSelectorRequirement(ApiObject):
    """One condition on labels: `operator` is In, NotIn, Exists or DoesNotExist."""

    package: ClassVar[str] = "v1"
    key: str = ""
    operator: str = _text("v1.LabelSelectorOperator")
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelSelector(ApiObject):
    """Conditions on labels, all of which must hold."""

    package: ClassVar[str] = "v1"
    match_labels: Mapping[str, str] = _mapping("matchLabels")
    match_expressions: tuple[LabelSelectorRequirement, ...] = _json("matchExpressions", ())


@dataclass(frozen=True)
class MatchResource(ApiObject):
    """Objects that the policy is for: group and resource exact, version exact or `*`."""

    embedded: ClassVar[Mapping[str, str]] = dict.fromkeys(("group", "version", "resource"), "GroupVersionResource")
    group: str = ""
    version: str = ""
    resource: str = ""
    selector: LabelSelector | None = None


@dataclass(frozen=True)
class ClusterImagePolicySpec(ApiObject):
    """What the policy wants: of the images that match, one of the authorities, and then the policy."""

    images: tuple[ImagePattern, ...] = ()
    authorities: tuple[Authority, ...] = ()
    policy: Policy | None = None
    mode: str = ""
    match: tuple[MatchResource, ...] = ()


@dataclass(frozen=True)
class OwnerReference(ApiObject):
    """An object that this one is deleted with."""

    package: ClassVar[str] = "v1"
    api_version: str = _json("apiVersion")
    kind: str = ""
    name: str = ""
    uid: str = _text("types.UID")
    controller: bool | None = None
    block_owner_deletion: bool | None = _json("blockOwnerDeletion", None)


@dataclass(frozen=True)
class ManagedFieldsEntry(ApiObject):
    """Who manages which fields; written by the API server."""

    package: ClassVar[str] = "v1"
    manager: str = ""
    operation: str = _text("v1.ManagedFieldsOperationType")
    api_version: str = _json("apiVersion")
    time: Timestamp | None = None
    fields_type: str = _json("fieldsType")
    fields_v1: Json = _json("fieldsV1", None)
    subresource: str = ""


@dataclass(frozen=True)
class ObjectMeta(ApiObject):
    """Name, labels and what the API server adds."""

    package: ClassVar[str] = "v1"
    name: str = ""
    generate_name: str = _json("generateName")
    namespace: str = ""
    self_link: str = _json("selfLink")
    uid: str = _text("types.UID")
    resource_version: str = _json("resourceVersion")
    generation: int = 0
    creation_timestamp: Timestamp | None = _json("creationTimestamp", None)
    deletion_timestamp: Timestamp | None = _json("deletionTimestamp", None)
    deletion_grace_period_seconds: int | None = _json("deletionGracePeriodSeconds", None)
    labels: Mapping[str, str] = _mapping("labels")
    annotations: Mapping[str, str] = _mapping("annotations")
    owner_references: tuple[OwnerReference, ...] = _json("ownerReferences", ())
    finalizers: tuple[str, ...] = ()
    managed_fields: tuple[ManagedFieldsEntry, ...] = _json("managedFields", ())


@dataclass(frozen=True)
class Condition(ApiObject):
    """One thing that policy-controller says about the policy."""

    package: ClassVar[str] = "apis"
    type: str = _text("apis.ConditionType")
    status: str = _text("v1.ConditionStatus")
    severity: str = _text("apis.ConditionSeverity")
    last_transition_time: Timestamp | None = _json("lastTransitionTime", None)
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class ClusterImagePolicyStatus(ApiObject):
    """What policy-controller made of the policy; of no effect here."""

    embedded: ClassVar[Mapping[str, str]] = dict.fromkeys(("observedGeneration", "conditions", "annotations"), "Status")
    observed_generation: int = _json("observedGeneration", 0)
    conditions: tuple[Condition, ...] = ()
    annotations: Mapping[str, str] = _mapping("annotations")


@dataclass(frozen=True)
class ClusterImagePolicy(ApiObject):
    """A policy on container images."""

    embedded: ClassVar[Mapping[str, str]] = dict.fromkeys(("apiVersion", "kind"), "TypeMeta")
    api_version: str = _json("apiVersion")
    kind: str = ""
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ClusterImagePolicySpec = field(default_factory=ClusterImagePolicySpec)
    status: ClusterImagePolicyStatus = field(default_factory=ClusterImagePolicyStatus)

    @property
    def name(self) -> str:
        """Its name in the cluster, and in denials."""
        return self.metadata.name
