"""What nobody may exceed of what the controller reads and writes, with its unit. None of it is a setting."""

from __future__ import annotations

from typing import Final

# How often, seconds: time passes in the ledger; the state is kept; Gatekeeper's counters are read; audit's results are
# read; webhook configuration and namespaces are read; blocks are compared with their workloads; Events are written.
TICK_SECONDS: Final = 1.0
STATE_SECONDS: Final = 10.0
COVERAGE_SECONDS: Final = 15.0
AUDIT_SECONDS: Final = 60.0
CLUSTER_SECONDS: Final = 60.0
OWNERS_SECONDS: Final = 30.0
EVENTS_SECONDS: Final = 5.0
# How often Waivers are looked at, seconds.
WAIVERS_SECONDS: Final = 15.0
# How often doctor looks at the installation, seconds: some dozen requests, and one connection to the provider.
DOCTOR_SECONDS: Final = 600.0
# How old the last moment may be at which all TrustRoots were as new as they should be, seconds: a mirror that is away
# for some of its turns is no alarm.
TRUST_ROOT_SECONDS: Final = 6 * 3600.0
# ConstraintTemplates whose Constraints' status is read; of more, that there are more is said.
AUDIT_KINDS: Final = 1000
# Of these, how many that were read before are read again in one turn: each is a request.
AUDIT_LISTS: Final = 100
# How long threads may take to end, seconds.
STOP_SECONDS: Final = 4.0
# How often the same problem of a source is written into the log, seconds.
REPEAT_SECONDS: Final = 300.0
# How long after something unexpected what goes on begins again, seconds.
UNEXPECTED_SECONDS: Final = 5.0
# A step of the main loop is two calls; beyond that it hangs, seconds.
STUCK_SECONDS: Final = 120.0
# How long after a round of the forecast the next one begins, seconds, and how much longer it may be: where there are
# several clusters with one registry, they do not ask it together. Between rounds dates are compared with the clock as
# often as announcements are looked at.
FORECAST_SECONDS: Final = 600.0
FORECAST_JITTER_SECONDS: Final = 60
ANNOUNCEMENTS_SECONDS: Final = 5.0
# How far behind other work of a node the forecast stands, with the opa that it runs: 0 to 19.
FORECAST_NICE: Final = 10
# How far the forecast looks ahead, days.
HORIZON_DAYS: Final = 35
# How old what is known of what runs may be, seconds: a round of 10,000 Pods takes some minutes.
INVENTORY_SECONDS: Final = 3600.0
