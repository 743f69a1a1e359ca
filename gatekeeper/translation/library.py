"""The Rego that the templates carry, read from the package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Module:
    """One Rego file.

    Attributes:
        name: the file's name without its ending.
        package: its package, `lib.bestbefore.glob`.
        text: the whole file.
        imports: the packages below `data` that it imports.
    """

    name: str
    package: str
    text: str
    imports: tuple[str, ...]


def module(name: str) -> Module:
    """A Rego file of the package by its name.

    Raises:
        FileNotFoundError: there is none; the installation is incomplete.
    """
    return _modules()[name]


def with_imports(main: Module) -> tuple[Module, ...]:
    """The library modules that a template needs, in the order of their packages, itself left out."""
    by_package = {each.package: each for each in _modules().values()}
    needed: dict[str, Module] = {}
    waiting = list(main.imports)
    while waiting:
        package = waiting.pop()
        if package in needed or package not in by_package:
            continue
        needed[package] = by_package[package]
        waiting.extend(by_package[package].imports)
    return tuple(needed[package] for package in sorted(needed))


def parsed(name: str, text: str) -> Module:
    """A module by its text.

    Raises:
        ValueError: it has no package line.
    """
    package = re.search(r"^package (\S+)$", text, re.MULTILINE)
    if package is None:
        raise ValueError(f"{name}.rego has no package line")
    imports = tuple(re.findall(r"^import data\.(\S+)", text, re.MULTILINE))
    return Module(name, package.group(1), text, imports)


@cache
def _modules() -> dict[str, Module]:
    folder = resources.files("gatekeeper.rego")
    texts = {
        entry.name.removesuffix(".rego"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".rego") and not entry.name.endswith("_test.rego")
    }
    return {name: parsed(name, text) for name, text in texts.items()}
