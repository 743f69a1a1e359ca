"""Templates of one's own get the library that they import, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gatekeeper.own import maximum_image_age
from gatekeeper.translation.own_template import PUBLIC, problems, with_library

MAIN = "package own\n\nimport future.keywords\n\nimport data.lib.bestbefore.%s\n"


def template(rego: str, *, old: bool = False, libs: Any = None) -> dict[str, Any]:
    source = {"rego": rego} | ({} if libs is None else {"libs": libs})
    native = {"engine": "K8sNativeValidation", "source": {}}
    target = source if old else {"code": [native, {"engine": "Rego", "source": source}]}
    return {"spec": {"targets": [target]}}


def packages(made: dict[str, Any], *, old: bool = False) -> list[str]:
    target = made["spec"]["targets"][0]
    source = target if old else target["code"][1]["source"]
    texts = source.get("libs") or []
    return [next(line for line in text.splitlines() if line.startswith("package ")).split()[1] for text in texts]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("name", PUBLIC)
def test_library_comes_with_what_it_imports(name: str, old: bool) -> None:
    given = template(MAIN % name, old=old)
    before = copy.deepcopy(given)
    made = with_library(given)
    assert f"lib.bestbefore.{name}" in packages(made, old=old)
    assert list(problems(made)) == []
    assert given == before


def test_everything_that_is_imported_is_there() -> None:
    made = packages(with_library(template(MAIN % "images")))
    assert {"lib.bestbefore.images", "lib.bestbefore.workload", "lib.bestbefore.answers"} <= set(made)
    assert len(made) == len(set(made))


def test_libraries_of_its_own_stay_and_may_import_ours() -> None:
    own = "package lib.own\n\nimport data.lib.bestbefore.workload\n"
    made = packages(with_library(template("package own\n", libs=[own])))
    assert made[0] == "lib.own"
    assert "lib.bestbefore.workload" in made


@pytest.mark.parametrize("rego", ["package own\n", "package own\n# import data.lib.bestbefore.images\n"])
def test_template_that_imports_nothing_stays_as_it_is(rego: str) -> None:
    assert with_library(template(rego)) == template(rego)


def test_template_that_has_what_it_imports_stays_as_it_is() -> None:
    made = maximum_image_age.MaximumImageAge.KIND.template()
    assert with_library(made) == made
    assert list(problems(made)) == []


def test_library_that_is_not_for_others_is_refused() -> None:
    (found,) = problems(template(MAIN % "judgement"))
    assert (
        "there is no library data.lib.bestbefore.judgement for templates; there are data.lib.bestbefore.images"
        in str(found)
    )
