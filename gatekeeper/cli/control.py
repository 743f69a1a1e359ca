"""`bestbefore control`: the process that watches in the cluster. Its options are the settings, one for one."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from gatekeeper.cli import output
from gatekeeper.cli.settings_options import options
from gatekeeper.controller import settings
from provider.errors import SettingsError


class _Control(click.Command):
    """The command with an option for every setting."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*arguments, **keywords)
        self.params.extend(options(settings.SCHEMA, "gatekeeper_namespace: …"))


@click.command(cls=_Control)
def command(**flags: object) -> None:
    """Count what Gatekeeper denies, for Prometheus and for people.

    Follows the logs of Gatekeeper's Pods, and says at /metrics what is blocked, where, why and by whom. It reads the
    cluster by a kubeconfig, or with the service account of its Pod. Of several processes one counts: the holder of a
    Lease.

    Every option is also a setting in the --config file (with underscores) and an environment variable
    (BESTBEFORE_CONTROL_ and the name in capitals); options win over the environment, that over the file.

    Exit: 0 after a clean stop (SIGTERM), 2 for settings that cannot be used, all of them named at once.
    """
    try:
        loaded = settings.load(flags, os.environ)
    except SettingsError as error:
        output.refuse(error.problems)
    # Imported here: the help should not pay for a client of Kubernetes.
    from gatekeeper.controller.process import run  # noqa: PLC0415

    sys.exit(run(loaded))
