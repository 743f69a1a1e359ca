"""Lays templates out as files that opa can evaluate, with `external_data` and the clock as stubs.

The templates' text is untouched: `with` replaces the function and the time from outside, so what is evaluated is the
very text that Gatekeeper gets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from gatekeeper.documents import fields
from gatekeeper.documents.product import PATHS
from gatekeeper.evaluation.silence import silent
from gatekeeper.translation.template import READS_WAIVERS
from gatekeeper.translation.tokens import tokens
from gatekeeper.waivers.waiver import GROUP_VERSION as WAIVER_GROUP_VERSION
from gatekeeper.waivers.waiver import KIND as WAIVER_KIND
from provider.questions import question

RULE_FILE: Final = "sigstore.rego"

_ENGINE: Final = "Rego"
_REGO_V1: Final = "v1"
_PACKAGE: Final = re.compile(r"^[ \t]*package[ \t]+([\w.]+)", re.MULTILINE)

# A blank line below it, if there is one, makes room.
_PACKAGE_LINE: Final = re.compile(r"^([ \t]*package[ \t][^\n]*\n)(?:[ \t]*\n)?", re.MULTILINE)
INVENTORY_NOTE: Final = "it reads data.inventory: the objects of a cluster are not known here, and it saw none"
_CLOCK: Final = "now_ns"
_LIBRARY: Final = "lib.bestbefore."
_WORKLOADS: Final = "lib.bestbefore.workload"
# It reads the clock only to say how long ago an image was built.
_DATED_MESSAGES: Final = "lib.bestbefore.cip"
CALL: Final = "bestbefore-call "

# What a call is answered, in whichever package it stands; RECORDED is where the answers are.
_RESPONSE: Final = """
_response(provider, keys) := {
	"responses": [[key, RECORDED.values[key]] | some key in keys; RECORDED.values[key]],
	"errors": [[key, RECORDED.errors[key]] | some key in keys; RECORDED.errors[key]],
	"status_code": 200,
	"system_error": RECORDED.system_error,
} if {
	provider in data.providers
} else := {
	"responses": null,
	"errors": null,
	"status_code": 400,
	"system_error": "key is not found in provider cache",
}
"""
_ANSWER = """package bestbefore_driver

import future.keywords

# What Gatekeeper hands to a template: rows of answers and of errors, and one text for what failed for now. An argument
# that Gatekeeper cannot read makes the call undefined, as there.
answer(request) := response if {
	keys := object.get(request, "keys", [])
	provider := object.get(request, "provider", "")
	print("bestbefore-call", json.marshal([index, provider, type_name(keys), keys]))
	is_string(provider)
	is_array(keys)
	every key in keys {
		is_string(key)
	}
	response := _response(provider, keys)
}

# Which case is evaluated; `with` says so.
index := -1

# Whose answers it gets.
_book := data.cases[index].book

# The images to judge in place of the object's own.
judged(_, _) := data.images
"""

# What is read of a template: what it has against each case, and which images it covers, where it says so.
QUERY: Final = '{"violations": data.bestbefore_driver.violations, "images": data.bestbefore_driver.images}'


@dataclass(frozen=True)
class Template:
    """The Rego of one ConstraintTemplate.

    Attributes:
        kind: the Constraint kind.
        main: the text that holds `violation`.
        libs: its libraries.
        v1: whether the texts are Rego v1, which needs no imports for its keywords.
    """

    kind: str
    main: str
    libs: tuple[str, ...]
    v1: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Template:
        """Read it from a ConstraintTemplate object, in its present form or the older one (`targets[].rego`).

        Raises:
            KeyError, IndexError, TypeError, AttributeError: it is no object with Rego of a template.
        """
        spec = document["spec"]
        target = spec["targets"][0]
        code = [each["source"] for each in target.get("code", ()) if each.get("engine", _ENGINE) == _ENGINE]
        source = code[0] if code else target
        libs = tuple(source.get("libs") or ())
        return cls(spec["crd"]["spec"]["names"]["kind"], source["rego"], libs, source.get("version") == _REGO_V1)

    @property
    def package(self) -> str:
        """The package of its main text."""
        return package_of(self.main)

    @cached_property
    def reads_inventory(self) -> bool:
        """Whether it looks at other objects of the cluster than Waivers."""
        return any(map(_reads_inventory, (self.main.replace(READS_WAIVERS, ""), *self.libs)))

    @property
    def reads_waivers(self) -> bool:
        """Whether it looks at the cluster's Waivers, so that Gatekeeper takes it only with referential rules."""
        return READS_WAIVERS in self.main

    @property
    def judges_workloads(self) -> bool:
        """Whether it is known to look into the pod template of a workload."""
        return _WORKLOADS in self.modules

    @cached_property
    def reads_clock(self) -> bool:
        """Whether its verdict may be another one at another time; of templates that we did not make, always."""
        ours = any(package.startswith(_LIBRARY) for package in self.modules)
        return not ours or any(_CLOCK in text for package, text in self.modules.items() if package != _DATED_MESSAGES)

    @cached_property
    def modules(self) -> Mapping[str, str]:
        """Its texts as opa reads them, by package. A text in Rego v1 says so below its package line."""
        texts = {package_of(text): text for text in (self.main, *self.libs)}
        if self.v1:
            return {package: _PACKAGE_LINE.sub(r"\1import rego.v1\n", text, 1) for package, text in texts.items()}
        return texts


