"""What each Pod of Gatekeeper says of a template, a Constraint or a Provider: `status.byPod`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatekeeper.doctor import limits, several
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod
from gatekeeper.doctor.reading import ReadFailure, Reading
from gatekeeper.documents import fields
from provider.foreign_text import shown


@dataclass(frozen=True)
class PodStatus:
    """An entry of `status.byPod`.

    Attributes:
        pod: its name.
        generation: of the object that it has taken up.
        in_force: `enforced` of a Constraint, `active` of a Provider; True where the kind has no such word.
        errors: what it has against the object.
    """

    pod: str
    generation: int
    in_force: bool
    errors: tuple[str, ...]


def read(found: Mapping[str, Any], word: str = "") -> tuple[PodStatus, ...]:
    """The statuses of an object; `word` is the field that says whether it is in force."""
    return tuple(
        PodStatus(
            fields.text(each, "id"),
            fields.number(each, "observedGeneration"),
            fields.value(each, word) is True if word else True,
            tuple(_sentence(error) for error in fields.rows(each, "errors")),
        )
        for each in fields.rows(found, "status", "byPod")
    )


def problems(found: Sequence[PodStatus], generation: int, pods: Reading[Sequence[GatekeeperPod]]) -> Iterator[str]:
    """What is wrong with the statuses of an object, a sentence each.

    Args:
        found: statuses of the object; what a Pod said that is gone does not count.
        generation: its present one.
        pods: Gatekeeper's.
    """
    there = () if isinstance(pods, ReadFailure) else pods
    names = {each.name for each in there}
    statuses = [each for each in found if not names or each.pod in names]
    if not statuses:
        yield "no Pod of Gatekeeper has taken it up; every one should"
        return
    for sentence, affected in _errors(statuses).items():
        yield f"{several.pods(affected)}: {sentence}"
    good = [each for each in statuses if not each.errors]
    idle = [each.pod for each in good if not each.in_force]
    if idle:
        yield f"{several.pods(idle)} does not have it in force"
    late = [each.pod for each in good if each.in_force and each.generation != generation]
    if late:
        yield f"{several.pods(late)} has an older form of it in force, not generation {generation}"
    missing = sorted({each.name for each in there if each.ready} - {each.pod for each in statuses})
    if missing:
        yield f"{several.pods(missing)} has not taken it up"


def _errors(statuses: Sequence[PodStatus]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in statuses:
        for sentence in each.errors:
            found.setdefault(sentence, []).append(each.pod)
    return found


def _sentence(error: Mapping[str, Any]) -> str:
    code = fields.text(error, "code") or fields.text(error, "type")
    message = shown(fields.text(error, "message"), limits.ERROR_CHARACTERS)
    return f"{code}: {message}" if code else message
