"""`bestbefore version`: ours, and those of the C libraries that came along inside other packages.

A scanner that looks at the installed Python packages does not see them.
"""

from __future__ import annotations

import importlib
import platform
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from types import ModuleType
from typing import Final

import click

from gatekeeper.cli import output
from provider.version import VERSION


@dataclass(frozen=True)
class Library:
    """A library that is part of something else.

    Attributes:
        name: as it calls itself: `libcurl`.
        version: its own.
        inside: what brought it, with its version: `pycurl 7.49.0`.
    """

    name: str
    version: str
    inside: str


@dataclass(frozen=True)
class UnusablePackage:
    """A package that cannot be used.

    Attributes:
        package: its name.
        problem: why, in the words of the import.
    """

    package: str
    problem: str


@click.command()
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
def command(form: str) -> None:
    """Say which version this is, and which C libraries are inside the packages that it uses.

    What scans Python packages does not see those libraries: libcurl and its TLS library, the resolver's c-ares.

    Exit: 0 printed, 3 a package is missing or cannot be loaded.
    """
    found = list(_libraries())
    libraries = [each for each in found if isinstance(each, Library)]
    if form == "json":
        python = platform.python_version()
        output.document({"version": VERSION, "python": python, "libraries": [asdict(each) for each in libraries]})
    else:
        click.echo(f"bestbefore {VERSION}\n")
        output.table(
            [("LIBRARY", "VERSION", "INSIDE"), *((each.name, each.version, each.inside) for each in libraries)]
        )
    missing = [each for each in found if isinstance(each, UnusablePackage)]
    for each in missing:
        output.problem(f"{each.package} cannot be used: {each.problem}")
    if missing:
        sys.exit(output.Exit.NO_VERDICT)


def _libraries() -> Iterator[Library | UnusablePackage]:
    for package, (module, versions) in _PACKAGES.items():
        try:
            loaded = importlib.import_module(module)
            inside = f"{package} {metadata.version(package)}"
        except ImportError as error:
            yield UnusablePackage(package, str(error))
            continue
        for name, version in versions(loaded):
            yield Library(name, version, inside)
    name, version = ssl.OPENSSL_VERSION.split()[:2]
    yield Library(name, version, f"Python {platform.python_version()}")


def _of_pycurl(pycurl: ModuleType) -> Iterator[tuple[str, str]]:
    """`PycURL/7.49.0 libcurl/8.23.0 OpenSSL/3.6.5 …`, without its own."""
    for part in pycurl.version.split()[1:]:
        name, _, version = part.partition("/")
        yield name, version


def _of_pycares(pycares: ModuleType) -> Iterator[tuple[str, str]]:
    yield "c-ares", pycares.ARES_VERSION


def _of_cryptography(backend: ModuleType) -> Iterator[tuple[str, str]]:
    """`OpenSSL 4.0.3 29 Sep 2026`."""
    name, version = backend.backend.openssl_version_text().split()[:2]
    yield name, version


# By package: the module that knows, and what it says.
_PACKAGES: Final[dict[str, tuple[str, Callable[[ModuleType], Iterator[tuple[str, str]]]]]] = {
    "pycurl": ("pycurl", _of_pycurl),
    "pycares": ("pycares", _of_pycares),
    "cryptography": ("cryptography.hazmat.backends.openssl.backend", _of_cryptography),
}
