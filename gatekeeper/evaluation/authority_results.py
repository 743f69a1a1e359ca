"""Why an authority vouches for an image, or does not: each signature's steps, and whom the policy accepts.

The provider says how far a signature or an attestation came; whether its identity is one of the policy's, and whether
the policy's rule is content with a statement, is decided by the template that the cluster has, asked about one proof at
a time.
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
from gatekeeper.translation.attestation_rules import rules_of
from gatekeeper.translation.translate import coverage
from provider.errors import BestbeforeError
from provider.questions import attestation_question, proof_question
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
class EntryResult:
    """What an entry of an authority's attestations makes of an image.

    Attributes:
        name: of the entry.
        type: of the predicate, as the policy has it.
        attestations: that were found, of this type and of others; accepted is one that satisfies the entry.
        digest: what they must be about; empty where that is not known.
        absence: where none was found: where was looked.
        error: why there are none to look at.
    """

    name: str
    type: str
    attestations: Sequence[AuthoritySignature] = ()
    digest: str = ""
    absence: str = ""
    error: BestbeforeError | None = None

    @property
    def satisfied(self) -> bool:
        """Whether one of them is what the entry wants."""
        return any(each.identified for each in self.attestations)

    @property
    def reason(self) -> str:
        """Why it is not satisfied; empty where it is."""
        if self.satisfied:
            return ""
        if self.error is not None:
            return self.error.reason
        proved = [each.examined.proof for each in self.attestations if each.examined.proof is not None]
        right = any(each.attestation and (each.attestation.statement is not None) for each in proved)
        return Reason.ATTESTATION_REJECTED if right or (self.attestations and not proved) else Reason.ATTESTATION_ABSENT


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
        entries: of its attestations, which it looks at in place of signatures; each must be satisfied.
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
    entries: Sequence[EntryResult] = ()

    @property
    def vouches(self) -> bool:
        """Whether it does."""
        if self.entries:
            return all(each.satisfied for each in self.entries)
        return self.static == "pass" or any(each.identified for each in self.signatures)

    @property
    def reason(self) -> str:
        """Why it does not; empty where it does."""
        if self.vouches:
            return ""
        if self.entries:
            return next(each.reason for each in self.entries if not each.satisfied)
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
    policies: Sequence[ClusterImagePolicy], image: str, examine: Examine, engine: Engine, now: int
) -> list[PolicyResult]:
    """What each authority of each policy makes of an image, at a moment: nanoseconds since 1970.

    Raises:
        NoVerdictError: no opa, or it did not finish.
    """
    authorities = {policy.name: constraint.parameters(policy)["authorities"] for policy in policies}
    found = [
        PolicyResult(policy, [_examined(authority, image, examine) for authority in each])
        for policy, each in authorities.items()
    ]
    good = _identified(list(_proofs(found, authorities)), {each.name: each for each in policies}, engine, now)
    return [
        replace(each, authorities=[_with_identities(each.policy, one, good) for one in each.authorities])
        for each in found
    ]


def _examined(authority: Mapping[str, Any], image: str, examine: Examine) -> AuthorityResult:
    if "static" in authority:
        return AuthorityResult(authority["name"], static=authority["static"]["action"])
    verify = proof_question.read(authority["attestor" if "attestations" in authority else "verify"])
    wanted = AuthorityResult(authority["name"], verify, identities=authority.get("identities") or ())
    if "attestations" in authority:
        entries = [_examined_entry(verify, each, image, examine) for each in authority["attestations"]]
        return replace(wanted, entries=entries)
    try:
        found = examine(ProofQuestion(image, verify))
    except BestbeforeError as error:
        return replace(wanted, error=error)
    signatures = [AuthoritySignature(each) for each in found.signatures]
    return replace(wanted, digest=found.digest, signatures=signatures, absence=found.absence)


def _examined_entry(verify: Verify, entry: Mapping[str, Any], image: str, examine: Examine) -> EntryResult:
    wanted = EntryResult(entry["name"], entry["type"])
    try:
        found = examine(ProofQuestion(image, _wish(verify, entry)))
    except BestbeforeError as error:
        return replace(wanted, error=error)
    seen = [AuthoritySignature(each) for each in found.signatures]
    return replace(wanted, digest=found.digest, attestations=seen, absence=found.absence)


def _wish(verify: Verify, entry: Mapping[str, Any]) -> Verify:
    """What the template asks for an entry, by itself and not knowing what its rule reads."""
    wish = attestation_question.read({**entry["wish"], "statement": True if "rule" in entry else []})
    return replace(verify, attestation=wish)


@dataclass(frozen=True)
class _Proof:
    """A proof, and where it stands.

    Attributes:
        place: policy, authority, number of the entry (-1 for signatures), number of the proof.
        authority: with this entry alone.
        verify: what was asked.
        value: on the wire.
    """

    place: tuple[str, str, int, int]
    authority: Mapping[str, Any]
    verify: Verify
    value: Mapping[str, Any]

    @property
    def rule(self) -> str:
        """The rule of its entry; empty for none."""
        entries: Sequence[Mapping[str, Any]] = self.authority.get("attestations") or ({},)
        return str(entries[0].get("rule", ""))


def _proofs(found: Sequence[PolicyResult], authorities: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[_Proof]:
    for each in found:
        for one, authority in zip(each.authorities, authorities[each.policy], strict=True):
            if one.verify is None:
                continue
            yield from _proved(one.signatures, (each.policy, one.name, -1), authority, one.verify)
            for number, entry in enumerate(one.entries):
                alone = {**authority, "attestations": [authority["attestations"][number]]}
                verify = _wish(one.verify, alone["attestations"][0])
                yield from _proved(entry.attestations, (each.policy, one.name, number), alone, verify)


def _proved(
    seen: Sequence[AuthoritySignature], where: tuple[str, str, int], authority: Mapping[str, Any], verify: Verify
) -> Iterator[_Proof]:
    for number, each in enumerate(seen):
        if each.examined.proof is not None:
            yield _Proof((*where, number), authority, verify, each.examined.proof.to_json())


def _identified(
    proofs: Sequence[_Proof], policies: Mapping[str, ClusterImagePolicy], engine: Engine, now: int
) -> set[tuple[str, str, int, int]]:
    """Where the proofs stand that an authority accepts: each is given to a policy of that authority and entry alone."""
    cases, values = [], {}
    for number, proof in enumerate(proofs):
        image = f"proof.invalid/signature:{number}"
        parameters = {"name": "", "images": [{"glob": "**"}], "authorities": [proof.authority], "digest": "off"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [{"image": image}]}}
        alone = _template(policies[proof.place[0]], proof.rule)
        cases.append(ConstraintReview(alone, parameters, Review(pod).to_json(), now))
        values[key_of(ProofQuestion(image, proof.verify))] = {"proofs": [proof.value]}
    found = Evaluator(engine).violations(cases, StubAnswers(values, {})) if cases else ()
    return {proof.place for proof, violations in zip(proofs, found, strict=True) if not violations}


def _template(policy: ClusterImagePolicy, rule: str) -> Template:
    """The template of a policy with no rule but this one of an attestation: each has a package of its own."""
    if not rule:
        return Template.of(template.document(names.SHARED_KIND, template.shared_source(), {}))
    kind = f"{names.kind_of(policy.name)}_{rule}"
    rules = [each for each in rules_of(policy, kind) if each.name == rule]
    return Template.of(template.document(kind, template.rule_source(kind, "", None, rules), {}))


def _with_identities(policy: str, found: AuthorityResult, good: set[tuple[str, str, int, int]]) -> AuthorityResult:
    entries = [
        replace(each, attestations=_accepted(each.attestations, (policy, found.name, number), good))
        for number, each in enumerate(found.entries)
    ]
    return replace(found, signatures=_accepted(found.signatures, (policy, found.name, -1), good), entries=entries)


def _accepted(
    seen: Sequence[AuthoritySignature], where: tuple[str, str, int], good: set[tuple[str, str, int, int]]
) -> Sequence[AuthoritySignature]:
    return [replace(each, identified=(*where, number) in good) for number, each in enumerate(seen)]
