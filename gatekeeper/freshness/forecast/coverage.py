"""Which namespaces policies look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gatekeeper.evaluation.matching import Matcher
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.translate import Translation


def covered(translations: Sequence[Translation]) -> Callable[[str, Mapping[str, str]], bool]:
    """Whether a Constraint of these looks at Pods of a namespace, by its name and labels.

    reading = WorkloadInventoryReader(api, covered(translations))
    """
    made = [each for translation in translations for each in translation.constraints]
    matches = [{"spec": {"match": {**each["spec"].get("match", {}), **_ANY}}} for each in made]

    def covers(name: str, labels: Mapping[str, str]) -> bool:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": name}}
        review = Review({**pod, "spec": {"containers": [{"name": "x", "image": "x"}]}})
        matcher = Matcher({name: labels})
        return any(matcher.select(each, review).review is not None for each in matches)

    return covers


# What an object says of itself is looked at later; here only its namespace counts.
_ANY: Mapping[str, object] = {"kinds": [], "name": "*", "labelSelector": {}}
