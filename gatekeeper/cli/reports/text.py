"""What a person reads: the images, what each policy says of each object, and the verdict."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.cli import age
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.reports import moment
from gatekeeper.evaluation.check_result import CheckResult, Judgement
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.review import Review
from provider.reasons import Reason

if TYPE_CHECKING:
    from gatekeeper.freshness.forecast.review_outlook import ReviewOutlook

_NANOSECONDS: Final = 1_000_000_000
_DAY: Final = 24 * 60 * 60 * _NANOSECONDS
_NEVER: Final = 2**63
_COLUMNS: Final = 110
_WORDS: Final = {"deny": ("denied", "red"), "warn": ("warning", "yellow"), "dryrun": ("dryrun", "yellow")}
_UNCOVERED: Final = (
    "note: images that no policy covers are denied here. In a cluster they are admitted, unless the policies were "
    "translated with `bestbefore translate --no-match deny`; policy-controller denies them. `--no-match allow` judges "
    "as that cluster does."
)
# policy-controller's own line, with which a translated policy's message ends.
_UPSTREAM: Final = re.compile(r"(?<=\. )(failed policy|no matching policies): .*$")
_PLURALS: Final = {"policy": "policies"}
NOTHING: Final = "nothing was judged: nothing that was given brings an image that a policy looks at"


def facts(result: CheckResult, now: int) -> None:
    """Print what is known of each image.

    Args:
        result: of a check.
        now: the time that was judged by, nanoseconds since 1970; ages are as of then.
    """
    for image, fact in result.facts.items():
        _image(image, fact, now)


def forecast(ahead: Sequence[ReviewOutlook], now: int, until: int) -> Iterator[str]:
    """From which day each image would be denied, and of which nobody can say it.

    Args:
        ahead: what policies will say, as far as `until`.
        now: the time that was judged by, nanoseconds since 1970.
        until: how far was looked ahead.
    """
    groups: dict[str, dict[str, None]] = {}
    odd = [each for each in ahead if each.denial or each.unknown]
    for each in sorted(odd, key=lambda one: one.denial.since if one.denial else _NEVER):
        for line in _foreseen(each, now):
            groups.setdefault(line, {})[each.review.title] = None
    for line, titles in groups.items():
        first, *others = titles
        more = f" and {len(others)} more" if others else ""
        yield f"{line} ({first}{more})" if first else line
    told = {each.image for each in odd}
    for image in dict.fromkeys(each.image for each in ahead):
        if image not in told:
            yield f"not denied until {moment.day(until)}: {image}"


def _foreseen(outlook: ReviewOutlook, now: int) -> Iterator[str]:
    """From when on it is denied, and from when on nobody can say."""
    by = f"by {outlook.policy or 'no policy'}"
    if outlook.denial:
        again = outlook.admitted_again
        end = f", admitted again from {_day(again.since, now)}" if again else ""
        since = outlook.denial.since
        begin = f"denied from {_day(since, now)}" if since > now else "denied now"
        yield f"{begin} {by}{end}: {outlook.image}"
    if outlook.unknown:
        since = outlook.unknown.since
        begin = f"not known from {_day(since, now)}" if since > now else "not known"
        said = outlook.unknown.sentence.removeprefix(f"{outlook.unknown.reason}: ")
        yield f"{begin} {by}: {outlook.image}: {outlook.unknown.reason}: {said}"


def _day(since: int, now: int) -> str:
    days = (since - now) // _DAY
    return f"{moment.day(since)} (in {days} {_many(days, 'day')}, {moment.rfc3339(since)})"


def verdict(result: CheckResult, *, quiet: bool = False, judged: bool = True) -> None:
    """Print what each policy says, with what to do about it, and the verdict of all of them.

    Args:
        result: of a check.
        quiet: whether to leave out what is allowed.
        judged: whether anything was decided at all.
    """
    advised: set[str] = set()
    for members in _by_review(result.judgements):
        _object(members, advised, quiet=quiet)
    _unjudged(result, quiet=quiet)
    _notes(result, quiet=quiet)
    if any(each.reason == Reason.NO_MATCHING_POLICY and each.action == "deny" for each in result.findings):
        say(_UNCOVERED)
    counts = _counts(result)
    if counts:
        say(counts)
    _last(result, judged=judged)


def _by_review(judgements: Sequence[Judgement]) -> list[list[Judgement]]:
    found: dict[int, list[Judgement]] = {}
    for each in judgements:
        found.setdefault(id(each.review), []).append(each)
    return list(found.values())


def _object(judgements: Sequence[Judgement], advised: set[str], *, quiet: bool) -> None:
    """What all policies say of one object."""
    review = judgements[0].review
    note = review.subject.note
    if note and (not quiet or any(each.findings for each in judgements)):
        say(f"note: {review.title}: {note}")
    for each in judgements:
        denied = {(finding.path, finding.reason) for finding in each.findings if finding.action == "deny"}
        for finding in each.findings:
            # The twin that warns may say what the one that denies has said.
            if finding.action == "deny" or (finding.path, finding.reason) not in denied or not finding.reason:
                _finding(finding, advised)
        if each.policy and each.covers and not each.findings and not quiet:
            say(f"allowed {_whom(review, each.policy)}{_part(each)}", "allowed", "green")
    if quiet:
        return
    others = [each.policy for each in judgements if each.policy and not each.covers and not each.reason]
    if others:
        say(f"not covered {_whom(review, ', '.join(others))}")
    for each in judgements:
        if each.reason:
            say(f"not covered {_whom(review, each.policy)}: {each.reason}")


def _notes(result: CheckResult, *, quiet: bool) -> None:
    """What was taken for granted, each once."""
    notes = dict.fromkeys(f"note: {each.policy}: {note}" for each in result.judgements for note in each.notes)
    for note in () if quiet else notes:
        say(note)


def _part(judgement: Judgement) -> str:
    """How much of the object the policy looks at, where it is not all of it."""
    texts = set(judgement.review.texts)
    if judgement.images is None or judgement.images >= texts:
        return ""
    return f" (it covers {len(judgement.images)} of {len(texts)} images)"


def _finding(finding: Finding, advised: set[str]) -> None:
    word, colour = _WORDS.get(finding.action, (finding.action, "yellow"))
    if finding.action == "deny" and finding.undecided:
        word, colour = "no verdict", "yellow"
    whom = _whom(finding.review, finding.policy)
    say(f"{word} {whom}".rstrip() + f": {finding.sentence}", word, colour)
    if finding.image or "image" in finding.violation.details:
        # A blank image would leave a gap that nobody sees.
        image = finding.image if finding.image.strip() else f'"{finding.image}"'
        say(f"  {image} ({_place(finding)}){f', ref {finding.ref}' if finding.ref else ''}")
    if finding.note:
        say(f"  note: {finding.note}")
    if said := _upstream(finding):
        say(f"  {said}")
    if finding.remedy and finding.reason not in advised:
        advised.add(finding.reason)
        say(f"  what to do: {finding.remedy}")


def _upstream(finding: Finding) -> str:
    """policy-controller's own line, where it says more than the sentence above it."""
    found = _UPSTREAM.search(finding.violation.msg)
    if found is None or finding.sentence.rstrip(".") in found.group():
        return ""
    return found.group()


