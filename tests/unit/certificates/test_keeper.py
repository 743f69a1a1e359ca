"""Rounds of the keeper: from nothing, over renewals and whatever people do, without a refused question."""

from __future__ import annotations

import random

import pytest
from cryptography import x509

from gatekeeper.certificates import leaf, limits, pem
from gatekeeper.certificates.authority import OwnAuthority
from gatekeeper.certificates.errors import ForeignObjectError, NoAuthorityError
from gatekeeper.certificates.leaf import Purpose
from gatekeeper.certificates.material import Material, decoded
from gatekeeper.certificates.report import CertificateName
from gatekeeper.certificates.rotation import IssueReason
from gatekeeper.cluster.errors import AccessDeniedError, ObjectInvalidError
from gatekeeper.cluster.resource import PODS, PROVIDERS, SECRETS
from gatekeeper.documents.product import MANAGED_BY, NAME, PART_OF
from tests.unit.certificates.world import (
    CLIENT_SECRET,
    DAY,
    HOSTS,
    NAMES,
    NAMESPACE,
    SECRET,
    URL,
    CertificateWorld,
    provider,
)

CHART = {MANAGED_BY: "Helm", PART_OF: NAME}


def reasons(world: CertificateWorld) -> list[tuple[str, str]]:
    return [(each.name.value, each.reason.value) for report in world.reports.taken for each in report.issued]


def test_everything_comes_from_nothing_in_one_round():
    world = CertificateWorld()
    world.start_pod("p-1")
    report = world.round()
    assert [each.name for each in report.issued] == [
        CertificateName.OWN_CLIENT_CA,
        CertificateName.AUTHORITY,
        CertificateName.SERVER,
    ]
    assert world.data().keys() == {"tls.crt", "tls.key", "ca.crt", "ca.key"}
    assert world.bundles() == [world.authorities()] * 3
    assert [each["metadata"]["name"] for each in world.cluster.objects(PROVIDERS)] == list(NAMES)
    assert [each["spec"]["url"] for each in world.cluster.objects(PROVIDERS)] == [
        f"{URL}/validate",
        f"{URL}/audit",
        f"{URL}/mutate",
    ]
    assert [each["spec"]["timeout"] for each in world.cluster.objects(PROVIDERS)] == [2, 10, 1]
    assert report.faults == ()
    world.settle(1)
    assert world.refused() == []


def test_client_has_its_certificate_before_the_provider_can_start():
    world = CertificateWorld()
    world.round()
    applied = [each for each in world.cluster.writes if each.startswith("create Secret")]
    assert applied == [f"create Secret {CLIENT_SECRET}", f"create Secret {SECRET}"]


def test_certificate_is_for_the_address_and_of_the_authority(world):
    (certificate,) = pem.certificates(world.data()["tls.crt"])
    (authority,) = world.authorities()
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(names.get_values_for_type(x509.DNSName)) == HOSTS
    left = certificate.not_valid_after_utc.timestamp() - world.clock.now()
    assert left == pytest.approx(limits.LEAF_DAYS * DAY, abs=100)
    left = authority.not_valid_after_utc.timestamp() - world.clock.now()
    assert left == pytest.approx(limits.AUTHORITY_DAYS * DAY, abs=100)


def test_clients_authority_is_another_one_and_its_key_is_kept_nowhere(world):
    data = world.data(CLIENT_SECRET)
    assert data.keys() == {"tls.crt", "tls.key", "ca.crt"}
    (authority,) = pem.certificates(data["ca.crt"])
    (certificate,) = pem.certificates(data["tls.crt"])
    certificate.verify_directly_issued_by(authority)
    assert authority not in world.authorities()


def test_nothing_is_written_while_nothing_happens(world):
    before = len(world.cluster.writes)
    calls = len(world.cluster.calls)
    world.round()
    assert world.cluster.writes[before:] == []
    assert world.cluster.calls[calls:] == ["get secrets", "list providers", "get secrets"]


