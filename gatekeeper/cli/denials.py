"""`bestbefore denials`: what Gatekeeper denied, from its own log or, for tenants, from Events."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn

import click

from gatekeeper.cli import clusters, one_denial, output, times
from gatekeeper.cli.one_denial import Inquiry
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.reports import blocks as block_report
from gatekeeper.cli.reports import denials as report
from gatekeeper.denials.ledger.ledger import Ledger
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import Denial, moment
from gatekeeper.denials.logs.stream import StreamLines
from gatekeeper.denials.reports.summary import DenialSummary
from gatekeeper.denials.source import DenialSource
from provider.clock import SystemClock

if TYPE_CHECKING:
    from gatekeeper.cluster.cluster import Cluster

_NANOSECONDS: Final = 1_000_000_000
_REF: Final = re.compile(r"[0-9a-f]{12}", re.ASCII)
_TICK_SECONDS: Final = 0.25
_AGO: Final = re.compile(r"[0-9]{1,5}[ywdhm]", re.ASCII)
# A part of a ref, or one in capitals: what somebody takes for a name of one denial, and no file.
_LIKE_REF: Final = re.compile(r"[0-9a-fA-F]{4,64}", re.ASCII)
_GZIP: Final = b"\x1f\x8b"
_NO_PODS: Final = "no Pods of Gatekeeper's webhook are in {}; --gatekeeper-namespace names another"


@dataclass(frozen=True)
class _Selection:
    """Which denials, in which form.

    Attributes:
        since: seconds since 1970.
        namespace: of what was denied; empty for all.
        form: `text`, `json` or `jsonl`.
        follow: whether each is printed as it comes.
        ref: of the one denial that is asked for; empty for all.
    """

    since: float
    namespace: str
    form: str
    follow: bool
    ref: str = ""


@click.command()
@click.argument("words", nargs=-1, metavar="[REF] [-|FILE]")
@click.option("--cluster", "in_cluster", is_flag=True, help="Read the logs of Gatekeeper's Pods in a cluster.")
@click.option(
    "-n",
    "--namespace",
    default="",
    help="Only what was denied in this namespace. Without -, FILE, --cluster: what is blocked there, from its Events.",
)
@click.option("--since", metavar="TIME", help="Only from then on: 30m, 2h, 1d (ago), a date, or RFC 3339.")
@click.option("-f", "--follow", is_flag=True, help="Print each denial as it comes, and wait for more.")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    help="Form of the output; jsonl is one object for each denial.",
)
@click.option(
    "--compare",
    is_flag=True,
    help="Compare what policies in the shadow would deny with what was admitted, what runs, and what policy-controller "
    "refused.",
)
@click.option(
    "--gatekeeper-namespace",
    default="gatekeeper-system",
    show_default=True,
    metavar="NAMESPACE",
    help="Where Gatekeeper is, for --cluster.",
)
@clusters.options
@one_denial.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    words: tuple[str, ...],
    namespace: str,
    since: str | None,
    form: str,
    gatekeeper_namespace: str,
    kubeconfig: Path | None,
    context: str,
    *,
    in_cluster: bool,
    follow: bool,
    compare: bool,
    inquiry: Inquiry,
) -> None:
    """Show what Gatekeeper denied: who, what, where, why and when, the newest last.

    Reads Gatekeeper's log from the standard input (-), from a FILE, or from the cluster (--cluster), which needs the
    right to list Pods and read their logs where Gatekeeper is:

    kubectl logs -n gatekeeper-system -l control-plane=controller-manager --tail=-1 | bestbefore denials -

    With -n alone it shows what could not start in a namespace in the last hour, since when, what to do and whom to ask:
    from the Events that the controller writes there, with no other right than to read Events.

    What was denied again and again is one line with a count. At the end it is said what could not be read, and what the
    log cannot have. Gatekeeper writes denials only where its value `logDenies` is true.

    With a REF, as it stands in the denial, that denial alone is shown, and what its image says now: the question is
    asked again. Without - or a FILE it is looked for in the cluster. With --capsule its capsule is printed instead, for
    `bestbefore replay`; what it lacks is said. Policy and workload that are not given are read from the cluster, where
    --cluster or --kubeconfig names one.

    With --compare, beside a running policy-controller: what the log says that policies in the shadow would deny and
    was admitted, because the object is there; what runs and would be denied if it were made anew, judged as `check`
    does; what policy-controller and Gatekeeper refused, as the API server counts it; and what was not compared, and
    why. The log is that of the cluster, or - or a FILE. It needs the right to list namespaces, Pods, PolicyStatuses,
    ClusterImagePolicies, ConstraintTemplates and Constraints, and to get workloads and `/metrics`.

    Exit: 0 read, 1 no denial has this REF or its question has no answer, 2 an option, a file or a kubeconfig that
    cannot be used, 3 nothing could be read. With --compare: 0 no difference, 1 there are some, 3 none was found and
    not everything was compared.
    """
    ref, source = _names(words)
    inquiry.check(ref, follow=follow)
    selection = _Selection(_moment(since), namespace, form, follow, ref)
    in_cluster = in_cluster or bool(ref and source is None)
    if compare:
        _check_comparison(selection)
        _compare(source, selection, inquiry, gatekeeper_namespace, _Way(kubeconfig, context))
    _check_place(source, selection, in_cluster=in_cluster)
    cluster = None
    if source is None or (inquiry.capsule and (kubeconfig or context)):
        cluster = clusters.connect(kubeconfig, context)
    if inquiry.capsule:
        inquiry = replace(inquiry, cluster=cluster)
    if source is not None:
        with _opened(source) as stream:
            _show(StreamLines(stream), selection, inquiry)
    elif cluster and in_cluster:
        _show_cluster(cluster, gatekeeper_namespace, selection, inquiry)
    elif cluster:
        _show_blocks(cluster, selection)


@dataclass(frozen=True)
class _Way:
    """The way to a cluster, as the options have it."""

    kubeconfig: Path | None
    context: str


def _check_comparison(selection: _Selection) -> None:
    """Refuse what does not go with --compare."""
    for given, name in ((selection.ref, "a REF"), (selection.follow, "--follow"), (selection.form == "jsonl", "jsonl")):
        if given:
            raise click.UsageError(f"--compare prints one page about all denials: {name} does not go with it")


def _compare(
    source: str | None, selection: _Selection, inquiry: Inquiry, gatekeeper_namespace: str, way: _Way
) -> NoReturn:
    from gatekeeper.cli import comparison  # noqa: PLC0415 - as in `clusters.connect`

    cluster = clusters.connect(way.kubeconfig, way.context)
    reading = _read_all(cluster, source, selection, gatekeeper_namespace)
    request = comparison.ComparisonRequest(
        cluster.api,
        clusters.server_metrics(way.kubeconfig, way.context),
        "" if source is not None else gatekeeper_namespace,
        selection.namespace,
        inquiry,
        selection.form,
    )
    comparison.show(request, reading)


def _read_all(
    cluster: Cluster, source: str | None, selection: _Selection, gatekeeper_namespace: str
) -> report.LogReading:
    """The denials of a file, or of the cluster's logs; what of these cannot be read is a problem of the reading."""
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.denials.logs.cluster_logs import ClusterLogs  # noqa: PLC0415

    summary = DenialSummary(selection.since, selection.namespace)
    if source is not None:
        with _opened(source) as stream:
            return _reading(StreamLines(stream), summary, threading.Event(), ())
    logs = ClusterLogs(cluster, gatekeeper_namespace, moment(selection.since))
    try:
        if not logs.pods():
            logs.problems.append(_NO_PODS.format(gatekeeper_namespace))
        return _reading(logs, summary, threading.Event(), logs.problems)
    except ClusterError as error:
        metrics = DenialMetrics()
        return report.LogReading(summary, metrics.line_outcomes(), metrics.gap_causes(), [error.message])


