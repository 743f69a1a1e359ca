"""Whether a workload that was denied can start now, as its own object says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from gatekeeper.cluster.api import Object
from gatekeeper.denials.ledger.blocks import BlockEnd, WorkloadBlock
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.lines.deny_line import seconds
from gatekeeper.documents import fields, workloads


def end_of(
    workload: Object, blocks: Sequence[WorkloadBlock], had: Collection[str], job: Object | None = None
) -> BlockEnd | None:
    """Why the blocks of a workload are over; None where one of them may still hold.

    Args:
        workload: as the cluster has it.
        blocks: those of this workload that are open.
        had: images that its template was seen with since it was blocked.
        job: of a CronJob the newest Job that is at work, if there is one.
    """
    if workload["metadata"].get("deletionTimestamp"):
        return BlockEnd.DELETED
    if _stands_still(workload):
        return BlockEnd.SCALED_DOWN
    if all(_is_over(workload, block, had, job) for block in blocks):
        return BlockEnd.ADMITTED
    return None


def newest_job(cron_job: Object) -> str:
    """The name of the newest Job of a CronJob that is at work; empty for none.

    Their names end with the minute for which they were due, so the last by name is the newest.
    """
    active = fields.mapping(cron_job, "status").get("active") or ()
    return max((str(fields.mapping(job).get("name", "")) for job in active), default="")


def _is_over(workload: Object, block: WorkloadBlock, had: Collection[str], job: Object | None) -> bool:
    """Whether what was denied came in, or is not wanted any more.

    Where a controller was denied, Pods: all that are wanted are there, or the template had the image and has another
    one. An image that it never had is another webhook's, a sidecar or a mirror, and comes again with each Pod. Where
    somebody else was denied, the workload itself: its template has the image now.
    """
    wanted = _has(images(workload), block.name.image)
    if block.actor is Actor.CONTROLLER:
        changed = not wanted and _has(had, block.name.image)
        return changed or _has_its_pods(workload) or _a_job_ran(workload, job, block)
    return bool(block.name.image) and wanted


def _stands_still(workload: Object) -> bool:
    spec = fields.mapping(workload, "spec")
    return spec.get("replicas") == 0 or spec.get("suspend") is True or spec.get("parallelism") == 0


def _has_its_pods(workload: Object) -> bool:
    """Whether the Pods of the newest template are there."""
    if workload.get("kind") == "Job":
        return _job_has_its_pods(workload)
    spec, status = fields.mapping(workload, "spec"), fields.mapping(workload, "status")
    if status.get("observedGeneration") != workload["metadata"].get("generation"):
        return False
    wanted, there = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    if workload.get("kind") in {"ReplicaSet", "ReplicationController"}:
        there = status.get("replicas", 0)
    elif workload.get("kind") == "DaemonSet":
        wanted, there = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    elif workload.get("kind") == "CronJob" or workload.get("kind") not in workloads.MAKERS:
        return False
    return isinstance(wanted, int) and isinstance(there, int) and 0 < wanted <= there


def _job_has_its_pods(job: Object) -> bool:
    """Whether as many Pods run as may at once; those that ended prove nothing of the next one."""
    spec, status = fields.mapping(job, "spec"), fields.mapping(job, "status")
    parallelism = spec.get("parallelism", 1)
    completions = spec.get("completions") or parallelism
    active, succeeded = status.get("active", 0), status.get("succeeded", 0)
    if not all(isinstance(number, int) for number in (parallelism, completions, active, succeeded)):
        return False
    return active + succeeded > 0 and bool(active >= min(parallelism, completions - succeeded))


def _a_job_ran(cron_job: Object, job: Object | None, block: WorkloadBlock) -> bool:
    """Whether a CronJob made a Job after it was denied, and that one has its Pods or has done its work."""
    if cron_job.get("kind") != "CronJob":
        return False
    if _moment(fields.mapping(cron_job, "status").get("lastSuccessfulTime")) > block.touched:
        return True
    return (
        job is not None and _job_has_its_pods(job) and _moment(job["metadata"].get("creationTimestamp")) > block.opened
    )


def _moment(value: object) -> float:
    return seconds(value) if isinstance(value, str) else 0.0


def images(workload: Object) -> frozenset[str]:
    """The images that its Pods are to have."""
    return frozenset(_images(workload))


def _images(workload: Object) -> Iterator[str]:
    known = workloads.BY_KIND.get(str(workload.get("kind")))
    spec: Mapping[str, Any] = workload if known else {}
    for field in known.pod_spec if known else ():
        spec = fields.mapping(spec.get(field))
    for name in workloads.CONTAINER_LISTS:
        for container in spec.get(name) or ():
            yield str(fields.mapping(container).get("image", ""))


def _has(found: Collection[str], image: str) -> bool:
    """Whether a template names an image; a Pod of it may have the digest behind it."""
    return image in found or image.partition("@")[0] in found
