"""Writes the reference of settings: `python -m provider.settings.reference docs/reference/settings.md`."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from provider.settings.model import GROUPS, PREFIX, Help

_HEAD: Final = """\
# Settings of the provider

<!-- Made by `make generate` from provider/settings/model.py: change it there. -->

A setting has one name. It is spelt `validate_seconds` in the file that `--config` names, `--validate-seconds` as an
option of `bestbefore serve`, and `BESTBEFORE_VALIDATE_SECONDS` in the environment. Options win over the environment,
that over the file, that over the default. Whatever is wrong is told at once, with its source; the exit code is 2 then.

The file is YAML:

```yaml
tls_cert: /etc/bestbefore/tls/tls.crt
tls_key: /etc/bestbefore/tls/tls.key
client_ca: /etc/bestbefore/client-ca/ca.crt
named_registry: [registry.internal:5000]
```

A list is separated by commas in the environment; as an option it is repeated.
"""
_TYPES: Final[Mapping[str, str]] = {
    "Address": "`HOST:PORT`, or `:PORT` for all addresses",
    "Path": "path of a file",
    "Path | None": "path of a file",
    "int": "whole number",
    "float": "number",
    "tuple[NamedFile, ...]": "list of `NAME=FILE`",
    "tuple[str, ...]": "list of `host` or `host:port`",
    "LogLevel": "`debug`, `info`, `warning` or `error`",
    "LogFormat": "`auto`, `json` or `text`",
}


def render() -> str:
    """The page, as Markdown."""
    return "\n".join([_HEAD, *_groups()])


def _groups() -> Iterator[str]:
    for name, group in GROUPS.items():
        yield f"## {name.capitalize()}\n"
        yield f"{inspect.getdoc(group)}\n"
        for field in dataclasses.fields(group):
            yield from _field(field)


def _field(field: dataclasses.Field[Any]) -> Iterator[str]:
    told = cast("Help", field.metadata["help"])
    flag = f"--{field.name.replace('_', '-')}"
    kind = _TYPES[str(field.type)] + (f", {told.unit}" if told.unit else "")
    yield f"### `{field.name}`\n"
    yield f"{told.does}\n"
    yield f"- {_default(field)}; {kind}"
    yield f"- `{flag}`, `{PREFIX}{field.name.upper()}`"
    yield f"- {told.why}\n"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "**required**"
    return "default: none" if field.default in {None, ()} else f"default: `{field.default}`"


def main(path: str) -> None:
    """Write the page."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
