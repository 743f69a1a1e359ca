"""`bestbefore trust`: whom signatures are checked against, where that is from, and how old it is."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.cli import output, trust_roots
from gatekeeper.cli.quotation import visible
from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import PolicyError

if TYPE_CHECKING:
    from gatekeeper.trust.inventory import ListedKey
    from gatekeeper.trust.known_roots import KnownRoot
    from gatekeeper.trust.sources import TrustSources

_DAY: Final = 86_400
_PUBLIC_GOOD: Final = "(public good)"
_PUBLIC_GOOD_FILE: Final = "public-good"
_SHOWN_HASH: Final = 16


@click.command()
@click.argument("paths", nargs=-1, metavar="FILE|DIR...")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each root that can be used as NAME.json there, for the provider's setting `trust_root`.",
)
def command(paths: tuple[str, ...], form: str, output_dir: Path | None) -> None:
    """Show the TrustRoot objects of FILEs and DIRs, and sigstore's public good instance.

    A repository is read by TUF: one in an object as it is, one at a URL by a look at the mirror. What a mirror has said
    is kept ($XDG_STATE_HOME/bestbefore/trust), so that it cannot go back to older metadata, and its last root is used
    for 14 days where nothing newer can be had. Where there is no network, the public good instance is the one
    that was shipped with this release.

    Exit: 0 all can be used, 1 one cannot (the others are shown), 2 a file cannot be read, 3 a mirror is away and no
    root of it is young enough.
    """
    try:
        documents = trust_roots.objects(paths) if paths else []
        _check_names(documents, taken=[_PUBLIC_GOOD_FILE] if output_dir else ())
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    looks = trust_roots.sources()
    known = _looked_at(documents, looks)
    files = [*(document.file for document in documents), ""]
    for each, file in zip(known, files, strict=True):
        trust_roots.say(each, file)
    if form == "json":
        output.document({"roots": [_document(each) for each in known]})
    else:
        _show(known, looks.clock.now())
    if output_dir:
        _write(output_dir, known)
    refused = [each for each in known if each.found is None]
    if refused:
        sys.exit(output.Exit.NO_VERDICT if all(each.passing for each in refused) else output.Exit.DENIED)


def _check_names(documents: Sequence[Document], taken: Collection[str]) -> None:
    """Each has a name of its own, which is the name of its file, too.

    Args:
        documents: the objects.
        taken: names of files that are none of theirs.

    Raises:
        PolicyError: one has none, or one has that of another.
    """
    from gatekeeper.documents.problems import Problem  # noqa: PLC0415 - for what goes wrong

    seen: set[str] = set()
    problems = []
    for document in documents:
        if not document.name or "/" in document.name or document.name.startswith("."):
            problems.append(document.locate(Problem("metadata.name", "expected a name")))
        elif document.name in taken:
            sentence = f"{document.name}.json is the file of the public good instance: give this one another name"
            problems.append(document.locate(Problem("metadata.name", sentence)))
        elif document.name in seen:
            problems.append(document.locate(Problem("metadata.name", f"a second TrustRoot {document.name}")))
        seen.add(document.name)
    if problems:
        raise PolicyError(problems)


def _looked_at(documents: Sequence[Document], looks: TrustSources) -> list[KnownRoot]:
    from gatekeeper.trust import known_roots  # noqa: PLC0415 - the help needs no library of TUF

    found = [known_roots.of_object(each.name, each.value, looks, anew=True) for each in documents]
    return [*found, known_roots.of_public_good(looks, anew=True)]


def _show(known: Sequence[KnownRoot], now: float) -> None:
    head = ("NAME", "SOURCE", "AGE", "EXPIRES", "MEMBERS", "DIGEST")
    output.table([head, *(_row(each, now) for each in known)])
    rows = [(visible(each.name) or _PUBLIC_GOOD, key) for each in known for key in _keys(each)]
    if rows:
        click.echo()
        head = ("ROOT", "ROLE", "WHO", "SHA-256", "FROM", "UNTIL")
        output.table([head, *(_key_row(name, key) for name, key in rows)])


def _row(each: KnownRoot, now: float) -> tuple[str, ...]:
    name = visible(each.name) or _PUBLIC_GOOD
    if each.found is None or each.root is None:
        return (name, visible(each.source) or "-", "-", "-", "cannot be used", "-")
    age = _span(now - each.found.verified) if each.found.verified else "-"
    expires = _day(dt.datetime.fromtimestamp(each.found.expires, dt.UTC)) if each.found.expires else "-"
    digest = each.root.digest.removeprefix("sha256:")[:_SHOWN_HASH]
    return (name, visible(each.source), age, expires, str(len(_keys(each))), digest)


def _key_row(name: str, key: ListedKey) -> tuple[str, ...]:
    start, end = _day(key.start) if key.start else "-", _day(key.end) if key.end else "-"
    return (name, key.role, visible(key.name) or "-", key.fingerprint[:_SHOWN_HASH], start, end)


def _keys(each: KnownRoot) -> list[ListedKey]:
    from gatekeeper.trust import inventory  # noqa: PLC0415 - as in `_looked_at`

    return list(inventory.keys(each.root)) if each.root else []


def _day(moment: dt.datetime) -> str:
    return moment.date().isoformat()


def _span(seconds: float) -> str:
    return f"{seconds / _DAY:.0f} d" if seconds >= _DAY else f"{max(seconds, 0) / 3600:.0f} h"


def _document(each: KnownRoot) -> dict[str, Any]:
    document: dict[str, Any] = {"name": each.name, "source": each.source, "usable": each.found is not None}
    if each.found is None or each.root is None:
        return {**document, "refusals": list(each.refusals), "passing": each.passing}
    document["digest"] = each.root.digest
    if each.found.verified:
        document["verified"] = _time(each.found.verified)
        document["expires"] = _time(each.found.expires)
        document["rootVersion"] = each.found.root_version
    return {**document, "remarks": list(each.remarks), "members": [_member(key) for key in _keys(each)]}


def _member(key: ListedKey) -> dict[str, Any]:
    spans = {"from": key.start, "until": key.end}
    times = {name: _time(moment.timestamp()) for name, moment in spans.items() if moment is not None}
    return {"role": key.role, "name": key.name, "sha256": key.fingerprint, **times}


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(folder: Path, known: Sequence[KnownRoot]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in known:
            if each.found is not None:
                place = folder / f"{each.name or _PUBLIC_GOOD_FILE}.json"
                place.write_bytes(each.found.body)
    except OSError as error:
        output.refuse([f"{error.filename}: {error.strerror}"])
