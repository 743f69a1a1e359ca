"""Templates and Constraints as they are in the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.doctor import pod_status
from gatekeeper.doctor.pod_status import PodStatus
from gatekeeper.documents import enforcement, fields
from gatekeeper.documents.product import PREFIX
from gatekeeper.translation.marks import TRANSLATOR_VERSION

# The library that each template of ours carries, and those of others that ask the provider by it.
_LIBRARY: Final = "lib.bestbefore"
_GATEKEEPER_VERSION: Final = "metadata.gatekeeper.sh/version"
_CALL: Final = "external_data("
_INVENTORY: Final = "data.inventory"
_PROVIDER: Final = '"bestbefore'


@dataclass(frozen=True)
class InstalledTemplate:
    """A ConstraintTemplate, without its text.

    Attributes:
        name: its name.
        kind: of its Constraints.
        ours: whether bestbefore made it, or it stands on our library.
        asks: whether it asks the provider.
        version: of bestbefore, that made it; empty where it does not say.
        generation: of the object.
        created: whether Gatekeeper has made the kind.
        statuses: what each Pod of Gatekeeper says.
        reads_others: whether it reads other objects of the cluster, such as Waivers.
    """

    name: str
    kind: str
    ours: bool
    asks: bool
    version: str
    generation: int
    created: bool
    statuses: Sequence[PodStatus]
    reads_others: bool = False

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> InstalledTemplate:
        """From the object."""
        texts = _texts(found)
        ours = _is_ours(found) or any(_LIBRARY in text for text in texts)
        return cls(
            fields.name(found),
            fields.text(found, "spec", "crd", "spec", "names", "kind"),
            ours,
            any(_CALL in text and (ours or _PROVIDER in text) for text in texts),
            _version(found) if ours else "",
            fields.number(found, "metadata", "generation"),
            fields.value(found, "status", "created") is True,
            pod_status.read(found),
            any(_INVENTORY in text for text in texts),
        )


@dataclass(frozen=True)
class InstalledConstraint:
    """A Constraint.

    Attributes:
        kind: its kind.
        name: its name.
        ours: whether its template is.
        asks: whether its template asks the provider.
        version: of bestbefore, that made it; empty where it does not say.
        action: what it does with a request: `deny`, `warn` or `dryrun`.
        match: its `spec.match`.
        images: the globs of the images that it is about; None where it does not say.
        generation: of the object.
        statuses: what each Pod of Gatekeeper says.
    """

    kind: str
    name: str
    ours: bool
    asks: bool
    version: str
    action: str
    match: Mapping[str, Any]
    images: frozenset[str] | None
    generation: int
    statuses: Sequence[PodStatus]

    @classmethod
    def of(cls, found: Mapping[str, Any], template: InstalledTemplate) -> InstalledConstraint:
        """From the object, and the template of its kind."""
        globs = fields.rows(found, "spec", "parameters", "images")
        return cls(
            template.kind,
            fields.name(found),
            template.ours,
            template.asks,
            _version(found) if template.ours else "",
            enforcement.action_of(fields.mapping(found, "spec")),
            fields.mapping(found, "spec", "match"),
            frozenset(fields.text(each, "glob") for each in globs) or None,
            fields.number(found, "metadata", "generation"),
            pod_status.read(found, "enforced"),
        )

    @property
    def title(self) -> str:
        """`KIND NAME`."""
        return f"{self.kind} {self.name}"


def _texts(template: Mapping[str, Any]) -> list[str]:
    """The Rego of a template: both of its forms."""
    found: list[str] = []
    for target in fields.rows(template, "spec", "targets"):
        sources = [target, *(fields.mapping(each, "source") for each in fields.rows(target, "code"))]
        for source in sources:
            found += [fields.text(source, "rego"), *fields.texts(source, "libs")]
    return found


def _is_ours(found: Mapping[str, Any]) -> bool:
    annotations = fields.mapping(found, "metadata", "annotations")
    return any(str(name).startswith(PREFIX) for name in annotations)


def _version(found: Mapping[str, Any]) -> str:
    annotations = fields.mapping(found, "metadata", "annotations")
    return fields.text(annotations, TRANSLATOR_VERSION) or fields.text(annotations, _GATEKEEPER_VERSION)
