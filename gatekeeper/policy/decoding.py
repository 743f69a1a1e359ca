"""A mapping to the model, as strictly as policy-controller's webhook.

The webhook decodes with Go's encoding/json, unknown fields refused, and stops at the first problem; here every problem
is found, in Go's words. One thing is stricter than Go and equal to the API server, which comes before the webhook:
names of fields are compared exactly, while Go ignores case.
"""

from __future__ import annotations

import difflib
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, cast

from gatekeeper.documents.problems import Problem
from gatekeeper.documents.scalars import Json
from gatekeeper.policy import model
from gatekeeper.policy.model import ApiObject, Url
from provider import limits
from provider.golang import net_url

_SUGGESTIONS: Final = 20
_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True)
class DecodedPolicy:
    """What could be read of a policy.

    Attributes:
        policy: the policy; what could not be read has its zero value.
        problems: all of them, in the order of the document.
        failed: the paths of what could not be read, unknown fields among them.
    """

    policy: model.ClusterImagePolicy
    problems: tuple[Problem, ...]
    failed: frozenset[str]


def decode(value: Mapping[str, Any]) -> DecodedPolicy:
    """Read a policy; `apiVersion` and `kind` are taken as they are."""
    api_version = value.get("apiVersion")
    version = api_version.rpartition("/")[2] if isinstance(api_version, str) else model.VERSIONS[-1]
    decoder = _Decoder(version)
    policy = decoder.struct(model.ClusterImagePolicy, value, _Spot("", "", ""))
    return DecodedPolicy(policy, tuple(decoder.problems), frozenset(problem.path for problem in decoder.problems))


@dataclass(frozen=True)
class Shape:
    """What a field may hold.

    Attributes:
        kind: `struct`, `list`, `map` (of text) or `any`; else the scalar's own type.
        of: of a struct its class, of a list the shape of its members.
        optional: whether it can be absent, which differs from its zero value.
        go: the type of text in Go.
    """

    kind: Any
    of: Any = None
    optional: bool = False
    go: str = "string"


def shapes(struct: type[ApiObject]) -> dict[str, tuple[str, Shape]]:
    """Of every field of an object, by its name in JSON, the attribute and what it may hold."""
    return _shapes(cast("Json", struct))


@functools.cache
def _shapes(struct: Json) -> dict[str, tuple[str, Shape]]:
    hints = typing.get_type_hints(struct)
    return {
        attribute.metadata.get("json", attribute.name): (
            attribute.name,
            replace(_shape(hints[attribute.name]), go=attribute.metadata.get("go", "string")),
        )
        for attribute in fields(struct)
    }


def _shape(hint: Json) -> Shape:
    origin: Json = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is types.UnionType:
        inner = _shape(next(argument for argument in arguments if argument is not types.NoneType))
        return Shape(inner.kind, inner.of, optional=True)
    if origin is tuple:
        return Shape("list", _shape(arguments[0]))
    if origin is Mapping:
        return Shape("map")
    if hint is Any:
        return Shape("any")
    return Shape("struct", hint) if issubclass(hint, ApiObject) else Shape(hint)


@dataclass(frozen=True)
class _Spot:
    """Where decoding is: our own path, and Go's way to say it (the object's type, the fields from the top)."""

    path: str
    struct: str
    fields: str

    def member(self, struct: type[ApiObject], name: str) -> _Spot:
        fields = _joined(self.fields, struct.embedded.get(name, ""))
        return _Spot(_joined(self.path, name), struct.__name__, _joined(fields, name))

    def item(self, index: object) -> _Spot:
        return _Spot(f"{self.path}[{index}]", self.struct, self.fields)


