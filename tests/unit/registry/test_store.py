"""The artifact store on a registry in memory."""

import pytest

from provider import limits
from provider.clock import rfc3339
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.client import Content
from provider.registry.content import manifest, media_types
from provider.registry.content.manifest import Descriptor
from provider.registry.credentials.credential import ANONYMOUS, Credential
from provider.registry.memory.documents import parsed
from provider.registry.reference import parse
from provider.registry.store import Store
from tests.simulators.registry import canonical, sha256

IMAGE = parse("reg.io/team/app:v1")
ME, YOU = Credential("me", "secret"), Credential("you", "secret")
ABSENT = "sha256:" + "0" * 64
TTL = 30.0
LATER = "2026-02-02T00:00:00Z"


@pytest.fixture
def make_store(client, clock, observer):
    def make(memory_bytes=1 << 20):
        return Store(client, clock, observer, memory_bytes=memory_bytes, tag_ttl=TTL)

    return make


@pytest.fixture
def store(make_store):
    return make_store()


@pytest.fixture
def resolve(run, store, make_call, registry):
    """What a reference points to; what was asked for it is in `registry.counts`."""

    def resolve(reference=IMAGE, credential=ANONYMOUS, max_age=None, store=store):
        registry.requests.clear()
        call = make_call()
        call.credentials.by_registry[reference.registry] = credential
        return run(store.resolve(reference, call, max_age))

    return resolve


@pytest.fixture
def refused(run):
    def refused(question):
        with pytest.raises(ImageError) as caught:
            run(question)
        return caught.value

    return refused


@pytest.fixture
def pushed(registry):
    return registry.push_image("team/app", "v1")


def config_of(document):
    return manifest.parse(document.body, document.media_type, document.digest, "x").config


class TestTag:
    def test_tag_is_asked_for_once_and_believed_for_its_time(self, resolve, registry, pushed, clock):
        assert resolve().document.digest == pushed.digest
        assert registry.counts == {"manifest": 1}
        clock.advance(TTL - 0.1)
        assert resolve().document.digest == pushed.digest
        assert registry.counts == {}

    def test_tag_says_when_it_was_last_seen(self, resolve, pushed, clock):
        first = resolve()
        assert first.observed_at == pytest.approx(clock.now(), abs=0.01)
        clock.advance(20)
        assert resolve().observed_at == first.observed_at
        clock.advance(20)
        assert resolve().observed_at == pytest.approx(first.observed_at + 40, abs=0.01)

    def test_tag_that_was_seen_by_a_clock_that_was_ahead_is_not_believed_until_then(
        self, resolve, registry, pushed, clock
    ):
        resolve()
        clock.step(-86_400)
        clock.advance(TTL)
        registry.push_image("team/app", "v1", os="other")
        assert resolve().document.digest != pushed.digest

    def test_tag_was_seen_when_it_was_asked_for_and_not_when_the_answer_came(self, resolve, pushed, clock, registry):
        registry.delay = 5.0
        began = clock.now()
        assert resolve().observed_at == began

    def test_digest_is_seen_now_however_old_its_document(self, resolve, pushed, clock, registry):
        reference = IMAGE.at(pushed.digest)
        resolve(reference)
        clock.advance(1000)
        assert resolve(reference).observed_at == clock.now()
        assert registry.counts == {}

    @pytest.mark.parametrize(("max_age", "asked"), [(0.0, 1), (10.0, 1), (20.1, 0), (1000.0, 0)])
    def test_who_wants_it_newer_gets_it_newer_and_who_does_not_mind_older_older(
        self, resolve, registry, pushed, clock, max_age, asked
    ):
        resolve()
        clock.advance(20)
        resolve(max_age=max_age)
        assert len(registry.requests) == asked

    def test_tag_that_is_not_there_any_more_is_not_there(
        self, resolve, refused, store, make_call, registry, pushed, clock
    ):
        resolve()
        clock.advance(TTL)
        registry.forget("team/app", "v1")
        assert refused(store.resolve(IMAGE, make_call())).reason is Reason.NOT_FOUND
        registry.tag("team/app", "v1", pushed.digest)
        assert resolve().document.digest == pushed.digest

    @pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
    def test_absence_is_never_remembered(self, resolve, refused, store, call, registry, pushed, clock, status):
        registry.fail("manifest", status, headers={"Retry-After": "0"}, times=1)
        refused(store.resolve(IMAGE, call))
        assert resolve().document.digest == pushed.digest

    def test_many_who_ask_for_one_tag_cause_one_request(self, loop, store, make_call, registry, pushed):
        tasks = [loop.create_task(store.resolve(IMAGE, make_call())) for _ in range(20)]
        loop.run_for(1)
        assert {task.result().document.digest for task in tasks} == {pushed.digest}
        assert registry.counts == {"manifest": 1}


