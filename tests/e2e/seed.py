"""The policy of the story, in the spellings that tests need, and what a denial by it says."""

from __future__ import annotations

from typing import Final

import yaml

from tests.e2e.rig.kubernetes import Object

NAME: Final = "maximum-image-age-rego"
OWN_SENTENCE: Final = "Image exceeds maximum allowed age."
QUERY: Final = "policy is not compliant for query 'isCompliant = data.sigstore.isCompliant'"
SENTENCE: Final = f"{QUERY} with errors: {OWN_SENTENCE}"

_POLICY: Final = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: {name}
spec:
  images:
    - glob: "**"
  authorities:
    - static:
        action: pass
  mode: {mode}
  policy:
    fetchConfigFile: true{metadata}
    type: "rego"
    data: |
      package sigstore

      # A day in nanoseconds.
      day = 24 * 60 * 60 * 1000000000
      limit = {days} * day
{labels}
      isCompliant[answer] {{
        built := time.parse_rfc3339_ns(input.config[_].created)
        answer := {{
          "result": time.now_ns() < built + limit,
          "error": {sentence}
        }}
      }}
"""


def policy(
    name: str = NAME,
    *,
    days: int = 30,
    mode: str = "enforce",
    sentence: str = f'"{OWN_SENTENCE}"',
    metadata: bool = False,
) -> str:
    """A ClusterImagePolicy with that number of days.

    Args:
        name: its name.
        days: how old an image may be.
        mode: enforce or warn.
        sentence: the Rego text of its error.
        metadata: whether it looks at the object's labels too, so that an update of those is judged again.
    """
    more = "\n    includeObjectMeta: true" if metadata else ""
    labels = "      labels = input.metadata.labels\n" if metadata else ""
    return _POLICY.format(name=name, days=days, mode=mode, sentence=sentence, metadata=more, labels=labels)


def rule() -> Object:
    """The rule of the story alone, for policies that have more to ask."""
    document: Object = yaml.safe_load(policy())["spec"]["policy"]
    return document
