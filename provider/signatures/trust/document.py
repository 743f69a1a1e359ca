"""The document that a trust root stands in: JSON or YAML in which every name must be known, and stands once.

So it is in sigstore's own readers. Here only the object with such a name is not used: otherwise a misspelt `validFor`
would make a key without an end.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml

from provider import limits
from provider.errors import FileError
from provider.foreign_text import shown
from provider.yaml_misfits import MISFITS


class TrustRootError(FileError):
    """A trust root that cannot be used, or a member of one; the message is one sentence that names the member."""


def parse(body: bytes) -> Mapping[str, Any]:
    """The one object of a text, JSON or YAML, in UTF-8 without a byte order mark.

    Raises:
        TrustRootError: there is none, or more than one, or a name stands twice in it.
    """
    try:
        # In one encoding: readers that guess it read two texts in one.
        documents = _documents(body.decode())
    except (ValueError, yaml.YAMLError, RecursionError, *MISFITS) as error:
        raise TrustRootError("it is neither JSON nor YAML that can be read") from error
    found = [document for document in documents if document is not None]
    if len(found) != 1 or not isinstance(found[0], dict):
        raise TrustRootError("it must hold exactly one trust root")
    if isinstance(found[0], _AmbiguousObject):
        raise TrustRootError("a name stands twice in it")
    return found[0]


def digest_of(specification: object) -> str:
    """What a question names a trust root's specification by: SHA-256 over its canonical JSON.

    Raises:
        TrustRootError: it holds something that JSON does not have, as YAML may.
    """
    try:
        text = json.dumps(
            specification, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise TrustRootError("it holds something that JSON does not have") from error
    return "sha256:" + hashlib.sha256(text).hexdigest()


def fields_of(given: Mapping[str, Any], names: Sequence[str], where: str) -> Mapping[str, Any]:
    """The fields by these names; protobuf's JSON may have them in its other spelling, `valid_for`.

    Raises:
        TrustRootError: a field has another name, or two have the same in both spellings.
    """
    spellings = {spelling: name for name in names for spelling in (name, _WORD.sub(r"_\g<0>", name).lower())}
    found: dict[str, Any] = {}
    for spelling, value in given.items():
        name = spellings.get(spelling)
        if name is None:
            raise TrustRootError(f"{where}: {shown(str(spelling))} is not known")
        if name in found:
            raise TrustRootError(f"{where}: {name} stands twice")
        found[name] = value
    return found


_WORD: Final = re.compile("[A-Z]+")
_MARK: Final = "\ufeff"
_LINES: Final = dict.fromkeys(map(ord, "\r\n"))
_TO_STANDARD: Final = str.maketrans("-_", "+/")
_QUANTUM: Final = 4
# The size of a value while it is counted.
_UNKNOWN: Final = -1


def object_of(value: object) -> Mapping[str, Any]:
    """A value that must be an object.

    Raises:
        TypeError: it is none, or a name stands twice in it.
    """
    if not isinstance(value, dict) or isinstance(value, _AmbiguousObject):
        raise TypeError("no object, or one in which a name stands twice")
    return value


def bytes_of(value: object) -> bytes:
    """Bytes as JSON has them: base64, in lines or not, as Go's reader takes it.

    In either alphabet, padded or not, as protobuf's JSON has it (RFC 4648, sections 4 and 5).

    Raises:
        TypeError, ValueError: it is something else.
    """
    if not isinstance(value, str):
        raise TypeError("bytes")
    text = value.translate(_LINES)
    if "-" in text or "_" in text:
        if "+" in text or "/" in text:
            raise ValueError("two alphabets")
        text = text.translate(_TO_STANDARD)
    return base64.b64decode(text if "=" in text else text + "=" * (-len(text) % _QUANTUM), validate=True)


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """A field that is a text; empty where it is not set.

    Raises:
        TypeError: it is something else.
    """
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise TypeError(name)
    return value


class _AmbiguousObject(dict[str, Any]):
    """An object in which a name stands twice; nobody knows which of them counts."""


# The one in C, where there is one, is ten times as fast.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as JSON would have it: a time is a text, and a name that stands twice is seen."""

    yaml_implicit_resolvers: Final = {
        first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
    fields: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return fields if len(set(names)) == len(names) else _AmbiguousObject(fields)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
# YAML 1.1 counts `1:59:59` to the base of 60, which takes for ever where there are many of them.
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


def _documents(text: str) -> list[Any]:
    if text.startswith(_MARK):
        raise ValueError("a byte order mark")
    return _json(text) if text.lstrip().startswith("{") else _yaml(text)


def _yaml(text: str) -> list[Any]:
    loader = _Loader(text)
    try:
        found = []
        while loader.check_node():
            node = loader.get_node()
            if _written_out(node, {}) > limits.FILE_BYTES:
                raise TrustRootError(f"with its aliases written out it has more than {limits.FILE_BYTES} characters")
            found.append(loader.construct_document(node))
        return found
    finally:
        loader.dispose()


def _written_out(node: yaml.Node, known: dict[int, int]) -> int:
    """Characters of a value with what its aliases stand for: a few lines can stand for more than a machine holds.

    Args:
        node: the value.
        known: the same of others, by their identity.

    Raises:
        ValueError: it stands within itself.
    """
    if id(node) in known:
        if known[id(node)] == _UNKNOWN:
            raise ValueError("a value that stands within itself")
        return known[id(node)]
    known[id(node)] = _UNKNOWN
    known[id(node)] = 1 + sum(
        len(part) if isinstance(part, str) else _written_out(part, known) for part in _parts(node)
    )
    return known[id(node)]


def _parts(node: yaml.Node) -> Iterable[yaml.Node | str]:
    if isinstance(node, yaml.MappingNode):
        return (part for pair in node.value for part in pair)
    return [node.value] if isinstance(node, yaml.ScalarNode) else node.value


def _json(text: str) -> list[Any]:
    return [json.loads(text, object_pairs_hook=_unique, parse_constant=_refused)]


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else _AmbiguousObject(fields)
