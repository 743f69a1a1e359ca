"""The entries of a list, each fetched and verified by itself, side by side."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from provider.errors import ImageError
from provider.loop import gathered
from provider.registry.call import Call
from provider.registry.content.manifest import Descriptor
from provider.signatures.demands import Demands
from provider.signatures.listing import Listing
from provider.signatures.rejection import RejectionError
from provider.signatures.verdict import Verdict, listed, not_had, unreadable

EntryVerification: TypeAlias = Callable[[Descriptor, Call], Coroutine[Any, Any, Verdict | None]]
"""What becomes of one entry; None where it is not what is looked for."""


async def side_by_side(
    listing: Listing, form: str, demands: Demands, verify: EntryVerification, call: Call
) -> list[Verdict]:
    """What became of each entry, in the order of the list, and then of those that nobody could look at.

    One that cannot be read or had hides no good one beside it.

    Args:
        listing: the entries.
        form: what verdicts call their form.
        demands: what they are measured by.
        verify: verifies one; may raise `RejectionError` where it cannot be read, and `ImageError` where it cannot be
            had.
        call: the work that this belongs to.
    """

    async def one(entry: Descriptor, strand: Call) -> Verdict | None:
        try:
            return await verify(entry, strand)
        except RejectionError as error:
            return unreadable(form, str(error), demands)
        except ImageError as error:
            return not_had(form, entry.digest, error, demands)

    strands = [call.fork() for _ in listing.entries]
    works = [one(entry, strand) for entry, strand in zip(listing.entries, strands, strict=True)]
    found = [await works[0]] if len(works) == 1 else await gathered(works)
    call.join(strands)
    return [*(verdict for verdict in found if verdict is not None), *listed(listing, form, demands)]
