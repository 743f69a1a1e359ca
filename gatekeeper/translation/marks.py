"""Annotations by which our objects are known, and the label by which namespaces ask for policies."""

from __future__ import annotations

from typing import Final

from gatekeeper.documents.product import PREFIX

POLICY: Final = PREFIX + "cluster-image-policy"
TRANSLATOR_VERSION: Final = PREFIX + "translator-version"
POLICY_DIGEST: Final = PREFIX + "policy-digest"
# On a Constraint that is `dryrun` because it is in the shadow: what it would do, `deny` or `warn`.
SHADOW_OF: Final = PREFIX + "shadow-of"

# Where policies apply: namespaces that opted in, as with policy-controller.
NAMESPACE_LABEL: Final = "policy.sigstore.dev/include"
