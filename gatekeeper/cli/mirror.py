"""`bestbefore mirror`: a TrustRoot of a TUF repository, for a cluster with or without a network."""

from __future__ import annotations

import base64
import datetime as dt
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import yaml

from gatekeeper.cli import output, trust_roots
from provider.signatures.trust import root_index

if TYPE_CHECKING:
    from gatekeeper.trust.known_roots import KnownRoot

# Stands for an archive until there is one.
_ANY: Final = base64.b64encode(b"-").decode()
_HEAD: Final = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot"}


@click.command()
@click.argument("name", metavar="NAME")
@click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--root",
    "root_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The `root.json` where trust begins. Default: that of sigstore's public good instance, as shipped.",
)
@click.option("--target", metavar="FILE", help="The file of DIR that the trust root is. Default: trusted_root.json.")
def command(name: str, folder: Path | None, root_file: Path | None, target: str | None) -> None:
    """Write a TrustRoot NAME, YAML, to standard output, once what it says can be used.

    With DIR it holds that TUF repository (`spec.repository`), so that no network is needed: DIR is a copy of a mirror,
    with its `timestamp.json`. What is needed of it is packed, and nothing that a link leads to outside of DIR. Without
    DIR it names the mirror of sigstore's public good instance (`spec.remote`), which the controller then refreshes.

    The `root.json` does not come from DIR: whoever wrote DIR would say whom to believe. Take it from whoever runs the
    repository.

    Exit: 0 written, 1 it cannot be used, 2 a file cannot be read, 3 the mirror is away.
    """
    if folder is None and (root_file or target):
        raise click.UsageError("--root and --target need DIR")
    if not root_index.is_name(name):
        raise click.UsageError(f"NAME {name!r} is no name of a TrustRoot: small letters, digits, `-` and `.`")
    known, value = _made(name, folder, root_file, target)
    trust_roots.say(known, str(folder or ""))
    if known.found is None:
        if folder and not root_file:
            output.notes(["trust began at the root of sigstore's public good instance: --root names another one"])
        sys.exit(output.Exit.NO_VERDICT if known.passing else output.Exit.DENIED)
    click.echo(yaml.safe_dump(value, sort_keys=False, width=120), nl=False)
    if folder is not None:
        day = dt.datetime.fromtimestamp(known.found.expires, dt.UTC).date().isoformat()
        output.notes([f"its metadata end on {day}: write it anew from a newer copy before"])


def _made(
    name: str, folder: Path | None, root_file: Path | None, target: str | None
) -> tuple[KnownRoot, Mapping[str, Any]]:
    """The trust root that comes of it, and the object."""
    # Imported here: the help needs no library of TUF.
    from gatekeeper.trust import known_roots  # noqa: PLC0415
    from gatekeeper.trust.errors import TrustSourceError  # noqa: PLC0415
    from gatekeeper.trust.known_roots import KnownRoot  # noqa: PLC0415
    from provider.signatures.trust import public_good  # noqa: PLC0415

    root = base64.b64encode(_content(root_file) if root_file else public_good.first_root()).decode()
    named: dict[str, Any] = {"root": root, **({"trustedRootTarget": target} if target else {})}
    try:
        spec = {"repository": _packed(folder, named)} if folder else {"remote": {"mirror": public_good.URL, **named}}
    except TrustSourceError as error:
        return KnownRoot(name, str(folder), refusals=[str(error)]), {}
    value = {**_HEAD, "metadata": {"name": name}, "spec": spec}
    return known_roots.of_object(name, value, trust_roots.sources(), anew=True), value


def _content(root_file: Path) -> bytes:
    """The file's bytes, and one more than a root may have: whoever reads it says so.

    Raises:
        click.UsageError: it cannot be read.
    """
    from gatekeeper.trust import limits  # noqa: PLC0415 - as in `_made`

    try:
        with root_file.open("rb") as file:
            return file.read(limits.ROOT_BYTES + 1)
    except OSError as error:
        raise click.UsageError(f"--root {root_file}: cannot be read: {error.strerror}") from error


def _packed(folder: Path, named: Mapping[str, Any]) -> Mapping[str, Any]:
    """The repository of an object, with its archive.

    Raises:
        TrustSourceError: it cannot be used.
    """
    from gatekeeper.trust import mirror_folder, specification  # noqa: PLC0415 - as in `_made`
    from gatekeeper.trust.errors import TrustSourceError  # noqa: PLC0415

    source, problems = specification.read({**_HEAD, "spec": {"repository": {**named, "mirrorFS": _ANY}}})
    if not isinstance(source, specification.PackedMirror):
        raise TrustSourceError("; ".join(map(str, problems)))
    archive = mirror_folder.packed(folder, source.repository)
    return {**named, "mirrorFS": base64.b64encode(archive).decode()}
