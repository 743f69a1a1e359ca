"""The schemas of MaximumImageAge's own parameters."""

from __future__ import annotations

from typing import Any, Final

from gatekeeper.own import duration
from gatekeeper.own.age_schedule import schedule_schema
from gatekeeper.own.cooldown import cooldown_parameters
from gatekeeper.own.proven_time import proven_time_parameters
from gatekeeper.own.schema import choice, glob, globs

SOURCES: Final = ("config", "annotation", "provenance", "log")
# A namespace and the name of a service account; as in `lib.bestbefore.controllers`.
ACCOUNT: Final = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
# As in `lib.bestbefore.age_parameters`.
MOST_CONTROLLERS: Final = 50


def age_parameters() -> dict[str, Any]:
    """The schemas by name, a description for each; the defaults are those of `lib.bestbefore.age_parameters`."""
    return {
        "maxAge": {
            "description": "How old an image may be: days, hours and minutes, as `30d`, `720h` or `1d12h`. Left out, "
            "there is a cooldown alone (`minAge`).",
            "type": "string",
            "pattern": duration.PATTERN,
            "minLength": 2,
        },
        "schedule": schedule_schema(),
        **cooldown_parameters(),
        "images": globs("Which images are judged: one glob must match. All of them by default."),
        "platforms": choice(
            ("all", "any"),
            "Of an image for several platforms, whether `all` must be young enough (the default) or `any` may.",
        ),
        "unknownAge": choice(
            ("deny", "warn", "allow"),
            "What happens to images without a date that can be believed: absent, unreadable, from before 2013 (as "
            "reproducible builds have it), in the future by more than 5 minutes, or later than the image is proved to "
            "have existed; and to images of which a proof that `dates` asks for could not be looked at. `deny` by "
            "default.",
        ),
        "dates": {
            "description": "Which sources of a date count; of the dates that they give, the oldest does. `config` is "
            "the image configuration (the default), `annotation` is `org.opencontainers.image.created` of the "
            "manifest, which is looked at only where the configuration has no date that can be read, as that of an OCI "
            "artifact. `provenance` is when a trusted builder began to build it, `log` the earliest proved time at "
            "which it existed, which makes no image young and shows which ones are too old.",
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "enum": list(SOURCES)},
        },
        **proven_time_parameters(),
        "reschedule": choice(
            ("deny", "warn", "allow"),
            "What happens to an old image in a Pod, Job or ReplicaSet that a built-in controller makes of a "
            "workload (and those of `controllers`): a drained node, a crash, a scale-up. `warn` by default.",
        ),
        "grace": {
            "description": "How long after an image became too old the parameter `reschedule` still counts; without "
            "it, for ever.",
            "type": "string",
            "pattern": duration.PATTERN,
        },
        "controllers": {
            "description": "Service accounts of operators and other controllers, as `namespace/name`, never a pattern: "
            "the Pods, Jobs and ReplicaSets that they create follow `reschedule`, too. None by default.",
            "type": "array",
            "maxItems": MOST_CONTROLLERS,
            "items": {
                "description": "One service account, `namespace/name`.",
                "type": "string",
                "maxLength": 317,
                "pattern": ACCOUNT,
            },
        },
        "injected": {
            "description": "Images that a webhook puts into the Pods of controllers, as globs: they are judged in full "
            "there too, because they stood in no workload. None by default.",
            "type": "array",
            "items": glob("Glob over the normalised reference, `docker.io/istio/proxyv2*`."),
        },
        "workloadsMatched": {
            "description": "That `spec.match` names every kind of workload. Without it `reschedule` has no effect, "
            "because nobody would have judged what controllers make. Written by the generator.",
            "type": "boolean",
        },
    }
