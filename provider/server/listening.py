"""Where to listen, without gunicorn: the controller has a plain port, and no more."""

from __future__ import annotations

import errno
import os
import socket

from provider import limits
from provider.settings.values import Address


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; on all addresses of both families where no host is given.

    Raises:
        OSError: the port is taken, or the address is not ours.
    """
    if host:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=limits.BACKLOG)
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=limits.BACKLOG)
        except OSError as error:
            if error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                raise
    return socket.create_server(("", port), backlog=limits.BACKLOG)


def problem(setting: str, address: Address, error: OSError) -> str:
    """What is wrong with the address of a setting, in the system's own words; a name that is unknown has a code < 0."""
    words = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    return f"{setting}: cannot listen on {address}: {words}"
