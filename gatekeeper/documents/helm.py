"""Helm's braces in a file that should hold objects: a chart's template that nobody has rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

HINT: Final = "`{{ … }}` is Helm's: render the chart first (`helm template CHART`), and give what comes out of it"

# Not every pair of braces: Prometheus, Argo and Rego have them, too.
_ACTION: Final = re.compile(
    r"\{\{-?\s*(?:\$?\.(?:Values|Release|Chart|Capabilities|Files|Template)\b"
    r"|(?:include|template|tpl|toYaml|if|with|range|define|block|end|else)\b)"
)


def is_template(text: str) -> bool:
    """Whether a text has an action of Helm's."""
    return _ACTION.search(text) is not None


def places(value: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - any JSON
    """The paths of the texts in an object that have one."""
    if isinstance(value, str) and is_template(value):
        yield path
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, f"{path}[{index}]")
