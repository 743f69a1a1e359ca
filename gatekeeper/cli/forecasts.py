"""How commands look ahead: policies, an inventory, facts, and what the policies will say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.cli import engine, output, policy_files, registries, times, trust_roots, waiver_files
from gatekeeper.cli.progress import Progress
from gatekeeper.cli.quotation import visible
from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import PolicyError
from gatekeeper.evaluation.facts import FactsFileError, LiveFacts, RecordedFacts
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Opa
from gatekeeper.policy import LoadedPolicies
from gatekeeper.translation.translate import Translation, has_strict_rules
from provider.errors import SettingsError
from provider.questions.answer import Answer
from provider.questions.question import Question as ImageQuestion

if TYPE_CHECKING:
    from gatekeeper.freshness.inventory.inventory import WorkloadInventory
    from gatekeeper.freshness.outlook import Outlook

_DAY: Final = 86_400 * 1_000_000_000
# As far as a forecast looks ahead.
MOST_DAYS: Final = 400
# As many names as a message has.
_NAMED: Final = 8
DEFAULT_UNTIL: Final = "+30d"
_NO_NAMESPACES: Final = "the inventory has no Namespaces: each policy is taken to look at all of them"


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that looks ahead, but where policies and the inventory are."""
    for option in (
        click.option(
            "--until",
            metavar="TIME",
            default=DEFAULT_UNTIL,
            show_default=True,
            help="As far as it looks ahead: RFC 3339, a date, or from now as in +90d.",
        ),
        click.option("--now", metavar="TIME", help="Look ahead from then: a date, RFC 3339, or from now as in +14d."),
        click.option(
            "--facts",
            "facts_file",
            type=click.Path(path_type=Path),
            help="Decide from facts that `facts --output json` recorded; no registry is asked.",
        ),
    ):
        command = option(command)
    return policy_files.options(waiver_files.option(trust_roots.option(registries.options(command))))


