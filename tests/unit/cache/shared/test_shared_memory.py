"""A shared store at arm's length: it may be slow, lost, full; nobody waits for it long, and nobody fails by it."""

import asyncio

import pytest

from provider import limits
from provider.cache.shared.value_store import Entry, StoreTrouble

MOST = 1 << 20


def entry(name, body=b"value", *, fixed=False):
    return Entry(name, body, 60, fixed)


async def all_of(memory, *names):
    return await asyncio.gather(*(memory.get(name, MOST) for name in names))


class TestReads:
    def test_what_was_put_is_found(self, loop, memory):
        memory_put(loop, memory, entry("a"))
        assert loop.run(memory.get("a", MOST)) == b"value"

    def test_what_is_not_there_is_nothing(self, loop, memory):
        assert loop.run(memory.get("a", MOST)) is None

    def test_reads_of_one_turn_are_one_round_trip(self, loop, memory, store):
        store.values.update(a=b"1", b=b"2")
        assert loop.run(all_of(memory, "a", "b", "a")) == [b"1", b"2", b"1"]
        assert store.reads == [("a", "b")]

    def test_who_asks_while_it_is_asked_waits_for_that_answer(self, loop, memory, store):
        store.delay = 0.05
        first = loop.create_task(memory.get("a", MOST))
        loop.run_for(0.01)
        second = loop.create_task(memory.get("a", MOST))
        loop.run_for(0.1)
        assert (first.result(), second.result(), len(store.reads)) == (None, None, 1)

    def test_one_who_leaves_takes_nobody_along(self, loop, memory, store):
        store.values["a"] = b"1"
        store.delay = 0.05
        first, second = (loop.create_task(memory.get("a", MOST)) for _ in range(2))
        loop.run_for(0.01)
        first.cancel()
        loop.run_for(0.1)
        assert second.result() == b"1"

    def test_ten_thousand_at_once_are_answered_in_time_and_within_the_bounds(self, loop, memory, store, clock):
        store.delay = 0.01
        names = [f"n{number}" for number in range(10_000)]
        store.values.update(dict.fromkeys(names, b"v"))
        began = clock.monotonic()
        found = loop.run(all_of(memory, *names))
        assert clock.monotonic() - began <= limits.STORE_WAIT_SECONDS + limits.STORE_READ_SECONDS
        assert max(map(len, store.reads)) <= limits.STORE_BATCH
        # What is not read is asked of registries; nothing is lost but time.
        assert 0 < sum(one == b"v" for one in found) <= limits.STORE_READS

    def test_large_value_is_read_by_itself(self, loop, memory, store):
        store.values["a"] = b"x" * (limits.STORE_PIECE_BYTES + 1)
        assert loop.run(memory.get("a", MOST)) == store.values["a"]
        assert len(store.reads) == 2

    def test_value_that_is_too_large_is_none(self, loop, memory, store):
        store.values["a"] = b"x" * (MOST + 1)
        assert loop.run(memory.get("a", MOST)) is None


def memory_put(loop, memory, *entries):
    async def put():
        for one in entries:
            memory.put(one)

    loop.run(put())
    loop.settle()


def memory_forget(loop, memory, name):
    async def forget():
        memory.forget(name)

    loop.run(forget())


