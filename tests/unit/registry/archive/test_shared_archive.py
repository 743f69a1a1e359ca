"""Replicas that share a store: what one has seen costs the other no request, and nobody is believed who may not be."""

import pytest

from provider import limits
from provider.cache.keys import TagKey
from provider.cache.shared.seal import Seal, content_name
from provider.cache.shared.shared_memory import SharedMemory
from provider.cache.shared.value_store import StoreTrouble
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.archive.shared_archive import SharedArchive
from provider.registry.content import media_types
from provider.registry.credentials.credential import ANONYMOUS, Credential
from provider.registry.memory.documents import parsed
from provider.registry.reference import parse
from provider.registry.store import Store
from tests.simulators.value_store import ValueStoreSimulator

IMAGE = parse("reg.io/team/app:v1")
ME, YOU = Credential("me", "secret"), Credential("you", "secret")
TTL = 30.0
STALE = 3600.0
NOTHING = "sha256:" + "0" * 64
KEY = b"k" * 32
LATER = "2026-02-02T00:00:00Z"


class Replica:
    """A process: its own memory, and the store that all share."""

    def __init__(self, store, client, clock, observer, key=KEY):
        seal = Seal(key)
        archive = SharedArchive(SharedMemory(store, clock, observer), lambda: seal, clock, observer, STALE)
        self.store = Store(
            client, clock, observer, memory_bytes=1 << 20, tag_ttl=TTL, stale_seconds=STALE, archive=archive
        )


@pytest.fixture
def shared(clock):
    return ValueStoreSimulator(clock)


@pytest.fixture
def replica(shared, client, clock, observer):
    def make(key=KEY):
        return Replica(shared, client, clock, observer, key).store

    return make


@pytest.fixture
def make_replica_at(shared, client, clock, observer):
    def make(ahead):
        """A replica whose clock is so many seconds ahead."""
        return Replica(shared, client, _ClockAhead(clock, ahead), observer).store

    return make


class _ClockAhead:
    """A clock that is wrong."""

    def __init__(self, clock, seconds):
        self._clock, self._seconds = clock, seconds

    def monotonic(self):
        return self._clock.monotonic()

    def now(self):
        return self._clock.now() + self._seconds


@pytest.fixture
def resolve(run, loop, make_call, registry):
    """What a replica says a reference points to; what was asked for it is in `registry.counts`."""

    def resolve(store, reference=IMAGE, credential=ANONYMOUS, max_age=None):
        registry.requests.clear()
        call = make_call()
        call.credentials.by_registry[reference.registry] = credential
        sighting = run(store.resolve(reference, call, max_age))
        loop.settle()
        return sighting

    return resolve


@pytest.fixture
def configuration(run, loop, make_call, registry, resolve):
    """The bytes of an image's configuration, all the way."""

    def configuration(store, reference=IMAGE, credential=ANONYMOUS):
        found = parsed(resolve(store, reference, credential).document, "x")
        call = make_call()
        call.credentials.by_registry[reference.registry] = credential
        body = run(store.blob(reference.at(found.digest), found.config, limits.CONFIG_BYTES, call))
        loop.settle()
        return body

    return configuration


@pytest.fixture
def pushed(registry):
    return registry.push_image("team/app", "v1")


@pytest.fixture
def seen(replica, configuration, pushed):
    """One replica has seen the image."""
    return configuration(replica())


