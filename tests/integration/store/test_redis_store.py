"""`ValueStore` on real servers: each way in which they may belong together, and what each says when it is no use."""

import asyncio

import pytest

from provider.cache.shared.settings import StoreKind
from provider.cache.shared.value_store import Entry, StoreError, StoreTrouble
from tests.integration.store import servers
from tests.ports import free_port

pytestmark = pytest.mark.integration

NAMES = [f"bestbefore:1:document:{number}" for number in range(30)]


def entries(names=NAMES, body=b"value", *, fixed=False, seconds=60):
    return [Entry(name, body, seconds, fixed) for name in names]


def trouble_of(run, work):
    with pytest.raises(StoreError) as caught:
        run(work)
    return caught.value.trouble


def works(run, store):
    """All that a store must be able to do."""
    run(store.ping())
    run(store.write(entries()))
    run(store.write(entries(body=b"other", fixed=True)))
    assert run(store.read([*NAMES, "bestbefore:1:none"], 100)) == [b"value"] * len(NAMES) + [b""]
    assert run(store.read(NAMES[:1], 2)) == [b"val"]
    assert run(store.claim("bestbefore:1:claim", 60))
    assert not run(store.claim("bestbefore:1:claim", 60))
    assert run(store.drop([*NAMES, "bestbefore:1:none"])) == len(NAMES)
    assert run(store.read(NAMES[:1], 100)) == [b""]


@pytest.fixture(scope="module")
def small_server():
    with servers.single("maxmemory 4mb", "maxmemory-policy noeviction") as server:
        yield server


@pytest.fixture(scope="module")
def guarded_server():
    acl = "user bb on >secret ~bestbefore:* +get +getrange +set +expire +unlink +ping"
    with servers.single(acl, "user default off") as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def tls_server(folder):
    with servers.with_tls(folder) as server:
        yield server


class TestSingle:
    @pytest.fixture
    def server(self, small_server):
        return small_server

    @pytest.fixture
    def store(self, connect, server):
        yield connect(server.addresses)
        with servers.client(server.all[0]) as one:
            one.flushall()

    def test_it_does_all_that_a_store_must(self, run, store):
        works(run, store)

    def test_values_end(self, run, store, server):
        run(store.write([Entry("a", b"1", 77)]))
        run(store.write([Entry("a", b"1", 99, fixed=True)]))
        with servers.client(server.all[0]) as one:
            assert 90 < one.ttl("a") <= 99

    def test_claim_ends(self, run, store, server):
        run(store.claim("a", 0.5))
        with servers.client(server.all[0]) as one:
            assert 0 < one.pttl("a") <= 500

    def test_what_is_no_value_is_nothing(self, run, store, server):
        with servers.client(server.all[0]) as one:
            one.lpush("a", "1")
            one.set("b", "2")
        assert run(store.read(["a", "b"], 100)) == [b"", b"2"]

    def test_full_one_says_so_and_is_read(self, run, store):
        run(store.write([Entry("a", b"1", 60)]))
        big = [Entry(f"n{number}", b"x" * 500_000, 60) for number in range(20)]
        assert trouble_of(run, store.write(big)) is StoreTrouble.FULL
        assert run(store.read(["a"], 100)) == [b"1"]

    def test_who_leaves_in_the_middle_leaves_no_answer_for_another(self, run, store):
        """A connection on which an answer is still to come is given to nobody."""

        async def leave_and_ask():
            for number in range(20):
                task = asyncio.ensure_future(store.read([f"old{number}"] * 50, 100))
                await asyncio.sleep(0.0002 * number)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                assert await store.read(["new"], 100) == [b"new"]

        run(store.write([Entry("new", b"new", 60), *(Entry(f"old{number}", b"old", 60) for number in range(20))]))
        run(leave_and_ask())

    def test_many_at_once(self, run, store):
        async def all_at_once():
            return await asyncio.gather(*(store.read(NAMES, 100) for _ in range(10)))

        run(store.write(entries()))
        assert run(all_at_once()) == [[b"value"] * len(NAMES)] * 10


