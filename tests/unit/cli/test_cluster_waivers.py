"""The Waivers of a cluster: read where a template reads them, and what cannot be read is said."""

from __future__ import annotations

from gatekeeper.cli import cluster_waivers
from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import WAIVERS
from gatekeeper.own.maximum_image_age import KIND
from tests.simulators.cluster import ClusterSimulator
from tests.unit.waivers.texts import synced

READING, OTHER = KIND.template(synced_waivers=True), KIND.template()


def names(found: cluster_waivers.ClusterWaivers) -> list[str]:
    return [each["metadata"]["name"] for each in found.objects]


def test_they_are_read_where_a_template_reads_them() -> None:
    cluster = ClusterSimulator()
    cluster.add(WAIVERS, synced("more-time"))
    found = cluster_waivers.read(cluster, [OTHER, READING])
    assert (names(found), found.problem) == (["more-time"], "")
    assert names(cluster_waivers.read(cluster, [OTHER])) == [], "Gatekeeper does not read them either"


def test_without_the_kind_there_are_none() -> None:
    cluster = ClusterSimulator()
    cluster.without(WAIVERS)
    assert cluster_waivers.read(cluster, [READING]) == cluster_waivers.ClusterWaivers()


def test_without_the_right_none_count_and_it_is_said() -> None:
    cluster = ClusterSimulator()
    cluster.add(WAIVERS, synced("more-time"))
    cluster.fail("waivers", AccessDeniedError("list waivers: 403"))
    found = cluster_waivers.read(cluster, [READING])
    assert names(found) == []
    assert found.problem == (
        "Waivers could not be read, so what they let pass stands here as denied: list waivers: 403"
    )
