"""Reads a cluster for the checks: each part by itself, so that one right that is missing hides nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from gatekeeper.cluster import resource
from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import AccessDeniedError, ClusterError, ObjectAbsentError
from gatekeeper.cluster.pod import is_over
from gatekeeper.cluster.resource import Resource
from gatekeeper.cluster.server import ServerDesk, ServerFacts
from gatekeeper.doctor import gatekeeper_pod, limits, provider_pod, webhook
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod
from gatekeeper.doctor.installation import Installation, NamespaceLabels
from gatekeeper.doctor.installed_policy import InstalledConstraint, InstalledTemplate
from gatekeeper.doctor.provider_object import ProviderObject
from gatekeeper.doctor.provider_pod import ProviderPod, ProviderPort
from gatekeeper.doctor.reading import ReadFailure, Reading
from gatekeeper.doctor.served_certificate import ServedCertificate, TlsPort
from gatekeeper.doctor.webhook import MUTATION as MUTATION_WEBHOOK
from gatekeeper.doctor.webhook import Webhook
from gatekeeper.documents import fields
from gatekeeper.documents.product import MUTATION, PATHS, PROVIDER_LABELS
from gatekeeper.reconciliation import gatekeeper_pods

T = TypeVar("T")
NAMESPACE: Final = "gatekeeper-system"
# Processes of Gatekeeper's Config that are about admission.
_ADMISSION: Final = frozenset({"*", "webhook"})


@dataclass(frozen=True)
class Survey:
    """Reads one cluster.

    Attributes:
        api: its API.
        desk: asks the API server about itself.
        tls: looks at what the Providers' addresses serve.
        ports: reads the plain ports of the provider's Pods.
        namespace: Gatekeeper's; empty to find it by its webhook.
    """

    api: KubernetesApi
    desk: ServerDesk
    tls: TlsPort
    ports: ProviderPort
    namespace: str = ""

    def read(self) -> Installation:
        """What is there. What cannot be read is in it as such; nothing is raised."""
        server = self._server()
        if isinstance(server, ReadFailure) and server.away:
            return nothing(server)
        validating = self._webhooks(resource.VALIDATING_WEBHOOKS)
        mutating = self._webhooks(resource.MUTATING_WEBHOOKS)
        gatekeeper = self.namespace or _home(validating)
        templates = self._all(resource.CONSTRAINT_TEMPLATES, InstalledTemplate.of)
        constraints, unread = self._constraints(templates)
        providers = self._providers()
        return Installation(
            server=server,
            gatekeeper=gatekeeper,
            validating=validating,
            mutating=mutating,
            gatekeeper_pods=self._gatekeeper_pods(gatekeeper),
            providers=providers,
            certificates=self._certificates(providers),
            provider_pods=self._provider_pods(providers),
            templates=templates,
            constraints=constraints,
            unread_kinds=unread,
            namespaces=self._namespaces(),
            left_out=self._left_out(gatekeeper),
            pins=self._pins(),
        )

    def _server(self) -> Reading[ServerFacts]:
        try:
            return self.desk.facts()
        except ClusterError as error:
            return failure("API server", error)

    def _all(
        self, kind: Resource, of: Callable[[Mapping[str, Any]], T], namespace: str = "", labels: str = ""
    ) -> Reading[Sequence[T]]:
        """All objects of a kind."""
        where = f" in {namespace}" if namespace else ""
        try:
            return [of(each) for page in self.api.pages(kind, namespace, labels=labels) for each in page]
        except ClusterError as error:
            return failure(f"{kind.plural}{where}", error)

    def _gatekeeper_pods(self, namespace: str) -> Reading[Sequence[GatekeeperPod]]:
        found = self._all(resource.PODS, lambda each: each, namespace, gatekeeper_pods.LABELS)
        if isinstance(found, ReadFailure):
            return found
        return [GatekeeperPod.of(each) for each in found if gatekeeper_pod.is_manager(each)]

    def _webhooks(self, kind: Resource) -> Reading[Sequence[Webhook]]:
        wanted = (
            (webhook.VALIDATION, webhook.LABEL_CHECK) if kind is resource.VALIDATING_WEBHOOKS else (MUTATION_WEBHOOK,)
        )

        def of(configuration: Mapping[str, Any]) -> list[Webhook]:
            # Objects of a list do not name their kind.
            named = {**configuration, "kind": kind.kind}
            return [each for each in webhook.webhooks(named) if each.name in wanted]

        return _joined(self._all(kind, of))

    def _constraints(
        self, templates: Reading[Sequence[InstalledTemplate]]
    ) -> tuple[Reading[Sequence[InstalledConstraint]], list[ReadFailure]]:
        if isinstance(templates, ReadFailure):
            return ReadFailure("Constraints", f"their kinds are not known: {templates.why}"), []
        found: list[InstalledConstraint] = []
        unread: list[ReadFailure] = []
        for template in (each for each in templates if each.created and each.kind):
            read = self._all(resource.constraints(template.kind), _constraint_of(template))
            if isinstance(read, ReadFailure):
                unread.append(read)
            else:
                found += read
        return found, unread

    def _providers(self) -> Reading[Sequence[ProviderObject]]:
        found = self._all(resource.PROVIDERS, ProviderObject.of)
        if isinstance(found, ReadFailure):
            return found
        return sorted((each for each in found if each.name in PATHS), key=lambda each: each.name)

    def _certificates(self, providers: Reading[Sequence[ProviderObject]]) -> Mapping[str, Reading[ServedCertificate]]:
        if isinstance(providers, ReadFailure):
            return {}
        seen: dict[tuple[str, bytes], Reading[ServedCertificate]] = {}
        found: dict[str, Reading[ServedCertificate]] = {}
        for each in (each for each in providers if each.host and each.authorities is not None):
            key = (each.address, each.authorities or b"")
            if key not in seen:
                seen[key] = self.tls.look(each.host, each.port, key[1])
            found[each.name] = seen[key]
        return found

    def _provider_pods(self, providers: Reading[Sequence[ProviderObject]]) -> Reading[Sequence[ProviderPod]]:
        if isinstance(providers, ReadFailure):
            return ReadFailure("Pods of the provider", f"their namespace is not known: {providers.why}")
        namespace = next((each.namespace for each in providers if each.namespace), "")
        if not namespace:
            why = "no Provider's url names a Service of the cluster" if providers else "there is no Provider"
            return ReadFailure("Pods of the provider", why, elsewhere=True)
        pods = self._all(resource.PODS, lambda each: each, namespace, PROVIDER_LABELS)
        if isinstance(pods, ReadFailure):
            return pods
        running = [each for each in pods if not is_over(each)]
        return [provider_pod.of(each, self._report(each)) for each in running[: limits.PROVIDER_PODS]]

    def _report(self, pod: Mapping[str, Any]) -> Reading[provider_pod.ProviderReport]:
        address, port = provider_pod.plain_address(pod)
        if not address:
            return ReadFailure(f"Pod {fields.name(pod)}", "it has no address yet")
        return self.ports.report(address, port)

    def _namespaces(self) -> Reading[NamespaceLabels]:
        found = self._all(resource.NAMESPACES, lambda each: (fields.name(each), fields.labels(each)))
        return found if isinstance(found, ReadFailure) else dict(found)

    def _left_out(self, namespace: str) -> Reading[Sequence[str]]:
        found = self._all(resource.CONFIGS, lambda each: list(_excluded(each)), namespace)
        if isinstance(found, ReadFailure):
            return found
        return [name for names in found for name in names]

    def _pins(self) -> Reading[bool]:
        found = self._all(
            resource.ASSIGNS,
            lambda each: fields.text(each, "spec", "parameters", "assign", "externalData", "provider") == MUTATION,
        )
        return found if isinstance(found, ReadFailure) else any(found)


def failure(subject: str, error: ClusterError) -> ReadFailure:
    """What went wrong with the API server, as a part that was not read."""
    if isinstance(error, ObjectAbsentError):
        return ReadFailure(
            subject, f"the cluster has no such kind of objects ({error.message}); is Gatekeeper installed?"
        )
    if isinstance(error, AccessDeniedError):
        return ReadFailure(subject, f"we may not read it ({error.message})")
    return ReadFailure(subject, f"the API server did not answer ({error.message})", away=True)


def nothing(why: ReadFailure) -> Installation:
    """What is read of a cluster whose API server does not answer: it is not asked a dozen times more."""
    return Installation(
        server=why,
        gatekeeper=NAMESPACE,
        validating=why,
        mutating=why,
        gatekeeper_pods=why,
        providers=why,
        certificates={},
        provider_pods=why,
        templates=why,
        constraints=why,
        namespaces=why,
        left_out=why,
        pins=why,
    )


def _home(validating: Reading[Sequence[Webhook]]) -> str:
    """Gatekeeper's namespace, by the Service of its webhook."""
    if isinstance(validating, ReadFailure):
        return NAMESPACE
    return next((each.service_namespace for each in validating if each.service_namespace), NAMESPACE)


def _joined(found: Reading[Sequence[list[T]]]) -> Reading[Sequence[T]]:
    return found if isinstance(found, ReadFailure) else [each for part in found for each in part]


def _constraint_of(template: InstalledTemplate) -> Callable[[Mapping[str, Any]], InstalledConstraint]:
    return lambda found: InstalledConstraint.of(found, template)


def _excluded(config: Mapping[str, Any]) -> Iterator[str]:
    for entry in fields.rows(config, "spec", "match"):
        if _ADMISSION & set(fields.texts(entry, "processes")):
            yield from fields.texts(entry, "excludedNamespaces")