def _check_place(source: str | None, selection: _Selection, *, in_cluster: bool) -> None:
    """Refuse none, two, and one that does not go with the other options."""
    if selection.follow and source is not None and Path(source).is_file():
        raise click.UsageError(f"a file has an end: `tail -F {source} | bestbefore denials - --follow` waits for more")
    if source is not None and in_cluster:
        raise click.UsageError("either --cluster, or - or a FILE: not both")
    if source is None and not in_cluster and (selection.follow or not selection.namespace):
        raise click.UsageError("say where from: - (standard input), a FILE, --cluster, or -n NAMESPACE; see --help")


def _names(words: Sequence[str]) -> tuple[str, str | None]:
    """The ref, empty for none, and where the log is."""
    refs = [word for word in words if _REF.fullmatch(word)]
    sources = [word for word in words if word not in refs]
    for word in sources:
        if _LIKE_REF.fullmatch(word) and not Path(word).exists():
            raise click.UsageError(
                f"{word} is neither a file nor a REF: that has 12 characters of 0-9 and a-f, as in `ref 9fa3b115b4d0`"
            )
    if len(refs) > 1 or len(sources) > 1:
        raise click.UsageError("expected at most one REF, and one of - (standard input) and FILE")
    return next(iter(refs), ""), next(iter(sources), None)


def _moment(since: str | None) -> float:
    if since is None:
        return 0.0
    try:
        found = times.read(f"-{since}" if _AGO.fullmatch(since) else since, "--since") / _NANOSECONDS
    except click.UsageError as error:
        raise click.UsageError(
            f"--since {since}: expected 30m, 2h, 1d (ago), a date (2026-01-31), or RFC 3339 (2026-01-31T12:00:00Z)"
        ) from error
    if found > SystemClock().now():
        raise click.UsageError(f"--since {since}: this is yet to come; 30m, 2h or 1d is so long ago")
    return found


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(Path(source).open("rb"))
            beginning = stream.peek(len(_GZIP))
        except OSError as error:
            output.refuse([f"{visible(source)}: {error.strerror}"])
        if beginning.startswith(_GZIP):
            name = visible(source)
            output.refuse([f"{name}: it is compressed: `gunzip -c {name} | bestbefore denials -`"])
        if b"\0" in beginning:
            output.refuse([f"{visible(source)}: it is no text"])
        yield stream


