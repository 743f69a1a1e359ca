"""The log line of each class change, so that each number can be traced to what it is made of."""

from __future__ import annotations

from typing import Final, TypeAlias

from gatekeeper.denials.events import ControllerEvent
from gatekeeper.freshness.announcement import limits, moments
from gatekeeper.freshness.announcement.round import Place, Round, image_of
from gatekeeper.freshness.outlook import Due, Outlook, Question
from provider.telemetry.log import Log

_Classes: TypeAlias = dict[tuple[str, Question], Due]

# At first sight these are not worth a line: an image that was built yesterday, under a rule of 30 days.
_FAR: Final = frozenset({Due.IN_30_DAYS, Due.LATER})


class ForecastLog:
    """Writes `freshness.forecast`.

    Args:
        log: where it is written.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        # By image, since of a large cluster each has dozens of outlooks; many images have the same classes.
        self._said: dict[Place, _Classes] = {}

    def take(self, found: Round, now: int) -> None:
        """Write what is in another class than before.

        Args:
            found: the last round.
            now: nanoseconds since 1970.
        """
        said: dict[Place, _Classes] = {}
        asked: dict[tuple[str, Question], tuple[str, Question]] = {}
        changed: list[tuple[Outlook, Due, Due | None]] = []
        for each in found.outlooks:
            due, image, name = each.due(now), image_of(each), (each.policy, each.question)
            said.setdefault(image, {})[asked.setdefault(name, name)] = due
            last = self._said.get(image, {}).get(name)
            if _is_news(due, last):
                changed.append((each, due, last))
        shared: dict[object, _Classes] = {}
        self._said = {image: shared.setdefault(tuple(its.items()), its) for image, its in said.items()}
        for each, due, last in sorted(changed, key=lambda item: item[0].best_before or 0)[: limits.LINES]:
            self._say(each, due, last)
        if len(changed) > limits.LINES:
            words = "more images are in another class than one round writes lines for"
            self._log.warning(ControllerEvent.FRESHNESS_FORECAST, words, left_out=len(changed) - limits.LINES)

    def _say(self, outlook: Outlook, due: Due, before: Due | None) -> None:
        subject, denial = outlook.subject, outlook.denial
        moment = outlook.best_before
        fields = {
            "policy": outlook.policy,
            "question": outlook.question.value,
            "due": due.value,
            "due_before": before.value if before is not None else "",
            "best_before": moments.stamp(moment) if moment is not None else "",
            "reason": denial.reason if denial is not None else outlook.now.reason,
            "resource_namespace": subject.workload.namespace,
            "resource_kind": subject.workload.kind,
            "resource_name": subject.workload.name,
            "path": subject.path,
            "image": subject.image,
            "digest": subject.digest,
            "containers": subject.running,
            "team": subject.team,
            "waived_until": moments.stamp(outlook.waived_until) if outlook.waived_until is not None else "",
        }
        written = {name: value for name, value in fields.items() if value != ""}
        self._log.info(ControllerEvent.FRESHNESS_FORECAST, "an image is in another class", **written)


def _is_news(due: Due, before: Due | None) -> bool:
    return before is not due and not (before is None and due in _FAR)
