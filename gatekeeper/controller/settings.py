"""What an administrator decides about the controller; how it is spelt and read is as for the provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from gatekeeper.translation.marks import NAMESPACE_LABEL
from provider.errors import SettingsError
from provider.foreign_text import shown
from provider.settings import sources
from provider.settings.model import LogSettings
from provider.settings.schema import Schema, setting
from provider.settings.values import OBJECT_NAME, Address, one_of, text_of

_ACCOUNT_CHARACTERS: Final = 512
_LABEL_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)
# Labels that every namespace has that policies look at.
_EVERYWHERE: Final = (NAMESPACE_LABEL, "kubernetes.io/metadata.name")
_PROVIDER_URL: Final = re.compile(r"https://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?:[1-9][0-9]{0,4}", re.ASCII)


class DenialSourceName(StrEnum):
    """Where denials are read from."""

    AUTO = "auto"
    LOG = "log"
    OFF = "off"


class NoMatch(StrEnum):
    """What becomes of images that no policy covers."""

    DENY = "deny"
    WARN = "warn"
    ALLOW = "allow"


class CertificateMode(StrEnum):
    """Who makes the certificates of the provider."""

    OFF = "off"
    CONTROLLER = "controller"
    CERT_MANAGER = "certManager"


class ProviderUrl(str):
    """Where a provider is: `https://HOST:PORT`."""

    __slots__ = ()


class GitopsAccount(str):
    """A user as Kubernetes calls it: `system:serviceaccount:argocd:argocd-application-controller`."""

    __slots__ = ()


class NamespaceLabel(str):
    """The name of a label: `webhooks.knative.dev/exclude`; empty for none."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class PlainPortSettings:
    """How the kubelet and Prometheus reach the controller."""

    metrics_listen: Address = setting(
        "Address for `/metrics`, `/healthz` and `/readyz`, over plain HTTP.",
        default=Address("", 8888),
        why="The kubelet and Prometheus have no certificate of ours; the provider's metrics have this port, too.",
    )


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """Which cluster, and where Gatekeeper is in it."""

    kubeconfig: Path | None = setting(
        "File that says where the cluster is and who we are.",
        default=None,
        why="Without it the service account of the Pod is used, which the chart gives its rights.",
    )
    gatekeeper_namespace: str = setting(
        "Namespace of Gatekeeper's Pods.",
        default="gatekeeper-system",
        why="Gatekeeper's chart installs there.",
    )
    lease_name: str = setting(
        "Lease that one controller holds: only its holder counts, so that two never do.",
        default="bestbefore-control",
        why="One a release is enough.",
    )
    lease_namespace: str = setting(
        "Namespace of that Lease.",
        default="",
        why="Without it the namespace of our service account.",
    )
    identity: str = setting(
        "Name by which this process holds the Lease.",
        default="",
        why="Without it the name of the host, which in a cluster is the Pod's.",
    )


@dataclass(frozen=True, kw_only=True)
class DenialsSettings:
    """What is read of denials. Each needs rights of its own, which the chart gives where it is switched on."""

    denials: DenialSourceName = setting(
        "`log` reads them from the logs of Gatekeeper's webhook Pods; `auto` is the best there is, now the same; `off` "
        "reads none.",
        default=DenialSourceName.AUTO,
        why="The log is all that Gatekeeper 3.23 has. Needs `list` of Pods and `get` of `pods/log` in its namespace.",
    )
    coverage: bool = setting(
        "Read Gatekeeper's own counter of denials from its Pods, to say how many of them were seen.",
        default=True,
        why="Needs no right, only that its Pods can be reached at `gatekeeper_metrics_port`.",
    )
    gatekeeper_metrics_port: int = setting(
        "Port of Gatekeeper's metrics.",
        default=8888,
        unit="port",
        why="Gatekeeper's chart has this one.",
    )
    audit: bool = setting(
        "Read what audit found from the status of Constraints.",
        default=True,
        why="Needs `list` of Constraints and ConstraintTemplates.",
    )
    owners: bool = setting(
        "Read the workloads that are blocked, to see at once when a block has ended.",
        default=False,
        why="Needs `get` of workloads in all namespaces. Without it a block ends after silence.",
    )
    events: bool = setting(
        "Write an Event on each workload that is blocked, in its namespace: why, since when, what to do; and on each "
        "policy of the cluster what became of it.",
        default=True,
        why="Needs `create` and `update` of Events in all namespaces. Who may read Events there has no other way to "
        "see it.",
    )
    gitops_account: tuple[GitopsAccount, ...] = setting(
        "Users that apply what stands in a repository, such as "
        "`system:serviceaccount:argocd:argocd-application-controller`. Their denials have the actor `gitops`.",
        default=(),
        why="Only you know which accounts these are.",
    )
    hash_users: bool = setting(
        "Write a hash of users' names into the log instead of the names.",
        default=False,
        why="People should know whom to ask. Of two users the hashes still differ.",
    )


