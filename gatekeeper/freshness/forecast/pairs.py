"""Pairs of Constraints whose verdicts are made once: one of them reports what is to deny, the other what is to warn.

In a cluster each of the two makes all verdicts for itself. What they are given is the same except `reports`, by which
a verdict is reported or not when it is made (`settled` in `judgement.rego`), and `twin`, which the one that denies does
not look at. What a Constraint does, is called or matches, no template sees.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.forecast.clock_program import HALVES
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.own import maximum_image_age, signed_images

_DENIES, _WARNS = HALVES


def pairs(rules: Mapping[int, Rule]) -> Mapping[int, int]:
    """By the number of a rule that warns that of the one that denies, each in one pair at most.

    Only of templates whose text is the one that this version makes: of another text it is not known where `reports` is
    read.

    Args:
        rules: by their number.
    """
    denying: dict[Any, int] = {}
    warning: dict[Any, int] = {}
    for number, rule in rules.items():
        half, given = _given(rule)
        if half == _DENIES:
            denying.setdefault(given, number)
        elif half == _WARNS:
            warning.setdefault(given, number)
    return {number: denying[given] for given, number in warning.items() if given in denying}


def _given(rule: Rule) -> tuple[str, Any]:
    """Which half of a pair a rule is, empty for none, and all that it has to have in common with the other one."""
    parameters = json.loads(rule.parameters)
    half, twin = parameters.pop("reports", ""), parameters.pop("twin", {})
    if half not in HALVES or not isinstance(twin, dict) or rule.template not in _ours():
        return "", None
    return half, (rule.template, json.dumps(parameters, sort_keys=True), rule.inventory)


@cache
def _ours() -> frozenset[Template]:
    """The templates of our own policies, as this version makes them."""
    kinds = (maximum_image_age.KIND, signed_images.KIND)
    return frozenset(Template.of(kind.template(synced_waivers=synced)) for kind in kinds for synced in (False, True))