class TestDiscovery:
    """Tags of signatures: that there is nothing is seen, too."""

    def test_nothing_under_a_tag_is_believed_for_its_time(self, run, store, make_call, registry, clock):
        first = run(store.discover(IMAGE, make_call()))
        assert (bool(first), first.observed_at) == (False, clock.now())
        pushed = registry.push_image("team/app", "v1")
        clock.advance(TTL - 0.1)
        assert run(store.discover(IMAGE, make_call())) == first
        clock.advance(0.1)
        assert run(store.discover(IMAGE, make_call())).document.digest == pushed.digest

    def test_who_wants_it_newer_gets_it_newer(self, run, store, make_call, registry, clock):
        run(store.discover(IMAGE, make_call()))
        clock.advance(2)
        pushed = registry.push_image("team/app", "v1")
        assert run(store.discover(IMAGE, make_call(), 1.0)).document.digest == pushed.digest

    def test_image_is_looked_at_though_somebody_discovered_nothing(self, run, store, resolve, registry, make_call):
        run(store.discover(IMAGE, make_call()))
        pushed = registry.push_image("team/app", "v1")
        assert resolve().document.digest == pushed.digest

    def test_image_that_somebody_discovers_just_now_is_not_found(self, loop, store, make_call, registry):
        registry.delay = 0.5
        tasks = [loop.create_task(one(IMAGE, make_call())) for one in (store.discover, store.resolve)]
        loop.run_for(2)
        assert not tasks[0].result()
        assert tasks[1].exception().reason is Reason.NOT_FOUND
        assert registry.counts == {"manifest": 1}

    @pytest.mark.parametrize("status", [401, 403, 402, 429, 500])
    def test_refusal_and_failure_are_no_absence(self, run, refused, store, make_call, registry, pushed, status):
        registry.fail("manifest", status, headers={"Retry-After": "0"}, times=1)
        refused(store.discover(IMAGE, make_call()))
        assert run(store.discover(IMAGE, make_call())).document.digest == pushed.digest

    def test_nothing_as_one_credential_sees_it_is_not_shown_to_another(self, run, store, make_call, registry):
        run(store.discover(IMAGE, make_call()))
        pushed = registry.push_image("team/app", "v1")
        assert run(store.discover(IMAGE, make_call(reg_io=ME))).document.digest == pushed.digest


class TestRevalidation:
    """A tag whose document is kept is looked at again by HEAD, which costs nobody's quota."""

    @pytest.fixture(autouse=True)
    def seen(self, resolve, pushed, clock):
        resolve()
        clock.advance(TTL)

    def test_unchanged_tag_costs_one_head(self, resolve, registry, pushed, clock):
        again = resolve()
        assert registry.counts == {"HEAD manifest": 1}
        assert (again.document.digest, again.observed_at) == (pushed.digest, pytest.approx(clock.now(), abs=0.01))
        assert resolve() == again
        assert registry.counts == {}

    def test_moved_tag_is_fetched_by_the_digest_that_was_told(self, resolve, registry):
        other = registry.push_image("team/app", "v1", created=LATER)
        assert resolve().document.digest == other.digest
        assert registry.counts == {"HEAD manifest": 1, "manifest": 1}
        assert registry.requests[1].path.endswith(other.digest)

    def test_moved_tag_whose_new_document_is_known_costs_one_head(self, resolve, registry, clock):
        other = registry.push_image("team/app", "v2", created=LATER)
        resolve(IMAGE.at(other.digest))
        registry.tag("team/app", "v1", other.digest)
        assert resolve().document.digest == other.digest
        assert registry.counts == {"HEAD manifest": 1}

    def test_head_and_get_that_disagree_are_settled_by_the_digest(self, resolve, registry):
        """Between the two the tag moves on, or two servers behind one name differ."""
        told = registry.push_image("team/app", None, created=LATER)
        registry.push_image("team/app", "v1", created="2026-03-03T00:00:00Z")
        registry.fail("manifest", 200, headers={"Docker-Content-Digest": told.digest}, times=1)
        assert resolve().document.digest == told.digest
        assert [asked.path.rpartition("/")[2] for asked in registry.requests] == ["v1", told.digest]

    def test_digest_that_nobody_has_is_an_error(self, refused, store, call, registry):
        registry.fail("manifest", 200, headers={"Docker-Content-Digest": ABSENT}, times=1)
        assert refused(store.resolve(IMAGE, call)).reason is Reason.NOT_FOUND

    @pytest.mark.parametrize("headers", [{}, {"Docker-Content-Digest": "sha384:" + "0" * 96}])
    def test_registry_that_tells_no_digest_is_asked_for_the_document(self, resolve, registry, pushed, headers):
        registry.fail("manifest", 200, headers=headers, times=1)
        assert resolve().document.digest == pushed.digest
        assert registry.counts == {"HEAD manifest": 1, "manifest": 1}

    @pytest.mark.parametrize("status", [400, 404, 405, 406, 501])
    def test_registry_without_head_is_asked_for_the_document(self, resolve, registry, pushed, status):
        registry.fail("manifest", status, times=1)
        assert resolve().document.digest == pushed.digest
        assert registry.counts == {"HEAD manifest": 1, "manifest": 1}

    @pytest.mark.parametrize("status", [401, 403, 429, 500])
    def test_registry_that_refuses_the_head_is_not_believed_to_have_it_still(
        self, refused, store, call, registry, status
    ):
        registry.fail("manifest", status)
        assert not refused(store.resolve(IMAGE, call)).reason.durable

    def test_document_that_is_not_kept_any_more_is_fetched_without_a_head(self, make_store, resolve, registry, clock):
        store = make_store(memory_bytes=0)
        resolve(store=store)
        clock.advance(TTL)
        resolve(store=store)
        assert registry.counts == {"manifest": 1}

    def test_another_credential_does_not_use_our_document(self, resolve, registry):
        resolve(credential=ME)
        assert registry.counts == {"manifest": 1}

    def test_a_day_of_audit_costs_heads_and_no_pulls(self, resolve, registry, clock):
        heads = pulls = 0
        for _ in range(120):
            clock.advance(180)
            resolve()
            heads += registry.counts["HEAD manifest"]
            pulls += registry.counts["manifest"]
        assert (heads, pulls) == (120, 0)


