"""SignedImages, our own policy: no image without the signatures of those who may sign it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from gatekeeper.documents.problems import Problem
from gatekeeper.own import schema
from gatekeeper.own.kind import PolicyKind
from gatekeeper.own.policy import OwnPolicy
from gatekeeper.own.signed_images_schema import MOST_SIGNERS, signing_parameters
from gatekeeper.policy.model import Identity
from gatekeeper.policy.validation import keys
from gatekeeper.translation.authority_parameters import identity_fields
from provider.questions import proof_question
from provider.questions.proof_question import Verify

KIND: Final = PolicyKind(
    name="SignedImages",
    title="Signed images",
    description="Images must be signed by those who may sign them: who that is, and how many of them must have signed, "
    "is said for each glob of images.",
    rule="signers",
    exempt="need no signature",
    parameters=signing_parameters(),
    required=("rules",),
)


@dataclass(frozen=True)
class Signer:
    """Somebody who may sign.

    Attributes:
        name: what messages call them.
        verify: the public key, or the trust root, and where signatures lie.
        identities: whom a certificate must name, one of these; none beside a key.
    """

    name: str
    verify: Verify
    identities: tuple[Identity, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters."""
        place = "verify" if self.verify.timestamp is None else "stamped"
        found: dict[str, Any] = {"name": self.name, place: proof_question.write(self.verify)}
        if self.identities:
            found["identities"] = [identity_fields(each) for each in self.identities]
        return found

    def problems(self, path: str) -> Iterator[Problem]:
        """What is wrong, the fields below a path."""
        if not self.name:
            yield Problem(f"{path}.name", "is empty, and messages need one")
        if (self.verify.key is None) == (self.verify.keyless is None):
            yield Problem(f"{path}.verify", "expected exactly one of key and keyless")
        if self.verify.key is not None and (problem := keys.problem(self.verify.key.data)):
            yield Problem(f"{path}.verify.key.data", problem)
        if self.verify.key is not None and self.identities:
            yield Problem(f"{path}.identities", "a key names nobody")
        if self.verify.keyless is not None and not self.identities:
            yield Problem(f"{path}.identities", "without them anybody with a certificate would do")
        for index, identity in enumerate(self.identities):
            if not _is_whole(identity):
                sentence = "expected one of issuer and issuerRegExp, and one of subject and subjectRegExp"
                yield Problem(f"{path}.identities[{index}]", sentence)


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
        if not 1 <= len(self.signers) <= MOST_SIGNERS:
            yield Problem(f"{path}.signers", f"expected 1 to {MOST_SIGNERS}, got {len(self.signers)}")
        elif not 1 <= self.quorum <= len(self.signers):
            yield Problem(f"{path}.quorum", f"{self.quorum} of {len(self.signers)} signers can never be")
        named = [each.name for each in self.signers]
        for name in sorted({name for name in named if named.count(name) > 1}):
            yield Problem(f"{path}.signers", f"two are called {name}")
        for index, signer in enumerate(self.signers):
            yield from signer.problems(f"{path}.signers[{index}]")


@dataclass(frozen=True)
class SignedImages(OwnPolicy):
    """The settings of one policy of the kind.

    Attributes:
        rules: who has to sign what; an image must satisfy every rule that covers it.
        unmatched: what happens to images that no rule covers.
        digest: what happens to images that a Pod names without a digest.
    """

    KIND: ClassVar[PolicyKind] = KIND

    rules: tuple[SigningRule, ...]
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


def _is_whole(identity: Identity) -> bool:
    return bool(identity.issuer) != bool(identity.issuer_reg_exp) and bool(identity.subject) != bool(
        identity.subject_reg_exp
    )
