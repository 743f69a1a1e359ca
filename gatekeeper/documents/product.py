"""What objects of this product are called in every cluster: names of its Providers, and the labels that it gives."""

from __future__ import annotations

from typing import Final

NAME: Final = "bestbefore"
# Of labels and annotations of our own.
PREFIX: Final = "bestbefore.dev/"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
PART_OF: Final = "app.kubernetes.io/part-of"

# The Pods of the provider, and the Deployments of the controller, as the chart labels both.
PROVIDER_LABELS: Final = f"{PART_OF}={NAME},app.kubernetes.io/component=provider"
CONTROLLER_LABELS: Final = f"{PART_OF}={NAME},app.kubernetes.io/component=controller"

# The Providers by which templates, audit and mutators ask, each with the path of its URL.
ADMISSION: Final = NAME
AUDIT: Final = f"{NAME}-audit"
MUTATION: Final = f"{NAME}-mutate"
PATHS: Final = {ADMISSION: "/validate", AUDIT: "/audit", MUTATION: "/mutate"}

# The SyncSet by which Gatekeeper keeps copies of Waivers; the controller writes it.
SYNC_SET: Final = f"{NAME}-waivers"