@dataclass(frozen=True, kw_only=True)
class ChecksSettings:
    """What is looked at beside denials."""

    doctor: bool = setting(
        "Look every ten minutes whether what is installed is as it should be, as `bestbefore doctor` does.",
        default=True,
        why="Denials that nobody can see begin with a setting that is wrong. Needs the rights that the page of doctor "
        "lists; what it may not read counts as a warning.",
    )


@dataclass(frozen=True, kw_only=True)
class PoliciesSettings:
    """What is made of the cluster's ClusterImagePolicies."""

    policies: bool = setting(
        "Make ConstraintTemplates and Constraints of the cluster's ClusterImagePolicies, and keep them as they are "
        "meant.",
        default=False,
        why="It writes into the cluster, which nobody should be surprised by.",
    )
    no_match: NoMatch = setting(
        "What becomes of images that no policy covers, in namespaces that asked for policies: `deny`, `warn` or "
        "`allow`. Without any policy that is in force all images are admitted.",
        default=NoMatch.DENY,
        why="As with policy-controller.",
    )
    shadow: bool = setting(
        "Generate everything as `dryrun`: what would be denied is found in the log and by audit, and admitted.",
        default=False,
        why="To look at what a policy would do beside a policy-controller that runs.",
    )
    enforce_label: NamespaceLabel = setting(
        "With `shadow`: a label of namespaces. Those that have it, with whatever value, are enforced all the same. "
        "Example: `webhooks.knative.dev/exclude`, by which policy-controller leaves a namespace alone.",
        default=NamespaceLabel(),
        why="Without it the shadow is everywhere. With it one namespace after the other is switched.",
    )
    waivers: bool = setting(
        "Let Waivers of the cluster let pass for a time what policies deny that take them: templates read them, and "
        "Gatekeeper is given the SyncSet by which it keeps copies of them.",
        default=False,
        why="Such a template needs referential rules in Gatekeeper, and who may write a Waiver may let images pass.",
    )
    policy_namespace: str = setting(
        "Namespace of the Secrets with keys that policies name, and of ConfigMaps that they name without a namespace.",
        default="cosign-system",
        why="policy-controller's chart installs there, and looks there.",
    )


@dataclass(frozen=True, kw_only=True)
class TrustRootsSettings:
    """What is made of the cluster's TrustRoot objects."""

    trust_roots: bool = setting(
        "Refresh the cluster's TrustRoots, and hand them over to the provider's Pods by a ConfigMap. Policies that are "
        "made here then ask for the trust root by its digest, when every Pod has it.",
        default=False,
        why="It writes into the cluster, which nobody should be surprised by. The chart sets it "
        "(`controller.trustRoots.enabled`).",
    )
    trust_root_config_map: str = setting(
        "ConfigMap that is handed over; beside it lie those with what is kept of mirrors, `NAME-state-0` and so on.",
        default="bestbefore-trust-roots",
        why="The name that the chart mounts into the provider's Pods.",
    )
    trust_root_namespace: str = setting(
        "Namespace of these ConfigMaps, and of the provider's Pods.",
        default="",
        why="Without it the namespace of our service account.",
    )


