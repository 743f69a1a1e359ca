"""Everything that was read of one installation: each part, or why it was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.cluster.server import ServerFacts
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod
from gatekeeper.doctor.installed_policy import InstalledConstraint, InstalledTemplate
from gatekeeper.doctor.provider_object import ProviderObject
from gatekeeper.doctor.provider_pod import ProviderPod
from gatekeeper.doctor.reading import ReadFailure, Reading
from gatekeeper.doctor.registries import ImageAnswer
from gatekeeper.doctor.served_certificate import ServedCertificate
from gatekeeper.doctor.trust_roots import TrustRootFile
from gatekeeper.doctor.webhook import Webhook

NamespaceLabels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Vantage:
    """What is not in the cluster, but where doctor runs.

    Attributes:
        now: seconds since 1970.
        opa: the version of the opa program that `check` would use.
        trust_roots: files of trust roots that were named.
        images: what became of the images that were named, by reference.
    """

    now: float
    opa: Reading[str]
    trust_roots: Sequence[TrustRootFile] = ()
    images: Reading[Sequence[ImageAnswer]] = ()


@dataclass(frozen=True)
class Installation:
    """What was read of a cluster.

    Attributes:
        server: the API server.
        gatekeeper: Gatekeeper's namespace.
        validating: webhooks of validating configurations.
        mutating: webhooks of mutating configurations.
        gatekeeper_pods: Gatekeeper's Pods.
        providers: the Providers of ours.
        certificates: what is served, by Provider.
        provider_pods: the provider's Pods.
        templates: all ConstraintTemplates.
        constraints: all Constraints.
        unread_kinds: kinds of Constraints that could not be read.
        namespaces: all namespaces, with their labels.
        left_out: namespaces that Gatekeeper's Config leaves out of admission, as names or `prefix*`.
        pins: whether tags are pinned by our Provider.
    """

    server: Reading[ServerFacts]
    gatekeeper: str
    validating: Reading[Sequence[Webhook]]
    mutating: Reading[Sequence[Webhook]]
    gatekeeper_pods: Reading[Sequence[GatekeeperPod]]
    providers: Reading[Sequence[ProviderObject]]
    certificates: Mapping[str, Reading[ServedCertificate]]
    provider_pods: Reading[Sequence[ProviderPod]]
    templates: Reading[Sequence[InstalledTemplate]]
    constraints: Reading[Sequence[InstalledConstraint]]
    namespaces: Reading[NamespaceLabels]
    left_out: Reading[Sequence[str]]
    pins: Reading[bool]
    unread_kinds: Sequence[ReadFailure] = ()

    @property
    def home(self) -> str:
        """The provider's namespace, as its Providers name it; empty where they name none."""
        if isinstance(self.providers, ReadFailure):
            return ""
        return next((each.namespace for each in self.providers if each.namespace), "")

    @property
    def unread(self) -> str:
        """Why nothing of the cluster could be read; empty where something was."""
        parts = (self.server, self.validating, self.providers, self.templates, self.namespaces)
        failures = [each for each in parts if isinstance(each, ReadFailure)]
        return f"{failures[0].subject}: {failures[0].why}" if len(failures) == len(parts) else ""