def recorded_inventory(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that says what runs, for commands that read no cluster."""
    return click.option(
        "--inventory",
        "inventory_path",
        type=click.Path(path_type=Path),
        required=True,
        metavar="FILE",
        help="What runs: a file of `report --save-inventory`, or what `kubectl get … -A -o yaml` prints "
        "(`-` is standard input).",
    )(command)


def namespaces(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that leave out what is somebody else's."""
    for option in (
        click.option(
            "--team-label",
            default="",
            metavar="LABEL",
            help="The label of a namespace that says whose it is. Default: what the inventory's file says.",
        ),
        click.option("--team", default="", help="Only what is this team's, by --team-label."),
        click.option("-n", "--namespace", default="", help="Only this namespace."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Horizon:
    """From when to when.

    Attributes:
        now: nanoseconds since 1970.
        until: the same.
    """

    now: int
    until: int


def horizon(now: str | None, until: str) -> Horizon:
    """What the options say.

    Raises:
        click.UsageError: a time cannot be read, or the end is not after the beginning, or too far away.
    """
    moment = times.read(now)
    end = times.read(until, "--until", moment)
    if not moment < end <= moment + MOST_DAYS * _DAY:
        raise click.UsageError(f"--until {until}: expected a time after --now, at most {MOST_DAYS} days later")
    return Horizon(moment, end)


@dataclass(frozen=True)
class Ways:
    """Where a command finds what it needs, beside policies and inventory.

    Attributes:
        config_maps: see `policy_files.options`.
        secrets: the same.
        trust_roots: see `trust_roots.option`.
        waivers: see `waiver_files.option`.
        facts_file: of recorded facts; None to ask registries.
        reach: how registries are reached.
        opa: what evaluates.
    """

    config_maps: Sequence[str]
    secrets: Sequence[str]
    trust_roots: Sequence[str]
    waivers: Sequence[str]
    facts_file: Path | None
    reach: Mapping[str, Any]
    opa: Opa


def ways(
    *,
    given_config_maps: Sequence[str],
    given_secrets: Sequence[str],
    given_trust_roots: Sequence[str],
    given_waivers: Sequence[str],
    facts_file: Path | None,
    **reach: Any,  # noqa: ANN401 - the registries' options
) -> Ways:
    """What `options` gave, and opa.

    Raises:
        NoVerdictError: there is no opa.
    """
    return Ways(given_config_maps, given_secrets, given_trust_roots, given_waivers, facts_file, reach, engine.found())


@dataclass(frozen=True)
class PolicySet:
    """Policies that are asked.

    Attributes:
        translations: what Gatekeeper would get, or has.
        loaded: as they stand in files; None of those of a cluster.
        problems: which of them cannot be asked, a sentence each.
        data: what is at `data.inventory` of their cluster.
    """

    translations: Sequence[Translation]
    loaded: LoadedPolicies | None = None
    problems: Sequence[str] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trust_roots(self) -> frozenset[str]:
        """The trust roots that they name."""
        made = [Document("", dict(made)) for each in self.translations for made in each.constraints]
        return trust_roots.wanted(self.loaded.policies if self.loaded else (), made)


def policies(paths: Sequence[str], ways: Ways, now: int) -> PolicySet:
    """The policies of files and directories, with the Waivers of files; `now` is nanoseconds since 1970.

    Raises:
        PolicyError: every problem of every file at once.
        NoVerdictError: there is no opa.
    """
    from gatekeeper.cli import constraints  # noqa: PLC0415 - the help should not pay for it

    loaded = policy_files.load(paths, ways.config_maps, ways.secrets, with_constraints=True)
    checker = ways.opa if has_strict_rules(loaded.policies) else None
    translated = policy_files.translated(loaded, "allow", checker, ways.opa)
    installed, _ = constraints.translations(loaded, ways.opa) if loaded.gatekeeper else ([], [])
    every = waiver_files.applied([*translated, *installed], waiver_files.load(ways.waivers), now)
    return PolicySet(every, loaded)


def inventory_of(file: Path, now: int, team_label: str, namespace: str = "") -> WorkloadInventory:
    """The inventory of a file, with a word about what is taken for granted.

    Raises:
        DocumentError: it cannot be used.
    """
    from gatekeeper.freshness.inventory import inventory_file  # noqa: PLC0415 - as above

    try:
        found = inventory_file.read(file, now, team_label)
    except PolicyError as error:
        raise PolicyError([replace(each, file=each.file or str(file)) for each in error.problems]) from error
    if not found.namespaces:
        found = replace(found, problems=[*found.problems, _NO_NAMESPACES])
    if namespace:
        kept = [each for each in found.workloads if each.name.namespace == namespace]
        if not kept:
            there = {each.name.namespace for each in found.workloads}
            raise click.UsageError(
                f"--namespace {namespace}: nothing of the inventory runs there; it has {_listed(there)}"
            )
        found = replace(found, workloads=kept)
    return found


def of_team(inventory: WorkloadInventory, team: str) -> WorkloadInventory:
    """What is a team's of it; all of it where none is named.

    Raises:
        click.UsageError: nothing is this team's: a slip of the pen is no team that has nothing to do.
    """
    if not team:
        return inventory
    kept = [each for each in inventory.workloads if inventory.team(each.name.namespace) == team]
    if inventory.workloads and not kept:
        teams = {inventory.team(each.name.namespace) for each in inventory.workloads} - {""}
        known = (
            f"it has {_listed(teams)}" if teams else "no namespace of it has a team: name its label with --team-label"
        )
        raise click.UsageError(f"--team {team}: nothing of the inventory is this team's; {known}")
    return replace(inventory, workloads=kept)


def _listed(names: AbstractSet[str]) -> str:
    """Some names, and how many more there are."""
    shown = ", ".join(visible(each) for each in sorted(names)[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def facts(sets: Sequence[PolicySet], ways: Ways, progress: Progress) -> LiveFacts | RecordedFacts:
    """What answers the policies' questions about images.

    Raises:
        FactsFileError: the file of facts cannot be used.
        PolicyError: a trust root cannot be read.
        NoVerdictError: there is no trust root that is young enough.
    """
    translations = [each for one in sets for each in one.translations]
    # Recorded facts need no trust root; one that is given is looked at all the same.
    wanted = frozenset(name for each in sets for name in each.trust_roots if not ways.facts_file)
    beside = [each for one in sets if one.loaded for each in one.loaded.trust_roots]
    roots = trust_roots.named(ways.trust_roots, beside, wanted)
    if ways.facts_file:
        return RecordedFacts.read(ways.facts_file).named(translations)
    inspect = registries.inspector(**ways.reach, trust_roots=roots)

    def counted(asked: ImageQuestion) -> Answer:
        try:
            return inspect(asked)
        finally:
            progress.step()

    return LiveFacts(counted)


def foreseen(  # noqa: PLR0913, PLR0917 - what a forecast is made of
    policies: PolicySet,
    inventory: WorkloadInventory,
    facts: LiveFacts | RecordedFacts,
    opa: Opa,
    span: Horizon,
    progress: Progress,
) -> Sequence[Outlook]:
    """What the policies will say; see `forecast.outlooks`."""
    from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks  # noqa: PLC0415 - as above

    around = ForecastSurroundings(policies.data)
    return outlooks(policies.translations, inventory, facts, opa, span.now, span.until, around, progress.step)


@contextmanager
def refusals() -> Iterator[None]:
    """Ends the command as others do where what it was given cannot be used: 2, or 3 where nobody could look."""
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415 - as above

    try:
        yield
    except PolicyError as error:
        output.refuse(map(str, error.problems))
    except click.UsageError as error:
        output.refuse([error.message])
    except (FactsFileError, EvaluationError) as error:
        output.refuse([str(error)])
    except SettingsError as error:
        output.refuse(error.problems)
    except NoVerdictError as error:
        output.problem(f"no verdict: {error.message}")
        sys.exit(output.Exit.NO_VERDICT)
    except ClusterError as error:
        output.problem(error.message)
        sys.exit(output.Exit.NO_VERDICT)
