"""What of the pages' commands cannot be run here, each with its reason; and which of them are to fail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Exemption:
    """Commands that are not run.

    Attributes:
        pattern: is searched in a command.
        reason: why.
        rig: whether the rig cannot run them either; what it can, `tests/e2e/test_docs.py` runs.
    """

    pattern: str
    reason: str
    rig: bool = True

    def covers(self, command: str) -> bool:
        """Whether the command is one of them."""
        return re.search(self.pattern, command) is not None


NOT_RUN: Final = (
    Exemption(r"^make (?!help)", "starts the tests, or takes minutes: CI runs each target by itself"),
    Exemption(r"^docker ", "there is no container engine; scripts/image.sh builds the image without one"),
    Exemption(r"^sudo scripts/image\.sh", "takes minutes and a machine with buildah; `make image` does the same"),
    Exemption(r"^(pip-audit|grype|trivy) ", "needs a database of vulnerabilities, which is elsewhere"),
    Exemption(r"^(syft|jq) ", "works on what a scanner found, and no scanner is here"),
    Exemption(r"^cosign sign ", "opens a browser to log in; the rig's own sigstore tests sign with it"),
    Exemption(r"^cosign attest ", "needs a predicate and a key: tests/e2e/test_ready_attestations.py has both"),
    Exemption(
        r"helm .*gatekeeper/gatekeeper ", "its repository is elsewhere; test_gatekeeper_values renders that chart"
    ),
    Exemption(
        r"^helm .*monitoring-values", "needs the Prometheus operator's definitions; tests/e2e/test_chart.py renders it"
    ),
    Exemption(
        r"resource-policy=keep", "is for a release whose certificate Helm made: tests/e2e/test_certificates.py has one"
    ),
    Exemption(
        r"delete secret bestbefore-tls",
        "the controller or Helm makes it anew: tests/e2e/test_certificates.py deletes it",
    ),
    Exemption(r"^helm test ", "there is no node, so no Pod runs"),
    Exemption(
        r"^bestbefore doctor\b", "needs a cluster, and finds something on the rig: tests/e2e/test_doctor.py runs it"
    ),
    Exemption(
        r"^bestbefore policies\b", "needs a cluster with its controller: tests/e2e/test_policy_status.py runs it"
    ),
    Exemption(
        r"--hosts-dir /etc/containerd",
        "is a folder of nodes: tests/integration/registry/test_mirrors.py has such a one",
    ),
    Exemption(r"^bestbefore suggest\b", "needs a registry that lists tags: tests/integration/test_suggest.py runs it"),
    Exemption(r"^bestbefore cache\b", "needs a store: tests/integration/store/test_cache_command.py runs it"),
    Exemption(
        r"^(bestbefore (report|simulate|diff)\b|git worktree )",
        "needs what a cluster runs, and two revisions of policies: tests/integration/overview runs them",
    ),
    Exemption(
        r"^kubectl (get policystatus built-by-us|describe trustroot|.* bestbefore-trust-roots)",
        "needs a TrustRoot and its mirror: tests/e2e/test_trust_roots.py has both",
    ),
    Exemption(
        r"^bestbefore mirror\b|trust-root\.yaml$",
        "needs a copy of a mirror, or the public good instance's: tests/unit/cli/test_mirror.py has both",
    ),
    Exemption(
        r"^bestbefore waivers\b|^kubectl get (waivers|syncsets)|--synced-waivers|waiver\.yaml|--waiver waivers/",
        "needs Waivers, in a cluster or in files: tests/e2e/test_waivers.py and tests/integration/test_waivers.py",
    ),
    Exemption(r"^bestbefore uninstall\b", "needs a cluster", rig=False),
    Exemption(
        r"^helm uninstall bestbefore (?!.*--no-hooks)",
        "its hook is a Job, and there is no node: tests/e2e/test_lifecycle.py runs what the Job does",
    ),
    Exemption(
        r"^kubectl wait .*policystatus/",
        "needs a cluster with its controller: tests/e2e/test_policy_status.py waits so",
    ),
    Exemption(
        r"^bestbefore denials --compare",
        "needs a cluster with its controller and its log: tests/e2e/test_shadow.py runs it",
    ),
    Exemption(
        r"^bestbefore denials (-n |\S+ --cluster)", "needs a cluster with that denial: tests/e2e runs it on others"
    ),
    Exemption(
        r"^bestbefore (denials \S+ gatekeeper\.log|replay )", "needs the log of that denial: tests/e2e/test_replay.py"
    ),
    Exemption(
        r"^kubectl .*\b(logs|exec|port-forward|rollout status)\b",
        "there is no node, so nothing runs and nothing gets ready",
    ),
    Exemption(
        r"^(kubectl get clusterimagepolicies|bestbefore translate policies\.yaml)",
        "needs the policies of a cluster",
        rig=False,
    ),
    Exemption(
        r"^helm (upgrade .*--set controller\.policies|(un)?install policy-controller )",
        "needs the releases of a cluster",
        rig=False,
    ),
    Exemption(r"^kubectl .*\| *(openssl|base64|bestbefore|xargs|grep)", "needs the answer of a cluster", rig=False),
)

# Commands that say no, as the page tells.
EXIT_CODES: Final = {
    "bestbefore check --policy policies/maximum-image-age/cip.yaml --image alpine:3.10": 1,
    "bestbefore check --policy policies/maximum-image-age/cip.yaml --image cgr.dev/chainguard/static --now +30d": 1,
    "bestbefore check --policy policy.yaml --image registry.example.com/shop/web:1.4 --now +30d": 1,
    "bestbefore check --policy policies/slsa-provenance/cip.yaml --image registry.example.com/shop/web:1.4": 1,
    "bestbefore check --policy policies/signed-images/cip.yaml --image registry.example.com/platform/web:1.5": 1,
    "bestbefore verify registry.example.com/platform/web:1.5 --policy policies/signed-images/cip.yaml": 1,
}
# The same of those that only a cluster refuses.
CLUSTER_EXIT_CODES: Final = {"kubectl -n shop run old --image=alpine:3.10 --dry-run=server": 1}
