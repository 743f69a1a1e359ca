"""Predicates that cosign reads into a type of Go where a policy wants them by a short name.

Unknown fields are gone then, and those that are missing have the zero value of their type: a scan without a date was
made in the year 1 (cosign, `pkg/policy/attestation.go`; in-toto-golang).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provider.foreign_text import shown
from provider.golang import rfc3339
from provider.golang.decoding import DecodeError, Room, decode
from provider.golang.encoding_json import folded
from provider.golang.structs import Custom, Field, Flag, Map, Pointer, Slice, Struct, Text
from provider.questions.attestation_question import PredicateForm


class PredicateError(ValueError):
    """A predicate that is not of the type that was asked for; the message is cosign's."""


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """What `_pairs` was made of."""
    if isinstance(value, tuple):
        return {name: _plain(each) for name, each in value}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, _Number) else value


class _Number(bytes):
    """A number, which decoders see as bytes, with its value."""

    value: float


def _pairs(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A value as the decoders take it: objects as pairs, numbers as bytes."""
    if isinstance(value, dict):
        return tuple((name, _pairs(each)) for name, each in value.items())
    if isinstance(value, list):
        return [_pairs(each) for each in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = _Number(repr(value).encode())
        number.value = value
        return number
    return value


def _read_time(value: Any, old: Any, _: Room) -> Any:  # noqa: ANN401 - any JSON
    if value is None:
        return old
    if not isinstance(value, str):
        raise DecodeError("Time.UnmarshalJSON: input is not a JSON string")
    try:
        return rfc3339.read(value)
    except rfc3339.UnreadableTimeError as error:
        raise DecodeError(str(error)) from error


def _write_time(value: Any) -> str:  # noqa: ANN401 - a moment
    try:
        return str(value.render())
    except rfc3339.UnreadableTimeError as error:
        raise DecodeError(f"json: error calling MarshalJSON for type time.Time: {error}") from error


_TEXT: Final = Text()
_FLAG: Final = Flag()
# In a tuple, because Go leaves out nil and nothing else that is empty.
_ANY: Final = Custom(
    "interface {}",
    None,
    lambda value, _, __: None if value is None else (_plain(value),),
    lambda value: None if value is None else value[0],
)
_TIME: Final = Custom("time.Time", rfc3339.ZERO, _read_time, _write_time)
_MAYBE_TIME: Final = Custom("time.Time", None, _read_time, lambda value: None if value is None else _write_time(value))
_DIGESTS: Final = Map(_TEXT)


def _all(name: str, /, **fields: Any) -> Struct:  # noqa: ANN401 - types of fields
    """A struct whose fields are always written; a name ends in `_` where Python has it, and has a dot for `__`."""
    return Struct(name, tuple(_field(key, kind) for key, kind in fields.items()))


def _field(key: str, kind: Any) -> Field:  # noqa: ANN401 - a type
    return Field(key.replace("__", "."), kind, omitempty=False)


_VULN: Final = _all(
    "attestation.CosignVulnPredicate",
    invocation=_all("attestation.Invocation", parameters=_ANY, uri=_TEXT, event_id=_TEXT, builder__id=_TEXT),
    scanner=_all(
        "attestation.Scanner",
        uri=_TEXT,
        version=_TEXT,
        db=_all("attestation.DB", uri=_TEXT, version=_TEXT),
        result=_ANY,
    ),
    metadata=_all("attestation.Metadata", scanStartedOn=_TIME, scanFinishedOn=_TIME),
)
_CONFIG_SOURCE: Final = Struct(
    "v02.ConfigSource", (Field("uri", _TEXT), Field("digest", _DIGESTS), Field("entryPoint", _TEXT))
)
# Go leaves no struct out, however empty.
_INVOCATION: Final = Struct(
    "v02.ProvenanceInvocation",
    (Field("configSource", _CONFIG_SOURCE, omitempty=False), Field("parameters", _ANY), Field("environment", _ANY)),
)
_COMPLETENESS: Final = _all("v02.ProvenanceComplete", parameters=_FLAG, environment=_FLAG, materials=_FLAG)
_METADATA: Final = Struct(
    "v02.ProvenanceMetadata",
    (
        Field("buildInvocationID", _TEXT),
        Field("buildStartedOn", _MAYBE_TIME),
        Field("buildFinishedOn", _MAYBE_TIME),
        Field("completeness", _COMPLETENESS, omitempty=False),
        Field("reproducible", _FLAG, omitempty=False),
    ),
)
_MATERIAL: Final = Struct("common.ProvenanceMaterial", (Field("uri", _TEXT), Field("digest", _DIGESTS)))
_PROVENANCE: Final = Struct(
    "v02.ProvenancePredicate",
    (
        Field("builder", _all("common.ProvenanceBuilder", id=_TEXT), omitempty=False),
        Field("buildType", _TEXT, omitempty=False),
        Field("invocation", _INVOCATION, omitempty=False),
        Field("buildConfig", _ANY),
        Field("metadata", Pointer(_METADATA)),
        Field("materials", Slice(_MATERIAL)),
    ),
)
_LINK: Final = _all(
    "in_toto.Link",
    _type=_TEXT,
    name=_TEXT,
    materials=Map(_ANY),
    products=Map(_ANY),
    byproducts=Map(_ANY),
    command=Slice(_TEXT),
    environment=Map(_ANY),
)
_FORMS: Final[Mapping[PredicateForm, tuple[str, Struct]]] = {
    PredicateForm.VULN: ("CosignVulnStatement", _VULN),
    PredicateForm.SLSA_PROVENANCE: ("ProvenanceStatement", _PROVENANCE),
    PredicateForm.LINK: ("LinkStatement", _LINK),
}


def read(predicate: Any, form: PredicateForm) -> Any:  # noqa: ANN401 - any JSON
    """A predicate as a policy sees it that wants it in a form.

    Raises:
        PredicateError: it is not of that type.
    """
    if form is PredicateForm.GENERIC:
        return predicate
    name, kind = _FORMS[form]
    try:
        _refuse_twins(predicate, kind)
        return kind.encode(decode(_pairs(predicate), kind))
    except DecodeError as error:
        raise PredicateError(f"unmarshaling {name}: {shown(str(error), 200)}") from error


def _refuse_twins(value: Any, kind: Any) -> None:  # noqa: ANN401 - any JSON, and a type of Go
    """Refuse an object that has a field in two spellings, wherever Go looks for fields: it takes the last one.

    In maps and in what is of any type every spelling is a name of its own.
    """
    if isinstance(kind, Pointer):
        _refuse_twins(value, kind.target)
    elif isinstance(kind, Slice) and isinstance(value, list):
        for each in value:
            _refuse_twins(each, kind.element)
    elif isinstance(kind, Struct) and isinstance(value, dict):
        spelled = {folded(name): each for name, each in value.items()}
        if len(spelled) != len(value):
            raise DecodeError("a name stands in two spellings")
        for one in kind.fields:
            _refuse_twins(spelled.get(folded(one.key)), one.type)
