"""`bestbefore facts`: what an image's documents say."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from gatekeeper.cli import age, output, registries
from gatekeeper.cli.quotation import visible
from gatekeeper.evaluation import recorded_config
from gatekeeper.evaluation.facts import FILE_VERSION, LiveFacts
from provider.clock import SystemClock
from provider.errors import SettingsError
from provider.questions import question
from provider.questions.question import FactQuestion


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@registries.options
def command(images: tuple[str, ...], form: str, **reach: Any) -> None:  # noqa: ANN401 - the registries' options
    """Show the facts of IMAGEs: digest, platforms, when each was built and where that date stands.

    `--output json` can be kept and given to `bestbefore check --facts`, which then needs no registry.

    The answer is that to the question of MaximumImageAge. Policies that read the whole configuration ask for more
    documents, such as attestations beside the image; where they would get another answer it is shown, too. An answer
    that is too large for the cluster is recorded all the same, and `check` refuses it only to policies that read it.

    Exit: 0 all answered, 1 some image has no answer, 2 an option that cannot be used.
    """
    source = LiveFacts(registries.inspector(**reach))
    plain = {image: question.key_of(FactQuestion(image)) for image in images}
    whole = {image: question.key_of(FactQuestion(image, config=True)) for image in images}
    try:
        # What is kept is whole: a policy that reads a part of it is answered, though all would be too much.
        answers = source.recordable if form == "json" else source.answers
        recorded = answers([*plain.values(), *whole.values()])
    except SettingsError as error:
        output.refuse(error.problems)
    found = {
        image: recorded_config.joined(recorded.fact(plain[image]), recorded.fact(whole[image])) for image in images
    }
    if form == "json":
        output.document({"version": FILE_VERSION, "images": found})
    else:
        for image, fact in found.items():
            show(image, fact)
    sys.exit(output.Exit.DENIED if any("reason" in fact for fact in found.values()) else output.Exit.ALLOWED)


def show(image: str, fact: Mapping[str, Any]) -> None:
    """Print what is known of an image: its facts or who is proved to have signed it, or why there is no answer."""
    click.echo(click.style(visible(image), bold=True))
    if "reason" in fact:
        click.echo(f"  {click.style(str(fact['reason']), fg='red')}: {fact['message']}")
        click.echo(f"  see: bestbefore explain {fact['reason']}")
        return
    if "proofs" in fact:
        _show_proofs(fact)
        return
    _show_answer(fact)
    other = fact.get(recorded_config.WHOLE, {})
    if "reason" in other:
        reason = click.style(str(other["reason"]), fg="red")
        click.echo(f"  to policies that read the configuration: {reason}: {other['message']}")


def _show_proofs(fact: Mapping[str, Any]) -> None:
    click.echo(f"  image     {fact['image']}")
    click.echo(f"  digest    {fact['digest']}")
    for proof in fact["proofs"]:
        who = ", ".join(map(str, proof.get("subjects", ()))) or "the key that was asked for"
        issuer = f", as {proof['issuer']} says" if proof.get("issuer") else ""
        click.echo(f"  signed    by {visible(who)}{visible(issuer)}")


def _show_answer(fact: Mapping[str, Any]) -> None:
    now = SystemClock().now()
    click.echo(f"  image     {fact['image']}")
    click.echo(f"  digest    {fact['digest']}")
    click.echo(f"  built     {age.since_build(fact, now)}")
    for name, platform in fact["platforms"].items():
        click.echo(f"  platform  {visible(name)}: built {age.since_build(platform, now)}, {platform['digest']}")