def test_certificate_is_renewed_before_its_end_and_the_authority_stays(world):
    (authority,) = world.authorities()
    world.clock.advance((limits.LEAF_DAYS - limits.LEAF_RENEWAL_DAYS) * DAY)
    world.settle()
    assert reasons(world)[3:] == [("own_client_ca", "renewal"), ("server", "renewal")]
    assert world.authorities() == (authority,)
    assert world.refused() == []


def test_authority_is_renewed_in_steps_each_of_which_waits_for_the_one_before(world):
    (old,) = world.authorities()
    world.clock.advance((limits.AUTHORITY_DAYS - limits.AUTHORITY_RENEWAL_DAYS) * DAY)
    # A certificate that has ended long ago is another thing.
    world.write_secret(material(old_authority(world), world.clock.now()))
    for name in ("p-1", "p-2"):
        world.kubelet(name)
    world.round()
    new, old = world.authorities()
    assert world.bundles() == [(new, old)] * 3
    assert leaf.issued_by(pem.certificates(world.data()["tls.crt"])[0], [new]) is None

    world.gatekeeper("g-1")
    world.round()
    world.round()
    assert leaf.issued_by(pem.certificates(world.data()["tls.crt"])[0], [new]) is None, "g-2 does not know it yet"
    world.gatekeeper("g-2")
    world.round()
    assert leaf.issued_by(pem.certificates(world.data()["tls.crt"])[0], [new]) == new

    world.kubelet("p-1")
    world.round()
    assert world.authorities() == (new, old), "p-2 shows the old one still"
    world.kubelet("p-2")
    world.round()
    assert world.bundles() == [(new,)] * 3
    world.gatekeeper("g-1")
    assert world.refused() == []


def old_authority(world: CertificateWorld) -> OwnAuthority:
    """The present one, with its key."""
    data = world.data()
    authority = OwnAuthority.of(pem.certificates(data["ca.crt"]), data["ca.key"])
    assert authority is not None
    return authority


def material(authority: OwnAuthority, now: float) -> dict[str, bytes]:
    pair = authority.issue(Purpose.SERVER, HOSTS, now)
    held = Material((authority.certificate,), authority, pair).data()
    return {name: decoded(text) for name, text in held.items()}


def test_deleted_secret_is_a_rotation_like_another(world):
    (old,) = world.authorities()
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    world.round()
    assert "tls.crt" not in world.data(), "Gatekeeper would not trust it yet"
    assert world.authorities()[1:] == (old,)
    world.start_pod("p-3")
    world.settle()
    assert world.refused() == []
    assert len(world.authorities()) == 1
    assert old not in world.authorities()


def test_damaged_secret_is_made_anew(world):
    for key in ("tls.crt", "tls.key", "ca.crt", "ca.key"):
        world.write_secret({**world.data(), key: b"nonsense"})
        world.settle()
        assert Material.of(secret(world)).leaf is not None
        assert world.refused() == []


def secret(world: CertificateWorld) -> dict[str, object]:
    (found,) = [each for each in world.cluster.objects(SECRETS) if each["metadata"]["name"] == SECRET]
    return found


@pytest.mark.parametrize(
    ("field", "value"), [("caBundle", "bm9uc2Vuc2U="), ("url", "https://elsewhere.test/validate"), ("timeout", 20)]
)
def test_provider_that_somebody_edits_is_as_it_was_and_that_is_said(world, field, value):
    found = world.cluster.objects(PROVIDERS)[0]
    before = found["spec"][field]
    world.cluster.add(PROVIDERS, {**found, "spec": {**found["spec"], field: value}})
    report = world.round()
    assert report.repaired == ("Provider bestbefore",)
    assert world.cluster.objects(PROVIDERS)[0]["spec"][field] == before


