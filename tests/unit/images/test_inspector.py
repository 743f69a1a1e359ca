"""Questions about images in a registry in memory, and what it takes to answer them."""

from __future__ import annotations

import asyncio
import threading

import pytest

from provider import limits
from provider.errors import ImageError, SettingsError
from provider.images.inspector import ImageInspector, LazyProver
from provider.questions import item_key
from provider.questions.answer import Proofs
from provider.questions.item_key import KeyKind
from provider.questions.proof_question import Key, Verify
from provider.questions.question import FactQuestion, ProofQuestion, key_of, ref
from provider.reasons import Reason
from provider.registry import reference
from tests.unit.images.world import FRESH, IMAGE, OLD, World

VERIFY = Verify(key=Key("PEM"))


class Prover:
    """Proves what it is asked, and remembers it."""

    def __init__(self):
        self.questions = []

    async def prove(self, image, verify, call, *, explained=True):
        self.questions.append(("prove", image.text, verify))
        call.round_trips += 7
        return Proofs(image.name, "sha256:0", image.name, [])

    async def examine(self, image, verify, call):
        self.questions.append(("examine", image.text, verify))
        return "an examination"

    def close(self):
        self.questions.append(("close",))


class TestBadInput:
    """Each gets a clear answer with its reason."""

    @pytest.mark.parametrize("image", ["UPPER/case", "", "ubuntu:", "https://reg.io/app", "ubuntu@sha256:abc"])
    def test_malformed_reference(self, world, image):
        assert world.refused(image).reason is Reason.REFERENCE_INVALID
        assert world.registry.requests == []

    @pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"{}", b'{"schemaVersion": 1, "fsLayers": []}'])
    def test_broken_manifest(self, world, body):
        world.registry.push_manifest("team/app", "v1", body)
        assert world.refused().reason is Reason.CONTENT_INVALID

    def test_manifest_of_a_foreign_media_type(self, world):
        world.registry.push_manifest("team/app", "v1", b"{}", "application/vnd.docker.distribution.manifest.v1+json")
        assert world.refused().reason is Reason.CONTENT_INVALID

    def test_manifest_that_is_too_large(self, world):
        world.registry.push_manifest("team/app", "v1", b" " * (limits.MANIFEST_BYTES + 1))
        assert f"more than {limits.MANIFEST_BYTES} bytes" in world.refused().message

    def test_configuration_of_four_megabytes(self, world):
        world.push("v1", config=b" " * (4 * limits.MIB))
        assert world.refused().reason is Reason.LIMIT_EXCEEDED
        assert world.registry.counts == {"manifest": 1}

    def test_configuration_that_is_longer_than_announced(self, world):
        pushed = world.push("v1")
        world.registry.tamper("team/app", pushed.config, b" " * (limits.CONFIG_BYTES + 1))
        error = world.refused()
        assert not error.reason.durable
        assert "sends more than" in error.message

    def test_configuration_that_does_not_match_its_digest(self, world):
        pushed = world.push("v1", created=OLD)
        body = world.registry._blobs["team/app", pushed.config]
        world.registry.tamper("team/app", pushed.config, body.replace(OLD.encode(), FRESH.encode()))
        error = world.refused()
        assert not error.reason.durable
        assert "does not match its digest" in error.message

    def test_child_that_does_not_match_its_digest(self, world):
        child = world.push(created=OLD)
        world.index(child)
        world.registry.tamper("team/app", child.digest, world.registry._manifests["team/app", "v1"][1])
        assert "does not match its digest" in world.refused().message

    @pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"7", b"null"])
    def test_configuration_that_is_no_object(self, world, body):
        world.push("v1", config=body)
        assert world.refused().reason is Reason.CONTENT_INVALID

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            (401, Reason.UNAUTHORIZED),
            (403, Reason.UNAUTHORIZED),
            (404, Reason.NOT_FOUND),
            (429, Reason.THROTTLED),
            (500, Reason.REGISTRY_UNAVAILABLE),
        ],
    )
    @pytest.mark.parametrize("kind", ["manifest", "blob"])
    def test_registry_that_refuses(self, world, kind, status, reason):
        world.push("v1")
        world.registry.fail(kind, status)
        assert world.refused().reason is reason

    @pytest.mark.parametrize("how", ["unreachable", "close", "cut"])
    def test_registry_that_is_away(self, world, how):
        world.push("v1")
        world.registry.fail("any", how=how)
        assert world.refused().reason is Reason.REGISTRY_UNAVAILABLE

    def test_registry_that_answers_nothing(self, world):
        world.push("v1")
        world.registry.fail("any", how="silent")
        began = world.clock.monotonic()
        assert world.refused().reason is Reason.TIMEOUT
        assert world.clock.monotonic() - began < limits.READ_SECONDS + 1

    def test_registry_that_is_slow_over_many_requests(self, world):
        world.index(world.push())
        world.registry.delay = 0.5
        began = world.clock.monotonic()
        assert world.refused(seconds=1.2).reason is Reason.TIMEOUT
        assert world.clock.monotonic() - began < 1.6
        world.registry.delay = 0.0
        assert world.ask().created == FRESH

    def test_error_page_in_place_of_a_manifest_is_no_lasting_answer(self, world):
        world.push("v1")
        world.registry.fail("manifest", 200, headers={"Content-Type": "text/html"}, body=b"<h1>Welcome</h1>", times=1)
        assert not world.refused().reason.durable
        assert world.ask().created == FRESH


