"""Writes the reference of settings: `python -m provider.settings.reference docs/reference/settings.md`."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from provider.settings.model import SCHEMA
from provider.settings.schema import Help, Schema, default_of

_HEAD: Final = """\
# Settings of the provider

<!-- Made by `make generate` from provider/settings/model.py: change it there. -->

A setting has one name. It is spelt `validate_seconds` in the file that `--config` names, `--validate-seconds` as an
option of `bestbefore serve`, and `BESTBEFORE_VALIDATE_SECONDS` in the environment. Options win over the environment,
that over the file, that over the default. Everything that is wrong is shown at once, with its source; the exit code is
2 then.

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
    "bool": "`true` or `false`",
    "str": "text",
    "Path | None": "path of a file",
    "int": "whole number",
    "float": "number",
    "tuple[NamedFile, ...]": "list of `NAME=FILE`",
    "Proxy | None": "URL, or `none`",
    "NoProxy": "list as in `NO_PROXY`",
    "tuple[HostPair, ...]": "list of `REGISTRY=HOST`, each `host` or `host:port`",
    "tuple[CloudName, ...]": "list of `ecr`, `google`, `azure`",
    "tuple[str, ...]": "list of `host` or `host:port`",
    "tuple[Namespace, ...]": "list of namespaces",
    "LogLevel": "`debug`, `info`, `warning` or `error`",
    "LogFormat": "`auto`, `json` or `text`",
}


def render(schema: Schema = SCHEMA, head: str = _HEAD) -> str:
    """The page about a program's settings, as Markdown.

    Args:
        schema: the settings.
        head: what stands before them.
    """
    return "\n".join([head, *_groups(schema)])


def _groups(schema: Schema) -> Iterator[str]:
    for name, group in schema.groups.items():
        yield f"## {name.capitalize()}\n"
        yield f"{inspect.getdoc(group)}\n"
        for field in dataclasses.fields(group):
            yield from _field(schema, field)


def _field(schema: Schema, field: dataclasses.Field[Any]) -> Iterator[str]:
    texts = cast("Help", field.metadata["help"])
    flag = f"--{field.name.replace('_', '-')}"
    annotation = str(field.type)
    kind = schema.types.get(annotation) or _TYPES[annotation]
    yield f"### `{field.name}`\n"
    yield f"{texts.does}\n"
    yield f"- {_default(field)}; {kind}" + (f", {texts.unit}" if texts.unit else "")
    yield f"- `{flag}`, `{schema.prefix}{field.name.upper()}`"
    yield f"- {texts.why}\n"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "**required**"
    default = default_of(field)
    return f"default: `{default}`" if default else "default: none"


def main(path: str) -> None:
    """Write the page."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
