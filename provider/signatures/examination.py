"""How far each signature of an image came, for people who want to know why one proves nothing.

The steps are those of `simple_signing` and `bundle`, and of `docs/verification.md`, by the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provider.questions.answer import Proof
from provider.signatures.demands import Demands
from provider.signatures.formats import attestation, attestation_bundle, bundle, simple_signing


class StepOutcome(StrEnum):
    """What became of a step."""

    HOLDS = "holds"
    FAILS = "fails"
    SKIPPED = "skipped"
    """The question does not ask for it."""
    UNREACHED = "unreached"
    """An earlier one failed."""


@dataclass(frozen=True)
class Step:
    """A step of the order.

    Attributes:
        number: as in the code and the documentation.
        must: what must hold.
        expected: what the signature is compared with.
        outcome: what became of it.
    """

    number: int
    must: str
    expected: str
    outcome: StepOutcome


@dataclass(frozen=True)
class SignatureSteps:
    """One signature.

    Attributes:
        form: `legacy` or `bundle`.
        name: digest of its material.
        steps: in their order.
        proof: what it proves; None for nothing.
        problem: why it proves nothing.
    """

    form: str
    name: str
    steps: Sequence[Step]
    proof: Proof | None = None
    problem: str = ""


@dataclass(frozen=True)
class Examination:
    """Every signature that was found of an image, for one question.

    Attributes:
        image: the normalised reference.
        digest: `sha256:…` that must be signed.
        signatures: legacy ones first.
        absence: where none was found: where was looked, and what there is instead; empty where there are some.
    """

    image: str
    digest: str
    signatures: Sequence[SignatureSteps]
    absence: str = ""


_Demand = Callable[[Demands], bool]


def _always(_: Demands) -> bool:
    return True


def _by_certificate(demands: Demands) -> bool:
    return demands.key is None


@dataclass(frozen=True)
class _Rule:
    """A step as it is written down; `{digest}` stands for what must be signed, `{signer}` for whose signature it is."""

    must: str
    expected: str
    asked: _Demand = _always


_CERTIFICATE: Final = _Rule(
    "the certificate may sign, has a path to an authority, and was logged",
    "a certificate for code signing, by an authority of the trust root",
    _by_certificate,
)
_STAMP: Final = _Rule(
    "a timestamp authority stamped the signature",
    "a timestamp over the signature, by an authority of the trust root",
    lambda demands: demands.timestamps is not None,
)
_LOG_ENTRY: Final = _Rule(
    "one log entry is about this signature, and in the log's tree",
    "exactly one entry for this signature, proved by a log of the trust root",
    lambda demands: demands.logs is not None,
)
_CERTIFICATE_IN_TIME: Final = _Rule(
    "at a proved time the certificate could sign, had a path to an authority, and was logged",
    "a certificate for code signing, by an authority of the trust root, valid when the signature was made",
    _by_certificate,
)
_STATEMENT: Final = _Rule(
    "the statement can be read in one way, and is about the image's digest", "a statement about {digest}"
)

_STEPS: Final[dict[str, Sequence[_Rule]]] = {
    simple_signing.FORMAT: (
        _Rule(
            "it is a simple signing, and has a signature",
            f"a layer of type {simple_signing.MEDIA_TYPE} that is annotated with a signature",
        ),
        _STAMP,
        _Rule(
            "a log promised to include signature, signer and payload",
            "a promise for this signature, by a log of the trust root, that came with the signature",
            lambda demands: demands.logs is not None,
        ),
        _CERTIFICATE,
        _Rule(
            "the signature over the payload is the key's, or the certificate's",
            "a signature over the payload by {signer}",
        ),
        _Rule("the payload claims the image's digest", "{digest}, in a container image signature"),
        _Rule(
            "certificates were valid at every time that is proved",
            "certificates that were valid when the signature was made; without a proof of that, now",
        ),
    ),
    attestation.FORM: (
        _Rule("it is an envelope with signatures", f"a layer of type {attestation.MEDIA_TYPE} with an envelope"),
        _Rule(
            "a timestamp authority stamped the envelope",
            "a timestamp over the envelope, by an authority of the trust root",
            lambda demands: demands.timestamps is not None,
        ),
        _Rule(
            "a log promised to include the envelope, by this signer",
            "a promise for this envelope, by a log of the trust root, that came with the attestation",
            lambda demands: demands.logs is not None,
        ),
        _CERTIFICATE,
        _Rule(
            "one of its signatures is the key's, or the certificate's, over an in-toto payload",
            "a signature by {signer}",
        ),
        _STATEMENT,
        _Rule(
            "certificates were valid at every time that is proved",
            "certificates that were valid when the attestation was made; without a proof of that, now",
        ),
    ),
    bundle.FORMAT: (
        _Rule(
            "it can be read in one way, and claims to be a signature of the image's digest",
            "a signature of {digest}, by {signer}",
        ),
        _STAMP,
        _LOG_ENTRY,
        _CERTIFICATE_IN_TIME,
        _Rule(
            "the signature over the envelope, or the image, is the key's, or the certificate's",
            "a signature by {signer}",
        ),
    ),
    attestation_bundle.FORM: (
        _Rule(
            "it can be read in one way, and holds an envelope",
            "an envelope, signed by {signer}",
        ),
        _STAMP,
        _LOG_ENTRY,
        _CERTIFICATE_IN_TIME,
        _Rule("the signature over the envelope is the key's, or the certificate's", "a signature by {signer}"),
        _STATEMENT,
    ),
}


def steps(form: str, digest: str, demands: Demands, failed: int | None) -> Sequence[Step]:
    """What became of each step.

    Args:
        form: of the signature.
        digest: `sha256:…` that must be signed.
        demands: what has to be proved of a signature of this form.
        failed: the step at which it was refused; None for none.
    """
    signer = f"the key sha256:{demands.key.fingerprint}" if demands.key is not None else "the certificate's key"
    return tuple(
        Step(
            number,
            rule.must,
            rule.expected.format(digest=digest, signer=signer),
            _outcome(number, rule.asked(demands), failed),
        )
        for number, rule in enumerate(_STEPS[form], start=1)
    )


def _outcome(number: int, asked: bool, failed: int | None) -> StepOutcome:  # noqa: FBT001 - a fact, not a switch
    if number == failed:
        return StepOutcome.FAILS
    if not asked:
        return StepOutcome.SKIPPED
    return StepOutcome.HOLDS if failed is None or number < failed else StepOutcome.UNREACHED
