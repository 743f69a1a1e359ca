"""How long an uninstallation waits, with its unit: in all less than Helm does for a hook. None of it is a setting."""

from __future__ import annotations

from typing import Final

# How long the controller's Pods may take to end: they have 30 seconds, and the kubelet needs some.
STOP_SECONDS: Final = 90.0
# How long the objects of one stage may take to go, and how often it is looked whether they are gone.
GONE_SECONDS: Final = 30.0
POLL_SECONDS: Final = 1.0
# How long an API server that does not answer is asked again what there is.
LOOK_SECONDS: Final = 10.0
# How long Gatekeeper's Pods may need to see that something is gone: a Constraint that one still has denies everything
# when its Provider goes.
SETTLE_SECONDS: Final = 2.0
# How many objects one sentence names.
NAMED: Final = 5
