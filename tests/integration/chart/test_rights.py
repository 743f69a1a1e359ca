"""The rights that the chart gives: as the page says, enough for what reconciling calls, and none too many."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.cluster.lease import Election, LeaseName
from gatekeeper.cluster.resource import CONFIG_MAPS, CONSTRAINT_TEMPLATES, SECRETS, constraints
from gatekeeper.controller.policy_events import PolicyEvents
from gatekeeper.controller.policy_statuses import PolicyStatuses
from gatekeeper.reconciliation.report import SeveralReports
from gatekeeper.translation import names
from tests.integration.chart import account_rights
from tests.integration.chart.account_rights import EVERYWHERE, AccountRight
from tests.integration.chart.helm import NAMESPACE, Helm
from tests.programs import program
from tests.simulators.rights import LimitedApi, NeededRight
from tests.simulators.signing import SigningWorld, new_key
from tests.simulators.sources import HealthSimulator
from tests.unit.docs.pages import ROOT
from tests.unit.reconciliation.world import OTHER_RULE, RULE, World
from tests.unit.trustroots.world import RootWorld

pytestmark = pytest.mark.integration

_PAGE = ROOT / "docs" / "reference" / "rights.md"
_ACCOUNT = "bestbefore-controller"
_REFERENCES = (
    "controller.policies.references[0].namespace=cosign-system",
    "controller.policies.references[0].secrets={key}",
    "controller.policies.references[1].namespace=policies",
    "controller.policies.references[1].configMaps={rules}",
)
_FORECAST = ("controller.forecast.enabled=true", "controller.resources.limits.memory=512Mi")
_ALL = (*_REFERENCES, *_FORECAST, "controller.owners.enabled=true", "waivers.enabled=true")
_PLACES = {"Gatekeeper's": "gatekeeper", "the chart's": "here"}
_APART = ("namespaceOverride=here", "gatekeeper.namespace=gatekeeper", "gatekeeper.clientCA.secretName=copy")
# A plural, its subresource, its group, and a name.
_RESOURCE = re.compile(r"(?P<plural>[*a-z]+(/(log|status|scale))?([.][a-z0-9.]+)?)(/(?P<name>.+))?")
# Certificates of one's own: the controller writes no Providers.
_SECRET = (
    "certificates.mode=secret",
    "certificates.secret.name=own",
    "certificates.caBundle=-----BEGIN CERTIFICATE-----",
)
_POLICIES_ALONE = (
    *_SECRET,
    "controller.doctor.enabled=false",
    "controller.audit.enabled=false",
    "controller.coverage.enabled=false",
    "controller.denials.source=off",
    "controller.trustRoots.enabled=false",
)
_TRUST_ROOTS_ALONE = (*_POLICIES_ALONE[:-1], "controller.policies.enabled=false", "namespaceOverride=gatekeeper-system")


def rights(helm: Helm, *values: str, account: str = _ACCOUNT) -> set[AccountRight]:
    return account_rights.of(helm.render(values=values).objects, account)


def rows(heading: str = "The controller") -> Iterator[tuple[set[AccountRight], list[str]]]:
    """The rights of each row of a table of the page, and the values that give them."""
    table = _PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    for line in re.findall(r"^\| `.*$", table, re.MULTILINE):
        verbs, resources, where, _, values = (cell.strip() for cell in line.strip("|").split("|"))
        yield set(_of_row(_spans(verbs), _spans(resources), where)), _spans(values)


def _spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _of_row(verbs: list[str], resources: list[str], where: str) -> Iterator[AccountRight]:
    named = {"secrets": ("cosign-system", "key"), "configmaps": ("policies", "rules")}
    for resource in resources:
        found = _RESOURCE.fullmatch(resource)
        assert found is not None, resource
        place, name = _PLACES.get(where, EVERYWHERE), found["name"] or ""
        if name == "NAME":
            place, name = named.get(found["plural"], (place, _ACCOUNT))
        yield from (AccountRight(verb, found["plural"], place, name) for verb in verbs)


def test_page_lists_every_right_of_the_controller_and_no_other(helm: Helm) -> None:
    listed = set().union(*(found for found, _ in rows()))
    assert listed == rights(helm, *_ALL, *_APART)


def test_page_lists_every_right_of_uninstalling_and_no_other(helm: Helm) -> None:
    listed = set().union(*(found for found, _ in rows("uninstall")))
    assert listed == rights(helm, *_APART, account="bestbefore-uninstall")


def test_right_goes_when_the_values_that_the_page_names_are_off(helm: Helm) -> None:
    for found, values in rows():
        off = [f"{value}=false" for value in values if value.endswith(".enabled")]
        off += ["controller.denials.source=off"] if "controller.denials.source" in values else []
        off += _SECRET if "certificates.mode" in values else []
        if values:
            assert not found & rights(helm, *_APART, *off), values


@pytest.mark.parametrize(
    "value", ["controller.doctor.enabled", "controller.policies.enabled", "controller.audit.enabled"]
)
def test_one_of_several_values_is_enough(helm: Helm, value: str) -> None:
    switches = [f"controller.{each}.enabled" for each in ("doctor", "policies", "audit", "coverage")]
    others = [f"{each}=false" for each in switches if each != value]
    alone = rights(helm, *others, *_APART, "controller.denials.source=off")
    for found, values in rows():
        if value in values:
            assert found <= alone


def test_controller_without_policies_writes_nothing_that_gatekeeper_reads(helm: Helm) -> None:
    without = rights(helm, "controller.policies.enabled=false", "controller.trustRoots.enabled=false", *_SECRET)
    assert {(right.verb, right.resource) for right in without if right.verb not in {"get", "list"}} == {
        ("create", "events.events.k8s.io"),
        ("update", "events.events.k8s.io"),
        ("create", "leases.coordination.k8s.io"),
        ("update", "leases.coordination.k8s.io"),
    }


def test_events_are_written_in_one_namespace_where_only_policies_have_any(helm: Helm) -> None:
    found = {right for right in rights(helm, *_POLICIES_ALONE) if right.resource.startswith("events")}
    assert found == {AccountRight("create", "events.events.k8s.io", "default")}


def test_shadow_needs_the_same_rights(helm: Helm) -> None:
    assert rights(helm, "controller.policies.shadow=true", "mutation.enabled=false") == rights(helm)


def test_page_lists_every_right_of_the_provider_and_no_other(helm: Helm) -> None:
    listed = set().union(*(found for found, _ in rows("The provider")))
    given = rights(helm, "provider.podCredentials.namespaces={shop}", account="bestbefore")
    assert {(each.verb, each.resource, each.name) for each in listed} == {
        (each.verb, each.resource, each.name) for each in given
    }


def test_provider_reads_secrets_of_the_named_namespaces_and_of_no_other(helm: Helm) -> None:
    given = rights(helm, "provider.podCredentials.namespaces={shop,yard}", account="bestbefore")
    assert given == {
        AccountRight("get", resource, namespace)
        for resource in ("secrets", "serviceaccounts")
        for namespace in ("shop", "yard")
    }


def test_rights_to_pull_secrets_are_the_account_s_that_somebody_else_made(helm: Helm) -> None:
    values = ("provider.podCredentials.namespaces={shop}", "serviceAccount.create=false", "serviceAccount.name=own")
    assert {each.where for each in rights(helm, *values, account="own")} == {"shop"}


def test_provider_has_no_rights(helm: Helm) -> None:
    objects = helm.render(values=_ALL).objects
    bindings = (found for found in objects if found["kind"].endswith("RoleBinding"))
    subjects = {subject["name"] for found in bindings for subject in found["subjects"]}
    assert subjects == {_ACCOUNT, "bestbefore-doctor", "bestbefore-uninstall"}
    assert account_rights.of(objects, "bestbefore") == set()


class Story:
    """Everything that reconciling does in a cluster, with some rights: what was refused, and what was said of it.

    Args:
        given: the rights.
    """

    def __init__(self, given: Callable[[NeededRight], bool]) -> None:
        self.world = World(no_match="deny")
        self.api = LimitedApi(self.world.cluster, given)
        self.world.api = self.api
        self.world.restart()
        self.health = HealthSimulator()
        clock = self.world.clock
        self._reports = SeveralReports(
            [
                PolicyStatuses(self.api, self.health, clock),
                PolicyEvents(self.api, self.health, clock, "pod"),
            ]
        )

    def tell(self) -> set[str]:
        """Let it happen; every message of faults, states and health."""
        self._hold_the_lease()
        self._bring_policies()
        self._change_by_hand()
        self._end_policies()
        return self.said()

    def said(self) -> set[str]:
        """What was said of what went wrong."""
        faults = {fault.message for each in self.world.reports for fault in each.faults}
        return faults | set(self.health.said)

    def _hold_the_lease(self) -> None:
        election = Election(self.api, self.world.clock, LeaseName(NAMESPACE, _ACCOUNT, "one"))
        for _ in range(2):
            election.step({})
            if election.error is not None:
                self.health.said.append(election.error.message)

    def _bring_policies(self) -> None:
        pem = new_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        metadata = {"name": "key", "namespace": "cosign-system"}
        self.world.cluster.add(SECRETS, {"metadata": metadata, "data": {"cosign.pub": base64.b64encode(pem).decode()}})
        metadata = {"name": "rules", "namespace": "policies"}
        self.world.cluster.add(CONFIG_MAPS, {"metadata": metadata, "data": {"rego": RULE}})
        self.world.apply("inline")
        self.world.apply("keyed", "", authorities=[{"key": {"secretRef": {"name": "key"}}}])
        reference = {"configMapRef": {"name": "rules", "key": "rego", "namespace": "policies"}, "type": "rego"}
        self.world.apply("mapped", "", policy=reference)
        self._pass(20)
        self.world.apply("inline", OTHER_RULE)
        self._pass(20)

    def _change_by_hand(self) -> None:
        kind = names.kind_of("inline")
        for resource in (constraints(kind), CONSTRAINT_TEMPLATES):
            for found in self.world.cluster.objects(resource):
                if resource == CONSTRAINT_TEMPLATES:
                    found["spec"]["more"] = "by hand"
                else:
                    found["spec"]["match"]["excludedNamespaces"] = ["*"]
                found["metadata"]["generation"] += 1
                self.world.cluster.add(resource, found)
        self._pass(100)

    def _end_policies(self) -> None:
        self.world.delete("inline")
        self._pass(70)

    def _pass(self, seconds: float) -> None:
        before = len(self.world.reports)
        self.world.run(seconds)
        for each in self.world.reports[before:]:
            self._reports.take(each)


@pytest.fixture(scope="module")
def given() -> set[AccountRight]:
    return rights(Helm(program("helm")), *_REFERENCES, *_POLICIES_ALONE)


def _gives(rights: set[AccountRight]) -> Callable[[NeededRight], bool]:
    def allows(needed: NeededRight) -> bool:
        right = AccountRight(needed.verb, needed.resource, needed.namespace or EVERYWHERE, needed.name)
        return account_rights.allows(rights, right)

    return allows


def test_rights_are_enough_for_policies(given: set[AccountRight]) -> None:
    story = Story(_gives(given))
    assert story.tell() == set()
    assert {each.name: str(each.state) for each in story.world.reports[-1].policies} == {
        "keyed": "enforced",
        "mapped": "enforced",
    }


def test_each_right_is_needed_and_named_where_it_is_missing(given: set[AccountRight]) -> None:
    always = {("list", "namespaces"), ("list", "validatingwebhookconfigurations.admissionregistration.k8s.io")}
    for right in sorted(given):
        if (right.verb, right.resource) in always:
            continue
        said = Story(_gives(given - {right})).tell()
        what = right.resource.partition(".")[0]
        kinds = "" if what == "*" else f" {what}"
        assert any(f'cannot {right.verb} resource "{kinds.strip()}' in each for each in said), (right, said)


def test_rights_are_enough_for_a_rotation_of_trust_roots(helm: Helm, tmp_path: Path) -> None:
    signing = SigningWorld()
    world = RootWorld(tmp_path, json.dumps(signing.trust_root).encode())
    world.limit(_gives(rights(helm, *_TRUST_ROOTS_ALONE)))
    world.add_pod("a")
    world.apply_remote()
    world.run(60)
    world.sign({**signing.trust_root, "ctlogs": []})
    world.clock.advance(3700)
    world.run(60)
    assert world.holder.reports[-1].faults == []
    assert len(world.handed_over()) == 2
