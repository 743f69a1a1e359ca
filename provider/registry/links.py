"""`Link` headers: where the next page of a list is (RFC 8288; OCI distribution specification, "Listing Referrers")."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from provider.registry import origin
from provider.registry.origin import Origin

# A link with its parameters (sections 3 and 3.3), one of those between commas.
_LINK: Final = re.compile(
    r"""\s*<([^<>\s]{1,2048})>((?:\s*;\s*[\w!#$%&'*+.^`|~-]+(?:\s*=\s*(?:"[^"]*"|[^\s",;]+))?)*)\s*(?:,|$)""", re.ASCII
)
_PARAMETER: Final = re.compile(r"""([^\s=;]+)\s*=\s*(?:"([^"]*)"|([^\s",;]+))""", re.ASCII)
_CHARACTERS: Final = 8192


def following(header: str, where: Origin, path: str) -> str:
    """Path and query of the next page; empty when there is none.

    Args:
        header: as it came; empty without one.
        where: the registry.
        path: of the list, which all its pages have.

    Raises:
        ValueError: the header cannot be read, has no next page, or leads away from the list.
    """
    if not header:
        return ""
    url = urljoin(f"{where}{path}", _next(header))
    target = urlsplit(url)
    # Some write the digest's colon as %3A.
    if origin.of_url(url) != where or unquote(target.path) != path:
        raise ValueError("its next page leads elsewhere")
    query: str = target.query
    return f"{path}?{query}" if query else path


def _next(header: str) -> str:
    """Where the first link leads that is one to a next page, whatever else stands beside it."""
    position = 0
    while position < len(header) <= _CHARACTERS and (link := _LINK.match(header, position)):
        relations = [quoted or bare for name, quoted, bare in _PARAMETER.findall(link[2]) if name.lower() == "rel"]
        if relations and "next" in relations[0].lower().split():
            return link[1]
        position = link.end()
    raise ValueError("its Link header is no link to a next page")
