"""`bestbefore trust`, and TrustRoots of every form in the commands that judge signatures."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.cli import trust_roots
from gatekeeper.documents.document import read_documents
from gatekeeper.policy import load_policies
from gatekeeper.trust import limits
from gatekeeper.trust.sources import TrustSources
from provider.signatures.trust import public_good
from tests.simulators.clock import FakeClock
from tests.simulators.signing import PEM, SPKI, SigningWorld
from tests.simulators.trust_mirror import URL, MemoryMirror
from tests.simulators.tuf_repository import TufRepository
from tests.unit.cli.conftest import Run

YESTERDAY = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=1)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.fixture(scope="module")
def world() -> SigningWorld:
    return SigningWorld()


@pytest.fixture
def repository(world: SigningWorld) -> TufRepository:
    return TufRepository({"trusted_root.json": json.dumps(world.trust_root).encode()})


@pytest.fixture
def mirror(repository: TufRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryMirror:
    mirror = MemoryMirror(repository.files)
    looks = TrustSources(tmp_path / "state", lambda: mirror)
    monkeypatch.setattr(trust_roots, "sources", lambda: looks)
    return mirror


def trust_root(name: str, **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot"}
    return {**head, "metadata": {"name": name}, "spec": spec}


def sigstore_keys(world: SigningWorld) -> dict[str, Any]:
    chain = world.ca.certificate.public_bytes(PEM) + world.ca.root.public_bytes(PEM)
    key = world.log.key.public_key().public_bytes(PEM, SPKI)
    subject = {"organization": "rig", "commonName": "rig"}
    authority = {"subject": subject, "uri": "https://ca.example.test", "certChain": b64(chain)}
    log = {"baseURL": "https://log.example.test", "hashAlgorithm": "sha-256", "publicKey": b64(key)}
    return {"certificateAuthorities": [authority], "tLogs": [log, {"baseURL": "https://log.example.test"}]}


def keyless(*names: str) -> dict[str, Any]:
    identities = [{"issuer": "https://issuer.example.test", "subject": "ann@example.test"}]
    kinds = [{"keyless": {"identities": identities, **({"trustRootRef": name} if name else {})}} for name in names]
    head = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": {"name": "shop"}}
    return {**head, "spec": {"images": [{"glob": "**"}], "authorities": kinds}}


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def written(*values: dict[str, Any]) -> Path:
        file = tmp_path / "objects.yaml"
        file.write_text(yaml.safe_dump_all(values))
        return file

    return written


def test_roots_of_every_form_are_shown_with_whom_they_believe(
    run: Run, world: SigningWorld, repository: TufRepository, mirror: MemoryMirror, written: Any
) -> None:
    packed = {"root": b64(repository.root), "mirrorFS": b64(repository.archive())}
    remote = {"root": b64(repository.root), "mirror": URL}
    file = written(
        trust_root("keys", sigstoreKeys=sigstore_keys(world)),
        trust_root("packed", repository=packed),
        trust_root("tuf", remote=remote),
        trust_root("inline", trustedRootJSON=b64(json.dumps(world.trust_root).encode())),
        keyless("tuf"),
    )
    done = run("trust", file)
    assert done.exit_code == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows[1:6]] == [
        ["keys", "sigstoreKeys"],
        ["packed", "repository"],
        ["tuf", URL],
        ["inline", "trustedRootJSON"],
        ["(public good)", "shipped"],
    ]
    assert ["keys", "log", "https://log.example.test"] in [row[:3] for row in rows]
    assert done.stderr.splitlines()[0] == (
        f"warning: {file}: TrustRoot keys: tLogs[1]: missing field(s): spec.sigstoreKeys.tLogs[1].hashAlgorithm, "
        "spec.sigstoreKeys.tLogs[1].publicKey"
    )
    assert "the shipped root is used, whose newest member is of 20" in done.stderr


def test_document_says_ages_ends_and_members(
    run: Run, repository: TufRepository, mirror: MemoryMirror, written: Any
) -> None:
    file = written(trust_root("tuf", remote={"root": b64(repository.root), "mirror": URL}))
    tuf, shipped = json.loads(run("trust", file, "--output", "json").stdout)["roots"]
    assert (tuf["name"], tuf["usable"], tuf["rootVersion"], tuf["remarks"]) == ("tuf", True, 1, [])
    assert tuf["verified"] < tuf["expires"]
    assert {member["role"] for member in tuf["members"]} >= {"certificate authority", "log"}
    assert (shipped["source"], shipped["usable"]) == ("shipped", True)
    assert "verified" not in shipped


@pytest.fixture
def of_public_good(repository: TufRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryMirror:
    """The mirror of the public good instance; time stands still."""
    mirror = MemoryMirror({f"{public_good.URL}/{name}": content for name, content in repository.files.items()})
    looks = TrustSources(tmp_path / "state", lambda: mirror, FakeClock())
    monkeypatch.setattr(trust_roots, "sources", lambda: looks)
    monkeypatch.setattr(public_good, "first_root", lambda: repository.root)
    return mirror


def test_public_good_instance_is_by_tuf_where_its_mirror_answers(run: Run, of_public_good: MemoryMirror) -> None:
    done = run("trust")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].startswith(f"(public good)\t{public_good.URL}\t0 h\t")
    assert done.stderr == ""


def test_who_has_seen_a_newer_public_good_instance_does_not_go_back_to_the_shipped_one(
    run: Run, of_public_good: MemoryMirror, written: Any, opa: Any
) -> None:
    """Or keeping the mirror away would bring back who was taken out."""
    assert run("trust").exit_code == 0
    of_public_good.away()
    clock = trust_roots.sources().clock
    assert isinstance(clock, FakeClock)
    clock.advance(limits.KEPT_SECONDS - 10)
    done = run("trust")
    assert (done.exit_code, "the last one is used, of 20" in done.stderr) == (0, True)
    clock.advance(20)
    done = run("trust")
    assert (done.exit_code, "TrustRootStale: the last one is of 20" in done.stderr) == (3, True)
    done = run("check", "--policy", written(keyless("")), "--image", "app/web:1")
    assert (done.exit_code, "TrustRootStale" in done.stderr) == (3, True)


@pytest.mark.parametrize(("fault", "code"), [("away", 3), ("frozen", 1)])
def test_root_that_cannot_be_used_is_named_and_its_neighbours_are_shown(
    run: Run, world: SigningWorld, repository: TufRepository, mirror: MemoryMirror, written: Any, fault: str, code: int
) -> None:
    if fault == "away":
        mirror.away()
    else:
        repository.publish(expires={"timestamp": YESTERDAY})
    remote = {"root": b64(repository.root), "mirror": URL}
    file = written(trust_root("tuf", remote=remote), trust_root("keys", sigstoreKeys=sigstore_keys(world)))
    done = run("trust", file)
    assert done.exit_code == code
    assert f"warning: passed over: {file}: TrustRoot tuf: spec.remote: " in done.stderr
    assert f"tuf\t{URL}\t-\t-\tcannot be used\t-" in done.stdout.splitlines()
    assert "keys\tsigstoreKeys" in done.stdout


def test_expired_archive_is_refused_by_name_at_translation_too(
    run: Run, repository: TufRepository, written: Any, opa: Any
) -> None:
    repository.publish(expires={"timestamp": YESTERDAY})
    packed = {"root": b64(repository.root), "mirrorFS": b64(repository.archive())}
    file = written(trust_root("packed", repository=packed), keyless("packed"))
    sentence = f"{file}: TrustRoot packed: spec.repository.mirrorFS: ExpiredMetadataError: timestamp.json is expired"
    assert f"warning: {sentence}" in run("translate", file, "--no-match", "allow").stderr
    done = run("trust", file)
    assert (done.exit_code, f"warning: passed over: {sentence}" in done.stderr) == (1, True)


def test_translation_looks_at_no_mirror_and_says_how_the_provider_gets_the_root(
    run: Run, repository: TufRepository, mirror: MemoryMirror, written: Any, opa: Any
) -> None:
    file = written(trust_root("tuf", remote={"root": b64(repository.root), "mirror": URL}), keyless("tuf"))
    done = run("translate", file, "--no-match", "allow")
    assert done.exit_code == 0
    assert mirror.asked == []
    assert "`bestbefore trust --output-dir` writes the file for its setting `trust_root`" in done.stderr


def test_roots_are_written_for_the_provider(
    run: Run, world: SigningWorld, repository: TufRepository, mirror: MemoryMirror, written: Any, tmp_path: Path
) -> None:
    file = written(trust_root("tuf", remote={"root": b64(repository.root), "mirror": URL}))
    assert run("trust", file, "--output-dir", tmp_path / "roots").exit_code == 0
    assert json.loads((tmp_path / "roots" / "tuf.json").read_text()) == world.trust_root
    assert (tmp_path / "roots" / "public-good.json").read_bytes() == public_good.trusted_root()


def test_file_of_the_public_good_instance_takes_no_other_root_s_place(run: Run, written: Any, tmp_path: Path) -> None:
    file = written(trust_root("public-good"))
    done = run("trust", file, "--output-dir", tmp_path / "roots")
    assert done.exit_code == 2
    assert "public-good.json is the file of the public good instance" in done.stderr
    assert not (tmp_path / "roots").exists()
    # Only its file would be in the way.
    assert "public-good.json" not in run("trust", file).stderr


@pytest.mark.parametrize("name", ["", "../x", ".x", "a/b"])
def test_object_whose_name_is_none_is_refused(run: Run, written: Any, name: str) -> None:
    done = run("trust", written(trust_root(name)))
    assert (done.exit_code, "metadata.name: expected a name" in done.stderr) == (2, True)


def test_two_objects_of_one_name_are_refused_and_so_is_a_file_that_nobody_can_read(run: Run, written: Any) -> None:
    assert "a second TrustRoot own" in run("trust", written(trust_root("own"), trust_root("own"))).stderr
    assert run("trust", "nowhere.yaml").exit_code == 2


class TestForJudgement:
    """What `check` and `verify` take."""

    def roots(self, file: Path, given: tuple[str, ...] = ()) -> dict[str, Any]:
        loaded = load_policies([file])
        found = trust_roots.named(given, loaded.trust_roots, trust_roots.wanted(loaded.policies))
        return {name: json.loads(path.read_text()) for name, path in found.items()}

    def test_mirror_is_asked_for_what_a_policy_names_and_for_nothing_else(
        self, world: SigningWorld, repository: TufRepository, mirror: MemoryMirror, written: Any
    ) -> None:
        remote = trust_root("tuf", remote={"root": b64(repository.root), "mirror": URL})
        assert self.roots(written(remote, keyless("other"))) == {}
        assert mirror.asked == []
        assert self.roots(written(remote, keyless("tuf"))) == {"tuf": world.trust_root}

    def test_public_good_instance_is_the_shipped_one_where_there_is_no_network_and_it_is_said(
        self, written: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.roots(written(keyless(""))) == {"": json.loads(public_good.trusted_root())}
        assert "note: the public good instance: the shipped root is used" in capsys.readouterr().err

    def test_public_good_instance_that_was_given_is_taken(
        self, world: SigningWorld, mirror: MemoryMirror, written: Any, tmp_path: Path
    ) -> None:
        file = tmp_path / "root.json"
        file.write_text(json.dumps(world.trust_root))
        assert self.roots(written(keyless("")), (str(file),)) == {"": world.trust_root}
        assert mirror.asked == []

    def test_given_object_goes_by_its_name_or_another_and_is_missed_where_its_mirror_is_away(
        self, world: SigningWorld, repository: TufRepository, mirror: MemoryMirror, written: Any, tmp_path: Path
    ) -> None:
        file = tmp_path / "tuf.yaml"
        file.write_text(yaml.safe_dump(trust_root("tuf", remote={"root": b64(repository.root), "mirror": URL})))
        policies = written(keyless("tuf"))
        assert self.roots(policies, (str(file), f"second={file}")) == dict.fromkeys(("tuf", "second"), world.trust_root)
        mirror.away()
        assert self.roots(policies, (str(file),)) == {"tuf": world.trust_root}, "the last one is used"

    def test_nobody_takes_the_place_of_the_public_good_instance_by_being_away(
        self, repository: TufRepository, mirror: MemoryMirror, written: Any, tmp_path: Path
    ) -> None:
        file = tmp_path / "tuf.yaml"
        value = trust_root("tuf", remote={"root": b64(repository.root), "mirror": URL})
        file.write_text(yaml.safe_dump(value))
        mirror.away()
        loaded = load_policies([written(keyless(""))])
        found = trust_roots.named([f"={file}"], (), trust_roots.wanted(loaded.policies))
        assert found == {"": file}, "and who reads it refuses it"

    def test_constraint_names_trust_roots_too(
        self, world: SigningWorld, repository: TufRepository, mirror: MemoryMirror, written: Any
    ) -> None:
        verify = {"keyless": {"trustRoot": "tuf"}, "ctlog": {}}
        parameters = {"authorities": [{"verify": verify}, {"verify": {"key": {"data": "x"}}}]}
        head = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "SignedImages", "metadata": {"name": "x"}}
        documents = read_documents([written({**head, "spec": {"parameters": parameters}})])
        assert trust_roots.wanted([], documents) == {"tuf", ""}

    def test_root_of_sigstores_that_no_client_begins_with_is_named_at_translation(
        self, run: Run, written: Any, opa: Any
    ) -> None:
        keys = {"x": {"keytype": "ecdsa-sha2-nistp256", "keyval": {"public": "04cb"}}}
        root = json.dumps({"signatures": [], "signed": {"version": 4, "keys": keys}}).encode()
        file = written(trust_root("old", remote={"root": b64(root), "mirror": URL}), keyless("old"))
        done = run("translate", file, "--no-match", "allow")
        assert done.exit_code == 0
        assert f"warning: {file}: TrustRoot old: spec.remote.root: invalid value: root 4" in done.stderr
        assert "take root 5 or a later one" in done.stderr
