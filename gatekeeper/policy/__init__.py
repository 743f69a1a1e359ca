"""sigstore ClusterImagePolicy: model, loading, validation.

    loaded = load_policies(["policies/"])      # raises PolicyError with every problem of every file
    for policy in loaded.policies: …           # gatekeeper.policy.model.ClusterImagePolicy

What this release cannot carry over is in `support.unsupported(policy)`.
"""

from gatekeeper.documents.document import Document, read_documents
from gatekeeper.documents.problems import DocumentError, PolicyError, Problem, Severity
from gatekeeper.policy.loading import LoadedPolicies, load_policies, policy_of, problems_of

__all__ = [
    "Document",
    "DocumentError",
    "LoadedPolicies",
    "PolicyError",
    "Problem",
    "Severity",
    "load_policies",
    "policy_of",
    "problems_of",
    "read_documents",
]
