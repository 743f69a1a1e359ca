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

The cause says in one word what has to change before the workload may run. Metrics count by it:

| Cause | Means |
| --- | --- |
| `policy` | the policy does not allow the image, or cannot be used: use another image, or ask the policy's author |
| `image` | the image, or what it is called, is not as it should be |
| `registry` | the registry did not give what it was asked for: wait, or ask whoever runs it |
| `provider` | bestbefore could not look at the image: ask the cluster's administrator |
| `webhook` | Gatekeeper gave no answer, and the API server refuses then (failure policy Fail); no reason has it |
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
    # Links that are made of a reason as it stands, such as those of dashboards, cannot write it in lower case.
    return (
        f'\n<a id="{reason}"></a>\n\n### {reason}\n\n{found.meaning}\n\n'
        f"- **What to do**: {found.remedy}\n"
        f"- **Who can fix it**: {found.fault}\n- **Cause**: `{found.cause}`\n"
    )
