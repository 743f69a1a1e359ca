"""The outcome of a check in its forms: text for people; JSON, JUnit and SARIF for machines."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import click

from gatekeeper.cli import age, junit, output, sarif
from gatekeeper.evaluation.checker import Finding, Outcome
from gatekeeper.evaluation.opa import NoVerdictError
from provider.reasons import EXPLANATIONS, Reason

FORMS: Final = ("text", "json", "junit", "sarif")

_NANOSECONDS: Final = 1_000_000_000
_REASONS: Final = frozenset(map(str, Reason))


def show(outcome: Outcome, form: str, now: int) -> None:
    """Print an outcome.

    Args:
        outcome: of a check.
        form: one of `FORMS`.
        now: the time that was judged by, nanoseconds since 1970; ages are told as of then.
    """
    if form == "json":
        output.document(document(outcome))
    elif form == "junit":
        click.echo(junit.render("bestbefore check", _cases(outcome)), nl=False)
    elif form == "sarif":
        output.document(sarif.document(outcome))
    else:
        _text(outcome, now)


def document(outcome: Outcome) -> dict[str, Any]:
    """One object: `allowed`, `errors`, `warnings`, `images`, and `reason` where there is no verdict."""
    found: dict[str, Any] = {
        "allowed": outcome.allowed,
        "errors": list(outcome.errors),
        "warnings": list(outcome.warnings),
        "images": {image: dict(fact) for image, fact in outcome.facts.items()},
    }
    if outcome.undecided:
        found["reason"] = outcome.undecided
    return found


def leave(outcome: Outcome) -> NoReturn:
    """End with the exit code of an outcome."""
    if outcome.undecided:
        sys.exit(output.Exit.NO_VERDICT)
    sys.exit(output.Exit.ALLOWED if outcome.allowed else output.Exit.DENIED)


def no_verdict(error: NoVerdictError, form: str) -> NoReturn:
    """Tell why there is no verdict, and end with the exit code for it."""
    if form == "json":
        output.document(
            {"allowed": False, "errors": [error.message], "warnings": [], "images": {}, "reason": error.reason}
        )
    output.problem(f"no verdict: {error.message}")
    sys.exit(output.Exit.NO_VERDICT)


def _cases(outcome: Outcome) -> list[junit.Case]:
    """A test case for each policy and object, failed by what denies."""
    return [
        junit.Case(
            review or "images",
            policy or "no matching policies",
            tuple(
                each.violation.msg
                for each in outcome.findings
                if each.action == "deny" and (each.policy, each.review) == (policy, review)
            ),
        )
        for policy, review in outcome.judged
    ]


def _text(outcome: Outcome, now: int) -> None:
    for image, fact in outcome.facts.items():
        _image(image, fact, now)
    verdict(outcome)


def verdict(outcome: Outcome) -> None:
    """Print what each policy says, with what to do about it, and the verdict of all of them."""
    for policy, review in outcome.judged:
        found = [each for each in outcome.findings if (each.policy, each.review) == (policy, review)]
        if policy or found:
            _judged(policy, review, found)
    said, colour = ("allowed", "green") if outcome.allowed else ("denied", "red")
    if outcome.undecided:
        said, colour = f"no verdict ({outcome.undecided})", "yellow"
    policies = len({policy for policy, _ in outcome.judged if policy})
    click.echo(f"{click.style(said, fg=colour, bold=True)} by {policies} {'policy' if policies == 1 else 'policies'}")


def _judged(policy: str, review: str, found: Sequence[Finding]) -> None:
    """What one policy says of one object."""
    whom = f"{review} by {policy or 'no policy'}".strip()
    if not found:
        click.echo(f"{click.style('allowed', fg='green')} {whom}")
    for each in found:
        word, colour = ("denied", "red") if each.action == "deny" else ("warning", "yellow")
        click.echo(f"{click.style(word, fg=colour)} {whom}: {each.violation.msg}")
        if each.reason in _REASONS:
            click.echo(f"  what to do: {EXPLANATIONS[Reason(each.reason)].remedy}")


def _image(image: str, fact: Mapping[str, Any], now: int) -> None:
    click.echo(click.style(image, bold=True))
    if "reason" in fact:
        click.echo(f"  {fact['reason']}: {fact['message']}")
    elif "created" in fact:
        click.echo(f"  built {age.told(fact, now / _NANOSECONDS)}")
    if "digest" in fact:
        click.echo(f"  {fact['digest']}")
    if fact.get("platforms"):
        click.echo(f"  {', '.join(fact['platforms'])}")
    for answer in fact.get("signatures", ()):
        if "reason" in answer:
            click.echo(f"  {answer['reason']}: {answer['message']}")
        for proof in answer.get("proofs", ()):
            click.echo(f"  signed {_signer(proof)}")


def _signer(proof: Mapping[str, Any]) -> str:
    names = ", ".join(proof.get("subjects") or ())
    return f"by {names} (issuer {proof.get('issuer', '')})" if names else "by the policy's key"
