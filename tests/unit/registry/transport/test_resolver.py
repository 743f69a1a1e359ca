"""Names to addresses: what is shared, bounded and remembered. What c-ares does with a server is tested with one."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

import aiodns
import pytest

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.transport import resolver as resolver_module
from provider.registry.transport.resolver import NameResolver
from provider.registry.transport.transport import Cause, UnreachableError


@dataclass
class Node:
    addr: tuple[bytes, int]


@dataclass
class HostResult:
    nodes: list[Node]


class Channel:
    """Stands in for c-ares; one a test, however often it is made.

    Attributes:
        hosts: what a name means: addresses, an exception, or None for no answer ever.
        asked: names that were asked for.
        made: how often a channel was made.
        closed: how often one was closed.
        forgotten: how often one was told to forget its answers.
        seconds: how long an answer takes.
    """

    def __init__(self):
        self.hosts, self.asked, self.made, self.closed, self.forgotten, self.seconds = {}, [], [], 0, 0, 0.1
        # Where aiodns keeps the channel of pycares.
        self._channel = self

    def __call__(self, **options):
        self.made.append(options)
        return self

    async def getaddrinfo(self, host, *, family, type):  # noqa: A002 - as aiodns calls it
        assert (family, type) == (socket.AF_UNSPEC, socket.SOCK_STREAM)
        self.asked.append(host)
        found = self.hosts.get(host, ["192.0.2.1"])
        if found is None:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self.seconds)
        if isinstance(found, Exception):
            raise found
        return HostResult([Node((address.encode(), 0)) for address in found])

    def reinit(self):
        self.forgotten += 1

    async def close(self):
        self.closed += 1


@pytest.fixture
def channel(monkeypatch):
    channel = Channel()
    monkeypatch.setattr(resolver_module.aiodns, "DNSResolver", channel)
    return channel


@pytest.fixture
def resolver(clock, channel):
    return NameResolver(clock)


@pytest.fixture
def resolve(run, clock, resolver):
    def resolve(host="reg.io", seconds=10.0):
        return [str(one) for one in run(resolver.resolve(host, Deadline.after(clock, seconds)))]

    return resolve


@pytest.fixture
def begin(loop, clock, resolver):
    """Begins a look-up; gives its task."""

    def begin(host="reg.io", seconds=10.0):
        task = loop.create_task(resolver.resolve(host, Deadline.after(clock, seconds)))
        loop.run_for(0)
        return task

    return begin


class TestAnswer:
    def test_addresses_come_in_their_order_and_once(self, channel, resolve):
        channel.hosts["reg.io"] = ["192.0.2.2", "2001:db8::1", "192.0.2.2", "192.0.2.1"]
        assert resolve() == ["192.0.2.2", "2001:db8::1", "192.0.2.1"]

    @pytest.mark.parametrize(
        "number", [aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA, aiodns.error.ARES_EBADNAME]
    )
    def test_name_that_is_not_there_is_told_as_such(self, channel, resolve, number):
        channel.hosts["reg.io"] = aiodns.error.DNSError(number, "no")
        with pytest.raises(UnreachableError) as caught:
            resolve()
        assert caught.value.cause is Cause.NAME

    def test_name_without_addresses_is_told_as_one_that_is_not_there(self, channel, resolve):
        channel.hosts["reg.io"] = []
        with pytest.raises(UnreachableError) as caught:
            resolve()
        assert caught.value.cause is Cause.NAME

    def test_servers_that_do_not_answer_are_told_as_such(self, channel, resolve):
        channel.hosts["reg.io"] = aiodns.error.DNSError(aiodns.error.ARES_ETIMEOUT, "no")
        with pytest.raises(UnreachableError) as caught:
            resolve()
        assert caught.value.cause is Cause.TIMEOUT

    @pytest.mark.parametrize("error", [ValueError("label too long"), UnicodeError("label empty or too long")])
    def test_name_that_is_none_is_told(self, channel, resolve, error):
        channel.hosts["reg.io"] = error
        with pytest.raises(UnreachableError) as caught:
            resolve()
        assert caught.value.cause is Cause.NAME

    def test_host_with_more_addresses_than_anybody_needs_is_not_remembered(self, channel, resolve, resolver):
        """A stranger's answer may have thousands, and thousands of hosts are remembered."""
        channel.hosts["reg.io"] = [f"192.0.2.{number}" for number in range(limits.ADDRESSES)]
        assert len(resolve()) == limits.ADDRESSES
        channel.hosts["evil.io"] = [f"192.0.2.{number}" for number in range(limits.ADDRESSES + 1)]
        with pytest.raises(UnreachableError) as caught:
            resolve("evil.io")
        assert caught.value.cause is Cause.NAME
        assert list(resolver._known) == ["reg.io"]

    def test_answer_that_is_no_address_is_no_answer(self, channel, resolve):
        channel.hosts["reg.io"] = ["nonsense"]
        with pytest.raises(UnreachableError):
            resolve()


