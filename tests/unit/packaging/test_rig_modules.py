"""The Go modules of the rig's programs: what two of them share is compiled once, if it has one version."""

from __future__ import annotations

import re

from tests.programs import ROOT

# What takes minutes to compile, or what that needs: a change of one of these compiles all above it twice.
_DEAR = re.compile(
    r"k8s[.]io/|sigs[.]k8s[.]io/structured|golang[.]org/x/(net|sys|text|crypto|term)|"
    r"google[.]golang[.]org/(grpc|protobuf)|github[.]com/go-(logr|openapi)/"
)
_REQUIRED = re.compile(r"^\t?(?:require )?([\w.-]+[.]\S+) (v\S+)", re.MULTILINE)
_REPLACED = re.compile(r"^replace (\S+) (?:v\S+ )?=> \S+ (v\S+)", re.MULTILINE)


def _versions(module: str) -> dict[str, str]:
    text = (ROOT / "tests" / "e2e" / module / "go.mod").read_text("utf-8")
    return {**dict(_REQUIRED.findall(text)), **dict(_REPLACED.findall(text))}


def test_what_takes_minutes_to_compile_has_one_version_in_both_modules() -> None:
    """Else a new machine takes five minutes longer to build the rig, without a word."""
    cluster, sigstore = _versions("tools"), _versions("tools-sigstore")
    both = {name for name in cluster.keys() & sigstore.keys() if _DEAR.match(name)}
    assert {"k8s.io/client-go", "k8s.io/api", "golang.org/x/net", "google.golang.org/protobuf"} <= both
    assert {name: cluster[name] for name in both} == {name: sigstore[name] for name in both}