def test_foreign_authority_in_a_provider_is_not_kept(world):
    stranger = OwnAuthority.new(world.clock.now()).certificate
    found = world.cluster.objects(PROVIDERS)[0]
    world.cluster.add(PROVIDERS, {**found, "spec": provider("bestbefore", stranger)["spec"]})
    world.settle()
    assert all(stranger not in bundle for bundle in world.bundles())


def test_deleted_provider_comes_back(world):
    world.cluster.remove(PROVIDERS, "bestbefore-audit")
    assert world.round().repaired == ("Provider bestbefore-audit",)
    world.settle()
    assert world.refused() == []


def test_process_that_knows_nothing_goes_on_where_the_one_before_was_killed(world):
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    for _ in range(8):
        world.round()
        world.restart()
        for each in ("g-1", "g-2"):
            world.gatekeeper(each)
        for each in ("p-1", "p-2"):
            world.kubelet(each)
        assert world.refused() == []
    assert len(world.authorities()) == 1


@pytest.mark.parametrize("seed", range(8))
def test_nobody_is_refused_whatever_comes_when(seed, monkeypatch):
    """Steps of everybody in any order; what they do not see yet, they do not know."""
    dice = random.Random(seed)
    world = CertificateWorld(("g-1", "g-2"))
    for name in ("p-1", "p-2"):
        world.start_pod(name)
    world.settle()
    for _ in range(60):
        what = dice.choice(("round", "round", "kubelet", "gatekeeper", "delete", "restart", "end", "pod"))
        if what == "round":
            world.round()
        elif what == "kubelet":
            world.kubelet(dice.choice(world.pods))
        elif what == "gatekeeper":
            world.gatekeeper(dice.choice(("g-1", "g-2")))
        elif what == "delete" and dice.random() < 0.3 and world.data():
            world.cluster.remove(SECRETS, SECRET, NAMESPACE)
        elif what == "restart":
            world.restart()
        elif what == "pod" and len(world.pods) < 5:
            world.start_pod(f"p-{len(world.pods) + 1}")
        elif what == "end" and dice.random() < 0.3:
            # The authority's end is near, as this round sees it.
            monkeypatch.setattr(limits, "AUTHORITY_RENEWAL_DAYS", 2 * limits.AUTHORITY_DAYS)
            world.round()
            monkeypatch.undo()
        assert world.refused() == []
    world.settle(10)
    assert len(world.authorities()) == 1
    assert world.refused() == []


def test_pod_that_cannot_be_seen_keeps_the_old_authority_in_trust(world):
    (old,) = world.authorities()
    world.unreachable = {"p-2"}
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    world.settle()
    assert old in world.authorities()
    world.unreachable = set()
    world.settle(2)
    assert old not in world.authorities()


def test_pod_behind_something_that_shows_another_certificate_keeps_the_old_authority_in_trust(world):
    (old,) = world.authorities()
    own = world.shown["p-2"]
    world.shown["p-2"] = OwnAuthority.new(world.clock.now()).issue(Purpose.SERVER, HOSTS, world.clock.now()).certificate
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    for _ in range(6):
        world.round()
        for each in ("g-1", "g-2"):
            world.gatekeeper(each)
        world.kubelet("p-1")
    assert old in world.authorities()
    world.shown["p-2"] = own
    assert world.refused() == []


def test_pods_that_may_not_be_listed_are_said_and_keep_the_old_authority(world):
    (old,) = world.authorities()
    world.cluster.fail("pods", AccessDeniedError("list pods: 403"))
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    world.round()
    assert old in world.authorities()
    assert [type(each) for each in world.reports.taken[-1].faults] == [AccessDeniedError]


def test_gatekeeper_that_says_nothing_is_waited_for_a_minute(world):
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    for each in world.cluster.objects(PROVIDERS):
        world.cluster.add(PROVIDERS, {**each, "status": {}})
    begun = rounds_until_served(world)
    assert begun == pytest.approx(limits.SILENT_SECONDS, abs=10)


