"""How a check ends: its report in the form that was asked for, and its exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from gatekeeper.cli import output
from gatekeeper.cli.reports import findings, junit, sarif, text
from gatekeeper.cli.reports.sarif import SourceLine
from gatekeeper.evaluation.check_result import CheckResult
from gatekeeper.evaluation.opa import NoVerdictError

if TYPE_CHECKING:
    from gatekeeper.freshness.forecast.review_outlook import ReviewOutlook

FORMS: Final = ("text", "json", "junit", "sarif")

_SUITE: Final = "bestbefore check"


@dataclass(frozen=True)
class Report:
    """How to show a result.

    Attributes:
        form: one of `FORMS`.
        now: the time that was judged by, nanoseconds since 1970; ages are as of then.
        quiet: whether to leave out what is allowed.
        admits_uncovered: whether images that no policy covers were to be allowed: then that decides, too.
        policies: where each policy stands, by name.
        until: the end of a forecast, nanoseconds since 1970; None without one.
        ahead: what policies will say, as far as that.
    """

    form: str
    now: int = 0
    quiet: bool = False
    admits_uncovered: bool = False
    policies: Mapping[str, SourceLine] = field(default_factory=dict)
    until: int | None = None
    ahead: Sequence[ReviewOutlook] = ()

    def judged(self, result: CheckResult) -> bool:
        """Whether anything was decided at all."""
        return result.judged or (self.admits_uncovered and any(each.what == "image" for each in result.unjudged))

    def show(self, result: CheckResult) -> None:
        """Print a result."""
        if self.form == "json":
            ahead = {} if self.until is None else findings.forecast(self.ahead, self.now, self.until)
            output.document({**findings.document(result, judged=self.judged(result)), **ahead})
        elif self.form == "junit":
            click.echo(junit.render(_SUITE, list(junit.cases(result))), nl=False)
            output.notes(self._forecast())
        elif self.form == "sarif":
            output.document(sarif.document(result, self.policies))
            # Neither form has a place for what is to come.
            output.notes(self._forecast())
        else:
            if not self.quiet:
                text.facts(result, self.now)
            for line in self._forecast():
                text.say(line)
            text.verdict(result, quiet=self.quiet, judged=self.judged(result))

    def _forecast(self) -> list[str]:
        return [] if self.until is None else list(text.forecast(self.ahead, self.now, self.until))

    def leave(self, result: CheckResult) -> NoReturn:
        """End with the exit code of a result."""
        if result.undecided:
            sys.exit(output.Exit.NO_VERDICT)
        if not self.judged(result):
            output.problem(text.NOTHING)
            sys.exit(output.Exit.USAGE)
        sys.exit(output.Exit.ALLOWED if result.allowed else output.Exit.DENIED)


def document(result: CheckResult) -> dict[str, Any]:
    """See `findings.document`."""
    return findings.document(result)


def verdict(result: CheckResult) -> None:
    """See `text.verdict`."""
    text.verdict(result)


def leave(result: CheckResult) -> NoReturn:
    """End with the exit code of a result in which everything was judged."""
    Report("text").leave(result)


def no_verdict(error: NoVerdictError, form: str) -> NoReturn:
    """Tell why there is no verdict, also to machines, and end with the exit code for it."""
    if form == "json":
        output.document(findings.without_verdict(error))
    elif form == "junit":
        case = junit.JUnitCase("verdict", _SUITE, errors=(error.message,))
        click.echo(junit.render(_SUITE, [case]), nl=False)
    elif form == "sarif":
        output.document(sarif.without_verdict(error))
    output.problem(f"no verdict: {error.message}")
    sys.exit(output.Exit.NO_VERDICT)
