"""SignedImages, our own policy: no image without the signatures, or the attestations, of those who may make them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from gatekeeper.documents.problems import Problem
from gatekeeper.own import schema
from gatekeeper.own.attesting_rule import AttestingRule
from gatekeeper.own.kind import PolicyKind
from gatekeeper.own.policy import OwnPolicy
from gatekeeper.own.signed_images_schema import signing_parameters
from gatekeeper.own.signer import Signer, quorum_problems

KIND: Final = PolicyKind(
    name="SignedImages",
    title="Signed images",
    description="Images must be signed by those who may sign them, or attested by those who may attest: who that is, "
    "how many of them it takes, and what is attested is said for each glob of images.",
    rule="signers",
    exempt="need no signature",
    parameters=signing_parameters(),
    required=("rules",),
)


@dataclass(frozen=True)
class SigningRule:
    """Who has to sign what.

    Attributes:
        images: globs; one must match.
        signers: who may sign.
        quorum: how many different ones must have.
    """

    images: tuple[str, ...]
    signers: tuple[Signer, ...]
    quorum: int = 1

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters."""
        return {
            "images": [{"glob": glob} for glob in self.images],
            "signers": [each.to_json() for each in self.signers],
            "quorum": self.quorum,
        }

    def problems(self, path: str) -> Iterator[Problem]:
        """What is wrong, the fields below a path."""
        if not self.images:
            yield Problem(f"{path}.images", "expected a glob at least")
        yield from schema.glob_problems(f"{path}.images", self.images)
        yield from quorum_problems(path, self.signers, self.quorum)


@dataclass(frozen=True)
class SignedImages(OwnPolicy):
    """The settings of one policy of the kind.

    Attributes:
        rules: who has to sign what, or to attest what of it; an image must satisfy every rule that covers it.
        unmatched: what happens to images that no rule covers.
        digest: what happens to images that a Pod names without a digest.
    """

    KIND: ClassVar[PolicyKind] = KIND

    rules: tuple[SigningRule | AttestingRule, ...]
    unmatched: Literal["deny", "warn", "allow"] = "deny"
    digest: Literal["require", "warn", "off"] = "require"
    name: str = field(default="signed-images", kw_only=True)

    def own_problems(self) -> Iterator[Problem]:
        """What is wrong with the settings."""
        if not self.rules:
            yield Problem("rules", "expected a rule at least")
        for index, rule in enumerate(self.rules):
            yield from rule.problems(f"rules[{index}]")

    def own_parameters(self) -> dict[str, Any]:
        """The parameters of the Constraints."""
        return {
            "rules": [each.to_json() for each in self.rules],
            "unmatched": self.unmatched,
            "digest": self.digest,
        }
