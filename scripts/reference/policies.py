"""Each field of a ClusterImagePolicy: carried over, without effect, or refused yet."""

from __future__ import annotations

from typing import Final

from gatekeeper.policy.support import REFUSED, TRANSLATED, WITHOUT_EFFECT
from scripts.reference import markdown

_INTRODUCTION: Final = """\
`policy.sigstore.dev/v1alpha1` and `v1beta1`. `[]` stands for any member of a list. A field that is refused stops the
translation of its policy, with its path and the reason; no field is dropped. Unknown fields are refused, too.
"""


def page() -> str:
    """The page, as Markdown."""
    carried = markdown.table(("Field", ""), ((f"`{path}`", _note(path)) for path in sorted(TRANSLATED)))
    refused = markdown.table(("Field", "Why"), ((f"`{path}`", f"{why}.") for path, why in sorted(REFUSED.items())))
    without = ", ".join(f"`{path}`" for path in sorted(WITHOUT_EFFECT))
    return "".join(
        [
            markdown.head("ClusterImagePolicy", "gatekeeper/policy/support.py", _INTRODUCTION),
            f"\n## Carried over\n\n{carried}",
            f"\n## Refused yet\n\n{refused}",
            f"\n## Without effect\n\n{without}: on no verdict, in policy-controller as here.\n",
        ]
    )


def _note(path: str) -> str:
    return _NOTES.get(path, "")


_NOTES: Final = {
    "spec.mode": "`enforce` denies, `warn` warns: the Constraint's `enforcementAction`.",
    "spec.policy.type": "`rego`; `cue` is refused, with how to write the same in Rego.",
    "spec.policy.data": "Word for word, but for the package line and references to that package.",
    "spec.policy.fetchConfigFile": "`input.config`, by platform, as policy-controller has it.",
    "spec.images[].glob": "Matched against the normalised reference, as policy-controller does.",
}
