"""Rules with what they read of a configuration, and their syntax trees as the real opa prints them.

python -m tests.rego_rules    writes tests/assets/rego/syntax_trees.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.engine import engine

FILE: Final = Path(__file__).parent / "assets" / "rego" / "syntax_trees.json"
ALL: Final = None

_HEAD: Final = "package lib.policies.p\n"
_KEYWORDS: Final = f"{_HEAD}import future.keywords\n"

# What stands behind the keywords' import, and the paths that are read; ALL where that is not proved.
_MODERN: Final[dict[str, list[list[str]] | None]] = {
    # Any form of key and of path.
    'isCompliant if input.config[_].created == "x"': [["created"]],
    "isCompliant if input.config[platform].created == platform": [["created"]],
    'isCompliant if input.config["linux/amd64"].created': [["created"]],
    "isCompliant if input.config.linux.created": [["created"]],
    'isCompliant if input["config"][p]["config"].Labels["a b"]': [["config", "Labels", "a b"]],
    'isCompliant if input.config[_]["os.version"] == "10"': [["os.version"]],
    "isCompliant if input.config[lower(input.config[_].os)].variant": [["os"], ["variant"]],
    "isCompliant if input.config[_].history[0].created": [["history"]],
    "isCompliant if input.config[_].history[_].created": [["history"]],
    "isCompliant if input.config[_].config.Labels[name]": [["config", "Labels"]],
    "isCompliant if input.config[_].config.Labels[input.config[_].os]": [["config", "Labels"], ["os"]],
    "isCompliant if count(input.config[_].config.Env) > 0": [["config", "Env"]],
    'isCompliant if object.get(input.config[_].config, "User", "")': [["config"]],
    "isCompliant if { input.config[_].config.User; input.config[_].config }": [["config"]],
    "isCompliant := input.config[_].created": [["created"]],
    "errors contains input.config[_].os if true": [["os"]],
    "o[input.config[_].os] := 1": [["os"]],
    "o[input.config[_].os].b := 1": [["os"]],
    "isCompliant if { not input.config[_].config.User }": [["config", "User"]],
    'isCompliant if { b := {"a": [input.config[_].os, {input.config[_].variant}]}; b.a }': [["os"], ["variant"]],
    "isCompliant if { x := {k: v | k := input.config[_].os; v := input.config[_].variant}; x }": [["os"], ["variant"]],
    "isCompliant if { false } else if { input.config[_].os } else := input.config[_].variant": [["os"], ["variant"]],
    "isCompliant if input.spec.containers[_].image": [],
    "isCompliant if { x := null; y := [1, true]; x == y }": [],
    # A platform alone says that it is there.
    "isCompliant if { some p; input.config[p]; input.config[p].created }": [["created"]],
    'isCompliant if input.config["linux/amd64"]': [],
    # A document with a name.
    "isCompliant if { c := input.config[_]; c.created; c.os }": [["created"], ["os"]],
    "isCompliant if { c = input.config[_]; c.created }": [["created"]],
    "isCompliant if { input.config[_] = c; c.created }": [["created"]],
    "isCompliant if { some c; c = input.config[_]; c.created }": [["created"]],
    "isCompliant if { some c in input.config; c.created }": [["created"]],
    "isCompliant if { some p, c in input.config; c.created == p }": [["created"]],
    "isCompliant if { some input.config[_].os, c in input.config; c.created }": [["created"], ["os"]],
    'isCompliant if { every c in input.config { c.config.User != "root" } }': [["config", "User"]],
    "isCompliant if { every p, c in input.config { c.os == p } }": [["os"]],
    "isCompliant if { some x in input.config[_].config.Env; x }": [["config", "Env"]],
    "isCompliant if { every x in input.config[_].config.Env { x } }": [["config", "Env"]],
    "isCompliant if count([1 | some c in input.config; c.os]) > 0": [["os"]],
    "isCompliant if { c := input.config[input.config[_].os]; c.variant }": [["os"], ["variant"]],
    "a if { c := input.config[_]; c.os }\nb if { c := input.config[_]; c.variant }": [["os"], ["variant"]],
    "a if { c := input.config[_]; c.os }\nb if { c := 1; c == 1 }": [["os"]],
    "isCompliant if { every c in input.config { c.os }; every c in input.config { c.variant } }": [["os"], ["variant"]],
    "isCompliant if { x := [1 | c := input.config.a; c.os]; y := [1 | c := input.config.b; c.variant]; x == y }": [
        ["os"],
        ["variant"],
    ],
    # A function of a document.
    "f(c) if c.os\nisCompliant if f(input.config[_])": [["os"]],
    "f(c) := c.os\nisCompliant if { some c in input.config; f(c) == 1 }": [["os"]],
    "f(c) := c.os\nisCompliant if { some c in input.config; f(c, x); x == 1 }": [["os"]],
    "f(c) if g(1, c)\ng(n, d) if d.os == n\nisCompliant if f(input.config[_])": [["os"]],
    'f(c) if c.os == "a"\nf(d) if d.variant\nisCompliant if f(input.config[_])': [["os"], ["variant"]],
    "f(c) := 1 if { c.os } else := c.variant\nisCompliant if f(input.config[_])": [["os"], ["variant"]],
    "default f(_) := 3\nf(c) := c.os\nisCompliant if f(input.config[_])": [["os"]],
    "f(c) if c.os\nisCompliant if f(input.config[input.config[_].variant])": [["os"], ["variant"]],
    "f(c) := c\nisCompliant if f(1)": [],
    # The whole of a document, or of all, is used.
    "isCompliant if input.config": ALL,
    "isCompliant if count(input.config) > 0": ALL,
    "isCompliant if count(input.config[_]) > 3": ALL,
    "isCompliant if not input.config == {}": ALL,
    "isCompliant if input.config[p] == input.config[q]": ALL,
    "isCompliant if input.config[_][field]": ALL,
    "isCompliant if input.config[_][0]": ALL,
    "isCompliant if walk(input, [p, v])": ALL,
    "isCompliant if walk(input.config, [p, v])": ALL,
    "isCompliant if input[x].y": ALL,
    "isCompliant if input == {}": ALL,
    "isCompliant if { x := input; x.config[_].created }": ALL,
    'isCompliant if object.get(input.config, "x", 1)': ALL,
    'isCompliant if object.get(input, ["config", "x"], 1)': ALL,
    "isCompliant if x in input.config": ALL,
    "isCompliant if { x := input.config; x[_].created }": ALL,
    "isCompliant := input.config[_]": ALL,
    "isCompliant := [c | c := input.config[_]]": ALL,
    "isCompliant := {p: c | some p, c in input.config}": ALL,
    'isCompliant if { some {"created": x} in input.config; x }': ALL,
    'isCompliant if { {"created": x} = input.config[_]; x }': ALL,
    "isCompliant if { [c] := [input.config[_]]; c.os }": ALL,
    "isCompliant if { c := input.config[_]; c }": ALL,
    "isCompliant if { c := input.config[_]; d := c; d.os }": ALL,
    "isCompliant if { c := input.config[_]; c[field] }": ALL,
    "isCompliant if { c := input.config[_]; count(c) }": ALL,
    "isCompliant if { c := input.config[_]; input.spec[c] }": ALL,
    'isCompliant if { c := input.config[_]; json.filter(c, ["os"]) }': ALL,
    "isCompliant if { some c in input.config; c == 1 }": ALL,
    "isCompliant if { every c in input.config { count(c) > 1 } }": ALL,
    "isCompliant if { every p, c in input.config { c.os }; c }": ALL,
    # By `=` a name may be compared with what it has already.
    "isCompliant if { c = input.config.a; c = input.config.b; c.os }": ALL,
    "isCompliant if { some c in input.config; c = input.config.b; c.os }": ALL,
    "isCompliant if { c = input.config.a; x = [1 | c = input.config.b]; x; c.os }": ALL,
    "isCompliant if { c := 1; x := [1 | c = input.config.b]; x }": ALL,
    "isCompliant if { c = input.config.a; not c = input.config.b; c.os }": ALL,
    "isCompliant if { not c = input.config[_]; input.config[_].os }": ALL,
    "f(c) if c = input.config[_]\nisCompliant if f(1)": ALL,
    "c := 3\nisCompliant if { c = input.config[_]; c.os }": ALL,
    "c := 3\nisCompliant if { some c in input.config; c.os }": ALL,
    # Functions that do more with it.
    "f(c) := c\nisCompliant if f(input.config[_])": ALL,
    "f(c) if { c.os; count(c) }\nisCompliant if f(input.config[_])": ALL,
    'f("x")\nf(c) if c.os\nisCompliant if f(input.config[_])': ALL,
    'f({"os": x}) if x\nisCompliant if f(input.config[_])': ALL,
    "f(c, c) if c.os\nisCompliant if f(input.config[_], input.config[_])": ALL,
    "f(c) := c.os\nisCompliant if f(input.config[_], input.config[_])": ALL,
    "f.g(c) := c.os\nisCompliant if f.g(input.config[_])": ALL,
    "f(c) := c.os\nisCompliant if f(input.config)": ALL,
    # Another input.
    'a if input.config[_].os\nisCompliant if a with input as {"config": {}}': ALL,
    "a if input.config[_].os\nisCompliant if a with input.config as {}": ALL,
    "isCompliant if { input := 1; input == 1 }": ALL,
    "isCompliant if { some input; input == 1 }": ALL,
    "isCompliant if { input = input.config[_]; input.os }": ALL,
    "f(input) if input.config[_].os": ALL,
    "input.config := 1\nisCompliant if input.config[_].os": ALL,
    # What the translator has put elsewhere, or never lets through.
    "isCompliant if data.lib.policies.p.x": ALL,
    "isCompliant if { x := data; x.lib }": ALL,
    "f(x) := x\nisCompliant if data.lib.policies.p.f(1)": ALL,
    "isCompliant if { c := input.config[_]; c.f(1) }": ALL,
    "data.x := 1\nisCompliant if input.config[_].os": ALL,
    "config := input.config\nisCompliant if config[_].created": ALL,
}

# Whole texts: without the import, and with other ones.
_TEXTS: Final[dict[str, list[list[str]] | None]] = {
    f'{_HEAD}day = 86400\nisCompliant[answer] {{ x := input.config[_].created\nanswer := {{"result": x}} }}\n': [
        ["created"]
    ],
    f"{_HEAD}isCompliant {{ in := input.config[_].os; in }} {{ input.config[_].variant }}\n": [["os"], ["variant"]],
    f"{_HEAD}import future.keywords.in\nisCompliant {{ some c in input.config; c.os }}\n": [["os"]],
    f"{_HEAD}import data.lib.policies.p as own\nisCompliant {{ own.f(input.config[_]) }}\nf(c) {{ c.os }}\n": ALL,
    f"{_HEAD}import data.lib.policies.p.f as f\nisCompliant {{ f(input.config[_]) }}\nf(c) {{ c.os }}\n": ALL,
    f"{_HEAD}import data.lib.policies.p as own\nisCompliant {{ own.x; input.config[_].os }}\nx = 1\n": [["os"]],
    f"{_HEAD}import input.config as x\nisCompliant {{ x[_].os }}\n": ALL,
    f"{_HEAD}import input as x\nisCompliant {{ x.config[_].os }}\n": ALL,
    f"{_HEAD}# no rule at all\n": ALL,
}

CASES: Final[dict[str, list[list[str]] | None]] = {
    **{f"{_KEYWORDS}{text}\n": paths for text, paths in _MODERN.items()},
    **_TEXTS,
}


def recorded() -> dict[str, Any]:
    """The syntax tree of each text."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def parsed() -> dict[str, Any]:
    """The same by the real opa; null of a text that it refuses."""
    opa = engine()
    trees = {text: opa.parse(text) for text in CASES}
    # Comments name the file.
    return {text: tree and {name: tree[name] for name in tree if name != "comments"} for text, tree in trees.items()}


if __name__ == "__main__":
    FILE.write_text(json.dumps(parsed(), separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