class TestTrouble:
    def test_nobody_at_the_address(self, run, connect):
        store = connect((("127.0.0.1", free_port()),))
        assert trouble_of(run, store.read(["a"], 1)) is StoreTrouble.CONNECTION

    def test_server_that_ends_and_comes_back(self, run, connect):
        with servers.single() as server:
            store = connect(server.addresses)
            run(store.ping())
            server.all[0].stop()
            assert trouble_of(run, store.ping()) is StoreTrouble.CONNECTION
            server.all[0].start()
            run(store.ping())

    def test_server_that_says_nothing(self, run, connect):
        with servers.single() as server:
            store = connect(server.addresses)
            run(store.ping())
            server.all[0].pause()
            assert trouble_of(run, store.ping()) is StoreTrouble.TIMEOUT
            server.all[0].pause(go_on=True)
            run(store.ping())

    def test_read_only_one(self, run, connect):
        with servers.single() as primary, servers.single(f"replicaof 127.0.0.1 {primary.addresses[0][1]}") as replica:
            store = connect(replica.addresses)
            assert trouble_of(run, store.write(entries())) is StoreTrouble.READ_ONLY


class TestPasswords:
    @pytest.fixture
    def server(self, guarded_server):
        return guarded_server

    def test_user_with_the_rights_of_the_reference(self, run, connect, server):
        works(run, connect(server.addresses, user="bb", password=lambda: "secret"))

    @pytest.mark.parametrize("password", [None, lambda: "wrong"], ids=["none", "wrong"])
    def test_wrong_password(self, run, connect, server, password):
        store = connect(server.addresses, user="bb", password=password)
        assert trouble_of(run, store.ping()) is StoreTrouble.REFUSED

    def test_key_of_somebody_else(self, run, connect, server):
        store = connect(server.addresses, user="bb", password=lambda: "secret")
        assert trouble_of(run, store.read(["other"], 1)) is StoreTrouble.REFUSED
        assert trouble_of(run, store.write(entries(["other"]))) is StoreTrouble.REFUSED

    def test_password_of_the_default_user(self, run, connect):
        with servers.single("requirepass secret") as server:
            works(run, connect(server.addresses, password=lambda: "secret"))
            assert trouble_of(run, connect(server.addresses).ping()) is StoreTrouble.REFUSED

    def test_error_tells_nothing_of_the_password(self, run, connect, server):
        store = connect(server.addresses, user="bb", password=lambda: "hunter2")
        with pytest.raises(StoreError) as caught:
            run(store.ping())
        assert "hunter2" not in str(caught.value)


class TestTLS:
    @pytest.fixture
    def server(self, tls_server):
        return tls_server

    def test_both_show_certificates(self, run, connect, server, folder):
        files = {"cert_file": folder / "client.pem", "cert_key_file": folder / "client.key"}
        works(run, connect(server.addresses, tls=True, ca_file=folder / "ca.pem", **files))

    def test_server_of_an_unknown_authority_is_told_nothing(self, run, connect, server, folder):
        assert trouble_of(run, connect(server.addresses, tls=True).ping()) is StoreTrouble.CONNECTION

    def test_without_a_certificate_of_ours(self, run, connect, server, folder):
        store = connect(server.addresses, tls=True, ca_file=folder / "ca.pem")
        assert trouble_of(run, store.ping()) is StoreTrouble.CONNECTION

    def test_server_of_another_name(self, run, connect, server, folder):
        (_, port), *_ = server.addresses
        files = {"cert_file": folder / "client.pem", "cert_key_file": folder / "client.key"}
        store = connect((("localhost", port),), tls=True, ca_file=folder / "ca.pem", **files)
        assert trouble_of(run, store.ping()) is StoreTrouble.CONNECTION


def test_sentinels_say_who_is_the_primary_and_who_comes_after_it(run, connect):
    with servers.under_sentinels("shop") as found:
        store = connect(found.addresses, kind=StoreKind.SENTINEL, primary="shop")
        works(run, store)
        found.all[0].stop()
        run(_until_it_answers(store))
        works(run, store)


def test_sentinels_that_do_not_know_the_name(run, connect):
    with servers.under_sentinels("shop") as found:
        store = connect(found.addresses, kind=StoreKind.SENTINEL, primary="other")
        assert trouble_of(run, store.ping()) is StoreTrouble.CONNECTION


def test_cluster_divides_the_values(run, connect):
    with servers.cluster() as found:
        store = connect(found.addresses[:1], kind=StoreKind.CLUSTER)
        works(run, store)
        run(store.write(entries()))
        assert all(servers.Servers((), [node]).keys() for node in found.all)


def test_cluster_that_lost_a_node(run, connect):
    with servers.cluster() as found:
        store = connect(found.addresses, kind=StoreKind.CLUSTER)
        run(store.write(entries()))
        found.all[0].stop()
        with pytest.raises(StoreError):
            run(store.read(NAMES, 100))


async def _until_it_answers(store):
    for _ in range(200):
        try:
            await store.ping()
        except StoreError:
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError("it never answers again")
