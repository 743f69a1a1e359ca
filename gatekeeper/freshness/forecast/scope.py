"""What of a review a template may read, and the form in which reviews are alike that it judges alike.

Our own templates judge each image by itself, and read of the object only whether it is one of which controllers make
others, who makes it, where its Pods may run, and, where the Constraint says so, its kind, labels and namespace. So a
Deployment's image is a StatefulSet's, and a thousand workloads with one image are one unit.
`tests/integration/forecast/test_likeness.py` judges each by itself, too, and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents import fields, workloads
from gatekeeper.evaluation.program import Template
from gatekeeper.translation.constraint import COVERAGE_KIND
from gatekeeper.waivers.waiver import GROUP_VERSION, KIND

# Libraries by which a template of ours is known; templates that people write on our library do not import them.
_OURS: Final = ("data.lib.bestbefore.judgement", "data.lib.bestbefore.cip", "data.lib.bestbefore.authorities")
_INCLUDED: Final = ("includeSpec", "includeObjectMeta", "includeTypeMeta")
# Libraries of what only some of our templates read.
_MAKER: Final = "lib.bestbefore.rescheduling"
_TAGS: Final = "lib.bestbefore.pinning"
_ACCOUNT: Final = "system:serviceaccount:"
_CONTROLLERS: Final = frozenset(
    f"{_ACCOUNT}kube-system:{each.controller}" for each in workloads.KINDS if each.controller
)
# In whose place all stand of which controllers make others, and all controllers that make Pods.
_APPLIED: Final = "Deployment"
_MADE: Final = f"{_ACCOUNT}kube-system:replicaset-controller"
_EVERY: Final = "*"


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a review a template with these parameters may read.

    Attributes:
        by_image: whether it judges each image by itself.
        namespaces: those that are not like all others to it; None where each may be unlike each.
        selective: whether it may choose objects by their kind and their labels.
        puller: whether it may read what Pods pull with.
        maker: whether what it says may depend on who makes a Pod.
        tags: whether it may say of a tag that there should be a digest, in some objects.
    """

    by_image: bool
    namespaces: frozenset[str] | None = None
    selective: bool = True
    puller: bool = True
    maker: bool = True
    tags: bool = True

    @classmethod
    def of(cls, template: Template, parameters: Mapping[str, Any], inventory: Mapping[str, Any]) -> Scope:
        """By its texts, its parameters, and what is at `data.inventory`."""
        rule = fields.mapping(parameters, "rego")
        ours = template.kind == COVERAGE_KIND or any(library in template.main for library in _OURS)
        if not ours or any(rule.get(each) for each in _INCLUDED):
            return cls(by_image=False)
        credentials = parameters.get("podCredentials") is True
        policies = fields.rows(parameters, "policies")
        return cls(
            by_image=True,
            namespaces=None
            if credentials or template.reads_inventory
            else frozenset(_named_namespaces(template, parameters, inventory)),
            selective=bool(parameters.get("match")) or any(each.get("match") for each in policies),
            puller=credentials,
            maker=_MAKER in template.modules,
            # Of a pair the one that warns may do so in the other's place.
            tags=_TAGS in template.modules
            and (parameters.get("digest") != "off" or parameters.get("reports") == "warn"),
        )

    def is_told(self, namespace: str) -> bool:
        """Whether what it says may depend on this namespace, in place of another."""
        return self.namespaces is None or namespace in self.namespaces


def reads_waivers(template: Template, parameters: Mapping[str, Any]) -> bool:
    """Whether a Constraint of a template looks at the Waivers of the cluster: only one that allows them does."""
    return template.reads_waivers and fields.mapping(parameters, "waivers").get("allowed") is True


def waivers_for(parameters: Mapping[str, Any], inventory: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of what is at `data.inventory` the Waivers that name the policy, or all policies."""
    names = {fields.text(parameters, "name"), _EVERY} - {""}
    return _some(inventory, lambda waiver: not names.isdisjoint(fields.texts(waiver, "spec", "policies")))


def waivers_in(namespace: str, inventory: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of what is at `data.inventory` the Waivers that name a namespace."""
    return _some(inventory, lambda waiver: namespace in fields.texts(waiver, "spec", "namespaces"))


def _some(inventory: Mapping[str, Any], wanted: Callable[[Any], bool]) -> Mapping[str, Any]:
    synced = fields.mapping(inventory, "cluster", GROUP_VERSION, KIND)
    its = {name: waiver for name, waiver in synced.items() if wanted(waiver)}
    return {"cluster": {GROUP_VERSION: {KIND: its}}} if its else {}


def likeness(review: Mapping[str, Any], scope: Scope, image: str) -> tuple[str, str]:
    """In the place of which review this one stands, for an image as written: a kind and a user.

    Empty texts where it stands for itself alone.
    """
    if scope.selective or scope.puller:
        return "", ""
    kind, operation = fields.text(review["object"], "kind"), fields.text(review, "operation")
    user = fields.text(review, "userInfo", "username")
    pinned = "@" in image
    applied = made = False
    if not operation:
        # A digest that runs is the one that is written, so audit judges what admission does.
        applied = kind == "Pod" and pinned
    elif operation == "CREATE":
        # What has a digest is judged alike in whatever object it stands.
        free = pinned or not scope.tags
        by_account = user.startswith(_ACCOUNT)
        applied = (free and not scope.maker) or (not by_account and (free or kind in workloads.MAKERS))
        made = kind == "Pod" and user in _CONTROLLERS
    if applied:
        return _APPLIED, ""
    return ("Pod", _MADE) if made else ("", "")


def _named_namespaces(template: Template, parameters: Mapping[str, Any], inventory: Mapping[str, Any]) -> Iterator[str]:
    for each in fields.rows(parameters, "exemptions"):
        yield fields.text(each, "namespace")
    waivers = fields.mapping(parameters, "waivers")
    if waivers.get("allowed") is not True:
        return
    for each in fields.rows(waivers, "entries"):
        yield from fields.texts(each, "namespaces")
    if template.reads_waivers:
        synced = fields.mapping(waivers_for(parameters, inventory), "cluster", GROUP_VERSION, KIND)
        for each in synced.values():
            yield from fields.texts(each, "spec", "namespaces")
