"""`bestbefore serve`: the provider. Its options are the settings, one for one."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from gatekeeper.cli import output
from gatekeeper.cli.settings_options import options
from provider.errors import SettingsError
from provider.settings import model, sources


class _Serve(click.Command):
    """The command with an option for every setting."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*arguments, **keywords)
        self.params.extend(options(model.SCHEMA, "tls_cert: …"))


@click.command(cls=_Serve)
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
