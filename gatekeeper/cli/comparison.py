"""`bestbefore denials --compare`: what we would do, beside policy-controller, which does it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from gatekeeper.cli import engine, output, registries, trust_roots
from gatekeeper.cli.one_denial import Inquiry
from gatekeeper.cli.progress import Progress
from gatekeeper.cli.reports import comparison as report
from gatekeeper.cli.reports import denials as denial_report
from gatekeeper.cli.reports.denials import LogReading
from gatekeeper.comparison import comparison, constraints, judgements, policies, rejections, running
from gatekeeper.comparison.comparison import Comparison
from gatekeeper.comparison.constraints import GeneratedConstraints
from gatekeeper.comparison.judgements import RunningJudgement
from gatekeeper.comparison.objects import ObjectReader
from gatekeeper.comparison.rejections import RejectionCount
from gatekeeper.comparison.running import RunningPods
from gatekeeper.denials.lines.violation import Action
from gatekeeper.denials.logs.webhook_pods import webhook_pods
from gatekeeper.documents.problems import PolicyError
from gatekeeper.evaluation.facts import LiveFacts
from gatekeeper.evaluation.opa import NoVerdictError
from provider.clock import SystemClock
from provider.errors import SettingsError

if TYPE_CHECKING:
    from gatekeeper.cluster.api import KubernetesApi
    from gatekeeper.cluster.server_metrics import ServerMetrics

_NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True)
class ComparisonRequest:
    """What is compared.

    Attributes:
        api: of the cluster.
        metrics: of its API server.
        gatekeeper: Gatekeeper's namespace; empty where the log is a file, and nothing is known of who wrote it.
        namespace: the one that is looked at; empty for all that ask for policies.
        inquiry: how registries are reached.
        form: `text` or `json`.
    """

    api: KubernetesApi
    metrics: ServerMetrics
    gatekeeper: str
    namespace: str
    inquiry: Inquiry
    form: str


@dataclass
class _Gaps:
    """What is not compared: what may hide a difference, and what does not."""

    gaps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def show(request: ComparisonRequest, reading: LogReading) -> NoReturn:
    """Compare, print, and end with the exit code: 0 no difference, 1 there are some, 3 some may be missing."""
    missing = _Gaps()
    _log(request, reading, missing)
    with Progress("kinds, Pods and objects looked at") as progress:
        found = _compared(request, reading, missing, progress)
    report.show(found, reading, request.form)
    if found.differs:
        sys.exit(output.Exit.DENIED)
    sys.exit(output.Exit.ALLOWED if found.complete else output.Exit.NO_VERDICT)


def _compared(request: ComparisonRequest, reading: LogReading, missing: _Gaps, progress: Progress) -> Comparison:
    made = constraints.read(request.api, progress.step)
    missing.gaps += made.problems
    if not made.problems and not any(each.shadow for each in made.found):
        missing.gaps.append("no policy is in the shadow: nothing of ours is watched only (`shadow: true`)")
    missing.gaps += policies.problems(request.api)
    pods = running.read(request.api, request.namespace, progress.step)
    missing.gaps += pods.problems
    entries = reading.summary.entries()
    reader = ObjectReader(request.api, pods, progress.step)
    denials, left_out = comparison.shadow_denials(entries, made, reader)
    missing.notes += left_out
    judged = _judged(request, pods, made, missing, progress)
    denied = sum(each.count for each in entries if each.denial.violation.action is Action.DENY)
    counted = _rejections(request, missing)
    missing.gaps += comparison.unexplained(denials, counted)
    return Comparison(denials, denied, judged, counted, missing.notes, missing.gaps)


def _log(request: ComparisonRequest, reading: LogReading, missing: _Gaps) -> None:
    """What the log does not have. That it has no denial means something where it would have them."""
    for note in denial_report.notes(reading):
        if note == denial_report.NO_LINES and request.gatekeeper and _writes_denials(request):
            missing.notes.append("The log has no deny line, and Gatekeeper's flags say that it would write them.")
        else:
            missing.gaps.append(note)


def _writes_denials(request: ComparisonRequest) -> bool:
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod  # noqa: PLC0415

    try:
        pods = [GatekeeperPod.of(each) for each in webhook_pods(request.api, request.gatekeeper)]
    except ClusterError:
        return False
    return bool(pods) and all(
        each.flags.switch("log-denies", default=False) and each.flags.text("log-level", "INFO").upper() == "INFO"
        for each in pods
    )


def _judged(
    request: ComparisonRequest, pods: RunningPods, made: GeneratedConstraints, missing: _Gaps, progress: Progress
) -> RunningJudgement:
    reach = request.inquiry.reach
    try:
        roots = trust_roots.named(request.inquiry.trust_roots)
        facts = LiveFacts(registries.inspector(**reach, trust_roots=roots))
        now = int(SystemClock().now() * _NANOSECONDS)
        opa = engine.found()
        judged = judgements.judge(pods, made.found, facts, opa, now, progress.step)
    except NoVerdictError as error:
        missing.gaps.append(f"what runs was not judged: {error.message}")
        return RunningJudgement()
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except SettingsError as error:
        output.refuse(error.problems)
    missing.gaps += judged.problems
    if pods.left_out:
        missing.gaps.append(f"{pods.left_out} distinct Pods more run and were not judged")
    missing.gaps += [f"{image} has no answer, so its Pods are not judged: {why}" for image, why in _answers(judged)]
    return judged


def _answers(judged: RunningJudgement) -> Sequence[tuple[str, str]]:
    return sorted(judged.unanswered.items())


def _rejections(request: ComparisonRequest, missing: _Gaps) -> list[RejectionCount] | None:
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415 - as above

    try:
        return rejections.counts(request.metrics.family(rejections.FAMILY))
    except ClusterError as error:
        missing.notes.append(f"policy-controller's rejections are not counted: {error.message}")
    except ValueError:
        missing.notes.append("policy-controller's rejections are not counted: the API server's metrics cannot be read")
    return None
