"""Signers: who may sign or attest, as policies of ours name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents.problems import Problem
from gatekeeper.policy.model import Identity
from gatekeeper.policy.validation import keys
from gatekeeper.translation.authority_parameters import identity_fields
from provider.questions import proof_question
from provider.questions.proof_question import Verify

# As in `lib.bestbefore.signing_parameters`: all ways to distinguish them are looked at.
MOST_SIGNERS: Final = 10


@dataclass(frozen=True)
class Signer:
    """Somebody who may sign, or attest.

    Attributes:
        name: what messages call them.
        verify: the public key, or the trust root, and where signatures lie.
        identities: whom a certificate must name, one of these; none beside a key.
    """

    name: str
    verify: Verify
    identities: tuple[Identity, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The form of the parameters, of who has to sign."""
        return self._form("verify" if self.verify.timestamp is None else "stamped")

    def attestor_json(self) -> dict[str, Any]:
        """The form of the parameters, of who has to attest."""
        return self._form("attestor")

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

    def _form(self, place: str) -> dict[str, Any]:
        found: dict[str, Any] = {"name": self.name, place: proof_question.write(self.verify)}
        if self.identities:
            found["identities"] = [identity_fields(each) for each in self.identities]
        return found


def quorum_problems(path: str, signers: Sequence[Signer], quorum: int) -> Iterator[Problem]:
    """What is wrong with signers of whom it takes so many, the fields below a path."""
    if not 1 <= len(signers) <= MOST_SIGNERS:
        yield Problem(f"{path}.signers", f"expected 1 to {MOST_SIGNERS}, got {len(signers)}")
    elif not 1 <= quorum <= len(signers):
        yield Problem(f"{path}.quorum", f"{quorum} of {len(signers)} signers can never be")
    named = [each.name for each in signers]
    for name in sorted({name for name in named if named.count(name) > 1}):
        yield Problem(f"{path}.signers", f"two are called {name}")
    for index, signer in enumerate(signers):
        yield from signer.problems(f"{path}.signers[{index}]")


def _is_whole(identity: Identity) -> bool:
    return bool(identity.issuer) != bool(identity.issuer_reg_exp) and bool(identity.subject) != bool(
        identity.subject_reg_exp
    )
