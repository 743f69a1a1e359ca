"""One denial of Gatekeeper's log by its ref: who, what, where, why, and what its image says now; or its capsule."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from gatekeeper.cli import facts, output, policy_files, registries, trust_roots
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.reports import denials as report
from gatekeeper.denials.ledger.reports import Denial, moment
from gatekeeper.denials.lines.violation import AdmissionViolation, TemplateDetails
from gatekeeper.denials.reports.summary import DenialSummary
from gatekeeper.documents.document import read_documents
from gatekeeper.evaluation.facts import LiveFacts
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError
from gatekeeper.policy import PolicyError
from provider.errors import SettingsError

if TYPE_CHECKING:
    from gatekeeper.cluster.cluster import Cluster
    from gatekeeper.denials.capsules.capsule_making import Evidence
    from gatekeeper.evaluation.opa import Opa

_UNKNOWN: Final = "-"


@dataclass(frozen=True)
class Inquiry:
    """What is to be done with a denial, and with what.

    Attributes:
        capsule: whether its capsule is printed.
        policies: files and directories with the policy.
        resource: file with the object, or with the workload that makes it; empty for none.
        cluster: that has both, where they are not given; None where none is asked.
        config_maps: files with texts that policies refer to.
        secrets: files with keys that policies refer to.
        trust_roots: as the option has them.
        reach: how registries are reached.
    """

    capsule: bool
    policies: Sequence[str]
    resource: str
    config_maps: Sequence[str]
    secrets: Sequence[str]
    trust_roots: Sequence[str]
    reach: Mapping[str, Any]
    cluster: Cluster | None = None

    def check(self, ref: str, *, follow: bool) -> None:
        """Refuse options that make no sense together.

        Raises:
            click.UsageError: a sentence about them.
        """
        if not ref and (self.capsule or self.policies or self.resource):
            raise click.UsageError("--capsule and its options are about one denial: name its REF")
        if (self.policies or self.resource) and not self.capsule:
            raise click.UsageError("--policy and --resource belong to --capsule")
        if follow and ref:
            raise click.UsageError("--follow waits for more denials, and a REF is one: give one of them")


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what to do with one denial; the command gets them as one `Inquiry`, `inquiry`."""

    @functools.wraps(command)
    def with_inquiry(**given: Any) -> Any:  # noqa: ANN401 - click's signature
        reach = {field.name: given.pop(field.name) for field in dataclasses.fields(registries.RegistryOptions)}
        inquiry = Inquiry(
            capsule=given.pop("capsule"),
            policies=given.pop("policies"),
            resource=given.pop("resource"),
            config_maps=given.pop("given_config_maps"),
            secrets=given.pop("given_secrets"),
            trust_roots=given.pop("given_trust_roots"),
            reach=reach,
        )
        return command(**given, inquiry=inquiry)

    return _declared(registries.options(trust_roots.option(policy_files.options(with_inquiry))))


def _declared(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option(
                "--capsule",
                is_flag=True,
                help="Of a REF: print its capsule, with which `bestbefore replay` judges it again.",
            ),
            click.option(
                "--policy",
                "policies",
                multiple=True,
                metavar="FILE|DIR",
                help="For --capsule: the policy that denied. May be repeated.",
            ),
            click.option(
                "--resource",
                default="",
                metavar="FILE",
                help="For --capsule: what was denied, or the workload that makes it.",
            ),
        ]
    ):
        command = option(command)
    return command


def show(finder: Finder, form: str, inquiry: Inquiry) -> NoReturn:
    """Print what was found, and end with the exit code."""
    if finder.last is None:
        output.problem(f"no denial in what was read has the ref {finder.ref}")
        sys.exit(output.Exit.DENIED)
    try:
        _tell(finder.last, finder.count, form, inquiry)
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except SettingsError as error:
        output.refuse(error.problems)
    except (EvaluationError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else str(error)])
    except NoVerdictError as error:
        output.problem(f"no verdict: {error.message}")
        sys.exit(output.Exit.NO_VERDICT)


class Finder(DenialSummary):
    """Remembers the last denial of a ref.

    Attributes:
        ref: which one.
        last: the denial; None where none has been seen.
        count: how many of this ref were seen.
    """

    def __init__(self, ref: str, since: float = 0.0, namespace: str = "") -> None:
        super().__init__(since, namespace)
        self.ref = ref
        self.last: Denial | None = None
        self.count = 0

    def _add(self, denial: Denial) -> None:
        super()._add(denial)
        violation = denial.violation
        said = violation.judgement
        if said is None or said.ref != self.ref or not self.wants(violation.time, violation.resource.namespace):
            return
        self.count += 1
        if self.last is None or violation.time >= self.last.violation.time:
            self.last = denial


