"""SignedImages, our own policy: its ConstraintTemplate, and the pair of Constraints that deny and warn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from gatekeeper.policy import keys
from gatekeeper.policy.model import Identity
from gatekeeper.policy.problems import PolicyError, Problem
from gatekeeper.translation import constraint, library, names, template
from gatekeeper.translation.age_schema import GLOB
from gatekeeper.translation.maximum_image_age import Exemption, name_problems
from gatekeeper.translation.signed_images_schema import MOST_SIGNERS, signed_images_schema
from gatekeeper.translation.verification import identity_fields
from provider.questions import proof_question
from provider.questions.proof_question import Verify
from provider.version import VERSION

KIND: Final = "SignedImages"

_DESCRIPTION: Final = (
    "Images must be signed by those who may sign them: who that is, and how many of them must have signed, is said for "
    "each glob of images."
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
        found: dict[str, Any] = {"name": self.name, "verify": proof_question.write(self.verify)}
        if self.identities:
            found["identities"] = [identity_fields(each) for each in self.identities]
        return found

    def problems(self, path: str) -> Iterator[Problem]:
        """What is wrong, the fields below a path."""
        if not self.name:
            yield Problem(f"{path}.name", "is empty, and messages need one")
        if (self.verify.key is None) == (self.verify.keyless is None):
            yield Problem(f"{path}.verify", "expected exactly one of key and keyless")
        if self.verify.key is not None and (fault := keys.fault(self.verify.key.data)):
            yield Problem(f"{path}.verify.key.data", fault)
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
        for index, glob in enumerate(self.images):
            if not re.fullmatch(GLOB, glob):
                sentence = f"{glob!r} is no glob of letters, digits and `._-:/@*`"
                yield Problem(f"{path}.images[{index}].glob", sentence)
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
class SignedImages:
    """The settings of one policy of the kind.

    Attributes:
        rules: who has to sign what; an image must satisfy every rule that covers it.
        name: of the Constraint that denies; the one that warns has `-warn` behind it.
        unmatched: what happens to images that no rule covers.
        digest: what happens to images that a Pod names without a digest.
        exemptions: images that need no signature for a time.
        namespaces: labels of the namespaces where the policy applies; empty for all namespaces.
        excluded_namespaces: names of namespaces where it does not.
    """

    rules: tuple[SigningRule, ...]
    name: str = "signed-images"
    unmatched: Literal["deny", "warn", "allow"] = "deny"
    digest: Literal["require", "warn", "off"] = "require"
    exemptions: tuple[Exemption, ...] = ()
    namespaces: Mapping[str, str] = field(default_factory=lambda: {constraint.NAMESPACE_LABEL: "true"})
    excluded_namespaces: tuple[str, ...] = ()

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the settings."""
        yield from name_problems(self.name)
        if not self.rules:
            yield Problem("rules", "expected a rule at least")
        for index, rule in enumerate(self.rules):
            yield from rule.problems(f"rules[{index}]")


def template_document() -> dict[str, Any]:
    """The ConstraintTemplate of the kind."""
    main = library.module("template_signed_images")
    source = template.Source(main.text, tuple(each.text for each in library.with_imports(main)))
    annotations = {
        "metadata.gatekeeper.sh/title": "Signed images",
        "metadata.gatekeeper.sh/version": VERSION,
        "description": _DESCRIPTION,
    }
    return template.document(KIND, source, annotations, signed_images_schema())


def constraints(policy: SignedImages) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Constraint that denies, and the one that warns: an action belongs to a Constraint, not to a verdict.

    Raises:
        PolicyError: the settings are wrong; every problem at once.
    """
    problems = tuple(policy.problems())
    if problems:
        raise PolicyError(problems)
    return (
        _constraint(policy, policy.name, "deny"),
        _constraint(policy, policy.name + names.WARN_SUFFIX, "warn"),
    )


def _constraint(policy: SignedImages, name: str, action: str) -> dict[str, Any]:
    match: dict[str, Any] = {"kinds": constraint.kinds()}
    if policy.namespaces:
        match["namespaceSelector"] = {"matchLabels": dict(policy.namespaces)}
    if policy.excluded_namespaces:
        match["excludedNamespaces"] = list(policy.excluded_namespaces)
    return {
        "apiVersion": constraint.GROUP_VERSION,
        "kind": KIND,
        "metadata": {"name": name},
        "spec": {"enforcementAction": action, "match": match, "parameters": _parameters(policy, action)},
    }


def _parameters(policy: SignedImages, action: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "rules": [each.to_json() for each in policy.rules],
        "unmatched": policy.unmatched,
        "digest": policy.digest,
    }
    if policy.exemptions:
        found["exemptions"] = [each.to_json() for each in policy.exemptions]
    found["reports"] = action
    return found


def _is_whole(identity: Identity) -> bool:
    return bool(identity.issuer) != bool(identity.issuer_reg_exp) and bool(identity.subject) != bool(
        identity.subject_reg_exp
    )
