"""The healthy registry, a process of its own: every name is an image, and says always the same.

`python -m tests.attack.healthy CERTIFICATE KEY [ADDRESS]`: plain HTTP on 127.0.0.1, its port is printed; TLS on port
443 of the address. Parts of a repository change what it is: `index` an index of two platforms, `after-MS` one that is
told so many milliseconds later, a request.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import hashlib
import re
import ssl
import sys
from collections.abc import Mapping
from typing import Final

from tests.attack import images
from tests.attack.images import Document
from tests.attack.registries import Exchange, Registry

INDEX: Final = "index"
_AFTER: Final = re.compile(r"(?:^|/)after-(\d{1,5})(?:/|$)")
_FIRST: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_DAY_SECONDS: Final = 86_400


def created(repository: str) -> str:
    """When an image was built: by its name."""
    seconds = int.from_bytes(hashlib.sha256(repository.encode()).digest()[:4], "big") % (200 * _DAY_SECONDS)
    return (_FIRST + dt.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@functools.lru_cache(maxsize=4096)
def shelf(repository: str) -> Mapping[str, Document]:
    """All documents of a repository, by their paths."""
    first = images.image(images.configuration(repository, created=created(repository)))
    if INDEX not in repository.split("/"):
        return images.shelf(repository, first.documents)
    other = images.image(images.configuration(repository, "arm64", created(repository)))
    both = images.index([first.manifest, other.manifest])
    return images.shelf(repository, [both, *first.documents, *other.documents])


def digest(repository: str) -> str:
    """What its tag points to."""
    return shelf(repository)[f"/v2/{repository}/manifests/1"].digest


def after(repository: str) -> float:
    """Seconds that each of its documents takes."""
    match = _AFTER.search(repository)
    return int(match[1]) / 1000 if match else 0.0


async def answer(exchange: Exchange) -> None:
    """See `tests.attack.registries.Handler`."""
    repository = exchange.request.repository
    if not repository:
        await exchange.answer(200, b"{}")
        return
    if seconds := after(repository):
        await asyncio.sleep(seconds)
    await exchange.document(shelf(repository).get(exchange.request.path))


async def main(certificate: str, key: str, *addresses: str) -> None:
    """Serve until ended."""
    plain = await Registry(answer).open()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    for address in addresses:
        await Registry(answer, context).open(address)
    print(plain.host, flush=True)  # noqa: T201 - that is how it tells
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
