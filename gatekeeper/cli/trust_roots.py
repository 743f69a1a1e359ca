"""Trust roots as `check` takes them: files that name themselves, or `NAME=FILE`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from gatekeeper.policy.document import read_documents

# The name that policies without a trustRootRef mean.
_PUBLIC_GOOD: Final = ""
_KIND: Final = "TrustRoot"


def option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option of every command that judges signatures."""
    return click.option(
        "--trust-root",
        "given_trust_roots",
        multiple=True,
        metavar="[NAME=]FILE",
        help="Trust root for keyless signatures: a TrustRoot object, which has its name, or sigstore's "
        "trusted_root.json, without a name in place of the public good instance. May be repeated.",
    )(command)


def named(given: Sequence[str]) -> dict[str, Path]:
    """Files by the names that policies use.

    Raises:
        PolicyError: a file cannot be read.
        click.UsageError: a name stands twice.
    """
    found: dict[str, Path] = {}
    for text in given:
        name, equals, path = text.rpartition("=")
        place = Path(path if equals else text)
        key = name if equals else _own_name(place)
        if key in found:
            raise click.UsageError(f"--trust-root {text}: {found[key]} has the name {key!r} already")
        found[key] = place
    return found


def _own_name(path: Path) -> str:
    document = read_documents([path])[0]
    return document.name if document.kind == _KIND else _PUBLIC_GOOD