class TestLasting:
    """Durable is only what is true of bytes that matched their digest."""

    HTML = b"<!DOCTYPE html><html><body>Sign in to the hotel's network</body></html>"

    def told(self, **headers):
        return {name.replace("_", "-"): value for name, value in headers.items()}

    @pytest.mark.parametrize(
        ("headers", "body", "cause"),
        [
            ({"Content-Type": "text/html"}, HTML, "its media type is text/html|it is no JSON"),
            ({"Content-Type": "text/html", "Docker-Content-Digest": sha256(HTML)}, HTML, "text/html|it is no JSON"),
            ({"Content-Type": media_types.OCI_MANIFEST}, HTML, "it is no JSON"),
            ({}, HTML, "it is no JSON"),
            ({}, b"", "it is no JSON"),
            ({"Content-Type": media_types.OCI_MANIFEST}, b"", "it is no JSON"),
            ({"Content-Type": media_types.OCI_MANIFEST}, b'{"schemaVersion": 2', "it is no JSON"),
            ({"Content-Type": media_types.OCI_MANIFEST}, b"\x1f\x8b\x08\x00", "it is no JSON"),
            ({"Content-Type": media_types.OCI_MANIFEST}, b"{}", "it is no JSON object"),
            ({"Content-Type": media_types.OCI_MANIFEST, "Docker-Content-Digest": ABSENT}, HTML, "match its digest"),
            ({"Content-Type": "application/json"}, b'{"x": [' + b"[]," * 70_000 + b"0]}", "more than"),
        ],
    )
    def test_page_in_place_of_a_manifest_passes_with_its_cause_named(
        self, resolve, refused, store, call, registry, pushed, headers, body, cause
    ):
        # What turns out to be large is asked for twice.
        times = 1 if len(body) <= limits.SMALL_DOCUMENT_BYTES else 2
        registry.fail("manifest", 200, headers=headers, body=body, times=times)
        error = refused(store.resolve(IMAGE, call))
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert error.unfit
        assert not error.reason.durable
        assert any(part in error.message for part in cause.split("|"))
        # Nothing of it is remembered.
        assert resolve().document.digest == pushed.digest
        assert registry.counts == {"manifest": 1}

    @pytest.mark.parametrize("how", ["cut", "close"])
    def test_answer_that_was_cut_passes(self, resolve, refused, store, call, registry, pushed, how):
        registry.fail("manifest", how=how, times=1)
        assert refused(store.resolve(IMAGE, call)).reason is Reason.REGISTRY_UNAVAILABLE
        assert resolve().document.digest == pushed.digest

    def test_manifest_by_digest_that_does_not_match_passes_and_is_not_kept(
        self, resolve, refused, store, call, registry, pushed
    ):
        registry.fail("manifest", 200, body=self.HTML, times=1)
        error = refused(store.manifest(IMAGE.at(pushed.digest), call))
        assert (error.reason, error.unfit) == (Reason.REGISTRY_UNAVAILABLE, True)
        assert resolve(IMAGE.at(pushed.digest)).document.digest == pushed.digest

    def test_blob_that_does_not_match_passes_and_is_not_kept(
        self, run, resolve, refused, store, call, registry, pushed
    ):
        reference = IMAGE.at(pushed.digest)
        config = config_of(resolve(reference).document)
        for body in (self.HTML, b"", b"x" * config.size, b"x" * (config.size - 1)):
            registry.fail("blob", 200, body=body, times=1)
            error = refused(store.blob(reference, config, limits.CONFIG_BYTES, call))
            assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert sha256(run(store.blob(reference, config, limits.CONFIG_BYTES, call))) == config.digest

    @pytest.mark.parametrize(
        ("body", "reason"),
        [(b'{"schemaVersion": 1}', Reason.CONTENT_INVALID), (b"[" + b"0," * 70_000 + b"0]", Reason.LIMIT_EXCEEDED)],
    )
    def test_what_is_wrong_in_a_document_that_matched_its_digest_is_wrong_for_good(
        self, resolve, registry, body, reason
    ):
        registry.push_manifest("team/app", "v1", body)
        document = resolve().document
        assert document.vouched
        with pytest.raises(ImageError) as caught:
            parsed(document, "manifest of reg.io/team/app:v1")
        assert caught.value.reason is reason
        assert caught.value.reason.durable

    def test_what_is_wrong_in_a_document_that_nothing_vouches_for_passes_with_the_same_sentence(self):
        documents = [Content(ABSENT, media_types.OCI_MANIFEST, b"{}", vouched=vouched) for vouched in (True, False)]
        errors = []
        for document in documents:
            with pytest.raises(ImageError) as caught:
                parsed(document, "manifest of reg.io/team/app:v1")
            errors.append(caught.value)
        assert [error.reason for error in errors] == [Reason.CONTENT_INVALID, Reason.REGISTRY_UNAVAILABLE]
        assert errors[0].message == errors[1].message

    def test_registry_that_tells_no_digests_is_served_all_the_same(self, resolve, registry, pushed, clock):
        body = next(body for _, _, name, body in registry.documents() if name == pushed.digest)
        registry.fail("manifest", 200, headers={"Content-Type": media_types.OCI_MANIFEST}, body=body)
        assert resolve().document.digest == pushed.digest
        assert resolve().document.digest == pushed.digest
        assert registry.counts == {}
        clock.advance(TTL)
        assert resolve().document.digest == pushed.digest
        assert registry.counts == {"HEAD manifest": 1, "manifest": 1}


