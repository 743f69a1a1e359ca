"""Trust roots by TUF: real repositories, made with the library's own API, and what their mirrors may try."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatekeeper.trust import limits
from gatekeeper.trust.errors import TrustSourceError
from gatekeeper.trust.sources import TrustSources
from gatekeeper.trust.specification import PackedMirror, Repository, TufMirror
from gatekeeper.trust.state import MirrorState
from provider.signatures.trust import trust_root
from tests.simulators.clock import FakeClock
from tests.simulators.signing import PEM, SPKI, SigningWorld
from tests.simulators.trust_mirror import URL, MemoryMirror
from tests.simulators.tuf_repository import TufRepository

YESTERDAY = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=1)
DAY = 86_400.0


def refusal(sources: TrustSources, source: Any, **how: bool) -> TrustSourceError:
    with pytest.raises(TrustSourceError) as caught:
        sources.find(source, **how)
    return caught.value


def packed(repository: TufRepository, **fields: Any) -> PackedMirror:
    return PackedMirror(repository.archive(), Repository(repository.root, **fields))


@pytest.fixture
def newer(body: bytes) -> bytes:
    """Another trust root: the same with one log less."""
    document = json.loads(body)
    del document["tlogs"][0]
    return json.dumps(document).encode()


def test_what_a_mirror_signs_for_is_the_trust_root(
    sources: TrustSources, source: TufMirror, body: bytes, mirror: MemoryMirror
) -> None:
    found = sources.find(source)
    assert (found.body, found.root_version, found.failure) == (body, 1, "")
    assert found.expires > found.verified == sources.clock.now()
    assert "trusted_root.json" in mirror.asked[-1]


def test_what_an_archive_signs_for_is_the_trust_root_however_its_names_begin(
    sources: TrustSources, repository: TufRepository, body: bytes
) -> None:
    for prefix in ("repository/", "", "./repository/"):
        archive = PackedMirror(repository.archive(prefix), Repository(repository.root))
        assert sources.find(archive).body == body


def test_file_of_more_than_a_block_comes_whole(sources: TrustSources, body: bytes) -> None:
    """Upstream reads each file of an archive once, so that what lies behind 32 KiB is zeros."""
    large = body[:-1] + b" " * 100_000 + b"}"
    assert sources.find(packed(TufRepository({"trusted_root.json": large}))).body == large


def test_another_file_may_be_the_trust_root(sources: TrustSources, body: bytes) -> None:
    repository = TufRepository({"trusted_root.json": b"{}", "tenant.trusted_root.json": body})
    assert sources.find(packed(repository, target="tenant.trusted_root.json")).body == body


def test_root_that_was_rotated_is_followed_from_the_first_one(
    sources: TrustSources, source: TufMirror, repository: TufRepository, newer: bytes
) -> None:
    for _ in range(3):
        repository.rotate()
    repository.publish({"trusted_root.json": newer})
    found = sources.find(source)
    assert (found.root_version, found.body) == (4, newer)


def test_root_whose_first_one_has_expired_is_followed(sources: TrustSources, repository: TufRepository) -> None:
    repository.rotate(expires=YESTERDAY)
    repository.rotate()
    assert sources.find(packed(repository)).root_version == 3


def test_new_root_that_the_old_one_has_not_signed_is_refused(
    sources: TrustSources, source: TufMirror, repository: TufRepository, body: bytes
) -> None:
    assert sources.find(source).body == body
    repository.rotate(signed_by_old=False)
    repository.publish({"trusted_root.json": b"{}"})
    found = sources.find(source, anew=True)
    assert found.body == body
    assert "UnsignedMetadataError: root was signed by 0/1 keys" in found.failure
    assert "UnsignedMetadataError" in str(refusal(sources, packed(repository)))


def test_rollback_of_a_mirror_is_seen_and_the_last_root_stays(
    sources: TrustSources, source: TufMirror, repository: TufRepository, mirror: MemoryMirror, newer: bytes
) -> None:
    older = dict(repository.files)
    repository.publish({"trusted_root.json": newer})
    assert sources.find(source).body == newer
    mirror.files = older
    found = sources.find(source, anew=True)
    assert found.body == newer
    assert "BadVersionNumberError" in found.failure


def test_state_of_one_mirror_is_none_of_another_ones_and_of_none_with_another_root(
    sources: TrustSources, source: TufMirror, body: bytes
) -> None:
    assert sources.find(source).body == body
    other = TufRepository({"trusted_root.json": body})
    assert "UnsignedMetadataError" in str(refusal(sources, replace(source, repository=Repository(other.root))))
    assert sources.find(source).body == body


@pytest.mark.parametrize(
    ("role", "words"),
    [("timestamp", "timestamp.json is"), ("snapshot", "snapshot.json is"), ("targets", "New targets is")],
)
def test_frozen_mirror_is_refused_when_what_it_froze_has_expired(
    sources: TrustSources, source: TufMirror, repository: TufRepository, role: str, words: str
) -> None:
    repository.publish(expires={role: YESTERDAY})
    assert f"{words} expired" in str(refusal(sources, source))
    assert f"{words} expired" in str(refusal(sources, packed(repository)))


def test_root_that_has_expired_is_refused(sources: TrustSources, repository: TufRepository) -> None:
    repository.rotate(expires=YESTERDAY)
    assert "Final root.json is expired" in str(refusal(sources, packed(repository)))


def test_file_that_is_not_what_was_signed_for_is_refused(sources: TrustSources, repository: TufRepository) -> None:
    [name] = [name for name in repository.files if name.endswith("trusted_root.json")]
    repository.files[name] = repository.files[name].replace(b"tlogs", b"glogs")
    assert "LengthOrHashMismatchError" in str(refusal(sources, packed(repository)))


def test_file_of_a_size_that_no_trust_root_has_is_not_fetched(
    sources: TrustSources, source: TufMirror, mirror: MemoryMirror, repository: TufRepository
) -> None:
    repository.publish({"trusted_root.json": b" " * (limits.TARGET_BYTES + 1)})
    assert f"more than {limits.TARGET_BYTES} bytes" in str(refusal(sources, source))
    assert not [name for name in mirror.asked if name.startswith("targets/")]


def test_what_is_signed_for_and_is_no_trust_root_leaves_the_last_one(
    sources: TrustSources, source: TufMirror, repository: TufRepository, body: bytes
) -> None:
    sources.find(source)
    repository.publish({"trusted_root.json": b'{"mediaType": "x"}'})
    found = sources.find(source, anew=True)
    assert found.body == body
    assert "what it signs for is no trust root that can be used: it is x" in found.failure


class TestWithoutTrustedRoot:
    """Repositories as sigstore's own was before 2023: keys and certificates, and what each is for."""

    @staticmethod
    def custom(usage: str) -> dict[str, Any]:
        return {"sigstore": {"usage": usage, "status": "Active", "uri": f"https://{usage.lower()}.example.test"}}

    def repository(self, world: SigningWorld, name: str = "fulcio.crt.pem") -> TufRepository:
        chain = world.ca.certificate.public_bytes(PEM) + world.ca.root.public_bytes(PEM)
        key = world.log.key.public_key().public_bytes(PEM, SPKI)
        files = {name: chain, "rekor.pub": key, "ctfe.pub": key, "README.md": b"for nobody"}
        custom = {name: self.custom("Fulcio"), "rekor.pub": self.custom("Rekor"), "ctfe.pub": self.custom("CTFE")}
        return TufRepository(files, custom)

    def test_trust_root_is_made_of_its_files(self, sources: TrustSources, world: SigningWorld) -> None:
        root = trust_root.read(sources.find(packed(self.repository(world))).body)
        assert [log.url for log in (*root.logs, *root.ct_logs)] == [
            "https://rekor.example.test",
            "https://ctfe.example.test",
        ]
        [authority] = root.authorities
        assert authority.certificates[-1] == world.ca.root
        assert (authority.validity.start, root.problems) == (dt.datetime.fromtimestamp(0, dt.UTC), ())

    def test_repository_without_an_authority_gives_none(self, sources: TrustSources) -> None:
        assert str(refusal(sources, packed(TufRepository({"a": b"b"})))) == "no certificate authorities found"

    @pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\x", "https://x"])
    def test_name_of_a_file_that_is_a_path_leads_nowhere(
        self, sources: TrustSources, world: SigningWorld, tmp_path: Path, name: str
    ) -> None:
        repository = self.repository(world, name)
        mirror = MemoryMirror(repository.files)
        looks = replace(sources, fetcher=lambda: mirror)
        assert "is no plain name of a file" in str(refusal(looks, TufMirror(URL, Repository(repository.root))))
        assert not [each for each in tmp_path.rglob("*") if each.name in {"x", "x.json"}]
        assert not [each for each in mirror.asked if "x" in each.rpartition("/")[2].split(".")]


