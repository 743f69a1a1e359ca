"""The lock of the image's Debian packages, and what of them is left away."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.image_root import LockedPackage, finish, names, read_lock, read_offers, slim

FOLDER = Path(__file__).parents[3] / "requirements"
OFFER = (
    "'http://debian.example/pool/main/z/zlib/zlib1g_1.2.13_amd64.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86700 SHA256:"
)


def test_lock_has_what_is_asked_for_and_nothing_else() -> None:
    wanted = names((FOLDER / "debian.in").read_text(encoding="utf-8"))
    locked = [package.name for package in read_lock((FOLDER / "debian.txt").read_text(encoding="utf-8"))]
    assert locked == sorted(wanted)


def test_every_debian_package_has_a_reason() -> None:
    for line in (FOLDER / "debian.in").read_text(encoding="utf-8").splitlines():
        assert not line or line.startswith("#") or "  # " in line, line


def test_lock_says_of_which_day_it_is() -> None:
    assert "as they were on 20" in (FOLDER / "debian.txt").read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize(
    "line",
    ["libc6", "libc6=2.36", f"libc6 2.36 sha256:{'0' * 64}", f"libc6=2.36 sha256:{'0' * 63}", "libc6=2.36; rm x"],
)
def test_line_of_a_lock_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_lock(f"# a comment\n{line}\n")


def test_what_is_locked_reads_back() -> None:
    package = LockedPackage("zlib1g", "1:1.2.13.dfsg-1", "a" * 64)
    assert read_offers(OFFER + "a" * 64) == [package]
    assert read_lock(str(package)) == [package]


def test_offer_without_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="not understood"):
        read_offers(OFFER.removesuffix(" SHA256:"))


def test_licences_stay_and_manuals_go(tmp_path: Path) -> None:
    about, manual = tmp_path / "usr/share/doc/libc6", tmp_path / "usr/share/man/man1"
    for folder in (about, manual):
        folder.mkdir(parents=True)
    for file in (about / "copyright", about / "changelog.gz", manual / "python3.1.gz"):
        file.write_text("text")
    slim(tmp_path)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["copyright"]


def test_authorities_of_debian_become_one_file_that_openssl_looks_at(tmp_path: Path) -> None:
    for folder in ("usr/share/ca-certificates/mozilla", "usr/lib", "etc"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("b.crt", "a.crt"):
        (tmp_path / "usr/share/ca-certificates/mozilla" / name).write_text(f"{name}\n\n")
    finish(tmp_path)
    assert (tmp_path / "etc/ssl/certs/ca-certificates.crt").read_text() == "a.crt\nb.crt\n"
    assert (tmp_path / "usr/lib/ssl/cert.pem").readlink() == Path("/etc/ssl/certs/ca-certificates.crt")
    assert "65532:65532" in (tmp_path / "etc/passwd").read_text()