class TestRights:
    """What one credential fetched is told to another only after a HEAD of its own."""

    def test_another_credential_proves_its_right_once_and_moves_nothing(
        self, run, resolve, store, make_call, registry, pushed
    ):
        reference = IMAGE.at(pushed.digest)
        config = config_of(resolve(reference).document)
        run(store.blob(reference, config, limits.CONFIG_BYTES, make_call()))
        resolve(reference, ME)
        assert registry.counts == {"HEAD manifest": 1}
        registry.requests.clear()
        run(store.blob(reference, config, limits.CONFIG_BYTES, make_call(reg_io=ME)))
        assert registry.counts == {"HEAD blob": 1}
        resolve(reference, ME)
        assert registry.counts == {}

    def test_proof_is_made_with_the_credential_of_who_asks(self, resolve, registry, pushed):
        resolve(IMAGE.at(pushed.digest))
        registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
        resolve(IMAGE.at(pushed.digest), ME)
        assert registry.requests[-1].headers["Authorization"] == ME.basic

    @pytest.mark.parametrize("status", [401, 403, 404, 500])
    def test_who_may_not_read_it_is_told_so_every_time(
        self, refused, resolve, store, make_call, registry, pushed, status
    ):
        reference = IMAGE.at(pushed.digest)
        resolve(reference)
        registry.fail("manifest", status)
        for _ in range(2):
            assert not refused(store.manifest(reference, make_call(reg_io=ME))).reason.durable

    def test_another_repository_of_the_registry_needs_a_proof(self, refused, resolve, store, call, registry, pushed):
        resolve(IMAGE.at(pushed.digest))
        elsewhere = parse(f"reg.io/team/other@{pushed.digest}")
        assert refused(store.manifest(elsewhere, call)).reason is Reason.NOT_FOUND
        registry.push_image("team/other", "v1")
        resolve(elsewhere)
        assert registry.counts == {"HEAD manifest": 1}

    @pytest.mark.parametrize("place", ["evil.io", "reg.io:5000"])
    def test_another_registry_has_to_send_it(self, resolve, registry, pushed, place):
        """It could say yes to anything."""
        resolve(IMAGE.at(pushed.digest))
        resolve(parse(f"{place}/team/app@{pushed.digest}"))
        assert registry.counts == {"manifest": 1}

    def test_another_registry_that_sends_something_else_gives_nothing(
        self, refused, resolve, store, call, registry, pushed
    ):
        resolve(IMAGE.at(pushed.digest))
        registry.fail("manifest", 200, body=b"{}")
        elsewhere = parse(f"evil.io/team/app@{pushed.digest}")
        for _ in range(2):
            assert refused(store.manifest(elsewhere, call)).unfit

    def test_what_another_registry_calls_a_document_is_nothing_to_us(self, resolve, registry, pushed):
        """The same bytes by the same digest: evil.io must not decide what they are for users of reg.io."""
        body = next(body for _, _, name, body in registry.documents() if name == pushed.digest)
        registry.fail("manifest", 200, headers={"Content-Type": "text/html"}, body=body, times=1)
        resolve(parse(f"evil.io/team/app@{pushed.digest}"))
        for _ in range(2):
            document = resolve(IMAGE.at(pushed.digest)).document
            assert document.media_type == media_types.OCI_MANIFEST
            assert parsed(document, "x")

    def test_rights_to_one_document_are_bounded(self, resolve, registry, pushed):
        reference = IMAGE.at(pushed.digest)
        for number in range(limits.RIGHTS + 1):
            resolve(reference, Credential(f"user{number}", "x"))
        resolve(reference, Credential(f"user{limits.RIGHTS}", "x"))
        assert registry.counts == {}
        resolve(reference, Credential("user0", "x"))
        assert registry.counts == {"HEAD manifest": 1}

    def test_fetches_of_different_credentials_are_not_shared(self, loop, store, make_call, registry, pushed):
        registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
        mine = loop.create_task(store.manifest(IMAGE.at(pushed.digest), make_call(reg_io=ME)))
        theirs = loop.create_task(store.manifest(IMAGE.at(pushed.digest), make_call(reg_io=YOU)))
        loop.run_for(1)
        assert mine.result().digest == pushed.digest
        assert theirs.exception().reason is Reason.UNAUTHORIZED


