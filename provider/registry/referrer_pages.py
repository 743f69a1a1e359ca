"""The list of what refers to a manifest, as a registry has it now: page by page, or under a tag.

OCI distribution specification, "Listing Referrers"; where there is no such interface, "Referrers Tag Schema".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.client import Page, RegistryClient
from provider.registry.content import artifact, digests
from provider.registry.content.artifact import DescriptorList
from provider.registry.reference import Reference

_OF_CONTENT: Final = frozenset({Reason.CONTENT_INVALID, Reason.LIMIT_EXCEEDED})


class ReferrerPages:
    """Asks for lists of referrers.

    Args:
        client: asks registries.
    """

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    async def all(self, reference: Reference, call: Call) -> DescriptorList:
        """The list of the interface; where there is none, or none that can be read, that under the tag.

        Raises:
            ImageError: no answer; `ContentInvalid`, `LimitExceeded`: it is no such list, or too long; `NotFound`: there
                is neither.
        """
        what = f"referrers of {reference.name}"
        try:
            listed = await self._of_interface(reference, what, call)
        except ImageError as error:
            if error.reason not in _OF_CONTENT and not error.unfit:
                raise
            try:
                return await self._of_tag(reference, what, call)
            except ImageError:
                # What is wrong with the list says more than that there is no other.
                raise error from None
        return await self._of_tag(reference, what, call) if listed is None else listed

    async def _of_interface(self, reference: Reference, what: str, call: Call) -> DescriptorList | None:
        """All pages; None from a registry without the interface."""
        page = await self._client.referrers(reference, call)
        listed = artifact.read_referrers(page.body, what) if page is not None else None
        if page is None or listed is None:
            return None
        entries, problems, size = [*listed.entries], [*listed.problems], len(page.body)
        for _ in range(limits.REFERRER_PAGES):
            if len(entries) + len(problems) > limits.REFERRERS:
                raise ImageError(Reason.LIMIT_EXCEEDED, f"{what}: there are more than {limits.REFERRERS}")
            if not page.next:
                return DescriptorList(entries, problems)
            page = await self._further(reference, page, call)
            size += len(page.body)
            if size > limits.REFERRERS_BYTES:
                sentence = f"{what}: their pages have more than {limits.REFERRERS_BYTES} bytes"
                raise ImageError(Reason.LIMIT_EXCEEDED, sentence)
            listed = _read(page, what)
            entries += listed.entries
            problems += listed.problems
        raise ImageError(Reason.LIMIT_EXCEEDED, f"{what}: they stand on more than {limits.REFERRER_PAGES} pages")

    async def _further(self, reference: Reference, before: Page, call: Call) -> Page:
        try:
            return await self._client.referrers_page(reference, call, before)
        except ImageError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
            # The list is there, and a part of it cannot be had: that is not the same as no list.
            raise ImageError(Reason.REGISTRY_UNAVAILABLE, error.message) from error

    async def _of_tag(self, reference: Reference, what: str, call: Call) -> DescriptorList:
        """The list under the tag that the specification names for registries without the interface."""
        tag = digests.tag(reference.identifier)
        document = await self._client.manifest(replace(reference, tag=tag, digest=None), call)
        return artifact.read_referrers(document.body, what) or DescriptorList(())


def _read(page: Page, what: str) -> DescriptorList:
    """A further page of a list; one that is none spoils not those before it."""
    try:
        listed = artifact.read_referrers(page.body, what)
    except ImageError as error:
        if error.reason is not Reason.CONTENT_INVALID:
            raise
        return DescriptorList((), (error.message,))
    return listed or DescriptorList((), (f"{what}: a further page is no list",))