def _tell(denial: Denial, count: int, form: str, inquiry: Inquiry) -> NoReturn:
    source = LiveFacts(registries.inspector(**inquiry.reach, trust_roots=trust_roots.named(inquiry.trust_roots)))
    if inquiry.capsule:
        _print_capsule(denial.violation, source, inquiry)
        sys.exit(output.Exit.ALLOWED)
    said = denial.violation.judgement
    question = said.question if said else ""
    fact = dict(source.answers([question]).fact(question)) if question else {}
    if form == "text":
        _show(denial, count, fact)
    else:
        found = {**report.document(denial), "count": count, "facts": fact}
        click.echo(json.dumps(found, indent=2 if form == "json" else None, ensure_ascii=False))
    sys.exit(output.Exit.DENIED if "reason" in fact else output.Exit.ALLOWED)


def _show(denial: Denial, count: int, fact: Mapping[str, Any]) -> None:
    violation, workload = denial.violation, denial.workload
    said = violation.judgement or TemplateDetails("")
    action = f"{violation.action} (dry run)" if denial.dry_run else str(violation.action)
    times = f", {count} times in this log" if count > 1 else ""
    click.echo(click.style(visible(said.image), bold=True))
    for name, text in (
        ("when", f"{moment(violation.time)}{times}"),
        ("what", f"{violation.resource.kind} {violation.resource.namespace}/{violation.resource.name}, {said.path}"),
        ("of", f"{workload.kind} {workload.name}"),
        ("who", f"{violation.username or _UNKNOWN} ({denial.actor})"),
        ("by", f"{violation.constraint.kind} {violation.constraint.name}: {action}"),
        ("why", f"{said.reason}: {said.said}"),
        ("cause", str(violation.cause)),
        ("to do", said.remedy),
    ):
        click.echo(f"  {name.ljust(7)} {visible(text or _UNKNOWN)}")
    _show_facts(said, fact)


def _show_facts(said: TemplateDetails, fact: Mapping[str, Any]) -> None:
    if not fact:
        click.echo("\nThe denial does not say what was asked about the image, so nothing is asked again.")
        return
    click.echo(f"\n{click.style('Asked again now', underline=True)}")
    facts.show(said.image, fact)
    now = str(fact.get("digest", ""))
    if said.digest and now and said.digest != now:
        output.notes([f"when it was denied it was {said.digest}: the tag names another image now"])


def _print_capsule(violation: AdmissionViolation, source: LiveFacts, inquiry: Inquiry) -> None:
    """Print the capsule; what it lacks is said on standard error too."""
    # Imported here, as all that a capsule needs: most people read a log.
    from gatekeeper.denials import limits  # noqa: PLC0415
    from gatekeeper.denials.capsules import capsule_file, capsule_making  # noqa: PLC0415
    from gatekeeper.evaluation import opa  # noqa: PLC0415

    engine = opa.find()
    evidence = _evidence(violation, inquiry, engine)
    try:
        capsule = capsule_making.make(violation, evidence, source.answers, engine)
    except capsule_making.NoCapsuleError as error:
        output.refuse([str(error)])
    document = capsule_file.write(capsule)
    if len(json.dumps(document, indent=2)) > limits.CAPSULE_BYTES:
        output.refuse(
            [f"the capsule would be larger than {limits.CAPSULE_BYTES} bytes: the object has too many images"]
        )
    for lack in capsule.lacks:
        output.warning(f"not replayable: {lack.why}")
    output.document(document)


def _evidence(violation: AdmissionViolation, inquiry: Inquiry, engine: Opa) -> Evidence:
    from gatekeeper.cli import judges  # noqa: PLC0415 - as in `_print_capsule`
    from gatekeeper.denials.capsules.capsule_making import Evidence  # noqa: PLC0415

    evidence = Evidence()
    if inquiry.policies:
        wanted = violation.constraint
        policy = judges.find(inquiry.policies, inquiry.config_maps, inquiry.secrets, engine, wanted)
        evidence = replace(evidence, policy=policy)
    if inquiry.resource:
        evidence = replace(evidence, object=_object(inquiry.resource))
    return _with_cluster(evidence, violation, inquiry.cluster) if inquiry.cluster else evidence


def _with_cluster(given: Evidence, violation: AdmissionViolation, cluster: Cluster) -> Evidence:
    from gatekeeper.denials.capsules import cluster_evidence  # noqa: PLC0415 - as in `_print_capsule`

    evidence, problems = cluster_evidence.read(cluster.api, violation, given)
    for problem in problems:
        output.warning(f"not read: {problem}")
    return evidence


def _object(path: str) -> Mapping[str, Any]:
    """The one object of a file.

    Raises:
        PolicyError: the file cannot be read.
        click.UsageError: it holds none, or several.
    """
    objects = [each.value for each in read_documents([path]) if each.is_object]
    if len(objects) != 1:
        raise click.UsageError(f"--resource {path}: expected one Kubernetes object, got {len(objects)}")
    return objects[0]
