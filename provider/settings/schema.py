"""What the settings of one program are: their names, types and explanations, and how they are spelt outside.

Each field of a group is a setting, with what it does and why its default is what it is. Where its value comes from
stands in `provider.settings.sources`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, Final, TypeVar, cast

CONFIG: Final = "config"

T = TypeVar("T")


@dataclass(frozen=True)
class Help:
    """What a reader of the reference needs to know about a setting: what it does, and why its default is what it is."""

    does: str
    why: str
    unit: str = ""


def setting(does: str, *, why: str, default: T | object = MISSING, unit: str = "") -> T:
    """A field with its explanation; without a default it must be given."""
    return cast("T", field(default=default, metadata={"help": Help(does, why, unit)}))


def default_of(one: dataclasses.Field[Any]) -> str:
    """The default of a setting as people write it; empty where there is none, which is not that it must be given."""
    if one.default in {None, (), ""}:
        return ""
    return str(one.default).lower() if isinstance(one.default, bool) else str(one.default)


@dataclass(frozen=True)
class Schema:
    """The settings of one program.

    Attributes:
        command: of the program: `serve`.
        prefix: of its environment variables.
        groups: dataclasses whose fields are the settings, by their titles.
        ranges: the least and the most that makes sense, by the settings' names.
        converters: of types that only this program has, by the text of the annotation.
        types: what the reference says of such a type, by the same text.
        others: prefixes of other programs' variables that begin like ours.
    """

    command: str
    prefix: str
    groups: Mapping[str, type]
    ranges: Mapping[str, tuple[float, float]]
    converters: Mapping[str, Callable[[object], object]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def fields(self) -> dict[str, dataclasses.Field[Any]]:
        """Every setting by its name."""
        return {field.name: field for group in self.groups.values() for field in dataclasses.fields(group)}