class TestBlob:
    def test_limit_holds_for_what_is_kept_as_well(self, run, refused, store, call, registry):
        digest = registry.push_blob("team/app", b" " * 100)
        run(store.blob(IMAGE, Descriptor("", digest, 100), 100, call))
        assert refused(store.blob(IMAGE, Descriptor("", digest, 100), 99, call)).reason is Reason.LIMIT_EXCEEDED

    def test_descriptor_that_lies_about_the_size_is_wrong_whether_the_blob_is_kept_or_not(
        self, run, refused, store, call, registry
    ):
        digest = registry.push_blob("team/app", b" " * 100)
        right, wrong = Descriptor("", digest, 100), Descriptor("", digest, 101)
        assert refused(store.blob(IMAGE, wrong, 1000, call)).reason is Reason.CONTENT_INVALID
        run(store.blob(IMAGE, right, 1000, call))
        assert refused(store.blob(IMAGE, wrong, 1000, call)).reason is Reason.CONTENT_INVALID

    def test_blob_that_is_not_there_is_not_found_and_not_remembered_so(self, run, refused, store, call, registry):
        body = b"late"
        descriptor = Descriptor("", sha256(body), len(body))
        assert refused(store.blob(IMAGE, descriptor, 1000, call)).reason is Reason.NOT_FOUND
        registry.push_blob("team/app", body)
        assert run(store.blob(IMAGE, descriptor, 1000, call)) == body


