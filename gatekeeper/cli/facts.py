"""`bestbefore facts`: what an image's documents say."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from gatekeeper.cli import age, output, registries
from gatekeeper.evaluation.facts import FILE_VERSION, LiveFacts
from provider.clock import SystemClock
from provider.errors import SettingsError
from provider.questions import question
from provider.questions.question import FactQuestion


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@registries.options
def command(images: tuple[str, ...], form: str, **reach: Any) -> None:  # noqa: ANN401 - the registries' options
    """Show the facts of IMAGEs: digest, platforms, when each was built and where that date stands.

    `--output json` can be kept and given to `bestbefore check --facts`, which then needs no registry.

    Exit: 0 all answered, 1 some image has no answer, 2 an option that cannot be used.
    """
    source = LiveFacts(registries.inspector(**reach))
    # With the configuration, so that recorded facts serve every policy.
    keys = {image: question.key_of(FactQuestion(image, config=True)) for image in images}
    try:
        recorded = source.answers(list(keys.values()))
    except SettingsError as error:
        output.refuse(error.problems)
    found = {image: recorded.fact(key) for image, key in keys.items()}
    if form == "json":
        output.document({"version": FILE_VERSION, "images": found})
    else:
        for image, fact in found.items():
            _show(image, fact)
    sys.exit(output.Exit.DENIED if any("reason" in fact for fact in found.values()) else output.Exit.ALLOWED)


def _show(image: str, fact: Mapping[str, Any]) -> None:
    click.echo(click.style(image, bold=True))
    if "reason" in fact:
        click.echo(f"  {click.style(str(fact['reason']), fg='red')}: {fact['message']}")
        click.echo(f"  see: bestbefore explain {fact['reason']}")
        return
    now = SystemClock().now()
    click.echo(f"  image     {fact['image']}")
    click.echo(f"  digest    {fact['digest']}")
    click.echo(f"  built     {age.told(fact, now)}")
    for name, platform in fact["platforms"].items():
        click.echo(f"  platform  {name}: built {age.told(platform, now)}, {platform['digest']}")
