"""Fetches a policy's text over https: bounded in size and time, and never anywhere else than to the URL itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from gatekeeper.policy.problems import PolicyError, Problem
from provider import limits
from provider.version import VERSION

_PATH = "spec.policy.remote.url"
_OK = 200
_PIECE = 64 * 1024


def fetch(url: str, ca_file: str | None = None) -> bytes:
    """The bytes at an https URL. Redirects are not followed: the policy names the place of its text.

    Args:
        url: as validated, `https://…`.
        ca_file: certificate authorities to trust instead of the system's; None for the system's.

    Raises:
        PolicyError: it is no https URL, cannot be reached, answers with another status than 200, or is too large.
    """
    # Imported here: most policies carry their text with them.
    import urllib3  # noqa: PLC0415

    if not url.startswith("https://"):
        raise _refused(f"{url} is no https URL")
    timeout = urllib3.Timeout(connect=limits.REMOTE_CONNECT_SECONDS, read=limits.REMOTE_READ_SECONDS)
    headers = {"User-Agent": f"bestbefore/{VERSION}", "Accept-Encoding": "identity"}
    try:
        with urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=ca_file, timeout=timeout) as pool:
            response = pool.request("GET", url, headers=headers, retries=False, redirect=False, preload_content=False)
            with closing(response):
                if response.status != _OK:
                    raise _refused(f"cannot get {url}: the server answered {response.status}")
                return _content(url, lambda: response.read1(_PIECE, decode_content=False))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _refused(f"cannot get {url}: {type(error).__name__}") from error


def _content(url: str, piece: Callable[[], bytes]) -> bytes:
    """What comes in pieces, which may not be too many and may not take too long together."""
    end = time.monotonic() + limits.REMOTE_READ_SECONDS
    content = bytearray()
    while found := piece():
        content += found
        if len(content) > limits.POLICY_BYTES:
            raise _refused(f"the text at {url} is larger than {limits.POLICY_BYTES} bytes")
        if time.monotonic() > end:
            raise _refused(f"the text at {url} takes longer than {limits.REMOTE_READ_SECONDS:g} s")
    return bytes(content)


def _refused(sentence: str) -> PolicyError:
    return PolicyError([Problem(_PATH, sentence, fields=(_PATH,))])
