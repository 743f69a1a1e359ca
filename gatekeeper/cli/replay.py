"""`bestbefore replay`: a denial judged again from its capsule, without a cluster, a registry or a provider."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from gatekeeper.cli import judges, output, policy_files, times
from gatekeeper.cli.quotation import visible
from gatekeeper.denials import limits
from gatekeeper.denials.capsules import capsule_file
from gatekeeper.denials.capsules import replay as replays
from gatekeeper.denials.capsules.capsule import Capsule, CapsulePolicy
from gatekeeper.denials.capsules.capsule_file import CapsuleError
from gatekeeper.denials.capsules.replay import CapsuleIncompleteError, Replay
from gatekeeper.documents.document import STDIN
from gatekeeper.evaluation import opa
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Opa
from gatekeeper.policy import PolicyError


@click.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--now", metavar="TIME", help="Judge as if it were this time: RFC 3339, a date, or from the denial as in +14d, -1w."
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="FILE|DIR",
    help="Judge by this policy instead: ClusterImagePolicies, or Constraints with their templates. May be repeated. Of "
    "several that with the name of the denial's Constraint counts.",
)
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@policy_files.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    file: str,
    now: str | None,
    policies: tuple[str, ...],
    given_config_maps: tuple[str, ...],
    given_secrets: tuple[str, ...],
    form: str,
) -> None:
    """Judge a denial again from its capsule FILE (`-` is standard input).

    `bestbefore denials REF --capsule` makes a capsule. Nothing but the file is read: no cluster, no registry. --now and
    --policy ask what would be different. The sentence alone is judged, not where a Constraint looks (its match) or what
    follows of it.

    Exit: 0 the same sentence, 1 another one or none, 2 no capsule, an altered one, or a policy that cannot be used,
    3 no verdict: the capsule lacks something, which is named, or there is no opa.
    """
    try:
        capsule = capsule_file.read(_content(file))
        program = opa.find()
        moment = capsule.clock if now is None else times.read(now, now=capsule.clock)
        _warn_of_versions(capsule, program)
        judge = None
        if policies:
            judge = judges.find(policies, given_config_maps, given_secrets, program, capsule.constraint)
            _say_what_is_left_out(capsule)
        found = replays.replay(capsule, program, moment, judge)
    except CapsuleError as error:
        output.refuse([f"{file}: {error}"])
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except (EvaluationError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else f"the policy: {error}"])
    except CapsuleIncompleteError as error:
        _incomplete(error, form)
    except NoVerdictError as error:
        output.problem(f"no verdict: {error.message}")
        sys.exit(output.Exit.NO_VERDICT)
    else:
        _Comparison(capsule, found, judge or capsule.policy).show(form)
        sys.exit(output.Exit.ALLOWED if found.same else output.Exit.DENIED)


@dataclass(frozen=True)
class _Comparison:
    """What was said then, and what is said now.

    Attributes:
        capsule: of the denial.
        found: what came out.
        policy: what judged now.
    """

    capsule: Capsule
    found: Replay
    policy: CapsulePolicy | None

    @property
    def outcome(self) -> str:
        """In a word: `same`, `other`, `admitted`."""
        if self.found.same:
            return "same"
        return "other" if self.found.sentences else "admitted"

    def show(self, form: str) -> None:
        """Print it."""
        if form == "json":
            output.document(self._document())
            return
        words = {"same": "the same sentence", "other": "another sentence", "admitted": "nothing against this image"}
        click.echo(click.style(words[self.outcome], bold=True))
        click.echo(f"  image  {visible(self.capsule.image)} ({visible(self.capsule.path)})")
        click.echo(f"  then   {visible(self.found.then)}")
        for sentence in () if self.found.same else self.found.sentences:
            click.echo(f"  now    {visible(sentence)}")

    def _document(self) -> dict[str, object]:
        return {
            "outcome": self.outcome,
            "image": self.capsule.image,
            "path": self.capsule.path,
            "ref": self.capsule.ref,
            "then": self.found.then,
            "now": list(self.found.sentences),
            "templateDigest": self.policy.digest if self.policy else "",
        }


def _content(file: str) -> bytes:
    """The file's bytes, and one more than it may have.

    Raises:
        CapsuleError: it cannot be read.
    """
    try:
        if file == STDIN:
            return sys.stdin.buffer.read(limits.CAPSULE_BYTES + 1)
        with Path(file).open("rb") as source:
            return source.read(limits.CAPSULE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CapsuleError(getattr(error, "strerror", None) or "is no file name") from error


def _warn_of_versions(capsule: Capsule, program: Opa) -> None:
    version = program.version()
    if capsule.opa != version:
        output.warning(f"the capsule was made with opa {capsule.opa}, and this is {version}, which may judge otherwise")


def _say_what_is_left_out(capsule: Capsule) -> None:
    if capsule.left_out:
        names = ", ".join(capsule.left_out)
        output.notes(
            [f"the capsule does not hold {names} of the image configuration; a policy that reads it sees none"]
        )


def _incomplete(error: CapsuleIncompleteError, form: str) -> NoReturn:
    if form == "json":
        output.document({"outcome": "unknown", "missing": list(error.reasons)})
    for reason in error.reasons:
        output.problem(f"no verdict: {reason}")
    sys.exit(output.Exit.NO_VERDICT)
