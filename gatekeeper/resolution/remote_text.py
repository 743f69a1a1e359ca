"""Fetches a policy's text over https: bounded in size and time, and never anywhere else than to the URL itself."""

from __future__ import annotations

from contextlib import closing

from gatekeeper.documents.problems import PolicyError, Problem
from provider import http_body, limits
from provider.version import VERSION

_PATH = "spec.policy.remote.url"
_OK = 200


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
                content = http_body.read(response, limits.POLICY_BYTES, limits.REMOTE_READ_SECONDS)
    except TimeoutError as error:
        raise _refused(f"the text at {url} takes longer than {limits.REMOTE_READ_SECONDS:g} s") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _refused(f"cannot get {url}: {type(error).__name__}") from error
    if len(content) > limits.POLICY_BYTES:
        raise _refused(f"the text at {url} is larger than {limits.POLICY_BYTES} bytes")
    return content


def _refused(sentence: str) -> PolicyError:
    return PolicyError([Problem(_PATH, sentence, fields=(_PATH,))])
