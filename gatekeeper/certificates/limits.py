"""How long certificates last, and how often they are looked at, with the unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

from provider.limits import KIB

DAY_SECONDS: Final = 86400.0
# An authority is long-lived: whenever it changes, Gatekeeper has to learn of it first. It is renewed a year before its
# end, more than any certificate of it lasts.
AUTHORITY_DAYS: Final = 3650
AUTHORITY_RENEWAL_DAYS: Final = 365
# A certificate, how long before its end the next one is made, and how long before its end nobody is waited for any
# more. Alerts speak of 14 and of 3 days.
LEAF_DAYS: Final = 90
LEAF_RENEWAL_DAYS: Final = 30
LEAF_URGENT_DAYS: Final = 7
# Clocks differ: an authority, and what it certifies, is valid from so many seconds before it is made.
BACKDATE_SECONDS: Final = 3600
# Authorities that Gatekeeper is to trust at once: the present one, and those that some Pod may still show.
AUTHORITIES: Final = 8
# A text with certificates in it, of a Secret or a Provider.
TEXT_BYTES: Final = 256 * KIB

# How often all is looked at while nothing happens, and while a change is on the way, seconds.
REST_SECONDS: Final = 30.0
SOON_SECONDS: Final = 2.0
# How long Gatekeeper may say nothing of a Provider until that counts as trust, seconds: it takes one up at once, and
# its word about one that was deleted and made anew may never come. And how long a Pod that says that it is late is
# waited for while Pods of the provider cannot start.
SILENT_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 300.0
# Where a Secret is written by cert-manager, its authority may change without us.
FOREIGN_REST_SECONDS: Final = 10.0
# A look at what a Pod serves: to connect and to shake hands, seconds; and Pods that are looked at.
LOOK_SECONDS: Final = 3.0
PODS: Final = 200
