"""What is in the image, as a CycloneDX document."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.freshness.overview.page import chart_library
from scripts import image_sbom
from scripts.image_root import LockedPackage

WHEEL = "ab" * 32
DIGEST = f"sha256:{'cd' * 32}"
COMMITTED = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
LIBRARIES = [
    {"name": "libcurl", "version": "8.23.0", "inside": "pycurl 7.49.0"},
    {"name": "libssh2", "version": "1.11.1_DEV", "inside": "pycurl 7.49.0"},
    {"name": "OpenSSL", "version": "3.0.22", "inside": "Python 3.11.2"},
]
MODULES = """/opa: go1.26.8
\tpath\tgithub.com/open-policy-agent/opa
\tmod\tgithub.com/open-policy-agent/opa\tv1.17.1\th1:a=
\tdep\tgithub.com/beorn7/perks\tv1.0.1\th1:b=
\tdep\texample.test/old\tv1.0.0
\t=>\texample.test/new\tv1.2.0\th1:c=
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """One installed package with bundled libraries."""
    about = tmp_path / "pycurl-7.49.0.dist-info"
    (about / "sboms").mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: pycurl\nVersion: 7.49.0\n")
    (about / "direct_url.json").write_text(
        json.dumps({"url": "file:///wheels/x", "archive_info": {"hashes": {"sha256": WHEEL}}})
    )
    crate = {"type": "library", "name": "asn1", "version": "0.2", "purl": "pkg:cargo/asn1@0.2", "bom-ref": "twice"}
    (about / "sboms" / "made.cdx.json").write_text(json.dumps({"components": [crate, crate, {"name": "without"}]}))
    (tmp_path / "pycurl.libs").mkdir()
    (tmp_path / "pycurl.libs" / "libunistring-1.so.5").write_bytes(b"ELF")
    return tmp_path


@pytest.fixture
def opa(tmp_path: Path) -> Path:
    program = tmp_path / "opa"
    program.write_bytes(b"program")
    return program


def every(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from every(component.get("components", []))


def test_wheels_are_named_with_their_hash_and_what_they_bundle(packages: Path) -> None:
    (package,) = image_sbom.python(packages, LIBRARIES)
    assert package["purl"] == "pkg:pypi/pycurl@7.49.0"
    assert package["hashes"] == [{"alg": "SHA-256", "content": WHEEL}]
    parts = {part["name"]: part for part in package["components"]}
    assert set(parts) == {"libcurl", "libssh2", "asn1", "libunistring-1.so.5"}
    assert parts["libcurl"]["cpe"] == "cpe:2.3:a:haxx:libcurl:8.23.0:*:*:*:*:*:*:*"
    assert parts["libcurl"]["version"] == "8.23.0"
    assert parts["asn1"]["purl"] == "pkg:cargo/asn1@0.2"
    assert parts["libunistring-1.so.5"]["hashes"][0]["content"] == sha256(b"ELF").hexdigest()


def test_package_of_an_unknown_wheel_is_refused(packages: Path) -> None:
    (packages / "pycurl-7.49.0.dist-info" / "direct_url.json").unlink()
    with pytest.raises(ValueError, match=r"pycurl-7\.49\.0\.dist-info does not say which wheel"):
        list(image_sbom.python(packages, LIBRARIES))


def test_modules_of_opa_are_those_that_were_built(opa: Path) -> None:
    found = image_sbom.go(opa, MODULES)
    assert found["purl"] == "pkg:golang/github.com/open-policy-agent/opa@v1.17.1"
    assert [part["purl"] for part in found["components"]] == [
        "pkg:golang/stdlib@1.26.8",
        "pkg:golang/github.com/beorn7/perks@v1.0.1",
        "pkg:golang/example.test/new@v1.2.0",
    ]


def test_program_without_modules_is_refused(opa: Path) -> None:
    with pytest.raises(ValueError, match="does not say"):
        image_sbom.go(opa, "/opa: not a Go executable")


def test_script_of_the_page_is_named_with_what_is_bundled_in_it() -> None:
    (found,) = image_sbom.scripts(Path(chart_library.__file__).parent)
    assert found["purl"] == f"pkg:npm/chart.js@{chart_library.VERSION}"
    assert found["hashes"] == [{"alg": "SHA-256", "content": chart_library.SHA256}]
    assert [part["purl"] for part in found["components"]] == ["pkg:npm/%40kurkle/color@0.3.2"]


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "has no script of a library"), ({"x.min.js": "var a;"}, "x.min.js does not say which library it is")],
    ids=["none", "unnamed"],
)
def test_page_without_a_script_that_says_what_it_is_is_refused(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=said):
        list(image_sbom.scripts(tmp_path))


def test_debian_packages_have_a_url_that_scanners_know() -> None:
    (package,) = image_sbom.debian([LockedPackage("zlib1g", "1:1.2.13.dfsg-1", "a" * 64)])
    assert package["purl"] == "pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64&distro=bookworm"


def test_document_is_of_this_image_and_the_same_each_time(packages: Path, opa: Path) -> None:
    def made() -> dict[str, Any]:
        components = [*image_sbom.python(packages, LIBRARIES), image_sbom.go(opa, MODULES)]
        return image_sbom.document(components, "0.1.0", DIGEST, COMMITTED)

    document = made()
    assert document == made()
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["timestamp"] == "2026-11-30T12:00:00Z"
    assert document["metadata"]["component"]["hashes"][0]["content"] == "cd" * 32
    references = [component["bom-ref"] for component in document["components"]]
    assert len(references) == len(set(references))
    for component in every(document["components"]):
        assert component["type"] in {"library", "application", "file"}
        assert component["name"]
