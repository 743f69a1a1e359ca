"""Whose signatures a fact sheet tells of: the settings' authorities, for plain references and nobody else."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from provider.clock import Deadline
from provider.errors import ImageError, SettingsError
from provider.images.default_authorities import DefaultAuthorities, read
from provider.images.inspector import ImageInspector
from provider.observer import NullObserver
from provider.questions.answer import Proofs, Signature, SignatureStatus
from provider.questions.proof_question import Format, Key, Verify
from provider.questions.question import parse
from provider.reasons import Reason
from provider.registry.client import RegistryClient
from provider.registry.content import Content
from provider.registry.credentials import NoCredentials
from provider.registry.settings import RegistrySettings
from tests.simulators.clock import FakeClock
from tests.simulators.registry import RegistrySimulator
from tests.simulators.signing import PEM, Signer, new_key

IMAGE = "reg.io/team/app:v1"
ANN, BOB = Verify(key=Key("ANN")), Verify(key=Key("BOB"))


class Told:
    """Proves what it is told, and remembers what it was asked."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def prove(self, question, deadline, ref=None):
        self.asked.append((question.image, question.verify.key.data, ref))
        reason = self.answers[question.verify.key.data]
        if reason is not None:
            raise ImageError(reason, "said")
        return Proofs(question.image, "sha256:0", question.image, [])


def signature(**answers):
    told = Told(**answers)
    authorities = DefaultAuthorities({"ann": ANN, "bob": BOB}, told.prove)
    return authorities.signature("reg.io/team/app@sha256:0", Deadline.after(FakeClock(), 1), "ref")


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
def test_status_is_the_best_that_any_authority_comes_to(ann, bob, expected):
    assert signature(ANN=ann, BOB=bob) == expected


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.UNAUTHORIZED, Reason.NOT_FOUND, Reason.KEY_INVALID])
def test_half_of_the_truth_is_no_answer(reason):
    with pytest.raises(ImageError) as caught:
        signature(ANN=None, BOB=reason)
    assert caught.value.reason is reason


class World:
    """An inspector over a registry in memory, with authorities."""

    def __init__(self, told, authorities):
        self.clock = FakeClock()
        registry = RegistrySimulator(self.clock)
        self.image = registry.push_image("team/app", "v1", created="2026-01-01T00:00:00Z")
        observer = NullObserver()
        client = RegistryClient(RegistrySettings(), self.clock, transport=registry, credentials=NoCredentials())
        content = Content(client, self.clock, observer, memory_bytes=1 << 20, tag_ttl=30)
        defaults = DefaultAuthorities(authorities, told.prove)
        self.inspector = ImageInspector(content, client, observer, 4, told, defaults)

    def ask(self, key=IMAGE):
        return self.inspector.inspect(parse(key), Deadline.after(self.clock, 30), "ref").to_json("ref")


def test_fact_sheet_of_a_plain_reference_tells_who_signed_this_very_image():
    told = Told(ANN=None)
    world = World(told, {"ann": ANN})
    assert world.ask()["signature"] == {"status": "verified", "by": ["ann"]}
    assert told.asked == [(f"reg.io/team/app@{world.image.digest}", "ANN", "ref")]


@pytest.mark.parametrize("key", [f'{{"image":"{IMAGE}","v":1}}', f'{{"config":true,"image":"{IMAGE}","v":1}}'])
def test_question_of_a_template_is_not_answered_by_the_settings(key):
    told = Told(ANN=None)
    assert World(told, {"ann": ANN}).ask(key)["signature"] == {"status": "unchecked", "by": []}
    assert told.asked == []


def test_without_authorities_nobody_looks():
    told = Told()
    assert World(told, {}).ask()["signature"] == {"status": "unchecked", "by": []}
    assert told.asked == []


def test_registry_that_does_not_tell_of_signatures_leaves_the_key_unanswered():
    with pytest.raises(ImageError) as caught:
        World(Told(ANN=Reason.REGISTRY_UNAVAILABLE), {"ann": ANN}).ask()
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


def test_authority_is_a_public_key_that_signs_in_either_format(tmp_path):
    file = tmp_path / "ann.pub"
    file.write_text(Signer(new_key()).public_pem)
    assert read({"ann": file}) == {"ann": Verify(key=Key(file.read_text()), format=Format.ANY)}


def test_every_file_that_cannot_be_used_is_told_at_once_and_none_is_shown(tmp_path):
    secret = new_key().private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = {"large": b"x" * 20_000, "other": b"no key", "bytes": b"\xff", "private": secret}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    paths = {name: tmp_path / name for name in (*files, "gone")}
    with pytest.raises(SettingsError) as caught:
        read(paths)
    told = "\n".join(caught.value.problems)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [f"authority {name}" for name in paths]
    assert secret.decode().splitlines()[1] not in told
    assert f"{Path(tmp_path) / 'gone'}: cannot read it: No such file or directory" in told
