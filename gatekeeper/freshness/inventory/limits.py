"""What an inventory may not exceed, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

from provider.limits import KIB, MIB

# Pods and workloads of one inventory; what is beyond is counted and named.
PODS: Final = 50_000
WORKLOADS: Final = 20_000
# One pod template, as JSON.
TEMPLATE_BYTES: Final = 256 * KIB
# One file of an inventory: 10,000 Pods as kubectl prints them are 90 MB.
FILE_BYTES: Final = 256 * MIB
# Problems that are named one by one.
PROBLEMS: Final = 50
