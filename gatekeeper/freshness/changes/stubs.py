"""Waivers to begin with, for those whom a change of policies would deny: one for each owner and policy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from gatekeeper.freshness.changes.change import PolicyChange, WorkloadVerdict
from gatekeeper.freshness.outlook import OutlookVerdict
from gatekeeper.freshness.overview import moments
from gatekeeper.waivers import limits
from gatekeeper.waivers.waiver import GROUP_VERSION, KIND
from provider.errors import ImageError
from provider.registry import reference

_FOREIGN: Final = re.compile(r"[^a-z0-9]+", re.ASCII)
_NAME_CHARACTERS: Final = 52
# A person has to write it; a Waiver without a reason is refused.
_REASON: Final = "FILL IN: why these may run until then, and what is done about it"
_NOBODY: Final = "FILL-IN-THE-OWNER"


def stubs(found: PolicyChange) -> list[dict[str, Any]]:
    """Waiver objects that would let pass what the new policies deny and the old ones do not.

    They end at the end of the horizon. Images are repositories as people write them, without a tag.
    """
    wanted = sorted(set(_denials(found)))
    made: list[dict[str, Any]] = []
    for (team, policy), several in groupby(wanted, key=lambda each: (each[0], each[1])):
        rows = [(namespace, image) for _, _, namespace, image in several]
        for images in _parts(sorted({image for _, image in rows}), limits.IMAGES):
            concerned = sorted({namespace for namespace, image in rows if image in images})
            for namespaces in _parts(concerned, limits.NAMESPACES):
                made.append(_waiver(team, policy, namespaces, images, found.until, len(made)))
    return made


def _parts(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _denials(found: PolicyChange) -> Iterator[tuple[str, str, str, str]]:
    for change in found.changes:
        for old, new in (change.now, change.later):
            repository = _repository(new)
            if new.verdict is OutlookVerdict.DENIED and old.verdict is not OutlookVerdict.DENIED and repository:
                yield change.team, new.policy, change.workload.namespace, repository


def _repository(verdict: WorkloadVerdict) -> str:
    try:
        return str(reference.parse(verdict.image).context)
    except ImageError:
        # No Waiver helps a reference that cannot be read.
        return ""


def _waiver(  # noqa: PLR0913, PLR0917 - the parts of one
    team: str, policy: str, namespaces: Sequence[str], images: Iterable[str], until: int, number: int
) -> dict[str, Any]:
    name = "-".join(filter(None, (_word(team) or "nobody", _word(policy))))[:_NAME_CHARACTERS].strip("-")
    return {
        "apiVersion": GROUP_VERSION,
        "kind": KIND,
        "metadata": {"name": f"{name}-{number + 1}"},
        "spec": {
            "policies": [policy],
            "namespaces": list(namespaces),
            "images": list(images),
            "until": moments.rfc3339(until),
            "reason": _REASON,
            "owner": team or _NOBODY,
        },
    }


def _word(text: str) -> str:
    return _FOREIGN.sub("-", text.lower()).strip("-")