class TestSharing:
    def test_what_one_replica_has_seen_costs_the_other_no_request(
        self, replica, configuration, registry, seen, observer
    ):
        assert configuration(replica()) == seen
        assert registry.requests == []

    def test_sighting_keeps_the_moment_at_which_it_was_made(self, replica, resolve, pushed, clock):
        first = resolve(replica())
        clock.advance(20)
        assert resolve(replica()) == first

    def test_sighting_that_is_too_old_is_looked_at_again_by_head(self, replica, resolve, pushed, clock, registry):
        resolve(replica())
        clock.advance(TTL - 1)
        other = replica()
        resolve(other, max_age=5.0)
        assert registry.counts == {"HEAD manifest": 1}

    def test_who_wants_it_newer_gets_it_newer(self, replica, resolve, pushed, clock, registry):
        resolve(replica())
        clock.advance(20)
        assert resolve(replica(), max_age=10.0).observed_at == pytest.approx(clock.now(), abs=0.1)
        assert registry.counts == {"HEAD manifest": 1}

    def test_newest_sighting_counts_whoever_made_it(self, replica, resolve, registry, pushed, clock):
        one, other = replica(), replica()
        resolve(one)
        clock.advance(TTL)
        moved = registry.push_image("team/app", "v1", created=LATER)
        resolve(other)
        assert resolve(one).document.digest == moved.digest
        assert registry.requests == []

    def test_referrers_are_shared(self, run, loop, replica, make_call, registry, pushed):
        registry.referrers_page = 10
        image = IMAGE.at(pushed.digest)
        subject = {"mediaType": media_types.OCI_MANIFEST, "digest": pushed.digest, "size": pushed.size}
        fields = {"schemaVersion": 2, "subject": subject, "artifactType": "x/y", "annotations": {"a": "b"}}
        registry.push_manifest("team/app", None, fields)
        first = run(replica().referrers(image, make_call()))
        loop.settle()
        registry.requests.clear()
        assert run(replica().referrers(image, make_call())) == first
        assert first is not None
        assert first.count == 1
        assert registry.requests == []

    def test_tokens_and_secrets_never_reach_the_store(self, replica, configuration, registry, shared, pushed):
        configuration(replica(), credential=ME)
        everything = repr(shared.values) + repr(list(shared.values))
        assert not any(word in everything for word in (ME.password, ME.identity, "Bearer", "team/app"))


class TestAbsence:
    """That there are no signatures is shared like a sighting; that there is no image is not."""

    @pytest.fixture
    def discover(self, run, loop, make_call, registry):
        def discover(store, max_age=None, way="discover"):
            registry.requests.clear()
            call = make_call()
            found = run(getattr(store, way)(IMAGE if way == "discover" else IMAGE.at(NOTHING), call, max_age))
            loop.settle()
            return found, call.stale

        return discover

    @pytest.mark.parametrize("way", ["discover", "referrers"])
    def test_nothing_that_one_replica_has_seen_costs_the_other_no_request(
        self, replica, discover, registry, clock, way
    ):
        first = discover(replica(), way=way)
        clock.advance(20)
        assert discover(replica(), way=way) == first
        assert (bool(first[0]), registry.requests) == (False, [])

    @pytest.mark.parametrize("way", ["discover", "referrers"])
    def test_nothing_is_answered_while_the_registry_is_away_and_not_for_ever(
        self, replica, discover, registry, clock, way
    ):
        first, _ = discover(replica(), way=way)
        clock.advance(TTL)
        registry.fail("any", 503)
        assert discover(replica(), way=way) == (first, True)
        clock.advance(STALE)
        with pytest.raises(ImageError) as caught:
            discover(replica(), way=way)
        assert caught.value.away

    def test_who_wants_it_newer_sees_what_was_made_meanwhile(self, replica, discover, registry, clock):
        discover(replica())
        pushed = registry.push_image("team/app", "v1")
        clock.advance(2)
        assert discover(replica(), 1.0)[0].document.digest == pushed.digest

    def test_what_one_replica_found_ends_the_absence_for_all(self, replica, discover, registry, clock):
        one, other = replica(), replica()
        discover(one)
        pushed = registry.push_image("team/app", "v1")
        clock.advance(TTL)
        discover(other)
        assert discover(one)[0].document.digest == pushed.digest
        assert registry.requests == []

    def test_absence_of_an_image_is_never_shared(self, replica, resolve, registry, shared):
        with pytest.raises(ImageError):
            resolve(replica())
        pushed = registry.push_image("team/app", "v1")
        assert resolve(replica()).document.digest == pushed.digest

    def test_forged_absence_is_passed_over(self, replica, discover, registry, shared, pushed):
        discover(replica())
        for name in shared.values:
            if ":tag:" in name:
                shared.values[name] = b'{"digest": "", "observedAt": 9e9}'
        assert discover(replica())[0]


