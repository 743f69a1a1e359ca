"""A policy's text as a library of its template, whichever language it is in."""

from __future__ import annotations

from typing import Final

from gatekeeper.cue.compilation import rego_of
from gatekeeper.cue.refusal import CueError
from gatekeeper.policy.model import Policy
from gatekeeper.translation import rule

CUE: Final = "cue"
# What compiled CUE leans on, as the text of a library says it.
CUE_IMPORT: Final = "lib.bestbefore.cue"
CUE_RECIPE: Final = (
    "write the same rule in Rego: `type: rego`, `package sigstore`, and a rule `isCompliant` with a line for each "
    'field that the CUE text constrains, such as `input.config[_].config.User == "nonroot"`; CUE passes a field '
    "that is absent, Rego does not, so add `not` or `object.get` where it may be"
)


def library_of(policy: Policy, package: str) -> rule.RuleLibrary:
    """A policy's rule in a package (`lib.policies.…`): Rego is moved, CUE compiled."""
    if policy.type != CUE:
        return rule.library_of(policy.data, package)
    try:
        return rule.RuleLibrary(rego_of(policy.data, package), ())
    except CueError as error:
        return rule.RuleLibrary("", (rule.RuleProblem(error.line, _sentence(error), CUE),))


def rego_read(policy: Policy) -> str:
    """The Rego that says what a policy's rule reads; empty where its CUE is refused."""
    return policy.data if policy.type != CUE else library_of(policy, rule.PACKAGE).text


def _sentence(error: CueError) -> str:
    """In policy-controller's words where it would refuse the text too, which is when it evaluates."""
    if error.wrong:
        return f"failed to compile the cue policy with error: {error.sentence}"
    return f"this CUE cannot be compiled to Rego: {error.sentence}"
