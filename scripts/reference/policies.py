"""Each field of a ClusterImagePolicy: carried over, without effect, or refused yet."""

from __future__ import annotations

from typing import Final

from gatekeeper.policy.support import HINTS, REFUSED, TRANSLATED, WITHOUT_EFFECT
from scripts.reference import markdown

_INTRODUCTION: Final = """\
`policy.sigstore.dev/v1alpha1` and `v1beta1`. `[]` stands for any member of a list. A field that is refused stops the
translation of its policy, with its path and the reason; no field is dropped. Unknown fields are refused, too.
"""
# Put in place before translation; refused only where nobody did.
_RESOLVED: Final = frozenset({"spec.policy.configMapRef", "spec.policy.remote", "spec.authorities[].key.secretRef"})
_CARRIED: Final = TRANSLATED | _RESOLVED


def page() -> str:
    """The page, as Markdown."""
    carried = markdown.table(("Field", ""), ((f"`{path}`", _NOTES.get(path, "")) for path in sorted(_CARRIED)))
    refused = markdown.table(
        ("Field", "Why"), ((f"`{path}`", _why(path)) for path in sorted(REFUSED.keys() - _RESOLVED))
    )
    without = ", ".join(f"`{path}`" for path in sorted(WITHOUT_EFFECT))
    return "".join(
        [
            markdown.head("ClusterImagePolicy", "gatekeeper/policy/support.py", _INTRODUCTION),
            f"\n## Carried over\n\n{carried}",
            f"\n## Refused yet\n\n{refused}",
            f"\n## Without effect\n\n{without}: on no verdict, in policy-controller as here.\n",
        ]
    )


def _why(path: str) -> str:
    return f"{REFUSED[path]}; {HINTS[path]}." if path in HINTS else f"{REFUSED[path]}."


_NOTES: Final = {
    "spec.policy.configMapRef": "From files that `--config-map` names, when the policy is translated.",
    "spec.authorities[].key.secretRef": "From files that `--secret` names, when the policy is translated.",
    "spec.policy.remote": "Fetched over https when the policy is translated; its SHA-256 is checked.",
    "spec.authorities[].signatureFormat": "Empty and `legacy`: the tag `sha256-….sig`; `bundle`: sigstore bundles.",
    "spec.mode": "`enforce` denies, `warn` warns: the Constraint's `enforcementAction`.",
    "spec.policy.type": "`rego`; `cue` is refused, with how to write the same in Rego.",
    "spec.policy.data": "Word for word, but for the package line and references to that package.",
    "spec.policy.fetchConfigFile": "`input.config`, by platform, as policy-controller has it.",
    "spec.images[].glob": "Matched against the normalised reference, as policy-controller does.",
}
