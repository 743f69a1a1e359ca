"""Looks at the cluster that it runs in: policies in force, what runs, and what the ones will say of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import PROVIDERS, WAIVERS
from gatekeeper.controller.forecast_rounds import Sight
from gatekeeper.controller.limits import HORIZON_DAYS
from gatekeeper.controller.policies_in_force import PoliciesInForce
from gatekeeper.doctor.provider_object import ProviderObject
from gatekeeper.documents import product
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.opa import Engine
from gatekeeper.freshness.forecast.coverage import covered
from gatekeeper.freshness.forecast.forecast_memory import ForecastMemory
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader
from gatekeeper.freshness.outlook import DAY
from gatekeeper.freshness.presence.presence_outlooks import PresenceOutlooks
from gatekeeper.freshness.provider_facts import ProviderAbsentError, ProviderTarget


class ClusterForecaster:
    """Implements `Forecaster`.

    Args:
        api: of the cluster.
        engine: finds opa; called for each look, so that one that is missing is no error of the start.
        facts: answers questions about images; opened for each look, and closed at its end.
        team_label: of namespaces; empty for none.
        presence: says what can still be pulled; None where nobody looks.
    """

    def __init__(
        self,
        api: KubernetesApi,
        engine: Callable[[], Engine],
        facts: Callable[[], AbstractContextManager[FactSource]],
        team_label: str = "",
        presence: PresenceOutlooks | None = None,
    ) -> None:
        self._api = api
        self._engine = engine
        self._facts = facts
        self._team_label = team_label
        self._presence = presence
        self._memory = ForecastMemory()

    def look(self, now: int) -> Sight:
        """See `Forecaster`."""
        engine = self._engine()
        policies = PoliciesInForce(self._api)
        translations = policies.read()
        inventory = WorkloadInventoryReader(self._api, covered(translations), self._team_label).read(now)
        if inventory.gaps:
            return Sight((), {}, len(translations), inventory.gaps)
        try:
            surroundings = ForecastSurroundings(waivers=tuple(self._waivers()))
        except ClusterError as error:
            # Without them, what is waived would be announced as denied.
            return Sight((), {}, len(translations), (f"Waivers could not be read: {error.message}",))
        until = now + HORIZON_DAYS * DAY
        with self._facts() as facts:
            found = outlooks(translations, inventory, facts, engine, now, until, surroundings, memory=self._memory)
        if self._presence is not None:
            found = [*found, *self._presence.of(found, self._memory.keys)]
        uids = {each.name: each.uid for each in inventory.workloads if each.uid}
        return Sight(found, uids, len(translations), problems=(*policies.problems, *inventory.problems))

    def _waivers(self) -> Iterator[Object]:
        """Those of the cluster; none where there is no such kind."""
        try:
            for page in self._api.pages(WAIVERS):
                yield from page
        except ObjectAbsentError:
            return


def provider_target(api: KubernetesApi) -> ProviderTarget:
    """Where the provider answers audits, and whom to believe there: as Gatekeeper knows it.

    Raises:
        ProviderAbsentError: there is no such Provider, it cannot be read, or it says no authority.
    """
    try:
        found = [each for page in api.pages(PROVIDERS) for each in page if each["metadata"]["name"] == product.AUDIT]
    except ClusterError as error:
        raise ProviderAbsentError(error.message) from error
    if not found:
        raise ProviderAbsentError(f"there is no Provider {product.AUDIT}")
    provider = ProviderObject.of(found[0])
    if not provider.authorities or not provider.url.startswith("https://"):
        raise ProviderAbsentError(f"the Provider {product.AUDIT} has no https address with its authority")
    return ProviderTarget(provider.url, provider.authorities)
