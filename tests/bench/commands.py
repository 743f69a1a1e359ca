"""Commands from their start to their end."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import yaml

from gatekeeper.cue.compilation import rego_of
from gatekeeper.evaluation import capabilities, opa, program
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.program import Template
from gatekeeper.evaluation.review import Review
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import translate
from provider.questions.question import FactQuestion, key_of
from tests.bench.report import Section, Table
from tests.e2e import seed
from tests.e2e.rig.provider import command_line
from tests.programs import ROOT

_IMAGE: Final = "registry.test/app:1"
_ROUNDS: Final = 15
_POLICIES: Final = 500
_CUE_FORMS: Final = ROOT / "tests" / "integration" / "cue" / "forms.yaml"


def check() -> Section:
    """`check` of one image with recorded facts, in turn with the evaluation alone that it cannot do without."""
    with tempfile.TemporaryDirectory(prefix="bestbefore-bench-") as name:
        folder = Path(name)
        (folder / "cip.yaml").write_text(seed.policy())
        facts = write_facts(folder)
        checked = [*command_line(), "check", f"--policy={folder / 'cip.yaml'}", f"--facts={facts}"]
        checked += [f"--image={_IMAGE}"]
        evaluated = _evaluation(folder, facts)
        times = {"bestbefore check": [], "opa eval": [], "python": []}
        for _ in range(_ROUNDS):
            times["bestbefore check"].append(_milliseconds(checked))
            times["opa eval"].append(_milliseconds(evaluated))
            times["python"].append(_milliseconds([sys.executable, "-c", ""]))
    medians = {name: statistics.median(each) for name, each in times.items()}
    rows = {name: [medians[name], min(each)] for name, each in times.items()}
    rows["check beside opa eval"] = [
        medians["bestbefore check"] - medians["opa eval"],
        min(times["bestbefore check"]) - min(times["opa eval"]),
    ]
    table = Table("Check of one image with recorded facts: ms from start to end", ["p50", "shortest"], rows)
    return Section([table])


def translation() -> Section:
    """`translate` of a folder of policies, each with a rule of its own, compiled by opa and not."""
    with tempfile.TemporaryDirectory(prefix="bestbefore-bench-") as name:
        folder = Path(name) / "policies"
        folder.mkdir()
        for number in range(_POLICIES):
            (folder / f"{number}.yaml").write_text(seed.policy(f"policy-{number}", days=number + 1))
        words = [*command_line(), "translate", str(folder), f"--output-dir={name}/out"]
        seconds = _milliseconds(words) / 1000
        written = len(list((Path(name) / "out").iterdir()))
    rows = {"translate": [seconds, seconds * 1000 / _POLICIES, written]}
    table = Table(f"Translation of {_POLICIES} policies", ["seconds", "ms a policy", "files written"], rows)
    return Section([table, _cue()])


def _cue() -> Table:
    """CUE to Rego: the forms of published policies, each text once, in a process that has read all modules."""
    texts = [each["policy"] for each in yaml.safe_load(_CUE_FORMS.read_text(encoding="utf-8"))]
    rego_of(texts[0], "first")
    begun = time.perf_counter()
    for number, text in enumerate(texts):
        rego_of(text, f"policy_{number}")
    milliseconds = (time.perf_counter() - begun) * 1000
    rows = {"to Rego": [milliseconds, milliseconds / len(texts)]}
    return Table(f"Translation of {len(texts)} CUE policies", ["ms", "ms a policy"], rows)


def write_facts(folder: Path) -> Path:
    """Write recorded facts of one image of yesterday, as `check --facts` reads them; the file."""
    file = folder / "facts.json"
    file.write_text(json.dumps({"version": 1, "images": {_IMAGE: _fact()}}))
    return file


def _milliseconds(words: Sequence[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1000


def _fact() -> dict[str, object]:
    digest = f"sha256:{'0' * 64}"
    built = datetime.now(UTC) - timedelta(days=1)
    created = built.isoformat().replace("+00:00", "Z")
    date = {"created": created, "createdNs": str(int(built.timestamp()) * 10**9)}
    return {
        "image": _IMAGE,
        "digest": digest,
        "reference": f"registry.test/app@{digest}",
        **date,
        "platforms": {"linux/amd64": {"digest": digest, **date}},
        "config": {"linux/amd64": {"created": created, "os": "linux", "architecture": "amd64", "config": {}}},
    }


def _evaluation(folder: Path, recorded: Path) -> list[str]:
    """One call of opa over what `check` lays out for it: the policy's template, the object, the answer."""
    (made,) = translate(load_policies([str(folder / "cip.yaml")]).policies)
    facts = RecordedFacts.read(recorded).answers([key_of(FactQuestion(_IMAGE, config=True))])
    template = Template.of(made.template)
    review = Review(images=(_IMAGE,))
    cases = [
        {
            "template": template.package,
            "input": {"review": review.to_json(), "parameters": constraint["spec"]["parameters"]},
            "now": time.time_ns(),
            "book": 0,
        }
        for constraint in made.constraints
    ]
    laid = folder / "laid"
    laid.mkdir()
    program.write(laid, [template], cases, [facts], review.overridden())
    words = [str(opa.find().path), "eval", "--v0-compatible", "--capabilities", str(capabilities.DRIVER_PATH)]
    return [*words, "--format", "json", "--data", str(laid), "data.bestbefore_driver.violations"]