class TestFlights:
    def test_waiter_that_is_cancelled_cancels_nobody(self, loop, store, make_call, registry, pushed):
        registry.delay = 1.0
        tasks = [loop.create_task(store.manifest(IMAGE.at(pushed.digest), make_call())) for _ in range(3)]
        loop.run_for(0.5)
        tasks[1].cancel()
        loop.run_for(2)
        assert [task.cancelled() for task in tasks] == [False, True, False]
        assert {tasks[0].result().digest, tasks[2].result().digest} == {pushed.digest}
        assert registry.counts == {"manifest": 1}

    @pytest.mark.parametrize("what", ["tag", "manifest", "blob", "referrers"])
    def test_work_of_audit_that_an_admission_joins_is_hurried(self, loop, store, make_call, registry, pushed, what):
        registry.delay = 1.0
        registry.referrers_page = 10
        digest = registry.push_blob("team/app", b"x")
        pinned = IMAGE.at(pushed.digest)
        ask = {
            "tag": lambda call: store.resolve(IMAGE, call),
            "manifest": lambda call: store.manifest(pinned, call),
            "blob": lambda call: store.blob(pinned, Descriptor("", digest, 1), 10, call),
            "referrers": lambda call: store.referrers(pinned, call),
        }[what]
        audit = make_call(audit=True)
        tasks = [loop.create_task(ask(audit))]
        loop.run_for(0.5)
        tasks.append(loop.create_task(ask(make_call(audit=True))))
        loop.settle()
        assert audit.claim.audit
        tasks.append(loop.create_task(ask(make_call())))
        loop.settle()
        assert not audit.claim.audit
        loop.run_for(2)
        assert all(task.done() and task.exception() is None for task in tasks)
        assert len(registry.requests) == 1

    def test_audits_request_that_waits_is_sent_when_an_admission_joins_it(self, loop, store, make_call, registry):
        """Audit has half of a registry's places, and its ninth image is in the queue."""
        registry.delay = 1.0
        digests = [registry.push_image("team/app", f"v{number}", os=f"x{number}").digest for number in range(9)]
        tasks = [loop.create_task(store.manifest(IMAGE.at(digest), make_call(audit=True))) for digest in digests]
        loop.settle()
        assert registry.under_way == limits.UNKNOWN_REGISTRY_REQUESTS // 2
        tasks.append(loop.create_task(store.manifest(IMAGE.at(digests[8]), make_call())))
        loop.settle()
        assert registry.under_way == limits.UNKNOWN_REGISTRY_REQUESTS // 2 + 1
        loop.run_for(10)
        assert all(task.exception() is None for task in tasks)


