"""Addresses that strangers may not make us reach."""

import ipaddress
import socket
import threading

import pytest

from provider.clock import Deadline, SystemClock
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.addresses import AddressBook, SystemResolver, refusal
from provider.registry.settings import RegistrySettings
from tests.simulators.clock import FakeClock


class Names:
    """Resolves what a test says."""

    def __init__(self, **hosts):
        self.hosts = hosts

    def resolve(self, host, deadline):
        found = self.hosts.get(host.replace(".", "_"))
        return [ipaddress.ip_address(address) for address in found or [host]]


def book(settings=None, **hosts):
    return AddressBook(settings or RegistrySettings(), Names(**hosts))


def addresses(url, settings=None, **hosts):
    found = book(settings, **hosts).addresses(origin.of_url(url), Deadline.after(FakeClock(), 1))
    return [str(address) for address in found]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104 - refused
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "224.0.1.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:1::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "100::1",
    ],
)
def test_address_off_the_public_internet_is_refused(address):
    assert refusal(ipaddress.ip_address(address)) is not None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "34.117.59.81", "2606:4700::6810:84e5", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_address_is_open(address):
    assert refusal(ipaddress.ip_address(address)) is None


def test_host_with_a_public_address_is_open():
    assert addresses("https://reg.io", reg_io=["8.8.8.8"]) == ["8.8.8.8"]


def test_host_with_one_private_address_among_public_ones_is_refused():
    with pytest.raises(ImageError) as caught:
        addresses("https://reg.io", reg_io=["8.8.8.8", "10.0.0.1"])
    assert caught.value.reason is Reason.ADDRESS_REFUSED
    assert "reg.io" in caught.value.message
    assert "10.0.0.1" not in caught.value.message


@pytest.mark.parametrize("named", ["named_registries", "insecure_registries"])
def test_host_that_a_setting_names_may_be_anywhere(named):
    settings = RegistrySettings(**{named: frozenset({"reg.io:5000"})})
    assert addresses("https://reg.io:5000", settings, reg_io=["10.0.0.1"]) == ["10.0.0.1"]


def test_naming_a_host_opens_its_default_port_only():
    settings = RegistrySettings(named_registries=frozenset({"reg.io"}))
    assert addresses("https://reg.io", settings, reg_io=["10.0.0.1"])
    with pytest.raises(ImageError):
        addresses("https://reg.io:6443", settings, reg_io=["10.0.0.1"])


def test_naming_a_host_opens_no_other_host_at_its_address():
    settings = RegistrySettings(named_registries=frozenset({"reg.io"}))
    with pytest.raises(ImageError):
        addresses("https://evil.io", settings, evil_io=["10.0.0.1"])


@pytest.mark.parametrize("url", ["http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]:5000"])
def test_commands_reach_loopback_by_its_name(url):
    assert addresses(url, RegistrySettings(allow_loopback_http=True), localhost=["127.0.0.1"])


def test_commands_do_not_reach_loopback_by_another_name():
    with pytest.raises(ImageError):
        addresses("https://reg.io", RegistrySettings(allow_loopback_http=True), reg_io=["127.0.0.1"])


def test_localhost_that_leads_elsewhere_is_refused():
    with pytest.raises(ImageError):
        addresses("http://localhost:5000", RegistrySettings(allow_loopback_http=True), localhost=["10.0.0.1"])


def test_serve_refuses_loopback():
    with pytest.raises(ImageError):
        addresses("https://localhost:5000", localhost=["127.0.0.1"])


def test_private_addresses_may_be_allowed_for_commands():
    assert addresses("https://reg.io", RegistrySettings(allow_private=True), reg_io=["10.0.0.1"])


class TestSystemResolver:
    @staticmethod
    def answered(monkeypatch, *results):
        calls = []

        def getaddrinfo(host, *_, **__):
            result = results[min(len(calls), len(results) - 1)]
            calls.append(host)
            if isinstance(result, Exception):
                raise result
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in result]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return calls

    def test_a_literal_is_not_looked_up(self, monkeypatch):
        calls = self.answered(monkeypatch, OSError("no"))
        clock = FakeClock()
        assert SystemResolver(clock).resolve("::1", Deadline.after(clock, 1)) == (ipaddress.ip_address("::1"),)
        assert calls == []

    def test_a_name_is_looked_up_once_within_its_time(self, monkeypatch):
        calls = self.answered(monkeypatch, ["8.8.8.8"], ["8.8.4.4"])
        clock = FakeClock()
        resolver = SystemResolver(clock)
        first = resolver.resolve("reg.io", Deadline.after(SystemClock(), 5))
        assert resolver.resolve("reg.io", Deadline.after(SystemClock(), 5)) == first
        clock.advance(11)
        assert resolver.resolve("reg.io", Deadline.after(SystemClock(), 5)) != first
        assert calls == ["reg.io", "reg.io"]

    def test_a_failed_lookup_is_not_remembered(self, monkeypatch):
        self.answered(monkeypatch, socket.gaierror("no"), ["8.8.8.8"])
        clock = FakeClock()
        resolver = SystemResolver(clock)
        with pytest.raises(OSError, match="no"):
            resolver.resolve("reg.io", Deadline.after(SystemClock(), 5))
        assert resolver.resolve("reg.io", Deadline.after(SystemClock(), 5))

    def test_a_lookup_without_an_answer_ends_with_the_deadline(self, monkeypatch):
        release = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(5) and [])
        clock = FakeClock()
        with pytest.raises(TimeoutError):
            SystemResolver(clock).resolve("reg.io", Deadline.after(clock, 0))
        release.set()
