"""`bestbefore mirror`: what it writes of a copy of a mirror is a TrustRoot that can be used as it is."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.cli import trust_roots
from gatekeeper.trust import archive, known_roots, limits
from gatekeeper.trust.sources import TrustSources
from provider.signatures.trust import public_good
from tests.simulators.signing import SigningWorld
from tests.simulators.trust_mirror import MemoryMirror, nobody
from tests.simulators.tuf_repository import TufRepository
from tests.unit.cli.conftest import Run


@pytest.fixture(scope="module")
def world() -> SigningWorld:
    return SigningWorld()


@pytest.fixture
def repository(world: SigningWorld) -> TufRepository:
    body = json.dumps(world.trust_root).encode()
    return TufRepository({"trusted_root.json": body, "other.json": body})


@pytest.fixture
def looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrustSources:
    looks = TrustSources(tmp_path / "state", nobody)
    monkeypatch.setattr(trust_roots, "sources", lambda: looks)
    return looks


@pytest.fixture
def copy(repository: TufRepository, tmp_path: Path, looks: TrustSources) -> Path:
    folder = tmp_path / "copy"
    write(repository, folder)
    (folder / "left-by-somebody.bin").write_bytes(b"x" * 1000)
    return folder


@pytest.fixture
def root(repository: TufRepository, tmp_path: Path) -> str:
    file = tmp_path / "root.json"
    file.write_bytes(repository.root)
    return f"--root={file}"


def write(repository: TufRepository, folder: Path) -> None:
    for name, content in repository.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_copy_of_a_mirror_becomes_a_trust_root_that_can_be_used(
    run: Run, world: SigningWorld, repository: TufRepository, looks: TrustSources, copy: Path, root: str
) -> None:
    repository.rotate()
    write(repository, copy)
    done = run("mirror", "ghe", copy, root)
    assert done.exit_code == 0
    value = yaml.safe_load(done.stdout)
    assert (value["kind"], value["metadata"]["name"]) == ("TrustRoot", "ghe")
    known = known_roots.of_object("ghe", value, looks)
    assert known.found is not None
    assert (json.loads(known.found.body), known.found.root_version) == (world.trust_root, 2)
    day = dt.datetime.fromtimestamp(known.found.expires, dt.UTC).date().isoformat()
    assert f"its metadata end on {day}" in done.stderr
    assert run("mirror", "ghe", copy, root).stdout == done.stdout


def test_only_what_a_look_reads_is_packed(run: Run, copy: Path, root: str) -> None:
    value = yaml.safe_load(run("mirror", "ghe", copy, root, "--target=other.json").stdout)
    assert value["spec"]["repository"]["trustedRootTarget"] == "other.json"
    names = archive.unpack(base64.b64decode(value["spec"]["repository"]["mirrorFS"]))
    plain = {name for name in names if not name.startswith("targets/")}
    assert plain == {"1.snapshot.json", "1.targets.json", "timestamp.json"}
    assert [name.rpartition(".json")[0].rpartition(".")[2] for name in names if name not in plain] == ["other"]


def test_trust_begins_at_the_shipped_root_and_never_at_one_of_the_copy(run: Run, copy: Path) -> None:
    done = run("mirror", "ghe", copy)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "passed over" in done.stderr
    assert "--root names another one" in done.stderr


def test_root_of_any_size_is_read_no_further_than_a_root_may_be(run: Run, copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    with file.open("wb") as large:
        large.truncate(1 << 40)
    done = run("mirror", "ghe", copy, f"--root={file}")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"a root may have {limits.ROOT_BYTES} bytes at most" in done.stderr


def test_root_that_cannot_be_read_is_named(run: Run, copy: Path) -> None:
    done = run("mirror", "ghe", copy, "--root=/proc/self/mem")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--root /proc/self/mem: cannot be read: Input/output error" in done.stderr


def leads_out(copy: Path, outside: Path) -> None:
    outside.write_bytes((copy / "timestamp.json").read_bytes())
    (copy / "timestamp.json").unlink()
    (copy / "timestamp.json").symlink_to(outside)


def leads_round(copy: Path, _: Path) -> None:
    (copy / "timestamp.json").unlink()
    (copy / "timestamp.json").symlink_to("timestamp.json")


def a_pipe(copy: Path, _: Path) -> None:
    (copy / "timestamp.json").unlink()
    os.mkfifo(copy / "timestamp.json")


def large(copy: Path, _: Path) -> None:
    (copy / "timestamp.json").write_bytes(b" " * (limits.MIRROR_FILE_BYTES + 1))


def absent(copy: Path, _: Path) -> None:
    (copy / "timestamp.json").unlink()


def exchanged(copy: Path, _: Path) -> None:
    [file] = (copy / "targets").glob("*.trusted_root.json")
    file.write_bytes(file.read_bytes().replace(b"a", b"b", 1))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (leads_out, "leads out of"),
        (leads_round, "timestamp.json"),
        (a_pipe, "is no regular file"),
        (large, f"has more than {limits.MIRROR_FILE_BYTES} bytes"),
        (absent, "timestamp.json is not there"),
        (exchanged, "does not match"),
    ],
)
def test_copy_that_cannot_be_used_is_refused_by_what_is_wrong(
    run: Run, copy: Path, root: str, tmp_path: Path, change: Any, sentence: str
) -> None:
    change(copy, tmp_path / "outside")
    done = run("mirror", "ghe", copy, root)
    assert (done.exit_code, done.stdout) == (1, "")
    assert sentence in done.stderr


def test_link_within_the_copy_is_followed(run: Run, copy: Path, root: str) -> None:
    (copy / "timestamp.json").rename(copy / "1.timestamp.json")
    (copy / "timestamp.json").symlink_to("1.timestamp.json")
    assert run("mirror", "ghe", copy, root).exit_code == 0


def test_root_that_is_none_is_named_before_the_copy_is_read(run: Run, copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "none.json"
    file.write_text("{}")
    done = run("mirror", "ghe", copy, f"--root={file}")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "missing signatures in root.json" in done.stderr


def test_without_a_copy_it_is_the_public_good_instance_by_its_mirror(
    run: Run, repository: TufRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = MemoryMirror({f"{public_good.URL}/{name}": content for name, content in repository.files.items()})
    monkeypatch.setattr(trust_roots, "sources", lambda: TrustSources(tmp_path / "state", lambda: mirror))
    monkeypatch.setattr(public_good, "first_root", lambda: repository.root)
    done = run("mirror", "public-good")
    assert (done.exit_code, done.stderr) == (0, "")
    root = base64.b64encode(repository.root).decode()
    assert yaml.safe_load(done.stdout)["spec"] == {"remote": {"mirror": public_good.URL, "root": root}}
    mirror.away()
    monkeypatch.setattr(trust_roots, "sources", lambda: TrustSources(tmp_path / "other", lambda: mirror))
    done = run("mirror", "public-good")
    assert (done.exit_code, done.stdout) == (3, "")


@pytest.mark.parametrize("words", [["Not A Name"], ["ghe", "--target=x.json"]], ids=["name", "target"])
def test_words_that_mean_nothing_are_refused(run: Run, words: list[str]) -> None:
    assert run("mirror", *words).exit_code == 2