@dataclass(frozen=True, kw_only=True)
class CertificatesSettings:
    """The certificates of the provider, and the Provider objects, from which Gatekeeper knows whom to trust."""

    certificates: CertificateMode = setting(
        "`controller` makes the provider's authority and certificate, keeps them in a Secret, renews them, and writes "
        "the Providers; `certManager` writes the Providers, and the Secret is cert-manager's; `off` writes nothing.",
        default=CertificateMode.OFF,
        why="It writes into the cluster, which nobody should be surprised by. The chart sets it (`certificates.mode`).",
    )
    provider_url: ProviderUrl = setting(
        "Address of the provider as Gatekeeper reaches it, `https://HOST:PORT`. Its certificate is for that host.",
        default=ProviderUrl("https://bestbefore.gatekeeper-system.svc:8443"),
        why="The Service that the chart makes in Gatekeeper's namespace.",
    )
    certificate_namespace: str = setting(
        "Namespace of the Secrets, and of the provider's Pods.",
        default="",
        why="Without it the namespace of our service account.",
    )
    certificate_secret: str = setting(
        "Secret with the certificate that the provider serves.",
        default="bestbefore-tls",
        why="The name that the chart gives it.",
    )
    client_certificate_secret: str = setting(
        "Secret with the certificate by which `helm test` asks the provider. Empty: none is made.",
        default="",
        why="Only the chart knows whether there is such a test.",
    )
    validate_timeout_seconds: int = setting(
        "How long Gatekeeper waits for an answer at admission.",
        default=2,
        unit="seconds",
        why="Less than the 3 seconds of Gatekeeper's webhook.",
    )
    audit_timeout_seconds: int = setting(
        "How long Gatekeeper waits for an answer at audit.",
        default=10,
        unit="seconds",
        why="Nobody waits for an audit.",
    )
    mutate_timeout_seconds: int = setting(
        "How long Gatekeeper waits for an answer at mutation.",
        default=1,
        unit="seconds",
        why="Validation follows it within the same admission.",
    )


class ReportMode(StrEnum):
    """Whether reports are written."""

    AUTO = "auto"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class ForecastSettings:
    """What is looked ahead at: which running image will be denied, and when."""

    forecast: bool = setting(
        "Look ahead: which images that run will be denied by the policies that are in force, and when. It is said by "
        "metrics, an Event on the workload, and reports.",
        default=False,
        why="Needs `list` of Pods and of what makes them in all namespaces, and opa again and again. The chart gives "
        "both (`controller.forecast.enabled`).",
    )
    forecast_certificate: Path | None = setting(
        "Certificate by which the provider is asked about images, PEM.",
        default=None,
        why="Without it nothing is known of images, and nothing is announced.",
    )
    forecast_key: Path | None = setting(
        "Private key of `forecast_certificate`, PEM.",
        default=None,
        why="As above.",
    )
    team_label: NamespaceLabel = setting(
        "Label of namespaces that says whose each is, such as `example.com/team`: it stands as owner in Events and "
        "reports, and in alerts as `team`.",
        default=NamespaceLabel(),
        why="Only you know which label that is.",
    )
    forecast_workloads: bool = setting(
        "Have a series for each of the 200 workloads that are denied soonest.",
        default=False,
        why="Names of workloads are labels then, and come and go.",
    )
    reports: ReportMode = setting(
        "`auto` writes reports where the cluster has a kind for them: OpenReports, else PolicyReport; `off` writes "
        "none.",
        default=ReportMode.AUTO,
        why="Where there is no such kind, nothing is written.",
    )


@dataclass(frozen=True, kw_only=True)
class StateSettings:
    """What is kept over a restart of the process."""

    state_dir: Path | None = setting(
        "Directory in which counters and the place in each log are kept.",
        default=None,
        why="An `emptyDir` is enough: a restarted container goes on where it was. Without one counters begin at 0.",
    )


@dataclass(frozen=True, kw_only=True)
class ControllerSettings:
    """All settings, by group."""

    server: PlainPortSettings
    cluster: ClusterSettings
    denials: DenialsSettings
    checks: ChecksSettings
    policies: PoliciesSettings
    trust_roots: TrustRootsSettings
    certificates: CertificatesSettings
    forecast: ForecastSettings
    state: StateSettings
    log: LogSettings


