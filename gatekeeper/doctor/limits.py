"""From where on something is a finding, and what nobody may exceed while it is looked for. None of it is a setting."""

from __future__ import annotations

from typing import Final

# Versions that bestbefore is made for: Kubernetes, and Gatekeeper with the OPA in it. `major.minor`.
OLDEST_KUBERNETES: Final = (1, 30)
NEWEST_KUBERNETES: Final = (1, 36)
OLDEST_GATEKEEPER: Final = (3, 23)
NEWEST_GATEKEEPER: Final = (3, 23)

# Serving threads of Gatekeeper below which slow registries hold other admissions.
SERVING_THREADS: Final = 10
# For how long Gatekeeper may keep an answer, seconds: a tag that was moved is not seen before.
ANSWER_CACHE_SECONDS: Final = 900.0
# Seconds between audits; and writes of Constraints' statuses a minute that an API server should not be asked for.
AUDIT_SECONDS: Final = 3600.0
AUDIT_WRITES: Final = 300.0

# When a certificate, or a member of a trust root, is near its end, and when it is too near, seconds.
EXPIRY_SECONDS: Final = 14 * 86400.0
EXPIRY_ERROR_SECONDS: Final = 3 * 86400.0
# How far clocks may be apart. The time of an answer has whole seconds, so one of them says nothing.
CLOCK_SECONDS: Final = 5.0
CLOCK_ERROR_SECONDS: Final = 60.0

# Evaluation of one image by one Constraint, seconds; and how many images an object is taken to have.
EVALUATION_SECONDS: Final = 0.001
OBJECT_IMAGES: Final = 20

# One connection that is opened to look at what is served: until it stands, and until the next byte, seconds.
PROBE_SECONDS: Final = 3.0
# How long a server may take to say that it misses a client's certificate, seconds; then something is asked of it.
ALERT_SECONDS: Final = 0.5
# How much is repeated of what Gatekeeper has against a template, characters.
ERROR_CHARACTERS: Final = 500
# How long the provider may take to answer about the images that are named, seconds: the wait of audit, and some more.
ANSWER_SECONDS: Final = 15.0
# Pods of the provider whose page is read, and images that may be named.
PROVIDER_PODS: Final = 10
IMAGES: Final = 50
