"""`bestbefore completion`: a script by which a shell completes our commands, options and reasons."""

from __future__ import annotations

import sys
from typing import Final

import click
from click.shell_completion import get_completion_class

from gatekeeper.cli import output

_SHELLS: Final = ("bash", "zsh", "fish")
_PROGRAM: Final = "bestbefore"
# Click's own: the script sets it when it asks for completions.
_VARIABLE: Final = "_BESTBEFORE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script by which a SHELL completes commands, options, files and reasons.

    For bash put `source <(bestbefore completion bash)` into ~/.bashrc, for zsh the same with `zsh` into ~/.zshrc; for
    fish: `bestbefore completion fish > ~/.config/fish/completions/bestbefore.fish`.

    Exit: 0 printed, 2 there is no such shell.
    """
    found = get_completion_class(shell)
    if found is None:
        output.problem(f"this version of click does not know {shell}")
        sys.exit(output.Exit.NO_VERDICT)
    click.echo(found(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source())