def _place(finding: Finding) -> str:
    """The field, and the file that it stands in: `spec.containers[0].image, deploy/web.yaml:12`."""
    line = f":{finding.line}" if finding.line else ""
    return ", ".join(part for part in (finding.path, f"{finding.review.file}{line}".lstrip(":")) if part)


def _whom(review: Review, policy: str) -> str:
    return f"{review.title} by {policy}".strip() if policy else review.title


def _unjudged(result: CheckResult, *, quiet: bool) -> None:
    """What was not judged. Where it should be quiet it is only counted: see `_counts`.

    Files are left out: a note on standard error has named them.
    """
    for each in () if quiet else result.unjudged:
        if each.what == "file":
            continue
        if each.what == "image":
            where = f" of {each.review.title}" if each.review and each.review.title else ""
            say(f"not covered: image {each.name or '(no image)'}{where}: {each.reason}")
        elif each.what == "policy":
            # Of a single object that is said already.
            if len(result.reviews) > 1:
                say(f"not used: {each.name}: {each.reason}")
        else:
            say(f"not judged: {each.name}: {each.reason}")


def _counts(result: CheckResult) -> str:
    """How many objects came to what: `12 objects: 1 denied, 9 allowed, 2 not judged`; empty without objects."""
    states = [_state(members) for members in _by_review(result.judgements) if members[0].review.title]
    states += ["not judged" for each in result.unjudged if each.what == "object"]
    if not states:
        return ""
    order = ("denied", "no verdict", "warned", "allowed", "not covered", "not judged")
    parts = ", ".join(f"{states.count(state)} {state}" for state in order if state in states)
    return f"{len(states)} {_many(len(states), 'object')}: {parts}"


