"""Prints what is in the image: a CycloneDX document of packages of Debian and Python, scripts, and modules of Go.

    python3 -m scripts.image_sbom --root ROOT --libraries FILE --modules FILE --digest SHA256:… --created SECONDS

scripts/image.sh calls it with the image's files, what `bestbefore version --output json` says in it, and what
`go version -m` says of its opa. Two builds of a commit give the same document. Standard library only.
"""

from __future__ import annotations

import argparse
import datetime as dt
import email
import json
import re
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from scripts.image_root import LockedPackage, read_lock

Component = dict[str, Any]

LOCK: Final = Path(__file__).parents[1] / "requirements" / "debian.txt"
PACKAGES: Final = "opt/bestbefore/lib/python3.11/site-packages"
OPA: Final = f"{PACKAGES}/gatekeeper/evaluation/bin/opa"
PAGE: Final = f"{PACKAGES}/gatekeeper/freshness/overview/page"
# Names under which databases of vulnerabilities know libraries that no registry has: vendor and product of a CPE.
CPE: Final = {
    "libcurl": ("haxx", "libcurl"),
    "OpenSSL": ("openssl", "openssl"),
    "zlib": ("zlib", "zlib"),
    "brotli": ("google", "brotli"),
    "libssh2": ("libssh2", "libssh2"),
    "nghttp2": ("nghttp2", "nghttp2"),
    "mit-krb5": ("mit", "kerberos_5"),
    "c-ares": ("c-ares", "c-ares"),
}
# What banners in a script say of it, and of what is bundled in it: `* Chart.js v4.6.1`, `* @kurkle/color v0.3.2`.
_SCRIPT: Final = re.compile(r"^ \* (?P<name>@?[A-Za-z][\w./-]*) v(?P<version>\d[\w.-]*)$", re.ASCII | re.MULTILINE)
# A line of `go version -m`: `dep  github.com/beorn7/perks  v1.0.1  h1:…`.
_MODULE: Final = re.compile(r"\t(?P<kind>mod|dep|=>)\t(?P<path>\S+)\t(?P<version>v\S+)")


def debian(packages: Iterable[LockedPackage]) -> Iterator[Component]:
    """The Debian packages, by the hashes of their .deb files."""
    for package in packages:
        purl = f"pkg:deb/debian/{package.name}@{quote(package.version, safe='')}?arch=amd64&distro=bookworm"
        yield _library(package.name, package.version, purl) | _sha256(package.sha256)


def python(folder: Path, libraries: Iterable[Mapping[str, str]]) -> Iterator[Component]:
    """The Python packages, by the hashes of their wheels, with what is inside of each.

    Raises:
        ValueError: a package does not say which wheel it was installed from.
    """
    inside: dict[str, list[Component]] = {}
    for library in libraries:
        inside.setdefault(library["inside"].split()[0], []).append(_bundled(library["name"], library["version"]))
    for about in sorted(folder.glob("*.dist-info")):
        fields = email.message_from_string((about / "METADATA").read_text(encoding="utf-8"))
        name, version = re.sub(r"[-_.]+", "-", fields["Name"]).lower(), fields["Version"]
        package = _library(name, version, f"pkg:pypi/{name}@{version}") | _sha256(_wheel_hash(about))
        parts = [*inside.get(name, []), *_declared(about), *_bundled_files(folder / f"{fields['Name']}.libs")]
        yield package | ({"components": parts} if parts else {})


def scripts(folder: Path) -> Iterator[Component]:
    """The libraries that the page of `bestbefore report` carries, by their files, with what is bundled in each.

    Raises:
        ValueError: one does not say which library it is, or there is none.
    """
    files = sorted(folder.glob("*.min.js"))
    if not files:
        raise ValueError(f"{folder} has no script of a library")
    for file in files:
        whole = file.read_bytes()
        named = [(found["name"].lower(), found["version"]) for found in _SCRIPT.finditer(whole.decode())]
        if not named:
            raise ValueError(f"{file.name} does not say which library it is")
        library, *parts = (_library(name, at, f"pkg:npm/{quote(name, safe='/')}@{at}") for name, at in named)
        yield library | _sha256(sha256(whole).hexdigest()) | ({"components": parts} if parts else {})


