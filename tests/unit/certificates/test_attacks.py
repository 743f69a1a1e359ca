"""Whoever writes what they should not, answers what is not so, or has a wrong clock, gets no trust and takes none."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gatekeeper.certificates import leaf, limits, marks, pem
from gatekeeper.certificates.authority import OwnAuthority
from gatekeeper.certificates.errors import ForeignObjectError
from gatekeeper.certificates.leaf import LeafPair, Purpose
from gatekeeper.certificates.material import Material, decoded
from gatekeeper.cluster.api import Object
from gatekeeper.cluster.errors import (
    ClusterError,
    ClusterUnavailableError,
    ConflictError,
    ObjectAbsentError,
    ObjectInvalidError,
    VersionGoneError,
)
from gatekeeper.cluster.resource import PODS, PROVIDERS, SECRETS, Resource
from tests.unit.certificates.world import DAY, HOSTS, NAMES, NAMESPACE, SECRET, CertificateWorld


def planted(now: float) -> tuple[OwnAuthority, dict[str, bytes]]:
    """What somebody writes who may create Secrets: an authority whose key they have."""
    authority = OwnAuthority.new(now)
    held = Material((authority.certificate,), authority, authority.issue(Purpose.SERVER, HOSTS, now)).data()
    return authority, {name: decoded(text) for name, text in held.items()}


def never_trusted(world: CertificateWorld, authority: OwnAuthority, rounds: int = 8) -> None:
    for _ in range(rounds):
        world.round()
        assert all(authority.certificate not in bundle for bundle in world.bundles())
        for name in world.pods:
            world.kubelet(name)
        for each in world.trusted:
            world.gatekeeper(each)
    assert authority.certificate not in world.authorities()
    assert world.refused() == []


def test_authority_that_somebody_planted_before_the_installation_is_never_trusted() -> None:
    world = CertificateWorld()
    authority, data = planted(world.clock.now())
    world.write_secret(data)
    world.start_pod("p-1")
    never_trusted(world, authority)


def test_authority_that_somebody_planted_in_place_of_a_deleted_one_is_never_trusted(world: CertificateWorld) -> None:
    (old,) = world.authorities()
    authority, data = planted(world.clock.now())
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    world.write_secret({**data, "ca.crt": data["ca.crt"] + pem.text_of([old])})
    world.restart()
    never_trusted(world, authority)


def test_authority_beside_ours_in_the_secret_is_not_trusted_while_a_pod_is_not_seen(world: CertificateWorld) -> None:
    stranger = OwnAuthority.new(world.clock.now())
    data = world.data()
    world.unreachable = {"p-1"}
    world.write_secret({**data, "ca.crt": data["ca.crt"] + pem.text_of([stranger.certificate])})
    world.settle(3)
    assert all(stranger.certificate not in bundle for bundle in world.bundles())


def test_controller_that_is_killed_before_the_first_providers_are_written_begins_anew() -> None:
    world = CertificateWorld()
    world.cluster.fail("apply providers", ClusterUnavailableError("apply providers: 503"))
    world.start_pod("p-1")
    world.round()
    world.kubelet("p-1")
    world.restart()
    world.cluster.recover()
    world.settle()
    assert world.refused() == []
    assert len(world.authorities()) == 1


def test_providers_that_cannot_be_written_for_long_do_not_make_authorities() -> None:
    world = CertificateWorld()
    world.cluster.fail("apply providers", ObjectInvalidError("apply providers: admission webhook"))
    world.round()
    (first,) = world.authorities()
    for _ in range(5):
        world.round()
    assert world.authorities() == (first,)
    world.cluster.recover()
    world.round()
    assert world.bundles() == [(first,)] * 3


def test_all_providers_that_somebody_deletes_come_back_as_they_were(world: CertificateWorld) -> None:
    (authority,) = world.authorities()
    for name in NAMES:
        world.cluster.remove(PROVIDERS, name)
    world.round()
    assert world.bundles() == [(authority,)] * 3


def api_server_of_tls(world: CertificateWorld) -> None:
    """The API server wants both fields in a Secret of the type for TLS."""

    def valid(resource: Resource, body: Object) -> str:
        whole = resource != SECRETS or body["type"] != "kubernetes.io/tls" or {"tls.crt", "tls.key"} <= {*body["data"]}
        return "" if whole else "data: Required value"

    world.cluster.webhook = valid


def weak_authority(now: float) -> bytes:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the attack
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak")])
    begins = datetime.fromtimestamp(now, UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, begins + timedelta(days=3000))
    text = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return text + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def odd_curve() -> bytes:
    return pem.text_of_key(ec.generate_private_key(ec.SECP256K1()))


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP224R1()])
def test_authority_whose_curve_gatekeepers_tls_does_not_know_is_replaced(
    world: CertificateWorld, curve: ec.EllipticCurve
) -> None:
    """Even if the Providers name it: what it certifies would be refused by everybody."""
    key = ec.generate_private_key(curve)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
    begins = datetime.fromtimestamp(world.clock.now(), UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, begins + timedelta(days=3000))
    odd = builder.sign(key, hashes.SHA256())
    (old,) = world.authorities()
    bundle = pem.text_of([odd, old])
    world.write_secret({**world.data(), "ca.crt": bundle, "ca.key": pem.text_of_key(key)})
    for each in world.cluster.objects(PROVIDERS):
        spec = {**each["spec"], "caBundle": base64.b64encode(bundle).decode()}
        world.cluster.add(PROVIDERS, {**each, "spec": spec})
    world.settle()
    assert len(world.authorities()) == 1
    assert odd not in world.authorities()
    assert world.refused() == []


HUGE = b"-----BEGIN CERTIFICATE-----\n" + b"A" * 1_000_000


@pytest.mark.parametrize(
    "damage",
    [
        {"ca.key": b"", "tls.key": b""},
        {"ca.key": b"nonsense", "tls.crt": b"nonsense"},
        {"ca.key": HUGE, "ca.crt": HUGE, "tls.crt": HUGE, "tls.key": HUGE},
        {"ca.key": pem.text_of_key(ec.generate_private_key(ec.SECP256R1()))},
        {"ca.key": weak_authority(1.8e9), "ca.crt": weak_authority(1.8e9)},
        {"ca.key": odd_curve(), "tls.key": odd_curve()},
        {"ca.crt": b"\xff\x00", "tls.key": b"\xff\x00"},
    ],
)
def test_whatever_stands_in_the_secret_is_replaced_and_nobody_is_refused(
    world: CertificateWorld, damage: dict[str, bytes]
) -> None:
    api_server_of_tls(world)
    world.write_secret({**world.data(), **damage})
    for _ in range(8):
        assert world.round().faults == ()
        assert world.refused() == []
        for each in world.trusted:
            world.gatekeeper(each)
        if LeafPair.of(world.data()["tls.crt"], world.data()["tls.key"]):
            for name in world.pods:
                world.kubelet(name)
    assert Material.of({"data": world.cluster.objects(SECRETS)[1]["data"]}).authority is not None
    assert len(world.authorities()) == 1


def test_what_is_served_stays_in_a_secret_that_has_no_better_yet(world: CertificateWorld) -> None:
    """Helm makes keys of a kind that we do not: Pods that start meanwhile show them."""
    served = {"tls.crt": weak_authority(1.8e9), "tls.key": weak_authority(1.8e9)}
    world.write_secret({**world.data(), **served, "ca.key": b""})
    world.round()
    assert {name: world.data()[name] for name in served} == served
    assert len(world.authorities()) == 2


@pytest.mark.parametrize("labels", [{}, marks.labels()])
def test_secret_that_came_between_look_and_write_is_not_written_over(labels: dict[str, str]) -> None:
    world = CertificateWorld()
    real, theirs = world.cluster.get, {"tls.crt": b"theirs", "tls.key": b"theirs"}

    def get(resource: Resource, name: str, namespace: str = "") -> Object:
        if name != SECRET:
            return real(resource, name, namespace)
        world.write_secret(theirs, labels)
        raise ObjectAbsentError("get secrets: 404")

    world.cluster.get = get  # type: ignore[method-assign]
    assert world.round().faults == ()
    assert world.data() == theirs
    world.cluster.get = real  # type: ignore[method-assign]
    world.settle()
    faults = [type(each) for each in world.reports.taken[-1].faults]
    assert faults == ([] if labels else [ForeignObjectError])


def test_providers_that_seem_not_to_be_there_for_a_moment_change_nothing(world: CertificateWorld) -> None:
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    world.round()
    other = planted(world.clock.now())[1]
    world.write_secret({**world.data(), "tls.crt": other["tls.crt"], "tls.key": other["tls.key"]})
    before, bundles = world.data(), world.bundles()
    world.cluster.fail("list providers", ObjectAbsentError("list providers: 404"))
    report = world.round()
    assert [type(each) for each in report.faults] == [ObjectAbsentError]
    assert (world.data(), world.bundles()) == (before, bundles)


def valid(certificate: x509.Certificate, now: float) -> bool:
    return certificate.not_valid_before_utc.timestamp() <= now <= certificate.not_valid_after_utc.timestamp()


def test_clock_that_is_a_year_ahead_for_an_hour_refuses_nobody(world: CertificateWorld) -> None:
    true = world.clock.now()
    world.clock.advance(365 * DAY)
    world.settle()
    assert all(valid(each, true) for each in [*world.shown.values(), *world.authorities()])
    assert world.refused() == []
    world.clock.advance(-365 * DAY)
    world.settle()
    assert world.refused() == []
    for each in world.shown.values():
        assert each.not_valid_after_utc.timestamp() <= world.clock.now() + (limits.LEAF_DAYS + 1) * DAY


def test_authority_of_a_time_when_the_clock_was_ahead_is_replaced_without_a_gap() -> None:
    world = CertificateWorld()
    world.clock.advance(30 * DAY)
    world.start_pod("p-1")
    world.settle()
    (early,) = world.authorities()
    world.clock.advance(-30 * DAY)
    world.settle(10)
    (authority,) = world.authorities()
    assert authority != early
    assert all(valid(each, world.clock.now()) for each in [*world.shown.values(), authority])
    assert world.refused() == []


def test_clock_that_goes_back_a_little_makes_nothing_anew(world: CertificateWorld) -> None:
    before = len(world.cluster.writes)
    world.clock.advance(-limits.BACKDATE_SECONDS / 2)
    world.settle(2)
    assert [each for each in world.cluster.writes[before:] if "Secret" in each] == []


def test_pod_that_shows_what_is_not_its_own_keeps_a_former_authority_no_longer_than_a_certificate_lasts(
    world: CertificateWorld,
) -> None:
    (old,) = world.authorities()
    world.cluster.remove(SECRETS, SECRET, NAMESPACE)
    world.settle()
    stranger = planted(world.clock.now())[0]
    hostile = stranger.issue(Purpose.SERVER, HOSTS, world.clock.now()).certificate
    world.write_secret({**world.data(), "ca.crt": world.data()["ca.crt"] + pem.text_of([old])})
    for each in world.cluster.objects(PROVIDERS):
        bundle = world.cluster.objects(SECRETS)[1]["data"]["ca.crt"]
        world.cluster.add(PROVIDERS, {**each, "spec": {**each["spec"], "caBundle": bundle}})
    for days in range(0, limits.LEAF_DAYS + 10, 5):
        world.shown["p-2"] = hostile
        world.round()
        if days < limits.LEAF_DAYS - 10:
            assert old in world.authorities()
        world.clock.advance(5 * DAY)
        world.kubelet("p-1")
        world.gatekeeper("g-1")
        world.gatekeeper("g-2")
    assert old not in world.authorities()
    assert len(world.authorities()) == 1


def test_certificate_with_names_that_nobody_can_read_is_replaced(world: CertificateWorld) -> None:
    """Its alternative names are of a kind that the library refuses with an error of its own."""
    authority = OwnAuthority.of(world.authorities(), world.data()["ca.key"])
    assert authority is not None
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.fromtimestamp(world.clock.now(), UTC)
    # SEQUENCE { [5] "" }: an EDI party name.
    names = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, bytes.fromhex("3002a500"))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
    issuer = authority.certificate.subject
    builder = x509.CertificateBuilder(issuer, name, key.public_key(), 7, now, now + timedelta(days=80))
    odd = builder.add_extension(names, critical=False).sign(authority.key, hashes.SHA256())
    assert LeafPair(odd, key).hosts == frozenset()
    world.write_secret({**world.data(), "tls.crt": pem.text_of([odd]), "tls.key": pem.text_of_key(key)})
    world.settle()
    assert LeafPair.of(world.data()["tls.crt"], world.data()["tls.key"]).hosts == frozenset(HOSTS)  # type: ignore[union-attr]


_ERRORS = (ClusterUnavailableError, ConflictError, VersionGoneError, ObjectInvalidError, ObjectAbsentError)
_CALLS = ("get secrets", "create secrets", "apply secrets", "list providers", "apply providers", "list pods", "*")


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_refused_whatever_the_api_server_answers_and_whenever_we_are_killed(seed: int) -> None:
    dice = random.Random(seed)
    world = CertificateWorld(("g-1", "g-2"))
    api_server_of_tls(world)
    for name in ("p-1", "p-2"):
        world.start_pod(name)
    world.settle()
    for _ in range(50):
        what = dice.choice(("round", "round", "fault", "recover", "kubelet", "gatekeeper", "delete", "restart"))
        if what == "round":
            world.round()
        elif what == "fault":
            error: type[ClusterError] = dice.choice(_ERRORS)
            world.cluster.fail(dice.choice(_CALLS), error("said by the API server"))
        elif what == "recover":
            world.cluster.recover()
        elif what == "kubelet":
            world.kubelet(dice.choice(("p-1", "p-2")))
        elif what == "gatekeeper":
            world.gatekeeper(dice.choice(("g-1", "g-2")))
        elif what == "delete" and dice.random() < 0.3 and world.data():
            world.cluster.remove(SECRETS, SECRET, NAMESPACE)
        elif what == "restart":
            world.restart()
        assert world.refused() == []
    world.cluster.recover()
    world.settle(10)
    assert world.refused() == []
    assert len(world.authorities()) == 1
    assert "PRIVATE KEY" not in repr(world.reports.taken)


def test_address_of_a_pod_with_a_port_that_is_none_is_not_seen(world: CertificateWorld) -> None:
    from gatekeeper.certificates.served import NetworkPodPort  # noqa: PLC0415 - of this test alone

    assert NetworkPodPort().look("127.0.0.1", 2**40) is None
    assert world.cluster.objects(PODS)


def test_certificate_of_ours_begins_with_its_authority() -> None:
    authority = OwnAuthority.new(1.8e9)
    pair = authority.issue(Purpose.SERVER, HOSTS, 1.8e9 + 300 * DAY)
    assert pair.certificate.not_valid_before_utc == authority.certificate.not_valid_before_utc
    assert pair.ends == 1.8e9 + (300 + limits.LEAF_DAYS) * DAY
    assert leaf.issued_by(pair.certificate, [authority.certificate]) == authority.certificate