def _state(judgements: Sequence[Judgement]) -> str:
    denials = [each for judgement in judgements for each in judgement.findings if each.action == "deny"]
    if denials:
        return "no verdict" if all(each.undecided for each in denials) else "denied"
    if not any(each.covers for each in judgements):
        return "not covered"
    warned = any(each.action == "warn" for judgement in judgements for each in judgement.findings)
    return "warned" if warned else "allowed"


def _last(result: CheckResult, *, judged: bool) -> None:
    """The verdict, and how many policies it is of: those that deny, or else all that looked at something.

    Of nothing there is none; `NOTHING` is said as a problem.
    """
    if not judged:
        return
    if result.undecided:
        said = f"no verdict ({result.undecided})"
        say(f"{said}{_by(_deniers(result))}", said, "yellow")
    elif not result.allowed:
        say(f"denied{_by(_deniers(result))}", "denied", "red")
    else:
        looking = {each.policy for each in result.judgements if each.policy and each.covers}
        say(f"allowed{_by(looking)}", "allowed", "green")


def _deniers(result: CheckResult) -> set[str]:
    return {each.policy for each in result.findings if each.action == "deny" and each.policy}


def _by(policies: set[str]) -> str:
    return f" by {len(policies)} {_many(len(policies), 'policy')}" if policies else ": no policy covers it"


def _many(count: int, noun: str) -> str:
    return noun if count == 1 else _PLURALS.get(noun, f"{noun}s")


def _image(image: str, fact: Mapping[str, Any], now: int) -> None:
    click.echo(click.style(visible(image), bold=True))
    if "reason" in fact:
        say(f"  {fact['reason']}: {fact['message']}")
    elif "created" in fact:
        click.echo(f"  built {age.since_build(fact, now / _NANOSECONDS)}")
    if "digest" in fact:
        click.echo(f"  {fact['digest']}")
    if fact.get("platforms"):
        say(f"  {', '.join(fact['platforms'])}")
    for answer in fact.get("signatures", ()):
        for line in _signature(answer):
            say(f"  {line}")


def _signature(answer: Mapping[str, Any]) -> Iterator[str]:
    if "reason" in answer:
        yield f"{answer['reason']}: {answer['message']}"
    for proof in answer.get("proofs", ()):
        names = ", ".join(proof.get("subjects") or ())
        whom = f"{names} (issuer {proof.get('issuer', '')})" if names else "the policy's key"
        yield f"{'attested' if 'attestation' in proof else 'signed'} by {whom}"


def say(text: str, word: str = "", colour: str | None = None) -> None:
    """Print a line, wrapped where somebody looks at it; its first word in colour. Texts of others cannot break it."""
    text = visible(text)
    if sys.stdout.isatty():
        columns = min(shutil.get_terminal_size().columns, _COLUMNS)
        margin = " " * (len(text) - len(text.lstrip()) + 2)
        # A reference is copied from here: it must not be broken.
        text = textwrap.fill(text, columns, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False)
    rest = text.removeprefix(word)
    click.echo(f"{click.style(word, fg=colour, bold=True)}{rest}" if word and rest != text else text)
