"""`bestbefore test`: suites of cases, for policies that are tested before they are applied."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NoReturn

import click

from gatekeeper.cli import engine as given_engine
from gatekeeper.cli import output, policy_files, trust_roots, waiver_files
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.reports import junit
from gatekeeper.cli.reports.junit import JUnitCase
from gatekeeper.documents.document import object_files
from gatekeeper.documents.problems import Problem
from gatekeeper.evaluation import gator_suite, installed, suite, suite_run
from gatekeeper.evaluation.opa import Engine, EvaluationError, NoVerdictError
from gatekeeper.evaluation.suite import Suite, SuiteCase
from gatekeeper.evaluation.suite_run import CaseRun
from gatekeeper.policy import PolicyError
from gatekeeper.translation.translate import Translation
from provider import limits


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="DIR|FILE...")
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "junit"]), default="text", help="Form of the output."
)
@click.option(
    "--gator",
    "gator_folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the suite for gator, too: `gator verify DIR` judges the same cases by Gatekeeper's own engine.",
)
@click.option("--quiet", "-q", is_flag=True, help="Show the cases that are not as expected, and the summary.")
def command(
    paths: tuple[str, ...],
    form: str,
    gator_folder: Path | None,
    quiet: bool,  # noqa: FBT001 - click's signature
) -> None:
    """Run the suites of DIRs (every bestbefore-test.yaml in them) and FILEs.

    A suite names policies, and says of images or objects what the verdict must be, by facts that stand in the suite:
    no registry and no cluster is needed. YAML of a DIR that no suite names is listed: nobody judges it.

    Exit: 0 all as expected, 1 some case is not, 2 a suite or a policy cannot be used (the other suites are run), 3
    there is no opa, or it gives no verdict.
    """
    report = _Report(form, quiet)
    try:
        files = list(dict.fromkeys(file for path in paths for file in _files(Path(path))))
        engine = given_engine.found()
    except click.UsageError as error:
        output.refuse([error.message])
    except NoVerdictError as error:
        report.error("opa", "", output.Exit.NO_VERDICT, [f"no verdict: {error.message}"])
    else:
        used = {}
        for number, file in enumerate(files):
            # A folder for each suite where there are several.
            place = gator_folder / f"suite-{number}" if gator_folder and len(files) > 1 else gator_folder
            used[file] = _run(file, engine, report, place)
        report.unjudged(_unjudged([Path(path) for path in paths], used))
    report.leave()


def _files(path: Path) -> list[Path]:
    if not os.path.exists(path):  # noqa: PTH110 - False for every path that cannot be one
        raise click.UsageError(f"{path}: no such file or directory")
    found = sorted(path.rglob(suite.FILE_NAME)) if path.is_dir() else [path]
    if not found:
        raise click.UsageError(f"{path}: no {suite.FILE_NAME} in it")
    return found


def _run(file: Path, engine: Engine, report: _Report, gator_folder: Path | None = None) -> frozenset[Path]:
    """Run a suite; one that cannot be used spoils no other. Returns the files that it names, none if nobody knows."""
    files: frozenset[Path] = frozenset()
    try:
        found = suite.read(file)
        files = found.files
        translations = _translations(found, engine)
    except PolicyError as error:
        report.error("the suite", str(file), output.Exit.USAGE, list(map(str, error.problems)))
        return files
    except NoVerdictError as error:
        report.error("the suite", str(file), output.Exit.NO_VERDICT, [f"{file}: no verdict: {error.message}"])
        return files
    good: list[tuple[SuiteCase, CaseRun]] = []
    for case, run in suite_run.runs(found.cases, translations, engine):
        if isinstance(run, CaseRun):
            good.append((case, run))
            report.case(case.name, str(file), run)
        elif isinstance(run, EvaluationError):
            report.error(case.name, str(file), output.Exit.USAGE, [f"{file}: {case.name}: {run}"])
        else:
            sentence = f"{file}: {case.name}: no verdict: {run.message}"
            report.error(case.name, str(file), output.Exit.NO_VERDICT, [sentence])
    if gator_folder:
        problem = _written(gator_folder, gator_suite.files(file.resolve().parent.name, good))
        if problem:
            report.error("the suite for gator", str(file), output.Exit.USAGE, [problem])
    return files


def _written(folder: Path, texts: Mapping[str, str]) -> str:
    """Write files; returns why that cannot be done, empty where it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def _translations(found: Suite, engine: Engine) -> list[Translation]:
    translations = installed.translations_of(found.templates, engine) if found.templates else []
    if found.policies:
        loaded = policy_files.load(list(map(str, found.policies)), list(map(str, found.config_maps)))
        trust_roots.tell(loaded.trust_roots, for_provider=False)
        translations += policy_files.translated(loaded, found.no_match, engine, engine)
    waivers = waiver_files.load(list(map(str, found.waivers)))
    return [each.with_waivers(waivers) for each in translations]