class TestRefusals:
    """What a registry said no to on one replica is not answered by another while the registry is away."""

    @pytest.mark.parametrize("status", [401, 403, 404, 451])
    def test_no_that_one_replica_met_is_heard_by_the_others(self, replica, resolve, registry, pushed, clock, status):
        one, other = replica(), replica()
        resolve(one)
        resolve(other)
        clock.advance(TTL)
        registry.fail("manifest", status)
        with pytest.raises(ImageError):
            resolve(other)
        registry.heal()
        registry.fail("any", 503)
        for each in (one, other, replica()):
            with pytest.raises(ImageError) as caught:
                resolve(each)
            assert caught.value.away

    def test_no_of_the_list_of_referrers_is_heard_too(self, run, loop, replica, make_call, registry, pushed, clock):
        registry.referrers_page = 10
        image = IMAGE.at(pushed.digest)
        one, other = replica(), replica()
        run(one.referrers(image, make_call()))
        clock.advance(TTL)
        registry.fail("referrer", 403)
        with pytest.raises(ImageError):
            run(other.referrers(image, make_call()))
        loop.settle()
        registry.heal()
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            run(one.referrers(image, make_call()))
        assert caught.value.away

    def test_signature_that_was_taken_away_does_not_come_back_with_a_late_write(
        self, run, loop, replica, make_call, registry, shared, pushed, clock
    ):
        one, other = replica(), replica()
        for each in (one, other):
            assert run(each.discover(IMAGE, make_call()))
        loop.settle()
        late = {name: body for name, body in shared.values.items() if ":tag:" in name}
        clock.advance(TTL)
        registry.forget("team/app", "v1")
        assert not run(other.discover(IMAGE, make_call()))
        loop.settle()
        shared.values.update(late)
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            run(one.discover(IMAGE, make_call()))
        assert caught.value.away

    def test_signature_that_another_sees_no_more_is_not_answered_though_it_is_written_late(
        self, run, loop, replica, make_call, registry, shared, pushed, clock
    ):
        # Who sees that it is gone has never seen that it was there.
        one, other = replica(), replica()
        assert run(one.discover(IMAGE, make_call()))
        loop.settle()
        late = {name: shared.values.pop(name) for name in [*shared.values] if ":tag:" in name}
        clock.advance(2)
        registry.forget("team/app", "v1")
        assert not run(other.discover(IMAGE, make_call()))
        loop.settle()
        shared.values.update(late)
        clock.advance(TTL)
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            run(one.discover(IMAGE, make_call()))
        assert caught.value.away

    def test_no_counts_though_the_clock_of_who_saw_it_before_is_a_little_ahead(
        self, replica, make_replica_at, resolve, registry, pushed, clock
    ):
        ahead, other = make_replica_at(limits.STORE_NO_SKEW_SECONDS), replica()
        resolve(ahead)
        clock.advance(0.1)
        registry.fail("manifest", 404)
        with pytest.raises(ImageError):
            resolve(other, max_age=0.0)
        registry.heal()
        clock.advance(TTL)
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            resolve(ahead)
        assert caught.value.away

    def test_list_that_is_too_long_to_be_shared_leaves_no_older_one_behind(
        self, run, loop, replica, make_call, registry, pushed, clock
    ):
        registry.referrers_page = 500
        image = IMAGE.at(pushed.digest)
        subject = {"mediaType": media_types.OCI_MANIFEST, "digest": pushed.digest, "size": pushed.size}
        refers = {"schemaVersion": 2, "subject": subject}
        registry.push_manifest("team/app", None, {**refers, "artifactType": "old"})
        one = replica()
        assert run(one.referrers(image, make_call())).count == 1
        loop.settle()
        clock.advance(TTL)
        for number in range(400):
            registry.push_manifest("team/app", None, {**refers, "artifactType": f"x{number}"})
        assert run(one.referrers(image, make_call())).count == 401
        loop.settle()
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            run(replica().referrers(image, make_call()))
        assert caught.value.away

    def test_what_is_read_of_a_store_that_takes_nothing_does_not_undo_a_no_that_came_meanwhile(
        self, loop, replica, make_call, resolve, registry, shared, pushed, clock
    ):
        one = replica()
        resolve(replica())
        older = dict(shared.values)
        clock.advance(TTL - 5)
        resolve(replica(), max_age=1.0)
        newer = dict(shared.values)
        shared.values.update(older)
        clock.advance(5)
        registry.fail("manifest", 404)
        shared.trouble_of_writes = StoreTrouble.FULL
        shared.delay = 0.2
        first = loop.create_task(one.resolve(IMAGE, make_call()))
        loop.run_for(0.5)
        # It is just refused, while another one reads what was written late.
        shared.values.update(newer)
        second = loop.create_task(one.resolve(IMAGE, make_call()))
        loop.run_for(2)
        assert [each.exception().reason for each in (first, second)] == [Reason.NOT_FOUND, Reason.NOT_FOUND]
        registry.heal()
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            resolve(one)
        assert caught.value.away

    def test_newer_sighting_counts_more_than_an_older_no(self, replica, resolve, registry, pushed, clock):
        one, other = replica(), replica()
        registry.fail("manifest", 404, times=1)
        with pytest.raises(ImageError):
            resolve(other)
        clock.advance(1)
        seen = resolve(one)
        clock.advance(TTL)
        registry.fail("any", 503)
        assert resolve(other) == resolve(one) == seen

    def test_sighting_that_is_written_late_does_not_undo_it(self, replica, resolve, registry, shared, pushed, clock):
        one, other = replica(), replica()
        resolve(one)
        late = {name: body for name, body in shared.values.items() if ":tag:" in name}
        clock.advance(TTL)
        registry.fail("manifest", 404, times=2)
        with pytest.raises(ImageError):
            resolve(other)
        shared.values.update(late)
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            resolve(other)
        assert caught.value.away

    def test_replica_answers_what_it_has_seen_where_the_store_is_away_too(
        self, replica, resolve, registry, shared, pushed, clock
    ):
        one = replica()
        seen = resolve(one)
        clock.advance(TTL)
        shared.trouble = StoreTrouble.CONNECTION
        registry.fail("any", 503)
        assert resolve(one) == seen

    def test_answers_while_the_store_is_away_take_no_room_from_noes(
        self, replica, resolve, registry, shared, pushed, clock, monkeypatch
    ):
        monkeypatch.setattr(limits, "STORE_DROPS", 3)
        one = replica()
        seen = resolve(one)
        clock.advance(1)
        shared.trouble = StoreTrouble.CONNECTION
        for number in range(10):
            registry.push_image("team/app", f"t{number}", os=f"x{number}")
            resolve(one, parse(f"reg.io/team/app:t{number}"))
        with pytest.raises(ImageError):
            resolve(one, parse("reg.io/team/app:none"))
        clock.advance(TTL)
        registry.fail("any", 503)
        assert resolve(one) == seen

    def test_more_noes_than_a_lost_store_lets_us_note_count_for_all_that_was_seen_before(
        self, run, loop, replica, resolve, registry, shared, pushed, clock, monkeypatch
    ):
        monkeypatch.setattr(limits, "STORE_DROPS", 1)
        monkeypatch.setattr(limits, "STORE_LINE_BYTES", 1024)
        one, other = replica(), replica()
        resolve(one)
        clock.advance(TTL)
        shared.trouble = StoreTrouble.CONNECTION
        registry.fail("manifest", 404)
        for tag in ("v1", "a", "b", "c", "d"):
            with pytest.raises(ImageError):
                resolve(other, parse(f"reg.io/team/app:{tag}"))
        registry.heal()
        registry.fail("any", 503)
        shared.trouble = None
        loop.run_for(2)
        for each in (one, other, replica()):
            with pytest.raises(ImageError) as caught:
                resolve(each)
            assert caught.value.away

    def test_what_was_seen_before_too_many_noes_is_neither_read_nor_answered_by_who_met_them(
        self, loop, replica, resolve, registry, shared, pushed, clock, monkeypatch
    ):
        monkeypatch.setattr(limits, "STORE_DROPS", 1)
        registry.push_image("team/app", "mine", created=LATER)
        mine = parse("reg.io/team/app:mine")
        one, other = replica(), replica()
        resolve(one)
        resolve(other, mine)
        clock.advance(5)
        shared.trouble = StoreTrouble.CONNECTION
        registry.forget("team/app", "v1")
        for tag in ("a", "v1"):
            with pytest.raises(ImageError):
                resolve(other, parse(f"reg.io/team/app:{tag}"))
        shared.trouble = None
        loop.run_for(2)
        with pytest.raises(ImageError) as caught:
            resolve(other)
        assert caught.value.reason is Reason.NOT_FOUND
        clock.advance(TTL)
        shared.trouble = StoreTrouble.CONNECTION
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            resolve(other, mine)
        assert caught.value.away


