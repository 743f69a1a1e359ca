"""Values as Rego text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

# `null` where None means that there is no value.
NULL: Final = object()


def value(given: Any) -> str:  # noqa: ANN401 - a JSON value
    """A value as Rego has it; a Fraction is a number."""
    if given is NULL or given is None:
        return "null"
    if isinstance(given, Fraction):
        return str(Decimal(given.numerator) / Decimal(given.denominator))
    if isinstance(given, tuple | list):
        return "[" + ", ".join(value(each) for each in given) + "]"
    if isinstance(given, Mapping):
        return "{" + ", ".join(f"{value(name)}: {value(each)}" for name, each in given.items()) + "}"
    return json.dumps(given, ensure_ascii=False)


def names(given: frozenset[str]) -> str:
    """A set of texts."""
    return "{" + ", ".join(value(each) for each in sorted(given)) + "}" if given else "set()"