def _name(value: object) -> str:
    text = text_of(value)
    if text and not OBJECT_NAME.fullmatch(text):
        raise ValueError(f"must be a name of lower-case letters, digits, `-` and `.`, got {shown(text)!r}")
    return text


def _switch(choices: type[StrEnum]) -> Callable[[object], StrEnum]:
    # In YAML 1.1 `off` is false.
    return lambda value: one_of(choices)("off" if value is False else value)


def _url(value: object) -> ProviderUrl:
    text = text_of(value)
    if not _PROVIDER_URL.fullmatch(text):
        raise ValueError(f"must be https://HOST:PORT, got {shown(text)!r}")
    return ProviderUrl(text)


def _label(value: object) -> NamespaceLabel:
    text = text_of(value)
    prefix, slash, name = text.rpartition("/")
    if text and not (_LABEL_NAME.fullmatch(name) and (OBJECT_NAME.fullmatch(prefix) if slash else not prefix)):
        raise ValueError(f"must be the name of a label, such as `webhooks.knative.dev/exclude`, got {shown(text)!r}")
    return NamespaceLabel(text)


def _accounts(value: object) -> tuple[GitopsAccount, ...]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise TypeError(f"must be a list of users, got {shown(str(value))!r}")
    return tuple(_account(text_of(entry).strip()) for entry in entries if entry != "")


def _account(text: str) -> GitopsAccount:
    if not text.isprintable() or not 0 < len(text) <= _ACCOUNT_CHARACTERS:
        raise ValueError(f"must be users as Kubernetes calls them, got {shown(text)!r}")
    return GitopsAccount(text)


SCHEMA: Final = Schema(
    command="control",
    prefix="BESTBEFORE_CONTROL_",
    groups={
        "server": PlainPortSettings,
        "cluster": ClusterSettings,
        "denials": DenialsSettings,
        "checks": ChecksSettings,
        "policies": PoliciesSettings,
        "trust_roots": TrustRootsSettings,
        "certificates": CertificatesSettings,
        "forecast": ForecastSettings,
        "state": StateSettings,
        "log": LogSettings,
    },
    ranges={
        "gatekeeper_metrics_port": (1, 65535),
        "validate_timeout_seconds": (1, 30),
        "audit_timeout_seconds": (1, 60),
        "mutate_timeout_seconds": (1, 30),
    },
    converters={
        "str": _name,
        "DenialSourceName": _switch(DenialSourceName),
        "CertificateMode": _switch(CertificateMode),
        "ReportMode": _switch(ReportMode),
        "ProviderUrl": _url,
        "NoMatch": one_of(NoMatch),
        "tuple[GitopsAccount, ...]": _accounts,
        "NamespaceLabel": _label,
    },
    types={
        "str": "name of a Kubernetes object",
        "Path | None": "path",
        "DenialSourceName": "`auto`, `log` or `off`",
        "NoMatch": "`deny`, `warn` or `allow`",
        "CertificateMode": "`off`, `controller` or `certManager`",
        "ReportMode": "`auto` or `off`",
        "ProviderUrl": "`https://HOST:PORT`",
        "tuple[GitopsAccount, ...]": "list of users",
        "NamespaceLabel": "name of a label",
    },
)


def load(flags: Mapping[str, object], environment: Mapping[str, str]) -> ControllerSettings:
    """The settings from all sources.

    Raises:
        SettingsError: every problem, each with the setting, its source and what is wrong.
    """
    found = ControllerSettings(**sources.groups(SCHEMA, flags, environment))
    if found.policies.enforce_label and not found.policies.shadow:
        raise SettingsError(["enforce_label: belongs to `shadow: true`; without it every namespace is enforced"])
    if (found.forecast.forecast_certificate is None) is not (found.forecast.forecast_key is None):
        raise SettingsError(["forecast_certificate, forecast_key: both belong together"])
    if found.forecast.forecast and found.forecast.forecast_certificate is None:
        raise SettingsError(["forecast: needs `forecast_certificate` and `forecast_key`, to ask the provider"])
    if found.policies.enforce_label in _EVERYWHERE:
        raise SettingsError(
            [f"enforce_label: every namespace that policies look at has {found.policies.enforce_label}; choose another"]
        )
    return found
