"""The dates of an image with what each proves, as `bestbefore facts --proofs` shows them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatekeeper.cli import age, output, registries, trust_roots
from gatekeeper.cli.quotation import visible
from gatekeeper.documents.problems import PolicyError
from gatekeeper.evaluation.facts import LiveFacts
from gatekeeper.evaluation.opa import NoVerdictError
from provider import limits
from provider.clock import SystemClock
from provider.errors import BestbeforeError, ImageError, SettingsError
from provider.questions import question
from provider.questions.answer import Answer
from provider.questions.question import ProofQuestion, Question
from provider.steps import StepRecorder

if TYPE_CHECKING:
    from gatekeeper.cli.session import Session
    from gatekeeper.evaluation.dates.image_date import ImageDate
    from gatekeeper.evaluation.dates.image_dates import ImageDates
    from gatekeeper.evaluation.dates.questions import Voucher
    from provider.questions.proof_question import Key

_PUBLIC_GOOD = "the public good instance"


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that ask for dates with what they prove."""
    command = trust_roots.option(command)
    command = click.option(
        "--key",
        "keys",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="With --proofs: a public key, PEM, whose signatures and attestations count. May be repeated.",
    )(command)
    return click.option(
        "--proofs",
        is_flag=True,
        help="Show every date of the image with its source, what it proves and whether it can be true: look for "
        "signatures and attestations, too, and ask for the trust root of the public good instance.",
    )(command)


@dataclass(frozen=True)
class DateSearch:
    """Looks for the dates of images.

    Attributes:
        session: asks registries.
        vouchers: whose proofs count.
    """

    session: Session
    vouchers: Sequence[Voucher]

    @classmethod
    def of(cls, keys: Sequence[Path], given_trust_roots: Sequence[str], reach: Mapping[str, Any]) -> DateSearch:
        """Find keys and trust roots; ends the command where one of them, or a file, cannot be used.

        Args:
            keys: files of public keys.
            given_trust_roots: as the option has them.
            reach: the registries' options.

        Raises:
            click.UsageError: a file is no key, or a name stands twice.
        """
        try:
            roots = trust_roots.named(given_trust_roots, wanted=frozenset({trust_roots.PUBLIC_GOOD}))
            known = _vouchers(keys, list(roots))
            return cls(registries.connected(trust_roots=roots, **reach), known)
        except PolicyError as error:
            output.refuse(str(problem) for problem in error.problems)
        except SettingsError as error:
            output.refuse(error.problems)
        except NoVerdictError as error:
            output.problem(f"{error.reason}: {error}")
            sys.exit(output.Exit.DENIED)

    def inspector(self, recorders: Callable[[Question], StepRecorder] | None) -> Callable[[Question], Answer]:
        """Answers one question, as `registries.inspector` does."""
        return lambda asked: self.session.inspect(asked, recorders(asked) if recorders else None)

    def found(self, image: str) -> ImageDates | None:
        """The dates of an image; None, after a word on it, where they cannot be had."""
        from gatekeeper.evaluation.dates.image_dates import ProofAnswer, image_dates  # noqa: PLC0415 - for them alone
        from gatekeeper.evaluation.dates.questions import verifications  # noqa: PLC0415 - as above

        try:
            stated = self.session.stated_dates(image)
        except BestbeforeError as error:
            output.problem(f"{image}: {error.reason}: {visible(error.message)}")
            return None
        # What a tag points to is asked once: all proofs are of one digest.
        asked = [
            (voucher.name, question.key_of(ProofQuestion(stated.reference, verify)))
            for voucher in self.vouchers
            for verify in verifications(voucher)
        ]
        answers = LiveFacts(self.session.inspect).recordable([key for _, key in asked])
        proofs = [ProofAnswer(by, answers.fact(key)) for by, key in asked]
        return image_dates(stated, proofs, SystemClock().now())


def show(found: ImageDates) -> None:
    """Print the dates, one a line, with what is wrong with it below."""
    now = SystemClock().now()
    for each in found.dates:
        click.echo(f"  date      {each.source}: {_line(each, now)}")
        for lie in each.lies:
            click.echo(f"            {click.style('✗', fg='red')} it cannot be true: {visible(lie)}")
    if found.earliest is None:
        click.echo("  proved    no time: no log and no timestamp authority vouches for one")
    if found.passed_over:
        count = found.passed_over
        click.echo(f"            {count} of its signatures or attestations nobody looked at: one may be earlier")
    for note in found.notes:
        click.echo(f"  note      {visible(note)}")
    for failure in found.failures:
        click.echo(f"  not known {visible(failure)}")


def _line(date: ImageDate, now: float) -> str:
    name = f"{date.field} " if date.field else ""
    platform = f", {date.platform}" if date.platform else ""
    builder = f", by the builder {date.builder}" if date.builder else ""
    by = f" {date.by}" if date.by else ""
    return visible(f"{name}{_age(date, now)}{platform}{builder}: {date.worth.sentence}{by}")


def _age(date: ImageDate, now: float) -> str:
    ns = date.ns
    return age.since_build({"created": date.at, "createdNs": None if ns is None else str(ns)}, now)


def _vouchers(keys: Sequence[Path], roots: Sequence[str]) -> Sequence[Voucher]:
    from gatekeeper.evaluation.dates.questions import Voucher  # noqa: PLC0415 - for those dates alone

    return [
        *(Voucher(root or _PUBLIC_GOOD, None, (root,)) for root in roots),
        *(Voucher(f"the key {path.name}", _key(path), roots) for path in keys),
    ]


def _key(path: Path) -> Key:
    from provider.questions.proof_question import Key  # noqa: PLC0415 - as above
    from provider.signatures.trust import keys  # noqa: PLC0415 - the library of keys is needed here only

    try:
        with path.open("rb") as file:
            content = file.read(limits.PUBLIC_KEY_BYTES + 1)
        key = Key(content.decode())
        keys.load(key.data, key.hash_algorithm)
    except (OSError, UnicodeDecodeError, ImageError) as error:
        raise click.UsageError(f"--key {path}: it is no public key in PEM, or cannot be read") from error
    return key
