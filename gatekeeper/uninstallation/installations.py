"""To which installation the Providers lead. Whoever has them has the policies: what asks them needs its provider.

A second release cannot have them, and is mostly one whose installation failed. Its end must not be that of the first.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.certificates import marks
from gatekeeper.cluster.api import Object
from gatekeeper.doctor.provider_object import ProviderObject


def other(providers: Sequence[Object], namespace: str) -> str:
    """The namespace of an installation that is not this one, if all Providers lead there; else nothing."""
    found = {namespace_of(each) for each in providers}
    (only, *more) = found or {""}
    return "" if more or only == namespace else only


def namespace_of(provider: Object) -> str:
    """Where the installation is: the controller writes it down, else the URL says it; empty where neither does."""
    home = marks.home(provider).partition("/")[0] if marks.is_ours(provider) else ""
    return home or ProviderObject.of(provider).namespace
