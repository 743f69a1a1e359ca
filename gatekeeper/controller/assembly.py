"""The controller's parts, as the settings switch them on."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatekeeper.certificates import leaf, providers
from gatekeeper.certificates.keeper import CertificateKeeper, CertificateParts
from gatekeeper.certificates.own_client import OwnClientSecret
from gatekeeper.certificates.providers import ProviderAddress
from gatekeeper.certificates.secret import CertificateSecret
from gatekeeper.certificates.served import NetworkPodPort, ProviderPods
from gatekeeper.certificates.serving import CertManagerSecret, OwnServingSecret, ServingSecret
from gatekeeper.certificates.worker import CertificateWorker
from gatekeeper.cluster import access
from gatekeeper.cluster.cluster import Cluster
from gatekeeper.cluster.lease import Election, LeaseName
from gatekeeper.controller.audit import AuditResults
from gatekeeper.controller.block_events import BlockEvents, EventReports
from gatekeeper.controller.certificate_log import CertificateLog
from gatekeeper.controller.cluster_facts import ClusterFacts
from gatekeeper.controller.controller import Controller, Parts
from gatekeeper.controller.coverage import Coverage
from gatekeeper.controller.freshness_parts import FreshnessParts, writes_reports
from gatekeeper.controller.gatekeeper_metrics import GatekeeperCounter
from gatekeeper.controller.limits import (
    AUDIT_SECONDS,
    CLUSTER_SECONDS,
    COVERAGE_SECONDS,
    DOCTOR_SECONDS,
    EVENTS_SECONDS,
    INVENTORY_SECONDS,
    OWNERS_SECONDS,
    STATE_SECONDS,
    TRUST_ROOT_SECONDS,
    WAIVERS_SECONDS,
)
from gatekeeper.controller.owners import BlockedOwners
from gatekeeper.controller.policy_events import PolicyEvents
from gatekeeper.controller.policy_keys import PolicyKeys
from gatekeeper.controller.policy_log import PolicyLog
from gatekeeper.controller.policy_states import PolicyStates
from gatekeeper.controller.policy_statuses import PolicyStatuses
from gatekeeper.controller.referential_rules import ReferentialRules
from gatekeeper.controller.saved_state import SavedPart, SavedState, user_key
from gatekeeper.controller.settings import CertificateMode, ControllerSettings, DenialSourceName
from gatekeeper.controller.source_health import SourceReports
from gatekeeper.controller.state_file import StateError
from gatekeeper.controller.term import LastingTask, PeriodicTask
from gatekeeper.controller.trust_root_events import TrustRootEvents
from gatekeeper.controller.trust_root_log import TrustRootLog
from gatekeeper.controller.waiver_rounds import GatekeeperCopies, WaiverParts, WaiverRounds
from gatekeeper.controller.waiver_uses import WaiverUses
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.ledger.ledger import Ledger, Surroundings
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import DenialLog, UserNames
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.follower import GatekeeperLogs
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.doctor import connection
from gatekeeper.doctor.installation import Vantage
from gatekeeper.doctor.rounds import DoctorRounds
from gatekeeper.evaluation import opa
from gatekeeper.reconciliation.limits import COMPILER_MIB
from gatekeeper.reconciliation.reconciler import Reconciler, ReconcilerMirrors, ReconcilerSettings
from gatekeeper.reconciliation.references import ReferenceReader
from gatekeeper.reconciliation.report import PolicyReports, SeveralReports
from gatekeeper.reconciliation.shadow import Shadow
from gatekeeper.reconciliation.translator import PolicyTranslator, TranslatorSettings
from gatekeeper.reconciliation.worker import ReconciliationWorker
from gatekeeper.resolution.kms.services import of_environment
from gatekeeper.resolution.remote_text import fetch
from gatekeeper.trustroots.board import RootBoard
from gatekeeper.trustroots.report import RootReports, SeveralRootReports
from provider.clock import Clock
from provider.telemetry.log import Log

if TYPE_CHECKING:
    from gatekeeper.trustroots.worker import RootWorker


def assemble(settings: ControllerSettings, cluster: Cluster, log: Log, clock: Clock) -> Controller:
    """A controller that has asked nothing yet.

    Args:
        settings: all of them.
        cluster: what it watches.
        log: where events are written.
        clock: says when.
    """
    return _Assembly(settings, cluster, log, clock).controller()


@dataclass(frozen=True)
class _Assembly:
    settings: ControllerSettings
    cluster: Cluster
    log: Log
    clock: Clock

    def controller(self) -> Controller:
        chosen, metrics = self.settings.denials, DenialMetrics()
        health = SourceReports(metrics, self.log, self.clock, _max_ages(self.settings))
        reports = DenialLog(self.log, UserNames(self._user_key(health)))
        uses = WaiverUses(reports)
        ledger = Ledger(self.clock, metrics, uses, Surroundings(gitops=frozenset(chosen.gitops_account)))
        coverage = self._coverage(metrics, health)
        saved: dict[str, SavedPart] = {"denials": ledger, **({"coverage": coverage} if chosen.coverage else {})}
        election = Election(self.cluster.api, self.clock, self._lease())
        freshness = FreshnessParts(self.settings, self.cluster.api, self.log, self.clock)
        freshness.join(metrics, health, self._holder(), lambda: election.held)
        saved |= freshness.saved

        def source(known: frozenset[str]) -> GatekeeperLogs:
            namespace = self.settings.cluster.gatekeeper_namespace
            return GatekeeperLogs(self.cluster, namespace, health, self.clock, known, self._say_unexpected)

        rules = ReferentialRules(self.cluster.api, self.settings.cluster.gatekeeper_namespace)
        parts = Parts(
            election=election,
            ledger=ledger,
            metrics=metrics,
            health=health,
            log=self.log,
            clock=self.clock,
            state=SavedState(self.settings.state.state_dir, saved, health),
            source=None if chosen.denials is DenialSourceName.OFF else source,
            tasks=[
                *self._tasks(ledger, metrics, health, coverage),
                *self._waivers(metrics, health, uses, rules, election),
                *freshness.tasks,
            ],
            lasting=[*self._lasting(metrics, health, election, rules), *freshness.lasting],
            counters=coverage if chosen.coverage else None,
            beginning=freshness.beginning,
        )
        return Controller(parts)

    def _say_unexpected(self, error: Exception, task: str = "denials") -> None:
        self.log.error(ControllerEvent.TASK_FAILED, "something unexpected", task=task, exc_info=error)

    def _waivers(
        self,
        metrics: DenialMetrics,
        health: SourceReports,
        uses: WaiverUses,
        rules: ReferentialRules,
        election: Election,
    ) -> Iterator[PeriodicTask]:
        if self.settings.policies.waivers:
            copies = GatekeeperCopies(self.settings.denials.gatekeeper_metrics_port)
            parts = WaiverParts(
                rules, uses, copies, metrics.waivers, health, self.log, self.clock, lambda: election.held
            )
            yield PeriodicTask("waivers", WAIVERS_SECONDS, WaiverRounds(self.cluster.api, parts).look)

    def _lasting(
        self, metrics: DenialMetrics, health: SourceReports, election: Election, rules: ReferentialRules
    ) -> Iterator[LastingTask]:
        if self.settings.certificates.certificates is not CertificateMode.OFF:
            log = CertificateLog(self.log, health, metrics.certificate_expiry)
            keepers = CertificateWorker(lambda may_write: self._keeper(log, may_write), lambda: election.held)
            yield LastingTask("certificates", keepers.run)
        board = self._board()
        if board is not None:
            yield LastingTask("trust-roots", self._root_worker(metrics, health, election, board).run)
        if self.settings.policies.policies:
            reports = SeveralReports([*self._policy_reports(metrics, health, election)])
            worker = ReconciliationWorker(
                lambda: ReconcilerMirrors.of(self.cluster.api, self.clock),
                lambda mirrors, may_write: self._reconciler(mirrors, reports, may_write, board, rules),
                lambda: election.held,
                lambda error: self._say_unexpected(error, "policies"),
                board.listen if board is not None else lambda _: None,
            )
            yield LastingTask("policies", worker.run)

    def _board(self) -> RootBoard | None:
        """Between trust roots and policies; None where nobody reads TrustRoots."""
        if not self.settings.trust_roots.trust_roots:
            return None
        return RootBoard(None if self.settings.policies.policies else frozenset())

    def _root_worker(
        self, metrics: DenialMetrics, health: SourceReports, election: Election, board: RootBoard
    ) -> RootWorker:
        # Imported here: who reads no TrustRoots does not pay for the library of TUF.
        from gatekeeper.controller.trust_roots import RootCluster  # noqa: PLC0415

        chosen = self.settings.trust_roots
        namespace = chosen.trust_root_namespace or self.cluster.namespace
        place = RootCluster(self.cluster.api, namespace, chosen.trust_root_config_map, self.clock)
        reports: list[RootReports] = [TrustRootLog(self.log, health, metrics.trust_roots)]
        # The right to write them comes with policies.
        if self.settings.denials.events and self.settings.policies.policies:
            api, holder = self.cluster.api, self._holder()
            reports.append(TrustRootEvents(api, health, self.clock, holder, lambda: election.held))
        return place.worker(
            board,
            SeveralRootReports(reports),
            lambda: election.held,
            lambda error: self._say_unexpected(error, "trust-roots"),
        )

    def _keeper(self, reports: CertificateLog, may_write: Callable[[], bool]) -> CertificateKeeper:
        chosen, api = self.settings.certificates, self.cluster.api
        namespace = chosen.certificate_namespace or self.cluster.namespace
        entrances = providers.entrances(
            chosen.validate_timeout_seconds, chosen.audit_timeout_seconds, chosen.mutate_timeout_seconds
        )
        address = ProviderAddress(chosen.provider_url, f"{namespace}/{chosen.certificate_secret}", entrances)
        secret = CertificateSecret(api, namespace, chosen.certificate_secret)
        serving: ServingSecret = OwnServingSecret(secret, leaf.hosts_of(address.host))
        if chosen.certificates is CertificateMode.CERT_MANAGER:
            serving = CertManagerSecret(secret)
        client = None
        if chosen.client_certificate_secret and chosen.certificates is CertificateMode.CONTROLLER:
            client = OwnClientSecret(CertificateSecret(api, namespace, chosen.client_certificate_secret))
        pods = ProviderPods(api, namespace, NetworkPodPort())
        return CertificateKeeper(api, CertificateParts(address, serving, pods, client), reports, self.clock, may_write)

    def _policy_reports(
        self, metrics: DenialMetrics, health: SourceReports, election: Election
    ) -> Iterator[PolicyReports]:
        api, clock = self.cluster.api, self.clock
        yield PolicyLog(self.log, health)
        yield PolicyKeys(self.log, health)
        yield PolicyStates(metrics.policies)
        yield PolicyStatuses(api, health, clock, lambda: election.held)
        if self.settings.denials.events:
            yield PolicyEvents(api, health, clock, self._holder(), lambda: election.held)

    def _reconciler(
        self,
        mirrors: ReconcilerMirrors,
        reports: PolicyReports,
        may_write: Callable[[], bool],
        board: RootBoard | None,
        rules: ReferentialRules,
    ) -> Reconciler:
        chosen, api = self.settings.policies, self.cluster.api
        # A plain text: what writes objects as JSON knows no other kind of it.
        shadow = Shadow(str(chosen.enforce_label)) if chosen.shadow else None
        translator = PolicyTranslator(
            lambda: replace(opa.find(), memory_mib=COMPILER_MIB),
            ReferenceReader(api, self.clock),
            fetch,
            self.clock,
            TranslatorSettings(
                chosen.policy_namespace, of_environment(os.environ), shadow, rules.on if chosen.waivers else _never
            ),
        )
        settings = ReconcilerSettings(self.settings.cluster.gatekeeper_namespace, chosen.no_match, shadow)
        return Reconciler(api, mirrors, translator, reports, self.clock, settings, may_write, board)

    def _tasks(
        self, ledger: Ledger, metrics: DenialMetrics, health: SourceReports, coverage: Coverage
    ) -> Iterator[PeriodicTask]:
        chosen, api = self.settings.denials, self.cluster.api
        facts = ClusterFacts(api, ledger, health, chosen.gitops_account)
        yield PeriodicTask("cluster", CLUSTER_SECONDS, facts.look)
        if chosen.coverage:
            yield PeriodicTask("coverage", COVERAGE_SECONDS, coverage.look)
        if chosen.audit:
            yield PeriodicTask("audit", AUDIT_SECONDS, AuditResults(api, metrics, health).look)
        owners = BlockedOwners(api, ledger, health)
        if chosen.owners:
            yield PeriodicTask("owners", OWNERS_SECONDS, owners.look)
        if chosen.events:
            reports = EventReports(metrics, health, self.log, self.clock)
            uid = owners.uid if chosen.owners else _no_uid
            events = BlockEvents(api, ledger.blocks, uid, self._holder(), reports)
            yield PeriodicTask("events", EVENTS_SECONDS, events.look)
        if self.settings.checks.doctor:
            yield PeriodicTask("doctor", DOCTOR_SECONDS, self._rounds(metrics, health).look)

    def _rounds(self, metrics: DenialMetrics, health: SourceReports) -> DoctorRounds:
        chosen = self.settings.cluster
        survey = connection.survey(access.find(chosen.kubeconfig), chosen.gatekeeper_namespace)
        vantage = lambda: Vantage(self.clock.now(), connection.engine())  # noqa: E731 - as short as it is
        return DoctorRounds(survey, vantage, metrics.doctor_findings, health)

    def _coverage(self, metrics: DenialMetrics, health: SourceReports) -> Coverage:
        counter = GatekeeperCounter(self.settings.denials.gatekeeper_metrics_port)
        namespace = self.settings.cluster.gatekeeper_namespace
        return Coverage(self.cluster.api, namespace, counter, health, metrics.gatekeeper_denied.inc)

    def _lease(self) -> LeaseName:
        chosen = self.settings.cluster
        return LeaseName(chosen.lease_namespace or self.cluster.namespace, chosen.lease_name, self._holder())

    def _holder(self) -> str:
        return self.settings.cluster.identity or socket.gethostname()

    def _user_key(self, health: SourceReports) -> bytes:
        if not self.settings.denials.hash_users:
            return b""
        try:
            return user_key(self.settings.state.state_dir)
        except StateError as error:
            health.failed(SourceName.STATE, SourceProblem.UNAVAILABLE, str(error))
            return user_key(None)


def _never() -> bool:
    """Templates read no Waivers."""
    return False


def _no_uid(_: WorkloadName) -> str:
    """Workloads may not be read."""
    return ""


def _max_ages(settings: ControllerSettings) -> dict[SourceName, float]:
    """How old what each source says may be: a few of its turns; the sources that are switched on."""
    chosen = settings.denials
    switched: dict[SourceName, tuple[bool, float]] = {
        SourceName.LEASE: (True, 60.0),
        SourceName.CLUSTER: (True, 5 * CLUSTER_SECONDS),
        SourceName.DENIAL_LOG: (chosen.denials is not DenialSourceName.OFF, 60.0),
        SourceName.GATEKEEPER_METRICS: (chosen.coverage, 5 * COVERAGE_SECONDS),
        SourceName.AUDIT: (chosen.audit, 5 * AUDIT_SECONDS),
        SourceName.OWNERS: (chosen.owners, 5 * OWNERS_SECONDS),
        SourceName.EVENTS: (chosen.events, 60.0),
        SourceName.POLICIES: (settings.policies.policies, 300.0),
        SourceName.POLICY_STATUSES: (settings.policies.policies, 300.0),
        SourceName.KEYS: (settings.policies.policies, 300.0),
        SourceName.CERTIFICATES: (settings.certificates.certificates is not CertificateMode.OFF, 300.0),
        SourceName.TRUST_ROOTS: (settings.trust_roots.trust_roots, TRUST_ROOT_SECONDS),
        SourceName.WAIVERS: (settings.policies.waivers, 300.0),
        SourceName.DOCTOR: (settings.checks.doctor, 3 * DOCTOR_SECONDS),
        SourceName.INVENTORY: (settings.forecast.forecast, INVENTORY_SECONDS),
        SourceName.REPORTS: (writes_reports(settings), INVENTORY_SECONDS),
        SourceName.STATE: (settings.state.state_dir is not None, 6 * STATE_SECONDS),
    }
    return {source: seconds for source, (on, seconds) in switched.items() if on}
