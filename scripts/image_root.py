"""Lays out the root of the image: Debian packages of locked versions, unpacked, and no program that would install more.

    image_root.py unpack LOCK ROOT    runs in the build (Dockerfile) with the Python, apt and dpkg of a Debian
    image_root.py lock NAMES          prints a lock with the newest versions that apt knows

No maintainer's script of a package runs, so the same lock gives the same files. Standard library only.
"""

from __future__ import annotations

import compileall
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from py_compile import PycInvalidationMode

# A line of the lock: `libc6=2.36-9+deb12u14 sha256:ba4f…`.
_LINE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]+)=(?P<version>[0-9][A-Za-z0-9.+:~-]*) sha256:(?P<sha256>[0-9a-f]{64})"
)
# What `apt-get download --print-uris` says: `'http://…' libc6_2.36-9+deb12u14_amd64.deb 2759320 SHA256:ba4f…`.
_OFFER = re.compile(r"'\S+' (?P<name>[^_\s]+)_(?P<version>[^_\s]+)_\w+\.deb \d+ SHA256:(?P<sha256>[0-9a-f]{64})")
# Debian's root since 12: the old folders are links.
_LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
_UNREAD = (
    "etc/ca-certificates",
    "etc/update-motd.d",
    "usr/lib/x86_64-linux-gnu/gconv",  # other encodings, for programs in C
    "usr/sbin/update-ca-certificates",
    "usr/share/doc-base",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/man",
)
# What the packages' scripts would have made.
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nbestbefore:x:65532:65532:bestbefore:/tmp:/sbin/nologin\n",
    "etc/group": "root:x:0:\nbestbefore:x:65532:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


@dataclass(frozen=True)
class LockedPackage:
    """One Debian package.

    Attributes:
        name: of the binary package.
        version: with its epoch, where it has one.
        sha256: of the .deb file, hexadecimal.
    """

    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name}={self.version} sha256:{self.sha256}"


def read_lock(text: str) -> list[LockedPackage]:
    """The packages of a lock.

    Raises:
        ValueError: a line is none; it is named.
    """
    packages = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line and not line.startswith("#"):
            if (found := _LINE.fullmatch(line)) is None:
                raise ValueError(f"line {number} is not NAME=VERSION sha256:HEX: {line}")
            packages.append(LockedPackage(**found.groupdict()))
    return packages


def read_offers(text: str) -> list[LockedPackage]:
    """What apt would download, from what `apt-get download --print-uris` printed; by name.

    Raises:
        ValueError: a line is not understood, or has no SHA-256.
    """
    packages = []
    for line in text.splitlines():
        if (found := _OFFER.fullmatch(line.strip())) is None:
            raise ValueError(f"apt says what is not understood: {line}")
        version = found["version"].replace("%3a", ":")
        packages.append(LockedPackage(found["name"], version, found["sha256"]))
    return sorted(packages, key=lambda package: package.name)


def names(text: str) -> list[str]:
    """The names that a `debian.in` asks for."""
    return [line.split()[0] for line in text.splitlines() if line and not line.startswith("#")]


def download(packages: list[LockedPackage], folder: Path) -> dict[LockedPackage, Path]:
    """Each package's .deb, in `folder`.

    Raises:
        ValueError: a file is missing or is not the locked one.
    """
    wanted = [f"{package.name}={package.version}" for package in packages]
    subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *wanted], cwd=folder, check=True)  # noqa: S607
    files = {}
    for package in packages:
        found = list(folder.glob(f"{package.name}_*.deb"))
        if len(found) != 1 or sha256(found[0].read_bytes()).hexdigest() != package.sha256:
            raise ValueError(f"{package.name} {package.version} is not what is locked")
        files[package] = found[0]
    return files


def unpack(files: dict[LockedPackage, Path], root: Path) -> None:
    """Make a root of packages: their files, and for scanners what `dpkg` would know of them."""
    for link, target in _LINKS.items():
        (root / target).mkdir(parents=True)
        (root / link).symlink_to(target)
    status = root / "var/lib/dpkg/status.d"
    status.mkdir(parents=True)
    for package, file in files.items():
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", file], stdout=subprocess.PIPE) as archive:  # noqa: S607
            # Into /usr/lib where the package says /lib.
            extract = ["tar", "--extract", "--keep-directory-symlink", "--directory", root]
            subprocess.run(extract, stdin=archive.stdout, check=True)
        if archive.returncode:
            raise ValueError(f"{file.name} cannot be unpacked")
        about = subprocess.run(["dpkg-deb", "--field", file], capture_output=True, check=True)  # noqa: S607
        (status / package.name).write_bytes(about.stdout)


def slim(root: Path) -> None:
    """Take away what no program reads; licences stay."""
    for name in _UNREAD:
        if (root / name).is_dir():
            shutil.rmtree(root / name)
        else:
            (root / name).unlink(missing_ok=True)
    for file in (root / "usr/share/doc").rglob("*"):
        if file.is_file() and not file.is_symlink() and file.name != "copyright":
            file.unlink()


def finish(root: Path) -> None:
    """Make what the scripts of the packages would have made."""
    for name, text in _FILES.items():
        (root / name).write_text(text, encoding="utf-8")
    authorities = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_bytes(b"".join(file.read_bytes().rstrip() + b"\n" for file in authorities))
    (root / "usr/lib/ssl").mkdir(exist_ok=True)
    (root / "usr/lib/ssl/cert.pem").symlink_to("/etc/ssl/certs/ca-certificates.crt")
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)


def finish_python(root: Path) -> None:
    """Name Python, and compile its library: nothing can be written later.

    Raises:
        ValueError: it is not the version that runs here, or a file cannot be compiled.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not (root / "usr/bin" / version).exists():
        raise ValueError(f"the lock has no {version}, which compiles what is in it")
    (root / "usr/bin/python3").symlink_to(version)
    library = root / "usr/lib" / version
    # By its hash and never checked: the time of a file is no part of it.
    mode = PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(library, quiet=1, stripdir=str(root), prependdir="/", invalidation_mode=mode):
        raise ValueError(f"{library} cannot be compiled")


def main(arguments: list[str]) -> None:
    """Lay out, or lock; see above."""
    match arguments:
        case ["unpack", lock, root]:
            with tempfile.TemporaryDirectory() as folder:
                files = download(read_lock(Path(lock).read_text(encoding="utf-8")), Path(folder))
                unpack(files, Path(root))
            slim(Path(root))
            finish(Path(root))
            finish_python(Path(root))
        case ["lock", wanted]:
            command = ["apt-get", "-qq", "download", "--print-uris", *names(Path(wanted).read_text(encoding="utf-8"))]
            told = subprocess.run(command, capture_output=True, text=True, check=True)
            sys.stdout.write("\n".join(map(str, read_offers(told.stdout))) + "\n")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
