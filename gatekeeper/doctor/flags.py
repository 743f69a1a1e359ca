"""Gatekeeper's Pods: whether they are ready, and what their flags switch on and off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.doctor import limits, several
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, FindingSeverity, error, warning
from gatekeeper.doctor.gatekeeper_pod import AUDIT, WEBHOOK, Flags, GatekeeperPod
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged

_CHECKS: Final = (
    Check.GATEKEEPER_PODS,
    Check.DENY_LOG,
    Check.SERVING_THREADS,
    Check.DISABLED_BUILTINS,
    Check.EXTERNAL_DATA,
    Check.ANSWER_CACHE,
    Check.AUDIT,
)
_BUILTIN: Final = "http.send"
# Flags and their defaults, as Gatekeeper 3.23 has them.
_CACHE_SECONDS: Final = 180.0
_AUDIT_SECONDS: Final = 60


def pods(found: Reading[Sequence[GatekeeperPod]], namespace: str, constraints: int) -> Iterator[DoctorFinding]:
    """Gatekeeper's Pods and their flags.

    Args:
        found: the Pods.
        namespace: where they were looked for.
        constraints: how many Constraints audit writes the status of.
    """
    if isinstance(found, ReadFailure):
        yield from (not_judged(check, found) for check in _CHECKS)
        return
    serving = [each for each in found if each.does(WEBHOOK)]
    auditing = [each for each in found if each.does(AUDIT)]
    yield from _presence(serving, namespace)
    if not serving:
        absent = ReadFailure("Gatekeeper", f"no Pod with its webhook was found in {namespace}")
        yield from (not_judged(check, absent) for check in _CHECKS[1:-1])
    for check in _JUDGES:
        yield from _alike(check, serving)
    yield from _audit(auditing, namespace, constraints)


def _presence(serving: Sequence[GatekeeperPod], namespace: str) -> Iterator[DoctorFinding]:
    check, ready = Check.GATEKEEPER_PODS, [each for each in serving if each.ready]
    if not serving:
        yield error(
            check,
            "Gatekeeper",
            f"no Pod with its webhook is in {namespace}",
            "If it is elsewhere: `bestbefore doctor --gatekeeper-namespace NAMESPACE`. Else install it.",
        )
    elif not ready:
        yield error(check, "Gatekeeper", f"none of its {len(serving)} Pods with the webhook is ready")
    elif len(ready) < len(serving):
        late = [each.name for each in serving if not each.ready]
        yield warning(check, several.pods(late), f"not ready; of {len(serving)} Pods with the webhook {len(ready)} are")
    elif len(serving) == 1:
        yield warning(
            check, several.pods([serving[0].name]), "it is the only Pod with the webhook; there should be more"
        )


@dataclass(frozen=True)
class FlagProblem:
    """Something that is wrong with a Pod's flags.

    Attributes:
        severity: how bad it is.
        message: what is, and what should be.
    """

    severity: FindingSeverity
    message: str


def _alike(check: Check, serving: Sequence[GatekeeperPod]) -> Iterator[DoctorFinding]:
    """One finding for all Pods that have the same problem."""
    affected: dict[FlagProblem, list[str]] = {}
    for pod in serving:
        for problem in _JUDGES[check](pod.flags):
            affected.setdefault(problem, []).append(pod.name)
    for problem, names in affected.items():
        yield DoctorFinding(check, problem.severity, several.pods(names), problem.message)


def _warning(message: str) -> FlagProblem:
    return FlagProblem(FindingSeverity.WARNING, message)


def _deny_log(flags: Flags) -> Iterator[FlagProblem]:
    if not flags.switch("log-denies", default=False):
        yield _warning("--log-denies is not set: denials leave no trace; it should be true")
    level = flags.text("log-level", "INFO").upper()
    if level == "DEBUG":
        yield _warning("--log-level is DEBUG, whose lines have another form; it should be INFO")
    elif level != "INFO":
        yield _warning(f"--log-level is {level}, which drops each line of a denial; it should be INFO")
    if flags.text("log-file", ""):
        yield _warning("--log-file is set, so that the Pod's own log is empty; it should not be")
    key = flags.text("log-level-key", "level")
    if key != "level":
        message = f"--log-level-key is {key!r}: what reads the log by `level` finds nothing; bestbefore does not"
        yield FlagProblem(FindingSeverity.INFO, message)


def _threads(flags: Flags) -> Iterator[FlagProblem]:
    threads = flags.number("max-serving-threads", -1)
    if threads < limits.SERVING_THREADS:
        found = "not set: one for each processor" if threads < 1 else str(threads)
        yield _warning(f"--max-serving-threads is {found}; it should be {limits.SERVING_THREADS} or more")


def _builtins(flags: Flags) -> Iterator[FlagProblem]:
    disabled = flags.values.get("disable-opa-builtin", ())
    if _BUILTIN not in disabled:
        braces = f" (--disable-opa-builtin is {disabled[0]!r}, which is no function)" if disabled else ""
        yield _warning(f"{_BUILTIN} is not disabled{braces}; --disable-opa-builtin should be {_BUILTIN}")


def _external_data(flags: Flags) -> Iterator[FlagProblem]:
    if not flags.switch("enable-external-data", default=True):
        message = "--enable-external-data is false: no template can ask the provider; it should be true"
        yield FlagProblem(FindingSeverity.ERROR, message)


def _answer_cache(flags: Flags) -> Iterator[FlagProblem]:
    name = "external-data-provider-response-cache-ttl"
    seconds = flags.seconds(name, _CACHE_SECONDS)
    if seconds <= 0:
        yield _warning(f"--{name} is 0: each admission and each audit asks anew; it should be 3m")
    elif seconds > limits.ANSWER_CACHE_SECONDS:
        most = limits.ANSWER_CACHE_SECONDS
        message = f"--{name} is {seconds:.0f} s: a tag that was moved is not seen for so long"
        yield _warning(f"{message}; it should be {most:.0f} s at most")


_JUDGES: Final[dict[Check, Callable[[Flags], Iterator[FlagProblem]]]] = {
    Check.DENY_LOG: _deny_log,
    Check.SERVING_THREADS: _threads,
    Check.DISABLED_BUILTINS: _builtins,
    Check.EXTERNAL_DATA: _external_data,
    Check.ANSWER_CACHE: _answer_cache,
}


def _audit(auditing: Sequence[GatekeeperPod], namespace: str, constraints: int) -> Iterator[DoctorFinding]:
    check = Check.AUDIT
    if not auditing:
        yield warning(check, "Gatekeeper", f"no Pod in {namespace} audits: nobody looks again at what runs")
    for pod in auditing:
        seconds, subject = pod.flags.number("audit-interval", _AUDIT_SECONDS), several.pods([pod.name])
        if not pod.ready:
            yield warning(check, subject, "not ready: nobody looks again at what runs")
        if seconds <= 0:
            yield warning(check, subject, "--audit-interval is 0: audit is off")
        elif seconds > limits.AUDIT_SECONDS:
            yield warning(check, subject, f"--audit-interval is {seconds} s; it should be 3600 at most")
        elif (writes := constraints * 60 / seconds) > limits.AUDIT_WRITES:
            yield warning(
                check,
                subject,
                f"--audit-interval is {seconds} s: with {constraints} Constraints these are {writes:.0f} writes of "
                f"status a minute; it should be {constraints * 60 / limits.AUDIT_WRITES:.0f} s or more",
            )