class TestReferrers:
    @pytest.fixture
    def pinned(self, pushed):
        return IMAGE.at(pushed.digest)

    @pytest.fixture
    def refer(self, registry, pushed):
        """Somebody refers to the image."""

        def refer(name="x"):
            subject = {"mediaType": media_types.OCI_MANIFEST, "digest": pushed.digest, "size": pushed.size}
            return registry.push_manifest(
                "team/app", None, {"schemaVersion": 2, "subject": subject, "artifactType": name}
            )

        return refer

    def test_all_pages_are_one_list(self, run, store, call, registry, refer, pinned):
        registry.referrers_page = 2
        expected = [refer(f"x{number}").digest for number in range(5)]
        found = run(store.referrers(pinned, call))
        assert [one.digest for one in found.descriptors] == expected
        assert registry.counts == {"referrer": 3}

    def test_list_is_believed_for_its_time(self, run, store, call, registry, refer, pinned, clock):
        registry.referrers_page = 10
        refer()
        first = run(store.referrers(pinned, call))
        refer("y")
        clock.advance(TTL - 0.1)
        assert run(store.referrers(pinned, call)) == first
        assert len(run(store.referrers(pinned, call, max_age=5)).descriptors) == 2
        clock.advance(0.1)
        assert len(run(store.referrers(pinned, call)).descriptors) == 2

    def test_list_was_seen_when_it_was_asked_for(self, run, store, call, registry, refer, pinned, clock):
        registry.referrers_page, registry.delay = 10, 3.0
        refer()
        began = clock.now()
        assert run(store.referrers(pinned, call)).observed_at == began

    def test_that_nothing_refers_to_it_is_believed_for_its_time_and_no_longer_than_who_asks_likes(
        self, run, store, call, registry, refer, pinned, clock
    ):
        registry.referrers_page = 10
        first = run(store.referrers(pinned, call))
        assert (first.absent, bool(first), first.observed_at) == (True, False, clock.now())
        refer()
        clock.advance(TTL - 0.1)
        assert run(store.referrers(pinned, call)) == first
        assert run(store.referrers(pinned, call, max_age=5)).count == 1

    def test_nothing_is_looked_at_again_after_its_time(self, run, store, make_call, registry, refer, pinned, clock):
        registry.referrers_page = 10
        run(store.referrers(pinned, make_call()))
        refer()
        clock.advance(TTL)
        assert run(store.referrers(pinned, make_call())).count == 1

    def test_registry_without_the_interface_has_a_tag_for_it(self, run, store, call, registry, refer, pinned, pushed):
        entry = {"mediaType": media_types.OCI_MANIFEST, "digest": refer().digest, "size": 1}
        index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": [entry]}
        registry.push_manifest("team/app", pushed.digest.replace(":", "-"), index, media_types.OCI_INDEX)
        found = run(store.referrers(pinned, call))
        assert [one.digest for one in found.descriptors] == [entry["digest"]]
        assert [asked.path.rpartition("/")[2] for asked in registry.requests] == [
            pushed.digest,
            pushed.digest.replace(":", "-"),
        ]

    @pytest.mark.parametrize(
        ("kind", "body"),
        [("text/html", b"<html>"), (media_types.OCI_INDEX, b""), (media_types.OCI_INDEX, b"{}"), ("text/plain", b"ok")],
    )
    def test_answer_that_is_no_list_leads_to_the_tag(
        self, run, store, call, registry, refer, pinned, pushed, kind, body
    ):
        entry = {"mediaType": media_types.OCI_MANIFEST, "digest": refer().digest, "size": 1}
        index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": [entry]}
        registry.push_manifest("team/app", pushed.digest.replace(":", "-"), index, media_types.OCI_INDEX)
        registry.fail("referrer", 200, headers={"Content-Type": kind}, body=body)
        assert [one.digest for one in run(store.referrers(pinned, call)).descriptors] == [entry["digest"]]

    def test_entry_that_cannot_be_read_is_reported_and_hides_no_other(
        self, run, store, call, registry, pinned, observer
    ):
        entries = [{"digest": "sha512:x"}, {"mediaType": media_types.OCI_MANIFEST, "digest": ABSENT, "size": 1}]
        body = canonical({"schemaVersion": 2, "manifests": entries})
        registry.fail("referrer", 200, headers={"Content-Type": media_types.OCI_INDEX}, body=body)
        found = run(store.referrers(pinned, call))
        assert [one.digest for one in found.descriptors] == [ABSENT]
        assert observer.passed_over == [("referrers", *found.problems)]

    @pytest.fixture
    def first_page(self, registry, pushed):
        """A page with one entry and another page behind it."""
        entry = {"mediaType": media_types.OCI_MANIFEST, "digest": ABSENT, "size": 1}
        link = f'</v2/team/app/referrers/{pushed.digest}?last=1>; rel="next"'
        headers = {"Content-Type": media_types.OCI_INDEX, "Link": link}
        registry.fail("referrer", 200, headers=headers, body=canonical({"manifests": [entry]}), times=1)

    @pytest.mark.usefixtures("first_page")
    @pytest.mark.parametrize("body", [b"<html>", b"{}", b"", b'{"errors": []}', b'{"manifests": 7}'])
    def test_further_page_that_is_none_hides_nothing_on_the_first(self, run, store, call, registry, pinned, body):
        registry.fail("referrer", 200, headers={"Content-Type": "text/html"}, body=body)
        found = run(store.referrers(pinned, call))
        assert [one.digest for one in found.descriptors] == [ABSENT]
        assert len(found.problems) == 1

    @pytest.mark.usefixtures("first_page")
    @pytest.mark.parametrize("status", [404, 410, 500])
    def test_further_page_that_cannot_be_had_is_no_absence_of_the_list(
        self, refused, store, call, registry, pinned, status
    ):
        registry.fail("referrer", status)
        assert refused(store.referrers(pinned, call)).reason is Reason.REGISTRY_UNAVAILABLE

    def test_registry_with_neither_has_none(self, run, store, call, registry, pinned):
        assert run(store.referrers(pinned, call)).absent
        assert registry.counts == {"referrer": 1, "manifest": 1}

    @pytest.mark.parametrize("status", [401, 403, 429, 500])
    def test_registry_that_refuses_does_not_have_none(self, refused, store, call, registry, pinned, status):
        registry.referrers_page = 10
        registry.fail("referrer", status)
        assert not refused(store.referrers(pinned, call)).reason.durable

    def test_refusal_of_the_tag_is_not_taken_for_none_either(self, refused, store, call, registry, pinned):
        registry.fail("manifest", 500)
        assert refused(store.referrers(pinned, call)).reason is Reason.REGISTRY_UNAVAILABLE

    def test_more_than_are_looked_at_are_refused_not_cut(
        self, refused, store, call, registry, refer, pinned, monkeypatch
    ):
        registry.referrers_page = 3
        monkeypatch.setattr(limits, "REFERRERS", 5)
        for number in range(6):
            refer(f"x{number}")
        assert refused(store.referrers(pinned, call)).reason is Reason.LIMIT_EXCEEDED

    def test_pages_have_a_bound_of_bytes_together(self, refused, store, call, registry, pinned, pushed, monkeypatch):
        monkeypatch.setattr(limits, "REFERRERS_BYTES", 10_000)
        entry = {"mediaType": media_types.OCI_MANIFEST, "digest": ABSENT, "size": 1, "annotations": {"k": "x" * 4_000}}
        link = f'</v2/team/app/referrers/{pushed.digest}?last=1>; rel="next"'
        headers = {"Content-Type": media_types.OCI_INDEX, "Link": link}
        registry.fail("referrer", 200, headers=headers, body=canonical({"schemaVersion": 2, "manifests": [entry]}))
        error = refused(store.referrers(pinned, call))
        assert (error.reason, "more than 10000 bytes" in error.message) == (Reason.LIMIT_EXCEEDED, True)
        assert registry.counts["referrer"] == 3

    def test_pages_without_end_end(self, refused, store, call, registry, pinned, pushed):
        link = f'</v2/team/app/referrers/{pushed.digest}?last=1>; rel="next"'
        headers = {"Content-Type": media_types.OCI_INDEX, "Link": link}
        registry.fail("referrer", 200, headers=headers, body=b'{"manifests": []}')
        assert refused(store.referrers(pinned, call)).reason is Reason.LIMIT_EXCEEDED
        # The pages, and the tag that stands for the list.
        assert len(registry.requests) <= limits.REFERRER_PAGES + 2

    def test_lists_stay_within_their_bytes(self, run, store, make_call, registry, monkeypatch):
        entry = {"mediaType": media_types.OCI_MANIFEST, "digest": ABSENT, "size": 1}
        body = canonical({"schemaVersion": 2, "manifests": [entry] * 900})
        registry.fail("referrer", 200, headers={"Content-Type": media_types.OCI_INDEX}, body=body)
        for number in range(40):
            pinned = IMAGE.at("sha256:" + f"{number:064x}")
            assert len(run(store.referrers(pinned, make_call())).descriptors) == 900
        assert 0 < store._referrer_lists.used <= limits.REFERRERS_MEMORY_BYTES
        assert len(store._referrer_lists) < 40

    def test_what_is_written_beside_entries_counts_as_bytes_that_lists_take(self, run, store, make_call, registry):
        entry = {
            "mediaType": media_types.OCI_MANIFEST,
            "digest": ABSENT,
            "size": 1,
            "annotations": {"k": "x" * 100_000},
        }
        body = canonical({"schemaVersion": 2, "manifests": [entry] * 30})
        registry.fail("referrer", 200, headers={"Content-Type": media_types.OCI_INDEX}, body=body)
        for number in range(5):
            run(store.referrers(IMAGE.at("sha256:" + f"{number:064x}"), make_call()))
        assert len(store._referrer_lists) == limits.REFERRERS_MEMORY_BYTES // len(body)


