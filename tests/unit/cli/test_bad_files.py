"""Files that are not what they should be, given to every command that takes any: a sentence and an exit code, never
a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from gatekeeper.evaluation.suite import FILE_NAME
from provider import limits
from tests.unit.cli.conftest import POLICY, Run, ScriptedOpa

_DEEP = 3000

# No command can do anything with these.
RUBBISH = {
    "nothing": b"",
    "blanks": b"\n\n  \n",
    "only comments": b"# nothing\n---\n# here\n",
    "NUL bytes": b"\x00\x00\x00",
    "binary": bytes(range(256)),
    "no UTF-8": b"kind: \xff\xfe\n",
    "UTF-16": "kind: Pod\n".encode("utf-16"),
    "a number": b"42",
    "not a number": b".nan",
    "text": b"hello",
    "null": b"null",
    "a list": b"[1, 2]",
    "a list of lists": b"[[[[]]]]",
    "open bracket": b"a: [",
    "a tab": b"a:\n\t- b\n",
    "same key twice": b"kind: A\nkind: B\n",
    "a key that is a list": b"? [a]\n: b\n",
    "an alias of nothing": b"a: *b\n",
    "an alias of itself": b"a: &a [*a]\n",
    "a billion laughs": b"a: &a [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n".encode()
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "a tag that makes objects": b"a: !!python/object/apply:os.system ['true']\n",
    "deep lists": b"[" * _DEEP + b"]" * _DEEP,
    "deep mappings": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "deep indentation": b"\n".join(b" " * depth + b"a:" for depth in range(500)),
    "a huge number": b"a: " + b"9" * 10_000,
    "too large": b"#" * (limits.FILE_BYTES + 1),
    "HTML": b"<html><body>404</body></html>\n",
    "an archive": b"PK\x03\x04\x14\x00\x00\x00",
}

# Read as YAML well enough, and still no object that says anything.
ODD = {
    "an empty mapping": {},
    "a kind that is a list": {"apiVersion": "v1", "kind": ["Pod"]},
    "a version that is a number": {"apiVersion": 1, "kind": "ClusterImagePolicy"},
    "metadata that are text": {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": "x",
    },
    "a name that is a mapping": {"kind": "ConfigMap", "metadata": {"name": {}}},
    "a list of everything": {"kind": "List", "items": [None, 1, "x", [], {}]},
    "a list that is none": {"kind": "List", "items": {"a": 1}},
    "a policy of lists": {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": [],
        "spec": [],
    },
    "a policy within a policy": {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": "x"},
        "spec": {"images": {"glob": {"glob": "**"}}, "authorities": "pass", "policy": ["rego"], "match": 1},
    },
    "a template without Rego": {"kind": "ConstraintTemplate", "spec": {}},
    "a suite of numbers": {"policies": 1, "cases": 2, "facts": 3, "templates": 4, "configMaps": 5, "now": 6},
    "a suite whose case is a mapping of lists": {
        "policies": ["x"],
        "cases": [{"name": [], "image": [], "images": {}, "resource": 1, "facts": [], "now": [], "messages": {}}],
    },
    "facts of another version": {"version": 99, "images": {}},
}


def contents() -> dict[str, bytes]:
    return {**RUBBISH, **{name: json.dumps(value).encode() for name, value in ODD.items()}}


def told(done: Result, words: object) -> None:
    """Ended with a sentence, not with a traceback; what was said names no machinery of ours."""
    assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
    assert "Traceback" not in done.output
    if done.exit_code == 2:
        assert done.stderr.startswith("error: ")
        assert "unexpected" not in done.stderr.splitlines()[0]


@pytest.mark.parametrize("name", contents())
def test_bad_file_is_refused_by_every_command_that_it_is_given_to(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, tmp_path: Path, name: str
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(contents()[name])
    suite = {"policies": ["bad.yaml"], "now": "2026-01-01T00:00:00Z"}
    suite["cases"] = [{"name": "x", "image": "a/b", "verdict": "allowed"}]
    (tmp_path / FILE_NAME).write_text(yaml.safe_dump(suite))
    calls: list[tuple[object, ...]] = [
        ("translate", bad),
        ("translate", policy, "--config-map", bad),
        ("check", "--policy", bad, "--facts", facts, "--image", "app/web:1"),
        ("check", "--policy", policy, "--facts", bad, "--image", "app/web:1"),
        ("test", bad),
        ("test", tmp_path),
    ]
    empty = {"nothing", "blanks", "only comments", "null"}
    for words in calls:
        done = run(*words)
        told(done, words)
        if "--config-map" not in words or name not in empty:
            assert done.exit_code == 2, words


@pytest.mark.parametrize("name", RUBBISH)
@pytest.mark.parametrize("option", ["--resource", "--diff"])
def test_objects_that_cannot_be_read_are_no_verdict(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, tmp_path: Path, option: str, name: str
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(RUBBISH[name])
    words: tuple[object, ...] = ("translate", policy, "--diff", bad)
    if option == "--resource":
        words = ("check", "--policy", policy, "--facts", facts, "--resource", bad)
    done = run(*words)
    told(done, words)
    assert done.exit_code == 2 if option == "--resource" else done.exit_code in {1, 2}


@pytest.mark.parametrize("name", ODD)
def test_odd_objects_are_no_traceback(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, tmp_path: Path, name: str
) -> None:
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(ODD[name]))
    told(run("translate", policy, "--diff", odd), name)
    done = run("check", "--policy", policy, "--facts", facts, "--resource", odd)
    told(done, name)
    # A policy is an object without images: nothing was judged.
    assert done.exit_code == 2


@pytest.mark.parametrize(
    "images",
    [
        {"app/web:1": []},
        {"app/web:1": 1},
        {"app/web:1": {"reason": 1}},
        {"app/web:1": {"created": 1, "createdNs": [], "platforms": 1, "config": "x"}},
        {"app/web:1": {"created": "x", "createdNs": "soon", "digest": None}},
        {"app/web:1": {"platforms": {"linux/amd64": 1}}},
        [],
        None,
    ],
)
def test_facts_of_another_shape_are_no_traceback(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, images: Any
) -> None:
    facts.write_text(json.dumps({"version": 1, "images": images}))
    for form in ("text", "json", "junit", "sarif"):
        words = ("check", "--policy", policy, "--facts", facts, "--image", "app/web:1", "--output", form)
        told(run(*words), words)


def test_facts_of_another_version_are_refused_by_their_number(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    facts.write_text(json.dumps({"version": 2, "images": {}}))
    done = run("check", "--policy", policy, "--facts", facts, "--image", "app/web:1")
    assert (done.exit_code, done.stderr) == (2, f"error: {facts}: version 2 of recorded facts, expected 1\n")


def test_two_policies_of_one_name_are_refused_with_both_places(
    run: Run, policy: Path, opa: ScriptedOpa, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(POLICY.replace('glob: "**"', "glob: other/**"))
    done = run("translate", policy, other)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f'error: {other}: metadata.name: duplicate policy named "age" (the first is in {policy})' in done.stderr


@pytest.mark.parametrize("size", [limits.POLICY_BYTES, limits.MIB])
def test_rule_that_fits_into_no_cluster_is_refused_by_its_size(
    run: Run, policy: Path, opa: ScriptedOpa, size: int
) -> None:
    text = yaml.safe_load(POLICY)
    text["spec"]["policy"]["data"] += "# " + "x" * size
    policy.write_text(yaml.safe_dump(text))
    done = run("translate", policy)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"error: {policy}: spec.policy.data: " in done.stderr
    assert "512 KiB" in done.stderr


@pytest.mark.parametrize("place", [".", "/proc/self/mem", "/dev/null", "/proc/1/mem"])
def test_places_that_are_no_files_are_no_traceback(run: Run, policy: Path, opa: ScriptedOpa, place: str) -> None:
    for words in (
        ("translate", place),
        ("translate", policy, "--config-map", place),
        ("check", "--policy", policy, "--facts", place, "--image", "a/b"),
        ("check", "--policy", policy, "--resource", place),
        ("test", place),
    ):
        told(run(*words), words)
