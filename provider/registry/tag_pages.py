"""The tags of a repository as a registry lists them now (OCI distribution specification, "Listing Tags").

For commands that a person runs: no answer to Gatekeeper needs a list of tags. They come in no order of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import reference as references
from provider.registry.call import Call
from provider.registry.client import Page, RegistryClient
from provider.registry.content import manifest
from provider.registry.reference import Reference


@dataclass(frozen=True)
class TagList:
    """The tags of a repository.

    Attributes:
        tags: each once, in the order in which they came.
        whole: whether these are all; else there are more than `limits` let us read.
        unreadable: how many of the list are no tags.
    """

    tags: Sequence[str]
    whole: bool = True
    unreadable: int = 0


class TagPages:
    """Asks for lists of tags.

    Args:
        client: asks registries.
    """

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    async def all(self, reference: Reference, call: Call) -> TagList:
        """The tags of the reference's repository, as many as `limits.LISTED_TAGS`.

        Raises:
            ImageError: no answer; `ContentInvalid`, `LimitExceeded`: it is no such list.
        """
        page = await self._client.tags(reference, call)
        found, odd = _read(page, reference)
        size, seen, whole = len(page.body), {page.next}, True
        for _ in range(limits.LISTED_TAG_PAGES - 1):
            if not page.next or len(found) >= limits.LISTED_TAGS or size > limits.LISTED_TAGS_BYTES:
                break
            page = await self._client.tags_page(reference, call, page)
            tags, more = _read(page, reference)
            found, odd, size = found | tags, odd + more, size + len(page.body)
            if page.next in seen:
                # A list that leads back to itself has no end.
                whole = False
                break
            seen.add(page.next)
        every = tuple(found)
        whole = whole and not page.next and len(every) <= limits.LISTED_TAGS
        return TagList(every[: limits.LISTED_TAGS], whole, odd)


def _read(page: Page, reference: Reference) -> tuple[dict[str, None], int]:
    """The tags of a page in their order, and how many of it are none."""
    what = f"tags of {reference.context}"
    listed = manifest.read_object(page.body, what).get("tags")
    if listed is None:
        return {}, 0
    if not isinstance(listed, list):
        raise ImageError(Reason.CONTENT_INVALID, f"{what}: `tags` is no list")
    tags = {tag: None for tag in listed if isinstance(tag, str) and references.is_tag(tag)}
    return tags, sum(1 for tag in listed if not (isinstance(tag, str) and references.is_tag(tag)))
