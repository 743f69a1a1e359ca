"""The OpenAPI schema of Waivers in a Constraint's parameters."""

from __future__ import annotations

from typing import Any, Final

from gatekeeper.waivers import limits

# As in `lib.bestbefore.waivers`.
_REPOSITORY: Final = r"[a-z0-9._-]+(:[0-9]{1,5})?(/[a-z0-9._-]+)+"
_GLOB: Final = r"[a-z0-9._*-]+(:[0-9]{1,5})?(/[a-z0-9._*-]+)+"
IMAGE: Final = rf"^(\*\*|{_GLOB}|{_REPOSITORY}@sha256:[0-9a-f]{{64}})$"
TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"


def waivers_schema() -> dict[str, Any]:
    """The schema of the parameter `waivers`."""
    return {
        "description": "Whether Waivers may let pass for a time what this policy denies.",
        "type": "object",
        "properties": {
            "allowed": {"description": "Whether they may; no by default.", "type": "boolean"},
            "maxDays": {
                "description": f"For how many days one may hold at most, from when it was created; {limits.DAYS} by "
                "default.",
                "type": "integer",
                "minimum": 1,
                "maximum": limits.MOST_DAYS,
            },
            "entries": {
                "description": "Waivers from files, for clusters where templates do not read the objects. Written by "
                "`bestbefore translate --waiver`.",
                "type": "array",
                "items": _entry(),
            },
        },
    }


def _entry() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", "from", "policies", "namespaces", "images", "until", "reason", "owner"],
        "properties": {
            "name": _text("Its name."),
            "from": {**_text("When it begins, RFC 3339."), "pattern": TIME},
            "until": {**_text("When it ends, RFC 3339."), "pattern": TIME},
            "policies": _list("Policies by their names; `*` only with `breakGlass`.", limits.POLICIES),
            "namespaces": _list("Namespaces by their names.", limits.NAMESPACES),
            "images": _list(
                "Globs of repositories with their registry, or one repository with a digest.", limits.IMAGES, IMAGE
            ),
            "reason": {**_text("Why."), "minLength": limits.REASON_CHARACTERS},
            "owner": {**_text("Whom to ask."), "minLength": 1},
            "ticket": _text("Where more is written; required with `breakGlass`."),
            "breakGlass": {"description": "Whether it is for an emergency: a day at most.", "type": "boolean"},
        },
    }


def _list(description: str, most: int, pattern: str = "") -> dict[str, Any]:
    item: dict[str, Any] = {"type": "string", "minLength": 1}
    if pattern:
        item["pattern"] = pattern
    return {"description": description, "type": "array", "minItems": 1, "maxItems": most, "items": item}


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "type": "string"}