def test_gatekeeper_that_is_late_for_ever_does_not_keep_pods_from_starting(world):
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    begun = rounds_until_served(world, "g-1")
    assert begun == pytest.approx(limits.PATIENCE_SECONDS, abs=10)


def rounds_until_served(world: CertificateWorld, *prompt: str) -> float:
    """After how many seconds there is something to serve, while some Pods of Gatekeeper say that they know of it."""
    begun = world.clock.monotonic()
    world.round()
    while "tls.crt" not in world.data():
        world.clock.advance(4.0)
        world.round()
        for each in prompt:
            world.gatekeeper(each)
    return world.clock.monotonic() - begun


def test_gatekeeper_that_is_not_installed_is_not_waited_for():
    world = CertificateWorld()
    world.cluster.without(PROVIDERS)
    world.start_pod("p-1")
    report = world.round()
    assert "tls.crt" in world.data()
    assert report.faults, "the Providers could not be written"
    world.cluster.bring(PROVIDERS)
    assert world.round().faults == ()


def test_foreign_secret_is_left_and_said_by_name(world):
    theirs = {"password": b"theirs"}
    world.write_secret(theirs, labels={})
    report = world.round()
    assert world.data() == theirs
    (fault,) = report.faults
    assert isinstance(fault, ForeignObjectError)
    assert f"Secret {NAMESPACE}/{SECRET}" in fault.message


def test_foreign_provider_is_left_and_said_by_name():
    world = CertificateWorld()
    stranger = OwnAuthority.new(world.clock.now()).certificate
    theirs = provider("bestbefore", stranger)
    world.cluster.add(PROVIDERS, theirs)
    report = world.round()
    assert world.cluster.objects(PROVIDERS)[0]["spec"] == theirs["spec"]
    (fault,) = report.faults
    assert "Provider bestbefore was not made by bestbefore" in fault.message
    assert len(world.cluster.objects(PROVIDERS)) == 3, "the others are ours"


def test_provider_of_another_installation_is_left(world):
    other = CertificateWorld(cluster=world.cluster, home="elsewhere/other-tls")
    report = other.round()
    assert len(report.faults) == 3
    assert "belongs to the installation gatekeeper-system/bestbefore-tls" in report.faults[0].message
    assert world.cluster.objects(PROVIDERS)[0]["spec"]["url"] == f"{URL}/validate"


def test_what_the_chart_made_in_another_mode_is_taken_over_and_nobody_is_refused():
    world = CertificateWorld(("g-1",))
    authority = OwnAuthority.new(world.clock.now())
    held = material(authority, world.clock.now())
    del held["ca.key"]
    world.write_secret(held, labels=CHART)
    for name in NAMES:
        world.cluster.add(PROVIDERS, provider(name, authority.certificate, CHART))
    world.start_pod("p-1")
    world.gatekeeper("g-1")
    for _ in range(8):
        assert world.round().faults == ()
        assert world.refused() == []
        world.kubelet("p-1")
        world.gatekeeper("g-1")
    (new,) = world.authorities()
    assert new != authority.certificate
    assert world.bundles() == [(new,)] * 3
    assert secret(world)["type"] == "kubernetes.io/tls"


def test_address_that_changes_has_a_certificate_for_it(world):
    moved = CertificateWorld(cluster=world.cluster, url="https://192.0.2.7:8443")
    moved.shown, moved.trusted = world.shown, world.trusted
    moved.settle()
    (certificate,) = pem.certificates(world.data()["tls.crt"])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    assert world.cluster.objects(PROVIDERS)[0]["spec"]["url"] == "https://192.0.2.7:8443/validate"