def _wheel_hash(about: Path) -> str:
    origin = about / "direct_url.json"
    hashes = json.loads(origin.read_bytes())["archive_info"].get("hashes", {}) if origin.exists() else {}
    if "sha256" not in hashes:
        raise ValueError(f"{about.name} does not say which wheel it was installed from")
    return str(hashes["sha256"])


def _bundled(name: str, version: str) -> Component:
    purl = f"pkg:generic/{quote(name.lower(), safe='')}@{quote(version, safe='')}"
    vendor, product = CPE.get(name, ("", ""))
    cpe = {"cpe": f"cpe:2.3:a:{vendor}:{product}:{version.lower()}:*:*:*:*:*:*:*"} if product else {}
    return _library(name, version, purl) | cpe


def _declared(about: Path) -> Iterator[Component]:
    """What documents that a wheel brings (PEP 770) say is inside of it, such as Rust's crates."""
    seen = set()
    for file in sorted((about / "sboms").glob("*.json")):
        for component in json.loads(file.read_bytes()).get("components", []):
            known = component["name"], component.get("version", ""), component.get("purl", "")
            if all(known) and known not in seen:
                seen.add(known)
                yield _library(*known)


def _bundled_files(folder: Path) -> Iterator[Component]:
    """The shared libraries that a wheel brings: some do not say their version."""
    for file in sorted(folder.glob("*.so*")):
        yield {"type": "file", "name": file.name} | _sha256(sha256(file.read_bytes()).hexdigest())


def go(program: Path, told: str) -> Component:
    """Opa, with its modules, from what `go version -m` says of it.

    Raises:
        ValueError: that is no module's program.
    """
    modules: list[tuple[str, str]] = []
    for found in _MODULE.finditer(told):
        if found["kind"] == "=>":
            # Stands in for the line before.
            modules.pop()
        modules.append((found["path"], found["version"]))
    if not modules:
        raise ValueError(f"{program} does not say of which modules it consists")
    (main, version), *others = modules
    runtime = re.search(r": go(\d+\.\d+(?:\.\d+)?)", told)
    if runtime is None:
        raise ValueError(f"{program} does not say which Go built it")
    parts = [_library("stdlib", runtime[1], f"pkg:golang/stdlib@{runtime[1]}")]
    parts += [_library(path, at, f"pkg:golang/{path}@{quote(at, safe='')}") for path, at in others]
    opa = _library(main, version, f"pkg:golang/{main}@{version}") | _sha256(sha256(program.read_bytes()).hexdigest())
    return opa | {"type": "application", "components": parts}


def _library(name: str, version: str, purl: str) -> Component:
    return {"type": "library", "name": name, "version": version, "purl": purl}


def _sha256(hexadecimal: str) -> Component:
    return {"hashes": [{"alg": "SHA-256", "content": hexadecimal}]}


def document(components: Iterable[Component], version: str, digest: str, created: dt.datetime) -> Component:
    """The CycloneDX document of the image.

    Args:
        components: what is in it.
        version: of bestbefore.
        digest: of the image's manifest, `sha256:…`.
        created: when the commit was made.
    """
    image = f"pkg:oci/bestbefore@{quote(digest, safe='')}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, image)}",
        "version": 1,
        "metadata": {
            "timestamp": created.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "container",
                "name": "bestbefore",
                "version": version,
                "purl": image,
                "bom-ref": image,
            }
            | _sha256(digest.removeprefix("sha256:")),
        },
        "components": [component | {"bom-ref": component["purl"]} for component in components],
    }


def main(arguments: list[str]) -> None:
    """Print the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("root", "libraries", "modules"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    parser.add_argument("--digest", required=True)
    parser.add_argument("--created", type=int, required=True)
    given = parser.parse_args(arguments)
    told = json.loads(given.libraries.read_bytes())
    components = [
        *debian(read_lock(LOCK.read_text(encoding="utf-8"))),
        *python(given.root / PACKAGES, told["libraries"]),
        *scripts(given.root / PAGE),
        go(given.root / OPA, given.modules.read_text(encoding="utf-8")),
    ]
    created = dt.datetime.fromtimestamp(given.created, dt.UTC)
    json.dump(document(components, told["version"], given.digest, created), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
