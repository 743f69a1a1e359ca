"""The part of an object that a capsule may hold: named places, and of these never what people keep secrets in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from gatekeeper.denials.capsules.object_reads import Path
from gatekeeper.translation.object_paths import ANY

_Places: TypeAlias = dict[str, "_Places"]

# Never held, wherever they stand in a Pod's spec: what a program is started with.
_STARTED_WITH: Final = frozenset({"env", "envFrom", "args", "command"})
# The same of metadata: tools keep whole objects in annotations.
_NOTES: Final = frozenset({"annotations", "managedFields"})
# Mappings whose keys are people's own words, `env: production` among them.
_OWN_WORDS: Final = frozenset({"labels", "matchLabels", "nodeSelector"})
_NAMED: Final = 20
# All that is below a place; no key of an object.
_ALL: Final = "\0"


@dataclass
class ObjectPart:
    """A part of an object.

    Attributes:
        value: the part; items of lists stay at their places.
        withheld: places that were asked for and are never held, `spec.containers[0].env`; the first few.
    """

    value: dict[str, Any] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)


def of(value: Mapping[str, Any], paths: Iterable[Path]) -> ObjectPart:
    """The places of an object at these paths, with all that is below them."""
    places: _Places = {}
    for path in sorted(paths):
        place = places
        for step in path:
            place = place.setdefault(step, {})
        place[_ALL] = {}
    part = ObjectPart()
    kept = _kept(value, [places], "", part.withheld)
    part.value = kept if isinstance(kept, dict) else {}
    return part


def _kept(value: Any, places: list[_Places], at: str, withheld: list[str]) -> Any:  # noqa: ANN401 - any JSON
    everything = any(_ALL in place for place in places)
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, each in value.items():
            below = [_everything()] if everything else _below(places, str(key))
            path = f"{at}.{key}".lstrip(".")
            if below and _is_secret(str(key), at):
                if len(withheld) < _NAMED:
                    withheld.append(path)
            elif below:
                found[str(key)] = _kept(each, below, path, withheld)
        return found
    if isinstance(value, list):
        found_items = []
        for number, each in enumerate(value):
            below = [_everything()] if everything else _below(places, str(number))
            found_items.append(_kept(each, below, f"{at}[{number}]", withheld) if below else {})
        return found_items
    return value if everything else {}


def _everything() -> _Places:
    return {_ALL: {}}


def _below(places: list[_Places], key: str) -> list[_Places]:
    return [place[step] for place in places for step in dict.fromkeys((key, ANY)) if step in place]


def _is_secret(key: str, at: str) -> bool:
    holder = at.rpartition(".")[2].partition("[")[0]
    return (key in _STARTED_WITH and holder not in _OWN_WORDS) or (key in _NOTES and holder == "metadata")