class TestTime:
    def test_look_up_without_an_answer_ends_by_its_own_limit(self, channel, resolve, clock):
        channel.hosts["reg.io"] = None
        began = clock.monotonic()
        with pytest.raises(UnreachableError) as caught:
            resolve()
        assert caught.value.cause is Cause.TIMEOUT
        assert clock.monotonic() - began == pytest.approx(limits.LOOKUP_SECONDS, abs=0.01)

    def test_callers_own_time_ends_his_wait_and_nothing_else(self, channel, begin, loop, clock):
        channel.seconds = 1.0
        hasty, patient = begin(seconds=0.3), begin(seconds=10)
        loop.run_for(2)
        assert hasty.exception().cause is Cause.BUDGET
        assert [str(one) for one in patient.result()] == ["192.0.2.1"]
        assert channel.asked == ["reg.io"]

    def test_name_that_nobody_answers_for_holds_up_no_other(self, channel, begin, resolve, clock):
        hosts = [f"silent{number}.io" for number in range(40)]
        channel.hosts.update(dict.fromkeys(hosts))
        tasks = [begin(host) for host in hosts]
        began = clock.monotonic()
        assert resolve()
        assert clock.monotonic() - began < 0.2
        assert not any(task.done() for task in tasks)


class TestSharing:
    def test_look_up_is_shared_by_all_who_want_it(self, channel, begin, loop):
        tasks = [begin() for _ in range(50)]
        loop.run_for(1)
        assert all(task.result() for task in tasks)
        assert channel.asked == ["reg.io"]

    def test_failure_that_is_shared_is_an_error_of_each_who_waits(self, channel, begin, loop):
        channel.hosts["reg.io"] = aiodns.error.DNSError(aiodns.error.ARES_ENOTFOUND, "no")
        tasks = [begin() for _ in range(5)]
        loop.run_for(1)
        assert len({id(task.exception()) for task in tasks}) == 5

    def test_who_is_cancelled_cancels_nobody(self, channel, begin, loop):
        first, second = begin(), begin()
        first.cancel()
        loop.run_for(1)
        assert first.cancelled()
        assert second.result()
        assert channel.asked == ["reg.io"]

    def test_failure_that_nobody_waits_for_is_not_lost(self, channel, begin, loop, resolver):
        """Or the loop would report it: the fixture of the loop looks."""
        channel.hosts["reg.io"] = aiodns.error.DNSError(aiodns.error.ARES_ENOTFOUND, "no")
        begin().cancel()
        loop.run_for(1)
        assert not resolver._flying

    def test_failure_is_not_remembered(self, channel, resolve):
        channel.hosts["reg.io"] = aiodns.error.DNSError(aiodns.error.ARES_ENOTFOUND, "no")
        with pytest.raises(UnreachableError):
            resolve()
        channel.hosts["reg.io"] = ["192.0.2.7"]
        assert resolve() == ["192.0.2.7"]


