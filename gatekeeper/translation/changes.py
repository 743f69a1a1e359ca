"""What translation would change: generated objects against those in files, or as a cluster gives them."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents.product import PREFIX
from gatekeeper.translation import rendering
from gatekeeper.translation.marks import TRANSLATOR_VERSION

# What the API server and kubectl add to an object that we made.
_ADDED: Final = frozenset({"status"})
_KEPT_METADATA: Final = ("name", "annotations")
_VALIDATION: Final = ("spec", "crd", "spec", "validation")
_LEGACY: Final = "legacySchema"


@dataclass(frozen=True)
class Change:
    """A difference in one object.

    Attributes:
        kind: its kind.
        name: its name.
        what: `added`, `changed` or `removed`, as seen from what is there.
        diff: unified diff from what is there to what would be generated, with line ends.
    """

    kind: str
    name: str
    what: str
    diff: str


def changes(generated: Iterable[Mapping[str, Any]], present: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """Differences by object: generated ones in their order, then those that are there and would not be generated.

    Only objects that the translator made count as removed; what else stands in the same place is nobody's business.
    """
    there = {_identity(each): without_additions(each) for each in present}
    found = []
    for made in generated:
        identity = _identity(made)
        before = there.pop(identity, None)
        what = "added" if before is None else "changed"
        if before != without_additions(made):
            found.append(Change(*identity, what, _diff(identity, before, without_additions(made))))
    ours = {identity: each for identity, each in there.items() if _is_ours(each)}
    found += [Change(*identity, "removed", _diff(identity, each, None)) for identity, each in ours.items()]
    return tuple(found)


def _identity(each: Mapping[str, Any]) -> tuple[str, str]:
    return str(each.get("kind", "")), str(_mapping(each.get("metadata")).get("name", ""))


def without_additions(each: Mapping[str, Any]) -> dict[str, Any]:
    """An object as we would make it: without what the API server, Gatekeeper and kubectl add, or others annotate."""
    metadata = _mapping(each.get("metadata"))
    kept = {name: metadata[name] for name in _KEPT_METADATA if name in metadata}
    annotations = _mapping(kept.get("annotations"))
    kept["annotations"] = {name: text for name, text in annotations.items() if name.startswith(PREFIX)}
    own = {name: value for name, value in each.items() if name not in _ADDED}
    return _without_defaults({**own, "metadata": kept})


def _without_defaults(each: dict[str, Any]) -> dict[str, Any]:
    """Without what the API server writes into every ConstraintTemplate."""
    validation: Any = each
    for step in _VALIDATION:
        validation = _mapping(validation).get(step)
    if _mapping(validation).get(_LEGACY) is not False:
        return each
    made = copy.deepcopy(each)
    del made["spec"]["crd"]["spec"]["validation"][_LEGACY]
    return made


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - what is there may be anything
    return value if isinstance(value, Mapping) else {}


def _is_ours(each: Mapping[str, Any]) -> bool:
    return TRANSLATOR_VERSION in each["metadata"]["annotations"]


def _diff(identity: tuple[str, str], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    name = "/".join(identity)
    lines = difflib.unified_diff(_lines(_ordered(before, after)), _lines(after), f"present/{name}", f"generated/{name}")
    return "".join(lines)


def _ordered(value: Any, model: Any) -> Any:  # noqa: ANN401 - any JSON
    """The value with its fields in the order of the model's, where both have them: a cluster sorts by name."""
    if isinstance(value, Mapping) and isinstance(model, Mapping):
        names = [*(name for name in model if name in value), *(name for name in value if name not in model)]
        return {name: _ordered(value[name], model.get(name)) for name in names}
    if isinstance(value, list) and isinstance(model, list):
        models = [*model, *(None for _ in value[len(model) :])]
        return [_ordered(each, like) for each, like in zip(value, models, strict=False)]
    return value


def _lines(each: Mapping[str, Any] | None) -> list[str]:
    return [] if each is None else rendering.render([each]).splitlines(keepends=True)
