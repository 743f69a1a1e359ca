"""Every check of `bestbefore doctor`: what it asks, why, what to do."""

from __future__ import annotations

from typing import Final

from gatekeeper.doctor.checks import PAGES, Check
from gatekeeper.doctor.rights import RIGHTS
from scripts.reference import markdown

_INTRODUCTION: Final = """\
`bestbefore doctor` reads a cluster and says what is not as it should be. It changes nothing. Each finding names one of
the checks below, the object, what is and what should be, and what to do. `helm test` runs it in the cluster.

```console
$ bestbefore doctor --context staging
$ bestbefore doctor --image ghcr.io/acme/shop:1.4 --output json
```

- An *error* is a hole or an outage now: something is admitted unchecked, or denied that should not be.
- A *warning* becomes one, or hides what happens. What could not be read is a warning, too: "not judged", never silence.
- An *info* needs no hand. What can be seen only from inside the cluster is one, when you run it outside.

Exit code: 0 nothing to fix; 1 errors or warnings; 2 an option or a kubeconfig that cannot be used; 3 nothing could be
read.

`bestbefore control` makes the same checks every ten minutes (setting `doctor`), except those of registries and of
files: `bestbefore_doctor_findings{check, severity}`.

## What it may read

It needs these rights, all of them to read. `helm test` and `bestbefore control` have them.

"""

_REACH: Final = """
The version of the API server is open to every account (`system:public-info-viewer`).

In the cluster's network it opens connections to the addresses of the Providers (port 8443: which certificate is served;
it asks nothing) and to the plain port of the provider's Pods (8888: `/metrics`). What a NetworkPolicy does not let
through is not judged.

## The checks
"""


def page() -> str:
    """The page, as Markdown."""
    rights = markdown.table(
        ["Where", "Group", "Resources", "Verbs", "For"],
        [(each.where, each.group or "core", ", ".join(each.resources), "list", each.reason) for each in RIGHTS],
    )
    return (
        markdown.head("Doctor", "gatekeeper/doctor/checks.py", _INTRODUCTION)
        + rights
        + _REACH
        + "".join(map(_section, Check))
    )


def _section(check: Check) -> str:
    found = PAGES[check]
    return f"\n### {check}\n\n**{found.title}** {found.matters}\n\n- **What to do**: {found.remedy}\n"
