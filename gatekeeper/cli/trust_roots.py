"""Trust roots as commands take them: files that name themselves, or `NAME=FILE`, and objects beside policies."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.cli import output
from gatekeeper.documents.document import Document, read_documents
from gatekeeper.documents.problems import PolicyError
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.policy.model import ClusterImagePolicy
from provider.reasons import Reason

if TYPE_CHECKING:
    from gatekeeper.trust.known_roots import KnownRoot
    from gatekeeper.trust.sources import TrustSources

# The name that policies without a trustRootRef mean.
PUBLIC_GOOD: Final = ""
_KIND: Final = "TrustRoot"
# What the provider reads itself.
_READ_BY_PROVIDER: Final = "sigstoreKeys"
_PRIVATE: Final = 0o700
# Where questions name trust roots (wire).
_WHERE_NAMED: Final = frozenset({"keyless", "ctlog", "timestamp"})
_FOR_PROVIDER: Final = "the TrustRoot {} is for the provider: name this file in its setting `trust_root`"
_BY_COMMAND: Final = (
    "the TrustRoot {} is for the provider: `bestbefore trust --output-dir` writes the file for its setting `trust_root`"
)


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


def named(
    given: Sequence[str], beside: Sequence[Document] = (), wanted: Collection[str] | None = None
) -> dict[str, Path]:
    """Files by the names that policies use.

    Args:
        given: as the option has them.
        beside: TrustRoots in the policies' files; one that is given by the option comes first. One that cannot be used
            is passed over with a warning: only the policies that name it have no answer.
        wanted: what the policies name. No mirror is asked for another one; the public good instance is asked for where
            they mean it. None where nobody knows: all that are given, and what was shipped of the public good one.

    Raises:
        PolicyError: a file cannot be read.
        click.UsageError: a name stands twice.
        NoVerdictError: the last root of the public good instance is too old, and its mirror is away.
    """
    found: dict[str, Path] = {}
    passed_over: set[str] = set()
    for text in given:
        name, equals, path = text.rpartition("=")
        place = Path(path if equals else text)
        document = _object(place, strict=not equals)
        key = name if equals else document.name if document else PUBLIC_GOOD
        if key in found:
            raise click.UsageError(f"--trust-root {text}: {found[key]} has the name {key!r} already")
        if made := _given(document, key, place):
            found[key] = made
        else:
            passed_over.add(key)
    for document in beside:
        if document.name not in found and document.name not in passed_over and (made := _beside(document, wanted)):
            found[document.name] = made
    if wanted is not None and PUBLIC_GOOD in wanted and PUBLIC_GOOD not in found:
        found[PUBLIC_GOOD] = _public_good()
    return found


def wanted(policies: Iterable[ClusterImagePolicy], constraints: Iterable[Document] = ()) -> frozenset[str]:
    """The trust roots that policies and Constraints name; the empty name where one means the public good instance."""
    names = {name for each in constraints for name in _named_in(each.value)}
    for policy in policies:
        for authority in policy.spec.authorities:
            if authority.keyless is not None:
                names.add(authority.keyless.trust_root_ref)
            if authority.ctlog is not None and not authority.ctlog.names_nothing:
                names.add(authority.ctlog.trust_root_ref)
            if authority.rfc3161timestamp is not None and authority.rfc3161timestamp.trust_root_ref:
                names.add(authority.rfc3161timestamp.trust_root_ref)
    return frozenset(names)


def _named_in(value: object) -> Iterator[str]:
    """The trust roots that the questions of a Constraint's parameters name."""
    if isinstance(value, list):
        for each in value:
            yield from _named_in(each)
    if isinstance(value, dict):
        for name, each in value.items():
            if name in _WHERE_NAMED and isinstance(each, dict) and isinstance(each.get("trustRoot", PUBLIC_GOOD), str):
                yield each.get("trustRoot", PUBLIC_GOOD)
            else:
                yield from _named_in(each)


