"""The OpenAPI schema of MaximumImageAge's parameters: the API server refuses what it can before a Pod meets it."""

from __future__ import annotations

from typing import Any, Final

DURATION: Final = "^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?$"
GLOB: Final = "^[A-Za-z0-9._:/@*-]+$"
SOURCES: Final = ("config",)


def age_schema() -> dict[str, Any]:
    """The schema, a description for each field; the defaults are those of `lib.bestbefore.parameters`."""
    return {
        "type": "object",
        "required": ["maxAge"],
        "properties": {
            "maxAge": {
                "description": "How old an image may be: days, hours and minutes, as `30d`, `720h` or `1d12h`.",
                "type": "string",
                "pattern": DURATION,
                "minLength": 2,
            },
            "images": {
                "description": "Which images are judged: one glob must match. All of them by default.",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["glob"],
                    "properties": {
                        "glob": _glob("Glob over the normalised reference; `*` stops at a slash, `**` does not."),
                    },
                },
            },
            "platforms": choice(
                ("all", "any"),
                "Of an image for several platforms, whether `all` must be young enough (the default) or `any` may.",
            ),
            "unknownAge": choice(
                ("deny", "warn", "allow"),
                "What happens to images without a date that can be believed: absent, unreadable, from before 2013 (as "
                "reproducible builds have it), or in the future by more than 5 minutes. `deny` by default.",
            ),
            "dates": {
                "description": "Which sources of a date count. So far there is one: `config`, the image configuration.",
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "enum": list(SOURCES)},
            },
            "reschedule": choice(
                ("deny", "warn", "allow"),
                "What happens to an old image in a Pod, Job or ReplicaSet that a built-in controller makes of a "
                "workload admitted before: a drained node, a crash, a scale-up. `warn` by default.",
            ),
            "grace": {
                "description": "How long after `maxAge` the parameter `reschedule` still counts; without it, for ever.",
                "type": "string",
                "pattern": DURATION,
            },
            "workloadsMatched": {
                "description": "That `spec.match` names every kind of workload. Without it `reschedule` has no effect, "
                "for nobody would have judged what controllers make. Written by the generator.",
                "type": "boolean",
            },
            "exemptions": {
                "description": "Images that may be older for a time.",
                "type": "array",
                "items": exemption(),
            },
            "reports": choice(
                ("all", "deny", "warn"),
                "Which verdicts this Constraint reports: those of a pair share them, a single one reports `all`. "
                "Written by the generator.",
            ),
        },
    }


def exemption() -> dict[str, Any]:
    """The schema of an image that is let be for a time."""
    return {
        "type": "object",
        "required": ["image", "until", "reason", "owner"],
        "properties": {
            "image": _glob("Glob over the image; end it with `*` to cover its tags and digests."),
            "namespace": {
                "description": "The namespace where it holds; every one if left out.",
                "type": "string",
            },
            "until": {
                "description": "When it ends: an RFC 3339 time, or a date, which counts to the day's end in UTC.",
                "type": "string",
            },
            "reason": {"description": "Why, for whoever reads it later.", "type": "string", "minLength": 1},
            "owner": {"description": "Whom to ask.", "type": "string", "minLength": 1},
        },
    }


def choice(choices: tuple[str, ...], description: str) -> dict[str, Any]:
    """The schema of a text from a closed list."""
    return {"description": description, "type": "string", "enum": list(choices)}


def _glob(description: str) -> dict[str, Any]:
    return {"description": description, "type": "string", "pattern": GLOB}
