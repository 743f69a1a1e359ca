"""Why an authority vouches for an image, or does not: each signature's steps, and whom the policy accepts.

The provider says how far a signature came; whether its identity is one of the policy's is decided by the template that
the cluster has, asked about one proof at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template
from gatekeeper.evaluation.review import Review
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.translation import constraint, names, template
from gatekeeper.translation.translate import coverage
from provider.errors import BestbeforeError
from provider.questions import proof_question
from provider.questions.proof_question import Verify
from provider.questions.question import ProofQuestion, key_of
from provider.reasons import Reason

if TYPE_CHECKING:
    from provider.signatures.examination import Examination, SignatureSteps

Examine = Callable[[ProofQuestion], "Examination"]


@dataclass(frozen=True)
class AuthoritySignature:
    """A signature as an authority sees it.

    Attributes:
        examined: its steps.
        identified: whether the policy accepts it; False for what is not proved.
    """

    examined: SignatureSteps
    identified: bool = False


@dataclass(frozen=True)
class AuthorityResult:
    """What an authority makes of an image.

    Attributes:
        name: of the authority.
        verify: what it asks to be proved; None for a static one.
        static: `pass` or `fail`; empty for one that looks at signatures.
        digest: what must be signed; empty where that is not known.
        signatures: those that were found.
        absence: where none was found: where was looked, and what there is instead.
        identities: whom the policy names, of a keyless one: `issuer` or `issuerRegExp`, `subject` or `subjectRegExp`.
        error: why there are none to look at.
    """

    name: str
    verify: Verify | None = None
    static: str = ""
    digest: str = ""
    signatures: Sequence[AuthoritySignature] = ()
    absence: str = ""
    identities: Sequence[Mapping[str, str]] = ()
    error: BestbeforeError | None = None

    @property
    def vouches(self) -> bool:
        """Whether it does."""
        return self.static == "pass" or any(each.identified for each in self.signatures)

    @property
    def reason(self) -> str:
        """Why it does not; empty where it does."""
        if self.vouches:
            return ""
        if self.static:
            return Reason.STATIC_DENY
        if self.error is not None:
            return self.error.reason
        if not self.signatures:
            return Reason.SIGNATURE_ABSENT
        proved = any(each.examined.proof for each in self.signatures)
        return Reason.IDENTITY_MISMATCH if proved else Reason.SIGNATURE_REJECTED


@dataclass(frozen=True)
class PolicyResult:
    """What the authorities of a policy make of an image; one of them must vouch for it."""

    policy: str
    authorities: Sequence[AuthorityResult]


def covering(
    policies: Sequence[ClusterImagePolicy], review: Review, engine: Engine, now: int
) -> list[ClusterImagePolicy]:
    """The policies that look at the images of a review, as the template for uncovered images sees it.

    Raises:
        NoVerdictError: no opa, or it did not finish.
    """
    cases = []
    for policy in policies:
        made = coverage([policy], "deny")
        parameters = made.constraints[0]["spec"]["parameters"]
        cases.append(ConstraintReview(Template.of(made.template), parameters, review.to_json(), now))
    found = Evaluator(engine, review.overridden()).violations(cases, NOTHING) if cases else ()
    return [policy for policy, violations in zip(policies, found, strict=True) if not violations]


def authority_results(
    policies: Sequence[ClusterImagePolicy], image: str, examine: Examine, engine: Engine
) -> list[PolicyResult]:
    """What each authority of each policy makes of an image.

    Raises:
        NoVerdictError: no opa, or it did not finish.
    """
    authorities = {policy.name: constraint.parameters(policy)["authorities"] for policy in policies}
    found = [
        PolicyResult(policy, [_examined(authority, image, examine) for authority in each])
        for policy, each in authorities.items()
    ]
    good = _identified(list(_proofs(found, authorities)), engine)
    return [
        replace(each, authorities=[_with_identities(each.policy, one, good) for one in each.authorities])
        for each in found
    ]


def _examined(authority: Mapping[str, Any], image: str, examine: Examine) -> AuthorityResult:
    if "static" in authority:
        return AuthorityResult(authority["name"], static=authority["static"]["action"])
    verify = proof_question.read(authority["verify"])
    wanted = AuthorityResult(authority["name"], verify, identities=authority.get("identities") or ())
    try:
        found = examine(ProofQuestion(image, verify))
    except BestbeforeError as error:
        return replace(wanted, error=error)
    signatures = [AuthoritySignature(each) for each in found.signatures]
    return replace(wanted, digest=found.digest, signatures=signatures, absence=found.absence)


@dataclass(frozen=True)
class _Proof:
    """A proof, and where it stands."""

    place: tuple[str, str, int]
    authority: Mapping[str, Any]
    value: Mapping[str, Any]


def _proofs(found: Sequence[PolicyResult], authorities: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[_Proof]:
    for each in found:
        for one, authority in zip(each.authorities, authorities[each.policy], strict=True):
            for number, seen in enumerate(one.signatures):
                if seen.examined.proof is not None:
                    yield _Proof((each.policy, one.name, number), authority, seen.examined.proof.to_json())


def _identified(proofs: Sequence[_Proof], engine: Engine) -> set[tuple[str, str, int]]:
    """Where the proofs stand that an authority accepts: each is given to a policy of that authority alone."""
    source = template.document(names.SHARED_KIND, template.shared_source(), {})
    cases, values = [], {}
    for number, proof in enumerate(proofs):
        image = f"proof.invalid/signature:{number}"
        parameters = {"name": "", "images": [{"glob": "**"}], "authorities": [proof.authority], "digest": "off"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [{"image": image}]}}
        cases.append(ConstraintReview(Template.of(source), parameters, Review(pod).to_json(), 0))
        question = ProofQuestion(image, proof_question.read(proof.authority["verify"]))
        values[key_of(question)] = {"proofs": [proof.value]}
    found = Evaluator(engine).violations(cases, StubAnswers(values, {})) if cases else ()
    return {proof.place for proof, violations in zip(proofs, found, strict=True) if not violations}


def _with_identities(policy: str, found: AuthorityResult, good: set[tuple[str, str, int]]) -> AuthorityResult:
    seen = [
        replace(each, identified=(policy, found.name, number) in good) for number, each in enumerate(found.signatures)
    ]
    return replace(found, signatures=seen)
