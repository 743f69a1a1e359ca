"""Lays templates out as files that opa can evaluate, with `external_data` and the clock as stubs.

The templates' text is untouched: `with` replaces the function and the time from outside, so what is evaluated is the
very text that Gatekeeper gets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provider.questions import question

RULE_FILE: Final = "sigstore.rego"

_ANSWER = """package bestbefore_driver

import future.keywords

# What Gatekeeper hands to a template: rows of answers and of errors, and one text for what failed for now.
answer(request) := {
	"responses": [[key, data.recorded.values[key]] | some key in request.keys; data.recorded.values[key]],
	"errors": [[key, data.recorded.errors[key]] | some key in request.keys; data.recorded.errors[key]],
	"status_code": 200,
	"system_error": data.recorded.system_error,
}

# The images to judge in place of the object's own.
judged(_, _) := data.recorded.images
"""


@dataclass(frozen=True)
class Template:
    """The Rego of one ConstraintTemplate.

    Attributes:
        kind: the Constraint kind.
        main: the text that holds `violation`.
        libs: its libraries.
    """

    kind: str
    main: str
    libs: tuple[str, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Template:
        """Read it from a ConstraintTemplate object."""
        spec = document["spec"]
        source = spec["targets"][0]["code"][0]["source"]
        return cls(spec["crd"]["spec"]["names"]["kind"], source["rego"], tuple(source["libs"]))

    @property
    def package(self) -> str:
        """The package of its main text."""
        return package_of(self.main)


@dataclass(frozen=True)
class Recorded:
    """What the stub of `external_data` answers.

    Attributes:
        values: answers by key.
        errors: durable errors by key, `Reason: sentence`.
        system_error: the passing failures, as the provider writes them; empty for none.
    """

    values: Mapping[str, Any]
    errors: Mapping[str, str]
    system_error: str = ""

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


NOTHING: Final = Recorded({}, {})


def package_of(text: str) -> str:
    """The package of a Rego text that the translator made.

    Raises:
        ValueError: there is no package line.
    """
    found = re.search(r"^[ \t]*package[ \t]+([\w.]+)", text, re.MULTILINE)
    if found is None:
        raise ValueError("a Rego text has no package line")
    return found.group(1)


def write(
    folder: Path,
    templates: Iterable[Template],
    cases: Sequence[Mapping[str, Any]],
    recorded: Recorded,
    images: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Write modules and data into an empty folder.

    Args:
        folder: where to.
        templates: all templates that a case names.
        cases: `{template: package, input: {review, parameters}, now: nanoseconds}` each.
        recorded: what `external_data` answers.
        images: the images to judge in place of those of the reviewed objects (`{text, path, list, name}`).
    """
    packages = {}
    for template in templates:
        for text in (template.main, *template.libs):
            packages[package_of(text)] = text
    write_modules(folder, packages)
    mains = sorted({template.package for template in templates})
    driver = _ANSWER + "".join(_driver_rules(main, overridden=images is not None) for main in mains)
    (folder / "driver.rego").write_text(driver, encoding="utf-8")
    data = {
        "recorded": {
            "values": recorded.values,
            "errors": recorded.errors,
            "system_error": recorded.system_error,
            "images": list(images or ()),
        },
        "cases": list(cases),
    }
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")


def write_modules(folder: Path, texts: Mapping[str, str]) -> None:
    """Write Rego texts by package; a policy's rule gets the file name that policy-controller's messages have."""
    for package, text in texts.items():
        if package.startswith("lib.policies."):
            place = folder / package
            place.mkdir()
            (place / RULE_FILE).write_text(text, encoding="utf-8")
        else:
            (folder / f"{package}.rego").write_text(text, encoding="utf-8")


def _driver_rules(main: str, *, overridden: bool) -> str:
    stubs = "with input as case.input with time.now_ns as case.now with external_data as answer"
    if overridden:
        stubs += " with data.lib.bestbefore.workload.judged as judged"
    rules = []
    for name, rule in (("violations", "violation"), ("questions", "questions")):
        rules.append(f"""
{name}[index] := value if {{
	some index, case in data.cases
	case.template == "{main}"
	value := data.{main}.{rule} {stubs}
}}
""")
    return "".join(rules)
