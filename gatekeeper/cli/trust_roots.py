"""Trust roots as `check` takes them: files that name themselves, or `NAME=FILE`."""

from __future__ import annotations

import atexit
import datetime as dt
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from gatekeeper.cli import output
from gatekeeper.documents.document import Document, read_documents

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


def named(given: Sequence[str], beside: Sequence[Document] = ()) -> dict[str, Path]:
    """Files by the names that policies use.

    Args:
        given: as the option has them.
        beside: TrustRoots in the policies' files; one that is given by the option comes first. One that cannot be used
            is passed over with a warning: only the policies that name it have no answer.

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
    for document in beside:
        if document.name not in found and _is_usable(document):
            found[document.name] = _written(document)
    return found


def _is_usable(document: Document) -> bool:
    # Imported here: who names no trust root shall not pay for the libraries of certificates.
    from provider.signatures.trust import trust_root  # noqa: PLC0415
    from provider.signatures.trust.document import TrustRootError  # noqa: PLC0415

    try:
        trust_root.read_usable(json.dumps(document.value).encode(), dt.datetime.now(dt.UTC))
    except TrustRootError as error:
        output.warning(f"passed over: {document.file}: TrustRoot {document.name}: {error}")
        return False
    return True


def _written(document: Document) -> Path:
    """A file with this TrustRoot alone, until the command ends."""
    with tempfile.NamedTemporaryFile("w", prefix="bestbefore-", suffix=".json", delete=False) as file:
        json.dump(document.value, file)
    place = Path(file.name)
    atexit.register(place.unlink, missing_ok=True)
    return place


def _own_name(path: Path) -> str:
    return next((one.name for one in read_documents([path]) if one.kind == _KIND), _PUBLIC_GOOD)
