"""`bestbefore waivers`: what is let pass for a time, by whom, until when; and what has to be looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from gatekeeper.cli import clusters, output, times
from gatekeeper.cli.reports import waivers as report
from gatekeeper.documents import fields
from gatekeeper.documents.document import read_documents
from gatekeeper.policy import PolicyError, Problem
from gatekeeper.waivers import limits, reading
from gatekeeper.waivers.state import WaiverState
from gatekeeper.waivers.waiver import GROUP_VERSION, KIND, SECOND

if TYPE_CHECKING:
    from gatekeeper.cluster.api import KubernetesApi

_CONSTRAINTS: Final = "constraints.gatekeeper.sh/"


@click.command()
@click.argument("paths", nargs=-1, metavar="[FILE|DIR]...")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@click.option("--now", metavar="TIME", help="As if it were this time: a date, RFC 3339, or from now as in +14d.")
@clusters.options
def command(paths: tuple[str, ...], form: str, now: str | None, kubeconfig: Path | None, context: str) -> None:
    """Show the Waivers of a cluster, or of FILEs and DIRs with the Constraints beside them.

    Of a cluster it needs the right to list Waivers, ConstraintTemplates and Constraints. Each Waiver has one state:
    in_use and unused hold, idle lets nothing pass (the last column says why), ended and invalid speak for themselves.

    Exit: 0 nothing to look at; 1 something: one is invalid, ended or idle, ends within 14 days, is for an emergency, or
    there are more than 500; 2 a file, an option or a kubeconfig that cannot be used; 3 nothing could be read.
    """
    if paths and (kubeconfig or context):
        raise click.UsageError("either FILEs, or a cluster by --kubeconfig or --context: not both")
    seconds = times.read(now) / SECOND
    try:
        found, constraints = _of_files(paths) if paths else _of_cluster(clusters.connect(kubeconfig, context).api)
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    states = [WaiverState.of(each, constraints, seconds) for each in found]
    report.show(list(zip(states, found, strict=True)), form)
    if len(states) > limits.MANY:
        output.warning(f"there are {len(states)} Waivers; with more than {limits.MANY} denials take noticeably longer")
    looked_at = any(report.remarks(each) for each in states) or len(states) > limits.MANY
    sys.exit(output.Exit.DENIED if looked_at else output.Exit.ALLOWED)


def _of_files(paths: Sequence[str]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The Waivers and the Constraints of files.

    Raises:
        PolicyError: a file cannot be read, two Waivers have one name, or there is neither Waiver nor Constraint: that
            would be no peace.
    """
    documents = read_documents(paths)
    waivers = [each for each in documents if reading.is_meant_for_one(each.value)]
    beside: list[Mapping[str, Any]] = [each.value for each in documents if each.api_version.startswith(_CONSTRAINTS)]
    if not waivers and not beside:
        names, hint = ", ".join(paths), f"name files with Waivers, of the kind {GROUP_VERSION} {KIND}"
        raise PolicyError([Problem("", "holds neither a Waiver nor a Constraint", file=names, hint=hint)])
    if problems := list(reading.namesakes(waivers)):
        raise PolicyError(problems)
    return [each.value for each in waivers], beside


def _of_cluster(api: KubernetesApi) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.cluster.resource import WAIVERS  # noqa: PLC0415

    try:
        return [each for page in api.pages(WAIVERS) for each in page], list(_constraints(api))
    except ObjectAbsentError:
        _leave("the cluster has no kind Waiver: the chart brings it with `waivers.enabled`")
    except ClusterError as error:
        _leave(error.message)


def _constraints(api: KubernetesApi) -> Iterator[Mapping[str, Any]]:
    from gatekeeper.cluster.errors import ObjectAbsentError  # noqa: PLC0415 - as above
    from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, constraints  # noqa: PLC0415

    for page in api.pages(CONSTRAINT_TEMPLATES):
        for template in page:
            kind = fields.text(template, "spec", "crd", "spec", "names", "kind")
            try:
                yield from (each for found in api.pages(constraints(kind)) for each in found)
            except ObjectAbsentError:
                continue


def _leave(sentence: str) -> NoReturn:
    output.problem(sentence)
    sys.exit(output.Exit.NO_VERDICT)
