#!/usr/bin/env python3
"""Writes what stands in policies/ and gatekeeper/rego/ and is made from other files.

usage: scripts/policies.py [--check]

In policies/ these are templates, Constraints, translations, and the tables of parameters in README.md; in
gatekeeper/rego/ the modules that are tables of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from gatekeeper.evaluation import opa
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.own.policy import OwnPolicy
from gatekeeper.policy import load_policies
from gatekeeper.translation.rendering import render
from gatekeeper.translation.translate import objects, translate
from scripts import proven_age, rego_tables, signed_images

ROOT: Final = Path(__file__).parents[1]
POLICIES: Final = ROOT / "policies"
HEADER: Final = "# Written by scripts/policies.py (`make generate`): do not edit.\n"
BEGIN: Final = "<!-- parameters: written by scripts/policies.py -->"
END: Final = "<!-- end of parameters -->"


def own_policies() -> dict[Path, OwnPolicy]:
    """Our own policies by their folder, with the settings to start from."""
    signed = POLICIES / "signed-images"
    cases = yaml.safe_load((signed / "cases.yaml").read_text(encoding="utf-8"))
    return {
        POLICIES / "maximum-image-age": MaximumImageAge(),
        POLICIES / "image-cooldown": MaximumImageAge(
            "", cooldown=Cooldown("7d", "created"), reschedule="deny", name="image-cooldown"
        ),
        POLICIES / "proven-age": proven_age.settings(),
        signed: signed_images.settings(cases["parameters"]),
    }


def translated(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """What the folder's ClusterImagePolicy becomes: a template, and its Constraints."""
    return objects(translate(load_policies([folder / "cip.yaml"]).policies, parser=opa.find()))


def files() -> dict[Path, str]:
    """Every file that is made from others, with its text."""
    made: dict[Path, str] = {}
    for folder, policy in own_policies().items():
        readme = folder / "README.md"
        made[folder / "template.yaml"] = _yaml([policy.KIND.template()])
        made[folder / "constraint.yaml"] = _yaml(policy.constraints())
        made[readme] = with_parameters(readme.read_text(encoding="utf-8"), policy.KIND.schema()["properties"])
    for cip in sorted(POLICIES.glob("*/cip.yaml")):
        made |= _translation(cip.parent)
    return made


def _translation(folder: Path) -> dict[Path, str]:
    made = translated(folder)
    templates = [each for each in made if each["kind"] == "ConstraintTemplate"]
    constraints = [each for each in made if each["kind"] != "ConstraintTemplate"]
    return {
        folder / "translated" / "template.yaml": _yaml(templates),
        folder / "translated" / "constraint.yaml": _yaml(constraints),
    }


def _yaml(documents: Iterable[Mapping[str, Any]]) -> str:
    return HEADER + render(documents)


def with_parameters(text: str, properties: Mapping[str, Any]) -> str:
    """A page with its table of parameters written anew, from their schema."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [f"| `{name}` | {schema['description']} |" for name, schema in properties.items()]
    return f"{before}{BEGIN}\n" + "\n".join(["| Parameter | Meaning |", "|---|---|", *rows]) + f"\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say which differ.

    Returns:
        0; 1 if --check found a difference.
    """
    check = "--check" in arguments
    # The templates carry the modules, so those come first.
    differing = [*_settle(rego_tables.files(), check=check), *_settle(files(), check=check)]
    for path in differing if check else ():
        sys.stderr.write(f"{path.relative_to(ROOT)} is not as scripts/policies.py writes it: run it\n")
    return 1 if check and differing else 0


def _settle(wanted: Mapping[Path, str], *, check: bool) -> list[Path]:
    """The files that differ, written anew unless they are only checked."""
    differing = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in () if check else differing:
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    return differing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