class _Decoder:
    def __init__(self, version: str) -> None:
        self._version = version
        self.problems: list[Problem] = []

    def struct(self, kind: type[ApiObject], value: Json, spot: _Spot) -> Json:
        known = shapes(kind)
        given: dict[str, Any] = {}
        for name, member in value.items():
            if name not in known:
                self._unknown(name, known, spot)
                continue
            attribute, shape = known[name]
            # null is as good as no field: Go leaves what is there.
            if member is not None:
                decoded = self._value(shape, member, spot.member(kind, name))
                if decoded is not None:
                    given[attribute] = decoded
        return kind(**given)

    def _value(self, shape: Shape, value: Json, spot: _Spot) -> Json:
        """The value as the model has it, or None after a problem."""
        if shape.kind == "any":
            return value
        if shape.kind == "struct":
            return self.struct(shape.of, value, spot) if self._fits(value, dict, shape, spot) else None
        if shape.kind == "list":
            return self._list(shape, value, spot) if self._fits(value, list, shape, spot) else None
        if shape.kind == "map":
            return self._map(value, spot) if self._fits(value, dict, shape, spot) else None
        return self._scalar(shape, value, spot)

    def _list(self, shape: Shape, value: list[Any], spot: _Spot) -> tuple[Any, ...]:
        zero: Any = shape.of.of() if shape.of.kind == "struct" else shape.of.kind()
        members = (None if item is None else self._value(shape.of, item, spot.item(i)) for i, item in enumerate(value))
        return tuple(zero if member is None else member for member in members)

    def _map(self, value: dict[str, Any], spot: _Spot) -> dict[str, str]:
        texts = {}
        for key, item in value.items():
            at = _Spot(_joined(spot.path, key), spot.struct, spot.fields)
            # Go leaves the text empty for null, and for what is no text.
            texts[key] = "" if item is None else self._scalar(Shape(str), item, at) or ""
        return texts

    def _scalar(self, shape: Shape, value: Json, spot: _Spot) -> Json:
        wanted = bool if shape.kind is bool else int if shape.kind is int else str
        if not self._fits(value, wanted, shape, spot):
            return None
        if shape.kind is Url and (refusal := net_url.problem(value)):
            self._add(refusal, spot)
            return None
        return shape.kind(value) if issubclass(shape.kind, str) else value

    def _fits(self, value: Json, wanted: type, shape: Shape, spot: _Spot) -> bool:
        if type(value) is wanted and not (wanted is int and value not in _INT64):
            return True
        # Of a number that is too large, or has a fraction, Go shows the number; of all else its kind.
        found = f"number {value}" if shape.kind is int and type(value) in {int, float} else _go_value(value)
        where = f"struct field {spot.struct}.{spot.fields}"
        self._add(f"json: cannot unmarshal {found} into Go {where} of type {self._go_type(shape)}", spot)
        return False

    def _go_type(self, shape: Shape) -> str:
        if shape.kind == "struct":
            return f"{shape.of.package or self._version}.{shape.of.__name__}"
        if shape.kind == "list":
            return f"[]{self._go_type(shape.of)}"
        if shape.kind == "map":
            return "map[string]string"
        return {bool: "bool", int: "int64"}.get(shape.kind, shape.go)

    def _unknown(self, name: str, known: Mapping[str, Any], spot: _Spot) -> None:
        shown = name[: limits.SHOWN_CHARACTERS]
        folded = {field.lower(): field for field in known}
        # Suggestions cost time; a file with more unknown fields than this gets none for the others.
        wanted = len(self.problems) < _SUGGESTIONS
        near = difflib.get_close_matches(shown.lower(), folded, n=1) if wanted else []
        hint = f"did you mean {folded[near[0]]}?" if near else ""
        path = _joined(spot.path, shown)
        self.problems.append(Problem(path, f'decode: json: unknown field "{shown}"', hint=hint, fields=(path,)))

    def _add(self, message: str, spot: _Spot) -> None:
        self.problems.append(Problem(spot.path, f"decode: {message}", fields=(spot.path,)))


def _go_value(value: object) -> str:
    names: dict[type, str] = {dict: "object", list: "array", str: "string", bool: "bool"}
    return names.get(type(value), "number")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
