"""The Dockerfile against the files that it is built from. That the image runs is shown by scripts/image.sh."""

from __future__ import annotations

import re
from pathlib import Path

from gatekeeper.evaluation import opa
from provider.version import VERSION

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ADMITTED = {
    line.removeprefix("!")
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line.startswith("!")
}


def copied() -> list[str]:
    """What the stages take from the checkout."""
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return [source.rstrip("/") for sources in copies for source in sources.split()]


def test_everything_copied_is_there_and_gets_into_the_build() -> None:
    for source in copied():
        assert (ROOT / source).exists(), source
        assert source in ADMITTED or any(entry.startswith(f"{source}/") for entry in ADMITTED), source


def test_image_has_the_version_of_the_program() -> None:
    assert f"ARG VERSION={VERSION}\n" in DOCKERFILE


def test_image_has_the_opa_that_verdicts_are_made_with() -> None:
    module = (ROOT / "tools" / "opa" / "go.mod").read_text(encoding="utf-8")
    assert f"github.com/open-policy-agent/opa v{opa.VERSION}" in module


def test_image_runs_as_a_number_so_that_the_kubelet_can_tell_it_is_not_root() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["65532:65532"]


def test_base_images_are_named_by_arguments_with_whole_versions() -> None:
    bases = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", DOCKERFILE, re.MULTILINE))
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE))
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - stages == {
        "scratch",
        *(f"${{{name}}}" for name in bases),
    }
    for base in bases.values():
        assert re.search(r":\d+\.\d+(\.\d+)?-", base), base


def test_nothing_runs_in_the_last_stage_for_it_has_no_shell() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert last.startswith("scratch\n")
    assert "\nRUN " not in last


def test_image_says_what_it_is() -> None:
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", DOCKERFILE))
    assert labels >= {"title", "description", "licenses", "version", "revision", "created"}
