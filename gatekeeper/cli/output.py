"""What all commands print alike: exit codes, errors, JSON, tables, colour on a terminal only."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final, NoReturn

import click

from gatekeeper.cli.quotation import visible

NOTES: Final = 10


class Exit(IntEnum):
    """Exit codes; scripts and CI jobs rely on them."""

    ALLOWED = 0
    DENIED = 1
    USAGE = 2
    NO_VERDICT = 3
    # As shells report a program that a signal ended: SIGINT, SIGPIPE.
    INTERRUPTED = 130
    UNREAD = 141


def problem(sentence: str) -> None:
    """Tell a problem on standard error."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {visible(sentence)}", err=True)


def warning(sentence: str) -> None:
    """Tell a warning on standard error."""
    click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {visible(sentence)}", err=True)


def notes(sentences: Sequence[str]) -> None:
    """Tell on standard error what is no problem, and worth knowing; of many only the first, and how many more."""
    for sentence in sentences[:NOTES]:
        click.echo(f"{click.style('note:', bold=True)} {visible(sentence)}", err=True)
    if len(sentences) > NOTES:
        click.echo(f"{click.style('note:', bold=True)} and {len(sentences) - NOTES} more like these", err=True)


def refuse(problems: Iterable[str]) -> NoReturn:
    """Tell every problem of what was given, and end with the exit code for it."""
    for each in problems:
        problem(each)
    sys.exit(Exit.USAGE)


def document(value: Any) -> None:  # noqa: ANN401 - any JSON
    """Print one JSON object."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns; the first row is their heading.

    On a terminal that is too narrow for them each row begins at its edge, and what follows of it is indented. Tabs when
    nobody looks.
    """
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    terminal = shutil.get_terminal_size().columns
    narrow = sum(widths) + 2 * (len(widths) - 1) > terminal
    for number, row in enumerate(rows):
        aligned = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        line = _wrapped("  ".join(row), terminal) if narrow else aligned
        click.echo(click.style(line, bold=True) if number == 0 else line)


def _wrapped(line: str, width: int) -> str:
    """In lines of this width. A word, such as the name of an image, stays whole: people copy it."""
    return textwrap.fill(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
