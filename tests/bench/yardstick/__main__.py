"""`python -m tests.bench.yardstick URL [CA]`: the least that facts of images cost in Python.

asyncio over libcurl, 32 requests in flight: manifest and configuration of each image, hashed and parsed. It checks no
address, knows no limit and answers nobody. Each line of its input is a JSON list of repositories; when it has all their
images, it prints how many milliseconds that took, and how many of processor.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import pycurl

IN_FLIGHT: Final = 32
_ACCEPT: Final = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)
_SECONDS: Final = 10


class Client:
    """Gets documents of one registry."""

    def __init__(self, url: str, authority: str | None) -> None:
        self._url = url
        self._authority = authority
        self._multi = pycurl.AsyncCurlMulti()
        self._turn = asyncio.Semaphore(IN_FLIGHT)
        self._resting: list[pycurl.Curl] = []

    async def get(self, path: str, accept: str) -> bytes:
        """The body at a path."""
        body = bytearray()
        async with self._turn:
            handle = self._resting.pop() if self._resting else self._handle()
            handle.setopt(pycurl.URL, self._url + path)
            handle.setopt(pycurl.HTTPHEADER, [f"Accept: {accept}"])
            handle.setopt(pycurl.WRITEFUNCTION, body.extend)
            await self._multi.perform(handle)
            if handle.getinfo(pycurl.RESPONSE_CODE) != HTTPStatus.OK:
                raise RuntimeError(f"{path}: status {handle.getinfo(pycurl.RESPONSE_CODE)}")
            self._resting.append(handle)
        return bytes(body)

    async def close(self) -> None:
        """Close all connections."""
        await self._multi.aclose()

    def _handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.PROXY, "")
        handle.setopt(pycurl.TIMEOUT, _SECONDS)
        if self._authority:
            handle.setopt(pycurl.CAINFO, self._authority)
            handle.setopt(pycurl.PIPEWAIT, 1)
        return handle


async def created(client: Client, repository: str) -> str:
    """When an image was built."""
    manifest, _ = _parsed(await client.get(f"/v2/{repository}/manifests/1", _ACCEPT))
    wanted = manifest["config"]["digest"]
    config, digest = _parsed(await client.get(f"/v2/{repository}/blobs/{wanted}", "*/*"))
    if digest != wanted:
        raise RuntimeError(f"{repository}: {digest} instead of {wanted}")
    return str(config["created"])


def _parsed(body: bytes) -> tuple[dict[str, Any], str]:
    return json.loads(body), f"sha256:{hashlib.sha256(body).hexdigest()}"


async def batch(client: Client, repositories: Sequence[str]) -> Mapping[str, float]:
    """All images at once, and what that costs."""
    begun, computed = time.perf_counter(), time.process_time()
    await asyncio.gather(*(created(client, repository) for repository in repositories))
    return {"took": (time.perf_counter() - begun) * 1000, "processor": (time.process_time() - computed) * 1000}


def main(url: str, authority: str | None = None) -> None:
    """Measure what the input says, until it ends."""
    with asyncio.Runner() as runner:
        client = Client(url, authority)
        for line in sys.stdin:
            print(json.dumps(runner.run(batch(client, json.loads(line)))), flush=True)  # noqa: T201 - its output
        runner.run(client.close())


if __name__ == "__main__":
    main(*sys.argv[1:])
