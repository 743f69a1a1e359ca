"""What became of an image's signatures: proved, rejected, or not to be had."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from provider import limits
from provider.errors import ImageError
from provider.foreign_text import shown
from provider.questions.answer import Proof, TimeSource
from provider.reasons import Reason
from provider.signatures.demands import Demands
from provider.signatures.formats import bundle
from provider.signatures.rejection import RejectedError

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What verifying one signature gave.

    Attributes:
        proof: None for none.
        problem: why there is none.
        step: at which that was seen; 0 for none of them.
        error: what kept us from having the signature; None where nothing did.
    """

    proof: Proof | None
    problem: str = ""
    step: int = 0
    error: ImageError | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one signature.

    Attributes:
        form: `legacy` or `bundle`.
        name: digest of its material.
        demands: what it was measured by.
        result: what that gave.
    """

    form: str
    name: str
    demands: Demands
    result: Result


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of all of an image.

    Attributes:
        of: each, in the order of their lists.
        observed_at: when they were seen; seconds since 1970.
    """

    of: Sequence[Verdict]
    observed_at: float

    @property
    def results(self) -> Sequence[Result]:
        """What each gave."""
        return [verdict.result for verdict in self.of]


def worked_out(work: Callable[[], Proof]) -> tuple[Result, bool]:
    """A result, and whether it is the same tomorrow.

    Raises:
        NoSignatureError: it claims to be something else.
        ImageError: the time is over.
    """
    try:
        proof = work()
    except RejectedError as error:
        return Result(None, shown(str(error), limits.PROBLEM_CHARACTERS), error.step), error.lasting
    except (bundle.NoSignatureError, ImageError):
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is this signature that fails
        # A signature that nobody expected proves nothing, and must not hide one that is good.
        _LOG.exception("a signature could not be verified")
        return Result(None, "the signature could not be verified"), False
    return Result(proof), all(time.source is not TimeSource.NONE for time in proof.times)


def proved(results: Sequence[Result]) -> Sequence[Proof]:
    """The proofs among the results, the first of those that are the same.

    Raises:
        ImageError: there are none.
    """
    if not results:
        raise ImageError(Reason.SIGNATURE_ABSENT, "no signatures found")
    proofs = {result.proof.id: result.proof for result in reversed(results) if result.proof}
    if proofs:
        return list(reversed(proofs.values()))
    raise_first(results)
    problems = [result.problem for result in results]
    more = len(problems) - limits.REJECTIONS_SHOWN
    told = " ".join(problems[: limits.REJECTIONS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    raise ImageError(Reason.SIGNATURE_REJECTED, f"no matching signatures: {told}")


def raise_first(results: Sequence[Result]) -> None:
    """Raise what kept us from a signature: without it nobody knows what it proves.

    Raises:
        ImageError: that.
    """
    for result in results:
        if result.error is not None:
            raise result.error