@dataclass(frozen=True)
class StubAnswers:
    """What the stub of `external_data` answers.

    Attributes:
        values: answers by key.
        errors: durable errors by key, `Reason: sentence`.
        system_error: the passing failures, as the provider writes them; empty for none.
        unknown: images that nobody has looked at: recorded facts say nothing of them.
        unproved: those of them of which recorded facts say something, but not whether they are signed.
    """

    values: Mapping[str, Any]
    errors: Mapping[str, str]
    system_error: str = ""
    unknown: frozenset[str] = frozenset()
    unproved: frozenset[str] = frozenset()

    def passing(self) -> Mapping[str, Mapping[str, Any]]:
        """The passing failures by the ref of their key: `{"reason", "message"}`."""
        return dict(json.loads(self.system_error)) if self.system_error else {}

    def fact(self, key: str) -> Mapping[str, Any]:
        """What is known of a key: the value, or `{"reason", "message"}`; empty where nothing is."""
        if key in self.values:
            return dict(self.values[key])
        if key in self.errors:
            reason, _, message = self.errors[key].partition(": ")
            return {"reason": reason, "message": message}
        return dict(self.passing().get(question.ref(key), {}))

    def with_more(self, other: StubAnswers) -> StubAnswers:
        """These answers and others, to other keys."""
        passing = {**self.passing(), **other.passing()}
        text = json.dumps(passing) if passing else ""
        values, errors = {**self.values, **other.values}, {**self.errors, **other.errors}
        return StubAnswers(values, errors, text, self.unknown | other.unknown, self.unproved | other.unproved)


NOTHING: Final = StubAnswers({}, {})


def package_of(text: str) -> str:
    """The package of a Rego text that the translator made.

    Raises:
        ValueError: there is no package line.
    """
    found = _PACKAGE.search(text)
    if found is None:
        raise ValueError("a Rego text has no package line")
    return found.group(1)


def _reads_inventory(text: str) -> bool:
    """Whether a Rego text names `data.inventory` or `data["inventory"]`; comments and texts do not count."""
    if "inventory" not in text:
        return False
    words = list(tokens(text))
    following = zip(words, words[1:], words[2:], strict=False)
    return any(one.text == "data" and other.text.strip('"`') == "inventory" for one, _, other in following)


def write(  # noqa: PLR0913, PLR0917 - what an evaluation is made of
    folder: Path,
    templates: Iterable[Template],
    cases: Sequence[Mapping[str, Any]],
    books: Sequence[StubAnswers],
    images: Sequence[Mapping[str, Any]] | None = None,
    waivers: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write modules and data into an empty folder.

    Args:
        folder: where to.
        templates: all templates that a case names.
        cases: `{template: package, input: {review, parameters}, now: nanoseconds, book: number}` each.
        books: what `external_data` answers a case that names its number.
        images: the images to judge in place of those of the reviewed objects (`{text, path, list, name}`).
        waivers: the Waiver objects of the cluster, for templates that read them.
    """
    packages: dict[str, str] = {}
    for template in templates:
        packages |= template.modules
    write_modules(folder, packages)
    mains = sorted({template.package for template in templates})
    driver = (
        _ANSWER
        + response("data.books[_book]")
        + "".join(_driver_rule(main, overridden=images is not None) for main in mains)
    )
    (folder / "bestbefore_driver.rego").write_text(driver, encoding="utf-8")
    data = {
        "books": [{"values": each.values, "errors": each.errors, "system_error": each.system_error} for each in books],
        "images": list(images or ()),
        "providers": list(PATHS),
        "cases": list(cases),
    }
    if waivers:
        by_name = {fields.name(each): each for each in waivers}
        data["inventory"] = {"cluster": {WAIVER_GROUP_VERSION: {WAIVER_KIND: by_name}}}
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")


def write_modules(folder: Path, texts: Mapping[str, str]) -> None:
    """Write Rego texts by package; a policy's rule gets the file name that policy-controller's messages have."""
    for package, loud in texts.items():
        text = silent(loud)
        if package.startswith("lib.policies."):
            place = folder / package
            place.mkdir()
            (place / RULE_FILE).write_text(text, encoding="utf-8")
        else:
            (folder / f"{package}.rego").write_text(text, encoding="utf-8")


def response(recorded: str) -> str:
    """The Rego of what a call is answered: `_response(provider, keys)`.

    Args:
        recorded: reference of the answers: `{values, errors, system_error}`.
    """
    return _RESPONSE.replace("RECORDED", recorded)


def _driver_rule(main: str, *, overridden: bool) -> str:
    stubs = "with input as case.input with time.now_ns as case.now"
    stubs += " with external_data as answer with data.bestbefore_driver.index as number"
    if overridden:
        stubs += " with data.lib.bestbefore.workload.judged as judged"
    return f"""
violations[number] := value if {{
	some number, case in data.cases
	case.template == "{main}"
	value := data.{main}.violation {stubs}
}}

images[number] := {{image.text | some image in value}} if {{
	some number, case in data.cases
	case.template == "{main}"
	value := data.{main}._images {stubs}
}}
"""
