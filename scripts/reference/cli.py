"""The command line, from the commands themselves: what `--help` says, and the table of exit codes."""

from __future__ import annotations

from typing import Final

import click

from gatekeeper.cli.main import COMMANDS, cli
from scripts.reference import markdown

_COLUMNS: Final = 100
_INTRODUCTION: Final = """\
`bestbefore --help` lists the commands, `bestbefore COMMAND --help` says what follows here. Output for people goes to
the standard output, problems go to the standard error, one a line. There is colour on a terminal only; tables are
separated by tabs where nobody looks. `--output json` prints one JSON value.

Exit codes are a contract:

| Exit code | Means |
| --- | --- |
| 0 | allowed; or what was asked for is done |
| 1 | denied; or some image has no answer (`facts`) |
| 2 | invalid: the policy, a file, the usage, a setting; all problems at once; or `check` has judged nothing at all |
| 3 | no verdict: a registry is away, a trust root or a recorded fact is missing, there is no `opa`. Not a no |
| 130, 141 | interrupted (Ctrl-C); whoever read the output closed it |
"""


def page() -> str:
    """The page, as Markdown."""
    sections = [_section(name) for name in sorted(COMMANDS)]
    return markdown.head("Command line", "the commands' help", _INTRODUCTION) + "".join(sections)


def _section(name: str) -> str:
    # The width is ours, so that the page is the same wherever it is made.
    context = click.Context(cli, info_name="bestbefore", terminal_width=_COLUMNS, **cli.context_settings)
    command = cli.get_command(context, name)
    if command is None:
        raise KeyError(name)
    with click.Context(command, info_name=name, parent=context) as inner:
        return f"\n## `bestbefore {name}`\n\n```text\n{command.get_help(inner)}\n```\n"
