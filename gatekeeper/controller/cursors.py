"""How far each log and each counter was read, as annotations of the Lease: for who holds it next.

That is a process that has no state of ours, or one that held it before: what was denied meanwhile is not its own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from gatekeeper.documents.product import PREFIX

ANNOTATION: Final = f"{PREFIX}log-cursors"
COUNTS_ANNOTATION: Final = f"{PREFIX}denial-counts"
# Pods of Gatekeeper, the last ones that were read: an annotation must stay small.
_PODS: Final = 64
_CHARACTERS: Final = 16_384
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", re.ASCII)


def written(cursors: Mapping[str, str]) -> Mapping[str, str]:
    """The annotation for these cursors, by Pods' uids."""
    latest = sorted(cursors.items(), key=lambda item: item[1])[-_PODS:]
    return {ANNOTATION: json.dumps(dict(sorted(latest)), separators=(",", ":"))}


def written_counts(counts: Mapping[str, float | None]) -> Mapping[str, str]:
    """The annotation for what Gatekeeper's counters said, by Pods' uids; None of one that could not be read yet."""
    return {COUNTS_ANNOTATION: json.dumps(dict(sorted(counts.items())[:_PODS]), separators=(",", ":"))}


def read(annotations: Mapping[str, str]) -> Mapping[str, str]:
    """The cursors that stand in annotations; what cannot be used is left out, because anybody may have edited it."""
    found = _mapping(annotations.get(ANNOTATION, ""))
    return {pod: at for pod, at in found.items() if isinstance(at, str) and _TIME.fullmatch(at)}


def read_counts(annotations: Mapping[str, str]) -> Mapping[str, float | None]:
    """What the counters said; a Pod whose count cannot be used is one that could not be read yet."""
    found = _mapping(annotations.get(COUNTS_ANNOTATION, ""))
    return {pod: count if is_count(count) else None for pod, count in found.items()}


def is_count(value: object) -> bool:
    """Whether it is the value of a counter."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _mapping(text: str) -> Mapping[str, Any]:
    if not text or len(text) > _CHARACTERS:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
