"""Where the values of settings come from.

Each setting has one name, spelt `validate_seconds` in the file, `--validate-seconds` as a flag and
`BESTBEFORE_VALIDATE_SECONDS` in the environment. Flags win over the environment, that over the file, that over the
default. Everything that is wrong is shown at once, and a name that is no setting is refused: a misspelt one would do
nothing.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, Final

from provider.errors import SettingsError
from provider.foreign_text import shown
from provider.settings import file, values
from provider.settings.model import SCHEMA, Settings
from provider.settings.schema import CONFIG, Schema

# What Kubernetes puts into every Pod beside a Service that is called `bestbefore…`; none of it is a setting.
_SERVICE_LINK: Final = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT|_PORT$|_PORT_\d+_")


def load(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """The provider's settings from all sources; see `groups`."""
    return Settings(**groups(SCHEMA, flags, environment))


def groups(schema: Schema, flags: Mapping[str, object], environment: Mapping[str, str]) -> dict[str, Any]:
    """A program's settings from all sources, by the titles of their groups.

    Args:
        schema: what its settings are.
        flags: what the command line says, by the settings' names, absent or None where it says nothing. `config` names
            the file.
        environment: environment variables; those without the program's prefix are ignored.

    Raises:
        SettingsError: every problem, each with the setting, its source and what is wrong.
    """
    problems: list[str] = []
    sources = [
        _from_flags(flags),
        _from_environment(schema, environment, problems),
        _from_file(schema, flags.get(CONFIG) or environment.get(schema.prefix + CONFIG.upper()), problems),
    ]
    found = {name: _group(schema, group, sources, problems) for name, group in schema.groups.items()}
    if problems:
        raise SettingsError(problems)
    return found


@dataclass(frozen=True)
class _SettingValue:
    """A value as it was found."""

    value: object
    source: str


_Source = Mapping[str, _SettingValue]


def _from_flags(flags: Mapping[str, object]) -> _Source:
    return {
        name: _SettingValue(value, f"--{name.replace('_', '-')}")
        for name, value in flags.items()
        if name != CONFIG and value is not None and value != ()
    }


def _from_environment(schema: Schema, environment: Mapping[str, str], problems: list[str]) -> _Source:
    given, known = {}, schema.fields()
    for variable, value in environment.items():
        name = variable.removeprefix(schema.prefix).lower()
        if not variable.startswith(schema.prefix) or _SERVICE_LINK.search(variable):
            continue
        if variable.startswith(schema.others):
            continue
        if name in known:
            given[name] = _SettingValue(value, variable)
        elif name != CONFIG and (meant := _meant(schema, name)):
            # Other variables with our prefix are other programs' (`BESTBEFORE_OPA`); this one is a misspelt setting.
            problems.append(f"{variable}: there is no such setting; did you mean {schema.prefix}{meant.upper()}?")
    return given


def _meant(schema: Schema, name: str) -> str:
    """The setting that a misspelt name is most like; empty when it is like none."""
    return next(iter(difflib.get_close_matches(name, schema.fields(), n=1, cutoff=0.75)), "")


def _from_file(schema: Schema, path: object, problems: list[str]) -> _Source:
    if not path:
        return {}
    document = file.read(Path(str(path)), problems)
    for name in document:
        if name not in schema.fields():
            meant = _meant(schema, str(name))
            hint = f"; did you mean {meant}?" if meant else ""
            problems.append(f"{path}: {shown(str(name))}: there is no such setting{hint}")
    return {str(name): _SettingValue(value, f"{path}: {name}") for name, value in document.items() if value is not None}


def _group(schema: Schema, group: type, sources: Sequence[_Source], problems: list[str]) -> Any:  # noqa: ANN401
    found = {}
    for one in dataclasses.fields(group):
        given = next((source[one.name] for source in sources if one.name in source), None)
        if given is None:
            if one.default is MISSING:
                problems.append(_missing(schema, one.name))
            continue
        try:
            found[one.name] = values.read(schema, one.name, str(one.type), given.value)
        except (ValueError, TypeError) as error:
            problems.append(f"{given.source}: {error}")
    if any(one.default is MISSING and one.name not in found for one in dataclasses.fields(group)):
        return None
    return group(**found)


def _missing(schema: Schema, name: str) -> str:
    flag, variable = f"--{name.replace('_', '-')}", schema.prefix + name.upper()
    return f"{name}: must be given, by {flag}, by {variable} or in the file"