class TestWrites:
    def test_nobody_waits_for_a_write(self, loop, memory, store, clock):
        store.delay = 0.5
        began = clock.monotonic()
        memory_put(loop, memory, entry("a"))
        assert clock.monotonic() == began
        loop.run_for(1)
        assert store.values == {"a": b"value"}

    def test_what_never_changes_is_written_once_in_a_while(self, loop, memory, store, clock):
        memory_put(loop, memory, entry("a", fixed=True), entry("a", fixed=True))
        store.values.clear()
        memory_put(loop, memory, entry("a", fixed=True))
        assert store.values == {}
        clock.advance(limits.STORE_RENEWAL_SECONDS)
        memory_put(loop, memory, entry("a", fixed=True))
        assert store.values == {"a": b"value"}

    def test_line_of_writes_has_a_bound_in_bytes(self, loop, memory, store, observer):
        store.delay = 0.5
        body = b"x" * limits.MIB
        memory_put(loop, memory, *(entry(f"n{number}", body) for number in range(20)))
        loop.run_for(30)
        assert len(store.values) + observer.dropped == 20
        assert observer.dropped > 0
        # What waited longest left.
        assert "n19" in store.values

    @pytest.mark.parametrize("trouble", [StoreTrouble.FULL, StoreTrouble.READ_ONLY])
    def test_store_that_takes_nothing_is_still_read(self, loop, memory, store, observer, clock, trouble):
        store.values["a"] = b"1"
        store.trouble_of_writes = trouble
        memory_put(loop, memory, entry("b"))
        assert loop.run(memory.get("a", MOST)) == b"1"
        memory_put(loop, memory, entry("c"))
        assert (observer.dropped, observer.told) == (2, [("troubled", trouble.value)])
        store.trouble_of_writes = None
        clock.advance(limits.STORE_AWAY_SECONDS)
        memory_put(loop, memory, entry("b"))
        assert store.values["b"] == b"value"

    def test_what_could_not_be_written_is_written_the_next_time(self, loop, memory, store, clock):
        store.trouble_of_writes = StoreTrouble.FULL
        memory_put(loop, memory, entry("a", fixed=True))
        store.trouble_of_writes = None
        clock.advance(limits.STORE_AWAY_SECONDS)
        memory_put(loop, memory, entry("a", fixed=True))
        assert store.values == {"a": b"value"}

    def test_what_is_forgotten_while_it_is_written_is_gone_in_the_end(self, loop, memory, store):
        store.delay = 0.1
        memory_put(loop, memory, entry("a"))
        loop.run_for(0.05)
        memory_forget(loop, memory, "a")
        assert loop.run(memory.get("a", MOST)) is None
        loop.run_for(1)
        assert (store.writes, store.values) == (["a"], {})

    def test_what_is_put_again_after_it_was_forgotten_stays(self, loop, memory, store):
        store.values["a"] = b"old"
        memory_forget(loop, memory, "a")
        memory_put(loop, memory, entry("a", b"new"))
        loop.run_for(1)
        assert (store.values, loop.run(memory.get("a", MOST))) == ({"a": b"new"}, b"new")

    def test_what_a_read_only_store_does_not_drop_is_not_read_and_dropped_later(self, loop, memory, store):
        store.values["a"] = b"old"
        store.trouble_of_writes = StoreTrouble.READ_ONLY
        memory_forget(loop, memory, "a")
        loop.run_for(5)
        assert loop.run(memory.get("a", MOST)) is None
        store.trouble_of_writes = None
        loop.run_for(limits.STORE_AWAY_SECONDS)
        assert store.values == {}

    def test_close_writes_what_waits(self, loop, memory, store):
        store.delay = 0.1

        async def put_and_close():
            memory.put(entry("a"))
            await memory.close()

        loop.run(put_and_close())
        assert (store.values, store.closed) == ({"a": b"value"}, True)


class TestOpening:
    def test_first_connection_may_take_longer_than_a_question_waits(self, loop, memory, store, observer):
        store.delay = 2 * limits.STORE_READ_SECONDS
        loop.run(memory.open())
        assert (memory.away, store.pings, observer.told) == (False, 1, [])

    @pytest.mark.parametrize(("delay", "trouble"), [(60.0, None), (0.0, StoreTrouble.REFUSED)])
    def test_store_that_is_not_there_is_lost_until_it_is_found(
        self, loop, memory, store, observer, clock, delay, trouble
    ):
        store.delay, store.trouble = delay, trouble
        began = clock.monotonic()
        loop.run(memory.open())
        assert clock.monotonic() - began == pytest.approx(limits.STORE_OPEN_SECONDS if delay else 0, abs=0.01)
        assert memory.away
        store.delay, store.trouble = 0.0, None
        loop.run_for(limits.STORE_AWAY_SECONDS + limits.STORE_READ_SECONDS + 0.1)
        assert not memory.away
        assert observer.told == [("away", (trouble or StoreTrouble.TIMEOUT).value), ("back", "")]


