"""The schema of the attestations that a rule of SignedImages requires."""

from __future__ import annotations

from typing import Any, Final

from gatekeeper.own import duration
from gatekeeper.own.signer import MOST_SIGNERS
from gatekeeper.translation.schema import attestor_properties

# As in `lib.bestbefore.attestation_parameters`.
MOST_ATTESTATIONS: Final = 10
MOST_VALUES: Final = 8
PREDICATE_TYPE: Final = "^[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,500}$"
# As in `lib.bestbefore.statement_bounds`.
GLOB: Final = "^[!-~]{1,512}$"


def attestations_schema() -> dict[str, Any]:
    """Of the list."""
    return {
        "description": "What must be attested, in place of `signers`: each entry must be satisfied. Who also wants a "
        "signature writes a second rule with the same images.",
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_ATTESTATIONS,
        "items": {
            "type": "object",
            "required": ["name", "predicateType", "signers"],
            "properties": {
                "name": {"description": "What messages call the attestation.", "type": "string", "minLength": 1},
                "predicateType": {
                    "description": "The URI of its type, compared as text: `https://slsa.dev/provenance/v1`.",
                    "type": "string",
                    "pattern": PREDICATE_TYPE,
                },
                "signers": _signers(),
                "quorum": {
                    "description": "How many different signers must have attested it; 1 by default.",
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_SIGNERS,
                },
                "age": _age(),
                "values": _values(),
            },
        },
    }


def _signers() -> dict[str, Any]:
    name = {"description": "What messages call the signer.", "type": "string", "minLength": 1}
    return {
        "description": "Who may attest; each needs a name of its own, and in `attestor` a public key, or a trust root "
        "and identities.",
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_SIGNERS,
        "items": {
            "type": "object",
            "required": ["name", "attestor"],
            "properties": {"name": name, **attestor_properties()},
        },
    }


def _age() -> dict[str, Any]:
    return {
        "description": "How long ago a time in the statement may be. Without a time that can be read the attestation "
        "does not count.",
        "type": "object",
        "required": ["at", "max"],
        "properties": {
            "at": _path(),
            "max": {
                "description": "A duration, `7d`.",
                "type": "string",
                "pattern": duration.PATTERN,
                "minLength": 2,
            },
        },
    }


def _values() -> dict[str, Any]:
    return {
        "description": "What texts in the statement may be, such as its builder or its source; all entries must hold.",
        "type": "array",
        "maxItems": MOST_VALUES,
        "items": {
            "type": "object",
            "required": ["at", "globs"],
            "properties": {
                "at": _path(),
                "globs": {
                    "description": "One must fit the whole text; `*` stops at a slash, `**` does not.",
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "string", "pattern": GLOB},
                },
            },
        },
    }


def _path() -> dict[str, Any]:
    return {
        "description": "The path, from the statement on: `[predicate, metadata, scanFinishedOn]`.",
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "minLength": 1},
    }
