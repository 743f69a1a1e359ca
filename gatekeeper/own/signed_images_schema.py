"""The schemas of SignedImages' own parameters."""

from __future__ import annotations

from typing import Any

from gatekeeper.own.attesting_rule_schema import attestations_schema
from gatekeeper.own.schema import choice, globs
from gatekeeper.own.signer import MOST_SIGNERS
from gatekeeper.translation.schema import signer_properties


def signing_parameters() -> dict[str, Any]:
    """The schemas by name, a description for each; the defaults are those of `lib.bestbefore.signing_parameters`."""
    return {
        "rules": {
            "description": "Who has to sign what, or to attest what of it. Every rule that covers an image must be "
            "satisfied.",
            "type": "array",
            "minItems": 1,
            "items": _rule(),
        },
        "unmatched": choice(
            ("deny", "warn", "allow"), "What happens to images that no rule covers. `deny` by default."
        ),
        "digest": choice(
            ("require", "warn", "off"),
            "What happens to an image that a rule covers and a Pod names without a digest: signatures are of a "
            "digest. `require` by default, which the chart's mutation satisfies.",
        ),
    }


def _rule() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["images"],
        # Not both: a definition of an earlier release, which does not know attestations, would be content with signers.
        "oneOf": [{"required": ["signers"]}, {"required": ["attestations"]}],
        "properties": {
            "images": {**globs("Which images the rule covers: one glob must match."), "minItems": 1},
            "signers": {
                "description": "Who may sign; each needs a name of its own, and a public key, or a trust root and "
                "identities, in `verify`; where a timestamp has to be proved, in `stamped`.",
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_SIGNERS,
                "items": _signer(),
            },
            "quorum": {
                "description": "How many different signers must have signed; 1 by default. Signers behind whom the "
                "same key or the same person is found count once.",
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_SIGNERS,
            },
            "attestations": attestations_schema(),
        },
    }


def _signer() -> dict[str, Any]:
    name = {"description": "What messages call the signer.", "type": "string", "minLength": 1}
    return {
        "type": "object",
        "required": ["name"],
        "properties": {"name": name, **signer_properties()},
    }
