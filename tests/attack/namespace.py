"""Runs a command where the network and `/etc` are our own.

`python -m tests.attack.namespace COMMAND…`. In it there is nothing but a loopback interface, on which public addresses
lie (`PUBLIC`), so that registries that no setting names can be played; and a copy of `/etc`, so that name servers and
the hosts file can be. Nothing reaches another machine. Where namespaces are not permitted the command runs without,
and attacks that need them are left out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.e2e.rig.network import raise_loopback
from tests.programs import ROOT

# Every address of this network is ours inside, and none of them is private (RFC 6890).
PUBLIC: Final = "11.0.0."
ETC: Final = Path("/etc")
NAME_SERVER: Final = "127.0.0.1"

_INSIDE: Final = "--inside"
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_NETMASK: Final = "255.255.255.0"


def main(arguments: list[str]) -> None:
    """Replace this process by the command, inside where that is permitted."""
    if arguments[:1] == [_INSIDE]:
        raise_loopback()
        add_addresses()
        own_etc()
        os.execvp(arguments[1], arguments[1:])  # noqa: S606 - no shell is wanted
    prefix = command()
    if prefix is None:
        sys.stderr.write("attack: no namespaces of our own are permitted here; what needs them is left out\n")
        os.execvp(arguments[0], arguments)  # noqa: S606 - no shell is wanted
    words = [*prefix, sys.executable, "-m", "tests.attack.namespace", _INSIDE, *arguments]
    os.execvp(words[0], words)  # noqa: S606 - no shell is wanted


def inside() -> bool:
    """Whether this process runs in such a place."""
    with contextlib.closing(socket.socket()) as probe:
        try:
            probe.bind((f"{PUBLIC}1", 0))
        except OSError:
            return False
        return True


def address(number: int) -> str:
    """One of the public addresses, 1 to 254."""
    return f"{PUBLIC}{number}"


def is_public(host: str) -> bool:
    """Whether a host is one of these addresses."""
    return host.startswith(PUBLIC)


def command() -> list[str] | None:
    """The words that run a command in namespaces of its own; None where none work."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    for options in (["--net", "--mount"], ["--net", "--mount", "--user", "--map-root-user"]):
        mounting = [unshare, *options, "mount", "-t", "tmpfs", "none", "/tmp"]  # noqa: S108 - a mount nobody sees
        if subprocess.run(mounting, capture_output=True, check=False).returncode == 0:
            return [unshare, *options]
    return None


def add_addresses() -> None:
    """Give the interface `lo` the public addresses too, as `ip address add` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for request, text in ((_SIOCSIFADDR, f"{PUBLIC}1"), (_SIOCSIFNETMASK, _NETMASK)):
            where = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))
            fcntl.ioctl(handle, request, struct.pack("16s16s8x", b"lo:1", where))


def own_etc() -> None:
    """A copy of `/etc` in its place, in which names are asked of a server on loopback."""
    there = ROOT / ".build" / "attack-etc"
    there.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", str(there)], check=True)
    copy = there / "etc"
    with contextlib.suppress(shutil.Error):
        # What only its owner may read is left out: secrets, which nobody needs here.
        shutil.copytree(ETC, copy, symlinks=True)
    write(copy / "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    write(copy / "resolv.conf", f"nameserver {NAME_SERVER}\n")
    write(copy / "hosts", "127.0.0.1 localhost\n")
    subprocess.run(["mount", "--bind", str(copy), str(ETC)], check=True)


def write(path: Path, text: str) -> None:
    """Replace a file in one step, as those do who replace such files."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
