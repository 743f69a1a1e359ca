"""The words of CUE that need no declaration, and the functions of its packages that are taken."""

from __future__ import annotations

from typing import Final

from gatekeeper.cue.nodes import KINDS, Bound, Check, OfKind

_NUMBER: Final = frozenset({"int", "float"})
_INT: Final = OfKind(frozenset({"int"}), "int")


def _between(least: int, most: int) -> tuple[Check, ...]:
    return (_INT, Bound(">=", least), Bound("<=", most))


TYPES: Final[dict[str, tuple[Check, ...]]] = {
    "_": (),
    "null": (OfKind(frozenset({"null"}), "null"),),
    **{name: (OfKind(frozenset({name}), name),) for name in ("bool", "string", "bytes", "int", "float")},
    "number": (OfKind(_NUMBER, "number"),),
    "uint": (_INT, Bound(">=", 0)),
    **{f"int{bits}": _between(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32)},
    **{f"uint{bits}": _between(0, 2**bits - 1) for bits in (8, 16, 32)},
}
# Words of CUE that are known and not taken.
UNTAKEN: Final = frozenset(
    {
        *("and", "or", "div", "mod", "quo", "rem", "len", "close", "matchN", "matchIf", "error", "self"),
        *("int64", "int128", "uint64", "uint128", "float32", "float64", "rune", "bytes", "__string"),
    }
)

# The functions that say yes or no of a value, by the kinds of value that they are about and those of their arguments.
VALIDATORS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "list.MinItems": ("list", ("int",)),
    "list.MaxItems": ("list", ("int",)),
    "list.Contains": ("list", ("string",)),
    "struct.MinFields": ("struct", ("int",)),
    "struct.MaxFields": ("struct", ("int",)),
    "strings.MinRunes": ("string", ("int",)),
    "strings.MaxRunes": ("string", ("int",)),
    "strings.HasPrefix": ("string", ("string",)),
    "strings.HasSuffix": ("string", ("string",)),
    "strings.Contains": ("string", ("string",)),
    "time.Time": ("string", ()),
}
# The functions whose result is a value, for guards and texts that are made.
FUNCTIONS: Final[dict[str, int]] = {
    "list.Contains": 2,
    "strings.HasPrefix": 2,
    "strings.HasSuffix": 2,
    "strings.Contains": 2,
    "strings.Join": 2,
}
PACKAGES: Final = frozenset({"list", "strings", "struct", "time"})
TIMES: Final = {
    "time.RFC3339": "2006-01-02T15:04:05Z07:00",
    "time.RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
    "time.RFC3339Date": "2006-01-02",
}
EVERY_KIND: Final = frozenset(KINDS)