class TestForgetting:
    """A person has what is known of an image forgotten."""

    @pytest.fixture
    def forget(self, run, loop, make_call):
        def forget(store, reference=IMAGE):
            digest = run(store.forget(reference, make_call()))
            loop.settle()
            return digest

        return forget

    def test_what_was_forgotten_is_asked_for_again_and_that_alone(
        self, replica, configuration, forget, registry, seen, pushed
    ):
        registry.push_image("team/app", "v2", created=LATER)
        other = parse("reg.io/team/app:v2")
        configuration(replica(), other)
        assert forget(replica()) == pushed.digest
        configuration(replica(), other)
        assert registry.requests == []
        assert configuration(replica()) == seen
        assert registry.counts == {"manifest": 1, "blob": 1}

    def test_rights_of_all_platforms_are_forgotten(self, run, loop, replica, make_call, forget, registry):
        children = [registry.push_image("team/app", None, architecture=one) for one in "ab"]
        registry.push_index("team/app", "multi", children)
        image = parse("reg.io/team/app:multi")
        one = replica()
        run(one.resolve(image, make_call()))
        for child in children:
            run(one.manifest(image.at(child.digest), make_call()))
        loop.settle()
        forget(replica(), image)
        registry.requests.clear()
        for child in children:
            run(replica().manifest(image.at(child.digest), make_call()))
        assert registry.counts == {"manifest": 2}

    @pytest.mark.parametrize("credential", [ANONYMOUS, ME], ids=["same", "another"])
    def test_replica_that_has_seen_it_does_not_answer_it_while_the_registry_is_away(
        self, replica, resolve, forget, registry, pushed, clock, credential
    ):
        one = replica()
        resolve(one, credential=credential)
        clock.advance(1)
        forget(replica())
        clock.advance(TTL)
        registry.fail("any", 503)
        with pytest.raises(ImageError) as caught:
            resolve(one, credential=credential)
        assert caught.value.away

    def test_what_is_seen_after_it_counts(self, replica, resolve, forget, registry, pushed, clock):
        one = replica()
        resolve(one)
        forget(one)
        clock.advance(1)
        seen = resolve(one)
        assert registry.counts == {"manifest": 1}
        clock.advance(TTL)
        registry.fail("any", 503)
        assert resolve(one) == seen

    def test_absence_of_signatures_is_forgotten(self, run, loop, replica, make_call, forget, registry, pushed):
        image = IMAGE.at(pushed.digest)
        run(replica().referrers(image, make_call()))
        loop.settle()
        forget(replica(), image)
        registry.requests.clear()
        run(replica().referrers(image, make_call()))
        assert registry.counts == {"referrer": 1, "manifest": 1}

    def test_what_nobody_knows_is_forgotten_without_a_request(self, replica, forget, registry):
        assert forget(replica()) == ""
        assert registry.requests == []


