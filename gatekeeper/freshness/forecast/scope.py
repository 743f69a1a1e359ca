"""What of a review a template may read, and the form in which reviews are alike that it judges alike.

Our own templates judge each image by itself, and read of the object only whether it is one of which controllers make
others, who makes it, where its Pods may run, and, where the Constraint says so, its kind and labels; and the namespace,
where an exemption or a Waiver of it may cover the image. So a Deployment's image is a StatefulSet's, and a thousand
workloads with one image are one unit.
`tests/integration/forecast/test_likeness.py` judges each by itself, too, and compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents import fields, workloads
from gatekeeper.evaluation.program import Template
from gatekeeper.translation.constraint import COVERAGE_KIND
from gatekeeper.waivers.waiver import GROUP_VERSION, KIND
from provider.errors import ImageError
from provider.registry import reference

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
# That of all images, and what the path of others may be written with (`waivers.rego`).
_ANY_IMAGE: Final = "**"
_PATH: Final = re.compile(r"[a-z0-9._*/-]*")

# Namespaces, and globs of images.
_Cover = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a review a template with these parameters may read.

    Attributes:
        by_image: whether it judges each image by itself.
        namespaces: those that are not like all others to it; None where each may be unlike each.
        named: which of them exemptions and Waivers name, and the globs of the images, one pair for each of these. For
            any other image such a namespace is like all others.
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
    named: frozenset[_Cover] = frozenset()

    @classmethod
    def of(cls, template: Template, parameters: Mapping[str, Any], inventory: Mapping[str, Any]) -> Scope:
        """By its texts, its parameters, and what is at `data.inventory`."""
        rule = fields.mapping(parameters, "rego")
        ours = template.kind == COVERAGE_KIND or any(library in template.main for library in _OURS)
        if not ours or any(rule.get(each) for each in _INCLUDED):
            return cls(by_image=False)
        credentials = parameters.get("podCredentials") is True
        policies = fields.rows(parameters, "policies")
        named = frozenset(_named(template, parameters, inventory))
        return cls(
            by_image=True,
            namespaces=None
            if credentials or template.reads_inventory
            else frozenset().union(*(places for places, _ in named)),
            selective=bool(parameters.get("match")) or any(each.get("match") for each in policies),
            puller=credentials,
            maker=_MAKER in template.modules and not _denies_whoever_asks(parameters),
            # Of a pair the one that warns may do so in the other's place.
            tags=_TAGS in template.modules
            and (parameters.get("digest") != "off" or parameters.get("reports") == "warn"),
            named=named,
        )

    def is_told(self, namespace: str, image: str) -> bool:
        """Whether what it says of an image, as written, may depend on this namespace, in place of another."""
        if self.namespaces is None or namespace not in self.namespaces:
            return self.namespaces is None
        return _may_cover({glob for places, globs in self.named if namespace in places for glob in globs}, image)


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


def _denies_whoever_asks(parameters: Mapping[str, Any]) -> bool:
    """Whether who made a Pod softens nothing: of a pair the one that warns may yet say that the other one differs."""
    return parameters.get("reschedule") == "deny" and parameters.get("reports") == "deny"


def _named(template: Template, parameters: Mapping[str, Any], inventory: Mapping[str, Any]) -> Iterator[_Cover]:
    """By exemptions, by entries of the Constraint, and by Waivers of the cluster."""
    for each in fields.rows(parameters, "exemptions"):
        yield frozenset({fields.text(each, "namespace")}), frozenset({fields.text(each, "image")})
    waivers = fields.mapping(parameters, "waivers")
    if waivers.get("allowed") is not True:
        return
    specs = fields.rows(waivers, "entries")
    if template.reads_waivers:
        synced = fields.mapping(waivers_for(parameters, inventory), "cluster", GROUP_VERSION, KIND)
        specs = [*specs, *(fields.mapping(each, "spec") for each in synced.values())]
    for each in specs:
        yield frozenset(fields.texts(each, "namespaces")), _globs(each)


def _globs(waiver: Mapping[str, Any]) -> frozenset[str]:
    """Of the images that it covers; of what is no list of texts nobody knows."""
    written = waiver.get("images")
    found = fields.texts(waiver, "images")
    return frozenset(found if isinstance(written, list) and len(found) == len(written) else {_ANY_IMAGE})


def _may_cover(globs: Iterable[str], image: str) -> bool:
    """Whether a glob of a Waiver or of an exemption may cover an image: never no where it does.

    A star stands for anything, so all else of a glob's path is in the image's. What a registry is called, there are
    several ways to write; `library/` is Docker Hub's, and may be left out. Of what is no glob nothing is known.
    """
    try:
        parsed = reference.parse(image)
    except ImageError:
        return True
    # An exemption's may have a star for what is in front of a tag.
    name = f"library/{parsed.name.removeprefix(f'{parsed.registry}/')}"
    paths = (glob.partition("@")[0].partition("/") for glob in globs)
    return any(
        not (slash and _PATH.fullmatch(path)) or all(part in name for part in path.split("*"))
        for _, slash, path in paths
    )
