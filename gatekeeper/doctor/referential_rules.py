"""Whether Gatekeeper takes the templates that read other objects of the cluster, such as Waivers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.doctor import several
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod
from gatekeeper.doctor.installed_policy import InstalledTemplate
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged

FLAG: Final = "enable-referential-rules"


def judge(
    pods: Reading[Sequence[GatekeeperPod]], templates: Reading[Sequence[InstalledTemplate]]
) -> Iterator[DoctorFinding]:
    """One finding for all templates that Gatekeeper does not take.

    Args:
        pods: Gatekeeper's.
        templates: all of them.
    """
    check = Check.REFERENTIAL_RULES
    for failure in (pods, templates):
        if isinstance(failure, ReadFailure):
            yield not_judged(check, failure)
            return
    if isinstance(pods, ReadFailure) or isinstance(templates, ReadFailure):
        return
    without = [each.name for each in pods if not each.flags.switch(FLAG, default=True)]
    reading = sorted(each.name for each in templates if each.ours and each.reads_others)
    if without and reading:
        names = ", ".join(reading[:3]) + (f" and {len(reading) - 3} more" if len(reading) > 3 else "")  # noqa: PLR2004
        said = f"--{FLAG} is false, and {names} cannot do without: after a restart of Gatekeeper they admit everything"
        yield error(check, several.pods(without), said)
