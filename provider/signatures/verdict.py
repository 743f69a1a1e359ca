"""What became of an image's signatures: proved, rejected, or not to be had."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provider import limits
from provider.errors import ImageError
from provider.foreign_text import shown
from provider.questions.answer import Proof, SigningTime
from provider.reasons import Reason
from provider.signatures.absence import Look
from provider.signatures.demands import Demands
from provider.signatures.formats import bundle
from provider.signatures.listing import Listing
from provider.signatures.rejection import RejectionError

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class VerificationResult:
    """What verifying one signature gave.

    Attributes:
        proof: None for none.
        problem: why there is none.
        step: at which that was seen; 0 for none of them.
        error: what kept us from having the signature; None where nothing did.
        hint: what a person should know beside the problem.
    """

    proof: Proof | None
    problem: str = ""
    step: int = 0
    error: ImageError | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one signature.

    Attributes:
        form: `legacy` or `bundle`.
        name: digest of its material.
        demands: what it was measured by.
        result: what that gave.
        looked_at: whether it was had and read, so that the result is about what it says.
    """

    form: str
    name: str
    demands: Demands
    result: VerificationResult
    looked_at: bool = True


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of all of an image.

    Attributes:
        of: each, in the order of their lists.
        observed_at: when they were seen; seconds since 1970.
        look: where they were looked for.
    """

    of: Sequence[Verdict]
    observed_at: float
    look: Look

    @property
    def results(self) -> Sequence[VerificationResult]:
        """What each gave."""
        return [verdict.result for verdict in self.of]

    @property
    def passed_over(self) -> int:
        """How many nobody looked at."""
        return sum(not verdict.looked_at for verdict in self.of)

    @property
    def earliest(self) -> SigningTime | None:
        """The earliest time that somebody proves of any of them; all have the same form, in UTC."""
        times = [time for result in self.results if result.proof for time in result.proof.times if time.proved]
        return min(times, key=lambda time: time.at, default=None)


def worked_out(work: Callable[[], Proof]) -> tuple[VerificationResult, bool]:
    """A result, and whether it is the same tomorrow.

    Raises:
        NoSignatureError: it claims to be something else.
        ImageError: the time is over.
    """
    try:
        proof = work()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this signature that fails
        return failed(error)
    return proved_by(proof)


def proved_by(proof: Proof) -> tuple[VerificationResult, bool]:
    """The result of a verification that ended well, and whether it is the same tomorrow."""
    return VerificationResult(proof), all(time.proved for time in proof.times)


def failed(error: Exception) -> tuple[VerificationResult, bool]:
    """The result of a verification that ended in an error, and whether it is the same tomorrow.

    Raises:
        NoSignatureError: it claims to be something else.
        ImageError: the time is over.
    """
    if isinstance(error, RejectionError):
        problem = shown(str(error), limits.PROBLEM_CHARACTERS)
        return VerificationResult(None, problem, error.step, hint=error.hint), error.lasting
    if isinstance(error, (bundle.NoSignatureError, ImageError)):
        raise error
    # A signature that nobody expected proves nothing, and must not hide one that is good.
    _LOG.error("a signature could not be verified", exc_info=error)
    return VerificationResult(None, "the signature could not be verified"), False


def proved(found: Verdicts) -> Sequence[Proof]:
    """The proofs among the verdicts, of which there is one at least; of the same signature one, with the times of all.

    The same signature may lie there twice, once with a later log entry or timestamp than the other time.

    Raises:
        ImageError: there are none.
    """
    proofs: dict[str, Proof] = {}
    for proof in (result.proof for result in found.results if result.proof):
        first = proofs.setdefault(proof.id, proof)
        proofs[proof.id] = replace(first, times=list(dict.fromkeys((*first.times, *proof.times))))
    if proofs:
        return list(proofs.values())
    raise_first(found.results)
    raise nothing_proved(Reason.SIGNATURE_REJECTED, "no matching signatures: ", found)


def nothing_proved(reason: Reason, head: str, found: Verdicts) -> ImageError:
    """That none of them proves anything, with the first problems, and how many of them nobody looked at."""
    problems = [result.problem for result in found.results]
    more = len(problems) - limits.REJECTIONS_SHOWN
    said = " ".join(problems[: limits.REJECTIONS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    hints = dict.fromkeys(result.hint for result in found.results if result.hint)
    return ImageError(reason, head + said, detail="; ".join(hints), passed_over=found.passed_over)


def raise_first(results: Sequence[VerificationResult]) -> None:
    """Raise what kept us from a signature: without it nobody knows what it proves.

    Raises:
        ImageError: that.
    """
    for result in results:
        if result.error is not None:
            raise result.error


def together(found: Sequence[Verdicts]) -> Verdicts:
    """Several as one; the last says where was looked."""
    of = [verdict for each in found for verdict in each.of]
    return Verdicts(of, min(each.observed_at for each in found), found[-1].look)


def listed(listing: Listing, form: str, demands: Demands) -> Sequence[Verdict]:
    """What became of the entries of a list that nobody could look at: they prove nothing, and those beside them may."""
    return [
        *(unreadable(form, problem, demands) for problem in listing.problems),
        *(not_had(form, "", error, demands) for error in listing.failures),
    ]


def unreadable(form: str, problem: str, demands: Demands) -> Verdict:
    """One that cannot be read, which is the first step of every form."""
    result = VerificationResult(None, shown(problem, limits.PROBLEM_CHARACTERS), step=1)
    return Verdict(form, "", demands, result, looked_at=False)


def not_had(form: str, name: str, error: ImageError, demands: Demands) -> Verdict:
    """One that could not be had: it proves nothing, and must not hide a good one beside it."""
    result = VerificationResult(None, error.message, error=error.again())
    return Verdict(form, name, demands, result, looked_at=False)
