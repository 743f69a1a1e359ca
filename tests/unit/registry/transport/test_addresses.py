"""Addresses that strangers may not make us reach."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.settings import RegistrySettings
from provider.registry.transport.addresses import AddressBook, refusal
from provider.registry.transport.transport import Cause, UnreachableError


class Names:
    """Resolves what a test says."""

    def __init__(self, **hosts):
        self.hosts = hosts
        self.asked = []

    async def resolve(self, host, deadline):
        self.asked.append(host)
        found = self.hosts.get(host.replace(".", "_"))
        if found is None:
            raise UnreachableError(Cause.NAME)
        return [ipaddress.ip_address(address) for address in found]


@pytest.fixture
def addresses(run, clock):
    """Addresses of a URL, where names mean what a test says."""

    def addresses(url, settings=None, **hosts):
        book = AddressBook(settings or RegistrySettings(), Names(**hosts))
        return [str(one) for one in run(book.addresses(origin.of_url(url), Deadline.after(clock, 1)))]

    return addresses


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
        # An IPv4 address in the clothes of IPv6.
        "::127.0.0.1",
        "::10.0.0.1",
        "::169.254.169.254",
        "::0.0.0.2",
        "::ffff:0:127.0.0.1",
        "::ffff:0:10.0.0.1",
        "::ffff:0:169.254.169.254",
        "::ffff:0.0.0.0",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:101::1",
        "2001:0:7f00:1::1",
    ],
)
def test_address_off_the_public_internet_is_refused(address):
    assert refusal(ipaddress.ip_address(address)) is not None


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "34.117.59.81",
        "2606:4700::6810:84e5",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
        "::ffff:0:8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_public_address_is_open(address):
    assert refusal(ipaddress.ip_address(address)) is None


@given(st.ip_addresses(v=4).filter(lambda address: refusal(address) is not None))
def test_what_is_refused_is_refused_in_every_clothing(address):
    number = int(address)
    for prefix in (0, 0xFFFF << 32, 0xFFFF << 48, int(ipaddress.ip_address("64:ff9b::"))):
        assert refusal(ipaddress.IPv6Address(prefix | number)) is not None
    assert refusal(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))) is not None


def test_host_with_a_public_address_is_open(addresses):
    assert addresses("https://reg.io", reg_io=["8.8.8.8"]) == ["8.8.8.8"]


def test_host_with_one_private_address_among_public_ones_is_refused(addresses):
    with pytest.raises(ImageError) as caught:
        addresses("https://reg.io", reg_io=["8.8.8.8", "10.0.0.1"])
    assert caught.value.reason is Reason.ADDRESS_REFUSED
    assert "reg.io" in caught.value.message
    assert "10.0.0.1" not in caught.value.message


@pytest.mark.parametrize("named", ["named_registries", "insecure_registries"])
def test_host_that_a_setting_names_may_be_anywhere(addresses, named):
    settings = RegistrySettings(**{named: frozenset({"reg.io:5000"})})
    assert addresses("https://reg.io:5000", settings, reg_io=["10.0.0.1"]) == ["10.0.0.1"]


def test_naming_a_host_opens_its_default_port_only(addresses):
    settings = RegistrySettings(named_registries=frozenset({"reg.io"}))
    assert addresses("https://reg.io", settings, reg_io=["10.0.0.1"])
    with pytest.raises(ImageError):
        addresses("https://reg.io:6443", settings, reg_io=["10.0.0.1"])


def test_naming_a_host_opens_no_other_host_at_its_address(addresses):
    settings = RegistrySettings(named_registries=frozenset({"reg.io"}))
    with pytest.raises(ImageError):
        addresses("https://evil.io", settings, evil_io=["10.0.0.1"])


@pytest.mark.parametrize("url", ["http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]:5000"])
def test_commands_reach_loopback_by_its_name(addresses, url):
    assert addresses(url, RegistrySettings(allow_loopback_http=True), localhost=["127.0.0.1"])


def test_commands_do_not_reach_loopback_by_another_name(addresses):
    with pytest.raises(ImageError):
        addresses("https://reg.io", RegistrySettings(allow_loopback_http=True), reg_io=["127.0.0.1"])


def test_localhost_that_leads_elsewhere_is_refused(addresses):
    with pytest.raises(ImageError):
        addresses("http://localhost:5000", RegistrySettings(allow_loopback_http=True), localhost=["10.0.0.1"])


def test_serve_refuses_loopback(addresses):
    with pytest.raises(ImageError):
        addresses("https://localhost:5000", localhost=["127.0.0.1"])


def test_private_addresses_may_be_allowed_for_commands(addresses):
    assert addresses("https://reg.io", RegistrySettings(allow_private=True), reg_io=["10.0.0.1"])


@pytest.mark.parametrize("url", ["https://10.0.0.1", "https://[::1]", "https://[::ffff:127.0.0.1]:8443"])
def test_address_in_a_reference_is_judged_and_not_looked_up(run, clock, url):
    names = Names()
    with pytest.raises(ImageError) as caught:
        run(AddressBook(RegistrySettings(), names).addresses(origin.of_url(url), Deadline.after(clock, 1)))
    assert caught.value.reason is Reason.ADDRESS_REFUSED
    assert names.asked == []


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "1.2.3.4.5"])
def test_number_that_is_no_address_is_a_name_and_judged_by_what_it_leads_to(run, clock, host):
    names = Names(**{host.replace(".", "_"): ["127.0.0.1"]})
    book = AddressBook(RegistrySettings(), names)
    with pytest.raises(ImageError) as caught:
        run(book.addresses(origin.of_url(f"https://{host}"), Deadline.after(clock, 1)))
    assert caught.value.reason is Reason.ADDRESS_REFUSED
    assert names.asked == [host]


def test_name_that_is_not_found_is_told(addresses):
    with pytest.raises(UnreachableError):
        addresses("https://nowhere.example")


def test_refusal_names_the_registry_and_what_to_do(addresses):
    with pytest.raises(ImageError, match="name it in the provider's settings") as caught:
        addresses("https://reg.io:8443", reg_io=["169.254.169.254"])
    assert caught.value.message.startswith("reg.io:8443 leads to a link-local or metadata address")


class TestBehindAProxy:
    """A proxy that looks up names takes more for an address than we connect to."""

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.1.",
            "0x7f.1",
            "0x7f000001",
            "0xA9FEA9FE",
            "2130706433",
            "0177.0.0.1",
            "169.254.43518",
            "0",
            "[::1]",
            "[::ffff:169.254.169.254]",
        ],
    )
    def test_refused_address_is_refused_in_every_spelling(self, host):
        with pytest.raises(ImageError) as caught:
            AddressBook(RegistrySettings(), Names()).check_literal(origin.of_url(f"https://{host}"))
        assert caught.value.reason is Reason.ADDRESS_REFUSED

    @pytest.mark.parametrize(
        "host", ["reg.io", "8.8.8.8", "8.8.2056", "1.2.3.4.5", "127.1.reg.io", "0xcafe.io", "1.2.3.256"]
    )
    def test_names_and_public_addresses_are_left_to_it(self, host):
        AddressBook(RegistrySettings(), Names()).check_literal(origin.of_url(f"https://{host}"))

    def test_host_that_a_setting_names_may_be_anywhere(self):
        settings = RegistrySettings(named_registries=frozenset({"127.1"}))
        AddressBook(settings, Names()).check_literal(origin.of_url("https://127.1"))
