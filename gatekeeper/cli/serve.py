"""`bestbefore serve`: the provider. Its options are the settings, one for one."""

from __future__ import annotations

import dataclasses
import os
import sys
from typing import Any, cast

import click

from gatekeeper.cli import output
from provider.errors import SettingsError
from provider.settings import model, sources
from provider.settings.model import Help


def _option(one: dataclasses.Field[Any]) -> click.Option:
    told = cast("Help", one.metadata["help"])
    required = one.default is dataclasses.MISSING
    default = "Required." if required else f"Default: {_default(one.default)}."
    repeated = str(one.type).startswith("tuple")
    return click.Option(
        [f"--{one.name.replace('_', '-')}", one.name],
        multiple=repeated,
        metavar=_metavar(str(one.type), told.unit),
        help=" ".join(part for part in (told.does, "May be repeated." if repeated else "", default) if part),
    )


def _metavar(annotation: str, unit: str) -> str:
    if annotation.startswith("tuple"):
        return "NAME=FILE" if "File" in annotation else "HOST"
    return unit.upper() or "VALUE"


def _default(value: object) -> str:
    if value in (None, ()):
        return "none"
    return str(value)


class _Serve(click.Command):
    """The command with an option for every setting."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*arguments, **keywords)
        self.params.extend(_option(one) for one in model.fields().values())


@click.command(cls=_Serve)
@click.option(f"--{model.CONFIG}", metavar="FILE", help="YAML file with settings by their names (tls_cert: …).")
def command(**flags: object) -> None:
    """Run the provider that answers Gatekeeper's questions about images.

    Every option is also a setting in the --config file (with underscores) and an environment variable
    (BESTBEFORE_ and the name in capitals); options win over the environment, that over the file.

    Exit: 0 after a clean stop (SIGTERM), 2 for settings that cannot be used, all of them named at once.
    """
    try:
        loaded = sources.load(flags, os.environ)
    except SettingsError as error:
        output.refuse(error.problems)
    # Imported here: the help should not pay for a web server.
    from provider.server.serving import run  # noqa: PLC0415

    sys.exit(run(loaded))
