"""Generated rules say the same of a cut configuration as of the whole one, by the real opa.

Rules are drawn from a grammar that knows every form in which a rule may name a configuration, those that prove nothing
among them; opa drops what does not compile. One run judges all rules of an example over all of its documents.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gatekeeper.translation.reading.batch import syntax_trees
from gatekeeper.translation.reading.proof import config_paths
from tests.engine import engine

pytestmark = pytest.mark.integration

_TEXT = st.sampled_from(["linux", "root", "a", ""])
_LABELS = st.dictionaries(st.sampled_from(["a", "b", "linux", "User"]), _TEXT, max_size=3)
_CONFIG = st.fixed_dictionaries({"User": _TEXT, "Labels": _LABELS}, optional={"Env": st.lists(_TEXT, max_size=2)})
_HISTORY = st.lists(st.fixed_dictionaries({}, optional={"created": _TEXT}), max_size=2)
_WHOLE_DOCUMENT = st.fixed_dictionaries(
    {"created": _TEXT, "os": _TEXT, "config": _CONFIG, "history": _HISTORY}, optional={"os.version": _TEXT}
)
_ODD_DOCUMENT = st.fixed_dictionaries(
    {}, optional={"created": _TEXT, "os": _TEXT | st.none(), "config": st.none() | _TEXT, "history": _TEXT}
)
_DOCUMENT = st.integers(0, 4).flatmap(lambda number: _WHOLE_DOCUMENT if number else _ODD_DOCUMENT | st.booleans())


@st.composite
def documents(draw):
    """A configuration whose platforms differ in one field or in all of them."""
    first = draw(_DOCUMENT)
    config = {"linux/amd64": first}
    for platform in draw(st.lists(st.sampled_from(["windows/amd64", "", "linux"]), max_size=2)):
        other = draw(_DOCUMENT)
        alike = isinstance(first, dict) and isinstance(other, dict) and draw(st.booleans())
        name = draw(st.sampled_from(["created", "os", "history", "more"]))
        config[platform] = {**first, name: other.get(name)} if alike else other
    return config


_NAMES = st.sampled_from(["created", "os", "config", "history", "Labels", "User", "a"])
_WAYS = st.sampled_from(
    [
        *(
            ".created",
            ".os",
            '["os"]',
            ".config",
            ".config.User",
            ".config.Labels",
            '.config["Labels"].a',
            ".config[_]",
        ),
        *(".history", ".history[0].created", ".history[_]", '["os.version"]', ".config.Labels[x]", ".config.Labels[_]"),
    ]
)
_VARIABLES = st.sampled_from(["x", "y", "p", "c", "d"])
_STEP = st.one_of(
    _NAMES.map(".{}".format),
    _NAMES.map('["{}"]'.format),
    st.just('["os.version"]'),
    st.just("[_]"),
    st.just("[0]"),
    _VARIABLES.map("[{}]".format),
)
_SUFFIX = st.lists(st.one_of(_NAMES.map(".{}".format), _STEP), max_size=3).map("".join)
_SOME_SUFFIX = st.integers(0, 4).flatmap(
    lambda number: _WAYS if number else st.builds("{}{}".format, _NAMES.map(".{}".format), _SUFFIX)
)
_PLATFORM = st.sampled_from(['["linux/amd64"]', "[_]", "[p]", "[x]"])
_DOCUMENT_TERM = st.builds("input.config{}".format, _PLATFORM)
_PART = st.builds("{}{}".format, st.sampled_from(["c", "d"]) | _DOCUMENT_TERM, _SOME_SUFFIX)
_WHOLE = st.one_of(_DOCUMENT_TERM, _VARIABLES, st.sampled_from(["input.config", "input"]))
_LITERAL = st.sampled_from(['"linux"', '"root"', "1", "null", "true", "p", "x", "y"])
# Of nine terms one ends the proof, or else nearly no rule would be proved.
_PLAIN = st.integers(0, 8).flatmap(lambda number: _WHOLE if number == 0 else _LITERAL if number < 3 else _PART)


def _wider(term):
    return st.one_of(
        st.builds("count({})".format, term),
        st.builds("lower({})".format, term),
        st.builds('object.get({}, "User", "none")'.format, term),
        st.builds("json.marshal({})".format, term),
        st.builds("[{}]".format, term),
        st.builds('{{"os": {}}}'.format, term),
        st.builds("{{{}, {}}}".format, term, term),
        st.builds("f({})".format, term),
        st.builds("g({}, {})".format, term, term),
        st.builds("[{} | {} := {}]".format, term, _VARIABLES, term),
        st.builds("{{{} | some {}, {} in {}}}".format, term, _VARIABLES, _VARIABLES, term),
    )


_TERM = st.one_of(_PLAIN, _PLAIN, st.recursive(_PLAIN, _wider, max_leaves=4))
_FRESH = st.sampled_from(["v", "w"])
_STATEMENT = st.one_of(
    _PLAIN,
    _PLAIN,
    _TERM,
    st.builds("not {}".format, _PLAIN),
    st.builds("{} := {}".format, _FRESH, _TERM),
    st.builds("{} = {}".format, _FRESH, _DOCUMENT_TERM),
    st.builds("{} = {}".format, st.sampled_from(["x", "c"]), _DOCUMENT_TERM),
    st.builds("{} == {}".format, _PLAIN, _TERM),
    st.builds("{} != {}".format, _PLAIN, _PLAIN),
    st.builds("some {} in {}".format, _FRESH, _TERM),
    st.builds("{} in {}".format, _PLAIN, _PLAIN),
    st.builds("every {} in input.config {{ {} }}".format, _VARIABLES, _PLAIN),
    st.builds("every v, w in {} {{ {} }}".format, _PLAIN, _PLAIN),
    st.builds("{} with input as {}".format, _PLAIN, _PLAIN),
    st.just("helper"),
)
# Every name that statements use has a value: a document, a part of one, or neither.
_NAMED = st.tuples(
    st.sampled_from(
        ["some p, c in input.config", 'p := "linux/amd64"; c := input.config[p]', "some p; c = input.config[p]"]
    ),
    st.sampled_from(["d := input.config[_]", "some d in input.config", 'input.config["linux/amd64"] = d', "d := p"]),
    st.sampled_from(['x := "os"', "x := c.os", "x := input.config[_].config.Labels", "x := c.config; x", "x := d"]),
    st.sampled_from(["y := 1", "y := d.created", "y := p", "some y in c.history", "y := f(c)"]),
).map("; ".join)
_BODY = st.builds(lambda first, rest: "; ".join([first, *rest]), _NAMED, st.lists(_STATEMENT, max_size=2))
_HEAD = st.one_of(
    st.just("isCompliant if"),
    st.builds("isCompliant contains {} if".format, _PLAIN),
    st.builds("isCompliant contains [{}, {}] if".format, _PLAIN, _TERM),
)
_FUNCTION = st.sampled_from(
    [
        "f(c) if c.os == g(c, 1)\ng(x, y) := x.config.User",
        "f(c) := [c.os, c.created]\ng(x, y) if f(y)",
        "f(c) := [c.os, c.created]\ng(x, y) if y.config.Labels.a",
        "f(c) := c\ng(c, d) if c.os == d.os",
        "f(c) := count(c.config)\ng(c, d) := [c.os, d]",
        'f("linux") := 1\nf(x) := x.os if x.os != "linux"\ng(x, y) := x == y',
        "f(c) := x if { x := c.config.User } else := c.os\ng(x, y) if not y.config.Labels",
        "f(c) := {d | d := c.config.Labels[_]}\ng(x, x) := x.os",
    ]
)
_HELPER = st.one_of(
    st.builds("helper if {{ {} }}".format, _BODY),
    st.just("helper if input.config[_].config.User"),
    st.just("helper := [p | input.config[p]]"),
    st.sampled_from(["helper := input.config", "c := 1\nhelper if c == 1"]),
)


@st.composite
def rules(draw):
    """A rule with what it may call, below its package line."""
    heads = st.builds("{} {{ {} }}".format, _HEAD, _BODY)
    first = draw(heads)
    return "\n".join(["import future.keywords", first, draw(_HELPER), draw(_FUNCTION), ""])


def compiling(folder: Path, texts: dict[str, str]) -> dict[str, str]:
    """Those that opa takes, laid out in the folder."""
    for name, text in texts.items():
        (folder / f"{name}.rego").write_text(text)
    while refused := {each.file.removesuffix(".rego") for each in engine().check(folder)}:
        # Of an error without a place nobody knows whose it is.
        for name in refused if refused <= texts.keys() else set(texts):
            (folder / f"{name}.rego").unlink()
        texts = {name: text for name, text in texts.items() if (folder / f"{name}.rego").exists()}
    return texts


def differing(folder: Path, texts: dict[str, str], configs: list[dict]) -> list[str]:
    """The rules that say something else of a cut configuration."""
    trees = syntax_trees(list(texts.values()), engine())
    proved = {name: config_paths(trees[text]) for name, text in texts.items()}
    cases = [
        {"rule": name, "whole": {"config": config}, "cut": {"config": paths.cut_all(config)}}
        for name, paths in proved.items()
        if paths is not None
        for config in configs
    ]
    if not cases:
        return []
    driver = [f'said("{name}", given) := value if {{ value := data.{name} with input as given }}' for name in texts]
    driver.append(DIFFERING)
    (folder / "driver.rego").write_text("package driver\nimport future.keywords\n" + "\n".join(driver))
    (folder / "data.json").write_text(json.dumps({"cases": cases}))
    return list(engine().evaluate(folder, "data.driver.differing").value)


DIFFERING = """
differing contains case.rule if {
	some case in data.cases
	said(case.rule, case.whole) != said(case.rule, case.cut)
}
"""


# Shrinking a list of forty rules takes minutes, and the message names the one that matters.
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.lists(rules(), min_size=25, max_size=40), st.lists(documents(), min_size=3, max_size=6))
def test_generated_rule_says_the_same_of_what_it_reads_and_of_all(tmp_path_factory, generated, configs):
    folder = tmp_path_factory.mktemp("rules")
    texts = {f"r{number}": f"package r{number}\n{text}" for number, text in enumerate(generated)}
    found = differing(folder, compiling(folder, texts), configs)
    assert {name: texts[name] for name in found} == {}
