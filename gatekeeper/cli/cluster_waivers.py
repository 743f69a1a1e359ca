"""The Waivers of a cluster, as commands read them that judge by its policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatekeeper.evaluation.program import Template

if TYPE_CHECKING:
    from gatekeeper.cluster.api import KubernetesApi


@dataclass(frozen=True)
class ClusterWaivers:
    """What was read.

    Attributes:
        objects: the Waivers; none where no template reads them.
        problem: a sentence, where they could not be read; empty where they were.
    """

    objects: Sequence[Mapping[str, Any]] = ()
    problem: str = ""


def read(api: KubernetesApi, templates: Iterable[Mapping[str, Any]]) -> ClusterWaivers:
    """Those of the cluster, where one of these templates reads them; without the kind nobody can have written one."""
    from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.cluster.resource import WAIVERS  # noqa: PLC0415

    if not any(Template.of(each).reads_waivers for each in templates):
        return ClusterWaivers()
    try:
        return ClusterWaivers([each for page in api.pages(WAIVERS) for each in page])
    except ObjectAbsentError:
        return ClusterWaivers()
    except ClusterError as error:
        said = f"Waivers could not be read, so what they let pass stands here as denied: {error.message}"
        return ClusterWaivers(problem=said)
