"""A Constraint's parameters against the schema of its template, as the API server reads them.

The API server drops a field that the schema does not have, without a word, and the template then judges by parameters
that nobody wrote. Here such a field is a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from gatekeeper.documents.problems import Problem

_PATH: Final = "spec.parameters"
_SCHEMA_PATH: Final = "spec.crd.spec.validation.openAPIV3Schema"
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_LEGACY_VERSIONS: Final = ("v1alpha1", "v1beta1")


def schema_problems(template: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the schema of a template's parameters."""
    from jsonschema import Draft4Validator, SchemaError  # noqa: PLC0415 - only suites with templates pay for it

    try:
        Draft4Validator.check_schema(_json_schema(_schema(template)))
    except SchemaError as error:
        yield Problem(_member(_SCHEMA_PATH, error.absolute_path), error.message)


def problems(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the parameters of a Constraint of this template, whose schema is a good one."""
    from jsonschema import Draft4Validator  # noqa: PLC0415

    schema = _schema(template)
    if not schema and parameters and not _is_legacy(template):
        yield Problem(_PATH, "the template has no schema for parameters, so the cluster drops them all")
        return
    if not _is_legacy(template):
        yield from _unknown(schema, parameters, _PATH)
    for error in Draft4Validator(_json_schema(schema)).iter_errors(parameters):
        yield Problem(
            _member(_PATH, error.absolute_path), _sentence(error.message, error.validator, error.validator_value)
        )


def with_defaults(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with the defaults of the schema, as the API server fills them in."""
    return dict(_defaulted(_schema(template), parameters))


def _validation(template: Mapping[str, Any]) -> Mapping[str, Any]:
    validation = template["spec"]["crd"]["spec"].get("validation")
    return validation if isinstance(validation, Mapping) else {}


def _schema(template: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = _validation(template).get("openAPIV3Schema")
    return schema if isinstance(schema, Mapping) else {}


def _is_legacy(template: Mapping[str, Any]) -> bool:
    """Whether the cluster keeps what the schema does not have."""
    version = str(template.get("apiVersion", "")).rpartition("/")[2]
    return bool(_validation(template).get("legacySchema", version in _LEGACY_VERSIONS))


def _sentence(message: str, keyword: Any, value: Any) -> str:  # noqa: ANN401 - any JSON
    """What is wrong, in the validator's words, but where these would not say which properties are wanted."""
    word = {"anyOf": "one", "oneOf": "exactly one"}.get(keyword)
    if word is None or not all(isinstance(each, Mapping) and each.keys() == {"required"} for each in value):
        return message
    return f"expected {word} of {', '.join(' and '.join(each['required']) for each in value)}"


def _unknown(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Problem]:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(_mapping(schema.get("items")), item, f"{path}[{index}]")
    if not isinstance(value, Mapping):
        return
    known, others = _mapping(schema.get("properties")), schema.get("additionalProperties")
    for name, member in value.items():
        if name in known:
            yield from _unknown(_mapping(known[name]), member, f"{path}.{name}")
        elif isinstance(others, Mapping):
            yield from _unknown(others, member, f"{path}.{name}")
        elif not others and not schema.get(_PRESERVE):
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known)) or 'none'}"
            yield Problem(f"{path}.{name}", "the template's schema has no such field: the cluster drops it", hint=hint)


def _json_schema(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """A schema of Kubernetes as JSON schema: what may be null says so by its type."""
    if isinstance(schema, list):
        return [_json_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: _json_keyword(name, each) for name, each in schema.items()}
    if made.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def _json_keyword(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The value of a keyword: a schema, a value as it is, or schemas by the names of properties."""
    if name in {"default", "enum", "example"}:
        return value
    if name in {"properties", "patternProperties"} and isinstance(value, Mapping):
        return {each: _json_schema(schema) for each, schema in value.items()}
    return _json_schema(value)


def _defaulted(schema: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_defaulted(_mapping(schema.get("items")), item) for item in value]
    if not isinstance(value, Mapping):
        return value
    known = _mapping(schema.get("properties"))
    missing = {name: each["default"] for name, each in known.items() if "default" in _mapping(each)}
    return {name: _defaulted(_mapping(known.get(name)), member) for name, member in {**missing, **value}.items()}


def _member(path: str, steps: Iterable[str | int]) -> str:
    return path + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    return value if isinstance(value, Mapping) else {}