class TestResolve:
    @pytest.mark.parametrize(
        ("image", "written"),
        [
            ("reg.io/team/app:v1", "reg.io/team/app:v1@"),
            ("reg.io/team/app", "reg.io/team/app@"),
            ("alpine", "alpine@"),
            ("docker.io/alpine:3", "docker.io/alpine:3@"),
        ],
    )
    def test_digest_is_put_behind_what_was_written(self, world, image, written):
        for repository, tag in (("team/app", "v1"), ("team/app", "latest"), ("library/alpine", "latest")):
            pushed = world.registry.push_image(repository, tag)
        world.registry.tag("library/alpine", "3", pushed.digest)
        assert world.resolve(image) == written + pushed.digest
        assert world.registry.counts == {"manifest": 1}

    def test_pinned_image_stays_as_it_is_without_a_request(self, world):
        image = "alpine:3@sha256:" + "a" * 64
        assert world.resolve(image) == image
        assert world.registry.requests == []

    def test_image_that_is_not_there_is_refused(self, world):
        with pytest.raises(ImageError) as caught:
            world.resolve("alpine")
        assert caught.value.reason is Reason.NOT_FOUND


class TestProofs:
    """Questions about signatures are the prover's."""

    @pytest.fixture
    def prover(self):
        return Prover()

    @pytest.fixture
    def world(self, prover):
        world = World(prover)
        yield world
        world.loop.finish()

    def test_question_about_signatures_is_the_provers(self, world, prover):
        key = item_key.of(ProofQuestion(IMAGE, VERIFY))
        assert world.loop.run(world.inspector.inspect(key, world.call())).image == IMAGE
        assert prover.questions == [("prove", IMAGE, VERIFY)]
        assert world.trips.counts == [7]
        assert world.registry.requests == []

    def test_examination_is_the_provers(self, world, prover):
        key = item_key.of(ProofQuestion(IMAGE, VERIFY))
        assert world.loop.run(world.inspector.examine(key, world.call())) == "an examination"
        assert prover.questions == [("examine", IMAGE, VERIFY)]

    def test_facts_cannot_be_examined(self, world):
        key = item_key.of(FactQuestion(IMAGE))
        with pytest.raises(ImageError) as caught:
            world.loop.run(world.inspector.examine(key, world.call()))
        assert caught.value.reason is Reason.QUESTION_UNSUPPORTED


