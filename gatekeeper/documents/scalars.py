"""What a plain YAML scalar means to Kubernetes.

kubectl and policy-controller read YAML through sigs.k8s.io/yaml: YAML 1.1 words for booleans, Go's forms of
numbers, no base 60, and dates that stay text. PyYAML's own table differs in the last two, so it is not used.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

# What JSON can hold: a mapping, a list, a scalar. Whoever takes one looks at what it is.
Json: TypeAlias = Any

WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_NOT_JSON: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NUMBER_START: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INT64_MIN: Final = -(2**63)
_UINT64_MAX: Final = 2**64 - 1
# More digits than any 64-bit number has in any base; what is longer is a float or text.
_INTEGER_CHARACTERS: Final = 70

_TAGS: Final = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": bool,
    "tag:yaml.org,2002:null": type(None),
}


def plain(text: str) -> Scalar:
    """The value of a scalar without quotes.

    Raises:
        ValueError: an infinity or NaN, which JSON, and so Kubernetes, has no form for.
    """
    if text in WORDS:
        return WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _NOT_JSON.fullmatch(text):
        raise ValueError(f"{text} is no number that Kubernetes knows; put it in quotes if it is meant as text")
    digits = text if text[0] == "." else text.replace("_", "")
    number = _integer(digits)
    return number if number is not None else _float(digits, text)


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag (`!!str 7`).

    Raises:
        ValueError: the tag is none of JSON's types, or the text is none of that type.
    """
    kind = _TAGS.get(tag)
    if kind is str:
        return text
    if kind is None:
        raise ValueError(f"the tag {tag!r} has no meaning in a Kubernetes object")
    value = plain(text)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"cannot read {text!r} as {tag.rpartition(':')[2]}")
    return value


def key(value: Scalar) -> str:
    """The text of a mapping's key, because JSON has no other keys.

    Raises:
        ValueError: the key is null.
    """
    if value is None:
        raise ValueError("a key is missing before the colon (or it is null; put it in quotes)")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _integer(text: str) -> int | None:
    match = _INTEGER.fullmatch(text) if len(text) <= _INTEGER_CHARACTERS else None
    if match is None:
        return None
    sign, *digits = match.groups()
    value = next(int(part, base) for part, base in zip(digits, (16, 2, 8, 10), strict=True) if part)
    if sign == "-":
        value = -value
    limit = _UINT64_MAX if not sign else 2**63 - 1
    return value if _INT64_MIN <= value <= limit else None


def _float(digits: str, text: str) -> float | str:
    if _FLOAT.fullmatch(digits):
        value = float(digits)
        if math.isfinite(value):
            return value
    return text
