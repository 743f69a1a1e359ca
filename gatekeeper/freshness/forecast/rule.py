"""A Constraint as the forecast asks it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents import fields
from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.forecast.scope import Scope, reads_waivers, waivers_for, waivers_in
from gatekeeper.translation.tokens import tokens
from gatekeeper.translation.translate import Translation

# What a Constraint does that somebody notices.
_FELT: Final = ("deny", "warn")
_RANDOM: Final = ("rand", "uuid")


@dataclass(frozen=True, slots=True)
class Rule:
    """A Constraint and its template.

    Attributes:
        policy: name of the policy.
        action: `deny` or `warn`.
        template: of its kind.
        constraint: the object.
        scope: what of a review it may read.
        parameters: as JSON.
        inventory: what is at `data.inventory`, as JSON.
        waived: whether these are the parameters and the inventory with all that waives; else that is left out.
        random: whether its text uses a random number: nobody can foresee what it says.
        reads_clock: whether its verdict may be another one at another time.
    """

    policy: str
    action: str
    template: Template
    constraint: Mapping[str, Any]
    scope: Scope
    parameters: str
    inventory: str
    waived: bool = True
    random: bool = False
    reads_clock: bool = True

    def seen_in(self, namespace: str) -> str:
        """Of what is at `data.inventory` what counts in a namespace: the Waivers that name it."""
        if self.scope.namespaces is None:
            return self.inventory
        return _text(waivers_in(namespace, json.loads(self.inventory)))


def rules(translations: Sequence[Translation], inventory: Mapping[str, Any]) -> list[Rule]:
    """Those of policies, each once as it is and, where something may be waived, once without all waivers."""
    found: list[Rule] = []
    for translation in translations:
        template = Template.of(translation.template)
        random = any(map(_is_random, (template.main, *template.libs)))
        for made in translation.constraints:
            spec = made["spec"]
            action = str(spec.get("enforcementAction", "deny"))
            if action not in _FELT:
                continue
            parameters = dict(spec.get("parameters") or {})
            seen = _seen(template, parameters, inventory)
            waivers = fields.mapping(parameters, "waivers")
            clock = template.reads_clock or waivers.get("allowed") is True
            scope, text, its = Scope.of(template, parameters, seen), _text(parameters), _text(seen)
            whole = Rule(translation.policy, action, template, made, scope, text, its, random=random, reads_clock=clock)
            found.append(whole)
            bare = {name: each for name, each in parameters.items() if name != "exemptions"}
            if waivers:
                bare["waivers"] = {name: each for name, each in waivers.items() if name != "entries"}
            plain = (_text(bare), "{}")
            if action == "deny" and plain != (text, its):
                its_scope = Scope.of(template, bare, {})
                found.append(
                    Rule(
                        translation.policy,
                        action,
                        template,
                        made,
                        its_scope,
                        *plain,
                        waived=False,
                        random=random,
                        reads_clock=template.reads_clock,
                    )
                )
    return found


def _seen(template: Template, parameters: Mapping[str, Any], inventory: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the rule sees at `data.inventory`: nothing that it does not look at, so that it is not judged anew by it."""
    if template.reads_inventory:
        return inventory
    return waivers_for(parameters, inventory) if reads_waivers(template, parameters) else {}


def _is_random(text: str) -> bool:
    """Whether a Rego text calls what gives another value each time; comments and texts do not count."""
    if not any(name in text for name in _RANDOM):
        return False
    words = [each.text for each in tokens(text)]
    calls = zip(words, words[1:], words[2:], strict=False)
    return any(one in _RANDOM and dot == "." and name in {"intn", "rfc4122"} for one, dot, name in calls)


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
