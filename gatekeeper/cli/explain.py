"""`bestbefore explain`: a reason code in a person's words."""

from __future__ import annotations

import sys

import click

from gatekeeper.cli import output
from provider.reasons import EXPLANATIONS, Lifetime, Reason

_LIFETIMES = {
    Lifetime.DURABLE: "for good: it stays so until the image, the key or the settings change (Gatekeeper may cache it)",
    Lifetime.PASSING: "for now: it may be different in ten seconds, so a retry is worth it (never cached)",
    Lifetime.VERDICT: "a verdict: decided by the policy's Rego from the facts",
}


@click.command()
@click.argument("reason", required=False)
@click.option("--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
def command(reason: str | None, form: str) -> None:
    """Explain a REASON code from a denial, a log line or a metric; without one, list them all.

    Exit: 0 explained, 2 there is no such reason.
    """
    if reason is None:
        _list(form)
        return
    found = _find(reason)
    if found is None:
        output.refuse([f"there is no reason {reason!r}; `bestbefore explain` lists them"])
        sys.exit(output.Exit.USAGE)
    _explain(found, form)


def _find(text: str) -> Reason | None:
    plain = text.replace("-", "").replace("_", "").lower()
    return next((reason for reason in Reason if reason.lower() == plain), None)


def _list(form: str) -> None:
    if form == "json":
        output.document([_json(reason) for reason in Reason])
        return
    output.table(
        [("REASON", "LASTS", "WHO CAN MEND IT")]
        + [(str(reason), EXPLANATIONS[reason].lifetime, EXPLANATIONS[reason].fault) for reason in Reason]
    )


def _explain(reason: Reason, form: str) -> None:
    if form == "json":
        output.document(_json(reason))
        return
    found = EXPLANATIONS[reason]
    click.echo(click.style(str(reason), bold=True))
    for heading, text in (
        ("What", found.cause),
        ("Who can mend it", f"{_sentence(found.fault)}."),
        ("What to do", found.remedy),
        ("How long it lasts", f"{_sentence(_LIFETIMES[found.lifetime])}."),
    ):
        click.echo(f"\n{click.style(heading, underline=True)}\n{click.wrap_text(text, 100)}")


def _json(reason: Reason) -> dict[str, str]:
    found = EXPLANATIONS[reason]
    return {
        "reason": reason,
        "lifetime": found.lifetime,
        "fault": found.fault,
        "cause": found.cause,
        "remedy": found.remedy,
    }


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
