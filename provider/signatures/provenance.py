"""What SLSA provenance says of a build: by whom, and when.

Read leniently, for people: a value that is no text is as good as none. A date of provenance is worth as much as its
builder and the identity that attests it together (SLSA, `spec/v1.0/provenance` and `provenance/v0.2`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class ProvenancePlaces:
    """Where the predicates of one type say it: names from the outside in.

    Attributes:
        builder: URI of who built it.
        started: when the build began.
        finished: when it ended.
    """

    builder: Sequence[str]
    started: Sequence[str]
    finished: Sequence[str]

    @property
    def all(self) -> Sequence[Sequence[str]]:
        """All of them."""
        return (self.builder, self.started, self.finished)


PLACES: Final[Mapping[str, ProvenancePlaces]] = {
    "https://slsa.dev/provenance/v1": ProvenancePlaces(
        ("runDetails", "builder", "id"),
        ("runDetails", "metadata", "startedOn"),
        ("runDetails", "metadata", "finishedOn"),
    ),
    "https://slsa.dev/provenance/v0.2": ProvenancePlaces(
        ("builder", "id"),
        ("metadata", "buildStartedOn"),
        ("metadata", "buildFinishedOn"),
    ),
}
"""By the type of the predicate."""


@dataclass(frozen=True)
class Provenance:
    """What one predicate says.

    Attributes:
        predicate_type: its type.
        builder: URI; empty where it names none.
        started: RFC 3339, as found; empty where it does not say.
        finished: the same of the build's end.
    """

    predicate_type: str
    builder: str = ""
    started: str = ""
    finished: str = ""

    @property
    def times(self) -> Mapping[str, str]:
        """The times that it says, by the name that its type has for them; the start comes first."""
        places = PLACES[self.predicate_type]
        said = {places.started[-1]: self.started, places.finished[-1]: self.finished}
        return {name: text for name, text in said.items() if text}


def read(predicate_type: str, predicate: object) -> Provenance | None:
    """What a predicate says of a build; None where it is of another type."""
    places = PLACES.get(predicate_type)
    if places is None:
        return None
    return Provenance(predicate_type, *(_text(predicate, path) for path in places.all))


def _text(value: Any, path: Sequence[str]) -> str:  # noqa: ANN401 - any JSON
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
