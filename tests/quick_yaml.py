"""YAML to plain values as `yaml.safe_load` reads it, by libyaml where there is one.

The parser in Python takes sixteen times as long: 0.2 s for a template, which hundreds of tests read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:
    """The one document of a text; None where it is empty."""
    return yaml.load(text, _LOADER)  # noqa: S506 - it is a safe one


def load_all(text: str) -> Iterator[Any]:
    """Every document of a text."""
    return yaml.load_all(text, _LOADER)
