"""Runs a command in a network namespace of its own, with nothing but a loopback interface.

`python -m tests.e2e.rig.network COMMAND…`. It keeps the rig offline, which proves that the story needs no network, and
keeps Gatekeeper's metrics port, which listens on all addresses, to ourselves. Where namespaces are not permitted
(some containers), the command runs without, and a line says so.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import shutil
import socket
import struct
import subprocess
import sys

_INSIDE = "--inside"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
# The addresses of Pods: an API server refuses loopback's. The whole network is ours once `lo` has one address of it.
POD_ADDRESSES = ipaddress.IPv4Network("192.0.2.0/24")


def main(arguments: list[str]) -> None:
    """Replace this process by the command, inside a new namespace where that is permitted."""
    if arguments[:1] == [_INSIDE]:
        raise_loopback()
        add_pod_addresses()
        os.execvp(arguments[1], arguments[1:])  # noqa: S606 - no shell is wanted
    prefix = namespace_command()
    if prefix is None:
        sys.stderr.write("rig: no network namespace of our own is permitted here; using the machine's loopback\n")
        os.execvp(arguments[0], arguments)  # noqa: S606 - no shell is wanted
    command = [*prefix, sys.executable, "-m", "tests.e2e.rig.network", _INSIDE, *arguments]
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


def namespace_command() -> list[str] | None:
    """The words that run a command in a new network namespace; None where none work."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    for options in (["--net"], ["--net", "--user", "--map-root-user"]):
        if subprocess.run([unshare, *options, "true"], capture_output=True, check=False).returncode == 0:
            return [unshare, *options]
    return None


def raise_loopback() -> None:
    """Switch the interface `lo` on, as `ip link set lo up` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | _IFF_UP, b""))


def add_pod_addresses() -> None:
    """Have `lo` answer for the addresses of Pods, as `ip addr add 192.0.2.1/24 dev lo` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for request, address in ((_SIOCSIFADDR, POD_ADDRESSES[1]), (_SIOCSIFNETMASK, POD_ADDRESSES.netmask)):
            fcntl.ioctl(handle, request, struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, address.packed))


if __name__ == "__main__":
    main(sys.argv[1:])
