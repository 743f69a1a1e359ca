"""Sigstore's public good instance: by its TUF repository where there is a network, else as it was shipped to us."""

from __future__ import annotations

import datetime as dt

from gatekeeper.trust.specification import Repository, TufMirror
from provider.signatures.trust import public_good
from provider.signatures.trust.trust_root import TrustRoot


def mirror() -> TufMirror:
    """Its repository; trust begins at the root that the installed release of sigstore's client ships."""
    return TufMirror(public_good.URL, Repository(public_good.first_root()))


def newest(root: TrustRoot) -> dt.datetime:
    """Of when the newest member of a root is: what says how old a root without a date is."""
    authorities = (*root.authorities, *root.timestamp_authorities)
    spans = [one.validity for one in authorities] + [one.validity for one in (*root.logs, *root.ct_logs)]
    return max(span.start for span in spans if span.start)
