"""The images that pages speak of, in a registry that can be reached."""

from __future__ import annotations

from tests.e2e.rig.registry import Registry, days_ago


def push(registry: Registry) -> dict[str, str]:
    """Push them, and say what stands in place of what."""
    for name in ("shop/web", "platform/web"):
        for tag in ("1.4", "1.5"):
            registry.push(name, days_ago(1), tag)
    registry.push("alpine", "2021-04-14T19:19:39Z", "3.10")
    registry.push("alpine", days_ago(1), "3.20")
    registry.push("chainguard/static", days_ago(1))
    return {
        "registry.example.com": registry.host,
        "registry.internal:5000": registry.host,
        "alpine:3.": f"{registry.host}/alpine:3.",
        "cgr.dev/": f"{registry.host}/",
    }
