"""Where the values of settings come from.

Each setting has one name, spelt `validate_seconds` in the file, `--validate-seconds` as a flag and
`BESTBEFORE_VALIDATE_SECONDS` in the environment. Flags win over the environment, that over the file, that over the
default. Whatever is wrong is told at once, and a name that is no setting is refused: a misspelt one would do nothing.
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
from provider.settings.model import CONFIG, GROUPS, PREFIX, Settings, fields

# What Kubernetes puts into every Pod beside a Service that is called `bestbefore…`; none of it is a setting.
_SERVICE_LINK: Final = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT|_PORT$|_PORT_\d+_")


def load(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """The settings from all sources.

    Args:
        flags: what the command line says, by the settings' names, absent or None where it says nothing. `config` names
            the file.
        environment: environment variables; those without our prefix are ignored.

    Raises:
        SettingsError: every problem, each with the setting, its source and what is wrong.
    """
    problems: list[str] = []
    sources = [
        _from_flags(flags),
        _from_environment(environment, problems),
        _from_file(flags, environment, problems),
    ]
    groups = {name: _group(group, sources, problems) for name, group in GROUPS.items()}
    if problems:
        raise SettingsError(problems)
    return Settings(**groups)


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


def _from_environment(environment: Mapping[str, str], problems: list[str]) -> _Source:
    given = {}
    for variable, value in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or _SERVICE_LINK.search(variable):
            continue
        if name in fields():
            given[name] = _SettingValue(value, variable)
        elif name != CONFIG and (meant := _meant(name)):
            # Other variables with our prefix are other programs' (`BESTBEFORE_OPA`); this one is a misspelt setting.
            problems.append(f"{variable}: there is no such setting; did you mean {PREFIX}{meant.upper()}?")
    return given


def _meant(name: str) -> str:
    """The setting that a misspelt name is most like; empty when it is like none."""
    return next(iter(difflib.get_close_matches(name, fields(), n=1, cutoff=0.75)), "")


def _from_file(flags: Mapping[str, object], environment: Mapping[str, str], problems: list[str]) -> _Source:
    path = flags.get(CONFIG) or environment.get(PREFIX + CONFIG.upper())
    if not path:
        return {}
    document = file.read(Path(str(path)), problems)
    for name in document:
        if name not in fields():
            meant = _meant(str(name))
            hint = f"; did you mean {meant}?" if meant else ""
            problems.append(f"{path}: {shown(str(name))}: there is no such setting{hint}")
    return {str(name): _SettingValue(value, f"{path}: {name}") for name, value in document.items() if value is not None}


def _group(group: type, sources: Sequence[_Source], problems: list[str]) -> Any:  # noqa: ANN401 - any of the groups
    found = {}
    for one in dataclasses.fields(group):
        given = next((source[one.name] for source in sources if one.name in source), None)
        if given is None:
            if one.default is MISSING:
                problems.append(_missing(one.name))
            continue
        try:
            found[one.name] = values.read(one.name, str(one.type), given.value)
        except (ValueError, TypeError) as error:
            problems.append(f"{given.source}: {error}")
    if any(one.default is MISSING and one.name not in found for one in dataclasses.fields(group)):
        return None
    return group(**found)


def _missing(name: str) -> str:
    flag, variable = f"--{name.replace('_', '-')}", PREFIX + name.upper()
    return f"{name}: must be given, by {flag}, by {variable} or in the file"