class TestShortNames:
    """An image that names no registry is one of Docker Hub's, or, where a setting says so, refused."""

    @pytest.fixture
    def strict(self, world):
        world.inspector = ImageInspector(
            world.store, world.pace, world.trips, Prover(), world.inspector._authorities, short_names=False
        )
        return world

    def test_it_is_docker_hubs_and_no_other_registry_is_asked(self, world):
        world.push("v1")
        found = world.ask("team/app:v1")
        assert found.image == "index.docker.io/team/app:v1"
        assert {request.host for request in world.registry.requests} == {"index.docker.io"}

    @pytest.mark.parametrize("image", ["team/app:v1", "app", "localhost/app", f"team/app@sha256:{'0' * 64}"])
    def test_it_is_refused_with_what_to_write_and_nobody_is_asked(self, strict, image):
        error = strict.refused(image)
        assert error.reason is Reason.REFERENCE_INVALID
        assert f"{image[:40]}" in error.message
        assert "write the registry, docker.io/ for Docker Hub" in error.message
        with pytest.raises(ImageError):
            strict.resolve(image)
        assert strict.registry.requests == []

    def test_its_signatures_are_not_looked_for(self, strict):
        key = item_key.of(ProofQuestion("team/app:v1", VERIFY))
        for asked in (strict.inspector.inspect, strict.inspector.examine):
            with pytest.raises(ImageError, match="names no registry"):
                strict.loop.run(asked(key, strict.call()))

    def test_image_that_names_docker_hub_is_read(self, strict):
        strict.push("v1")
        assert strict.ask("docker.io/team/app:v1").created == FRESH


class TestLazyProver:
    """Who asks for no signatures does not pay for their libraries."""

    def test_facts_build_no_prover(self, world):
        world.inspector = ImageInspector(
            world.store, world.pace, world.trips, LazyProver(self.refuse), world.inspector._authorities
        )
        world.push("v1")
        assert world.ask().created == FRESH

    def test_first_questions_build_one_in_a_thread_and_share_it(self, world):
        provers, threads = [], []

        def build():
            threads.append(threading.current_thread())
            provers.append(Prover())
            return provers[-1]

        lazy = LazyProver(build)
        image = reference.parse(IMAGE)

        async def both():
            await asyncio.gather(*[lazy.prove(image, VERIFY, world.call()) for _ in range(3)])
            await lazy.examine(image, VERIFY, world.call())

        world.loop.run(both())
        assert len(provers) == 1
        assert threads != [threading.main_thread()]
        assert [kind for kind, *_ in provers[0].questions] == ["prove", "prove", "prove", "examine"]

    def test_what_cannot_be_built_is_tried_again(self, world):
        answers = [SettingsError(["damaged"]), Prover()]

        def build():
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        lazy = LazyProver(build)
        with pytest.raises(SettingsError):
            world.loop.run(lazy.prove(reference.parse(IMAGE), VERIFY, world.call()))
        assert world.loop.run(lazy.prove(reference.parse(IMAGE), VERIFY, world.call())).image == IMAGE

    def test_prover_that_was_built_beforehand_is_not_built_again(self, world):
        provers = [Prover()]
        lazy = LazyProver(provers.pop)
        lazy.build()
        lazy.build()
        assert world.loop.run(lazy.prove(reference.parse(IMAGE), VERIFY, world.call())).image == IMAGE

    def test_end_ends_what_works_for_the_prover_that_was_built(self, world):
        prover, lazy = Prover(), LazyProver(lambda: prover)
        world.inspector = ImageInspector(world.store, world.pace, world.trips, lazy, world.inspector._authorities)
        lazy.build()
        world.loop.run(world.inspector.close())
        assert prover.questions == [("close",)]

    def test_end_builds_none(self, world):
        world.inspector = ImageInspector(
            world.store, world.pace, world.trips, LazyProver(self.refuse), world.inspector._authorities
        )
        world.loop.run(world.inspector.close())

    @staticmethod
    def refuse():
        raise AssertionError("nobody asks for signatures")


def test_key_that_asks_nothing_about_an_image_is_refused(world):
    key = item_key.read(KeyKind.TAG, IMAGE)
    with pytest.raises(ImageError) as caught:
        world.loop.run(world.inspector.inspect(key, world.call()))
    assert caught.value.reason is Reason.QUESTION_UNSUPPORTED


def test_request_carries_the_name_of_the_key_that_asked(world):
    world.push("v1")
    world.ask()
    question = FactQuestion(IMAGE)
    assert {asked.headers["X-Request-Id"] for asked in world.registry.requests} == {ref(key_of(question))}


def test_question_without_an_answer_tells_its_round_trips_too(world):
    world.refused("reg.io/team/app:none")
    assert world.trips.counts == [1]


def test_connections_are_let_go_of(world):
    closed = []

    async def close():
        closed.append(True)

    world.registry.close = close
    world.loop.run(world.inspector.close())
    assert closed == [True]
