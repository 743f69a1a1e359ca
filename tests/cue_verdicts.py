"""What our compiler and the real CUE say of pairs of a policy and a document."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.cue.compilation import rego_of
from gatekeeper.cue.refusal import CueError
from tests.programs import ROOT, program

LIBRARY = ROOT / "gatekeeper" / "rego" / "cue.rego"
REFUSED = "refused"
PASSED = "passed"
FAILED = "failed"
CRASHED = "crashed"


@dataclass(frozen=True)
class Verdict:
    """What is said of a pair: refused, passed or failed, and in which words."""

    outcome: str
    text: str = ""


Pair = tuple[str, Any]


def ours(pairs: Sequence[Pair]) -> list[Verdict]:
    """What the compiled policies say, in one run of the real opa."""
    packages = {policy: f"policy_{number}" for number, policy in enumerate(dict.fromkeys(each for each, _ in pairs))}
    texts: dict[str, str | CueError] = {policy: _compiled(policy, name) for policy, name in packages.items()}
    asked = {number: pair for number, pair in enumerate(pairs) if isinstance(texts[pair[0]], str)}
    found = _evaluated(asked, packages, texts) if asked else {}
    verdicts = []
    for number, (policy, _) in enumerate(pairs):
        text = texts[policy]
        if isinstance(text, CueError):
            verdicts.append(Verdict(REFUSED, text.sentence))
        elif found.get(str(number)) is True:
            verdicts.append(Verdict(PASSED))
        else:
            verdicts.append(Verdict(FAILED, found[str(number)]["cue"]))
    return verdicts


def theirs(pairs: Sequence[Pair]) -> list[Verdict]:
    """What the real CUE says; a policy that it does not compile fails with every document."""
    verdicts: list[Verdict] = []
    while len(verdicts) < len(pairs):
        verdicts += _judged(pairs[len(verdicts) :])
        if len(verdicts) < len(pairs):
            verdicts.append(Verdict(CRASHED))
    return verdicts


def _judged(pairs: Sequence[Pair]) -> list[Verdict]:
    """Up to the first pair that it does not survive: some texts exhaust its stack."""
    lines = [json.dumps({"policy": policy, "document": json.dumps(document)}) + "\n" for policy, document in pairs]
    done = subprocess.run(
        [program("cue-judge")], input="".join(lines), capture_output=True, text=True, check=False, timeout=600
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return [Verdict(FAILED, each["error"]) if each["stage"] else Verdict(PASSED) for each in said]


def _compiled(policy: str, package: str) -> str | CueError:
    try:
        return rego_of(policy, package)
    except CueError as error:
        return error


def _evaluated(asked: dict[int, Pair], packages: dict[str, str], texts: dict[str, str | CueError]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for policy, package in packages.items():
            text = texts[policy]
            if isinstance(text, str):
                (folder / f"{package}.rego").write_text(text, encoding="utf-8")
        rules = [
            f'said["{number}"] := value if {{ value := data.{packages[policy]}.isCompliant '
            f'with input as data.documents["{number}"] }}\n'
            for number, (policy, _) in asked.items()
        ]
        (folder / "main.rego").write_text("package main\n\nimport future.keywords\n\n" + "\n".join(rules))
        documents = {"documents": {str(number): document for number, (_, document) in asked.items()}}
        (folder / "documents.json").write_text(json.dumps(documents))
        command = [program("opa"), "eval", "--v0-compatible", "--format=json", "--data", LIBRARY, "--data", folder]
        done = subprocess.run([*command, "data.main.said"], capture_output=True, text=True, check=False, timeout=600)
    answer = json.loads(done.stdout)
    assert "errors" not in answer, answer["errors"]
    value = answer["result"][0]["expressions"][0]["value"]
    assert isinstance(value, dict)
    return value
