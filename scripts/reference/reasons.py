"""Every reason code: what `bestbefore explain` says."""

from __future__ import annotations

from typing import Final

from provider.reasons import EXPLANATIONS, Lifetime, Reason
from scripts.reference import markdown

_INTRODUCTION: Final = """\
A reason code stands in denials, in the provider's log and in its metrics, spelt alike everywhere. `bestbefore explain
REASON` prints what is here. How long a reason lasts says who may remember it:

| Lasts | Means |
| --- | --- |
| durable | it stays so until the image, the key or the settings change: Gatekeeper may cache it |
| passing | it may be different in ten seconds: never cached, and a retry is worth it |
| verdict | decided by a policy's Rego from the facts; the provider never sends it |
"""


def page() -> str:
    """The page, as Markdown."""
    parts = [markdown.head("Reasons", "provider/reasons.py", _INTRODUCTION)]
    for lifetime in Lifetime:
        parts.append(f"\n## {lifetime.capitalize()}\n")
        parts.extend(_section(reason) for reason in Reason if EXPLANATIONS[reason].lifetime is lifetime)
    return "".join(parts)


def _section(reason: Reason) -> str:
    found = EXPLANATIONS[reason]
    return (
        f"\n### {reason}\n\n{found.cause}\n\n- **What to do**: {found.remedy}\n- **Who can mend it**: {found.fault}\n"
    )