def tell(documents: Sequence[Document], *, for_provider: bool) -> None:
    """Say what is wrong with TrustRoots beside policies, without a look at any mirror.

    Args:
        documents: the TrustRoots.
        for_provider: whether it is said, too, how the provider gets them.
    """
    if not documents:
        return
    from gatekeeper.trust import known_roots  # noqa: PLC0415 - as in `sources`

    with_nothing = sources()
    for document in documents:
        for sentence in known_roots.refusals(document.value, with_nothing):
            output.warning(f"{document.file}: TrustRoot {document.name}: {sentence}")
    if for_provider:
        notes = ((each, _FOR_PROVIDER if _form(each) == _READ_BY_PROVIDER else _BY_COMMAND) for each in documents)
        output.notes([f"{each.file}: {note.format(each.name)}" for each, note in notes])


def sources() -> TrustSources:
    """What looks at the sources of trust roots, with the state of the person who runs us."""
    # Imported here: who names no trust root shall not pay for the libraries of certificates and TUF.
    from gatekeeper.trust.sources import TrustSources  # noqa: PLC0415

    return TrustSources(_state_folder())


def say(known: KnownRoot, file: str) -> None:
    """Say on standard error what is to be known of a trust root."""
    place = f"{file}: " if file else ""
    for sentence in known.refusals:
        output.warning(f"passed over: {place}{known.title}: {sentence}")
    for sentence in known.remarks:
        output.warning(f"{place}{known.title}: {sentence}")


def objects(paths: Sequence[str]) -> list[Document]:
    """The TrustRoot objects in files and directories; what stands beside them is none of ours.

    Raises:
        PolicyError: a file cannot be read.
    """
    return [each for each in read_documents(paths) if each.kind == _KIND]


def _beside(document: Document, wanted: Collection[str] | None) -> Path | None:
    if wanted is not None and document.name not in wanted and _form(document) == "remote":
        return None
    known = _known(document, document.name)
    return _written(known.found.body) if known.found else None


def _given(document: Document | None, name: str, place: Path) -> Path | None:
    """The file of a trust root that was given; None where a mirror is away: who names it has no answer.

    One that can never be used is handed on, so that it is refused with its file.
    """
    if document is None or _form(document) in {"", _READ_BY_PROVIDER}:
        return place
    known = _known(document, name)
    # Nobody takes the place of the public good instance by being away.
    absent = None if known.passing and name != PUBLIC_GOOD else place
    return _written(known.found.body) if known.found else absent


def _known(document: Document, name: str) -> KnownRoot:
    from gatekeeper.trust import known_roots  # noqa: PLC0415 - as in `sources`

    known = known_roots.of_object(name, document.value, sources())
    # Members that are passed over are named by who reads the file.
    others = known.remarks[: len(known.remarks) - len(known.root.problems if known.root else ())]
    say(replace(known, remarks=others), document.file)
    return known


def _public_good() -> Path:
    from gatekeeper.trust import known_roots  # noqa: PLC0415 - as in `sources`

    known = known_roots.of_public_good(sources())
    output.notes([f"{known.title}: {sentence}" for sentence in known.remarks])
    if known.found is None:
        raise NoVerdictError(
            Reason.TRUST_ROOT_STALE, f"{known.title}: {'; '.join(known.refusals)}; --trust-root names another one"
        )
    return _written(known.found.body)


def _form(document: Document) -> str:
    """The one source that an object names; empty where it is not one."""
    spec = document.value.get("spec")
    fields = [str(name) for name, value in spec.items() if value is not None] if isinstance(spec, dict) else []
    return fields[0] if len(fields) == 1 else ""


def _written(body: bytes) -> Path:
    """A file with this trust root alone, until the command ends."""
    with tempfile.NamedTemporaryFile("wb", prefix="bestbefore-", suffix=".json", delete=False) as file:
        file.write(body)
    place = Path(file.name)
    atexit.register(place.unlink, missing_ok=True)
    return place


def _object(path: Path, *, strict: bool) -> Document | None:
    """The TrustRoot in a file; None where it is something else, and where nobody can read it and need not."""
    try:
        return next((one for one in read_documents([path]) if one.kind == _KIND), None)
    except PolicyError:
        if strict:
            raise
        return None


def _state_folder() -> Path:
    """Where what is known of mirrors is kept; for this run alone where a person has no such place."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111 - as for credentials
    folder = Path(home) / "bestbefore" / "trust"
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    except OSError:
        writable = False
    else:
        writable = os.access(folder, os.W_OK | os.X_OK)
    if writable and folder.is_absolute():
        return folder
    made = tempfile.TemporaryDirectory(prefix="bestbefore-trust-")
    atexit.register(made.cleanup)
    return Path(made.name)