class TestBounds:
    def test_look_ups_at_a_time_are_bounded_and_the_bound_comes_back(self, channel, begin, loop, resolve):
        hosts = [f"silent{number}.io" for number in range(limits.LOOKUPS)]
        channel.hosts.update(dict.fromkeys(hosts))
        tasks = [begin(host) for host in hosts]
        with pytest.raises(ImageError) as caught:
            resolve()
        assert caught.value.reason is Reason.OVERLOADED
        loop.run_for(limits.LOOKUP_SECONDS + 0.1)
        assert {task.exception().cause for task in tasks} == {Cause.TIMEOUT}
        assert resolve()

    def test_who_asks_for_what_is_being_looked_up_needs_no_place(self, channel, begin, loop, monkeypatch):
        monkeypatch.setattr(limits, "LOOKUPS", 1)
        tasks = [begin(), begin()]
        loop.run_for(1)
        assert all(task.result() for task in tasks)

    def test_addresses_are_believed_for_a_while(self, channel, resolve, clock):
        assert resolve() == ["192.0.2.1"]
        channel.hosts["reg.io"] = ["192.0.2.2"]
        clock.advance(limits.ADDRESSES_SECONDS - 0.2)
        assert resolve() == ["192.0.2.1"]
        clock.advance(0.2)
        assert resolve() == ["192.0.2.2"]
        assert channel.asked == ["reg.io"] * 2

    def test_names_that_are_remembered_are_bounded(self, channel, resolve, resolver, monkeypatch):
        monkeypatch.setattr(limits, "HOSTS", 5)
        channel.seconds = 0
        for number in range(20):
            resolve(f"r{number}.io")
        assert len(resolver._known) == 5
        resolve("r19.io")
        assert len(channel.asked) == 20


class TestConfiguration:
    @pytest.fixture
    def resolv_conf(self, tmp_path, monkeypatch):
        path = tmp_path / "resolv.conf"
        path.write_text("nameserver 192.0.2.1\n")
        monkeypatch.setattr(resolver_module, "_RESOLV_CONF", path)
        return path

    def test_channel_is_made_once(self, channel, resolve, resolv_conf):
        for number in range(3):
            resolve(f"r{number}.io")
        assert len(channel.made) == 1

    def test_channel_forgets_its_answers_now_and_then(self, channel, resolve, resolv_conf):
        """c-ares keeps every answer for as long as it says, without a bound."""
        for number in range(10 * limits.LOOKUPS_REMEMBERED):
            resolve(f"r{number}.io")
        assert channel.forgotten == 10
        assert len(channel.made) == 1

    def test_replaced_configuration_is_obeyed_at_the_next_look_up(self, channel, resolve, resolv_conf):
        resolve("a.io")
        new = resolv_conf.with_name("new")
        new.write_text("nameserver 192.0.2.22\n")
        new.replace(resolv_conf)
        resolve("b.io")
        assert len(channel.made) == 2

    def test_configuration_that_comes_or_goes_is_noticed(self, channel, resolve, resolv_conf):
        resolve("a.io")
        resolv_conf.unlink()
        resolve("b.io")
        resolve("c.io")
        assert len(channel.made) == 2
        resolv_conf.write_text("nameserver 192.0.2.1\n")
        resolve("d.io")
        assert len(channel.made) == 3

    def test_tries_of_a_look_up_fit_into_its_time(self, channel, resolve):
        resolve()
        [options] = channel.made
        assert options["timeout"] * options["tries"] <= limits.LOOKUP_SECONDS

    def test_closing_lets_go_of_the_channel(self, channel, resolve, run, resolver):
        run(resolver.close())
        assert channel.closed == 0
        resolve()
        run(resolver.close())
        run(resolver.close())
        assert channel.closed == 1

    def test_closing_waits_for_look_ups_to_end(self, channel, begin, run, resolver):
        task = begin()
        run(resolver.close())
        assert task.done()
        assert task.result()


def test_addresses_are_of_the_standard_library(channel, resolver, run, clock):
    [address] = run(resolver.resolve("reg.io", Deadline.after(clock, 1)))
    assert address == ipaddress.ip_address("192.0.2.1")
