"""`bestbefore explain`: a reason code in a person's words."""

from __future__ import annotations

import click

from gatekeeper.cli import output
from gatekeeper.cli.suggestion import suggestion
from provider.reasons import EXPLANATIONS, BlockCause, Lifetime, Reason

_LIFETIMES = {
    Lifetime.DURABLE: "for good: it stays so until the image, the key or the settings change (Gatekeeper may cache it)",
    Lifetime.PASSING: "for now: it may be different in ten seconds, so a retry is worth it (never cached)",
    Lifetime.VERDICT: "a verdict: decided by the policy's Rego from the facts",
}

_CAUSES = {
    BlockCause.POLICY: "the policy does not allow the image, or cannot be used",
    BlockCause.IMAGE: "the image, or what it is called, is not as it should be",
    BlockCause.REGISTRY: "the registry did not give what it was asked for",
    BlockCause.PROVIDER: "bestbefore could not look at the image",
    BlockCause.WEBHOOK: "Gatekeeper gave no answer, and the API server refuses then",
}


def _alike(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """For a shell: the reasons that begin so."""
    return [reason for reason in Reason if reason.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("reason", required=False, shell_complete=_alike)
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
def command(reason: str | None, form: str) -> None:
    """Explain a REASON code from a denial, a log line or a metric; without one, list them all, a line each.

    Exit: 0 explained, 2 there is no such reason.
    """
    if reason is None:
        _list(form)
        return
    found = _find(reason)
    if found is None:
        meant = suggestion(reason, Reason)
        output.refuse([f"there is no reason {reason!r}{meant or '; `bestbefore explain` lists them'}"])
    _explain(found, form)


def _find(text: str) -> Reason | None:
    plain = text.replace("-", "").replace("_", "").lower()
    return next((reason for reason in Reason if reason.lower() == plain), None)


def _list(form: str) -> None:
    if form == "json":
        output.document([_json(reason) for reason in Reason])
        return
    rows = [("REASON", "LASTS", "WHO CAN FIX IT", "WHAT TO DO")]
    for reason in Reason:
        found = EXPLANATIONS[reason]
        rows.append((str(reason), found.lifetime, found.fault, found.brief))
    output.table(rows)


def _explain(reason: Reason, form: str) -> None:
    if form == "json":
        output.document(_json(reason))
        return
    found = EXPLANATIONS[reason]
    click.echo(click.style(str(reason), bold=True))
    for heading, text in (
        ("What", found.meaning),
        ("Who can fix it", f"{_sentence(found.fault)}."),
        ("Counted as", f"Cause `{found.cause}`: {_CAUSES[found.cause]}."),
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
        "meaning": found.meaning,
        "remedy": found.remedy,
    }


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
