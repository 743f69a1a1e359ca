"""A variant of a template for programs that know no `external_data`, such as gator: answers and clock stand in it.

For suites that show what a policy does. What a cluster gets is the template itself.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_PACKAGE: Final = re.compile(r"^([ \t]*package[ \t].*\n)", re.MULTILINE)

_STUB: Final = """package lib.stub

import future.keywords

# The time of the cases, in place of the clock.
now := {now}

# What the provider would answer, by key or by image; what is not here has no answer.
external_data(request) := {{
	"responses": [[key, answer] | some key in request.keys; answer := _of(answers, key)],
	"errors": [[key, error] | some key in request.keys; error := _of(errors, key)],
	"status_code": 200,
	"system_error": failures,
}}

_of(known, key) := known[key] if {{
	known[key]
}} else := known[json.unmarshal(key).image]

answers := {answers}

errors := {errors}

failures := {failures}
"""


@dataclass(frozen=True)
class Answers:
    """What a variant knows.

    Attributes:
        now: the time, nanoseconds since 1970.
        values: answers by key or by image.
        errors: durable errors by key or by image, `Reason: sentence`.
        system_error: the passing failures, as the provider writes them; empty for none.
    """

    now: int
    values: Mapping[str, Any]
    errors: Mapping[str, str]
    system_error: str = ""

    def library(self) -> str:
        """The Rego library that holds them."""
        return _STUB.format(
            now=self.now,
            answers=_literal(self.values),
            errors=_literal(self.errors),
            failures=_literal(self.system_error),
        )


def variant(template: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """The ConstraintTemplate with `external_data` and the clock replaced.

    Raises:
        ValueError: the template is none that the translator made.
    """
    made = copy.deepcopy(dict(template))
    target = made["spec"]["targets"][0]
    code = [each["source"] for each in target.get("code", ()) if each.get("engine", "Rego") == "Rego"]
    source = code[0] if code else target
    source["rego"] = _stubbed(source["rego"])
    source["libs"] = [*map(_stubbed, source.get("libs") or ()), answers.library()]
    return made


def _stubbed(text: str) -> str:
    replaced = text.replace("external_data(", "stub.external_data(").replace("time.now_ns()", "stub.now")
    if replaced == text:
        return text
    if not _PACKAGE.search(replaced):
        raise ValueError("a Rego text has no package line")
    # Gatekeeper finds what a library holds through an import only.
    return _PACKAGE.sub(r"\1\nimport data.lib.stub\n", replaced, count=1)


def _literal(value: Any) -> str:  # noqa: ANN401 - any JSON is Rego
    return json.dumps(value, indent="\t", sort_keys=True)