class TestSingleFlight:
    """What one replica is just fetching, the others wait for, a short while."""

    def test_ten_replicas_that_ask_at_once_cause_the_requests_of_one(self, loop, replica, make_call, registry, pushed):
        registry.delay = 0.1
        replicas = [replica() for _ in range(10)]
        tasks = [loop.create_task(one.resolve(IMAGE, make_call())) for one in replicas]
        loop.run_for(2)
        assert {task.result().document.digest for task in tasks} == {pushed.digest}
        assert registry.counts == {"manifest": 1}

    def test_documents_are_fetched_once_too(self, loop, replica, make_call, registry, pushed):
        registry.delay = 0.1
        image = IMAGE.at(pushed.digest)
        tasks = [loop.create_task(replica().manifest(image, make_call())) for _ in range(10)]
        loop.run_for(2)
        assert {task.result().digest for task in tasks} == {pushed.digest}
        assert registry.counts == {"manifest": 1}

    @pytest.mark.parametrize("there", [True, False])
    @pytest.mark.parametrize("way", ["discover", "referrers"])
    def test_signatures_are_looked_for_once_whether_there_are_any_or_not(
        self, loop, replica, make_call, registry, pushed, way, there
    ):
        registry.delay = 0.1
        registry.referrers_page = 10
        if there:
            subject = {"mediaType": media_types.OCI_MANIFEST, "digest": pushed.digest, "size": pushed.size}
            registry.push_manifest("team/app", None, {"schemaVersion": 2, "subject": subject})
        reference = {
            "discover": IMAGE if there else parse("reg.io/team/app:none"),
            "referrers": IMAGE.at(pushed.digest),
        }[way]
        tasks = [loop.create_task(getattr(replica(), way)(reference, make_call())) for _ in range(10)]
        loop.run_for(2)
        assert [bool(task.result()) for task in tasks] == [there] * 10
        assert len(registry.requests) == 1

    def test_replica_that_ends_in_the_middle_is_not_waited_for_long(
        self, run, shared, replica, make_call, registry, pushed, clock
    ):
        seal = Seal(KEY)
        run(shared.claim(seal.name("claim", "right", pushed.digest, "reg.io/team/app", "anonymous"), 60))
        began = clock.monotonic()
        assert run(replica().manifest(IMAGE.at(pushed.digest), make_call())).digest == pushed.digest
        assert clock.monotonic() - began <= limits.STORE_CLAIM_WAIT_SECONDS + limits.STORE_CLAIM_PAUSE_SECONDS

    @pytest.mark.parametrize("way", ["resolve", "manifest", "discover", "referrers"])
    def test_look_that_came_to_nothing_keeps_nobody_waiting(
        self, loop, replica, make_call, registry, pushed, clock, way
    ):
        registry.fail("any", how="unreachable")
        image = IMAGE if way in {"resolve", "discover"} else IMAGE.at(pushed.digest)
        for one in (replica(), replica()):
            for _ in range(2):
                began = clock.monotonic()
                with pytest.raises(ImageError):
                    loop.run(getattr(one, way)(image, make_call()))
                loop.settle()
                assert clock.monotonic() - began <= limits.STORE_CLAIM_PAUSE_SECONDS

    def test_those_who_wait_for_a_look_that_fails_look_themselves_one_after_the_other(
        self, loop, replica, make_call, registry, pushed, clock
    ):
        registry.delay = 0.1
        registry.fail("manifest", 500, times=1)
        tasks = [loop.create_task(replica().resolve(IMAGE, make_call())) for _ in range(5)]
        loop.run_for(2)
        assert sum(task.exception() is not None for task in tasks) == 1
        assert registry.counts == {"manifest": 2}

    def test_images_that_are_not_there_leave_no_claims_behind(self, run, shared, client, clock, observer, make_call):
        clock.advance(1)
        seal = Seal(KEY)
        archive = SharedArchive(SharedMemory(shared, clock, observer), lambda: seal, clock, observer, TTL)
        for number in range(limits.STORE_CLAIMS + 2):
            key = TagKey("reg.io/team/app", f"none-{number}", "anonymous")
            run(archive.tags.others(key, clock.now()))
        assert archive.claims <= limits.STORE_CLAIMS

    def test_who_has_just_looked_may_look_again_at_once(self, replica, resolve, registry, pushed, clock):
        one = replica()
        resolve(one)
        clock.advance(1)
        began = clock.monotonic()
        resolve(one, max_age=0.5)
        assert registry.counts == {"HEAD manifest": 1}
        assert clock.monotonic() == pytest.approx(began, abs=0.01)

    def test_lost_store_lets_everybody_fetch(self, loop, shared, replica, make_call, registry, pushed):
        shared.trouble = StoreTrouble.CONNECTION
        tasks = [loop.create_task(replica().resolve(IMAGE, make_call())) for _ in range(3)]
        loop.run_for(2)
        assert all(task.result() for task in tasks)
        assert registry.counts == {"manifest": 3}


