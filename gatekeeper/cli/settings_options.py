"""Options of commands that take settings: one for each, with its help."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import click

from provider.settings.schema import CONFIG, Help, Schema, default_of


def options(schema: Schema, example: str) -> list[click.Parameter]:
    """An option for every setting, and the one that names the file.

    Args:
        schema: the settings.
        example: one of them, as it stands in the file.
    """
    config = click.Option([f"--{CONFIG}"], metavar="FILE", help=f"YAML file with settings by their names ({example}).")
    return [config, *(_option(one) for one in schema.fields().values())]


def _option(one: dataclasses.Field[Any]) -> click.Option:
    texts = cast("Help", one.metadata["help"])
    required = one.default is dataclasses.MISSING
    default = "Required." if required else f"Default: {default_of(one) or 'none'}."
    repeated = str(one.type).startswith("tuple")
    return click.Option(
        [f"--{one.name.replace('_', '-')}", one.name],
        multiple=repeated,
        metavar=_metavar(str(one.type), texts.unit),
        help=" ".join(part for part in (texts.does, "May be repeated." if repeated else "", default) if part),
    )


def _metavar(annotation: str, unit: str) -> str:
    if annotation == "tuple[str, ...]":
        return "HOST"
    if annotation == "tuple[HostPair, ...]":
        return "REGISTRY=HOST"
    if annotation.startswith("tuple"):
        return "NAME=FILE" if "File" in annotation else "NAME"
    return unit.upper() or ("true|false" if annotation == "bool" else "VALUE")
