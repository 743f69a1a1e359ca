"""The nearest image that the policies admit, and if there is none, why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from gatekeeper.alternatives.nearness import Distance
from gatekeeper.evaluation.finding import Finding
from provider.golang import rfc3339
from provider.reasons import Reason

# How many images are looked at, at most: each costs a registry a few requests. And how many at a time.
MOST_IMAGES: Final = 32
IMAGES_AT_A_TIME: Final = 8
# Of how many of those that are too young it is asked whether nothing else is against them.
_MOST_WAITING: Final = 5


@dataclass(frozen=True)
class Candidate:
    """An image that may do.

    Attributes:
        image: `registry/repository:tag`.
        distance: from the wanted one.
    """

    image: str
    distance: Distance


@dataclass(frozen=True)
class Opinion:
    """What the policies say of a candidate at a moment.

    Attributes:
        candidate: the image by its tag.
        pinned: the same with the digest that the tag names now; without one where nobody could say.
        covered: whether a policy looks at it at all.
        denials: what policies have against it; none where it is admitted.
        waived: what they have against it and a Waiver lets pass for a time.
    """

    candidate: Candidate
    pinned: str
    covered: bool
    denials: tuple[Finding, ...] = ()
    waived: tuple[Finding, ...] = ()

    @property
    def digest(self) -> str:
        """What it names; empty where that is not known."""
        return self.pinned.partition("@")[2]

    @property
    def undecided(self) -> bool:
        """Whether nobody could look at it, or nobody looks: that is no yes."""
        return not self.covered or (bool(self.denials) and all(each.undecided for each in self.denials))

    @property
    def admitted(self) -> bool:
        """Whether every policy that looks at it lets it pass; only what has a digest can be suggested."""
        return self.covered and not self.denials and bool(self.digest)

    @property
    def old_enough(self) -> int | None:
        """When nothing of what is against it now will be: where that is cooldowns alone; else None."""
        moments = [
            rfc3339.created_ns(str(each.violation.details.get("oldEnough", "")))
            for each in self.denials
            if each.reason == Reason.IMAGE_TOO_YOUNG
        ]
        known = [each for each in moments if each is not None]
        return max(known) if known and len(known) == len(self.denials) else None


class Assessor(Protocol):
    """What the policies say."""

    def opinions(self, candidates: Sequence[Candidate], at: int) -> list[Opinion]:
        """Of each candidate, as if it were this time (nanoseconds since 1970)."""
        ...

    def denied_from(self, opinion: Opinion, at: int) -> tuple[int, str] | None:
        """When one that is admitted at a time will be denied, and by which policy; None as far as was looked."""
        ...


@dataclass(frozen=True)
class Suggestion:
    """An image that is admitted.

    Attributes:
        opinion: of the policies.
        since: from when on it is admitted, nanoseconds since 1970.
        until: from when on it is denied; None as far as was looked.
        denied_by: the policy that denies it then; empty where none does.
    """

    opinion: Opinion
    since: int
    until: int | None = None
    denied_by: str = ""


@dataclass(frozen=True)
class Contradiction:
    """Two rules that no image can satisfy.

    Attributes:
        young: what is against an image now.
        old: what is against it at the moment when it is old enough.
        at: that moment, nanoseconds since 1970.
    """

    young: Finding
    old: Finding
    at: int


@dataclass(frozen=True)
class Search:
    """What was found.

    Attributes:
        opinions: of the images that were looked at, the nearest first.
        found: the nearest that is admitted now; None where none is.
        later: the one that will be admitted soonest, where none is now; None where nobody knows of one.
        contradiction: of one that will be too old when it is old enough, so that no waiting helps; None without.
    """

    opinions: tuple[Opinion, ...]
    found: Suggestion | None = None
    later: Suggestion | None = None
    contradiction: Contradiction | None = None

    @property
    def decided(self) -> bool:
        """Whether the policies said anything of any image."""
        return any(not each.undecided for each in self.opinions)


def search(candidates: Iterable[Candidate], judge: Assessor, now: int) -> Search:
    """Look at candidates, the nearest first, until one is admitted, or `MOST_IMAGES` have been looked at."""
    opinions: list[Opinion] = []
    digests: set[str] = set()
    for some in _in_batches(islice(candidates, MOST_IMAGES)):
        for opinion in judge.opinions(some, now):
            # Two tags of one image have one opinion.
            if not opinion.digest or opinion.digest not in digests:
                opinions.append(opinion)
            digests.add(opinion.digest)
        first = next((each for each in opinions if each.admitted), None)
        if first is not None:
            return Search(tuple(opinions), found=_suggestion(first, judge, now))
    later, contradiction = _later(opinions, judge, now)
    return Search(tuple(opinions), later=later, contradiction=contradiction)


def _suggestion(opinion: Opinion, judge: Assessor, since: int) -> Suggestion:
    denied = judge.denied_from(opinion, since)
    return Suggestion(opinion, since, *denied) if denied else Suggestion(opinion, since)


def _later(opinions: Sequence[Opinion], judge: Assessor, now: int) -> tuple[Suggestion | None, Contradiction | None]:
    """What will be old enough soonest, if it is admitted then; and why it is not."""
    waiting = [(each.old_enough, each) for each in opinions]
    known = sorted(((at, each) for at, each in waiting if at is not None and at > now), key=lambda each: each[0])
    contradiction = None
    for at, each in known[:_MOST_WAITING]:
        (then,) = judge.opinions([each.candidate], at)
        if then.admitted:
            return _suggestion(then, judge, at), None
        old = next((one for one in then.denials if one.reason == Reason.IMAGE_TOO_OLD), None)
        if old is not None and contradiction is None:
            contradiction = Contradiction(each.denials[0], old, at)
    return None, contradiction


def _in_batches(candidates: Iterator[Candidate]) -> Iterator[list[Candidate]]:
    while some := list(islice(candidates, IMAGES_AT_A_TIME)):
        yield some
