"""What the ledger reports of single denials and blocks: a line of the log each."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.ledger.blocks import EndedBlock, WorkloadBlock
from gatekeeper.denials.ledger.requests import Certainty
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.lines.violation import AdmissionRequest, AdmissionViolation, NoVerdict
from provider.telemetry.log import Log

_PSEUDONYM: Final = 16
_JUDGEMENT: Final = (
    "reason",
    "image",
    "path",
    "digest",
    "created",
    "ref",
    "remedy",
    "said",
    "question",
    "generation",
    "waiver",
)


@dataclass(frozen=True, slots=True)
class Denial:
    """A violation that was counted.

    Attributes:
        violation: what Gatekeeper wrote.
        actor: who asked.
        certainty: whether its request says its uid.
        workload: what cannot start because of it, if its Constraint denies.
        dry_run: whether any line of its request says that it changes nothing: not each line does.
    """

    violation: AdmissionViolation
    actor: Actor
    certainty: Certainty
    workload: WorkloadName
    dry_run: bool


class DenialReports(Protocol):
    """Takes reports, outside of the ledger's lock; calls return soon and never raise."""

    def denial(self, denial: Denial) -> None:
        """A violation was counted."""

    def no_verdict(self, line: NoVerdict) -> None:
        """A template came to no verdict in time: no denial, and nobody looked."""

    def block_opened(self, block: WorkloadBlock) -> None:
        """Something cannot start from now on."""

    def block_ended(self, ended: EndedBlock) -> None:
        """It can, or nobody tries any more."""


class NoReports:
    """Nobody wants to know."""

    def denial(self, denial: Denial) -> None:
        """See `DenialReports`."""

    def no_verdict(self, line: NoVerdict) -> None:
        """See `DenialReports`."""

    def block_opened(self, block: WorkloadBlock) -> None:
        """See `DenialReports`."""

    def block_ended(self, ended: EndedBlock) -> None:
        """See `DenialReports`."""


class UserNames:
    """Names of users as the log has them.

    Args:
        key: with it a name is replaced by 16 letters that only who has the key can make; empty for plain names.
    """

    def __init__(self, key: bytes = b"") -> None:
        self._key = key

    def of(self, username: str) -> str:
        """The name, or what stands for it."""
        if not self._key or not username:
            return username
        return hmac.new(self._key, username.encode(), hashlib.sha256).hexdigest()[:_PSEUDONYM]


class DenialLog:
    """Writes reports into the log.

    Args:
        log: where to.
        users: how names of users stand there.
    """

    def __init__(self, log: Log, users: UserNames) -> None:
        self._log = log
        self._users = users

    def denial(self, denial: Denial) -> None:
        """See `DenialReports`."""
        fields = denial_fields(denial) | {"user": self._users.of(denial.violation.username)}
        self._log.info(ControllerEvent.DENIAL_OBSERVED, denial.violation.message, **fields)

    def no_verdict(self, line: NoVerdict) -> None:
        """See `DenialReports`."""
        self._log.warning(
            ControllerEvent.VERDICT_MISSING,
            line.message,
            user=self._users.of(line.username),
            denied_at=moment(line.time),
            constraint_kind=line.constraint.kind,
            constraint_name=line.constraint.name,
            resource_kind=line.resource.kind,
            resource_namespace=line.resource.namespace,
            resource_name=line.resource.name,
        )

    def block_opened(self, block: WorkloadBlock) -> None:
        """See `DenialReports`."""
        self._log.info(ControllerEvent.BLOCK_OPENED, block.message, **self._block_fields(block))

    def block_ended(self, ended: EndedBlock) -> None:
        """See `DenialReports`."""
        block = ended.block
        self._log.info(
            ControllerEvent.BLOCK_ENDED,
            f"{block.name.workload.kind} {block.name.workload.name} is no longer blocked: {ended.why}",
            why=ended.why,
            seconds=round(ended.seconds, 3),
            denials=block.denials,
            **self._block_fields(block),
        )

    def _block_fields(self, block: WorkloadBlock) -> dict[str, object]:
        workload = block.name.workload
        return {
            "user": self._users.of(block.user),
            "actor": block.actor,
            "cause": block.cause,
            "resource_namespace": workload.namespace,
            "owner_kind": workload.kind,
            "owner_name": workload.name,
            "policy": block.name.policy,
            "image": block.name.image,
            "reason": block.reason,
            "ref": block.ref,
            "remedy": block.remedy,
        }


def denial_fields(denial: Denial) -> dict[str, Any]:
    """A denial for programs: the fields of its line in the log; what nobody says is not there."""
    violation, workload = denial.violation, denial.workload
    return {
        "denied_at": moment(violation.time),
        "user": violation.username,
        "actor": denial.actor,
        "certainty": denial.certainty,
        "enforcement_action": violation.action,
        "policy": violation.policy,
        "cause": violation.cause,
        "constraint_kind": violation.constraint.kind,
        "constraint_name": violation.constraint.name,
        "resource_group": violation.resource.group,
        "resource_kind": violation.resource.kind,
        "resource_namespace": violation.resource.namespace,
        "resource_name": violation.resource.name,
        "owner_kind": workload.kind,
        "owner_name": workload.name,
        **_request_fields(denial),
        **_judgement_fields(violation),
    }


def moment(seconds: float) -> str:
    """A time in RFC 3339, UTC, to the millisecond; empty where nobody says."""
    if not seconds:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _request_fields(denial: Denial) -> dict[str, Any]:
    request = denial.violation.request or AdmissionRequest()
    dry_run = denial.dry_run or request.dry_run
    found = {"request_uid": request.uid, "operation": request.operation, "subresource": request.subresource}
    flags = {"dry_run": dry_run} if dry_run is not None else {}
    return {name: value for name, value in found.items() if value} | flags


def _judgement_fields(violation: AdmissionViolation) -> dict[str, Any]:
    judgement = violation.judgement
    if judgement is None:
        return {}
    found = {name: getattr(judgement, name) for name in _JUDGEMENT}
    return {name: value for name, value in found.items() if value not in ("", None)}
