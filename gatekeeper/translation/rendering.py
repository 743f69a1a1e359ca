"""Objects as YAML that a person can read, the same bytes for the same objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from yaml.emitter import ScalarAnalysis


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

    def analyze_scalar(self, scalar: str) -> Any:  # noqa: ANN401 - the library's own record
        """Let tabs and trailing blanks stand in literal blocks, as YAML does; PyYAML would quote the whole text.

        It would also look at each character of the libraries, in each template anew: most of the time of a translation.
        """
        if "\n" not in scalar or _UNPRINTABLE.search(scalar):
            return super().analyze_scalar(scalar)
        return ScalarAnalysis(
            scalar=scalar,
            empty=False,
            multiline=True,
            allow_flow_plain=False,
            allow_block_plain=False,
            allow_single_quoted=False,
            allow_double_quoted=True,
            allow_block=True,
        )


# What a literal block cannot hold (YAML 1.1, c-printable), and line ends that it would not keep.
_UNPRINTABLE = re.compile("[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _UNPRINTABLE.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
