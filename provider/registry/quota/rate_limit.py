"""How many requests a registry says are left, as its answers say it.

Four spellings are met: Docker Hub's `RateLimit-Remaining: 76;w=21600` (docs.docker.com, "Docker Hub usage and limits"),
which is that of older drafts of the IETF (draft-ietf-httpapi-ratelimit-headers-03, with `RateLimit-Reset`); one field
with all of it, `RateLimit: limit=100, remaining=76, reset=30` (the same, -07) or `RateLimit: "a";r=76;t=30` with
`RateLimit-Policy: "a";q=100;w=21600` (-10); and `X-RateLimit-Remaining` with `X-RateLimit-Reset` in seconds since 1970
(GitHub) or from now (others). Of several policies the one counts of which the fewest are left.

What cannot be read is as good as nothing: a number that nobody can rely on holds nobody back. Other fields of this
family (`Docker-RateLimit-Source` is an address or an account) are not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provider import limits

# More digits than anybody means are no number.
_NUMBER: Final = r"(\d{1,15})(?:\.0*)?"
_ITEM: Final = re.compile(rf"\s*{_NUMBER}\s*(?:;(.*))?", re.ASCII)
_PARAMETER: Final = re.compile(rf"\s*([a-z]+)\s*=\s*{_NUMBER}\s*", re.ASCII)
# A number beyond it is a moment, not seconds from now.
_MOMENT: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is left.

    Attributes:
        remaining: requests.
        limit: how many there are in a window; None where that is not said.
        seconds: until there are more, as far as that is said; None where it is not.
    """

    remaining: int
    limit: int | None = None
    seconds: float | None = None

    @property
    def low(self) -> bool:
        """Whether so few are left that admissions should have them."""
        if self.limit:
            return self.remaining < self.limit * limits.QUOTA_AUDIT_SHARE
        return self.remaining < limits.QUOTA_LOW_REQUESTS


def read(headers: Mapping[str, str], now: float) -> RateLimit | None:
    """What the headers of an answer say; None when they say nothing that can be used.

    Args:
        headers: by name in lower case; of a name that stands several times the values joined by commas.
        now: seconds since 1970.
    """
    # Most answers have none of it.
    if "ratelimit-remaining" in headers:
        return _of_fields(headers, "ratelimit-", now)
    if "x-ratelimit-remaining" in headers:
        return _of_fields(headers, "x-ratelimit-", now)
    if "ratelimit" in headers:
        return _of_one_field(_text(headers, "ratelimit"), _text(headers, "ratelimit-policy"))
    return None


def _of_fields(headers: Mapping[str, str], prefix: str, now: float) -> RateLimit | None:
    """Of `…-Remaining`, `…-Limit`, `…-Reset`; each may be a list, one member for each policy."""
    members = [found for part in _text(headers, f"{prefix}remaining").split(",") if (found := _ITEM.fullmatch(part))]
    if not members:
        return None
    fewest = min(members, key=lambda member: int(member[1]))
    window = _parameters(fewest[2] or "").get("w")
    of_limits = [found for part in _text(headers, f"{prefix}limit").split(",") if (found := _ITEM.fullmatch(part))]
    same = [one for one in of_limits if _parameters(one[2] or "").get("w") == window] or of_limits
    resets = _ITEM.fullmatch(_text(headers, f"{prefix}reset"))
    reset = int(resets[1]) if resets else None
    if reset is not None and reset >= _MOMENT:
        reset = max(0, int(reset - now))
    return _bounded(int(fewest[1]), int(same[0][1]) if same else None, window if reset is None else reset)


def _of_one_field(text: str, policy: str) -> RateLimit | None:
    """Of `RateLimit`, a dictionary or a list of policies, and `RateLimit-Policy`."""
    fields = _parameters(text, ",")
    if "remaining" in fields:
        return _bounded(fields["remaining"], fields.get("limit"), fields.get("reset"))
    left = {name: values for name, values in _policies(text) if "r" in values}
    if not left:
        return None
    name, values = min(left.items(), key=lambda item: item[1]["r"])
    of_policy = dict(_policies(policy)).get(name, {})
    return _bounded(values["r"], of_policy.get("q"), values.get("t", of_policy.get("w")))


def _text(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "")[: limits.QUOTA_CHARACTERS]


def _policies(text: str) -> Iterator[tuple[str, Mapping[str, int]]]:
    """The members of a list, `"name";q=100;w=60`, by their names."""
    for member in text.split(","):
        name, _, parameters = member.partition(";")
        yield name.strip(), _parameters(parameters)


def _parameters(text: str, between: str = ";") -> dict[str, int]:
    found = (_PARAMETER.fullmatch(part) for part in text.split(between))
    return {each[1]: int(each[2]) for each in found if each}


def _bounded(remaining: int, limit: int | None, seconds: int | None) -> RateLimit:
    most = limits.QUOTA_REQUESTS
    return RateLimit(
        min(remaining, most),
        None if limit is None else min(limit, most),
        None if seconds is None else float(min(seconds, limits.QUOTA_WINDOW_SECONDS)),
    )