def test_keys_are_in_no_error_and_no_text_of_an_object():
    world = CertificateWorld()
    said: list[str] = []

    def refuse(resource: object, body: object) -> str:
        if resource == SECRETS:
            data = body["data"]  # type: ignore[index]
            said.append(data["tls.key"])
            return (
                f"admission webhook denied: {data['tls.key']} {pem.text_of_key(OwnAuthority.new(1.8e9).key).decode()}"
            )
        return ""

    world.cluster.webhook = refuse
    report = world.round()
    assert [type(each) for each in report.faults] == [ObjectInvalidError, ObjectInvalidError]
    for fault in report.faults:
        assert "admission webhook denied" in fault.message
        assert "PRIVATE KEY" not in fault.message
        assert not any(key[:40] in fault.message for key in said)
        assert fault.__cause__ is None
        assert fault.__suppress_context__
    authority = OwnAuthority.new(world.clock.now())
    assert "key=" not in repr(authority)
    assert "key=" not in repr(authority.issue(Purpose.CLIENT, (), world.clock.now()))


def test_process_that_lost_the_lease_writes_nothing():
    world = CertificateWorld()
    world.keeper._may_write = lambda: False
    world.keeper.round()
    assert world.cluster.writes == []
    assert world.reports.taken == []


def test_somebody_who_was_quicker_is_no_fault(world):
    world.clock.advance((limits.LEAF_DAYS - limits.LEAF_RENEWAL_DAYS) * DAY)
    real = world.cluster.get

    def get_and_touch(resource, name, namespace=""):
        found = real(resource, name, namespace)
        world.cluster.add(resource, found)
        return found

    world.cluster.get = get_and_touch
    assert world.round().faults == ()
    world.cluster.get = real
    world.settle()
    assert world.refused() == []


def test_cert_managers_secret_is_read_and_never_written():
    world = CertificateWorld(cert_manager=True)
    (fault,) = world.round().faults
    assert isinstance(fault, NoAuthorityError)
    authority = OwnAuthority.new(world.clock.now())
    held = material(authority, world.clock.now())
    del held["ca.key"]
    world.write_secret(held, labels={})
    assert world.round().faults == ()
    assert world.bundles() == [(authority.certificate,)] * 3
    assert [each for each in world.cluster.writes if "Secret" in each] == []


def test_authority_of_cert_manager_that_changes_is_trusted_beside_the_one_before():
    world = CertificateWorld(cert_manager=True)
    old, new = OwnAuthority.new(world.clock.now()), OwnAuthority.new(world.clock.now())
    world.write_secret(material(old, world.clock.now()), labels={})
    world.start_pod("p-1")
    world.settle(2)
    world.write_secret(material(new, world.clock.now()), labels={})
    world.round()
    world.gatekeeper("g-1")
    assert world.bundles() == [(new.certificate, old.certificate)] * 3
    assert world.refused() == []
    world.settle(2)
    assert world.bundles() == [(new.certificate,)] * 3
    assert world.refused() == []


def test_secret_of_cert_manager_without_an_authority_is_said():
    world = CertificateWorld(cert_manager=True)
    held = material(OwnAuthority.new(world.clock.now()), world.clock.now())
    world.write_secret({**held, "ca.crt": b""}, labels={})
    (fault,) = world.round().faults
    assert "has no ca.crt" in fault.message


def test_pods_that_have_ended_are_not_looked_at(world):
    found = world.cluster.objects(PODS)[0]
    world.cluster.add(PODS, {**found, "status": {**found["status"], "phase": "Failed"}})
    world.unreachable = {found["metadata"]["name"]}
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    del world.shown[found["metadata"]["name"]]
    for _ in range(4):
        world.round()
        world.gatekeeper("g-1")
        world.gatekeeper("g-2")
        world.kubelet("p-2")
    assert len(world.authorities()) == 1


def test_reason_of_everything_that_is_made_is_said(world):
    assert reasons(world) == [
        ("own_client_ca", IssueReason.ABSENT),
        ("authority", IssueReason.ABSENT),
        ("server", IssueReason.ABSENT),
    ]
    assert world.reports.taken[-1].expiries.keys() == set(CertificateName)
    assert world.reports.taken[-1].trusted == 1
