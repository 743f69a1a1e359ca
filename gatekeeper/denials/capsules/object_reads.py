"""What a Constraint's template reads of a reviewed object: what a capsule has to hold of it, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from gatekeeper.documents import workloads
from gatekeeper.evaluation.program import Template, package_of
from gatekeeper.own import maximum_image_age
from gatekeeper.translation import object_paths
from gatekeeper.translation.object_paths import ANY

Path: TypeAlias = tuple[str, ...]

_CLUSTER_IMAGE_POLICY: Final = "import data.lib.bestbefore.cip"
_COVERAGE: Final = "import data.lib.bestbefore.selection"
_OWN: Final = "import data.lib.bestbefore.judgement"
_RULES: Final = "lib.policies."
# Where a Pod may run, which says which platforms of an image count.
_PLACEMENT: Final = ("os", "nodeSelector", "affinity")


@dataclass(frozen=True)
class ObjectReads:
    """Places of an object that a template reads beside what every review has.

    Attributes:
        paths: the places, `("spec", "os")`; all that is below one is read, and `*` stands for any key or index.
        known: whether these are all. What a template of somebody else reads is not known.
    """

    paths: tuple[Path, ...] = ()
    known: bool = True

    @property
    def nothing(self) -> bool:
        """Whether images alone decide."""
        return self.known and not self.paths


def of(template: Template, parameters: Mapping[str, Any], kind: str) -> ObjectReads:
    """What the template reads of an object of a kind, by its parameters.

    Args:
        template: the template of the Constraint's kind.
        parameters: the Constraint's parameters.
        kind: the object's, `Deployment`.
    """
    if _CLUSTER_IMAGE_POLICY in template.main or _COVERAGE in template.main:
        return ObjectReads(tuple(sorted({*_selectors(parameters), *_of_rule(template, parameters)})))
    if _OWN in template.main:
        return ObjectReads(_placement(kind) if template.kind == maximum_image_age.KIND.name else ())
    return ObjectReads(_placement(kind), known=False)


def always(kind: str) -> tuple[Path, ...]:
    """What every review has of an object: what it is, what owns it, and its images by container."""
    spec = _pod_spec(kind)
    return (
        ("apiVersion",),
        ("kind",),
        ("metadata", "name"),
        ("metadata", "namespace"),
        ("metadata", "ownerReferences"),
        *((*spec, name, ANY, field) for name in workloads.CONTAINER_LISTS for field in ("name", "image")),
        *((*spec, "volumes", ANY, field) for field in ("name", "image")),
    )


def _placement(kind: str) -> tuple[Path, ...]:
    return tuple((*_pod_spec(kind), name) for name in _PLACEMENT)


def _pod_spec(kind: str) -> Path:
    known = workloads.BY_KIND.get(kind)
    return known.pod_spec if known else ("spec",)


def _selectors(parameters: Mapping[str, Any]) -> Iterator[Path]:
    """The labels, where the policy selects by them."""
    policies = parameters.get("policies")
    for each in (parameters, *(policies if isinstance(policies, list) else ())):
        if isinstance(each, Mapping) and each.get("match"):
            yield ("metadata", "labels")


def _of_rule(template: Template, parameters: Mapping[str, Any]) -> Iterator[Path]:
    """What the policy's own rule reads of the parts that it is given."""
    rego = parameters.get("rego")
    given = {
        part
        for flag, part in (("includeSpec", "spec"), ("includeObjectMeta", "metadata"))
        if isinstance(rego, Mapping) and rego.get(flag) is True
    }
    for text in template.libs if given else ():
        if package_of(text).startswith(_RULES):
            yield from (path for path in object_paths.places_read(text) if path[0] in given)