def _unjudged(folders: Sequence[Path], used: Mapping[Path, frozenset[Path]]) -> dict[str, str]:
    """The YAML and JSON of given folders that nobody judges, and why; of a folder in which nothing is named only it."""
    named = {each.resolve() for files in used.values() for each in files}
    unknown = {each.parent.resolve() for each, files in used.items() if not files}
    unread: list[Problem] = []
    found = [
        file
        for folder in folders
        if folder.is_dir()
        for file in _read_files(folder, unread)
        if file.resolve() not in named and unknown.isdisjoint(file.resolve().parents)
    ]
    kept = {parent for each in named for parent in each.parents}
    groups: dict[Path, int] = {}
    for file in found:
        place = file if file.parent.resolve() in kept else file.parent
        groups[place] = groups.get(place, 0) + 1
    places = [str(place) if place in found else f"{place}/ ({count} files)" for place, count in groups.items()]
    return {**dict.fromkeys(places, "no suite names it"), **{each.file: f"it {each.message}" for each in unread}}


def _read_files(folder: Path, unread: list[Problem]) -> list[Path]:
    """The files that `check` would read there, in order; what it could not look into gets a problem."""
    names = sorted(islice(object_files(str(folder), unread), limits.DIRECTORY_FILES + 1))
    if len(names) > limits.DIRECTORY_FILES:
        message = f"holds more than {limits.DIRECTORY_FILES} files, which is the most that is looked through"
        unread.append(Problem("", message, file=f"{folder}/"))
    return [Path(name) for name in names[: limits.DIRECTORY_FILES]]


class _Report:
    """What is said of suites: as it comes for people, at the end for a CI system."""

    def __init__(self, form: str, quiet: bool) -> None:  # noqa: FBT001 - as click gives it
        self._form = form
        self._quiet = quiet
        self._tests: list[JUnitCase] = []
        self._worst = output.Exit.ALLOWED

    def case(self, name: str, file: str, run: CaseRun) -> None:
        """A case that was run."""
        self._add(JUnitCase(name, file, run.problems, file=file, note="\n".join(run.notes)))
        if run.problems and self._worst != output.Exit.USAGE:
            self._worst = output.Exit.DENIED

    def error(self, name: str, file: str, code: output.Exit, sentences: list[str]) -> None:
        """Something of which nobody knows whether it is as expected."""
        for sentence in sentences:
            output.problem(sentence)
        self._add(JUnitCase(name, file or "bestbefore test", errors=tuple(sentences), file=file), shown=False)
        if code is output.Exit.USAGE or self._worst is output.Exit.ALLOWED:
            self._worst = code

    def unjudged(self, places: Mapping[str, str]) -> None:
        """Files that were given and that nobody judges, and why."""
        if places:
            output.notes([f"not judged, for {why}: {place}" for place, why in places.items()])
        self._tests += [JUnitCase(place, "not judged", skipped=why) for place, why in places.items()]

    def leave(self) -> NoReturn:
        """Say what came of it all, and end with the exit code for it."""
        run = [each for each in self._tests if not each.skipped]
        good = sum(1 for each in run if not each.failures and not each.errors)
        errors = sum(1 for each in run if each.errors)
        if self._form == "junit":
            click.echo(junit.render("bestbefore test", self._tests), nl=False)
        elif len(run) > errors:
            more = f", {errors} without a verdict" if errors else ""
            click.echo(f"{good} as expected, {len(run) - good - errors} not{more}")
        sys.exit(self._worst)

    def _add(self, test: JUnitCase, *, shown: bool = True) -> None:
        self._tests.append(test)
        if self._form != "text" or not shown or (self._quiet and not test.failures):
            return
        word = click.style("FAIL", fg="red") if test.failures else click.style("ok  ", fg="green")
        click.echo(f"{word} {visible(test.group)}: {visible(test.name)}")
        for failure in test.failures:
            click.echo(f"     {visible(failure)}")
        for note in test.note.splitlines():
            click.echo(f"     note: {visible(note)}")