class TestLoss:
    def test_lost_store_is_nobodys_wait(self, loop, memory, store, observer, clock):
        store.trouble = StoreTrouble.CONNECTION
        assert loop.run(memory.get("a", MOST)) is None
        began, reads = clock.monotonic(), len(store.reads)
        assert loop.run(all_of(memory, "b", "c")) == [None, None]
        assert (clock.monotonic(), len(store.reads)) == (began, reads)
        assert observer.told == [("away", "connection")]

    def test_slow_store_is_waited_for_twice_and_then_no_more(self, loop, memory, store, observer, clock):
        store.delay = 0.5
        began = clock.monotonic()
        assert [loop.run(memory.get(name, MOST)) for name in "abcd"] == [None] * 4
        waited = limits.STORE_TIMEOUTS * limits.STORE_READ_SECONDS
        assert clock.monotonic() - began == pytest.approx(waited, abs=0.01)
        assert observer.told == [("away", "timeout")]

    def test_store_that_is_back_is_found_by_a_probe(self, loop, memory, store, observer):
        store.values["a"] = b"1"
        store.trouble = StoreTrouble.REFUSED
        loop.run(memory.get("a", MOST))
        loop.run_for(5)
        store.trouble = None
        loop.run_for(1.1)
        assert loop.run(memory.get("a", MOST)) == b"1"
        assert observer.told == [("away", "refused"), ("back", "")]

    def test_what_was_to_be_forgotten_meanwhile_is_gone_when_it_is_back(self, loop, memory, store):
        store.values.update(a=b"1", b=b"2")
        store.trouble = StoreTrouble.CONNECTION
        loop.run(memory.get("b", MOST))
        memory.forget("a")
        loop.run_for(5)
        store.trouble = None
        loop.run_for(1.1)
        assert loop.run(all_of(memory, "a", "b")) == [None, b"2"]

    @pytest.mark.parametrize("trouble", [StoreTrouble.CONNECTION, StoreTrouble.TIMEOUT])
    def test_what_was_put_meanwhile_is_there_when_it_is_back(self, loop, memory, store, observer, trouble):
        store.trouble = trouble
        loop.run(all_of(memory, "x"))
        loop.run(all_of(memory, "y"))
        memory_put(loop, memory, entry("a", fixed=True), entry("b", b"old"), entry("b", b"new"))
        loop.run_for(5)
        store.trouble = None
        loop.run_for(1.1)
        assert (store.values, observer.dropped) == ({"a": b"value", "b": b"new"}, 0)

    def test_what_was_put_and_forgotten_meanwhile_does_not_come_back(self, loop, memory, store):
        store.trouble = StoreTrouble.CONNECTION
        loop.run(memory.get("b", MOST))
        memory_put(loop, memory, entry("a"))
        memory.forget("a")
        store.trouble = None
        loop.run_for(1.1)
        assert (store.values, loop.run(memory.get("a", MOST))) == ({}, None)

    def test_write_that_meets_the_loss_is_made_when_it_is_back(self, loop, memory, store):
        store.trouble_of_writes = StoreTrouble.CONNECTION
        memory_put(loop, memory, entry("a"))
        assert memory.away
        store.trouble_of_writes = None
        loop.run_for(1.1)
        assert store.values == {"a": b"value"}

    def test_what_could_not_be_forgotten_keeps_no_store_away(self, loop, memory, store, observer):
        store.values.update(a=b"1", b=b"2")
        store.trouble = StoreTrouble.CONNECTION
        loop.run(memory.get("b", MOST))
        assert all(memory.forget(str(number)) for number in range(limits.STORE_DROPS))
        assert not memory.forget("a")
        assert memory.forget("1")
        assert len(memory._owed) == limits.STORE_DROPS
        store.trouble = None
        loop.run_for(1.1)
        assert loop.run(memory.get("b", MOST)) == b"2"
        assert observer.told == [("away", "connection"), ("back", "")]

    def test_probe_asks_once_a_second(self, loop, memory, store):
        store.trouble = StoreTrouble.CONNECTION
        loop.run(memory.get("a", MOST))
        loop.run_for(10.5)
        assert store.pings == 10

    def test_store_that_is_back_may_be_empty(self, loop, memory, store):
        memory_put(loop, memory, entry("a", fixed=True))
        store.trouble = StoreTrouble.CONNECTION
        loop.run(memory.get("b", MOST))
        store.values.clear()
        store.trouble = None
        loop.run_for(1.1)
        memory_put(loop, memory, entry("a", fixed=True))
        assert store.values == {"a": b"value"}

    def test_claim_on_a_lost_store_is_granted(self, loop, memory, store):
        store.trouble = StoreTrouble.CONNECTION
        assert loop.run(memory.claim("a", 1.0))
        assert loop.run(memory.claim("a", 1.0))

    def test_claim_is_given_once(self, loop, memory, clock):
        assert loop.run(memory.claim("a", 1.0))
        assert not loop.run(memory.claim("a", 1.0))
        clock.advance(1.0)
        assert loop.run(memory.claim("a", 1.0))
