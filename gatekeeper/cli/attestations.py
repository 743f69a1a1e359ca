"""`bestbefore attestations`: what is attested of an image, as it says; for who writes a policy about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from gatekeeper.cli import output, registries
from gatekeeper.cli.quotation import visible
from provider.errors import BestbeforeError, SettingsError
from provider.reasons import Reason

if TYPE_CHECKING:
    from provider.signatures.attestation_list import AttestationList


@click.command()
@click.argument("image", metavar="IMAGE")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@registries.options
def command(image: str, form: str, **reach: Any) -> None:  # noqa: ANN401 - the registries' options
    """List the attestations of IMAGE: in which form, of which type, how large, and which cannot be read.

    Nothing is verified: anybody who may push the image may put anything beside it. `bestbefore verify` says what each
    proves for a policy.

    Exit: 0 the list is whole, also where it is empty, 1 there is no answer, 2 an option or a reference that cannot be
    used.
    """
    try:
        found = registries.connected(trust_roots={}, **reach).attestations(image)
    except SettingsError as error:
        output.refuse(error.problems)
    except BestbeforeError as error:
        output.problem(f"{image}: {error.reason}: {visible(error.message)}")
        sys.exit(output.Exit.USAGE if error.reason is Reason.REFERENCE_INVALID else output.Exit.DENIED)
    if form == "json":
        entries = [each.to_json() for each in found.entries]
        output.document({"image": found.image, "digest": found.digest, "attestations": entries})
    else:
        _show(found)


def _show(found: AttestationList) -> None:
    click.echo(click.style(f"{found.image} {found.digest}", bold=True))
    for each in found.entries:
        said = f"{visible(each.predicate_type)} ({each.size} bytes)" if each.predicate_type else "cannot be read"
        problem = f": {visible(each.problem)}" if each.problem else ""
        click.echo(f"  {each.form:<6} {each.digest[:19]} {said}{problem}")
    click.echo("  nothing of this is verified" if found.entries else "  no attestations, in neither form")
