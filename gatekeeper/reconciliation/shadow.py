"""Shadow: what is generated neither denies nor warns, but in namespaces that are switched already.

Beside a policy-controller that runs, one namespace after the other is handed over. A Constraint has one action, so a
policy has another one for these namespaces, `NAME-enforced`, and the shadow leaves them out: each namespace has one of
both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.translation import names
from gatekeeper.translation.marks import SHADOW_OF

DRYRUN: Final = "dryrun"


@dataclass(frozen=True)
class Shadow:
    """That everything is generated as `dryrun`.

    Attributes:
        enforce_label: namespaces with this label, whatever its value, are enforced all the same; empty for none.
    """

    enforce_label: str = ""

    def of(self, made: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        """Constraints as they are in the shadow: first those that enforce."""
        enforced = [self._enforced(each) for each in made if self.enforce_label]
        return (*enforced, *(self._quiet(each) for each in made))

    def _enforced(self, made: Mapping[str, Any]) -> dict[str, Any]:
        named = {**made["metadata"], "name": names.enforced_name(str(made["metadata"]["name"]))}
        return {**made, "metadata": named, "spec": self._only(made["spec"], "Exists")}

    def _quiet(self, made: Mapping[str, Any]) -> dict[str, Any]:
        metadata, spec = made["metadata"], made["spec"]
        annotations = {**metadata["annotations"], SHADOW_OF: str(spec["enforcementAction"])}
        chosen = self._only(spec, "DoesNotExist") if self.enforce_label else spec
        return {
            **made,
            "metadata": {**metadata, "annotations": annotations},
            "spec": {**chosen, "enforcementAction": DRYRUN},
        }

    def _only(self, spec: Mapping[str, Any], operator: str) -> dict[str, Any]:
        match = spec["match"]
        selector = {
            **match["namespaceSelector"],
            "matchExpressions": [{"key": self.enforce_label, "operator": operator}],
        }
        return {**spec, "match": {**match, "namespaceSelector": selector}}


def enforce_labels(constraints: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The labels of namespaces in which Constraints of a shadow enforce."""
    for each in constraints:
        for expression in each["spec"]["match"]["namespaceSelector"].get("matchExpressions", ()):
            if expression["operator"] == "Exists":
                yield str(expression["key"])