class TestState:
    """How long what a mirror has said counts."""

    def test_young_root_is_taken_without_a_look(
        self, sources: TrustSources, source: TufMirror, mirror: MemoryMirror, clock: FakeClock
    ) -> None:
        sources.find(source)
        looks = len(mirror.asked)
        clock.advance(limits.FRESH_SECONDS - 1)
        sources.find(source)
        assert len(mirror.asked) == looks
        clock.advance(2)
        sources.find(source)
        assert len(mirror.asked) > looks

    def test_not_all_look_at_the_same_moment(
        self, sources: TrustSources, source: TufMirror, mirror: MemoryMirror, clock: FakeClock
    ) -> None:
        sources.find(source)
        looks = len(mirror.asked)
        clock.advance(limits.FRESH_SECONDS * (1 - limits.FRESH_JITTER) + 1)
        replace(sources, share=lambda: 1.0).find(source)
        assert len(mirror.asked) > looks

    def test_mirror_that_is_away_is_left_alone_for_a_while_and_the_last_root_is_used(
        self, sources: TrustSources, source: TufMirror, mirror: MemoryMirror, clock: FakeClock, body: bytes
    ) -> None:
        sources.find(source)
        mirror.away()
        clock.advance(2 * limits.FRESH_SECONDS)
        found = sources.find(source)
        assert (found.body, found.failure) == (body, "away: connection refused")
        looks = len(mirror.asked)
        clock.advance(limits.AGAIN_SECONDS - 1)
        assert sources.find(source).failure
        assert len(mirror.asked) == looks
        mirror.fault = None
        clock.advance(2)
        assert sources.find(source).failure == ""

    def test_last_root_is_used_to_a_declared_end_and_then_stale(
        self, sources: TrustSources, source: TufMirror, mirror: MemoryMirror, clock: FakeClock, body: bytes
    ) -> None:
        sources.find(source)
        mirror.away()
        clock.advance(limits.KEPT_SECONDS - 1)
        assert sources.find(source).body == body
        clock.advance(2)
        error = refusal(sources, source)
        assert error.passing
        assert str(error).startswith("TrustRootStale: the last one is of 20")
        mirror.fault = None
        clock.advance(limits.AGAIN_SECONDS)
        assert sources.find(source).body == body

    def test_clock_that_was_set_back_makes_no_root_younger(
        self, sources: TrustSources, source: TufMirror, mirror: MemoryMirror, clock: FakeClock
    ) -> None:
        sources.find(source)
        mirror.away()
        clock.step(-DAY)
        assert "TrustRootStale" in str(refusal(sources, source))

    def test_mirror_that_never_answered_gives_none(
        self, sources: TrustSources, source: TufMirror, mirror: MemoryMirror
    ) -> None:
        mirror.away()
        assert refusal(sources, source).passing

    @pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"looked": "now"}', '{"looked": 1, "more": 2}'])
    def test_record_that_nobody_can_read_is_made_anew(
        self, sources: TrustSources, source: TufMirror, tmp_path: Path, body: bytes, record: str
    ) -> None:
        sources.find(source)
        [file] = tmp_path.glob("*/last.json")
        file.write_text(record)
        assert sources.find(source).body == body

    @pytest.mark.parametrize("name", ["root_history/1.root.json", "root.json", "timestamp.json", "targets.json"])
    def test_metadata_that_were_damaged_on_the_disk_are_fetched_anew(
        self, sources: TrustSources, source: TufMirror, tmp_path: Path, body: bytes, name: str
    ) -> None:
        sources.find(source)
        [file] = tmp_path.glob(f"*/metadata/{name}")
        file.write_text("{")
        assert sources.find(source, anew=True).failure == ""

    def test_roots_on_the_disk_count_only_as_far_as_they_come_from_the_objects_own(
        self, sources: TrustSources, source: TufMirror, tmp_path: Path, body: bytes
    ) -> None:
        sources.find(source)
        foreign = TufRepository({"trusted_root.json": b"{}"})
        foreign.rotate()
        [history] = tmp_path.glob("*/metadata/root_history")
        (history / "2.root.json").write_bytes(foreign.files["2.root.json"])
        found = sources.find(source, anew=True)
        assert (found.body, found.root_version, found.failure) == (body, 1, "")

    def test_one_process_looks_at_a_time_and_the_next_one_finds_what_it_found(
        self, sources: TrustSources, source: TufMirror, mirror: MemoryMirror, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = MirrorState(sources.folder, source.url, source.repository.root)
        monkeypatch.setattr(limits, "TURN_SECONDS", 0.0)
        with state.turn():
            error = refusal(sources, source)
        assert (str(error), error.passing, mirror.asked) == ("another process looks at this mirror", True, [])
        assert sources.find(source).failure == ""

    def test_folder_that_cannot_be_used_is_named(
        self, sources: TrustSources, source: TufMirror, tmp_path: Path
    ) -> None:
        file = tmp_path / "file"
        file.write_text("")
        error = refusal(replace(sources, folder=file), source)
        assert "cannot be used: Not a directory" in str(error)


def test_log_with_an_ed25519_key_is_believed(sources: TrustSources, world: SigningWorld, body: bytes) -> None:
    """Upstream refuses a root with one, so that one on the public good repository never becomes ready."""
    root = trust_root.read(sources.find(packed(TufRepository({"trusted_root.json": body}))).body)
    assert any(isinstance(log.key.key, Ed25519PublicKey) for log in root.logs)
