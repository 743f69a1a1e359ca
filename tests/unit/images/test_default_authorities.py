"""Whose signatures a fact sheet tells of: the settings' authorities, for plain references and nobody else."""

import asyncio

import pytest
from cryptography.hazmat.primitives import serialization

from provider import limits
from provider.errors import FileError, ImageError
from provider.images.default_authorities import AuthorityFiles, DefaultAuthorities
from provider.observer import NullObserver
from provider.questions.answer import Proofs, Signature, SignatureStatus
from provider.questions.proof_question import Format, Key, Verify
from provider.reasons import Reason
from provider.registry import reference
from tests.simulators.clock import FakeClock
from tests.simulators.signing import PEM, Signer, new_key
from tests.unit.images.world import FRESH, IMAGE, World

DIGEST = "sha256:" + "0" * 64
ANN, BOB = Verify(key=Key("ANN")), Verify(key=Key("BOB"))


class Prover:
    """Proves what it is told to, and remembers what it was asked."""

    def __init__(self, **answers):
        self.answers = answers
        self.questions = []
        self.explained = []
        self.seconds = 0.0
        self.trips = 0

    async def prove(self, image, verify, call, *, explained=True):
        self.questions.append((image.text, verify.key.data, call.ref))
        self.explained.append(explained)
        call.round_trips += self.trips
        await asyncio.sleep(self.seconds)
        reason = self.answers[verify.key.data]
        if reason is not None:
            raise ImageError(reason, "told so")
        return Proofs(image.text, DIGEST, image.text, [])


@pytest.fixture
def open_world():
    """Worlds with authorities, finished when the test is."""
    worlds = []

    def make(prover, authorities):
        world = World(prover, authorities)
        world.image = world.push("v1")
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.loop.finish()


@pytest.fixture
def signature(world):
    def told(**answers):
        authorities = DefaultAuthorities(lambda: {"ann": ANN, "bob": BOB}, Prover(**answers).prove)
        image = reference.parse(f"reg.io/team/app@{DIGEST}")
        return world.loop.run(authorities.signature(image, world.call()))

    return told


@pytest.mark.parametrize(
    ("ann", "bob", "expected"),
    [
        (None, None, Signature(SignatureStatus.VERIFIED, ("ann", "bob"))),
        (None, Reason.SIGNATURE_ABSENT, Signature(SignatureStatus.VERIFIED, ("ann",))),
        (Reason.SIGNATURE_REJECTED, None, Signature(SignatureStatus.VERIFIED, ("bob",))),
        (Reason.SIGNATURE_REJECTED, Reason.SIGNATURE_REJECTED, Signature(SignatureStatus.UNVERIFIED)),
        (Reason.SIGNATURE_REJECTED, Reason.SIGNATURE_ABSENT, Signature(SignatureStatus.UNVERIFIED)),
        (Reason.SIGNATURE_ABSENT, Reason.SIGNATURE_ABSENT, Signature(SignatureStatus.ABSENT)),
    ],
)
def test_status_is_the_best_that_any_authority_comes_to(signature, ann, bob, expected):
    assert signature(ANN=ann, BOB=bob) == expected


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.UNAUTHORIZED, Reason.NOT_FOUND, Reason.KEY_INVALID])
def test_half_of_the_truth_is_no_answer(signature, reason):
    with pytest.raises(ImageError) as caught:
        signature(ANN=None, BOB=reason)
    assert caught.value.reason is reason


def test_fact_sheet_of_a_plain_reference_tells_who_signed_this_very_image(open_world):
    prover = Prover(ANN=None)
    world = open_world(prover, {"ann": ANN})
    answer = world.ask_key(IMAGE).to_json("ref")
    assert answer["signature"] == {"status": "verified", "by": ["ann"]}
    ((image, key, ref),) = prover.questions
    assert (image, key) == (f"reg.io/team/app@{world.image.digest}", "ANN")
    # Requests about signatures carry the name of the key that asked, as all of them do.
    assert {ref} == {asked.headers["X-Request-Id"] for asked in world.registry.requests}


@pytest.mark.parametrize("key", [f'{{"image":"{IMAGE}","v":1}}', f'{{"config":true,"image":"{IMAGE}","v":1}}'])
def test_question_of_a_template_is_not_answered_by_the_settings(open_world, key):
    prover = Prover(ANN=None)
    answer = open_world(prover, {"ann": ANN}).ask_key(key).to_json("ref")
    assert answer["signature"] == {"status": "unchecked", "by": []}
    assert prover.questions == []


def test_without_authorities_nobody_looks(open_world):
    prover = Prover()
    assert open_world(prover, {}).ask_key(IMAGE).to_json("ref")["signature"] == {"status": "unchecked", "by": []}
    assert prover.questions == []


