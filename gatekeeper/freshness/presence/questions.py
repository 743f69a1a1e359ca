"""What is asked about what runs: a node pulls what the Pod names, by the digest there, or else by the tag.

A digest that a Pod names is all that its next node may pull. Where it names a tag, the digest that runs may be gone
and the tag name another image: that can be pulled. So then the tag is asked about, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gatekeeper.freshness.outlook import OutlookSubject
from provider.errors import ImageError, QuestionError
from provider.questions import question
from provider.questions.puller import Puller
from provider.questions.question import FactQuestion
from provider.registry import reference
from provider.registry.content.digests import is_digest


@dataclass(frozen=True, slots=True)
class PresenceQuestion:
    """A question.

    Attributes:
        key: as `/presence` takes it.
        registry: that is asked, `host[:port]`.
    """

    key: str
    registry: str


class PullerBook:
    """Who pulls which image, as policies have asked.

    Args:
        keys: of questions that templates have asked.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._pullers: Mapping[tuple[str, str], set[Puller]] = defaultdict(set)
        for key in keys:
            self._take(key)

    def questions(self, subject: OutlookSubject) -> tuple[PresenceQuestion, ...]:
        """Those about an image that runs: as each Pod of the namespace pulls it, where policies ask so.

        There are none where its digest is not known, or it has no name at a registry.
        """
        try:
            named = reference.parse(subject.image)
        except ImageError:
            return ()
        digest = named.digest or subject.digest
        if not is_digest(digest):
            return ()
        tag = f":{named.tag}" if named.digest is None and named.tag else ""
        image = f"{named.context}{tag}@{digest}"
        its = self._pullers.get((named.context, subject.workload.namespace))
        pullers = sorted(its, key=str) if its else [None]
        keys = [question.key_of(FactQuestion(image, puller=each)) for each in pullers]
        return tuple(PresenceQuestion(key, named.registry) for key in keys)

    def _take(self, key: str) -> None:
        try:
            asked = question.parse(key)
            if asked.puller is not None:
                self._pullers[reference.parse(asked.image).context, asked.puller.namespace].add(asked.puller)
        except (QuestionError, ImageError):
            # A question of a template of somebody else, or about what is no reference: it says nobody's name.
            return
