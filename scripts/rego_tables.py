"""Writes the Rego modules that are tables of ours: the kinds of workloads, and what is known of each reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from gatekeeper.documents import workloads
from provider import limits
from provider.reasons import EXPLANATIONS, NO_ANSWER, Reason

FOLDER: Final = Path(__file__).parents[1] / "gatekeeper" / "rego"


def files() -> dict[Path, str]:
    """Every module that is made, with its text, in the format of `opa fmt`."""
    return {FOLDER / "kinds.rego": _kinds(), FOLDER / "limits.rego": _limits(), FOLDER / "reasons.rego": _reasons()}


def _kinds() -> str:
    head = _head("kinds", "Kinds", "The kinds of objects that bring Pods.", "gatekeeper/documents/workloads.py")
    kinds = workloads.KINDS
    return "\n".join(
        [
            head,
            _described("The fields that lead to the Pod's spec, by kind."),
            _object("pod_spec", {each.kind: _list(each.pod_spec) for each in kinds}),
            _described("The same of other kinds: each that holds containers."),
            _lists("other_pod_specs", [(*each, "spec") for each in workloads.TEMPLATES]),
            _described("The lists of a Pod's spec that hold containers, in the order in which they are judged."),
            f"container_lists := {_list(workloads.CONTAINER_LISTS)}\n",
            _described("The kinds of which built-in controllers make Pods, Jobs or ReplicaSets."),
            _set("makers", [each.kind for each in kinds if each.maker]),
            _described("The API group of each kind."),
            _object("groups", {each.kind: f'"{each.group}"' for each in kinds}),
            _described("The resources that `spec.match` of a ClusterImagePolicy may name, by kind."),
            _object("resources", {each.kind: f'"{each.resource}"' for each in kinds if each.matchable}),
        ]
    )


def _limits() -> str:
    rows = (
        ("images", limits.OBJECT_IMAGES, "The images of one object that are judged."),
        ("key_characters", limits.KEY_BYTES, "A question that a violation repeats; the provider takes no longer one."),
        ("name_characters", limits.DETAIL_NAME, "A name that a violation repeats."),
        ("word_characters", limits.DETAIL_WORD, "A uid, an operation or a kind that a violation repeats."),
    )
    head = _head("limits", "Limits", "What nobody may exceed.", "provider/limits.py")
    described = [line for name, value, said in rows for line in (_described(said), f"{name} := {value}\n")]
    return "\n".join([head, *described])


def _reasons() -> str:
    head = _head("reasons", "Reasons", "What a template has to know of a reason code.", "provider/reasons.py")
    return "\n".join(
        [
            head,
            _described("The reasons that say nothing of the image: with an answer the verdict might be another."),
            _set("no_answer", sorted(NO_ANSWER)),
            _described("What to do, in few words."),
            _object("remedies", {each: json.dumps(EXPLANATIONS[each].brief, ensure_ascii=False) for each in Reason}),
        ]
    )


def _head(package: str, title: str, description: str, source: str) -> str:
    return (
        f"# METADATA\n# title: {title}\n# description: |\n"
        f"#   {description} Made of {source} (`make generate`): do not edit.\n"
        f"package lib.bestbefore.{package}\n\nimport future.keywords\n"
    )


def _described(sentence: str) -> str:
    return f"# METADATA\n# description: |\n#   {sentence}"


def _object(name: str, rows: Mapping[str, str]) -> str:
    return f"{name} := {{\n" + "".join(f'\t"{key}": {value},\n' for key, value in rows.items()) + "}\n"


def _set(name: str, texts: Iterable[str]) -> str:
    return f"{name} := {{\n" + "".join(f'\t"{each}",\n' for each in texts) + "}\n"


def _lists(name: str, rows: Iterable[Iterable[str]]) -> str:
    return f"{name} := [\n" + "".join(f"\t{_list(each)},\n" for each in rows) + "]\n"


def _list(texts: Iterable[str]) -> str:
    return json.dumps(list(texts))