class TestRights:
    def test_another_credential_is_given_nothing_that_its_own_rights_do_not_give(
        self, replica, configuration, resolve, registry, pushed
    ):
        configuration(replica(), credential=ME)
        registry.requests.clear()
        resolve(replica(), credential=YOU)
        assert registry.counts == {"manifest": 1}

    def test_registry_that_refuses_is_believed_whatever_the_store_has(
        self, run, loop, replica, configuration, registry, make_call, pushed
    ):
        configuration(replica(), credential=ME)
        registry.fail("manifest", 403)
        call = make_call()
        call.credentials.by_registry[IMAGE.registry] = YOU
        with pytest.raises(ImageError) as caught:
            run(replica().resolve(IMAGE.at(pushed.digest), call))
        assert caught.value.reason is Reason.UNAUTHORIZED

    def test_another_repository_is_another_right(self, replica, configuration, resolve, registry, seen, pushed):
        registry.requests.clear()
        resolve(replica(), parse(f"reg.io/team/app@{pushed.digest}"))
        assert registry.requests == []
        with pytest.raises(ImageError):
            resolve(replica(), parse(f"reg.io/team/other@{pushed.digest}"))

    def test_right_ends(self, replica, resolve, registry, seen, pushed, clock):
        clock.advance(limits.STORE_RIGHT_SECONDS)
        resolve(replica(), IMAGE.at(pushed.digest))
        assert registry.counts == {"manifest": 1}

    def test_what_was_proved_by_head_is_shared(self, run, loop, replica, configuration, resolve, registry, pushed):
        one = replica()
        configuration(one, credential=ME)
        resolve(one, IMAGE.at(pushed.digest), YOU)
        assert registry.counts == {"HEAD manifest": 1}
        resolve(replica(), IMAGE.at(pushed.digest), YOU)
        assert registry.requests == []


