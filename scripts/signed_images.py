"""The settings of SignedImages that policies/signed-images starts from; they stand as parameters in its cases.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatekeeper.own.attesting_rule import AttestingRule, RequiredAttestation, StatementAge
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.signed_images import SignedImages, SigningRule
from gatekeeper.own.signer import Signer
from gatekeeper.policy.model import Identity
from provider.questions import proof_question


def settings(given: Mapping[str, Any]) -> SignedImages:
    """The policy whose Constraints have such parameters."""
    return SignedImages(
        rules=tuple(_rule(each) for each in given["rules"]),
        unmatched=given["unmatched"],
        digest=given["digest"],
        exemptions=tuple(Exemption(**each) for each in given["exemptions"]),
    )


def _rule(given: Mapping[str, Any]) -> SigningRule | AttestingRule:
    globs = tuple(each["glob"] for each in given["images"])
    if "attestations" in given:
        return AttestingRule(globs, tuple(_attestation(each) for each in given["attestations"]))
    return SigningRule(globs, tuple(_signer(each, "verify") for each in given["signers"]), given["quorum"])


def _attestation(given: Mapping[str, Any]) -> RequiredAttestation:
    return RequiredAttestation(
        given["name"],
        given["predicateType"],
        tuple(_signer(each, "attestor") for each in given["signers"]),
        given["quorum"],
        StatementAge(tuple(given["age"]["at"]), given["age"]["max"]),
    )


def _signer(given: Mapping[str, Any], place: str) -> Signer:
    identities = tuple(
        Identity(
            issuer=each.get("issuer", ""),
            subject=each.get("subject", ""),
            issuer_reg_exp=each.get("issuerRegExp", ""),
            subject_reg_exp=each.get("subjectRegExp", ""),
        )
        for each in given.get("identities", ())
    )
    return Signer(given["name"], proof_question.read(given[place]), identities)
