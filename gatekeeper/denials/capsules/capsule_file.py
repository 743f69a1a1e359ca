"""The file of a capsule: one JSON object, with a version, and a digest over its canonical form.

The digest shows that nothing was altered, by accident or by hand. It is no signature: who alters on purpose can make
another one.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.denials import limits
from gatekeeper.denials.capsules.capsule import Capsule, CapsulePolicy, Fields, Lack, Part, digest_of, template_fields
from gatekeeper.denials.capsules.object_reads import Path
from gatekeeper.denials.lines.violation import ConstraintName
from gatekeeper.evaluation.program import Template, package_of
from provider.foreign_text import shown

KIND: Final = "bestbefore-capsule"
VERSION: Final = 1

_LANGUAGES: Final = {"v0": False, "v1": True}
_PACKAGE_CHARACTERS: Final = 200
# Of 64 bits with a sign.
_CLOCK_DIGITS: Final = 19


class CapsuleError(Exception):
    """A file is no capsule, or an altered one; the message names the place."""


def write(capsule: Capsule) -> dict[str, Any]:
    """The JSON of a capsule, with its digest."""
    policy = capsule.policy
    fields: dict[str, Any] = {
        "kind": KIND,
        "version": VERSION,
        "sentence": capsule.sentence,
        "constraint": {"kind": capsule.constraint.kind, "name": capsule.constraint.name},
        "image": capsule.image,
        "path": capsule.path,
        "ref": capsule.ref,
        "clock": str(capsule.clock),
        "opa": capsule.opa,
        "review": dict(capsule.review),
        "holds": [list(path) for path in capsule.holds],
        "answers": {key: dict(each) for key, each in capsule.answers.items()},
        "policy": None
        if policy is None
        else {
            "template": template_fields(policy.template),
            "templateDigest": policy.digest,
            "parameters": dict(policy.parameters),
        },
        "missing": [{"part": str(lack.part), "why": lack.why} for lack in capsule.lacks],
        "leftOut": list(capsule.left_out),
    }
    return {**fields, "digest": digest_of(fields)}


def read(content: bytes) -> Capsule:
    """A capsule from a file's bytes.

    Raises:
        CapsuleError: it is none, of another version, cut off, too large, or altered.
    """
    document = _Document(_json(content), "")
    if document.value.get("kind") != KIND:
        raise CapsuleError("it is no capsule: `kind` is not bestbefore-capsule")
    version = document.value.get("version")
    if version != VERSION or isinstance(version, bool):
        version = shown(json.dumps(version))
        raise CapsuleError(f"version: {version} is another one than this program reads, {VERSION}")
    stated = document.text("digest")
    rest = {name: each for name, each in document.value.items() if name != "digest"}
    if digest_of(rest) != stated:
        raise CapsuleError("digest: the file was altered since it was written: it has not the digest that it states")
    return _capsule(document)


def _capsule(document: _Document) -> Capsule:
    constraint = document.fields("constraint")
    name = ConstraintName(constraint.text("kind"), constraint.text("name"))
    made = Capsule(
        sentence=document.text("sentence"),
        constraint=name,
        image=document.text("image"),
        path=document.text("path"),
        ref=document.text("ref"),
        clock=document.moment("clock"),
        opa=document.text("opa"),
        review=document.fields("review").value,
        holds=tuple(document.paths("holds")),
        answers={key: _answer(document.fields("answers").fields(key)) for key in document.fields("answers").value},
        policy=None if document.value.get("policy") is None else _policy(document.fields("policy"), name),
        lacks=tuple(map(_lack, document.items("missing"))),
        left_out=tuple(document.texts("leftOut")),
    )
    if strange := _difference(document.value, {**write(made), "digest": document.text("digest")}, ""):
        raise CapsuleError(f"{strange}: there is no such field, or it is written otherwise")
    return made


def _difference(given: object, known: object, at: str) -> str:
    """The first place in which a document has something that a capsule has not; empty for none."""
    if isinstance(given, dict) and isinstance(known, dict):
        names = sorted(given.keys() | known.keys())
        each = ((f"{at}.{shown(name)}".lstrip("."), given.get(name), known.get(name)) for name in names)
        return next((found for place, one, other in each if (found := _difference(one, other, place))), "")
    return "" if given == known else at


def _policy(fields: _Document, name: ConstraintName) -> CapsulePolicy:
    given = fields.fields("template")
    language = given.text("language")
    if language not in _LANGUAGES:
        raise CapsuleError(f"policy.template.language: expected v0 or v1, got {shown(language)}")
    template = Template(given.text("kind"), given.text("rego"), tuple(given.texts("libs")), _LANGUAGES[language])
    _check_packages(template)
    policy = CapsulePolicy(name, template, fields.fields("parameters").value)
    if policy.digest != fields.text("templateDigest"):
        raise CapsuleError("policy.templateDigest: the template has another digest")
    return policy


def _check_packages(template: Template) -> None:
    try:
        packages = [package_of(text) for text in (template.main, *template.libs)]
    except ValueError as error:
        raise CapsuleError(f"policy.template: {error}") from error
    if len(set(packages)) != len(packages) or any(len(each) > _PACKAGE_CHARACTERS for each in packages):
        raise CapsuleError("policy.template: a package stands twice, or its name is too long")


def _answer(fields: _Document) -> Fields:
    kinds = fields.value.keys()
    if kinds == {"value"}:
        fields.fields("value")
    elif kinds == {"error"}:
        fields.text("error")
    elif kinds == {"passing"}:
        passing = fields.fields("passing")
        passing.text("reason"), passing.text("message")
    else:
        raise CapsuleError(f"{fields.at}: expected one of value, error and passing")
    return fields.value


def _lack(fields: _Document) -> Lack:
    part = fields.text("part")
    if part not in set(Part):
        raise CapsuleError(f"{fields.at}.part: expected one of {', '.join(Part)}, got {shown(part)}")
    return Lack(Part(part), fields.text("why"))


@dataclass(frozen=True)
class _Document:
    """A JSON object and its place, for errors."""

    value: Fields
    at: str

    def fields(self, name: str) -> _Document:
        return self._fields(self.value.get(name), self._place(name))

    def items(self, name: str) -> list[_Document]:
        return [self._fields(each, f"{self._place(name)}[{n}]") for n, each in enumerate(self._list(name))]

    def text(self, name: str) -> str:
        return self._text(self.value.get(name), self._place(name))

    def texts(self, name: str) -> list[str]:
        return [self._text(each, f"{self._place(name)}[{n}]") for n, each in enumerate(self._list(name))]

    def paths(self, name: str) -> list[Path]:
        found = []
        for number, each in enumerate(self._list(name)):
            at = f"{self._place(name)}[{number}]"
            if not isinstance(each, list) or not each:
                raise CapsuleError(f"{at}: expected a list of names")
            found.append(tuple(self._text(step, at) for step in each))
        return found

    def moment(self, name: str) -> int:
        text = self.text(name)
        digits = text.removeprefix("-")
        if not (
            digits.isascii() and digits.isdigit() and len(digits) <= _CLOCK_DIGITS and -(2**63) <= int(text) < 2**63
        ):
            raise CapsuleError(f"{self._place(name)}: expected nanoseconds since 1970 in a text, got {shown(text)}")
        return int(text)

    def _list(self, name: str) -> list[Any]:
        value = self.value.get(name)
        if not isinstance(value, list):
            raise CapsuleError(f"{self._place(name)}: expected a list")
        return value

    def _place(self, name: str) -> str:
        return f"{self.at}.{shown(name)}".lstrip(".")

    @staticmethod
    def _fields(value: object, at: str) -> _Document:
        if not isinstance(value, dict):
            raise CapsuleError(f"{at}: expected an object")
        return _Document(value, at)

    @staticmethod
    def _text(value: object, at: str) -> str:
        if not isinstance(value, str):
            raise CapsuleError(f"{at}: expected a text")
        return value


def _json(content: bytes) -> dict[str, Any]:
    if len(content) > limits.CAPSULE_BYTES:
        raise CapsuleError(f"it is larger than {limits.CAPSULE_BYTES} bytes")
    try:
        value = json.loads(content, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        said = error.args[0] if isinstance(error, _RefusalError) else "it is not JSON, or cut off"
        raise CapsuleError(said) from error
    if not isinstance(value, dict):
        raise CapsuleError("it is no capsule: expected a JSON object")
    if _depth(value) > limits.CAPSULE_DEPTH:
        raise CapsuleError(f"it is nested more than {limits.CAPSULE_DEPTH} deep")
    return value


class _RefusalError(ValueError):
    """JSON that is read as something else elsewhere."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _RefusalError(f"the field {shown(twice)} stands twice in one object")
    return fields


def _no_constant(word: str) -> None:
    raise _RefusalError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _RefusalError(f"{shown(text)} is too large a number")
    return value


def _depth(value: Any) -> int:  # noqa: ANN401 - any JSON
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        deepest = max(deepest, depth)
        members = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        waiting += [(member, depth + 1) for member in members]
    return deepest
