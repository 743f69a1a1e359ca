"""The controller's parts that look ahead, as the settings switch them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.controller.cluster_forecaster import ClusterForecaster, provider_target
from gatekeeper.controller.forecast_rounds import ForecastRounds
from gatekeeper.controller.limits import ANNOUNCEMENTS_SECONDS
from gatekeeper.controller.saved_state import SavedPart
from gatekeeper.controller.settings import ControllerSettings, ReportMode
from gatekeeper.controller.term import LastingTask, PeriodicTask
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.logs.health import SourceHealth
from gatekeeper.evaluation import opa
from gatekeeper.freshness.announcement.announcements import Announcements, Listeners, WorkloadUids
from gatekeeper.freshness.announcement.events import WorkloadEvents
from gatekeeper.freshness.announcement.forecast_log import ForecastLog
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from gatekeeper.freshness.announcement.reports.reported_notices import ReportedNotices
from gatekeeper.freshness.announcement.reports.writer import ReportWriter
from gatekeeper.freshness.presence.presence_book import PresenceBook
from gatekeeper.freshness.presence.presence_outlooks import PresenceOutlooks
from gatekeeper.freshness.presence.presence_rounds import PresenceRounds
from gatekeeper.freshness.presence.provider_presence import ProviderPresence, path_of
from gatekeeper.freshness.provider_facts import ProviderFacts
from provider.clock import Clock
from provider.telemetry.log import Log


@dataclass
class FreshnessParts:
    """What the controller is made of to look ahead; nothing where the settings have it off.

    Attributes:
        settings: all of them.
        api: of the cluster.
        log: where events are written.
        clock: says when.
        tasks: what is done again and again.
        lasting: what goes on.
        saved: what is kept over a restart, by the names of their files.
        beginning: what is done when a term begins; whether nobody else held the Lease since the one before.
    """

    settings: ControllerSettings
    api: KubernetesApi
    log: Log
    clock: Clock
    tasks: Sequence[PeriodicTask] = ()
    lasting: Sequence[LastingTask] = ()
    saved: dict[str, SavedPart] = field(default_factory=dict)
    beginning: Callable[[bool], None] = lambda _ours: None

    def join(self, metrics: DenialMetrics, health: SourceHealth, instance: str, may_write: Callable[[], bool]) -> None:
        """Make them.

        Args:
            metrics: beside which ours are shown.
            health: takes note what can be read.
            instance: our Pod, which writes Events.
            may_write: whether this process is still the one that writes.
        """
        chosen = self.settings.forecast
        if not chosen.forecast or chosen.forecast_certificate is None or chosen.forecast_key is None:
            return
        uids, events, reports = WorkloadUids(), None, None
        if self.settings.denials.events:
            past = ReportedNotices(self.api) if writes_reports(self.settings) else None
            events = WorkloadEvents(self.api, uids.uid, instance, health, self.clock, may_write, past)
            self.saved["announcements"] = events
        if writes_reports(self.settings):
            reports = ReportWriter(self.api, uids.uid, health, self.clock, may_write)
        shown = FreshnessMetrics.of(metrics, per_workload=chosen.forecast_workloads)
        listeners = Listeners(shown, ForecastLog(self.log), events, reports)
        announcements = Announcements(listeners, uids, self.clock)
        target = lambda: provider_target(self.api)  # noqa: E731 - as short as it is
        facts = ProviderFacts(target, chosen.forecast_certificate, chosen.forecast_key)
        looks = replace(facts, target=lambda: path_of(provider_target(self.api)))
        book = PresenceBook(self.clock)
        self.saved["presence"] = book
        presence = PresenceRounds(book, ProviderPresence(looks))
        outlooks = PresenceOutlooks(book)
        forecaster = ClusterForecaster(self.api, opa.find, facts.conversation, str(chosen.team_label), outlooks)
        rounds = ForecastRounds(forecaster, announcements, health, self.log, self.clock)
        self.beginning = lambda ours: announcements.begin(ours=ours)
        self.tasks = [PeriodicTask("announcements", ANNOUNCEMENTS_SECONDS, announcements.look)]
        self.lasting = [LastingTask("forecast", rounds.run), LastingTask("presence", presence.run)]


def writes_reports(settings: ControllerSettings) -> bool:
    """Whether reports are written where the cluster has a kind for them."""
    return settings.forecast.forecast and settings.forecast.reports is ReportMode.AUTO
