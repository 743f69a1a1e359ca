"""Objects as YAML that a person can read, the same bytes for the same objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml


def render(objects: Iterable[Mapping[str, Any]]) -> str:
    """The objects as one YAML stream: block style, fields in the given order, long texts as literal blocks."""
    documents = (yaml.dump(each, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True) for each in objects)
    return "---\n".join(documents)


class _Dumper(yaml.SafeDumper):
    """A dumper without aliases, indenting lists below their field."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - the base class's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        return super().increase_indent(flow, False)  # noqa: FBT003


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