class TestMemory:
    def test_documents_stay_within_their_bytes_and_the_oldest_go_first(self, make_store, resolve, registry):
        store = make_store(memory_bytes=20_000)
        for number in range(20):
            registry.push_image("team/app", f"v{number}", os=f"x{number}")
            resolve(parse(f"reg.io/team/app:v{number}"), store=store)
            assert store.used <= 20_000
        assert 0 < len(store) < 20
        resolve(parse("reg.io/team/app:v19"), store=store)
        assert registry.counts == {}
        resolve(parse("reg.io/team/app:v0"), store=store)
        assert registry.counts == {"manifest": 1}

    def test_document_too_large_to_keep_is_given_all_the_same(self, make_store, resolve, registry, pushed):
        store = make_store(memory_bytes=10)
        assert resolve(store=store).document.digest == pushed.digest
        assert resolve(store=store).document.digest == pushed.digest
        assert len(store) == 0

    def test_look_ups_are_reported(self, resolve, pushed, observer):
        resolve()
        resolve()
        assert observer.lookups == [
            ("memory", "tag", "miss"),
            ("memory", "tag", "hit"),
            ("memory", "manifest", "hit"),
        ]


class TestRoundTrips:
    @pytest.mark.parametrize(("wait", "trips"), [(0, 0), (TTL, 1)])
    def test_known_tag_costs_none_and_one_to_be_looked_at_again_one(
        self, run, store, make_call, pushed, clock, wait, trips
    ):
        run(store.resolve(IMAGE, make_call()))
        clock.advance(wait)
        call = make_call()
        run(store.resolve(IMAGE, call))
        assert call.round_trips == trips


def test_moment_is_written_in_utc_without_fractions():
    assert rfc3339(1_795_560_000.9) == "2026-11-24T22:40:00Z"


def test_store_lets_go_of_its_connections(run, store, registry):
    closed = []

    async def close():
        closed.append(True)

    registry.close = close
    run(store.close())
    assert closed == [True]


def test_url_is_that_of_the_manifest(store):
    assert store.url(IMAGE) == "https://reg.io/v2/team/app/manifests/v1"
