"""`python -m tests.bench.yardstick URL REPOSITORIES BATCH [CA]`: the least that facts of images cost in Python.

asyncio over libcurl, 32 requests in flight: manifest and configuration of each image, hashed and parsed. It checks no
address, knows no limit and answers nobody. The provider is compared with it in one run, for a ratio survives a busy
machine. The repositories stand in a file, one a line; a first batch, which opens the connections, is not measured.
Prints the p50 of a batch in milliseconds, and milliseconds of processor an image.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import pycurl

IN_FLIGHT: Final = 32
# Images of the first batch: enough for every connection.
FIRST: Final = 40
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


async def measure(client: Client, repositories: Sequence[str], batch: int) -> dict[str, float]:
    """One batch after the other."""
    await asyncio.gather(*(created(client, repository) for repository in repositories[:FIRST]))
    times = []
    computed = time.process_time()
    for first in range(FIRST, len(repositories), batch):
        begun = time.perf_counter()
        await asyncio.gather(*(created(client, repository) for repository in repositories[first : first + batch]))
        times.append((time.perf_counter() - begun) * 1000)
    processor = (time.process_time() - computed) * 1000 / (len(repositories) - FIRST)
    return {"p50": statistics.median(times), "processor": processor}


async def run(url: str, repositories: Sequence[str], batch: int, authority: str | None) -> dict[str, float]:
    """Measure with a client of its own."""
    client = Client(url, authority)
    try:
        return await measure(client, repositories, batch)
    finally:
        await client.close()


def main(url: str, repositories: str, batch: str, authority: str | None = None) -> None:
    """Measure and print."""
    figures = asyncio.run(run(url, Path(repositories).read_text().split(), int(batch), authority))
    print(json.dumps(figures))  # noqa: T201 - that is what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])
