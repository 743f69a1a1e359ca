"""c-ares with a name server on loopback, and with the machine's own files."""

import asyncio
import functools

import aiodns
import pytest

from provider import limits
from provider.clock import Deadline, SystemClock
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.settings import RegistrySettings
from provider.registry.transport import resolver as resolver_module
from provider.registry.transport.addresses import AddressBook
from provider.registry.transport.resolver import NameResolver
from provider.registry.transport.transport import Cause, UnreachableError
from tests.integration.registry.conftest import gather, soon
from tests.simulators.names import NameServer

pytestmark = pytest.mark.integration


@pytest.fixture
def server():
    with NameServer() as server:
        yield server


@pytest.fixture
def resolv_conf(tmp_path, monkeypatch):
    """What stands for /etc/resolv.conf; what is written into it is a port."""
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(resolver_module, "_RESOLV_CONF", path)
    made = aiodns.DNSResolver

    @functools.wraps(made)
    def at_port(**options):
        port = int(path.read_text())
        return made(nameservers=["127.0.0.1"], udp_port=port, tcp_port=port, **options)

    monkeypatch.setattr(resolver_module.aiodns, "DNSResolver", at_port)
    # Look-ups that nobody answers end soon.
    monkeypatch.setattr(limits, "LOOKUP_SECONDS", 0.6)
    return path


@pytest.fixture
def resolver(run, server, resolv_conf):
    resolv_conf.write_text(str(server.port))
    resolver = NameResolver(SystemClock())
    yield resolver
    run(resolver.close())


@pytest.fixture
def resolve(run, resolver):
    def resolve(host="reg.test", seconds=5.0):
        return [str(one) for one in run(resolver.resolve(host, Deadline.after(SystemClock(), seconds)))]

    return resolve


@pytest.fixture
def refused(resolve):
    def refused(*args):
        with pytest.raises(UnreachableError) as caught:
            resolve(*args)
        return caught.value.cause

    return refused


class TestAnswers:
    def test_addresses_of_both_kinds_are_found(self, server, resolve):
        server.hosts["reg.test"] = ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
        assert sorted(resolve()) == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
        assert {kind for _, kind in server.asked} == {"A", "AAAA"}

    @pytest.mark.parametrize("addresses", [["192.0.2.1"], ["2001:db8::1"]])
    def test_name_with_addresses_of_one_kind_is_found(self, server, resolve, addresses):
        server.hosts["reg.test"] = addresses
        assert resolve() == addresses

    def test_other_name_of_a_name_is_followed(self, server, resolve):
        server.hosts["reg.test"] = ["cdn.test"]
        server.hosts["cdn.test"] = ["192.0.2.7"]
        assert resolve() == ["192.0.2.7"]

    def test_name_that_is_not_there_is_told_and_asked_for_again(self, server, resolve, refused):
        assert refused() is Cause.NAME
        server.hosts["reg.test"] = ["192.0.2.1"]
        assert resolve() == ["192.0.2.1"]

    def test_name_without_addresses_is_told(self, server, refused):
        server.hosts["reg.test"] = []
        assert refused() is Cause.NAME

    def test_name_with_more_addresses_than_anybody_needs_is_not_taken(self, server, resolve, refused):
        server.hosts["reg.test"] = [f"192.0.2.{number}" for number in range(limits.ADDRESSES)]
        assert len(resolve()) == limits.ADDRESSES
        server.hosts["evil.test"] = [f"192.0.2.{number}" for number in range(limits.ADDRESSES + 1)]
        assert refused("evil.test") is Cause.NAME

    def test_hundreds_of_names_are_looked_up(self, run, server, resolver):
        hosts = [f"r{number}.test" for number in range(300)]
        server.hosts |= {host: [f"192.0.2.{number % 250}"] for number, host in enumerate(hosts)}

        async def all_together():
            return await gather(*(resolver.resolve(host, _soon()) for host in hosts))

        found = run(all_together())
        assert [[str(one) for one in addresses] for addresses in found] == [server.hosts[host] for host in hosts]

    @pytest.mark.parametrize("failure", [1, 2, 5])
    def test_server_that_fails_is_no_address(self, server, refused, failure):
        server.failure = failure
        assert refused() in {Cause.NAME, Cause.TIMEOUT}

    def test_server_that_is_gone_is_no_address(self, server, refused):
        server.stop()
        assert refused() in {Cause.NAME, Cause.TIMEOUT}

    @pytest.mark.parametrize(
        "host", ["a" * 64 + ".test", "a..test", ".test", "-", "a b", "é.test", "a" * 300, "%41.test"]
    )
    def test_text_that_is_no_name_is_no_address(self, refused, host):
        assert refused(host) in {Cause.NAME, Cause.TIMEOUT}


