"""What the policies of our own share: a name, exemptions, a match, and the pair of Constraints that deny and warn."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from gatekeeper.documents import workloads
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.kind import PolicyKind
from gatekeeper.translation import constraint, marks, names
from gatekeeper.translation.schema import ADDRESS
from gatekeeper.waivers.terms import WaiverTerms

# The choices by which a parameter lets pass; see `parameters.twin`.
_PASSING: Final = ("allow", "off")


@dataclass(frozen=True, kw_only=True)
class OwnPolicy(ABC):
    """The settings of one policy; a subclass adds those of its kind.

    Attributes:
        name: of the Constraint that denies; the one that warns has `-warn` behind it.
        exemptions: images that it leaves alone for a time.
        kinds: kinds of objects to match.
        namespaces: labels of the namespaces where the policy applies; empty for all namespaces.
        excluded_namespaces: names of namespaces where it does not.
        reasons_url: address of the page of reasons that messages name; empty for none.
        pod_credentials: whether images are asked for as their Pods pull.
        stale: what happens to answers about an image whose registry is away.
        waivers: whether Waivers may let pass what it denies, and for how long.
    """

    KIND: ClassVar[PolicyKind]

    name: str
    exemptions: tuple[Exemption, ...] = ()
    kinds: frozenset[str] = frozenset(workloads.BY_KIND)
    namespaces: Mapping[str, str] = field(default_factory=lambda: {marks.NAMESPACE_LABEL: "true"})
    excluded_namespaces: tuple[str, ...] = ()
    reasons_url: str = ""
    pod_credentials: bool = False
    stale: Literal["allow", "deny"] = "allow"
    waivers: WaiverTerms = field(default_factory=WaiverTerms)

    @abstractmethod
    def own_parameters(self) -> dict[str, Any]:
        """The parameters that only this kind has."""

    @abstractmethod
    def own_problems(self) -> Iterator[Problem]:
        """What is wrong with the settings that only this kind has."""

    def constraints(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The Constraint that denies, and the one that warns: an action belongs to a Constraint, not to a verdict.

        Raises:
            PolicyError: the settings are wrong; every problem at once.
        """
        problems = (*self._name_problems(), *self.own_problems(), *self._kind_problems(), *self._further_problems())
        if problems:
            raise PolicyError(problems)
        return (self._constraint(self.name, "deny"), self._constraint(self.name + names.WARN_SUFFIX, "warn"))

    def _constraint(self, name: str, action: str) -> dict[str, Any]:
        match: dict[str, Any] = {"kinds": constraint.kinds(self.kinds)}
        if self.namespaces:
            match["namespaceSelector"] = {"matchLabels": dict(self.namespaces)}
        if self.excluded_namespaces:
            match["excludedNamespaces"] = list(self.excluded_namespaces)
        return {
            "apiVersion": constraint.GROUP_VERSION,
            "kind": self.KIND.name,
            "metadata": {"name": name},
            "spec": {"enforcementAction": action, "match": match, "parameters": self._parameters(action)},
        }

    def _parameters(self, action: str) -> dict[str, Any]:
        found = self.own_parameters()
        if self.exemptions:
            found["exemptions"] = [each.to_json() for each in self.exemptions]
        if self.reasons_url:
            found["reasonsUrl"] = self.reasons_url
        if self.pod_credentials:
            found["podCredentials"] = True
        if self.stale == "deny":
            found["stale"] = "deny"
        found["name"] = self.name
        if self.waivers.allowed:
            found["waivers"] = self.waivers.to_json()
        passing = {name: value for name, value in found.items() if value in _PASSING}
        if passing and action == "warn":
            found["twin"] = passing
        return {**found, "workloads": constraint.workload_kinds(self.kinds), "reports": action}

    def _name_problems(self) -> Iterator[Problem]:
        room = names.OBJECT_CHARACTERS - len(names.WARN_SUFFIX)
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", self.name) or len(self.name) > room:
            yield Problem("name", f"{self.name!r} is no object name of at most {room} characters")
        elif self.name.endswith(names.WARN_SUFFIX):
            yield Problem("name", f"{self.name!r} ends like the name of a Constraint that warns")

    def _further_problems(self) -> Iterator[Problem]:
        yield from self._address_problems()
        yield from self.waivers.problems("waivers")

    def _address_problems(self) -> Iterator[Problem]:
        if self.reasons_url and not re.fullmatch(ADDRESS, self.reasons_url):
            yield Problem("reasonsUrl", "expected an http or https address of at most 200 characters")

    def _kind_problems(self) -> Iterator[Problem]:
        unknown = sorted(self.kinds - workloads.BY_KIND.keys())
        if unknown:
            yield Problem("kinds", f"{', '.join(unknown)}: no kind that brings Pods")
        if "Pod" not in self.kinds:
            yield Problem("kinds", "Pod is missing: it is where images come to run, and what audit looks at")
