"""How far each signature of an image came, for people who want to know why one proves nothing.

The steps are those of `simple_signing` and `bundle`, and of `docs/verification.md`, by the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provider.answer import Proof
from provider.signatures import bundle, simple_signing
from provider.signatures.demands import Demands


class Outcome(StrEnum):
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
        outcome: what became of it.
    """

    number: int
    must: str
    outcome: Outcome


@dataclass(frozen=True)
class Examined:
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
    """

    image: str
    digest: str
    signatures: Sequence[Examined]


_Asked = Callable[[Demands], bool]


def _always(_: Demands) -> bool:
    return True


def _by_certificate(demands: Demands) -> bool:
    return demands.key is None


_STEPS: Final[dict[str, Sequence[tuple[str, _Asked]]]] = {
    simple_signing.FORMAT: (
        ("it is a simple signing, and has a signature", _always),
        ("a timestamp authority stamped the signature", lambda demands: demands.timestamps is not None),
        ("a log promised to include signature, signer and payload", lambda demands: demands.logs is not None),
        ("the certificate may sign, has a path to an authority, and was logged", _by_certificate),
        ("the signature over the payload is the key's, or the certificate's", _always),
        ("the payload claims the image's digest", _always),
        ("certificates were valid at every time that is proved", _always),
    ),
    bundle.FORMAT: (
        ("it can be read in one way, and claims to be a signature of the image's digest", _always),
        (
            "its timestamps are an authority's, over the signature",
            lambda demands: demands.timestamps is not None or demands.trust_root is not None,
        ),
        ("one log entry is about this signature, and in the log's tree", lambda demands: demands.logs is not None),
        ("at a proved time the certificate could sign, had a path to an authority, and was logged", _by_certificate),
        ("the signature over the envelope, or the image, is the key's, or the certificate's", _always),
    ),
}


def steps(form: str, demands: Demands, failed: int | None) -> Sequence[Step]:
    """What became of each step.

    Args:
        form: of the signature.
        demands: what has to be proved of a signature of this form.
        failed: the step at which it was refused; None for none.
    """
    return tuple(
        Step(number, must, _outcome(number, asked(demands), failed))
        for number, (must, asked) in enumerate(_STEPS[form], start=1)
    )


def _outcome(number: int, asked: bool, failed: int | None) -> Outcome:  # noqa: FBT001 - a fact, not a switch
    if number == failed:
        return Outcome.FAILS
    if not asked:
        return Outcome.SKIPPED
    return Outcome.HOLDS if failed is None or number < failed else Outcome.UNREACHED
