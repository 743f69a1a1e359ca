"""`bestbefore test`: suites of cases, for policies that are tested before they are applied."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from gatekeeper.cli import junit, output
from gatekeeper.cli import policies as given_policies
from gatekeeper.evaluation import installed, opa, suite
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Opa
from gatekeeper.evaluation.suite import Suite
from gatekeeper.policy import PolicyError
from gatekeeper.translation.translate import Translation


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="DIR|FILE...")
@click.option("--output", "form", type=click.Choice(["text", "junit"]), default="text", help="Form of the output.")
def command(paths: tuple[str, ...], form: str) -> None:
    """Run the suites of DIRs (every bestbefore-test.yaml in them) and FILEs.

    A suite names policies, and says of images or objects what the verdict must be, by facts that stand in the suite:
    no registry and no cluster is needed.

    Exit: 0 all as expected, 1 some case is not, 2 a suite or a policy cannot be used, 3 there is no opa.
    """
    results: list[junit.Case] = []
    try:
        engine = opa.find()
        for file in _files(paths):
            results += _run(file, engine, form)
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except (EvaluationError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else str(error)])
    except NoVerdictError as error:
        output.problem(f"no verdict: {error.message}")
        sys.exit(output.Exit.NO_VERDICT)
    _summary(results, form)


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if not os.path.exists(path):  # noqa: PTH110 - False for every path that cannot be one
            raise click.UsageError(f"{path}: no such file or directory")
        found = sorted(path.rglob(suite.FILE_NAME)) if path.is_dir() else [path]
        if not found:
            raise click.UsageError(f"{path}: no {suite.FILE_NAME} in it")
        yield from found


def _run(file: Path, engine: Opa, form: str) -> list[junit.Case]:
    found = suite.read(file)
    translations = _translations(found, engine)
    results = []
    for case in found.cases:
        result = junit.Case(case.name, str(file), suite.run(case, translations, engine))
        results.append(result)
        if form == "text":
            _tell(result)
    return results


def _translations(found: Suite, engine: Opa) -> list[Translation]:
    translations = installed.translations_of(found.templates) if found.templates else []
    if found.policies:
        loaded = given_policies.load(list(map(str, found.policies)), list(map(str, found.config_maps)))
        translations += given_policies.translated(loaded, found.no_match, engine)
    return translations


def _tell(result: junit.Case) -> None:
    word = click.style("FAIL", fg="red") if result.failures else click.style("ok  ", fg="green")
    click.echo(f"{word} {result.group}: {result.name}")
    for failure in result.failures:
        click.echo(f"     {failure}")


def _summary(results: Sequence[junit.Case], form: str) -> None:
    failed = sum(1 for result in results if result.failures)
    if form == "junit":
        click.echo(junit.render("bestbefore test", results), nl=False)
    else:
        click.echo(f"{len(results) - failed} as expected, {failed} not")
    sys.exit(output.Exit.DENIED if failed else output.Exit.ALLOWED)
