"""`Link` headers: where the next page of a list is (RFC 8288; OCI distribution specification, "Listing Referrers")."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from provider.registry import origin
from provider.registry.origin import Origin

_NEXT: Final = re.compile(r'<([^<>\s]{1,2048})>\s*;\s*rel="?next"?(?:\s*;.*)?', re.ASCII)


def following(header: str, where: Origin, path: str) -> str:
    """Path and query of the next page; empty when there is none.

    Args:
        header: as it came; empty without one.
        where: the registry.
        path: of the list, which all its pages have.

    Raises:
        ValueError: the header cannot be read, or leads away from the list.
    """
    if not header:
        return ""
    found = _NEXT.fullmatch(header.strip())
    if not found:
        raise ValueError("its Link header is no link to a next page")
    url = urljoin(f"{where}{path}", found[1])
    target = urlsplit(url)
    # Some write the digest's colon as %3A.
    if origin.of_url(url) != where or unquote(target.path) != path:
        raise ValueError("its next page leads elsewhere")
    query: str = target.query
    return f"{path}?{query}" if query else path
