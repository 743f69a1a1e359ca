"""A webhook of Gatekeeper as the API server has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents import fields
from gatekeeper.evaluation.matching import selects

VALIDATION: Final = "validation.gatekeeper.sh"
LABEL_CHECK: Final = "check-ignore-label.gatekeeper.sh"
MUTATION: Final = "mutation.gatekeeper.sh"
_NAME_LABEL: Final = "kubernetes.io/metadata.name"
# What the API server fills in, where nothing is written.
_DEFAULT_SECONDS: Final = 10


@dataclass(frozen=True)
class AdmissionOperation:
    """Something that a client does to objects of a resource.

    Attributes:
        verb: `CREATE` or `UPDATE`.
        group: API group.
        resource: plural name, with the subresource where it is one: `pods/ephemeralcontainers`.
    """

    verb: str
    group: str
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")


@dataclass(frozen=True)
class Webhook:
    """One entry of a webhook configuration.

    Attributes:
        configuration: kind and name of the object, as `ValidatingWebhookConfiguration NAME`.
        name: its own, as `validation.gatekeeper.sh`.
        seconds: how long the API server waits.
        ignores: whether the failure policy is `Ignore`.
        trusts: whether it has an authority that Gatekeeper's certificate is checked against.
        service_namespace: where its Service is; empty for a URL.
        rules: what it sees.
        namespace_selector: of which namespaces.
        object_selector: of which objects.
        conditions: its match conditions: expressions by name.
        reinvoked: whether it sees objects again that another webhook changed (of mutating ones).
    """

    configuration: str
    name: str
    seconds: int
    ignores: bool
    trusts: bool
    service_namespace: str
    rules: Sequence[Mapping[str, Any]]
    namespace_selector: Mapping[str, Any]
    object_selector: Mapping[str, Any]
    conditions: Mapping[str, str]
    reinvoked: bool

    def sees(self, operation: AdmissionOperation) -> bool:
        """Whether a rule names an operation."""
        return any(_names(rule, operation) for rule in self.rules)

    def looks_into(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether it sees objects of a namespace."""
        return selects(self.namespace_selector, {_NAME_LABEL: namespace, **labels})


def webhooks(configuration: Mapping[str, Any]) -> Iterator[Webhook]:
    """The webhooks of Gatekeeper in a configuration."""
    title = f"{fields.text(configuration, 'kind')} {fields.name(configuration)}"
    for each in fields.rows(configuration, "webhooks"):
        if fields.text(each, "name") in (VALIDATION, LABEL_CHECK, MUTATION):
            yield _webhook(title, each)


def _webhook(title: str, found: Mapping[str, Any]) -> Webhook:
    return Webhook(
        configuration=title,
        name=fields.text(found, "name"),
        seconds=fields.number(found, "timeoutSeconds") or _DEFAULT_SECONDS,
        ignores=fields.text(found, "failurePolicy") == "Ignore",
        trusts=bool(fields.text(found, "clientConfig", "caBundle")),
        service_namespace=fields.text(found, "clientConfig", "service", "namespace"),
        rules=fields.rows(found, "rules"),
        namespace_selector=fields.mapping(found, "namespaceSelector"),
        object_selector=fields.mapping(found, "objectSelector"),
        conditions={
            fields.text(each, "name"): fields.text(each, "expression") for each in fields.rows(found, "matchConditions")
        },
        reinvoked=fields.text(found, "reinvocationPolicy") == "IfNeeded",
    )


def _names(rule: Mapping[str, Any], operation: AdmissionOperation) -> bool:
    verbs, groups = fields.texts(rule, "operations"), fields.texts(rule, "apiGroups")
    versions, resources = fields.texts(rule, "apiVersions"), fields.texts(rule, "resources")
    return (
        bool({"*", operation.verb} & set(verbs))
        and bool({"*", operation.group} & set(groups))
        and bool({"*", "v1"} & set(versions))
        and fields.text(rule, "scope") in ("", "*", "Namespaced")
        and any(_fits(each, operation.resource) for each in resources)
    )


def _fits(written: str, resource: str) -> bool:
    """`*` is every resource and no subresource, `*/*` both, `pods/*` the subresources of one, `*/scale` one of each."""
    if written in ("*/*", resource):
        return True
    name, _, subresource = resource.partition("/")
    wanted_name, _, wanted_subresource = written.partition("/")
    if not subresource:
        return written == "*"
    return wanted_name in ("*", name) and wanted_subresource in ("*", subresource)
