"""What Gatekeeper enforces, as the cluster has it: ours, each with its template, to be evaluated without Gatekeeper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ObjectAbsentError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, constraints
from gatekeeper.controller import constraint_status, limits
from gatekeeper.documents import enforcement, fields
from gatekeeper.evaluation.program import Template, package_of
from gatekeeper.translation.translate import Translation


class PoliciesInForce:
    """Reads templates and Constraints: they are in force, so what people could have written better is not asked here.

    Args:
        api: of the cluster.
    """

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self.problems: list[str] = []

    def read(self) -> list[Translation]:
        """Those that can be evaluated; of the others `problems` has a sentence.

        Raises:
            ClusterError: they cannot be listed.
        """
        self.problems = []
        return [each for kind, template in self._templates() for each in self._translations(kind, template)]

    def _translations(self, kind: str, template: Object) -> Sequence[Translation]:
        several = self._constraints(kind)
        try:
            found = Template.of(template)
            for text in (found.main, *found.libs):
                package_of(text)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):
            self.problems.append(f"{kind} is not forecast: its template has no Rego that can be read")
            return ()
        usable = [each for each in several if isinstance(each.get("spec"), Mapping)]
        return [
            Translation(policy, template, tuple(map(_with_action, group)))
            for policy, group in _by_policy(kind, usable).items()
        ]

    def _templates(self) -> Iterator[tuple[str, Object]]:
        for page in self._api.pages(CONSTRAINT_TEMPLATES):
            for template in page:
                kind = fields.text(template, "spec", "crd", "spec", "names", "kind")
                if kind.isascii() and kind.isalnum() and constraint_status.is_ours(template):
                    yield kind, template

    def _constraints(self, kind: str) -> list[Object]:
        resource = constraints(kind)
        try:
            # Members of a list do not say their kind.
            own = {"apiVersion": resource.api_version, "kind": kind}
            found: list[Object] = [{**each, **own} for page in self._api.pages(resource) for each in page]
        except ObjectAbsentError:
            # Gatekeeper makes the kind a moment after the template.
            return []
        if len(found) > limits.AUDIT_KINDS:
            self.problems.append(f"{len(found) - limits.AUDIT_KINDS} Constraints of {kind} are not forecast")
        return found[: limits.AUDIT_KINDS]


def _by_policy(kind: str, several: Sequence[Object]) -> Mapping[str, Sequence[Object]]:
    """A policy and its twin that warns are one; Constraints of one kind without names are called by their own."""
    names = {str(each["metadata"]["name"]) for each in several}
    unnamed = [each for each in several if constraint_status.policy_of(each, ours=True) == kind]
    by_own_name = len({_base(each, names) for each in unnamed}) > 1
    found: dict[str, list[Object]] = defaultdict(list)
    for each in several:
        policy = constraint_status.policy_of(each, ours=True)
        found[_base(each, names) if by_own_name and policy == kind else policy].append(each)
    return found


def _base(constraint: Object, names: Collection[str]) -> str:
    """The name of a Constraint; of a twin that warns that of the one that denies."""
    name = str(constraint["metadata"]["name"])
    base = name.removesuffix("-warn")
    return base if base in names else name


def _with_action(constraint: Object) -> Object:
    """What it does with a request: nobody feels an action of audit alone."""
    spec = constraint["spec"]
    return {**constraint, "spec": {**spec, "enforcementAction": enforcement.action_of(spec)}}
