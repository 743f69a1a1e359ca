"""`bestbefore facts`: what an image's documents say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli import age, dates, output, registries
from gatekeeper.cli import steps as step_table
from gatekeeper.cli.dates import DateSearch
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.steps import StepJournal
from gatekeeper.evaluation import recorded_config
from gatekeeper.evaluation.facts import FILE_VERSION, LiveFacts
from gatekeeper.evaluation.program import StubAnswers
from provider.clock import SystemClock
from provider.errors import SettingsError
from provider.questions import date_source, question
from provider.questions.date_source import DateSource
from provider.questions.question import FactQuestion


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@click.option("--steps", "stepwise", is_flag=True, help="Show each step of an answer, and what it took.")
@click.option(
    "--dates",
    "further",
    type=click.Choice([source.value for source in date_source.FURTHER]),
    multiple=True,
    help="A source of dates that counts where the configuration has none, as `dates` of MaximumImageAge says.",
)
@dates.options
@registries.options
def command(  # noqa: PLR0913 - the options of the command
    images: tuple[str, ...],
    form: str,
    further: tuple[str, ...],
    keys: tuple[Path, ...],
    given_trust_roots: tuple[str, ...],
    *,
    stepwise: bool,
    proofs: bool,
    **reach: Any,  # noqa: ANN401 - as they say
) -> None:
    """Show the facts of IMAGEs: digest, platforms, when each was built and where that date stands.

    `--output json` can be kept and given to `bestbefore check --facts`, which then needs no registry.

    The answer is that to the question of MaximumImageAge. Policies that read the whole configuration ask for more
    documents, such as attestations beside the image; where they would get another answer it is shown, too. An answer
    that is too large for the cluster is recorded all the same, and `check` refuses it only to policies that read it.

    `--steps` shows how each answer came about: what was asked for, where it was (registry, mirror, memory, a store that
    replicas share, the work of another caller), by which credential, with which status or reason, and how many
    requests the registry says are left. `trip` counts the requests that had to wait for each other; `-` took none.

    `--proofs` shows every date with its source and what it proves. That of a configuration or an annotation is its
    publisher's word. That of provenance proves that the image was built no earlier, if you trust the builder that it
    names and who attested it; without a proved attestation it is unproved. The earliest time of a transparency log or a
    timestamp authority over all signatures and attestations proves that the image existed no later: so it may be older,
    never younger. Whose word counts: the public good instance, whoever signed; with --trust-root or --key another one.
    A date that cannot be true is named, and what it contradicts.

    Exit: 0 all answered, 1 some image, or some of its proofs, has no answer, 2 an option that cannot be used.
    """
    if (keys or given_trust_roots) and not proofs:
        output.refuse(["--key and --trust-root say whose proofs count: give --proofs, too"])
    journal = StepJournal() if stepwise else None
    recorders = journal.recorder if journal else None
    search = DateSearch.of(keys, given_trust_roots, reach) if proofs else None
    source = LiveFacts(search.inspector(recorders) if search else registries.inspector(**reach, recorders=recorders))
    further_dates = tuple(source for source in date_source.FURTHER if source.value in further)
    questions = [_ImageQuestions.of(image, further_dates) for image in images]
    try:
        # What is kept is whole: a policy that reads a part of it is answered, though all would be too much.
        found = _found(questions, source.recordable if form == "json" else source.answers, stepwise=stepwise)
    except SettingsError as error:
        output.refuse(error.problems)
    known = (
        {each.image: search.found(each.image) for each in questions if "reason" not in found[each.image]}
        if search
        else {}
    )
    if form == "json":
        steps = {"steps": {each.image: each.steps(journal) for each in questions}} if journal else {}
        proved = {"dates": {image: each.to_json() for image, each in known.items() if each}} if search else {}
        output.document({"version": FILE_VERSION, "images": found, **proved, **steps})
    else:
        for each in questions:
            show(each.image, found[each.image])
            if image_dates := known.get(each.image):
                dates.show(image_dates)
            if journal:
                each.show_steps(journal)
    answered = all("reason" not in fact for fact in found.values()) and all(
        each is not None and not each.failures for each in known.values()
    )
    sys.exit(output.Exit.ALLOWED if answered else output.Exit.DENIED)


@dataclass(frozen=True)
class _ImageQuestions:
    """What is asked about an image.

    Attributes:
        image: as written.
        age: key of the question of MaximumImageAge.
        whole: key of the question of policies that read the configuration.
    """

    image: str
    age: str
    whole: str

    @classmethod
    def of(cls, image: str, dates: tuple[DateSource, ...]) -> _ImageQuestions:
        of_age, of_whole = FactQuestion(image, dates=dates), FactQuestion(image, config=True, dates=dates)
        return cls(image, question.key_of(of_age), question.key_of(of_whole))

    def steps(self, journal: StepJournal) -> list[dict[str, Any]]:
        """The steps of both answers, each with the `ref` of its question."""
        keys = (self.age, self.whole)
        return [{"ref": question.ref(key), **step.to_json()} for key in keys for step in journal.of(key)]

    def show_steps(self, journal: StepJournal) -> None:
        """Print the steps; of the second answer those that the first had not taken already."""
        step_table.show(journal.of(self.age), "steps")
        further = [step for step in journal.of(self.whole) if step.trip]
        if further:
            step_table.show(further, "further steps, to policies that read the configuration")


def _found(
    questions: Sequence[_ImageQuestions], answers: Callable[[Sequence[str]], StubAnswers], *, stepwise: bool
) -> Mapping[str, Mapping[str, Any]]:
    """The facts by image."""
    ages, wholes = [each.age for each in questions], [each.whole for each in questions]
    if stepwise:
        # One after the other: side by side the steps of one would be to wait for those of the other.
        of_age, of_whole = answers(ages), answers(wholes)
    else:
        of_age = of_whole = answers([*ages, *wholes])
    return {each.image: recorded_config.joined(of_age.fact(each.age), of_whole.fact(each.whole)) for each in questions}


def show(image: str, fact: Mapping[str, Any]) -> None:
    """Print what is known of an image: its facts or who is proved to have signed it, or why there is no answer."""
    click.echo(click.style(visible(image), bold=True))
    if "reason" in fact:
        click.echo(f"  {click.style(str(fact['reason']), fg='red')}: {fact['message']}")
        click.echo(f"  see: bestbefore explain {fact['reason']}")
        return
    if "proofs" in fact:
        _show_proofs(fact)
        return
    _show_answer(fact)
    other = fact.get(recorded_config.WHOLE, {})
    if "reason" in other:
        reason = click.style(str(other["reason"]), fg="red")
        click.echo(f"  to policies that read the configuration: {reason}: {other['message']}")


def _show_proofs(fact: Mapping[str, Any]) -> None:
    click.echo(f"  image     {fact['image']}")
    click.echo(f"  digest    {fact['digest']}")
    for proof in fact["proofs"]:
        who = ", ".join(map(str, proof.get("subjects", ()))) or "the key that was asked for"
        issuer = f", as {proof['issuer']} says" if proof.get("issuer") else ""
        click.echo(f"  signed    by {visible(who)}{visible(issuer)}")


def _show_answer(fact: Mapping[str, Any]) -> None:
    now = SystemClock().now()
    click.echo(f"  image     {fact['image']}")
    click.echo(f"  digest    {fact['digest']}")
    click.echo(f"  built     {age.since_build(fact, now)}")
    for name, platform in fact["platforms"].items():
        click.echo(f"  platform  {visible(name)}: built {age.since_build(platform, now)}, {platform['digest']}")