class TestMachine:
    def test_names_of_the_hosts_file_need_no_server(self, server, resolve):
        assert set(resolve("localhost")) <= {"127.0.0.1", "::1"}
        assert server.names() == []

    @pytest.mark.parametrize(
        "host", ["127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.1.", "localhost.", "0"]
    )
    def test_spelling_of_loopback_opens_no_way_to_it(self, run, server, resolver, host):
        """Whatever c-ares makes of it: it is judged by the address that comes out."""
        book = AddressBook(RegistrySettings(), resolver)
        with pytest.raises((ImageError, UnreachableError)) as caught:
            run(book.addresses(origin.of_url(f"https://{host}"), Deadline.after(SystemClock(), 5)))
        if isinstance(caught.value, ImageError):
            assert caught.value.reason is Reason.ADDRESS_REFUSED

    def test_replaced_configuration_is_obeyed_while_running(self, server, resolve, resolv_conf):
        server.hosts["a.test"] = ["192.0.2.1"]
        assert resolve("a.test") == ["192.0.2.1"]
        with NameServer() as other:
            other.hosts["b.test"] = ["192.0.2.2"]
            new = resolv_conf.with_name("new")
            new.write_text(str(other.port))
            new.replace(resolv_conf)
            assert resolve("b.test") == ["192.0.2.2"]
            assert "b.test" not in server.names()

    def test_look_up_under_way_ends_well_though_the_configuration_is_replaced(self, run, server, resolver, resolv_conf):
        server.hosts["silent.test"] = None
        with NameServer() as other:
            other.hosts["b.test"] = ["192.0.2.2"]

            async def replaced_meanwhile():
                first = asyncio.ensure_future(resolver.resolve("silent.test", _soon()))
                await asyncio.sleep(0.05)
                resolv_conf.write_text(f"{other.port} ")
                second = await resolver.resolve("b.test", _soon())
                [error] = await gather(first)
                return error, second

            error, second = run(replaced_meanwhile())
            assert error.cause is Cause.TIMEOUT
            assert [str(one) for one in second] == ["192.0.2.2"]


class TestSilence:
    def test_name_that_nobody_answers_for_ends_by_the_limit_of_look_ups(self, server, refused):
        server.hosts["silent.test"] = None
        assert refused("silent.test") is Cause.TIMEOUT

    def test_callers_own_time_may_be_shorter(self, server, refused):
        server.hosts["silent.test"] = None
        assert refused("silent.test", 0.1) is Cause.BUDGET

    def test_forty_silent_names_hold_up_no_other(self, run, server, resolver):
        silent = {f"silent{number}.test": None for number in range(40)}
        server.hosts |= silent | {"reg.test": ["192.0.2.1"]}

        async def all_together():
            tasks = [asyncio.ensure_future(resolver.resolve(host, _soon())) for host in silent]
            await asyncio.sleep(0)
            found = await resolver.resolve("reg.test", _soon())
            waiting = sum(not task.done() for task in tasks)
            return found, waiting, await gather(*tasks)

        found, waiting, results = run(all_together())
        assert [str(one) for one in found] == ["192.0.2.1"]
        assert waiting == 40
        assert {result.cause for result in results} == {Cause.TIMEOUT}

    def test_closing_waits_for_no_silent_name(self, run, server, resolver):
        server.hosts["silent.test"] = None

        async def close_meanwhile():
            task = asyncio.ensure_future(resolver.resolve("silent.test", _soon()))
            await asyncio.sleep(0.05)
            await resolver.close()
            return await gather(task)

        [result] = run(close_meanwhile())
        assert isinstance(result, UnreachableError | asyncio.CancelledError)


class TestMemory:
    def test_answer_is_asked_for_again_after_so_many_look_ups(self, server, resolve, resolver, monkeypatch):
        """c-ares has a memory of its own, with no bound: it is told to forget, by a part of aiodns that is private."""
        monkeypatch.setattr(limits, "LOOKUPS_REMEMBERED", 2)
        monkeypatch.setattr(limits, "ADDRESSES_SECONDS", 0.0)
        server.hosts["reg.test"] = ["192.0.2.1"]
        assert soon(lambda: resolve() == ["192.0.2.1"] and len(server.asked) >= 6)


class TestSharing:
    def test_look_up_is_shared_and_believed_for_a_while(self, run, server, resolv_conf):
        resolv_conf.write_text(str(server.port))
        server.hosts["reg.test"] = ["192.0.2.1"]
        resolver = NameResolver(SystemClock())

        async def ask(number):
            return await gather(*(resolver.resolve("reg.test", _soon()) for _ in range(number)))

        try:
            assert len({str(found) for found in run(ask(20))}) == 1
            asked = len(server.asked)
            assert asked == 2
            run(ask(5))
            assert len(server.asked) == asked
        finally:
            run(resolver.close())


def _soon():
    return Deadline.after(SystemClock(), 5)
