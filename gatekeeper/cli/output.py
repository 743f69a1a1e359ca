"""What all commands print alike: exit codes, errors, JSON, tables, colour on a terminal only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, NoReturn

import click


class Exit(IntEnum):
    """Exit codes; scripts and CI jobs rely on them."""

    ALLOWED = 0
    DENIED = 1
    USAGE = 2
    NO_VERDICT = 3
    # As shells tell of a program that a signal ended: SIGINT, SIGPIPE.
    INTERRUPTED = 130
    UNREAD = 141


def problem(sentence: str) -> None:
    """Tell a problem on standard error."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {sentence}", err=True)


def warning(sentence: str) -> None:
    """Tell a warning on standard error."""
    click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {sentence}", err=True)


def refuse(problems: Iterable[str]) -> NoReturn:
    """Tell every problem of what was given, and end with the exit code for it."""
    for each in problems:
        problem(each)
    sys.exit(Exit.USAGE)


def document(value: Any) -> None:  # noqa: ANN401 - any JSON
    """Print one JSON object."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns; the first row is their heading. Tabs instead when nobody looks."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(click.style(line, bold=True) if number == 0 else line)