def _show_cluster(cluster: Cluster, namespace: str, selection: _Selection, inquiry: Inquiry) -> None:
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.denials.logs.cluster_logs import ClusterLogs  # noqa: PLC0415

    logs = ClusterLogs(cluster, namespace, moment(selection.since))
    try:
        pods = logs.pods()
        if not pods:
            output.problem(_NO_PODS.format(namespace))
            sys.exit(output.Exit.NO_VERDICT)
        _show(_followed(cluster, namespace, pods) if selection.follow else logs, selection, inquiry, logs.problems)
    except ClusterError as error:
        output.problem(error.message)
        sys.exit(output.Exit.NO_VERDICT)


def _followed(cluster: Cluster, namespace: str, pods: Collection[str]) -> DenialSource:
    """All that the Pods' logs have, and what they will have."""
    from gatekeeper.denials.logs.follower import GatekeeperLogs  # noqa: PLC0415 - as in `clusters.connect`

    return GatekeeperLogs(cluster, namespace, _SourceProblems(), SystemClock(), known=pods)


def _show_blocks(cluster: Cluster, selection: _Selection) -> None:
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.denials.reports import block_event  # noqa: PLC0415

    try:
        notes = block_event.listed(cluster.api, selection.namespace)
    except ClusterError as error:
        output.problem(error.message)
        sys.exit(output.Exit.NO_VERDICT)
    block_report.show([note for note in notes if note.touched >= selection.since], selection.namespace, selection.form)


def _show(source: DenialSource, selection: _Selection, inquiry: Inquiry, problems: Sequence[str] = ()) -> None:
    """Read to the end, and say what was read, and what was not."""
    if selection.ref:
        _show_one(source, selection, inquiry, problems)
    stop = threading.Event()
    printer = _Printer(selection, stop) if selection.follow or selection.form == "jsonl" else None
    summary = printer or DenialSummary(selection.since, selection.namespace)
    reading = _reading(source, summary, stop, problems)
    if printer is None:
        report.show(reading, selection.form)
    elif printer.problem is not None:
        raise printer.problem
    output.notes(report.notes(reading))
    sys.exit(output.Exit.NO_VERDICT if reading.empty else output.Exit.ALLOWED)


def _show_one(source: DenialSource, selection: _Selection, inquiry: Inquiry, problems: Sequence[str]) -> NoReturn:
    finder = one_denial.Finder(selection.ref, selection.since, selection.namespace)
    reading = _reading(source, finder, threading.Event(), problems)
    output.notes(problems if finder.last else report.notes(reading))
    if reading.empty:
        output.problem(f"nothing could be read, so it is not known whether a denial has the ref {finder.ref}")
        sys.exit(output.Exit.NO_VERDICT)
    one_denial.show(finder, selection.form, inquiry)


def _reading(
    source: DenialSource, summary: DenialSummary, stop: threading.Event, problems: Sequence[str]
) -> report.LogReading:
    """Read to the end; what came of it."""
    metrics = DenialMetrics()
    _read(source, Ledger(SystemClock(), metrics, summary), stop)
    return report.LogReading(summary, metrics.line_outcomes(), metrics.gap_causes(), problems)


def _read(source: DenialSource, ledger: Ledger, stop: threading.Event) -> None:
    # A line may wait for another one of its request, and none comes while nobody is denied.
    clock = threading.Thread(target=_let_time_pass, args=(ledger, stop), daemon=True)
    clock.start()
    try:
        source.run(ledger, stop)
    except OSError as error:
        output.problem(f"the log cannot be read: {error.strerror}")
        sys.exit(output.Exit.NO_VERDICT)
    finally:
        stop.set()
        clock.join()
    ledger.finish()


def _let_time_pass(ledger: Ledger, stop: threading.Event) -> None:
    while not stop.wait(_TICK_SECONDS):
        ledger.tick()


class _Printer(DenialSummary):
    """Prints each denial as it comes, on whichever thread reads it.

    Attributes:
        problem: why nothing can be printed any more: whoever reads the output closed it.
    """

    def __init__(self, selection: _Selection, stop: threading.Event) -> None:
        super().__init__(selection.since, selection.namespace)
        self._json = selection.form != "text"
        self._stop = stop
        self.problem: OSError | None = None

    def denial(self, denial: Denial) -> None:
        """See `DenialReports`."""
        super().denial(denial)
        if self.problem is None and self.wants(denial.violation.time, denial.violation.resource.namespace):
            try:
                click.echo(self._text(denial))
            except OSError as error:
                self.problem = error
                self._stop.set()

    def _text(self, denial: Denial) -> str:
        return json.dumps(report.document(denial), ensure_ascii=False) if self._json else report.line(denial)


class _SourceProblems:
    """Says once what cannot be read."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def succeeded(self, source: str) -> None:
        """See `SourceHealth`."""

    def failed(self, source: str, problem: str, said: str) -> None:  # noqa: ARG002 - as the Protocol has it
        """See `SourceHealth`."""
        if said not in self._said:
            self._said.add(said)
            output.warning(said)
