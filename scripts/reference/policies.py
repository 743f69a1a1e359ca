"""Each field of a ClusterImagePolicy: carried over, without effect, or refused."""

from __future__ import annotations

from typing import Final

from gatekeeper.policy.support import HINTS, REFUSED, TRANSLATED, WITHOUT_EFFECT
from scripts.reference import markdown

_INTRODUCTION: Final = """\
`policy.sigstore.dev/v1alpha1` and `v1beta1`. `[]` stands for any member of a list. A field that is refused stops the
translation of its policy, with its path and the reason; no field is dropped. Unknown fields are refused, too.
"""
_READ: Final = """
A rule with `fetchConfigFile` is given the configuration of every platform, but most rules read one field of it. So
`translate` asks opa for the rule's syntax tree, proves which fields the rule reads, and writes them into the template
(`_config := [["created"]]`). The provider is asked for these fields alone: its answer takes 600 bytes and not 10 KB,
policies that read the same fields share it, and a label of 600 KiB does no harm to a rule that reads `created`.

| The rule says | The template asks for |
| --- | --- |
| `input.config[_].created`, `input.config[platform]["created"]` | `[["created"]]` |
| `some c in input.config; c.created; c.config.User` | `[["config", "User"], ["created"]]` |
| `c := input.config[_]; c.config.Labels["team"]` | `[["config", "Labels", "team"]]` |
| `input.config[_].config.Labels[name]`: any label | `[["config", "Labels"]]` |
| `input.config[_].history[0].created`: a member of a list | `[["history"]]` |
| `is_old(input.config[_])`, and `is_old(c) { c.created … }` in the same rule | `[["created"]]` |
| `count(input.config)`, `c == other`, `c[field]`, `walk(input)`, `with input as …`, anything else | `true`: all of it |

`translate` asks for all of it also where a rule reads more than 32 fields or 1 KiB of names, and with `--uncompiled`.
The verdict is the same either way. Who changes the rule in a template by hand has to set `_config` to `true`.
"""
_TRUST_ROOT: Final = """
Objects of kind `TrustRoot` may stand beside policies, in every form: `sigstoreKeys`, `trustedRootJSON`, and TUF
repositories, in the object (`repository`) or at a URL (`remote`). `check` and `verify` use them; `translate` and `test`
say what is wrong with them, and ask no mirror; `trust` shows whom each believes. The provider reads `sigstoreKeys`
itself; of the others `trust --output-dir` writes the file for its setting `trust_root`, or the controller hands them
over ([trust roots in the cluster](../how-to/trust-roots.md)). One that cannot be used is
passed over with its path and the reason, and a bad member of `sigstoreKeys` alone.
"""
# Put in place before translation; refused only where nobody did.
_RULE: Final = "spec.authorities[].attestations[].policy"
_RESOLVED: Final = frozenset(
    {
        "spec.policy.configMapRef",
        "spec.policy.remote",
        "spec.authorities[].key.secretRef",
        f"{_RULE}.configMapRef",
        f"{_RULE}.remote",
    }
)
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
            f"\n## What a rule reads of the configuration\n{_READ}",
            f"\n## Refused\n\n{refused}",
            f"\n## TrustRoot\n{_TRUST_ROOT}",
            f"\n## Without effect\n\n{without}: on no verdict, in policy-controller as here.\n",
        ]
    )


def _why(path: str) -> str:
    return f"{REFUSED[path]}; {HINTS[path]}." if path in HINTS else f"{REFUSED[path]}."


_NOTES: Final = {
    "spec.authorities[].attestations[].policy.data": "Word for word, except the package line and references to that "
    "package. The provider is asked for the fields of the statement that it reads.",
    "spec.authorities[].attestations[].policy.type": "`rego`, or `cue`, which is [compiled to Rego](cue.md).",
    "spec.policy.configMapRef": "From files that `--config-map` names, when the policy is translated.",
    "spec.authorities[].key.secretRef": "From a Secret in the policies' files, or in files that `--secret` names, when "
    "the policy is translated.",
    "spec.policy.remote": "Fetched over https when the policy is translated; its SHA-256 is checked.",
    "spec.authorities[].signatureFormat": "Empty and `legacy`: the tag `sha256-….sig`, and where there "
    "is none, cosign's referrers; `bundle`: sigstore bundles.",
    "spec.mode": "`enforce` denies, `warn` warns: the Constraint's `enforcementAction`.",
    "spec.policy.type": "`rego`, or `cue`, which is [compiled to Rego](cue.md).",
    "spec.policy.data": "Word for word, except the package line and references to that package.",
    "spec.policy.fetchConfigFile": "`input.config`, by platform, as policy-controller has it; only [what the "
    "rule reads](#what-a-rule-reads-of-the-configuration) is asked for.",
    "spec.images[].glob": "Matched against the normalised reference, as policy-controller does.",
}
