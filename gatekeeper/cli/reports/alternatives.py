"""What `suggest` prints: the image that is admitted, or why none is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.alternatives.nearness import Distance
from gatekeeper.alternatives.search import Contradiction, Opinion, Search, Suggestion
from gatekeeper.cli import output
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.reports import moment
from provider.reasons import Reason
from provider.registry.reference import DEFAULT_TAG

if TYPE_CHECKING:
    from provider.registry.reference import Reference
    from provider.registry.tag_pages import TagList

# Of what is against images so many different things are shown.
_SHOWN: Final = 10
_NANOSECONDS_A_DAY: Final = 24 * 60 * 60 * 1_000_000_000


@dataclass(frozen=True)
class SearchReport:
    """A search and what it was about.

    Attributes:
        image: as its user wrote it.
        found: what was found.
        now: the time that was judged by, nanoseconds since 1970.
        horizon_days: how far was looked ahead.
        lists: the tags of each repository.
    """

    image: str
    found: Search
    now: int
    horizon_days: int
    lists: Mapping[Reference, TagList]

    def show(self, form: str) -> None:
        """Print it, as `text` or `json`."""
        if form == "json":
            output.document(self.to_json())
        else:
            self._show()

    def to_json(self) -> dict[str, Any]:
        """The same for machines; times are RFC 3339."""
        return {
            "image": self.image,
            "now": moment.rfc3339(self.now),
            "suggestion": self._suggestion(self.found.found),
            "later": self._suggestion(self.found.later),
            "contradiction": self._contradiction(),
            "repositories": [
                {"repository": place.context, "tags": len(listed.tags), "whole": listed.whole}
                for place, listed in self.lists.items()
            ],
            "lookedAt": [_opinion(each) for each in self.found.opinions],
        }

    def _suggestion(self, made: Suggestion | None) -> dict[str, Any] | None:
        if made is None:
            return None
        return {
            "image": made.opinion.pinned,
            "digest": made.opinion.digest,
            "distance": made.opinion.candidate.distance.name.lower(),
            "admittedFrom": moment.rfc3339(made.since),
            "admittedUntil": None if made.until is None else moment.rfc3339(made.until),
            "deniedBy": None if made.until is None else made.denied_by,
            "waived": [{"policy": each.policy, "said": each.sentence} for each in made.opinion.waived],
            "lookedAheadUntil": moment.rfc3339(made.since + self.horizon_days * _NANOSECONDS_A_DAY),
        }

    def _show(self) -> None:
        found = self.found
        if found.found:
            self._show_found(found.found)
        else:
            click.echo(click.style("no image that was looked at is admitted", fg="red", bold=True))
            self._show_reasons()
        tags = sum(len(each.tags) for each in self.lists.values())
        click.echo(f"  looked at {_counted(len(found.opinions), 'image')}, of {_counted(tags, 'tag')}")
        unknown = [each.candidate.image for each in found.opinions if each.undecided]
        for image in unknown[:_SHOWN]:
            click.echo(f"  not judged: {visible(image)}: nobody could look, or no policy covers it")
        if len(unknown) > _SHOWN:
            click.echo(f"  not judged: and {len(unknown) - _SHOWN} more")

    def _show_found(self, made: Suggestion) -> None:
        as_it_is = self._is_wanted(made.opinion)
        same = " as it is" if as_it_is else f" ({self._distance(made.opinion)})"
        click.echo(f"{click.style('admitted', fg='green', bold=True)}{same}: {visible(made.opinion.pinned)}")
        click.echo(f"  {self._until(made)}")
        for each in made.opinion.waived:
            click.echo(f"  by a Waiver alone: {each.policy}: {visible(each.sentence)}")
        if not as_it_is:
            own = next((each for each in self.found.opinions if each.candidate.distance is Distance.SAME), None)
            for each in own.denials[:1] if own else ():
                click.echo(f"  {visible(own.candidate.image if own else '')}: {each.policy}: {visible(each.sentence)}")

    def _is_wanted(self, opinion: Opinion) -> bool:
        """Whether it is the very image that was asked about: its repository, its tag, and its digest if it has one."""
        wanted, _, digest = self.image.partition("@")
        names = {self.image, wanted, f"{wanted}:{DEFAULT_TAG}"}
        return opinion.candidate.image in names and digest in {"", opinion.digest}

    def _distance(self, opinion: Opinion) -> str:
        wanted, _, digest = self.image.partition("@")
        its = opinion.candidate
        another = digest and its.distance is Distance.SAME and its.image == wanted
        return f"{its.distance}, which names another digest now" if another else str(its.distance)

    def _until(self, made: Suggestion) -> str:
        if made.until is None:
            return f"it is not denied for {self.horizon_days} days, as far as was looked"
        days = (made.until - made.since) // _NANOSECONDS_A_DAY
        return f"until {moment.rfc3339(made.until)} ({days} days), then {made.denied_by} denies it"

    def _show_reasons(self) -> None:
        for (policy, reason), count in self._reasons().most_common(_SHOWN):
            click.echo(f"  {count} {reason}, by {policy or 'no policy'}")
        if self.found.contradiction:
            self._show_contradiction(self.found.contradiction)
        elif {reason for _, reason in self._reasons()} >= {Reason.IMAGE_TOO_YOUNG, Reason.IMAGE_TOO_OLD}:
            click.echo("  none lies in between: what is not too young is too old")
        for each in self.found.opinions[:1]:
            for denial in each.denials[:1]:
                click.echo(f"  the nearest, {visible(each.pinned)}: {visible(denial.sentence)}")
        if self.found.later:
            later = self.found.later
            click.echo(f"  from {moment.rfc3339(later.since)} on {visible(later.opinion.pinned)} is admitted")
            click.echo(f"  {self._until(later)}")

    def _reasons(self) -> Counter[tuple[str, str]]:
        """How many images each policy has something against, by reason."""
        return Counter(
            found for each in self.found.opinions for found in {(one.policy, one.reason) for one in each.denials}
        )

    def _show_contradiction(self, found: Contradiction) -> None:
        image = visible(found.young.image)
        click.echo(f"  the rules contradict each other: {image} is old enough for {found.young.policy}")
        click.echo(f"  from {moment.rfc3339(found.at)} on, and by then too old for {found.old.policy}")

    def _contradiction(self) -> dict[str, Any] | None:
        found = self.found.contradiction
        if found is None:
            return None
        return {"tooYoungFor": found.young.policy, "tooOldFor": found.old.policy, "at": moment.rfc3339(found.at)}


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _opinion(opinion: Opinion) -> dict[str, Any]:
    verdict = "admitted" if opinion.admitted else "unknown" if opinion.undecided else "denied"
    return {
        "image": opinion.candidate.image,
        "digest": opinion.digest,
        "distance": opinion.candidate.distance.name.lower(),
        "verdict": verdict,
        "denials": [{"policy": each.policy, "reason": each.reason, "said": each.sentence} for each in opinion.denials],
    }