class TestForgery:
    """Somebody else writes to the store."""

    def test_document_that_does_not_match_its_digest_is_fetched_and_repaired(
        self, replica, configuration, registry, shared, seen, pushed, loop
    ):
        name = content_name(pushed.digest)
        good, shared.values[name] = shared.values[name], b'{"forged": true}'
        assert configuration(replica()) == seen
        assert registry.counts == {"manifest": 1}
        assert shared.values[name] == good

    @pytest.mark.parametrize("kind", ["tag", "right"])
    @pytest.mark.parametrize(
        "forged", [b"", b"x", b"\0" * 64, b'{"digest":"sha256:' + b"0" * 64 + b'","observedAt":9e9}'],
        ids=["empty", "short", "zeros", "unsealed"],
    )  # fmt: skip
    def test_forged_entry_is_passed_over(self, replica, configuration, registry, shared, seen, kind, forged):
        for name in shared.values:
            if f":{kind}:" in name:
                shared.values[name] = forged
        assert configuration(replica()) == seen

    def test_entries_that_are_swapped_are_passed_over(self, replica, resolve, registry, shared, pushed):
        registry.push_image("team/app", "old", created="2020-01-01T00:00:00Z")
        old = resolve(replica(), parse("reg.io/team/app:old")).document.digest
        names = [name for name in shared.values if ":tag:" in name]
        resolve(replica())
        mine = next(name for name in shared.values if ":tag:" in name and name not in names)
        shared.values[mine] = shared.values[names[0]]
        assert resolve(replica()).document.digest == pushed.digest != old

    def test_other_version_of_our_format_is_passed_over(self, replica, configuration, shared, seen, clock, registry):
        seal = Seal(KEY)
        for name in list(shared.values):
            if ":document:" not in name:
                shared.values[name] = seal.close(name, b'{"v": 2, "to": ["be", "defined"]}')
        assert configuration(replica()) == seen

    def test_sealed_entry_from_a_clock_that_is_ahead_is_passed_over(self, replica, resolve, pushed, clock, registry):
        clock.step(60)
        resolve(replica())
        clock.step(-60)
        resolve(replica())
        assert registry.counts.get("manifest", 0) + registry.counts.get("HEAD manifest", 0) >= 1

    def test_clock_that_is_a_little_ahead_moves_no_sighting_into_the_future(self, replica, resolve, pushed, clock):
        clock.step(3)
        resolve(replica())
        clock.step(-3)
        assert resolve(replica()).observed_at <= clock.now()

    def test_rotated_key_makes_a_cold_store_and_no_error(self, replica, configuration, registry, seen):
        assert configuration(replica(b"n" * 32)) == seen
        assert registry.requests != []