def test_registry_that_does_not_tell_of_signatures_leaves_the_key_unanswered(open_world):
    with pytest.raises(ImageError) as caught:
        open_world(Prover(ANN=Reason.REGISTRY_UNAVAILABLE), {"ann": ANN}).ask_key(IMAGE)
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


def test_who_signed_is_looked_up_beside_the_age(open_world):
    prover = Prover(ANN=None)
    prover.seconds, prover.trips = 1.0, 2
    world = open_world(prover, {"ann": ANN})
    world.registry.delay = 0.9
    began = world.clock.monotonic()
    assert world.ask_key(IMAGE).created == FRESH
    assert world.clock.monotonic() - began == pytest.approx(1.9, abs=0.01)
    assert world.trips.counts == [3]


def test_image_without_facts_has_no_answer_and_nobody_goes_on_about_its_signatures(open_world, caplog):
    prover = Prover(ANN=Reason.REGISTRY_UNAVAILABLE)
    prover.seconds = 1.0
    world = open_world(prover, {"ann": ANN})
    world.registry.forget("team/app", world.image.config)
    with pytest.raises(ImageError) as caught:
        world.ask_key(IMAGE)
    assert caught.value.reason is Reason.NOT_FOUND
    world.loop.settle()
    assert asyncio.all_tasks(world.loop) == set()
    assert caplog.records == []


class RecordingObserver(NullObserver):
    """Remembers what became of files."""

    def __init__(self):
        self.rejected = []
        self.in_force = []

    def file_rejected(self, setting, name, problem):
        self.rejected.append((setting, name, problem))

    def file_in_force(self, setting, name, problems):
        self.in_force.append((setting, name, list(problems)))


def test_authority_is_a_public_key_that_signs_in_either_format(tmp_path):
    file = tmp_path / "ann.pub"
    file.write_text(Signer(new_key()).public_pem)
    files = AuthorityFiles({"ann": file}, FakeClock(), NullObserver())
    assert files.current() == {"ann": Verify(key=Key(file.read_text()), format=Format.ANY)}
    assert files.problems == []


def test_every_file_that_cannot_be_used_is_named_and_none_is_shown(tmp_path):
    secret = new_key().private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    contents = {"large": b"x" * 20_000, "other": b"no key", "bytes": b"\xff", "empty": b"", "private": secret}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "directory").mkdir()
    paths = {name: tmp_path / name for name in (*contents, "directory", "gone")}
    observer = RecordingObserver()
    files = AuthorityFiles(paths, FakeClock(), observer)
    assert all(isinstance(one, FileError) for one in files.current().values())
    assert [problem.split(":")[0] for problem in files.problems] == [f"authority {name}" for name in paths]
    assert [(setting, name) for setting, name, _ in observer.rejected] == [("authority", name) for name in paths]
    said = "\n".join(files.problems)
    assert secret.decode().splitlines()[1] not in said
    assert f"{tmp_path / 'gone'}: cannot read it: No such file or directory" in said


def test_file_that_is_replaced_comes_into_force_and_one_that_cannot_be_used_changes_nothing(tmp_path):
    observer, file, clock = RecordingObserver(), tmp_path / "ann.pub", FakeClock()
    files = AuthorityFiles({"ann": file}, clock, observer)
    file.write_text(Signer(new_key()).public_pem)
    files.look()
    good = files.current()["ann"]
    assert isinstance(good, Verify)
    file.write_text("no key, but long enough to be noticed")
    clock.advance(limits.PUBLIC_KEY_SECONDS)
    assert files.current()["ann"] == good
    assert [len(observer.rejected), len(observer.in_force)] == [2, 1]


def test_fact_sheet_costs_no_requests_for_a_reason_that_it_does_not_show(open_world):
    prover = Prover(ANN=Reason.SIGNATURE_ABSENT, BOB=Reason.SIGNATURE_ABSENT)
    assert open_world(prover, {"ann": ANN, "bob": BOB}).ask_key(IMAGE).to_json("ref")["signature"]["status"] == "absent"
    assert prover.explained == [False, False]


def test_key_that_cannot_be_used_keeps_only_plain_references_from_an_answer_and_only_where_no_other_vouches(open_world):
    prover = Prover(ANN=None)
    world = open_world(prover, {"ann": ANN, "bob": FileError("the key is no PEM text")})
    assert world.ask_key(IMAGE).to_json("ref")["signature"] == {"status": "verified", "by": ["ann"]}
    prover.answers["ANN"] = Reason.SIGNATURE_ABSENT
    with pytest.raises(ImageError) as caught:
        world.ask_key(IMAGE)
    assert caught.value.reason is Reason.TRUST_ROOT_STALE
    assert caught.value.message == "authority bob of the provider's settings cannot be used: the key is no PEM text"
    assert world.ask_key(f'{{"image":"{IMAGE}","v":1}}').created == FRESH