class TestFaults:
    """The store's loss only slows down."""

    @pytest.mark.parametrize("trouble", list(StoreTrouble), ids=str)
    def test_store_in_trouble_costs_no_answer(self, replica, configuration, shared, pushed, trouble):
        shared.trouble = trouble
        assert configuration(replica())

    def test_slow_store_costs_little_time(self, replica, configuration, shared, pushed, clock):
        shared.delay = 0.5
        began = clock.monotonic()
        assert configuration(replica())
        assert clock.monotonic() - began < limits.STORE_TIMEOUTS * limits.STORE_READ_SECONDS + 0.1

    def test_store_that_is_flushed_in_the_middle_is_filled_again(
        self, replica, configuration, resolve, shared, seen, registry
    ):
        shared.values.clear()
        assert configuration(replica()) == seen
        configuration(replica())
        assert registry.requests == []

    def test_full_store_is_read(self, replica, configuration, registry, shared, seen):
        shared.trouble_of_writes = StoreTrouble.FULL
        assert configuration(replica()) == seen
        assert registry.requests == []


def test_steps_name_the_store(run, loop, replica, configuration, make_call, registry, seen):
    steps = []

    class Recorder:
        def record(self, step):
            steps.append((step.asked.value, step.source.value, step.trip, step.bytes > 0))

    call = make_call()
    call.recorder = Recorder()
    other = replica()
    found = parsed(run(other.resolve(IMAGE, call)).document, "x")
    run(other.blob(IMAGE.at(found.digest), found.config, limits.CONFIG_BYTES, call))
    assert steps == [("tag", "store", 0, False), ("manifest", "store", 0, True), ("blob", "store", 0, True)]
